"""Our own contract: a picture's bytes in, the canonical License as JSON out."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from exchange import Request, Response, json_response
from license_engine import NotAPicture
from license_reader.errors import ImageRejected
from license_reader.image import gate
from license_reader.license import Document, Side

if TYPE_CHECKING:
    from credentials import Credentials
    from license_reader.license import License
    from reading import Read

ROUTES = (("POST", "/v1/license"),)
MAX_BYTES = 6 * 1024 * 1024
"""A function URL takes 6 MB in all, base64 included; on loopback the whole of it may be picture."""

# The gate's flag -> our error: status, code, message.
_REJECTED = {
    "not_an_image": (415, "unsupported_format"),
    "unsupported_format": (415, "unsupported_format"),
    "image_too_large": (413, "too_large"),
    "image_too_small": (422, "not_a_picture"),
    "image_damaged": (422, "not_a_picture"),
}


class Refused(Exception):
    """A request that is answered with an error of ours."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def answer(request: Request, read: Read, credentials: Credentials) -> Response:
    """The response to one request of this dialect."""
    try:
        _authorize(request, credentials)
        document, side = _asked(Document, request, "document"), _asked(Side, request, "side")
        _admit(request.body)
        return json_response(200, _body(read(request.body, document, side), request.id))
    except Refused as refused:
        return error(refused.status, refused.code, str(refused), request.id)
    except NotAPicture as broken:
        return error(422, "not_a_picture", str(broken), request.id)


def error(status: int, code: str, message: str, request_id: str) -> Response:
    """An error in this dialect's shape."""
    return json_response(status, {"error": {"code": code, "message": message}, "request_id": request_id})


def _authorize(request: Request, credentials: Credentials) -> None:
    key = request.headers.get("x-api-key", "")
    expected = credentials("embedded").api_key.get_secret_value()
    if not hmac.compare_digest(key.encode(), expected.encode()):
        raise Refused(401, "unauthorized", "the header X-Api-Key is missing or not the key of this service")


def _asked[T: (Document, Side)](kind: type[T], request: Request, name: str) -> T | None:
    value = request.query.get(name)
    if not value:
        return None
    try:
        return kind(value)
    except ValueError:
        raise Refused(400, "invalid_request", f"{name}: one of {', '.join(kind)}") from None


def _admit(picture: bytes) -> None:
    """Let a picture pass that may be decoded."""
    if len(picture) > MAX_BYTES:
        raise Refused(413, "too_large", f"{len(picture)} bytes; at most {MAX_BYTES} are read")
    try:
        gate(picture)
    except ImageRejected as rejected:
        raise Refused(*_REJECTED.get(rejected.flag, (422, "not_a_picture")), str(rejected)) from rejected


def _body(license_: License | None, request_id: str) -> dict[str, Any]:
    if license_ is None:
        flags = [{"code": "not_a_license", "severity": "permanent", "source": "embedded"}]
        return {"request_id": request_id, "document": None, "side": None, "fields": {}, "flags": flags}
    body = license_.model_dump(mode="json", exclude_none=True, exclude={"raw", "vendor", "vendor_request_id"})
    return {"request_id": request_id, **body}
