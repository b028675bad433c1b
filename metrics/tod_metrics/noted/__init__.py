"""What predictions note of how they were made: answers that could not be read, and what they took."""
