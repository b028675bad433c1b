"""What trained systems share: the folder of a training, where models come from, and where they compute."""
