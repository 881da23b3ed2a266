"""What the contract's tests share: a vendor on loopback, and a session as the reader makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from tests.loopback import Loopback

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True, scope="session")
def _no_proxy() -> Iterator[None]:
    """Loopback is reached directly: Tencent's client heeds HTTP_PROXY and, for host:port, not NO_PROXY."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            environment.delenv(name, raising=False)
            environment.delenv(name.lower(), raising=False)
        yield


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A server of this test's own."""
    server = Loopback()
    yield server
    server.close()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A session as the reader makes it: nothing from the environment, no retries."""
    with requests.Session() as session:
        session.trust_env = False
        yield session
