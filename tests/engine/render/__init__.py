"""Seeded drawings of licenses of invented people, photo-like, with the truth beside each."""
