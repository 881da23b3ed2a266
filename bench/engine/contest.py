"""The contest: every contestant a process of its own, asked one after another for each picture, never two at once."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel

from bench.engine.assign import ReadLine, finding
from bench.engine.score import Finding
from bench.surroundings.processes import ROOT, Process

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

RAPID_PYTHON = ROOT / ".tools" / "rapidocr" / "bin" / "python"
RAPIDOCR, TESSERACT = "RapidOCR", "Tesseract"
LANGUAGE = "chi_sim"
TESSERACT_PACKAGES = "tesseract-ocr tesseract-ocr-chi-sim tesseract-ocr-eng"
PATIENCE = 10.0  # seconds that a contestant may take to end


class NobodyThere(Exception):
    """Of the readers that were asked for none is installed; the message says how to install each."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A reader to be measured: its name, and the command that starts it."""

    name: str
    command: tuple[str, ...]


class Ready(BaseModel):
    """What a contestant says once it can read."""

    version: str
    threads: int


class Answer(BaseModel):
    """What a contestant says of one picture: a reading, or lines that are still to be given to fields."""

    seconds: float
    peak_mb: float
    reading: Finding | None = None
    lines: tuple[ReadLine, ...] = ()

    def finding(self) -> Finding:
        """What was found on the picture."""
        return self.reading if self.reading is not None else finding(self.lines)


def ours(threads: int) -> Contestant:
    """The embedded engine on this many threads."""
    return Contestant(
        f"ours, {threads} thread{'s' * (threads > 1)}",
        (sys.executable, "-m", "bench.engine.workers.ours", str(threads)),
    )


def rapidocr() -> Contestant | str:
    """RapidOCR as packaged; or, where it is not installed, how to install it."""
    if not RAPID_PYTHON.is_file():
        return f"{RAPIDOCR} is not measured: `make .tools/rapidocr/.stamp` installs it"
    return Contestant(RAPIDOCR, (str(RAPID_PYTHON), "-m", "bench.engine.workers.rapid"))


def tesseract() -> Contestant | str:
    """Tesseract with its Chinese model; or, where it is not installed, how to install it."""
    command = shutil.which("tesseract")
    languages = (
        subprocess.run([command, "--list-langs"], check=False, capture_output=True, text=True).stdout  # noqa: S603
        if command
        else ""
    )
    if not command or LANGUAGE not in languages.split():
        return f"{TESSERACT} is not measured: `apt-get install {TESSERACT_PACKAGES}` installs it"
    return Contestant(TESSERACT, (sys.executable, "-m", "bench.engine.workers.tesseract", command))


class Worker:
    """A contestant at work."""

    def __init__(self, process: Process) -> None:
        """Waits until the contestant whose process was begun just now can read."""
        self.name = process.name
        self.peak_mb = 0.0
        self._process = process
        began = time.perf_counter()
        ready = Ready.model_validate(process.hear(about="its start"))
        self.seconds_to_ready = time.perf_counter() - began
        self.version, self.threads = ready.version, ready.threads

    def ask(self, picture: Path, *, document: str | None = None, side: str | None = None) -> Answer:
        """What the contestant answers on a picture that is said to show this document and side.

        Raises:
            Ended: nothing.
        """
        request = {"path": str(picture), "document": document, "side": side}
        answer = Answer.model_validate(self._process.ask(request, about=picture.name))
        self.peak_mb = max(self.peak_mb, answer.peak_mb)
        return answer


@contextmanager
def at_work(contestant: Contestant) -> Iterator[Worker]:
    """The contestant's process, ready to read; ended afterwards."""
    process = Process(contestant.name, contestant.command)
    try:
        yield Worker(process)
    finally:
        process.close(patience=PATIENCE)


def asked_in_turn(workers: Sequence[Worker], picture: Path, turn: int) -> Iterator[tuple[str, Answer]]:
    """Each contestant's answer on the picture; who begins changes with the turn, so that none gains by its place."""
    first = turn % len(workers)
    for worker in (*workers[first:], *workers[:first]):
        yield worker.name, worker.ask(picture)


@dataclass(frozen=True, slots=True)
class Start:
    """How long fresh processes took, in the middle of several: to be ready, for the first reading, for a later one."""

    ready: float
    first: float
    later: float


def cold_starts(contestants: Sequence[Contestant], picture: Path, times: int) -> Iterator[tuple[str, Start]]:
    """Every contestant's fresh starts on the picture, one after another in turn."""
    for _ in range(times):
        for contestant in contestants:
            with at_work(contestant) as worker:
                first, *later = (worker.ask(picture).seconds for _ in range(3))
            yield contestant.name, Start(worker.seconds_to_ready, first, statistics.median(later))


def middle(starts: Sequence[Start]) -> Start:
    """The starts' medians."""
    return Start(
        statistics.median(start.ready for start in starts),
        statistics.median(start.first for start in starts),
        statistics.median(start.later for start in starts),
    )


@dataclass(frozen=True, slots=True)
class Ratio:
    """One contestant's seconds against another's, on the pictures that both read."""

    of_medians: float  # the median of the pictures' own ratios
    of_means: float

    @property
    def worst(self) -> float:
        """The less favourable of the two."""
        return max(self.of_medians, self.of_means)


def ratio(one: Mapping[str, float], other: Mapping[str, float]) -> Ratio | None:
    """The ratio of seconds by picture; None when there is no picture that both read."""
    shared = [name for name in one if name in other]
    if not shared:
        return None
    each = [one[name] / other[name] for name in shared]
    return Ratio(statistics.median(each), sum(one[name] for name in shared) / sum(other[name] for name in shared))
