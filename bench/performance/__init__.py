"""The performance board: what starting and reading cost, beside what the same costs elsewhere."""
