"""A vendor that takes ten calls a second, and twenty threads in two processes that want more."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import TYPE_CHECKING, Any, cast

import requests
from aws_lambda_powertools.utilities.parameters import BaseProvider

from bench.reliability.board import Row, Seen, portion
from bench.surroundings.loopback import Handler, Loopback, serving
from license_reader.chain import Chain
from license_reader.errors import NoVendorLeft
from license_reader.image import Image
from license_reader.license import Document, Side
from license_reader.meter import Meter
from license_reader.settings import Configuration, Plan
from license_reader.spending import Spending

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

    from aws_lambda_powertools.utilities.parameters import SecretsProvider, SSMProvider
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from bench.command import Tell

FULL = 1200
LIMIT = 10
WORKERS, THREADS = 2, 10
LEAST_USED = 0.8
_WINDOW = 1.0
_PATIENCE = 600.0
_SPAWN = multiprocessing.get_context("spawn")
_PICTURE = Image(content=b"\xff\xd8\xff" + bytes(20_000), format="jpeg", width=1000, height=700)
_PLAN = Plan(document=Document.VEHICLE_LICENSE, side=Side.FRONT, told=True, vendors=("tencent",))
_READ = {"Response": {"RequestId": "r", "FrontInfo": {"PlateNo": "京A12345"}}}
_REFUSED = {"Response": {"RequestId": "r", "Error": {"Code": "RequestLimitExceeded", "Message": "slower"}}}


class Limited(Loopback):
    """A vendor on loopback that lets no more than so many calls pass within any second, and refuses the others."""

    def __init__(self, limit: int) -> None:
        super().__init__(_Handler)
        self.served: list[float] = []
        self.rejected = 0
        self._limit = limit
        self._lock = threading.Lock()
        self._recent: deque[float] = deque()

    @property
    def used(self) -> float:
        """The share of the limit that was used from the first call to the last."""
        lasted = self.served[-1] - self.served[0] if len(self.served) > 1 else 0.0
        return (len(self.served) - 1) / lasted / self._limit if lasted else 0.0

    def asked(self) -> dict[str, Any]:
        """The answer to one more call."""
        with self._lock:
            now = time.monotonic()
            while self._recent and self._recent[0] <= now - _WINDOW:
                self._recent.popleft()
            if len(self._recent) >= self._limit:
                self.rejected += 1
                return _REFUSED
            self._recent.append(now)
            self.served.append(now)
            return _READ


class _Handler(Handler):
    def do_POST(self) -> None:  # noqa: N802 - the base names it so
        self.rfile.read(int(self.headers["Content-Length"]))
        told = json.dumps(cast("Limited", self.behind).asked()).encode()
        self.answer(200, told, {"Content-Type": "application/json"})


class Stored(BaseProvider):
    """Parameters and secrets in memory, behind the same cache as those of AWS."""

    def __init__(self, texts: dict[str, str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._texts = texts

    def _get(self, name: str, **_: Any) -> str:
        return self._texts[name]

    def _get_multiple(self, path: str, **_: Any) -> dict[str, Any]:
        return {name.removeprefix(path): text for name, text in self._texts.items() if name.startswith(path)}


def ask(url: str, documents: int, ready: Barrier) -> None:
    """Has ten threads ask for so many documents, as one environment of two."""
    with requests.Session() as session, ThreadPoolExecutor(THREADS) as threads:
        session.trust_env = False
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=THREADS))
        chain = Chain(
            Configuration(
                path="/stack", ssm=cast("SSMProvider", _settings(url)), secrets=cast("SecretsProvider", _SECRETS)
            ),
            session,
            spending=Spending(cast("DynamoDBClient", None), "nobody has a cap, so nothing is counted"),
            meter=Meter(),
            environments=WORKERS,
        )
        ready.wait()
        list(threads.map(_ask_once, repeat(chain, documents)))


def _ask_once(chain: Chain) -> None:
    try:
        chain.ask(_PICTURE, _PLAN, until=time.time() + _PATIENCE)
    except NoVendorLeft:
        return  # it is missing from those that were served


def _settings(url: str) -> Stored:
    vendor = {"endpoint": url, "rate": LIMIT, "secret": "tencent"}
    return Stored({"/stack/settings": '{"vendors": ["tencent"]}', "/stack/vendors/tencent": json.dumps(vendor)})


_SECRETS = Stored({"tencent": '{"secret_id": "id", "secret_key": "key"}'})


def measure(share: float, tell: Tell) -> Seen:
    """What the vendor saw of this share of the documents."""
    each = max(portion(FULL, share) // WORKERS, THREADS)
    ready = _SPAWN.Barrier(WORKERS)
    with serving(Limited(LIMIT)) as vendor:
        workers = [_SPAWN.Process(target=ask, args=(vendor.url, each, ready)) for _ in range(WORKERS)]
        for worker in workers:
            worker.start()
        while any(worker.is_alive() for worker in workers):
            workers[0].join(0.1)
            workers[-1].join(0.1)
            tell(len(vendor.served), each * WORKERS)
        lost = each * WORKERS - len(vendor.served)
        figures = (
            f"{len(vendor.served):,} documents, {WORKERS} workers x {THREADS} threads: {vendor.rejected} rejected,"
            f" {lost} not read, {vendor.used:.2f} of the limit used"
        )
        return Seen(figures, not vendor.rejected and not lost and vendor.used >= LEAST_USED)


ROW = Row(f"vendor at {LIMIT} requests/s", f"0 rejected, >= {LEAST_USED} of the limit used", measure)
