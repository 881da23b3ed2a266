"""A secret is rotated, or a token ends, while batches are read: the old one is refused from one call to the next."""

from __future__ import annotations

import json
import threading
import time
import uuid
from contextlib import ExitStack
from typing import TYPE_CHECKING

from bench.reliability.board import Row, Seen, portion
from bench.surroundings.stage import Worker, cloud, configured, staged

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.command import Tell
    from bench.surroundings.stage import Stage

ENVIRONMENTS = 2
BATCHES = 6
BATCH = 10
PATIENCE = 20.0
RATE = 6.0  # calls a second: each is answered before the environment's next is sent
ACCOUNT = {"domain": "domain", "user": "user", "password": "password", "project": "cn-north-4"}

type Change = Callable[[Stage], None]


def measure(share: float, tell: Tell) -> Seen:
    """How many documents fail and calls are refused when secrets are rotated and tokens end."""
    batches = portion(BATCHES, share)
    with cloud() as (account, resources):
        with staged(account, resources) as stage:
            rotated = changed(stage, "embedded", batches, tell)
        with staged(account, resources, vendors=["huawei"]) as stage:
            ended = changed(stage, "huawei", batches, tell)
    return Seen(f"secrets: {rotated.figures}; tokens: {ended.figures}", held=rotated.held and ended.held)


def changed(stage: Stage, vendor: str, batches: int, tell: Tell) -> Seen:
    """What becomes of documents and calls on this stage, the vendor's key changed in the middle of each batch."""
    failed, change = 0, CHANGES[vendor]
    if vendor == "huawei":
        _put(stage, vendor, ACCOUNT)
    change(stage)
    with configured(stage, vendor, rate=RATE), ExitStack() as stack:
        workers = [stack.enter_context(Worker(stage)) for _ in range(ENVIRONMENTS)]
        for worker in workers:
            worker.run([stage.upload(1)[0].message()])
        for done in range(batches):
            tell(done, batches)
            photos = [stage.upload(BATCH) for _ in workers]
            middle = stage.vendor.calls + len(workers) * BATCH // 2
            changing = threading.Thread(target=_change_midway, args=(stage, change, middle))
            changing.start()
            for worker, own in zip(workers, photos, strict=True):
                worker.start([photo.message() for photo in own])
            answers = [worker.answer() for worker in workers]
            failed += sum(BATCH if answer is None else len(answer["failed"]) for answer in answers)
            changing.join()
        tell(batches, batches)
    refused = stage.vendor.refused
    figures = f"{batches} changes, {ENVIRONMENTS} environments: {failed} documents failed, {refused} calls refused"
    return Seen(figures, held=not failed and 0 < refused <= batches * ENVIRONMENTS)


def _change_midway(stage: Stage, change: Change, calls: int) -> None:
    """Changes the key once so many calls were charged, or after a while without them."""
    until = time.monotonic() + PATIENCE
    while stage.vendor.calls < calls and time.monotonic() < until:
        time.sleep(0.002)
    change(stage)


def _rotate(stage: Stage) -> None:
    """Has the secret and the vendor know a new key, and no other."""
    key = uuid.uuid4().hex
    _put(stage, "embedded", {"api_key": key})
    stage.vendor.key = key


def _end_token(stage: Stage) -> None:
    """Has the vendor know no token but one that the next login brings."""
    stage.vendor.key = uuid.uuid4().hex


def _put(stage: Stage, vendor: str, secret: object) -> None:
    stage.account.secretsmanager.put_secret_value(SecretId=f"{stage.name}/{vendor}", SecretString=json.dumps(secret))


CHANGES: dict[str, Change] = {"embedded": _rotate, "huawei": _end_token}

ROW = Row(
    "a secret rotated, a token ended in the middle of a batch",
    "0 documents failed, <= 1 refused call per environment",
    measure,
)
