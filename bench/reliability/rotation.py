"""A secret is rotated while batches are read: the old key is refused from one call to the next."""

from __future__ import annotations

import json
import threading
import time
import uuid
from contextlib import ExitStack
from typing import TYPE_CHECKING

from bench.reliability.board import Row, Seen, portion
from bench.reliability.stage import Worker, cloud, configured, staged

if TYPE_CHECKING:
    from bench.reliability.board import Tell
    from bench.reliability.stage import Stage

ENVIRONMENTS = 2
BATCHES = 6
BATCH = 10
PATIENCE = 20.0
RATE = 15.0  # calls a second: each is answered before the environment's next is sent


def measure(share: float, tell: Tell) -> Seen:
    """How many documents fail and calls are refused when a secret is rotated."""
    with cloud() as (account, resources), staged(account, resources) as stage:
        return rotated(stage, portion(BATCHES, share), tell)


def rotated(stage: Stage, batches: int, tell: Tell) -> Seen:
    """How many documents fail and calls are refused on this stage, the secret rotated in the middle of each batch."""
    failed = 0
    _rotate(stage)
    stage.vendor.key = _key(stage)
    with configured(stage, rate=RATE), ExitStack() as stack:
        workers = [stack.enter_context(Worker(stage)) for _ in range(ENVIRONMENTS)]
        for worker in workers:
            worker.run([stage.upload(1)[0].message()])
        for done in range(batches):
            tell(done, batches)
            photos = [stage.upload(BATCH) for _ in workers]
            before = stage.vendor.calls
            rotation = threading.Thread(target=_rotate_midway, args=(stage, before + len(workers) * BATCH // 2))
            rotation.start()
            for worker, own in zip(workers, photos, strict=True):
                worker.start([photo.message() for photo in own])
            answers = [worker.answer() for worker in workers]
            failed += sum(BATCH if answer is None else len(answer["failed"]) for answer in answers)
            rotation.join()
        tell(batches, batches)
    most = batches * ENVIRONMENTS
    refused = stage.vendor.refused
    figures = f"{batches} rotations, {ENVIRONMENTS} environments: {failed} documents failed, {refused} calls refused"
    return Seen(figures, held=not failed and 0 < refused <= most)


def _rotate_midway(stage: Stage, calls: int) -> None:
    """Rotates the secret once so many calls were charged, or after a while without them."""
    until = time.monotonic() + PATIENCE
    while stage.vendor.calls < calls and time.monotonic() < until:
        time.sleep(0.002)
    _rotate(stage)
    stage.vendor.key = _key(stage)


def _rotate(stage: Stage) -> None:
    secret = json.dumps({"api_key": uuid.uuid4().hex})
    stage.account.secretsmanager.put_secret_value(SecretId=f"{stage.name}/embedded", SecretString=secret)


def _key(stage: Stage) -> str:
    """The key in force."""
    told = stage.account.secretsmanager.get_secret_value(SecretId=f"{stage.name}/embedded")
    key: str = json.loads(told["SecretString"])["api_key"]
    return key


ROW = Row("a secret rotated in the middle of a batch", "0 documents failed, <= 1 refused call per environment", measure)
