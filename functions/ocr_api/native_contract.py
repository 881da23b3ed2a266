"""Our own contract's words: its paths, parameters, codes and headers, and the bodies that it answers with.

They stand below both who uses them: the native dialect serves by them, and `/openapi.json` is made from them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from license_reader.flags import Flag
from license_reader.license import Document, Side
from license_reader.vendors.embedded import PATH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from license_reader.license import License
    from service import NoLicense

DESCRIPTION_PATH = "/openapi.json"
KEY_HEADER = "X-Api-Key"
MAX_BYTES = 6 * 1024 * 1024
"""A function URL takes 6 MB in all, base64 included; on loopback the whole of it may be picture."""

METHODS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {PATH: ("POST", "OPTIONS"), DESCRIPTION_PATH: ("GET", "HEAD", "OPTIONS")}
)
PAGE: Mapping[str, type[Document | Side]] = MappingProxyType({"document": Document, "side": Side})
"""The query's parameters: the page that the caller expects."""

# Our codes and their statuses.
ERRORS: Mapping[str, int] = MappingProxyType(
    {
        "invalid_request": 400,
        "unauthorized": 401,
        "not_found": 404,
        "method_not_allowed": 405,
        "too_large": 413,
        "unsupported_format": 415,
        "not_a_picture": 422,
        "busy": 429,
        "internal": 500,
        "unavailable": 503,
    }
)

# What every response carries, and what some codes want besides; seconds for those who are to come again.
PRIVATE: Mapping[str, str] = MappingProxyType({"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})
PUBLIC: Mapping[str, str] = MappingProxyType({**PRIVATE, "Cache-Control": "max-age=300"})
BESIDES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "unauthorized": {"WWW-Authenticate": 'ApiKey realm="license-ocr"'},
        "busy": {"Retry-After": "3"},
        "unavailable": {"Retry-After": "30"},
    }
)

UNTOLD = frozenset({"raw", "vendor", "vendor_request_id"})
"""Of a License, what stays here: it says who read it, and the answer's own `request_id` stands for the rest."""


def told(license_: License, request_id: str) -> dict[str, Any]:
    """The answer that tells a license; what was not read is left out."""
    return {"request_id": request_id, **license_.model_dump(mode="json", exclude_none=True, exclude=set(UNTOLD))}


def told_nothing(nothing: NoLicense, request_id: str) -> dict[str, Any]:
    """The answer that tells why there is no license."""
    return {
        "request_id": request_id,
        "document": None,
        "side": None,
        "fields": {},
        "confidence": {},
        "boxes": {},
        "flags": [Flag.of(code, "embedded").model_dump(mode="json", exclude_none=True) for code in nothing.flags],
    }


def told_error(code: str, message: str, request_id: str) -> dict[str, Any]:
    """The body of an error."""
    return {"error": {"code": code, "message": message}, "request_id": request_id}
