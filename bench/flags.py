"""The flags on pictures made to show them."""

from __future__ import annotations

from collections import Counter
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from tests.engine.render.conditions import CASES, WITHOUT_PAGE, picture

from bench.report import Shown
from bench.score import Rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from concurrent.futures import Executor
    from pathlib import Path

    from bench.contest import Worker
    from bench.score import Finding


def drawn(pool: Executor, name: str, *, count: int, seed: int) -> Iterator[tuple[bytes, Mapping[str, str]]]:
    """The case's pictures with the fields that stand on them, drawn by the pool ahead of their reading."""
    return pool.map(partial(_picture, name, seed), range(count))


def _picture(name: str, seed: int, number: int) -> tuple[bytes, Mapping[str, str]]:
    return picture(CASES[name], number, Random(f"{seed}/{name}/{number}"))  # noqa: S311 - a drawing keeps no secret


def shown(
    worker: Worker, name: str, path: Path, pictures: Iterable[tuple[bytes, Mapping[str, str]]]
) -> Iterator[Shown]:
    """What the worker said of the case's pictures, each written to the path, told anew after each of them."""
    case = CASES[name]
    missed: list[bool] = []
    strays = Counter[str]()
    unknown = alarmed = 0
    for number, (content, fields) in enumerate(pictures):
        path.write_bytes(content)
        document, side = case.expected(number)
        found = worker.ask(path, document=document, side=side).finding()
        others = [flag for flag in found.flags if flag != case.flag]
        strays.update(others)
        alarmed += bool(others)
        unknown += found.document is None
        if case.flag and is_due(case.flag, fields, found):
            missed.append(case.flag not in found.flags)
        yield Shown(name, case.flag, number + 1, unknown, alarmed, Rate.of(missed), dict(strays))


def is_due(flag: str, fields: Mapping[str, str], found: Finding) -> bool:
    """Whether the flag must be there: blur on whatever was not read right, a page's own flags once a page is found."""
    if flag == "blur":
        return found.fields != fields
    return flag in WITHOUT_PAGE or found.document is not None
