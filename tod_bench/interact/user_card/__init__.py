"""The user card: how far a simulated user can be trusted, in numbers."""
