"""What the reader stands in while it is measured or broken: a stack, AWS and vendors on loopback, processes."""
