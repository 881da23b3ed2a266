"""What the commands of all boards have in common: rows asked for by name, and a bar for each while it is measured."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

type Tell = Callable[[int, int], None]
"""Is told how much is done, and of how much."""

progress = Console(stderr=True)


def parser(package: str, description: str, rows: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of `python -m PACKAGE [ROW ...]`, whose `rows` are all of them where none is named."""

    def known(name: str) -> str:
        if name not in rows:
            raise argparse.ArgumentTypeError(f"no row is called {name!r}; there are {', '.join(rows)}")
        return name

    made = argparse.ArgumentParser(prog=f"python -m {package}", description=description)
    named = f"which to measure (default: all): {', '.join(rows)}"
    made.add_argument("rows", nargs="*", metavar="ROW", type=known, default=rows, help=named)
    return made


@contextmanager
def shown(name: str) -> Iterator[Tell]:
    """Shows on a terminal how far what is called so is."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=progress, disable=not progress.is_terminal) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, full: bar.update(task, completed=done, total=full)
