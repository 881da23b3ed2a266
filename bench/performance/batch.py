"""A batch of ten uploads, against the same ten one after another; and one of ten whose vendor hangs.

The real handler runs in a process of its own. Its AWS answers from memory on loopback, since the emulator takes more of
a small machine's processors than the handler does, where AWS takes none: what the emulator leaves of the gain is told
beside it. Every upload is flagged and told, so that it costs as many calls as any. Before a batch the vendor was asked
within the second, as it is while the queue is worked off; after a silence the first call of a batch goes ahead of the
others, lest all be refused if the secret was rotated meanwhile, and what that costs is told as well.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bench.performance.board import Row, Seen
from bench.surroundings import loopback as answering
from bench.surroundings.aws import Aws, environment
from bench.surroundings.processes import reader_environment
from bench.surroundings.stage import BUCKET, Worker, cloud, photographed, staged
from bench.surroundings.vendor import Manner, Vendor, serving
from license_reader.keys import TRUST
from license_reader.ledger import Notice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from http import HTTPStatus

    from bench.command import Tell
    from bench.surroundings.stage import Photo

BATCH = 10
SECONDS = 0.4
ROUNDS = 5
LEAST_GAIN = 8.0
PATIENCE = 20.0  # for the others of a batch whose vendor hangs with one
_VENDOR = Manner(seconds=SECONDS)


class Ground(Protocol):
    """Where the handler is run."""

    def environment(self) -> dict[str, str]:
        """What it finds in its environment."""

    def upload(self, count: int) -> list[Photo]:
        """So many photos that only the caller tells it of."""


@dataclass(frozen=True, slots=True)
class Loopback:
    """AWS in memory, with one vendor."""

    aws: Aws

    def upload(self, count: int) -> list[Photo]:
        """So many photos, no two alike."""
        return [photographed(self._put) for _ in range(count)]

    def _put(self, key: str, content: bytes) -> str:
        self.aws.objects[f"/{BUCKET}/{key}"] = content, {}
        return "1"

    def told(self, photos: Sequence[Photo]) -> int:
        """How many of the photos have a record whose notice went out."""
        items = list(self.aws.items.values())  # the handler goes on writing
        sent = {item["object"]["S"] for item in items if item.get("notice") == {"S": Notice.SENT}}
        return sum(photo.object in sent for photo in photos)

    def environment(self) -> dict[str, str]:
        """What a worker finds in its environment."""
        return {**reader_environment(), **environment(self.aws)}


@dataclass(frozen=True, slots=True)
class Took:
    """The seconds that ten uploads took: one after another, as a batch, and as a batch after a silence."""

    alone: float
    batch: float
    silenced: float

    @property
    def gain(self) -> float:
        """How many times faster the batch is."""
        return self.alone / self.batch


@dataclass(frozen=True, slots=True)
class Hung:
    """A batch of which one picture's vendor hung until the others were told: how many, after how many seconds.

    `read` is how many were read once the vendor was let go.
    """

    others: int
    seconds: float
    read: int


class Hanging(Vendor):
    """A vendor that says nothing of one picture until it is let go."""

    def __init__(self, manner: Manner) -> None:
        super().__init__(manner)
        self.held: str | None = None
        self.let_go = threading.Event()

    def asked(self, picture: bytes, key: str | None) -> HTTPStatus | None:
        """The answer, which for the picture that is held comes late."""
        if hashlib.sha256(picture).hexdigest() == self.held:
            self.let_go.wait(PATIENCE + SECONDS)
        return super().asked(picture, key)


@contextmanager
def loopback(vendor: Vendor) -> Iterator[Loopback]:
    """AWS in memory, its settings naming this vendor alone."""
    with answering.serving(Aws()) as aws:
        settings = {
            "settings": {"vendors": ["embedded"]},
            "vendors/embedded": {"endpoint": vendor.url, "secret": "key"},
        }
        aws.parameters = {f"/stack/{name}": json.dumps(told) for name, told in settings.items()}
        aws.secrets = {"key": json.dumps({"api_key": "key"})}
        yield Loopback(aws)


def took(ground: Ground, rounds: int, tell: Tell) -> Took:
    """The least that ten uploads take each way, the ways taking turns in one warm process."""
    alone, batch, silenced = [], [], []
    with Worker(ground) as worker:
        _read(worker, ground.upload(BATCH))  # clients, connections and credentials are at hand from here on
        for done in range(rounds):
            tell(done, rounds)
            alone.append(sum(_read(worker, [photo]) for photo in ground.upload(BATCH)))
            batch.append(_read(worker, ground.upload(BATCH)))
            photos = ground.upload(BATCH)
            time.sleep(TRUST)
            silenced.append(_read(worker, photos))
        tell(rounds, rounds)
    return Took(min(alone), min(batch), min(silenced))


def _read(worker: Worker, photos: Sequence[Photo]) -> float:
    """The seconds that an invocation takes for these photos."""
    answer = worker.run([photo.message() for photo in photos])
    if answer is None or answer["failed"]:
        raise RuntimeError("the handler died, or failed to read a photo: what it logs tells why")
    return float(answer["seconds"])


def hung() -> Hung:
    """What the others of a batch come to while the vendor hangs with one of them."""
    with answering.serving(Hanging(_VENDOR)) as vendor, loopback(vendor) as ground, Worker(ground) as worker:
        _read(worker, ground.upload(BATCH))
        slow, *others = photos = ground.upload(BATCH)
        vendor.held = slow.sha256
        began = time.monotonic()
        worker.start([photo.message() for photo in photos])
        while (told := ground.told(others)) < len(others) and time.monotonic() - began < PATIENCE:
            time.sleep(0.01)
        seconds = time.monotonic() - began
        vendor.let_go.set()
        answer = worker.answer()
        return Hung(told, seconds, 0 if answer is None else len(photos) - len(answer["failed"]))


def measure(tell: Tell) -> Seen:
    """How much faster a batch is on loopback and in the local cloud, and whether one that hangs holds the others."""
    full = 2 * ROUNDS
    with serving(_VENDOR) as vendor, loopback(vendor) as ground:
        light = took(ground, ROUNDS, lambda done, _: tell(done, full))
    held_up = hung()
    with cloud() as (account, resources), staged(account, resources, manner=_VENDOR) as stage:
        emulated = took(stage, ROUNDS, lambda done, _: tell(ROUNDS + done, full))
    return judged(light, emulated, held_up)


def judged(light: Took, emulated: Took, held_up: Hung) -> Seen:
    """Whether the batch is fast enough, and nobody waits for the one that hangs."""
    own = (
        f"{light.batch:.2f} s ({light.silenced:.2f} s after a silence; in the emulator {emulated.batch:.2f} s);"
        f" {held_up.others} of {BATCH - 1} told after {held_up.seconds:.2f} s while the tenth hangs"
    )
    peer = f"{light.alone:.2f} s (in the emulator {emulated.alone:.2f} s, {emulated.gain:.1f} x)"
    let_through = held_up.others == BATCH - 1 and held_up.read == BATCH
    return Seen(own, peer, light.gain, held=light.gain >= LEAST_GAIN and let_through)


ROW = Row(
    f"batch of {BATCH} with a vendor that takes {SECONDS * 1000:.0f} ms, against one after another",
    f">= {LEAST_GAIN:.0f} x faster",
    measure,
)
