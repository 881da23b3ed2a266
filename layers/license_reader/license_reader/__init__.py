"""Reads uploaded photos of Chinese vehicle and driving licenses into checked records."""
