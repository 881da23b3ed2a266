"""The contestants of the engine's benchmark, each a process of its own; none imports more than it needs to read."""
