"""The OCR API's server on loopback: HTTP to a function URL's events and back, nothing lost on the way."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from license_ocr import sandbox
from license_ocr.api_server import MAX_BODY, event, fetch_from, server
from license_ocr.checkout import SAMPLES
from license_ocr.failure import Failure
from license_reader import vendors
from license_reader.signing import Tc3Auth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from license_ocr.api_server import Handler, Server


@contextmanager
def running(handler: Handler, *, patience: float = 10) -> Iterator[tuple[Server, http.client.HTTPConnection]]:
    """A server with this handler, and a connection to it."""
    served = server(handler, port=0, patience=patience)
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", served.server_port, timeout=10)
    try:
        yield served, connection
    finally:
        connection.close()
        served.shutdown()
        served.server_close()
        thread.join()


@contextmanager
def serving(handler: Handler, *, patience: float = 10) -> Iterator[http.client.HTTPConnection]:
    """A connection to a server with this handler."""
    with running(handler, patience=patience) as (_, connection):
        yield connection


def echo(event: dict[str, Any], _: object) -> dict[str, Any]:
    """The event itself, as a handler's answer."""
    return {"statusCode": 201, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}


def not_asked(event: dict[str, Any], _: object) -> dict[str, Any]:
    """A handler for requests that must not get so far."""
    raise AssertionError(event["rawPath"])


def body_of(made: dict[str, Any]) -> bytes:
    text = made.get("body", "")
    return base64.b64decode(text) if made["isBase64Encoded"] else text.encode()


def said(connection: http.client.HTTPConnection, sent: bytes, *, ends: bool = False) -> bytes:
    """All that the server says to these bytes until it hangs up; with `ends`, nothing more can come."""
    with socket.create_connection((connection.host, connection.port), timeout=10) as raw:
        raw.sendall(sent)
        if ends:
            raw.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: raw.recv(65536), b""))


# Events.


@given(st.binary(max_size=200), st.sampled_from(["application/json", "text/plain; charset=utf-8", "image/jpeg", ""]))
def test_a_body_comes_through_unchanged_whatever_it_claims_to_be(content: bytes, kind: str) -> None:
    assert body_of(event("POST", "/v1", {"content-type": kind}, content)) == content


def test_only_text_is_handed_over_as_text() -> None:
    assert not event("POST", "/", {"content-type": "application/json"}, b"{}")["isBase64Encoded"]
    assert event("POST", "/", {"content-type": "application/x-www-form-urlencoded"}, b"a=b")["isBase64Encoded"]
    assert event("POST", "/", {}, b"\xff\xd8")["isBase64Encoded"]


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("http://localhost:9001/v1/license?side=back", "/v1/license", "side=back"),
        ("http://localhost:9001", "/", ""),
        ("HTTP://[/?a=b", "/", "a=b"),
        ("/?next=http://elsewhere/x?y", "/", "next=http://elsewhere/x?y"),
        ("*", "*", ""),
    ],
)
def test_a_target_of_any_form_has_a_path_and_a_query(target: str, path: str, query: str) -> None:
    made = event("GET", target, {}, b"")
    assert (made["rawPath"], made["rawQueryString"]) == (path, query)


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


def test_a_path_arrives_as_it_was_signed_slashes_and_all() -> None:
    with serving(echo) as connection:
        connection.request("GET", "//v1//license")
        assert json.loads(connection.getresponse().read())["rawPath"] == "//v1//license"


def test_a_header_that_comes_twice_has_both_values() -> None:
    with serving(echo) as connection:
        connection.putrequest("GET", "/")
        connection.putheader("X-Told", "a")
        connection.putheader("x-told", "b")
        connection.endheaders()
        assert json.loads(connection.getresponse().read())["headers"]["x-told"] == "a,b"


def test_a_header_has_no_line_ends_and_no_blanks_around_it() -> None:
    with serving(echo) as connection:
        answer = said(connection, b"GET / HTTP/1.1\r\nX-A: \t a\r\n\tb \r\nConnection: close\r\n\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["headers"]["x-a"] == "a b"


# Answers.


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


def test_one_connection_serves_many_requests_errors_among_them() -> None:
    with serving(
        lambda made, _: {**echo(made, _), "statusCode": 500 if made["rawPath"] == "/b" else 200}
    ) as connection:
        sockets = set()
        for path, status in (("/a", 200), ("/b", 500), ("/c", 200)):
            connection.request("POST", path, body=b"x")
            response = connection.getresponse()
            assert (response.status, json.loads(response.read())["rawPath"]) == (status, path)
            sockets.add(connection.sock)
    assert len(sockets) == 1


def test_head_is_told_the_length_and_sent_nothing() -> None:
    with serving(echo) as connection:
        connection.request("HEAD", "/a")
        response = connection.getresponse()
        assert int(response.headers["Content-Length"]) > 100
        assert response.read() == b""
        connection.request("GET", "/b")
        assert json.loads(connection.getresponse().read())["rawPath"] == "/b"


@pytest.mark.parametrize(("wish", "answer"), [(b"", b"close"), (b"Connection: keep-alive\r\n", b"keep-alive")])
def test_an_old_client_keeps_its_connection_if_it_asks_to(wish: bytes, answer: bytes) -> None:
    with serving(echo) as connection:
        heads = said(connection, b"GET / HTTP/1.0\r\n%s\r\n" % wish, ends=True)
    assert b"Connection: %s\r\n" % answer in heads


# Bodies: how long, in which form.


def test_a_body_as_large_as_any_vendor_takes_comes_through() -> None:
    sizes = []

    def measure(made: dict[str, Any], _: object) -> dict[str, Any]:
        sizes.append(len(body_of(made)))
        return {"statusCode": 200}

    with serving(measure) as connection:
        connection.request("POST", "/", body=b"\xff" * MAX_BODY)
        assert connection.getresponse().status == 200
    assert sizes == [MAX_BODY]
    assert MAX_BODY >= 12_000_000


# Who asks for what, and what a body that is too large is answered by its dialect.
TOO_LARGE: Mapping[str, tuple[str, dict[str, str], int, str]] = {
    "native": ("/v1/license", {}, 413, '"code":"too_large"'),
    "tencent": ("/", {"X-TC-Action": "VehicleLicenseOCR"}, 200, '"Code":"RequestSizeLimitExceeded"'),
    "tencent_legacy": ("/ocr/drivinglicence", {}, 400, '"code":23'),
    "huawei": ("/v2/sandbox/ocr/vehicle-license", {}, 400, '"error_code":"ModelArts.4104"'),
    "megvii": ("/faceid/v2/ocr_vehicle_license", {}, 413, "Request Entity Too Large"),
}


@pytest.mark.parametrize("dialect", TOO_LARGE)
@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in chunks"])
def test_a_larger_body_is_answered_by_the_dialect_while_it_is_still_sent(
    dialect: str, *, chunked: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    path, headers, status, told = TOO_LARGE[dialect]
    pieces = [b"\xff" * 1024 * 1024] * (MAX_BODY // 1024 // 1024 + 8)
    with serving(not_asked) as connection:
        length = {} if chunked else {"Content-Length": str(sum(map(len, pieces)))}
        connection.request("POST", path, body=iter(pieces), headers=headers | length, encode_chunked=chunked)
        response = connection.getresponse()
        answer = response.read().decode()
    assert (response.status, response.headers["Connection"]) == (status, "close")
    assert told in answer
    assert f"refused: POST {path} has a body of more than {MAX_BODY} bytes ({dialect})" in capsys.readouterr().err


def test_a_client_that_waits_for_a_continue_gets_one() -> None:
    head = b"POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    with serving(echo) as connection, socket.create_connection((connection.host, connection.port), timeout=10) as raw:
        raw.sendall(head)
        assert raw.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        raw.sendall(b"{}")
        assert raw.recv(65536).startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize("length", [str(MAX_BODY + 1), "9" * 4000])
def test_a_client_that_waits_for_a_continue_is_refused_without_one(length: str) -> None:
    head = f"POST / HTTP/1.1\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n".encode()
    with serving(not_asked) as connection:
        assert said(connection, head, ends=True).startswith(b"HTTP/1.1 413 ")


def test_without_a_body_nobody_is_told_to_continue() -> None:
    head = b"GET / HTTP/1.1\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    with serving(echo) as connection:
        assert said(connection, head).startswith(b"HTTP/1.1 201 ")


def test_a_body_in_chunks_of_any_size_comes_through() -> None:
    with serving(echo) as connection:

        @given(st.lists(st.binary(min_size=1, max_size=40), max_size=5))
        def comes_through(pieces: list[bytes]) -> None:
            connection.request(
                "POST", "/", body=iter(pieces), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
            )
            assert body_of(json.loads(connection.getresponse().read())) == b"".join(pieces)

        comes_through()


def test_extensions_and_trailers_of_chunks_are_passed_over() -> None:
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n"
    with serving(echo) as connection:
        answer = said(connection, head + b'00A ;name="a;b"\r\n0123456789\r\n0\r\nX-Trailer: no\r\n\r\n')
    made = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert body_of(made) == b"0123456789"
    assert "x-trailer" not in made["headers"]


CHUNKED = "Transfer-Encoding: chunked\r\n\r\n"
# What follows the first line, and what is said of it.
UNENDING: Mapping[str, tuple[str, str]] = {
    "a negative length": ("Content-Length: -1\r\n\r\n", "Content-Length is no number"),
    "a length in words": ("Content-Length: many\r\n\r\n", "Content-Length is no number"),
    "a length in Arabic": ("Content-Length: \u0662\r\n\r\n", "Content-Length is no number"),
    "an endless length": (f"Content-Length: {'9' * 5000}\r\n\r\n", "Content-Length is no number"),
    "two lengths": ("Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "more than one Content-Length"),
    "a length and chunks": (f"Content-Length: 1\r\n{CHUNKED}", "both Content-Length and Transfer-Encoding"),
    "compressed": ("Transfer-Encoding: gzip, chunked\r\n\r\n", "only chunked is known"),
    "a chunk of no size": (f"{CHUNKED}xyz\r\n", "no hexadecimal number"),
    "a chunk of negative size": (f"{CHUNKED}-1\r\n", "no hexadecimal number"),
    "a chunk of endless size": (f"{CHUNKED}{'f' * 5000}\r\n", "a line of more than 4096 bytes"),
    "a chunk longer than told": (f"{CHUNKED}1\r\nab\r\n0\r\n\r\n", "not as long as it says"),
    "trailers without end": (f"{CHUNKED}0\r\n{'X-A: b\r\n' * 200}", "more than 100 trailers"),
}


@pytest.mark.parametrize("case", UNENDING)
def test_a_body_whose_end_nobody_knows_is_refused_in_a_line_of_text(case: str) -> None:
    rest, reason = UNENDING[case]
    with serving(not_asked) as connection:
        head, _, text = said(connection, f"POST / HTTP/1.1\r\n{rest}".encode(), ends=True).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: text/plain" in head
    assert b"Connection: close" in head
    assert text.startswith(b"Bad Request: ")
    assert reason in text.decode()


# What is no HTTP, and whoever goes away.

NO_REQUESTS: Mapping[str, tuple[bytes, int]] = {
    "garbage": (b"\x16\x03\x01\x02\x00\x01\x00\xfc\r\n\r\n", 400),
    "a version of nothing": (b"GET / HTTP/x\r\n\r\n", 400),
    "a version to come": (b"GET / HTTP/2.0\r\n\r\n", 505),
    "an endless target": (b"GET /%s HTTP/1.1\r\n\r\n" % (b"a" * 70000), 414),
    "an endless header": (b"GET / HTTP/1.1\r\nX-A: %s\r\n\r\n" % (b"a" * 70000), 431),
    "headers without end": (b"GET / HTTP/1.1\r\n%s\r\n" % (b"X-A: b\r\n" * 1000), 431),
    "a method of nobody": (b"BREW / HTTP/1.1\r\n\r\n", 501),
}


@pytest.mark.parametrize("case", NO_REQUESTS)
def test_what_is_no_request_is_refused_in_a_line_of_text(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    sent, status = NO_REQUESTS[case]
    with serving(not_asked) as connection:
        head, _, text = said(connection, sent).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"content-type: text/plain" in head
    assert text.endswith(b"\n")
    assert b"<" not in text
    assert capsys.readouterr().err == ""


def test_garbage_behind_a_request_is_refused_after_its_answer() -> None:
    with serving(echo) as connection:
        answers = said(connection, b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}, and so on\r\n\r\n")
    assert re.findall(rb"HTTP/1\.1 (\d+)", answers) == [b"201", b"400"]


def test_requests_sent_at_once_are_answered_in_turn() -> None:
    with serving(echo) as connection:
        answers = said(connection, b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answers.index(b'"rawPath": "/1"') < answers.index(b'"rawPath": "/2"')


@pytest.mark.parametrize(
    "sent",
    [
        b"POST / HT",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf",
        f"POST / HTTP/1.1\r\n{CHUNKED}9\r\nha".encode(),
    ],
    ids=["in the first line", "in the body", "in a chunk"],
)
def test_who_hangs_up_within_a_request_is_not_answered_for_and_alarms_nobody(
    sent: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(not_asked) as connection:
        said(connection, sent, ends=True)
    assert capsys.readouterr().err == ""


def test_who_hangs_up_before_the_answer_alarms_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    asked, gone, done = threading.Event(), threading.Event(), threading.Event()

    def slow(_made: dict[str, Any], _: object) -> dict[str, Any]:
        asked.set()
        gone.wait(10)
        done.set()
        return {"statusCode": 200, "body": "x" * 10_000_000}

    with serving(slow) as connection:
        connection.request("GET", "/")
        assert asked.wait(10)
        assert connection.sock is not None
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # a reset, no goodbye
        connection.close()
        gone.set()
        assert done.wait(10)
        connection.request("GET", "/again")
        assert len(connection.getresponse().read()) == 10_000_000
    assert capsys.readouterr().err == ""


def test_a_client_that_falls_silent_in_its_body_is_told_so() -> None:
    with serving(not_asked, patience=0.2) as connection:
        answer = said(connection, b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.endswith(b"\r\n\r\nRequest Timeout: the body did not come\n")


def test_a_client_that_falls_silent_between_requests_is_hung_up_on() -> None:
    with serving(echo, patience=0.2) as connection:
        answer = said(connection, b"GET / HTTP/1.1\r\n\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        with pytest.raises(Failure, match=f"port {port} of 127.0.0.1: Address already in use"):
            server(echo, port=port)


def test_a_server_that_stops_waits_for_the_answers_under_way() -> None:
    asked, go = threading.Event(), threading.Event()

    def slow(_made: dict[str, Any], _: object) -> dict[str, Any]:
        asked.set()
        go.wait(10)
        return {"statusCode": 200, "body": "answered"}

    with running(slow) as (served, connection):
        connection.request("GET", "/")
        assert asked.wait(10)
        threading.Timer(0.2, go.set).start()
        served.shutdown()
        assert served.stop()
        assert connection.getresponse().read() == b"answered"


# Where pictures may come from.


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1:80", "0.0.0.0:80", "169.254.169.254:80", "example.com:80", "[::1]:80", "127.0.0.1", "127.0.0.1:"],
)
def test_pictures_come_from_no_address_that_is_not_on_loopback(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCR_API_FETCH_FROM", "")
    with pytest.raises(Failure, match=r"--fetch-from .*: give HOST:PORT on loopback"):
        fetch_from(["127.0.0.1:8000", address])
    assert os.environ["OCR_API_FETCH_FROM"] == ""


@pytest.mark.parametrize("port", ["0", "65536", "-1", "8e3", "\u0668"])
def test_pictures_come_from_no_port_that_there_is_not(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCR_API_FETCH_FROM", "")
    with pytest.raises(Failure):
        fetch_from([f"127.0.0.1:{port}"])


def test_pictures_may_come_from_several_addresses_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCR_API_FETCH_FROM", "")
    fetch_from(["127.0.0.1:8000", "127.1.2.3:1", "localhost:65535"])
    assert os.environ["OCR_API_FETCH_FROM"] == "127.0.0.1:8000,127.1.2.3:1,localhost:65535"


# Whom the secrets let in.


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


def told(tmp_path: Path, content: str | bytes) -> list[str]:
    path = tmp_path / "secrets.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(sandbox.told(path))


def test_the_documented_credentials_let_in_every_kind_of_caller(tmp_path: Path) -> None:
    assert told(tmp_path, json.dumps(sandbox.documented())) == [
        "serves embedded",
        "serves huawei by signature",
        "serves huawei by token",
        "serves megvii",
        "serves tencent",
        "serves tencent_legacy",
    ]


def test_who_is_not_served_is_told_with_the_reason_and_without_a_secret(tmp_path: Path) -> None:
    held = {
        "embedded": {"api_key": "key of two words"},
        "megvii": "SECRET",
        "tencent": {"secret_id": "ID"},
        "huawei": {"access_key": "ACCESS", "secret_key": "SECRET", "project_id": "PROJECT", "domain": "DOMAIN"},
        "tencent2": {},
    }
    lines = told(tmp_path, json.dumps(held))
    assert lines == [
        "does not serve embedded: api_key: only visible ASCII characters, without spaces or line ends",
        "serves huawei by signature",
        "does not serve huawei by token: user: Field required; password: Field required; project: Field required",
        "does not serve megvii: the secret: Input should be an object",
        "does not serve tencent: secret_key: Field required",
        "does not serve tencent_legacy: nothing is held for it",
        "does not know 'tencent2': there are embedded, huawei, megvii, tencent, tencent_legacy",
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"embedded":\n  oops}', r"no JSON at line 2, column 3"),
        (b'{"\xff": 1}', r"no JSON: it is no text in UTF-8"),
        ("[]", r"a JSON object is wanted"),
    ],
)
def test_a_file_of_secrets_that_cannot_be_read_is_refused_with_the_place(
    tmp_path: Path, content: str | bytes, reason: str
) -> None:
    with pytest.raises(Failure, match=reason):
        told(tmp_path, content)


# The command.

ALL = ("embedded", "huawei by signature", "huawei by token", "megvii", "tencent", "tencent_legacy")


@contextmanager
def command(*arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`license-ocr api` on a free port and its URL, once it has said that it is ready."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "license_ocr", "api", "--port", "0", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        word, _, url = process.stdout.readline().strip().partition(" ")
        assert word == "ready", process.communicate()
        yield process, url
    finally:
        process.kill()
        process.communicate()


@contextmanager
def files(folder: Path) -> Iterator[str]:
    """A server of this folder's files, by its authority."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder))) as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names it so
        """Say nothing."""


def asked(url: str, picture: bytes, key: str = "sandbox-api_key") -> str | None:
    """The code of the native dialect's error, if it answers with one; "gone" where it hangs up."""
    try:
        answer = requests.post(f"{url}/v1/license", data=picture, headers={"X-Api-Key": key}, timeout=30)
    except requests.ConnectionError:
        return "gone"
    code: str | None = answer.json().get("error", {}).get("code")
    return code


def asked_to_fetch(url: str, picture: str) -> str:
    """The code of Tencent's error about a picture at this URL."""
    answer = requests.post(
        url,
        data=json.dumps({"ImageUrl": picture}),
        headers={
            "Content-Type": "application/json",
            "X-TC-Action": "VehicleLicenseOCR",
            "X-TC-Version": "2018-11-19",
            "X-TC-Region": "ap-guangzhou",
        },
        auth=Tc3Auth("sandbox-secret_id", "sandbox-secret_key", service="ocr", clock=time.time),
        timeout=10,
    )
    return str(answer.json()["Response"]["Error"]["Code"])


def refused(*arguments: str | Path) -> str:
    """What the command says of arguments that it does not start with."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "license_ocr", "api", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=lambda stop: stop.name)
def test_the_command_says_ready_and_nothing_else_until_it_is_stopped(stop: signal.Signals) -> None:
    with command() as (process, url):
        answer = requests.post(
            f"{url}/v1/license", data=b"no picture", headers={"X-Api-Key": "sandbox-api_key"}, timeout=10
        )
        assert answer.json()["error"]["code"] == "unsupported_format"
        process.send_signal(stop)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    lines = err.splitlines()
    assert lines[:6] == [f"serves {name}" for name in ALL]
    assert [json.loads(line)["request_id"] for line in lines[6:]] == [answer.json()["request_id"]]


def test_the_command_ends_well_while_pictures_are_being_read() -> None:
    with command() as (process, url):
        picture = (SAMPLES / "vehicle-front.jpg").read_bytes()
        senders = [threading.Thread(target=asked, args=(url, picture)) for _ in range(8)]
        for sender in senders:
            sender.start()
        assert process.stderr is not None
        while '"answered"' not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
        for sender in senders:
            sender.join()


def test_the_command_serves_by_the_files_it_is_given(tmp_path: Path) -> None:
    secrets, faults = tmp_path / "secrets.json", tmp_path / "faults.json"
    secrets.write_text(json.dumps({"embedded": {"api_key": "mine"}}), encoding="utf-8")
    faults.write_text(json.dumps([{"fault": "throttle", "first": 1}]), encoding="utf-8")
    with command("--secrets", secrets, "--faults", faults) as (process, url):
        codes = [asked(url, b"no picture", key) for key in ("mine", "another", "mine")]
        process.terminate()
        _, err = process.communicate(timeout=20)
    assert codes == ["busy", "unauthorized", "unsupported_format"]
    assert "does not serve tencent: nothing is held for it" in err
    assert "fault: throttle by rule 1 for POST /v1/license (native)" in err


def test_the_command_fetches_from_loopback_only_where_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no picture", encoding="utf-8")
    with files(tmp_path) as told_of, files(tmp_path) as not_told_of, command("--fetch-from", told_of) as (_, url):
        assert asked_to_fetch(url, f"http://{told_of}/a.txt") == "FailedOperation.ImageDecodeFailed"
        assert asked_to_fetch(url, f"http://{not_told_of}/a.txt") == "FailedOperation.DownLoadError"


def test_the_command_says_what_is_wrong_with_its_files_and_addresses(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('[{"fault": "slow"}]', encoding="utf-8")
    assert "a JSON object is wanted" in refused("--secrets", broken)
    assert "rule 1, seconds: this fault needs it" in refused("--faults", broken)
    assert "--fetch-from '10.0.0.1:80': give HOST:PORT on loopback" in refused("--fetch-from", "10.0.0.1:80")


def test_the_command_says_that_its_port_is_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        assert f"port {port} of 127.0.0.1: Address already in use; --port 0 takes a free one" in refused(
            "--port", str(port)
        )
