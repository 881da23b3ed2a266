"""The native contract in OpenAPI's words."""

from __future__ import annotations

from typing import Any


def described() -> dict[str, Any]:
    """The document."""
    raise NotImplementedError
