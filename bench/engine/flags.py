"""The flags on pictures made to show them."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from tests.engine.render import conditions

from bench.engine.report import Shown
from bench.engine.score import Rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Executor
    from pathlib import Path

    from bench.engine.contest import Worker
    from bench.engine.score import Finding


def drawn(pool: Executor, name: str, *, count: int, seed: int) -> Iterator[conditions.Drawn]:
    """The case's pictures, drawn by the pool ahead of their reading."""
    return pool.map(partial(conditions.drawn, name, seed=seed), range(count))


def shown(worker: Worker, name: str, path: Path, pictures: Iterable[conditions.Drawn]) -> Iterator[Shown]:
    """What the worker said of the case's pictures, each written to the path, told anew after each of them."""
    case = conditions.CASES[name]
    missed: list[bool] = []
    strays = Counter[str]()
    unknown = alarmed = 0
    for number, picture in enumerate(pictures):
        read = partial(_read, worker, path, *case.expected(number))
        found = read(picture.content)
        others = [flag for flag in found.flags if flag != case.flag]
        strays.update(others)
        alarmed += bool(others)
        unknown += found.document is None
        if case.flag and conditions.can_show(case.flag, picture, found, read):
            missed.append(case.flag not in found.flags)
        yield Shown(name, case.flag, number + 1, unknown, alarmed, Rate.of(missed), dict(strays))


def _read(worker: Worker, path: Path, document: str | None, side: str | None, content: bytes) -> Finding:
    """What the worker finds on the picture, written to the path for it, when told to expect this."""
    path.write_bytes(content)
    return worker.ask(path, document=document, side=side).finding()
