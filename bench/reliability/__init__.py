"""The reliability board: what is broken on purpose, and what comes of it."""
