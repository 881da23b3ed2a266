"""The answer to each call of the table and the topic is lost on the wire, once, and then as often as it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.reliability.board import Row, Seen
from bench.reliability.wire import Wire
from bench.surroundings.loopback import serving
from bench.surroundings.stage import LONG, Worker, cloud, staged

if TYPE_CHECKING:
    from bench.command import Tell
    from bench.surroundings.stage import Stage

ONCE, ALWAYS = 1, 3  # answers lost in a row: fewer than botocore asks, and all that it asks
LATER = LONG + 60


def measure(share: float, tell: Tell) -> Seen:  # noqa: ARG001 - every call is tried, however little is asked
    """What is lost or doubled when answers are."""
    with cloud() as (account, resources), staged(account, resources) as stage:
        return cut_off(stage, tell)


def cut_off(stage: Stage, tell: Tell) -> Seen:
    """What is lost or doubled on this stage when answers are lost."""
    with serving(Wire(str(stage.account.endpoint))) as wire:
        environment = {"AWS_ENDPOINT_URL": wire.url}
        with Worker(stage, environment=environment) as worker:
            worker.run([stage.upload(1)[0].message()])  # settings and secrets are known from here on
            wire.lose(range(0))
            worker.run([stage.upload(1)[0].message()])
            numbers = [number for number, target in enumerate(wire.passed, 1) if _writes(target)]
            cases = [(number, often) for number in numbers for often in (ONCE, ALWAYS)]
            photos, unrecognised = stage.upload(len(cases)), 0
            for done, (photo, (number, often)) in enumerate(zip(photos, cases, strict=True)):
                tell(done, len(cases))
                wire.lose(range(number, number + often))
                answer = worker.run([photo.message()])
                wire.lose(range(0))
                unrecognised += often == ONCE and (answer is None or bool(answer["failed"]))
            tell(len(cases), len(cases))
        with Worker(stage, later=LATER) as worker:
            for photo in photos:
                worker.run([photo.message()])
        lost_answers = wire.lost
    lost, untold = stage.missing(photos)
    charges = sum(stage.vendor.charged[photo.sha256] for photo in photos)
    distinct = sum(map(bool, map(stage.heard, photos)))
    again = sum(map(stage.heard, photos)) - distinct
    figures = (
        f"{lost_answers} answers lost over {len(photos)} uploads: {unrecognised} own writes not recognised,"
        f" {charges} charges,"
        f" {distinct} notices, {again} of them once more under their id,"
        f" {lost} records and {untold} notices lost"
    )
    return Seen(figures, held=charges == len(photos) and not unrecognised and not lost and not untold)


def _writes(target: str) -> bool:
    """Whether the request is one of the table's or the topic's."""
    return target.startswith("DynamoDB_") or target == "POST /"


ROW = Row(
    "an answer of the table or the topic lost on the wire", "own write recognised; nothing doubled or lost", measure
)
