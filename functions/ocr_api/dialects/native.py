"""Our own contract: a picture's bytes in, the canonical License as JSON out.

Its words are those of `native_contract.py`; `/openapi.json` describes it, made from them and the record's models. The
reader's vendor `embedded` is its other half.

- The body is the picture; its bytes decide what it is, whatever `Content-Type` says. A function URL, though, hands over
  as text what is sent under a type of text or JSON.
- A parameter that is unknown, empty or given twice is refused: passed over, it would be a page that nobody expected.
- A picture without a license is an answer (200) that says why, as is a license of another page than expected.
- Paths are compared as RFC 3986 has it: `%6C` is an `l`, `%2F` is no slash; a slash at the end is another path.
- 401 carries a challenge because HTTP wants one. There is no registered scheme for a key in a header of its own, and
  a function URL may rename the header.
- Answers hold personal data and are never to be stored; the description may be.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from credentials import same
from exchange import Response, json_response
from license_reader.errors import ImageRejected
from license_reader.image import gate
from license_reader.license import Document, Side
from license_reader.vendors.embedded import ApiKey
from native_contract import (
    BESIDES,
    DESCRIPTION_PATH,
    ERRORS,
    KEY_HEADER,
    MAX_BYTES,
    METHODS,
    PAGE,
    PRIVATE,
    PUBLIC,
    told,
    told_error,
    told_nothing,
)
from service import NoLicense, Refused, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exchange import Request
    from service import Service

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
        path = _route(request)
        if request.method == "OPTIONS":
            return Response(200, b"", {**PRIVATE, "Allow": _allowed(path)})
        if path == DESCRIPTION_PATH:
            return json_response(200, description(), PUBLIC)
        service.admit("embedded", ApiKey, lambda held: _authorize(request, held))
        document, side = _page(request.query)
        _admit(request.body)
        return _ok(told(service.read(request.body, document, side), request.id))
    except Refused as refused:
        return _error(refused.code, refused.message, request)
    except ImageRejected as rejected:
        return _error(_REJECTED[rejected.flag], str(rejected), request)
    except NoLicense as nothing:
        return _ok(told_nothing(nothing, request.id))


def trouble(trouble: Trouble, request: Request) -> Response:
    """This dialect's response to a trouble."""
    return _error(*_TROUBLES[trouble], request)


def no_request() -> Response:
    """The answer to an event that is no request at all, and so has no id either."""
    error = {"code": "invalid_request", "message": "no request of a function URL"}
    return json_response(ERRORS["invalid_request"], {"error": error}, PRIVATE)


def description() -> dict[str, Any]:
    """This contract in OpenAPI's words."""
    from openapi import described  # noqa: PLC0415 - asked for once, if ever

    return described()


def _ok(body: Mapping[str, Any]) -> Response:
    return json_response(200, body, PRIVATE)


def _error(code: str, message: str, request: Request) -> Response:
    besides = dict(BESIDES.get(code, {}))
    if code == "method_not_allowed":
        besides["Allow"] = _allowed(_path(request))
    return json_response(ERRORS[code], told_error(code, message, request.id), {**PRIVATE, **besides})


# Where, how and by whom.


def _path(request: Request) -> str:
    """The path that is served here, however much of it is percent-encoded without need; "" for any other."""
    parts = [unquote(part) for part in request.path.split("/")]
    return next((path for path in METHODS if path.split("/") == parts), "")


def _allowed(path: str) -> str:
    return ", ".join(METHODS[path])


def _route(request: Request) -> str:
    """The path, if it is served here and by this method."""
    path = _path(request)
    if not path:
        raise Refused("not_found", f"nothing is served here; there are {', '.join(METHODS)}")
    if request.method not in METHODS[path]:
        raise Refused("method_not_allowed", f"{path} takes {_allowed(path)}")
    return path


def _authorize(request: Request, held: ApiKey) -> None:
    """Let a request pass that has the key."""
    key = request.headers.get(KEY_HEADER.lower(), "")
    if not same(key, held.api_key.get_secret_value()):
        raise Refused("unauthorized", f"the header {KEY_HEADER} is missing or not the key of this service")


# What is asked.


def _page(query: str) -> tuple[Document | None, Side | None]:
    """The document and side that the caller expects, None where it does not say."""
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    if not set(given) <= set(PAGE):
        raise Refused("invalid_request", f"the query has a parameter other than {' and '.join(PAGE)}")
    if len(given) < len(pairs):
        raise Refused("invalid_request", "the query has a parameter twice")
    return _one_of(Document, given, "document"), _one_of(Side, given, "side")


def _one_of[T: (Document, Side)](kind: type[T], given: Mapping[str, str], name: str) -> T | None:
    if name not in given:
        return None
    try:
        return kind(given[name])
    except ValueError:
        raise Refused("invalid_request", f"{name}: one of {', '.join(kind)}, or leave it out") from None


def _admit(picture: bytes) -> None:
    """Let a picture pass that may be decoded."""
    if not picture:
        raise Refused("invalid_request", "the body is empty; it has to be the picture's bytes")
    if len(picture) > MAX_BYTES:
        raise Refused("too_large", f"{len(picture)} bytes; at most {MAX_BYTES} are read")
    try:
        gate(picture)
    except ImageRejected as rejected:
        if rejected.flag != "not_an_image":
            raise
        message = f"{rejected}; the body has to be the picture itself, not a form, JSON or base64"
        raise Refused(_REJECTED[rejected.flag], message) from rejected
