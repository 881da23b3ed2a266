"""The OCR API on loopback, with the engine behind it and the documented credentials, for official SDKs to call."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import struct
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests

from credentials import credentials
from exchange import reply
from fetching import fetch
from license_ocr import api_server, sandbox
from license_ocr.checkout import SAMPLES
from license_reader.license import License
from ocr_api import answer
from reading import read
from service import NoLicense, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from license_ocr.faults import Faults
    from license_reader.license import Document, Side


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
            return running.enter_context(served(service))

        yield serve


@contextmanager
def served(service: Service, faults: Faults | None = None) -> Iterator[Api]:
    """A server for a service, with what befalls its requests."""

    def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
        return reply(answer(event, service))

    server = api_server.server(handler, port=0, faults=faults)
    # Hundreds serve until the last test has ended: none may look up now and then whether it is to end.
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": None})
    thread.start()
    try:
        yield Api(f"http://127.0.0.1:{server.server_port}")
    finally:
        ending = threading.Thread(target=server.shutdown)
        ending.start()
        while ending.is_alive():  # it notices once somebody calls
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", server.server_port), timeout=1).close()
            ending.join(0.01)
        server.server_close()
        thread.join()


def send(request: requests.Request) -> requests.Response:
    """The answer to a request, whatever proxies the environment names."""
    with requests.Session() as session:
        session.trust_env = False
        return session.send(session.prepare_request(request), timeout=30)


def png(width: int, height: int) -> bytes:
    """A picture as far as its header goes, which is as far as it is looked at before it is read."""
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height)


def reads(license_: License) -> Callable[..., License]:
    """A reader that sees this license in every picture."""
    return lambda *_: license_


def raises(error: Exception) -> Callable[..., Any]:
    """A reader or fetcher that fails so."""

    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


@dataclass(frozen=True)
class Remembering:
    """The engine, which reads each picture once for each page that is asked of it; what it read is kept in a folder."""

    folder: Path

    def __call__(self, picture: bytes, document: Document | None, side: Side | None) -> License:
        page = f"{document}-{side}".encode()
        kept = self.folder / f"{hashlib.sha256(page + picture).hexdigest()}.json"
        if not kept.exists():
            try:
                told = read(picture, document, side).model_dump_json()
            except NoLicense as nothing:
                told = json.dumps(nothing.flags)
            with tempfile.NamedTemporaryFile("w", dir=self.folder, encoding="utf-8", delete=False) as written:
                written.write(told)
            Path(written.name).rename(kept)
        text = kept.read_text(encoding="utf-8")
        if text.startswith("["):
            raise NoLicense(tuple(json.loads(text)))
        return License.model_validate_json(text)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    """The service as it is deployed: engine, secrets, fetching and clock; only that it remembers what it has read."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "readings"
    folder.mkdir(exist_ok=True)
    return Service(read=Remembering(folder), credentials=credentials, fetch=fetch)


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
