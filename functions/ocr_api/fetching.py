"""Pictures from URLs that callers give: public addresses only, three redirects, three seconds, and no more than asked.

A caller's URL is a way to have this service look where the caller cannot: at a metadata endpoint, at a host of the
private network. requests-hardened resolves a name once, refuses every address that is not public and connects to the
very address that it has checked, at each redirect anew. Ports other than those of the web are refused as well.
"""

from __future__ import annotations

import os
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from service import NotFetched, TooLarge

if TYPE_CHECKING:
    from requests import Response
    from requests_hardened import HTTPSession

SECONDS = 3.0
"""For all of it: name, connection, redirects and every byte; Tencent's document promises callers as much."""
_REDIRECTS = 3
_PORTS = {"http": 80, "https": 443}
_CHUNK = 64 * 1024

# Addresses on loopback, `host:port` each, that a developer may have pictures fetched from. Never set when deployed.
_FETCH_FROM = "OCR_API_FETCH_FROM"


def fetch(url: str, *, max_bytes: int) -> bytes:
    """The bytes behind a URL; see `service.Fetch`.

    A thread does it, because a resolver has no time-out; what is late is left to end by itself.
    """
    _admit(url)
    done: SimpleQueue[bytes | NotFetched | TooLarge] = SimpleQueue()
    threading.Thread(target=_fetch_into, args=(done, url, max_bytes), daemon=True, name="fetch").start()
    try:
        outcome = done.get(timeout=SECONDS)
    except Empty:
        raise NotFetched(f"not within {SECONDS:.0f} seconds") from None
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _admit(url: str) -> None:
    """Let a URL pass that may be asked for: of the web, at its own port, with nobody's password in it."""
    try:
        parts = urlsplit(url)
        port = _PORTS.get(parts.scheme) if parts.port is None else parts.port
    except ValueError:
        raise NotFetched("not a URL") from None
    if not url.isascii() or not url.isprintable() or " " in url:
        raise NotFetched("a URL has visible ASCII characters only")
    if parts.scheme not in _PORTS or not parts.hostname:
        raise NotFetched("only http and https URLs with a host are fetched")
    if parts.username is not None or parts.password is not None:
        raise NotFetched("a URL with a name or a password in it")
    if port != _PORTS[parts.scheme] and f"{parts.hostname}:{port}" not in _own():
        raise NotFetched(f"port {port}; only {_PORTS[parts.scheme]} is asked for {parts.scheme}")


def _own() -> set[str]:
    return set(filter(None, os.environ.get(_FETCH_FROM, "").split(",")))


def _fetch_into(done: SimpleQueue[bytes | NotFetched | TooLarge], url: str, max_bytes: int) -> None:
    """Put what came of fetching into the queue."""
    import requests  # noqa: PLC0415 - most pictures come in the request itself
    import urllib3  # noqa: PLC0415

    try:
        done.put(_fetched(url, max_bytes, until=time.monotonic() + SECONDS))
    except (NotFetched, TooLarge) as error:
        done.put(error)
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError, OSError) as error:
        done.put(NotFetched(type(error).__name__))


def _fetched(url: str, max_bytes: int, *, until: float) -> bytes:
    """The bytes behind a URL and at most three redirects, each of which must be one that may be asked for."""
    for _ in range(_REDIRECTS + 1):
        headers = {"Accept": "image/*", "Accept-Encoding": "identity"}
        with _session(url) as session, session.get(url, stream=True, headers=headers) as response:
            target = session.get_redirect_target(response)
            if target is None:
                return _body(response, max_bytes, until)
        url = urljoin(url, target)
        _admit(url)
    raise NotFetched(f"more than {_REDIRECTS} redirects")


def _session(url: str) -> HTTPSession:
    """A session for one request: no cookie and no connection is shared among callers."""
    from requests_hardened import Config, HTTPSession  # noqa: PLC0415 - as above

    session = HTTPSession(
        Config(
            ip_filter_enable=True,
            ip_filter_allow_loopback_ips=urlsplit(url).netloc in _own(),
            never_redirect=True,
            default_timeout=(SECONDS, SECONDS),
            user_agent_override="license-ocr",
        )
    )
    session.trust_env = False
    return session


def _body(response: Response, max_bytes: int, until: float) -> bytes:
    """The body, piece by piece as it comes: a server that drips is not waited for."""
    if response.status_code != 200:
        raise NotFetched(f"HTTP {response.status_code}")
    body = bytearray()
    while piece := response.raw.read1(_CHUNK):
        body += piece
        if len(body) > max_bytes:
            raise TooLarge(f"more than {max_bytes} bytes")
        if time.monotonic() > until:
            raise NotFetched(f"not within {SECONDS:.0f} seconds")
    return bytes(body)
