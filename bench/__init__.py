"""Benchmarks: what the project does, measured beside what else does it."""
