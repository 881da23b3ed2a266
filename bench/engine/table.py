"""A benchmark's report as tables: drawn for a terminal, as Markdown for a file."""

from __future__ import annotations

import io
import statistics
from collections import Counter
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.engine.report import alarms, bars
from bench.engine.score import SURE, bins, by_field, calibration_error, false_alarms, trusted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.engine.report import Report, Result
    from bench.engine.score import Rate

STYLE = {"pass": "green", "FALLS SHORT": "bold red", "not measured": "dim"}
WIDTH = 400  # a table in a file is as wide as it needs to be


def show(report: Report, console: Console) -> None:
    """Prints the report."""
    console.print(f"Measured on {report.pictures}.", highlight=False, soft_wrap=True)
    for reason in report.absent:
        console.print(reason, highlight=False, soft_wrap=True)
    for title, table in _tables(report):
        if not table.row_count:
            continue
        console.print(Text(f"\n{title}", style="bold"), soft_wrap=True)
        if console.is_terminal:
            console.print(table)
        else:
            console.print(f"\n{markdown(table)}", markup=False, highlight=False, soft_wrap=True)


def markdown(table: Table) -> str:
    """The table as Markdown."""
    table.box, table.pad_edge = box.MARKDOWN, True
    paper = Console(width=WIDTH, color_system=None, file=io.StringIO())
    with paper.capture() as printed:
        paper.print(table)
    return "\n".join(line for line in printed.get().splitlines() if line.strip())


def _tables(report: Report) -> Iterator[tuple[str, Table]]:
    ours = report.results.get(report.ours)
    levels = " / ".join(report.levels)
    readers = [result for result in report.results.values() if not result.timed_only]
    if report.levels:
        yield f"Read exactly right, {levels}", _accuracy(report, readers)
        yield f"Each field, percent exactly right, {levels}", _fields(report, readers)
        yield "Time and memory", _costs(report)
    if ours:
        found = bins(ours.outcomes)
        error = calibration_error(found)
        told = "" if error is None else f", expected calibration error {100 * error:.2f} %"
        yield "Confidence: what is left when only surer fields are trusted", _trusted(ours)
        yield f"Confidence: how sure, and how often right{told}", _reliability(ours)
        yield "Flags that are not due, by level", _alarms(report, ours)
    yield "Flags on pictures made to show them", _shown(report)
    yield "Bars", _bars(report)


def _table(*columns: str) -> Table:
    """A table of these columns, the first for names."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def _accuracy(report: Report, readers: Sequence[Result]) -> Table:
    table = _table("", *(f"{result.name}, {result.version}" for result in readers))
    each = [[result.at(level) for level in report.levels] for result in readers]
    whole = [result.at() for result in readers]
    counts = each[0] if each else []
    fields = " / ".join(str(at.fields.whole) for at in counts)
    table.add_row(f"fields, % (of {fields})", *(_percents([at.fields for at in row], 2) for row in each))
    pages = " / ".join(str(at.pages.whole) for at in counts)
    table.add_row(f"whole pages, % (of {pages})", *(_percents([at.pages for at in row]) for row in each))
    main = " / ".join(str(at.main_pages.whole) for at in counts)
    table.add_row(f"whole main pages, % (of {main})", *(_percents([at.main_pages for at in row]) for row in each))
    table.add_row("character error rate, %", *(_percents([at.characters for at in row], 2) for row in each))
    table.add_row("fields invented", *(" / ".join(str(at.invented) for at in row) for row in each))
    table.add_row("pictures whose page is told wrong", *(" / ".join(str(at.astray) for at in row) for row in each))
    table.add_row(
        f"wrong and {SURE} sure, % of all fields",
        *(f"{_percent(at.wrong_but_sure, 2)} ({at.wrong_but_sure.part})" for at in whole),
    )
    return table


def _fields(report: Report, readers: Sequence[Result]) -> Table:
    table = _table("field", "count", *(result.name for result in readers))
    rates = [[_of_level(result, level) for level in report.levels] for result in readers]
    names = dict.fromkeys(name for row in rates for at in row for name in at)
    for name in names:
        count = sum(at[name].whole for at in rates[0] if name in at)
        cells = [" / ".join(_percent(at.get(name)) for at in row) for row in rates]
        table.add_row(name, str(count), *cells)
    return table


def _of_level(result: Result, level: str) -> Mapping[str, Rate]:
    return by_field([each for each in result.judged if each.level == level])


def _costs(report: Report) -> Table:
    rival = f"x {report.rival}"
    table = _table("", "threads", "pictures", "s median", "mean", "most", rival, "MB", "ready s", "first s", "later s")
    for name, result in report.results.items():
        if not result.seconds:
            continue
        seconds = list(result.seconds.values())
        start, times = report.starts.get(name), report.ratio_to_rival(name)
        table.add_row(
            name,
            str(result.threads),
            str(len(seconds)),
            f"{statistics.median(seconds):.2f}",
            f"{statistics.fmean(seconds):.2f}",
            f"{max(seconds):.2f}",
            f"{times.of_medians:.2f}, {times.of_means:.2f}" if times else "",
            f"{result.peak_mb:.0f}",
            *((f"{start.ready:.2f}", f"{start.first:.2f}", f"{start.later:.2f}") if start else ("", "", "")),
        )
    return table


def _trusted(ours: Result) -> Table:
    table = _table("at least", "fields kept", "% kept", "wrong among them", "% wrong")
    for row in trusted(ours.outcomes):
        wrong = row.wrong
        table.add_row(str(row.threshold), str(row.kept.part), _percent(row.kept), str(wrong.part), _percent(wrong, 2))
    return table


def _reliability(ours: Result) -> Table:
    table = _table("from", "to", "fields", "mean confidence, %", "right, %")
    for row in bins(ours.outcomes):
        table.add_row(
            str(row.begin), str(row.end), str(row.right.whole), f"{100 * row.confidence:.1f}", _percent(row.right)
        )
    return table


def _alarms(report: Report, ours: Result) -> Table:
    table = _table("", "pictures", "with a flag", "flags")
    for level in report.levels:
        for form in ("paper", "electronic"):
            judged = [each for each in ours.judged if (each.level, each.truth.form) == (level, form)]
            if judged:
                flagged = sum(bool(false_alarms(each)) for each in judged)
                table.add_row(f"{level}, {form}", str(len(judged)), str(flagged), _counts(alarms(judged)))
    return table


def _shown(report: Report) -> Table:
    table = _table("case", "flag due", "pictures", "no page", "missed", "flags not due")
    for row in report.shown:
        missed = f"{row.missed.part} of {row.missed.whole}" if row.flag else ""
        table.add_row(
            row.case, row.flag or "none", str(row.pictures), str(row.unknown), missed, _counts(Counter(row.strays))
        )
    return table


def _bars(report: Report) -> Table:
    table = _table("", "bar", "measured", "")
    for bar in bars(report):
        sign = ">=" if bar.least else "<="
        measured = "" if bar.measured is None else f"{bar.measured:.2f} {bar.unit}".strip()
        table.add_row(
            bar.what, f"{sign} {bar.limit:g} {bar.unit}".strip(), measured, Text(bar.verdict, style=STYLE[bar.verdict])
        )
    return table


def _percents(rates: Sequence[Rate], places: int = 1) -> str:
    return " / ".join(_percent(rate, places) for rate in rates)


def _percent(rate: Rate | None, places: int = 1) -> str:
    """The rate in percent; a dash for a rate of nothing."""
    percent = rate.percent if rate else None
    return "-" if percent is None else f"{percent:.{places}f}"


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())
