"""The OCR API's server on loopback: HTTP to a function URL's events and back, nothing lost on the way."""

from __future__ import annotations

import base64
import http.client
import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from license_ocr import sandbox
from license_ocr.api_server import MAX_BODY, event, server
from license_reader import vendors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from license_ocr.api_server import Handler


@contextmanager
def serving(handler: Handler) -> Iterator[http.client.HTTPConnection]:
    """A connection to a server with this handler."""
    served = server(handler, port=0)
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", served.server_port, timeout=10)
    try:
        yield connection
    finally:
        connection.close()
        served.shutdown()
        served.server_close()
        thread.join()


def echo(event: dict[str, Any], _: object) -> dict[str, Any]:
    """The event itself, as a handler's answer."""
    return {"statusCode": 201, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}


def body_of(made: dict[str, Any]) -> bytes:
    text = made.get("body", "")
    return base64.b64decode(text) if made["isBase64Encoded"] else text.encode()


@given(st.binary(max_size=200), st.sampled_from(["application/json", "text/plain; charset=utf-8", "image/jpeg", ""]))
def test_a_body_comes_through_unchanged_whatever_it_claims_to_be(content: bytes, kind: str) -> None:
    assert body_of(event("POST", "/v1", {"content-type": kind}, content)) == content


def test_only_text_is_handed_over_as_text() -> None:
    assert not event("POST", "/", {"content-type": "application/json"}, b"{}")["isBase64Encoded"]
    assert event("POST", "/", {"content-type": "application/x-www-form-urlencoded"}, b"a=b")["isBase64Encoded"]
    assert event("POST", "/", {}, b"\xff\xd8")["isBase64Encoded"]


def test_a_request_becomes_an_event_with_its_path_query_and_headers() -> None:
    with serving(echo) as connection:
        connection.request("POST", "/v2/%E8%A1%8C?side=front&empty=", body=b"\xff\x00", headers={"X-Api-Key": "k"})
        response = connection.getresponse()
        made = json.loads(response.read())
    assert response.status == 201
    assert made["version"] == "2.0"
    assert made["requestContext"]["http"]["method"] == "POST"
    assert made["requestContext"]["http"]["path"] == made["rawPath"] == "/v2/%E8%A1%8C"
    assert made["rawQueryString"] == "side=front&empty="
    assert made["queryStringParameters"] == {"side": "front", "empty": ""}
    assert made["headers"]["x-api-key"] == "k"
    assert body_of(made) == b"\xff\x00"


def test_an_answer_comes_back_with_its_status_headers_and_bytes() -> None:
    answer = {
        "statusCode": 418,
        "headers": {"x-request-id": "7", "content-type": "application/octet-stream"},
        "body": base64.b64encode(b"\x00\xff").decode(),
        "isBase64Encoded": True,
    }
    with serving(lambda _event, _context: answer) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        assert (response.status, response.read()) == (418, b"\x00\xff")
    assert response.headers["x-request-id"] == "7"


def test_one_connection_serves_many_requests() -> None:
    with serving(echo) as connection:
        for path in ("/a", "/b"):
            connection.request("POST", path, body=b"x")
            assert json.loads(connection.getresponse().read())["rawPath"] == path


def test_a_body_above_the_limit_of_a_function_url_is_refused_unread() -> None:
    with serving(echo) as connection:
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", str(MAX_BODY + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413


@pytest.mark.parametrize("length", ["-1", "many"])
def test_a_body_of_no_known_length_is_refused(length: str) -> None:
    with serving(echo) as connection:
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", length)
        connection.endheaders()
        assert connection.getresponse().status in {400, 413}


@pytest.mark.parametrize("make", [sandbox.documented, sandbox.generated])
def test_sandbox_credentials_have_the_shape_that_each_vendor_wants(make: Any) -> None:
    made = make()
    assert set(made) == set(vendors.names())
    for vendor, secret in made.items():
        TypeAdapter(vendors.find(vendor).credentials).validate_json(json.dumps(secret))


def test_generated_credentials_differ_each_time_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    assert sandbox.generated() != sandbox.generated()
    path = sandbox.written(sandbox.generated(), tmp_path / "secrets.json")
    assert path.stat().st_mode & 0o077 == 0
