"""Forms as HTTP clients send them, taken apart in memory: they hold personal data."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exchange import Request

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
"""What clients make of a form without a file."""
MAX_PARTS = 16
MAX_HEADERS = 8
"""Of each part; clients send three."""
MAX_HEADER = 1024
"""Bytes of one header: a field's name and perhaps that of a file."""
MAX_BOUNDARY = 200
"""RFC 2046 has 70; no client is known to need more, and some may not know."""

# Clients that quote nothing send boundaries with characters that should be quoted, so an unquoted one ends at a space
# or a semicolon only.
_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"(?P<quoted>[^"]+)"|(?P<bare>[^\s;"]+))', re.IGNORECASE)
# Headers are read as Latin-1, in which any bytes are a text: names of files come in whatever a client's system speaks.
_ANY = "latin-1"


class BadForm(Exception):
    """The request is no form that is read here; the message says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form's parts by their names; of a name that comes twice, the last.

    Whether a part came with a file's name tells nothing, so it is not kept: `requests` gives one to every field of its
    `files`, texts included, and PHP's curl gives none to a picture from memory.
    """

    parts: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def content(self, name: str) -> bytes | None:
        """The part's bytes, None where there is no such part."""
        return self.parts.get(name)

    def text(self, name: str) -> str | None:
        """The part's text, None where there is no such part or it is no UTF-8."""
        try:
            return self.parts[name].decode()
        except (KeyError, UnicodeDecodeError):
            return None


def form(request: Request, *, max_bytes: int) -> Form:
    """The form that is the request's body.

    Args:
        request: any request.
        max_bytes: how large a single part may be.

    Raises:
        BadForm: it is none, it is broken, or it goes past a limit.
    """
    if request.media_type == MULTIPART:
        return Form(_parts(request.body, _boundary(request.headers["content-type"]), max_bytes))
    if request.media_type == URLENCODED:
        return Form(_pairs(request.body, max_bytes))
    raise BadForm(f"the content type is neither {MULTIPART} nor {URLENCODED}")


def _pairs(body: bytes, max_bytes: int) -> dict[str, bytes]:
    """The contents by name that a form without files tells."""
    try:
        pairs = parse_qsl(body, keep_blank_values=True, max_num_fields=MAX_PARTS)
    except ValueError:
        raise BadForm(f"more than {MAX_PARTS} fields") from None
    if any(len(content) > max_bytes for _, content in pairs):
        raise BadForm(f"a field of more than {max_bytes} bytes")
    return {name.decode(errors="replace"): content for name, content in pairs}


def _boundary(content_type: str) -> bytes:
    """What separates the parts, as the content type has it."""
    told = _BOUNDARY.search(content_type)
    if told is None:
        raise BadForm("the content type names no boundary")
    boundary = told["quoted"] or told["bare"]
    if not (boundary.isascii() and boundary.isprintable() and len(boundary) <= MAX_BOUNDARY):
        raise BadForm(f"the boundary is not of at most {MAX_BOUNDARY} visible ASCII characters")
    return boundary.encode()


def _parts(body: bytes, boundary: bytes, max_bytes: int) -> dict[str, bytes]:
    """The parts' contents by name. The body is parsed as one chunk, so that each is copied once."""
    import multipart  # noqa: PLC0415 - most requests are no forms

    parts: dict[str, bytes] = {}
    name = ""
    try:
        with multipart.PushMultipartParser(
            boundary,
            max_header_size=MAX_HEADER,
            max_header_count=MAX_HEADERS,
            max_segment_count=MAX_PARTS,
            max_segment_size=max_bytes,
            header_charset=_ANY,
        ) as parser:
            for event in parser.parse(body):
                if isinstance(event, multipart.MultipartSegment):
                    name = str(event.name).encode(_ANY).decode(errors="replace")
                    parts[name] = b""
                elif event is not None:
                    parts[name] += event
    except multipart.MultipartError as error:
        raise BadForm(str(error)) from None
    return parts
