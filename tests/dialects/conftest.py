"""The OCR API on loopback, with the engine behind it and the documented credentials, for official SDKs to call."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from credentials import credentials
from exchange import reply
from fetching import fetch
from license_ocr import api_server, sandbox
from license_ocr.checkout import SAMPLES
from license_reader.errors import ImageRejected
from ocr_api import answer
from reading import read
from service import NoLicense, Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from license_reader.license import Document, License, Side


@dataclass(frozen=True)
class Api:
    """One server: its URL, for clients that want a scheme, and its authority, for those that do not."""

    url: str

    @property
    def authority(self) -> str:
        return urlsplit(self.url).netloc


type Serve = Callable[[Service], Api]


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sandbox.Secrets]:
    """The documented credentials, which every server of this folder expects of its callers."""
    held = sandbox.documented()
    path = sandbox.written(held, tmp_path_factory.mktemp("secrets") / "secrets.json")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OCR_API_SECRETS_FILE", str(path))
        yield held


@pytest.fixture(scope="session")
def serve(secrets: sandbox.Secrets) -> Iterator[Serve]:  # noqa: ARG001 - servers look at the file when they are asked
    """Starts a server for a service, until the tests end."""
    with ExitStack() as running:

        def serve(service: Service) -> Api:
            def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
                return reply(answer(event, service))

            served = api_server.server(handler, port=0)
            thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            running.callback(thread.join)
            running.callback(served.server_close)
            running.callback(served.shutdown)
            return Api(f"http://127.0.0.1:{served.server_port}")

        yield serve


@dataclass
class Remembering:
    """The engine, which reads each picture once for each page that is asked of it."""

    told: dict[tuple[bytes, Document | None, Side | None], License | ImageRejected | NoLicense] = field(
        default_factory=dict
    )

    def __call__(self, picture: bytes, document: Document | None, side: Side | None) -> License:
        asked = (hashlib.sha256(picture).digest(), document, side)
        if asked not in self.told:
            try:
                self.told[asked] = read(picture, document, side)
            except (ImageRejected, NoLicense) as nothing:
                self.told[asked] = nothing
        told = self.told[asked]
        if isinstance(told, Exception):
            raise told
        return told


@pytest.fixture(scope="session")
def service() -> Service:
    """The service as it is deployed: engine, secrets, fetching and clock; only that it remembers what it has read."""
    return Service(read=Remembering(), credentials=credentials, fetch=fetch)


@pytest.fixture(scope="session")
def api(serve: Serve, service: Service) -> Api:
    """The OCR API as it is deployed."""
    return serve(service)


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of sample photos; what stands on them is in its truth.json."""
    return SAMPLES


def unread(picture: bytes, document: Document | None, side: Side | None) -> License:  # noqa: ARG001 - as `Read` has it
    """A reader for tests in which no picture may get so far."""
    raise AssertionError("the picture was read")
