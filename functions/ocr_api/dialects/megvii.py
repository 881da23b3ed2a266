"""Megvii FaceID OCR as a server: `ocr_vehicle_license`, the main page of a vehicle license, asked with a form.

Source: the document of `ocr_vehicle_license` 2.0.0. There is no SDK to hold it against.

- 413 comes before all else, as plain text, as from the gateway before the API. A request of another method or path is
  of an API that does not exist.
- A form without a file comes urlencoded from most clients. It is read as well, so that the picture is what is missed.
- Keys are looked at before the picture is missed: who has none learns nothing of the rest.
- Of the document's "2 MB" and "4096 pixels" the larger reading holds: 2 MiB, and an edge of 4096 itself passes.
- The document names no formats. JPEG and PNG are beyond doubt; BMP, TIFF and WebP are read too, for a caller loses
  nothing by it. GIF, HEIC, PDF and the like are none that can be parsed.
- A picture of both pages *may* come back empty, says the document. The engine tells the pages apart, so the main page
  is told; of two main pages nothing is, since nobody could say whose the fields are.
- A page other than the main one, another document, no license, or a picture too small to show one: no fields at all.
  A field of a license that could not be read is null.
- The document limits how many may ask at once and does not say to how many; here it is `AT_ONCE`.
"""

from __future__ import annotations

import datetime as dt
import hmac
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from exchange import Response, json_response
from forms import BadForm, Form, form
from license_reader.errors import ImageRejected
from license_reader.image import gate
from license_reader.license import Document, Side
from license_reader.vendors.megvii import FRONT, PATH, TOO_LARGE, KeyPair
from service import Busy, NoLicense, Refused, Trouble
from writing import written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exchange import Request
    from license_reader.license import License
    from service import Service

MAX_REQUEST = 2 * 1024 * 1024
MAX_EDGE = 4096
AT_ONCE = 10
"""Callers with the same keys that are served at once; counted by each process for itself."""

_FAMILY = "/faceid/"

# `error_message` -> the HTTP status.
_STATUSES: Mapping[str, int] = MappingProxyType(
    {
        "IMAGE_ERROR_UNSUPPORTED_FORMAT": 400,
        "INVALID_IMAGE_SIZE": 400,
        "MISSING_ARGUMENTS": 400,
        "AUTHORIZATION_ERROR": 403,
        "CONCURRENCY_LIMIT_EXCEEDED": 403,
        "API_NOT_FOUND": 404,
        TOO_LARGE: 413,
        "INTERNAL_ERROR": 500,
    }
)
# Those that carry neither `request_id` nor `time_used`.
_BARE = frozenset({"AUTHORIZATION_ERROR", "API_NOT_FOUND"})
_PAGES = frozenset({Side.FRONT, Side.BOTH})
_UNSURE = frozenset({"wrong_side", "multiple_cards"})

# The gate's flag -> the code; what is too small is answered like any picture that shows no license.
_REJECTED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "not_an_image": ("IMAGE_ERROR_UNSUPPORTED_FORMAT", ""),
        "unsupported_format": ("IMAGE_ERROR_UNSUPPORTED_FORMAT", ""),
        "image_damaged": ("IMAGE_ERROR_UNSUPPORTED_FORMAT", ""),
        # More pixels than are decoded are more than 4096 in a row or a column.
        "image_too_large": ("INVALID_IMAGE_SIZE", "image"),
    }
)
_TROUBLES: Mapping[Trouble, str] = MappingProxyType(
    {
        Trouble.INTERNAL: "INTERNAL_ERROR",
        Trouble.BUSY: "CONCURRENCY_LIMIT_EXCEEDED",
        # Not AUTHORIZATION_ERROR: the caller's keys may be right, it is ours that are missing.
        Trouble.UNAVAILABLE: "INTERNAL_ERROR",
        Trouble.TOO_LARGE: TOO_LARGE,
        Trouble.EXPIRED: "AUTHORIZATION_ERROR",
    }
)


def serves(request: Request) -> bool:
    """Whether the request speaks this dialect."""
    return request.path.startswith(_FAMILY)


def answer(request: Request, service: Service) -> Response:
    """The response to a request of this dialect."""
    began = service.clock()
    try:
        _admit(request)
        sent = _form(request)
        _authorize(sent, service)
        told = _told(_read(_picture(sent), service))
    except NoLicense:
        told = {}
    except Refused as refused:
        return _error(refused, request, now=began, milliseconds=_since(began, service))
    return json_response(200, told | _marks(request, now=began, milliseconds=_since(began, service)))


def trouble(trouble: Trouble, request: Request) -> Response:
    """This dialect's response to a trouble; when the request came is not known here, so no time is counted."""
    return _error(Refused(_TROUBLES[trouble]), request, now=time.time(), milliseconds=0)


def _error(refused: Refused, request: Request, *, now: float, milliseconds: int) -> Response:
    """The error, `CODE` or `CODE: argument`; the gateway's is plain text."""
    status = _STATUSES[refused.code]
    if refused.code == TOO_LARGE:
        return Response(status, TOO_LARGE.encode(), {"content-type": "text/plain"})
    told: dict[str, Any] = {"error_message": ": ".join(filter(None, (refused.code, refused.message)))}
    if refused.code not in _BARE:
        told |= _marks(request, now=now, milliseconds=milliseconds)
    return json_response(status, told)


def _marks(request: Request, *, now: float, milliseconds: int) -> dict[str, Any]:
    """What nearly every answer has: which request it is to, and how long that took."""
    return {"request_id": f"{int(now)},{request.id}", "time_used": milliseconds}


def _since(began: float, service: Service) -> int:
    """The milliseconds since then; none if the clock was set back meanwhile."""
    return max(0, round((service.clock() - began) * 1000))


# What is asked.


def _admit(request: Request) -> None:
    """Let a request pass that may be one."""
    if len(request.body) > MAX_REQUEST:
        raise Refused(TOO_LARGE)
    if request.path != PATH or request.method != "POST":
        raise Refused("API_NOT_FOUND")


def _form(request: Request) -> Form:
    """The form that was sent; what is none holds nothing, and that is all the document has a code for."""
    try:
        return form(request, max_bytes=MAX_REQUEST)
    except BadForm:
        return Form()


def _authorize(sent: Form, service: Service) -> None:
    """Let a form pass that holds both keys."""
    key, secret = _argument(sent, "api_key"), _argument(sent, "api_secret")

    def check(expected: KeyPair) -> None:
        known = hmac.compare_digest(key, expected.api_key.encode())
        if not hmac.compare_digest(secret, expected.api_secret.get_secret_value().encode()) or not known:
            raise Refused("AUTHORIZATION_ERROR")

    service.admit("megvii", KeyPair, check)


def _argument(sent: Form, name: str) -> bytes:
    """The argument as sent; an empty one is missing."""
    content = sent.content(name)
    if not content:
        raise Refused("MISSING_ARGUMENTS", name)
    return content


def _picture(sent: Form) -> bytes:
    """The picture, which may be decoded; one that is too small for that shows no license."""
    picture = _argument(sent, "image")
    try:
        image = gate(picture)
    except ImageRejected as rejected:
        if rejected.flag == "image_too_small":
            raise NoLicense(("not_a_license",)) from rejected
        raise Refused(*_REJECTED[rejected.flag]) from rejected
    if max(image.width, image.height) > MAX_EDGE:
        raise Refused("INVALID_IMAGE_SIZE", "image")
    return picture


# What is told.


def _read(picture: bytes, service: Service) -> License:
    """The license whose main page the picture shows; of another page, or of several, none is told."""
    try:
        with service.rates.at_once("megvii", limit=AT_ONCE) as within:
            if not within:
                raise Refused("CONCURRENCY_LIMIT_EXCEEDED")
            license_ = service.read(picture, Document.VEHICLE_LICENSE, Side.FRONT)
    except Busy as busy:
        raise Refused("CONCURRENCY_LIMIT_EXCEEDED") from busy
    except ImageRejected as rejected:
        raise Refused(*_REJECTED[rejected.flag]) from rejected
    seen = license_.document is Document.VEHICLE_LICENSE and license_.side in _PAGES
    if not seen or any(flag.code in _UNSURE for flag in license_.flags):
        raise NoLicense(("not_a_license",))
    return license_


def _told(license_: License) -> dict[str, Any]:
    """Every field of the document, null where nothing was read."""
    texts, values = written(FRONT, license_), dict(license_.fields)
    fields = {column.source: _day(values.get(column.name)) or texts.get(column.source) for column in FRONT}
    return {"type": 1, **fields, "side": "front"}


def _day(value: object) -> dict[str, int] | None:
    """A date as Megvii tells it, None for what is none."""
    return {"day": value.day, "month": value.month, "year": value.year} if isinstance(value, dt.date) else None
