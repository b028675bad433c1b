"""Episodes of other tools read as ours, and ours written for them, as far as their fields exist."""
