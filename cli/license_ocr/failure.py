"""The one error that a command ends with: it says what was wrong, where, and what to do."""

from __future__ import annotations


class Failure(Exception):
    """A command cannot go on; its text is printed as it stands."""
