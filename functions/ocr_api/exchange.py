"""An HTTP request and response as the dialects see them, to and from Lambda's function URL events (payload 2.0)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pybase64
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Request:
    """What came in: header names are in lower case, path and query as sent, the body is bytes."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    id: str

    @property
    def parameters(self) -> dict[str, str]:
        """The query's parameters; of one that comes twice, the last."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Response:
    """What goes out."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


def json_response(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """The response with this JSON; the content type is bare, as Tencent's SDK wants it."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(status, text.encode(), {"content-type": "application/json", **(headers or {})})


class _Http(BaseModel):
    method: str
    path: str


class _Context(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    http: _Http
    request_id: str = Field(alias="requestId")


class _UrlEvent(BaseModel):
    """The part of a function URL's event that is used; the rest is left alone."""

    model_config = ConfigDict(populate_by_name=True)

    path: str = Field(default="", alias="rawPath")
    query: str = Field(default="", alias="rawQueryString")
    headers: dict[str, str] = Field(default_factory=dict)
    context: _Context = Field(alias="requestContext")
    body: str = Field(default="", repr=False)
    encoded: bool = Field(default=False, alias="isBase64Encoded")


def request(event: Mapping[str, Any]) -> Request:
    """The request that a function URL's event carries.

    Raises:
        ValueError: the event is none, or its body is no base64 where it says so.
    """
    parsed = _UrlEvent.model_validate(event)
    try:
        body = pybase64.b64decode(parsed.body, validate=True) if parsed.encoded else parsed.body.encode()
    except ValueError:
        raise ValueError("the event's body is no base64 or no text") from None
    return Request(
        method=_whole(parsed.context.http.method),
        path=_whole(parsed.path or parsed.context.http.path),
        query=_whole(parsed.query),
        headers={_whole(name).lower(): _whole(value) for name, value in parsed.headers.items()},
        body=body,
        id=parsed.context.request_id,
    )


def _whole(text: str) -> str:
    """The text with a question mark for each lone surrogate: JSON may hold them, and no encoding does."""
    return text.encode(errors="replace").decode()


def reply(response: Response) -> dict[str, Any]:
    """The response in the shape that a function URL returns."""
    return {
        "statusCode": response.status,
        "headers": dict(response.headers),
        "body": pybase64.b64encode_as_string(response.body),
        "isBase64Encoded": True,
    }
