"""Every error code that a vendor documents, and what the reader does about it."""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING

from tests.contract import test_vendor_error_codes as written

from bench.reliability.board import Row, Seen
from bench.reliability.replies import Talk, read
from license_reader.errors import VendorError
from license_reader.license import Document, Side
from license_reader.vendors._base import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.command import Tell

type Code = tuple[str, int, str, type[VendorError], str | None]


def astray(codes: Sequence[Code], tell: Tell) -> list[str]:
    """The codes of which the reader makes something else than the documents ask for, and what it makes of them."""
    found = []
    for number, (vendor, status, code, error, flag) in enumerate(codes, start=1):
        body = json.dumps(written.body_of(vendor, code)).encode()
        talk = Talk(vendor, vendor, Document.VEHICLE_LICENSE, Side.FRONT, (Reply(status, {}, body),))
        try:
            read(talk, list(talk.replies))
            found.append(f"{vendor}: {code} is taken for an answer")
        except VendorError as raised:
            if (type(raised), raised.flag, raised.code) != (error, flag, code):
                found.append(f"{vendor}: {code} is {type(raised).__name__} {raised.flag}, not {error.__name__} {flag}")
        tell(number, len(codes))
    return found


def documents() -> list[str]:
    """The documents that the codes were taken from, as they are named above their rows."""
    source = inspect.getsource(written)
    table = source[source.index("\nCODES") : source.index("\n]\n")]
    return re.findall(r"^ +# (.+)$", table, re.MULTILINE)


def measure(share: float, tell: Tell) -> Seen:  # noqa: ARG001 - all of it takes a second
    """What became of every code."""
    wrong = astray(written.CODES, tell)
    figures = f"{len(written.CODES)} codes of {len(documents())} documents, {len(wrong)} astray"
    return Seen("\n".join((figures, *wrong)), not wrong)


ROW = Row("every vendor error code -> expected action", "table-driven, all codes of the documents", measure)
