"""Pictures from URLs that callers give: what is fetched, and all that a URL may not make this service do.

Servers are real and on loopback, where only those named in OCR_API_FETCH_FROM may be fetched from. Addresses that are
refused by the guard are told from those that merely do not answer by the reason.
"""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fetching import SECONDS, _admit, fetch
from service import NotFetched, TooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENOUGH = 1_000_000
GUARDED = "InvalidIPAddress"

type Serve = Callable[[socket.socket], None]


class Web:
    """A server on loopback that answers each path in bytes of a test's own, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, Serve] = {}
        self.over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.authority = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def url(self, path: str, answer: Serve | bytes) -> str:
        """The URL of this answer."""
        self.answers[path] = answer if callable(answer) else lambda connection: connection.sendall(answer)
        return f"http://{self.authority}{path}"

    def close(self) -> None:
        self.over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._talk, args=(connection,)))
            self._threads[-1].start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            head = b""
            while b"\r\n\r\n" not in head and (piece := connection.recv(65536)):
                head += piece
            self.asked.append(head.decode("latin-1"))
            answer = self.answers.get(head.split(b" ")[1].decode("latin-1")) if head else None
            try:
                if answer:
                    answer(connection)
            except OSError:
                return  # whoever asked has gone: some tests are about that


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()


@pytest.fixture
def other() -> Iterator[Web]:
    """A server that may not be fetched from."""
    server = Web()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def allowed(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCR_API_FETCH_FROM", f"127.0.0.1:1,{web.authority}")


def ok(body: bytes, *headers: str) -> bytes:
    """A whole answer."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def to(target: str, status: int = 302) -> bytes:
    """A redirect."""
    return f"HTTP/1.1 {status} Found\r\nContent-Length: 0\r\nLocation: {target}\r\n\r\n".encode()


def refusal(url: str) -> str:
    """Why this URL is not fetched."""
    with pytest.raises(NotFetched) as refused:
        fetch(url, max_bytes=ENOUGH)
    return str(refused.value)


def test_a_picture_is_fetched(web: Web) -> None:
    assert fetch(web.url("/a.jpg?size=full", ok(b"\xff\xd8picture")), max_bytes=ENOUGH) == b"\xff\xd8picture"
    assert web.asked[0].startswith("GET /a.jpg?size=full HTTP/1.1\r\n")


def test_the_request_tells_nothing_of_us_but_a_name(web: Web) -> None:
    fetch(web.url("/a", ok(b"a")), max_bytes=ENOUGH)
    names = {line.partition(":")[0].lower() for line in web.asked[0].split("\r\n")[1:] if line}
    assert names == {"host", "user-agent", "accept", "accept-encoding", "connection"}
    assert "user-agent: license-ocr\r\n" in web.asked[0].lower()


# Where nothing is fetched from.


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/hosts",
        "ftp://pictures.example/a.jpg",
        "gopher://pictures.example/",
        "data:image/png;base64,iVBORw0KGgo=",
        "jar:http://pictures.example!/a",
        "//pictures.example/a.jpg",
        "pictures.example/a.jpg",
        "/etc/hosts",
        "http://",
        "http:///a.jpg",
        "https://?a",
        "",
        "a",
    ],
)
def test_only_the_webs_two_schemes_with_a_host_are_fetched(url: str) -> None:
    assert refusal(url) == "only http and https URLs with a host are fetched"


@pytest.mark.parametrize("port", ["0", "22", "443", "8080", "6379", "65535"])
def test_other_ports_than_the_webs_are_not_asked(port: str) -> None:
    assert refusal(f"http://pictures.example:{port}/").startswith(f"port {port};")


@pytest.mark.parametrize("port", ["65536", "-1", "http", "80 80", "8٠"])
def test_what_is_no_port_is_no_url(port: str) -> None:
    assert refusal(f"http://pictures.example:{port}/") in {"not a URL", "a URL has visible ASCII characters only"}


def test_https_has_its_own_port_alone() -> None:
    assert refusal("https://pictures.example:80/").startswith("port 80;")


@pytest.mark.parametrize(
    "url",
    [
        "http://user@pictures.example/",
        "http://user:word@pictures.example/",
        "http://:@pictures.example/",
        "http://@pictures.example/",
        "http://pictures.example\\@127.0.0.1/",
        "http://127.0.0.1:80\\@pictures.example/",
    ],
)
def test_a_url_holds_no_user(url: str) -> None:
    assert refusal(url) in {"a URL with a name or a password in it", "not a URL"}


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.9.9.9",
        "localhost",
        "LOCALHOST",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.1",
        "0",
        "0.0.0.0",  # noqa: S104 - asked, not bound
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "3232235777",
        "100.64.0.1",
        "100.127.255.255",
        "169.254.169.254",
        "169.254.170.2",
        "2852039166",
        "0xa9.0xfe.0xa9.0xfe",
        "198.18.0.1",
        "192.0.0.192",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "[fd00:ec2::254]",
        "[fc00::1]",
        "[fe80::1]",
        "[ff02::1]",
        "[2001::1]",
        "[2001:db8::1]",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_address_that_is_not_public_is_asked_however_it_is_spelled(scheme: str, host: str) -> None:
    assert refusal(f"{scheme}://{host}/latest/meta-data/") == GUARDED


def test_a_name_that_nobody_has_is_not_fetched() -> None:
    assert refusal("http://pictures.invalid/a.jpg") in {"ConnectionError", f"not within {SECONDS:.0f} seconds"}


def test_the_named_authority_of_loopback_may_be_fetched_from_and_no_other_spelling_of_it(web: Web, other: Web) -> None:
    url = web.url("/a", ok(b"a"))
    assert fetch(url, max_bytes=ENOUGH) == b"a"
    port = web.authority.partition(":")[2]
    for host in ("localhost", "127.0.0.2", "127.1", "[::1]", "2130706433"):
        assert refusal(f"http://{host}:{port}/a").startswith(f"port {port};")
    assert refusal(other.url("/a", ok(b"a"))).startswith("port ")
    assert (len(web.asked), other.asked) == (1, [])


def test_without_the_setting_loopback_is_not_fetched_from(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    url = web.url("/a", ok(b"a"))
    for setting in ("", ",", "127.0.0.1", "*"):
        monkeypatch.setenv("OCR_API_FETCH_FROM", setting)
        assert refusal(url).startswith("port ")
    monkeypatch.delenv("OCR_API_FETCH_FROM")
    assert refusal(url).startswith("port ")
    assert web.asked == []


def test_an_address_that_may_be_fetched_from_still_must_be_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCR_API_FETCH_FROM", "169.254.169.254:80,10.0.0.1:8080")
    assert refusal("http://169.254.169.254:80/latest/") == GUARDED
    assert refusal("http://10.0.0.1:8080/") == GUARDED


# Characters.


@pytest.mark.parametrize(
    "more",
    [
        "\r\nX-Injected: 1",
        "\n",
        "\t",
        "\0",
        " ",
        "a b",
        " HTTP/1.1\r\nHost: elsewhere\r\n\r\n",
        "\x7f",
        "\x85",
        "图片.jpg",
        "\ud800",
        "\u202e",
    ],
)
def test_a_url_has_visible_ascii_characters_only(web: Web, more: str) -> None:
    assert refusal(web.url("/a", ok(b"a")) + more) == "a URL has visible ASCII characters only"
    assert web.asked == []


def test_space_around_a_url_is_not_taken_off(web: Web) -> None:
    url = web.url("/a", ok(b"a"))
    for spaced in (f" {url}", f"{url}\n", f"\x00{url}"):
        assert refusal(spaced) == "a URL has visible ASCII characters only"


def test_a_host_in_letters_that_look_like_ascii_is_refused() -> None:
    for host in ("①②⑦.⓪.⓪.①", "127。0。0。1", "ⓛocalhost"):
        assert refusal(f"http://{host}/") in {"a URL has visible ASCII characters only", "not a URL"}


def test_escaped_line_ends_stay_escaped(web: Web) -> None:
    path = "/a%0D%0AX-Injected:%201%00"
    assert fetch(web.url(path, ok(b"a")), max_bytes=ENOUGH) == b"a"
    assert web.asked[0].startswith(f"GET {path} HTTP/1.1\r\n")
    assert "\r\nx-injected" not in web.asked[0].lower()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the automatic one changes nothing here
@given(
    url=st.one_of(
        st.text(),
        st.lists(st.sampled_from([*"0123456789af.:[]%@/\\?#- ", "http://", "https:", "\ud800", "127.1", "："])).map(
            "".join
        ),
        st.text("0123456789abcdef.:[]%@/\\?#-", max_size=30).map("http://".__add__),
    )
)
def test_whatever_is_given_for_a_url_is_admitted_or_refused(url: str) -> None:
    try:
        _admit(url)
    except NotFetched:
        return
    parts = urlsplit(url)
    assert (parts.scheme, parts.port or {"http": 80, "https": 443}[parts.scheme]) in {("http", 80), ("https", 443)}
    assert parts.hostname
    assert "@" not in parts.netloc
    assert url.isascii()
    assert url.isprintable()


# Redirects.


def test_redirects_are_followed_to_the_third(web: Web) -> None:
    web.url("/4", ok(b"here"))
    web.url("/3", to("/4", 303))
    web.url("/2", to(f"//{web.authority}/3", 308))
    assert fetch(web.url("/1", to("2", 301)), max_bytes=ENOUGH) == b"here"
    assert refusal(web.url("/0", to("/1"))) == "more than 3 redirects"


def test_a_redirect_that_leads_to_itself_ends(web: Web) -> None:
    assert refusal(web.url("/a", to("/a"))) == "more than 3 redirects"
    assert len(web.asked) == 4


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data/", GUARDED),
        ("//169.254.169.254/latest/meta-data/", GUARDED),
        ("https://10.0.0.1/", GUARDED),
        ("http://localhost/", GUARDED),
        ("http://[::ffff:127.0.0.1]/", GUARDED),
        ("file:///etc/hosts", "only http and https URLs with a host are fetched"),
        ("http://user:word@pictures.example/", "a URL with a name or a password in it"),
        ("http://pictures.example:22/", "port 22; only 80 is asked for http"),
        ("http://[", "ValueError"),
        ("/\u56fe", "a URL has visible ASCII characters only"),
    ],
)
def test_a_redirect_leads_nowhere_that_its_own_url_might_not(web: Web, target: str, reason: str) -> None:
    assert refusal(web.url("/a", to(target))) in {reason, "not a URL"}


def test_a_redirect_leads_to_no_other_port_of_loopback(web: Web, other: Web) -> None:
    secret = other.url("/secret", ok(b"secret"))
    assert refusal(web.url("/a", to(secret))).startswith("port ")
    assert other.asked == []


def test_a_cookie_goes_neither_to_the_next_hop_nor_to_the_next_caller(web: Web) -> None:
    web.url("/b", ok(b"b", "Set-Cookie: hop=2; Path=/"))
    hop = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nSet-Cookie: hop=1; Path=/\r\nLocation: /b\r\n\r\n"
    for _ in range(2):
        assert fetch(web.url("/a", hop), max_bytes=ENOUGH) == b"b"
    assert len(web.asked) == 4
    assert "cookie" not in "".join(web.asked).lower()


# What comes back.


@pytest.mark.parametrize(
    "status", ["404 Not Found", "500 Oh", "204 No Content", "206 Partial Content", "304 Same", "401 Who"]
)
def test_only_a_200_is_a_picture(web: Web, status: str) -> None:
    answer = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nETag: 1\r\n\r\n".encode()
    assert refusal(web.url("/a", answer)) == f"HTTP {status[:3]}"


def test_a_redirect_to_nowhere_is_no_picture(web: Web) -> None:
    assert refusal(web.url("/a", b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")) == "HTTP 302"


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNENDING = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        ok,
        lambda body: UNENDING + body,
        lambda body: CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body),
    ],
    ids=["with its length", "until the end", "in chunks"],
)
def test_no_more_bytes_are_read_than_were_asked_for(web: Web, answer: Callable[[bytes], bytes]) -> None:
    url = web.url("/a", answer(b"x" * 100_000))
    assert len(fetch(url, max_bytes=100_000)) == 100_000
    with pytest.raises(TooLarge):
        fetch(url, max_bytes=99_999)


def test_a_body_without_end_is_left(web: Web) -> None:
    def pour(connection: socket.socket) -> None:
        connection.sendall(UNENDING)
        while not web.over.is_set():
            connection.sendall(b"x" * 65536)

    began = time.monotonic()
    with pytest.raises(TooLarge):
        fetch(web.url("/a", pour), max_bytes=ENOUGH)
    assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut off",
        CHUNKED + b"ff\r\ncut off",
        CHUNKED + b"no number\r\n",
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"",
    ],
    ids=["cut off", "chunk cut off", "no chunk", "no http", "long header", "many headers", "nothing"],
)
def test_an_answer_that_is_broken_is_no_picture(web: Web, answer: bytes) -> None:
    assert refusal(web.url("/a", answer))


def test_what_is_packed_is_not_unpacked(web: Web) -> None:
    packed = gzip.compress(b"x" * 10_000_000)
    assert len(packed) < 20_000
    assert fetch(web.url("/a", ok(packed, "Content-Encoding: gzip")), max_bytes=20_000) == packed
    assert "accept-encoding: identity\r\n" in web.asked[0].lower()


# Time.


def silent(web: Web) -> Serve:
    def wait(_: socket.socket) -> None:
        web.over.wait(20)

    return wait


def dripping(web: Web, head: bytes) -> Serve:
    def drip(connection: socket.socket) -> None:
        connection.sendall(head)
        while not web.over.wait(0.2):
            connection.sendall(b"x")

    return drip


def hopping(web: Web) -> Serve:
    """Redirects, each after a while that is allowed by itself."""

    def hop(connection: socket.socket) -> None:
        web.over.wait(1.5)
        connection.sendall(to("/hop"))

    return hop


def test_whoever_is_slow_is_not_waited_for(web: Web) -> None:
    urls = [
        web.url("/silent", silent(web)),
        web.url("/body", dripping(web, UNENDING)),
        web.url("/length", dripping(web, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")),
        web.url("/head", dripping(web, b"HTTP/1.1 200 OK\r\nX: ")),
        web.url("/status", dripping(web, b"HTT")),
        web.url("/hop", hopping(web)),
    ]

    def timed(url: str) -> tuple[str, float]:
        began = time.monotonic()
        return refusal(url), time.monotonic() - began

    with ThreadPoolExecutor(len(urls)) as pool:
        for url, (reason, seconds) in zip(urls, pool.map(timed, urls), strict=True):
            assert reason in {f"not within {SECONDS:.0f} seconds", "ReadTimeout"}, url
            assert SECONDS - 0.5 < seconds < SECONDS + 1.0, url


def test_a_body_that_drips_is_not_read_on_behind_the_callers_back(web: Web) -> None:
    before = set(threading.enumerate())
    assert refusal(web.url("/body", dripping(web, UNENDING))) == f"not within {SECONDS:.0f} seconds"
    fetching = [thread for thread in set(threading.enumerate()) - before if thread.name == "fetch"]
    for thread in fetching:
        thread.join(2.0)
    assert not any(thread.is_alive() for thread in fetching)


# The environment.


def test_proxies_and_passwords_of_the_environment_are_not_used(
    web: Web, other: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{other.authority}")
    passwords = tmp_path / "netrc"
    passwords.write_text("machine 127.0.0.1 login someone password something\n")
    monkeypatch.setenv("NETRC", str(passwords))
    assert fetch(web.url("/a", ok(b"a")), max_bytes=ENOUGH) == b"a"
    assert other.asked == []
    assert "authorization" not in web.asked[0].lower()


# What is told.


@pytest.mark.parametrize(
    "url",
    [
        "http://canary.invalid/canary",
        "http://canary@127.0.0.1/canary",
        "http://127.0.0.1/canary",
        "canary://canary",
        "http://canary:99999/",
        "http://canary:22/",
        "http://canary/ canary",
    ],
)
def test_a_reason_never_quotes_the_url(url: str) -> None:
    assert "canary" not in refusal(url)


def test_a_reason_never_quotes_where_a_redirect_led(web: Web) -> None:
    for target in ("http://canary.invalid/", "http://canary:1/", "canary://x", "/canary\ttab"):
        assert "canary" not in refusal(web.url("/a", to(target)))
