"""A vendor on loopback that counts what it charges, and fails as it is told to: by our own contract, or by Huawei's."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from random import Random
from typing import TYPE_CHECKING, cast

from bench.surroundings import loopback
from bench.surroundings.loopback import Handler, Loopback
from license_reader.vendors.huawei import TOKEN_HEADER, TOKENS_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where a request has its key and its picture, and how each status is told."""

    key: str
    picture: Callable[[bytes], bytes]
    told: Mapping[HTTPStatus, object]


NATIVE = Dialect(
    "X-Api-Key",
    bytes,
    {
        HTTPStatus.OK: {
            "document": "vehicle_license",
            "side": "front",
            "fields": {"plate_no": "皖A12345", "vin": "LSGPC52U6AF102554", "owner": "李小明"},
            "flags": [{"code": "blur"}],  # so that each upload has a notice
        },
        HTTPStatus.UNAUTHORIZED: {"error": {"code": "unauthorized"}},
        HTTPStatus.SERVICE_UNAVAILABLE: {"error": {"code": "unavailable"}},
    },
)
HUAWEI = Dialect(
    "X-Auth-Token",
    lambda body: base64.b64decode(json.loads(body)["image"]),
    {
        HTTPStatus.OK: {"result": {"number": "皖A12345", "vin": "LSGPC52U6AF102554", "name": "李小明"}},
        HTTPStatus.UNAUTHORIZED: {"error_code": "APIG.0301", "error_msg": "token expires"},
        HTTPStatus.SERVICE_UNAVAILABLE: {"error_code": "ModelArts.4401"},
    },
)
TOKEN_BODY = {"token": {"expires_at": "2099-01-01T00:00:00.000000Z", "project": {"id": "project"}}}


@dataclass(frozen=True, slots=True)
class Manner:
    """How the vendor behaves: the seconds of an answer, the shares of calls that fail, or are charged in silence."""

    seconds: float = 0.0
    failing: float = 0.0
    charged_silent: float = 0.0
    seed: int = 1


class Vendor(Loopback):
    """What was charged, by the picture's SHA-256, and how often the answer was withheld after a charge."""

    def __init__(self, manner: Manner) -> None:
        super().__init__(_Handler)
        self.manner = manner
        self.charged: Counter[str] = Counter()
        self.silent: Counter[str] = Counter()
        self.failed = 0
        self.refused = 0
        self.key: str | None = None  # or token: the one that is let in; None lets in all
        self.logins = 0
        self.released = threading.Event()
        self._lock = threading.Lock()
        self._random = Random(manner.seed)  # noqa: S311 - to be repeated, not to be secret

    def logged_in(self) -> str:
        """The token in force."""
        with self._lock:
            self.logins += 1
            self.key = self.key or "token"
            return self.key

    def asked(self, picture: bytes, key: str | None) -> HTTPStatus | None:
        """The status that a picture is answered with; None where nothing is said, though it is charged."""
        with self._lock:
            if self.key not in {None, key}:
                self.refused += 1
                return HTTPStatus.UNAUTHORIZED
            drawn = self._random.random()
            if drawn < self.manner.failing:
                self.failed += 1
                return HTTPStatus.SERVICE_UNAVAILABLE
            name = hashlib.sha256(picture).hexdigest()
            self.charged[name] += 1
            if drawn < self.manner.failing + self.manner.charged_silent:
                self.silent[name] += 1
                return None
        return HTTPStatus.OK

    @property
    def calls(self) -> int:
        """How many calls were charged."""
        return self.charged.total()

    def close(self) -> None:
        """Lets go whoever still waits, and ends."""
        self.released.set()
        super().close()


def serving(manner: Manner | None = None) -> AbstractContextManager[Vendor]:
    """A vendor that answers in the background."""
    return loopback.serving(Vendor(manner or Manner()))


class _Handler(Handler):
    def do_POST(self) -> None:  # noqa: N802 - the base names it so
        vendor = cast("Vendor", self.behind)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == TOKENS_PATH:
            self._tell(HTTPStatus.CREATED, TOKEN_BODY, {TOKEN_HEADER: vendor.logged_in()})
            return
        dialect = HUAWEI if self.path.startswith("/v2/") else NATIVE
        time.sleep(vendor.manner.seconds)
        status = vendor.asked(dialect.picture(body), self.headers.get(dialect.key))
        if status is None:
            vendor.released.wait(60)
            self.close_connection = True
            return
        self._tell(status, dialect.told[status])

    def _tell(self, status: HTTPStatus, told: object, headers: Mapping[str, str] | None = None) -> None:
        self.answer(status, json.dumps(told).encode(), {"Content-Type": "application/json", **(headers or {})})
