"""A worker is killed before and after every remote call of an upload; the upload is delivered again, twice over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.reliability.board import Row, Seen
from bench.surroundings.stage import LONG, Worker, cloud, staged

if TYPE_CHECKING:
    from bench.command import Tell
    from bench.surroundings.stage import Photo, Stage

PAID_TWICE = 2  # points at most: between the vendor's answer and the write of it
# Redelivered when the lease of the dead is over, and that of its notice.
LATER = LONG + 60


def measure(share: float, tell: Tell) -> Seen:  # noqa: ARG001 - every point is tried, however little is asked
    """What is lost and paid twice when a worker dies."""
    with cloud() as (account, resources), staged(account, resources) as stage:
        return killed(stage, tell)


def killed(stage: Stage, tell: Tell) -> Seen:
    """What is lost and paid twice on this stage."""
    (tried,) = stage.upload(1)
    with Worker(stage) as worker:
        answer = worker.run([tried.message()])
    if answer is None or answer["failed"]:
        return Seen("an upload that nothing befell was not read", held=False)
    points = [(number, when) for number in range(1, len(answer["calls"]) + 1) for when in ("before", "after")]
    photos = stage.upload(len(points))
    deaths = 0
    for done, (photo, point) in enumerate(zip(photos, points, strict=True)):
        tell(done, len(points))
        with Worker(stage) as worker:
            deaths += worker.run([photo.message()], die=point) is None
    tell(len(points), len(points))
    _deliver_again(stage, photos)
    lost, untold = stage.missing(photos)
    twice = sum(stage.vendor.charged[photo.sha256] > 1 for photo in photos)
    figures = f"{deaths} deaths: {lost} records and {untold} notices lost, {twice} paid twice"
    return Seen(figures, held=deaths == len(points) and not lost and not untold and twice <= PAID_TWICE)


def _deliver_again(stage: Stage, photos: list[Photo]) -> None:
    """Delivers each upload once more, and then again, as a queue may."""
    with Worker(stage, later=LATER) as worker:
        for _ in range(2):
            for begin in range(0, len(photos), 10):
                worker.run([photo.message() for photo in photos[begin : begin + 10]])


ROW = Row(
    "kill -9 before and after every remote call, delivered again",
    f"0 lost records, 0 lost notices, at most {PAID_TWICE} points that pay twice",
    measure,
)
