"""One event is delivered to eight workers at the same moment."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from bench.reliability.board import Row, Seen, portion
from bench.surroundings.stage import LONG, Worker, cloud, staged
from bench.surroundings.vendor import Manner

if TYPE_CHECKING:
    from bench.command import Tell
    from bench.surroundings.stage import Stage

WORKERS = 8
ROUNDS = 25
SLOW = Manner(seconds=0.2)  # so that all of them find the upload unread


def measure(share: float, tell: Tell) -> Seen:
    """How often an upload that eight workers are told of is charged and told."""
    with cloud() as (account, resources), staged(account, resources, manner=SLOW) as stage:
        return rushed(stage, portion(ROUNDS, share), tell)


def rushed(stage: Stage, rounds: int, tell: Tell) -> Seen:
    """How often uploads that eight workers are told of are charged and told on this stage."""
    photos = stage.upload(rounds)
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(stage)) for _ in range(WORKERS)]
        for done, photo in enumerate(photos):
            tell(done, rounds)
            for number, worker in enumerate(workers):
                worker.start([photo.message(number)])
            for worker in workers:
                worker.answer()
        tell(rounds, rounds)
    with Worker(stage, later=LONG) as worker:  # those who were turned away come again
        for photo in photos:
            worker.run([photo.message()])
    lost, untold = stage.missing(photos)
    charges = sum(stage.vendor.charged[photo.sha256] for photo in photos)
    notices = sum(map(stage.heard, photos))
    figures = f"{rounds} events, {WORKERS} deliveries each: {charges} charges, {notices} notices"
    return Seen(figures, held=charges == notices == rounds and not lost and not untold)


ROW = Row(f"{WORKERS} simultaneous deliveries of one event", "1 charge, 1 notice", measure)
