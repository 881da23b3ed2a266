"""Measures the embedded engine beside RapidOCR and Tesseract: python -m bench.engine, or license-ocr bench engine."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from tests.engine.render.conditions import CASES
from tests.engine.render.fonts import FontsMissing
from tests.engine.render.sets import LEVELS

from bench.engine import contest, flags, pictures, sheet, table
from bench.engine.report import Report, Result, Shown, as_data
from bench.engine.score import Judged, Rate, right
from bench.surroundings.processes import Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bench.engine.contest import Contestant, Start, Worker
    from bench.engine.pictures import Photo

ENGINES = ("ours", "rapidocr", "tesseract")
COUNT, SEED, SHOWN, STARTS = 300, 9000, 40, 5
THREADS = 2
ONE_IN = 4  # pictures that the engine reads on one thread as well
REST = 0.1  # seconds between readings, in which the last one's threads, if they spin, go to sleep

progress = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Options:
    """What is to be measured, and where what comes of it goes."""

    count: int
    seed: int
    folder: Path | None
    engines: tuple[str, ...]
    full: bool
    starts: int
    flags: int
    sheet: Path | None
    json: Path | None
    jobs: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables; returns the exit status, which says whether all was measured, not how well it went."""
    options = _options(arguments)
    try:
        font = sheet.face() if options.sheet else None
        with TemporaryDirectory() as folder, _progress() as bar:
            report, photos = _measured(options, bar, Path(folder))
            if font and options.sheet and report.ours in report.results:
                paths = {photo.path.name: photo.path for photo in photos}
                sheet.drawn(sheet.failures(report.results[report.ours].judged, paths), font).save(options.sheet)
    except (pictures.NoPictures, contest.NobodyThere, Ended, FontsMissing) as error:
        progress.print(f"[bold red]failed:[/] {error}", highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        progress.print("stopped")
        return 130
    table.show(report, Console())
    if options.json:
        options.json.write_text(json.dumps(as_data(report), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(
        prog="license-ocr bench engine", description="Measures the engine beside its peers."
    )
    parser.add_argument("--count", type=_from(1), default=COUNT, help=f"pictures to draw (default: {COUNT})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"what they are drawn from (default: {SEED})")
    parser.add_argument(
        "--folder", type=Path, help="measure on this folder's pictures, told by its truth.json, instead"
    )
    parser.add_argument("--engines", type=_engines, default=ENGINES, help=f"which (default: {','.join(ENGINES)})")
    parser.add_argument("--full", action="store_true", help=f"one thread reads every picture, not one in {ONE_IN}")
    parser.add_argument("--starts", type=_from(0), default=STARTS, help=f"fresh processes to start (default: {STARTS})")
    parser.add_argument("--flags", type=_from(0), help=f"pictures of each condition (default: {SHOWN}; of a folder: 0)")
    parser.add_argument("--sheet", type=_to_write, metavar="PNG", help="a picture of the fields that were read wrong")
    parser.add_argument("--json", type=_to_write, metavar="FILE", help="all figures, and what was read wrong")
    parser.add_argument(
        "--jobs", type=_from(1), default=os.cpu_count() or 1, help="processes that draw (default: the cores)"
    )
    given = parser.parse_args(arguments)
    if given.flags is None:
        given.flags = 0 if given.folder else SHOWN
    return Options(**vars(given))


def _from(least: int) -> Callable[[str], int]:
    """What reads a number no less than this."""

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from {least}")
        return int(text)

    return number


def _engines(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    unknown = [name for name in names if name not in ENGINES]
    if unknown:
        raise argparse.ArgumentTypeError(f"no engine is called {unknown[0]!r}; there are {', '.join(ENGINES)}")
    return names


def _to_write(text: str) -> Path:
    """The path, if its folder is there: a run takes too long to find out at its end."""
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}")
    return path


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[told]}"),
        console=progress,
        disable=not progress.is_terminal,
    )


def _measured(options: Options, bar: Progress, folder: Path) -> tuple[Report, list[Photo]]:
    """The report of a run, and the pictures that the contestants read."""
    contestants, absent = _contestants(options.engines)
    if not contestants:
        raise contest.NobodyThere("\n".join(absent))
    photos = _photos(options, bar, folder)
    licenses = [photo for photo in photos if photo.truth.document]
    report = Report(
        pictures=str(options.folder) if options.folder else f"{len(photos)} pictures drawn from seed {options.seed}",
        levels=tuple(dict.fromkeys(photo.level for photo in sorted(licenses, key=_roughness))),
        results={},
        ours=contest.ours(THREADS).name,
        rival=contest.RAPIDOCR,
        absent=absent,
    )
    report.starts = _starts(options, bar, photos, contestants)
    with ExitStack() as stack:
        workers = [stack.enter_context(contest.at_work(contestant)) for contestant in contestants]
        report.results = {worker.name: _result(worker) for worker in workers}
        _compete(workers, report, licenses, bar, one_in=1 if options.full else ONE_IN)
        for worker in workers:
            if worker.name == report.ours:
                report.shown = list(_shown(worker, options, bar, folder))
                report.others = _others(worker, photos, bar)
    return report, photos


def _photos(options: Options, bar: Progress, folder: Path) -> list[Photo]:
    """The pictures, all of them drawn before any is read: what draws would take the cores from what reads."""
    if options.folder:
        return pictures.found(options.folder)
    drawn = pictures.drawn(folder, count=options.count, seed=options.seed, jobs=options.jobs)
    return list(_counted(bar, "drawing", drawn, options.count))


def _roughness(photo: Photo) -> int:
    return LEVELS.index(photo.level) if photo.level in LEVELS else len(LEVELS)


def _contestants(engines: Iterable[str]) -> tuple[list[Contestant], list[str]]:
    """Who takes part, the engine first, and why others do not."""
    there: list[Contestant] = []
    absent: list[str] = []
    if "ours" in engines:
        there += [contest.ours(THREADS), contest.ours(1)]
    for name, peer in (("rapidocr", contest.rapidocr), ("tesseract", contest.tesseract)):
        if name in engines:
            found = peer()
            if isinstance(found, str):
                absent.append(found)
            else:
                there.append(found)
    return there, absent


def _result(worker: Worker) -> Result:
    return Result(worker.name, worker.version, worker.threads, timed_only=worker.name == contest.ours(1).name)


def _starts(
    options: Options, bar: Progress, photos: Sequence[Photo], contestants: Sequence[Contestant]
) -> dict[str, Start]:
    """The middle of each contestant's fresh starts; Tesseract's command starts afresh for every picture."""
    lasting = [one for one in contestants if one.name in {contest.ours(THREADS).name, contest.RAPIDOCR}]
    starts: dict[str, list[Start]] = {}
    began = contest.cold_starts(lasting, photos[0].path, options.starts)
    for name, start in _counted(bar, "starting", began, options.starts * len(lasting)):
        starts.setdefault(name, []).append(start)
    return {name: contest.middle(each) for name, each in starts.items()}


def _compete(workers: Sequence[Worker], report: Report, photos: Sequence[Photo], bar: Progress, *, one_in: int) -> None:
    """Lets every contestant read every picture; a first reading of each warms it and is not counted."""
    for worker in workers:
        if photos:
            worker.ask(photos[0].path)
    task = bar.add_task("reading", total=len(photos), told="")
    for turn, photo in enumerate(photos):
        asked = [worker for worker in workers if turn % one_in == 0 or not report.results[worker.name].timed_only]
        for name, answer in contest.asked_in_turn(asked, photo.path, turn):
            result = report.results[name]
            result.seconds[photo.path.name] = answer.seconds
            if not result.timed_only:
                result.judged.append(Judged(photo.path.name, photo.level, photo.truth, answer.finding()))
            time.sleep(REST)
        bar.update(task, advance=1, told=_so_far(report))
    for worker in workers:
        report.results[worker.name].peak_mb = worker.peak_mb


def _so_far(report: Report) -> str:
    """What each contestant read right so far."""
    rates = {name: right(result.judged).percent for name, result in report.results.items() if not result.timed_only}
    return "right: " + ", ".join(f"{name} {percent:.1f} %" for name, percent in rates.items() if percent is not None)


def _shown(worker: Worker, options: Options, bar: Progress, folder: Path) -> Iterator[Shown]:
    """How each condition's flag holds."""
    if not options.flags:
        return
    task = bar.add_task("flags", total=len(CASES) * options.flags, told="")
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for name in CASES:
            drawn = flags.drawn(pool, name, count=options.flags, seed=options.seed)
            state: Shown | None = None
            for state in flags.shown(worker, name, folder / "shown", drawn):
                bar.update(task, advance=1, told=f"{name}: {state.missed.part} missed")
            if state:
                yield state


def _others(worker: Worker, photos: Sequence[Photo], bar: Progress) -> Rate:
    """How many of the pictures that show no license the engine takes for one."""
    others = [photo for photo in photos if not photo.truth.document]
    return Rate.of(
        worker.ask(photo.path).finding().document is not None
        for photo in _counted(bar, "no licenses", others, len(others))
    )


def _counted[T](bar: Progress, what: str, items: Iterable[T], total: int) -> Iterator[T]:
    """The items, each shown on the bar once it is there."""
    if not total:
        return
    task = bar.add_task(what, total=total, told="")
    for item in items:
        bar.advance(task)
        yield item


if __name__ == "__main__":
    sys.exit(main())
