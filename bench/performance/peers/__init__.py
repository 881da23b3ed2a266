"""Functions that ours is held against, each a module that the emulator can start by itself."""
