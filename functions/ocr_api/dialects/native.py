"""Our own contract: a picture's bytes in, the canonical License as JSON out.

`/openapi.json` describes it; the reader's vendor `embedded` is its other half.
"""

from __future__ import annotations

import hmac
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from exchange import Request, Response, json_response
from license_reader.errors import ImageRejected
from license_reader.flags import Flag
from license_reader.image import gate
from license_reader.license import Document, Side
from license_reader.vendors.embedded import PATH, ApiKey
from service import NoLicense, Refused, Service, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from license_reader.license import License

DESCRIPTION_PATH = "/openapi.json"
MAX_BYTES = 6 * 1024 * 1024
"""A function URL takes 6 MB in all, base64 included; on loopback the whole of it may be picture."""

_METHODS = MappingProxyType({PATH: "POST", DESCRIPTION_PATH: "GET"})

# Our codes and their statuses.
_ERRORS: Mapping[str, int] = MappingProxyType(
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
# The gate's flag -> our code.
_REJECTED: Mapping[str, str] = MappingProxyType(
    {
        "not_an_image": "unsupported_format",
        "unsupported_format": "unsupported_format",
        "image_too_large": "too_large",
        "image_too_small": "not_a_picture",
        "image_damaged": "not_a_picture",
    }
)
_TROUBLES: Mapping[Trouble, tuple[str, str]] = MappingProxyType(
    {
        Trouble.INTERNAL: ("internal", "the request could not be answered; ask again"),
        Trouble.BUSY: ("busy", "too many pictures wait to be read; ask again in a few seconds"),
        Trouble.UNAVAILABLE: ("unavailable", "this service has no credentials for this API"),
        Trouble.TOO_LARGE: ("too_large", f"the request is too large; at most {MAX_BYTES} bytes are read"),
        Trouble.EXPIRED: ("unauthorized", "the key is no longer valid"),
    }
)


def serves(request: Request) -> bool:  # noqa: ARG001 - what no vendor's dialect knows is ours to refuse
    """Whether the request speaks this dialect: it takes whatever the others leave."""
    return True


def answer(request: Request, service: Service) -> Response:
    """The license on the picture, or the description of this contract."""
    try:
        _route(request)
        if request.path == DESCRIPTION_PATH:
            return json_response(200, description())
        _authorize(request, service)
        document, side = _asked(Document, request, "document"), _asked(Side, request, "side")
        _admit(request.body)
        return json_response(200, _told(service.read(request.body, document, side), request.id))
    except Refused as refused:
        return _error(refused.code, refused.message, request.id)
    except ImageRejected as rejected:
        return _error(_REJECTED[rejected.flag], str(rejected), request.id)
    except NoLicense as nothing:
        return json_response(200, _nothing(nothing, request.id))


def trouble(trouble: Trouble, request: Request) -> Response:
    """This dialect's response to a trouble."""
    return _error(*_TROUBLES[trouble], request.id)


def no_request() -> Response:
    """The answer to an event that is no request at all."""
    return json_response(400, {"error": {"code": "invalid_request", "message": "no request of a function URL"}})


def _error(code: str, message: str, request_id: str) -> Response:
    return json_response(_ERRORS[code], {"error": {"code": code, "message": message}, "request_id": request_id})


def _route(request: Request) -> None:
    """Refuse what is not served here."""
    method = _METHODS.get(request.path)
    if method is None:
        raise Refused("not_found", f"nothing is served here; there are {', '.join(_METHODS)}")
    if request.method != method:
        raise Refused("method_not_allowed", f"{request.path} takes {method}")


def _authorize(request: Request, service: Service) -> None:
    key = request.headers.get("x-api-key", "")
    expected = service.credentials("embedded", ApiKey).api_key.get_secret_value()
    if not hmac.compare_digest(key.encode(), expected.encode()):
        raise Refused("unauthorized", "the header X-Api-Key is missing or not the key of this service")


def _asked[T: (Document, Side)](kind: type[T], request: Request, name: str) -> T | None:
    value = request.parameters.get(name)
    if value is None:
        return None
    try:
        return kind(value)
    except ValueError:
        raise Refused("invalid_request", f"{name}: one of {', '.join(kind)}") from None


def _admit(picture: bytes) -> None:
    """Let a picture pass that may be decoded."""
    if len(picture) > MAX_BYTES:
        raise Refused("too_large", f"{len(picture)} bytes; at most {MAX_BYTES} are read")
    gate(picture)


def _told(license_: License, request_id: str) -> dict[str, Any]:
    body = license_.model_dump(mode="json", exclude_none=True, exclude={"raw", "vendor", "vendor_request_id"})
    return {"request_id": request_id, **body}


def _nothing(nothing: NoLicense, request_id: str) -> dict[str, Any]:
    flags = [Flag.of(code, "embedded").model_dump(mode="json", exclude_none=True) for code in nothing.flags]
    return {"request_id": request_id, "document": None, "side": None, "fields": {}, "flags": flags}


def description() -> dict[str, Any]:
    """This contract in OpenAPI's words."""
    from openapi import described  # noqa: PLC0415 - asked for once, if ever

    return described()
