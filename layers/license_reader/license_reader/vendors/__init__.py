"""The OCR vendors, one file each; a file's name is the setting's value."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from license_reader.vendors._base import BaseVendor


@cache
def names() -> tuple[str, ...]:
    """The vendors there are, by file."""
    return tuple(sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_")))


def find(name: str) -> type[BaseVendor]:
    """The vendor of this name, imported at its first use.

    Raises:
        KeyError: no such vendor.
    """
    if name not in names():
        raise KeyError(name)
    vendor: type[BaseVendor] = import_module(f"{__name__}.{name}").Vendor
    return vendor
