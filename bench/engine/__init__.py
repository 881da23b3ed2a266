"""The engine's benchmark: what it reads, how well and how fast, beside other engines on the same pictures."""
