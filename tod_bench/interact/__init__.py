"""Playing a system against a simulated user: goals of a corpus, its database as the world, and what came of it."""
