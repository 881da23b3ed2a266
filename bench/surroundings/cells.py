"""Processes of which each may crash, hang or swell without taking anybody along: what happened in them is told."""

from __future__ import annotations

import multiprocessing
import os
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

_SPAWN = multiprocessing.get_context("spawn")
_TICK = 0.5

type Work = Callable[[Any], Any]
"""What a cell does with one item; a function of a module, so that a new process finds it."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a cell made of some items, and the most memory that it held meanwhile, in bytes above its first state."""

    first: Any
    """The first of the items, by which the others are known."""
    results: list[Any]
    memory: int


@dataclass(frozen=True, slots=True)
class Lost:
    """An item at which a cell ended, and how."""

    item: Any
    how: str


def done(work: Work, batches: Iterable[list[Any]], *, patience: float, cells: int = 0) -> Iterator[Done | Lost]:
    """What became of every item; one that takes longer than `patience` seconds, or ends its process, is lost alone."""
    waiting = iter(batches)
    busy = [cell for _ in range(cells or os.cpu_count() or 1) if (cell := _Cell(work)).take(next(waiting, []))]
    try:
        while busy:
            ready = connection.wait([cell.told for cell in busy], timeout=_TICK)
            for cell in list(busy):
                if cell.told in ready or cell.late(patience):
                    yield from cell.reap(patience)
                    if not cell.batch and not cell.take(next(waiting, [])):
                        busy.remove(cell)
                        cell.close()
    finally:
        for cell in busy:
            cell.close()


class _Cell:
    """One process, started anew after it was lost."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._at = _SPAWN.Array("d", 2)  # the number of the item in the batch, and when it began
        self.batch: list[Any] = []
        self.told: Connection
        self._process: SpawnProcess
        self._start()

    def _start(self) -> None:
        self.told, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_live, args=(theirs, self._at, self._work), daemon=True)
        self._process.start()
        theirs.close()

    def take(self, batch: list[Any]) -> bool:
        """Whether there was something to give it."""
        self.batch = batch
        if batch:
            self._at[:] = [0, time.monotonic() + 30]  # a new process has to import first
            self.told.send(batch)
        return bool(batch)

    def late(self, patience: float) -> bool:
        """Whether its item takes too long."""
        return bool(time.monotonic() - self._at[1] > patience)

    def reap(self, patience: float) -> Iterator[Done | Lost]:
        """What it made of its batch; or the item that it was lost at, after which it goes on with the others."""
        with suppress(EOFError, ConnectionError):
            if self.told.poll():
                finished: Done = self.told.recv()
                self.batch = []
                yield finished
                return
        if not self.late(patience):
            self._process.join(_TICK)  # its end is told before it is over
        number, hung = int(self._at[0]), self._process.is_alive() and self.late(patience)
        self.close()
        yield Lost(self.batch[number], f"took over {patience:.0f} s" if hung else f"ended by {self._process.exitcode}")
        rest = self.batch[:number] + self.batch[number + 1 :]
        self._start()
        self.take(rest)

    def close(self) -> None:
        """Ends the process."""
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self.told.close()


def _live(told: Connection, at: Any, work: Work) -> None:
    """Works through batches until there are no more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libtiff tells what it thinks of each picture
    warnings.simplefilter("ignore")
    base = 0
    with suppress(EOFError):
        while True:
            batch = told.recv()
            if not base:
                work(None)  # what is imported and warmed once is no item's doing
                base = _resident("VmRSS")
            forget_peak()
            results = []
            for number, item in enumerate(batch):
                at[:] = [number, time.monotonic()]
                results.append(work(item))
            told.send(Done(batch[0], results, _resident("VmHWM") - base))


def _resident(name: str) -> int:
    """The memory of this process by a name of the kernel's, in bytes."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - not a file of ours
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))


def forget_peak() -> None:
    """Has the most memory that this process held counted anew."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as flags:  # noqa: PTH123 - not a file of ours
        flags.write("5")
