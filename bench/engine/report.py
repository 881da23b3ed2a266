"""What a run of the engine's benchmark measured, and the bars that it is held against."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.engine.contest import ratio
from bench.engine.score import SURE, Judged, Rate, by_field, false_alarms, figures, trusted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.engine.contest import Ratio, Start
    from bench.engine.score import Figures, Outcome

CLEAN, MILD, HARD = "clean", "mild", "hard"
# A level's least percentage of fields exactly right, and of main pages all of whose fields are.
LEAST_RIGHT = {CLEAN: (99.8, 97.0), MILD: (99.5, 95.0), HARD: (98.5, 88.0)}
MOST_WRONG_BUT_SURE = 0.2  # percent of all fields
MOST_TIME, MOST_MEMORY = 0.6, 0.5  # of RapidOCR's
MOST_SECONDS_TO_READY = 1.0
MOST_FIRST = 2.0  # of a later reading's time
MOST_FALSE_ALARMS = 1.0  # percent of clean pictures
NO_LICENSE = frozenset({"not_a_license", "no_text"})
MOST_MISSED = 5.0  # percent of the pictures made to show a flag


@dataclass(slots=True)
class Result:
    """What one contestant did: its readings, the seconds of each, and the most memory that it took for them."""

    name: str
    version: str
    threads: int
    timed_only: bool = False  # reads what another contestant reads as well
    judged: list[Judged] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    peak_mb: float = 0.0

    def at(self, level: str | None = None) -> Figures:
        """The figures of a level's pictures, or of all."""
        return figures([each for each in self.judged if level in {None, each.level}])

    @property
    def outcomes(self) -> list[Outcome]:
        """Every field of every picture."""
        return [outcome for each in self.judged for outcome in each.outcomes]


@dataclass(frozen=True, slots=True)
class Shown:
    """The pictures made to show one condition: how many should have got its flag, and what flags they got."""

    case: str
    flag: str | None
    pictures: int
    unknown: int  # no page was found on them
    alarmed: int  # they got other flags
    missed: Rate
    strays: Mapping[str, int]  # which, and how often


@dataclass(slots=True)
class Report:
    """A run: what was read, the first contestant's being the engine; how fast it starts; how its flags hold."""

    pictures: str  # which
    levels: tuple[str, ...]
    results: dict[str, Result]
    ours: str
    rival: str
    starts: dict[str, Start] = field(default_factory=dict)
    shown: list[Shown] = field(default_factory=list)
    others: Rate = field(default_factory=lambda: Rate(0, 0))  # read, though no license; and taken for one
    absent: list[str] = field(default_factory=list)  # why a contestant is not there

    def ratio_to_rival(self, name: str) -> Ratio | None:
        """A contestant's seconds against the rival's."""
        if self.rival not in self.results or name == self.rival:
            return None
        return ratio(self.results[name].seconds, self.results[self.rival].seconds)

    def memory_to_rival(self) -> float | None:
        """The engine's memory against the rival's."""
        rival, ours = self.results.get(self.rival), self.results.get(self.ours)
        return ours.peak_mb / rival.peak_mb if rival and ours and rival.peak_mb else None


@dataclass(frozen=True, slots=True)
class Bar:
    """What is asked of a figure; None when the run did not measure it."""

    what: str
    limit: float
    measured: float | None
    unit: str = ""
    least: bool = False

    @property
    def verdict(self) -> str:
        """Whether the figure is good enough."""
        if self.measured is None:
            return "not measured"
        enough = self.measured >= self.limit if self.least else self.measured <= self.limit
        return "pass" if enough else "FALLS SHORT"


def bars(report: Report) -> list[Bar]:
    """Every bar, with what was measured."""
    ours = report.results.get(report.ours)
    accuracy = []
    for level, (fields, main_pages) in LEAST_RIGHT.items():
        at = ours.at(level) if ours else None
        accuracy += [
            Bar(f"fields exactly right, {level}", fields, at.fields.percent if at else None, "%", least=True),
            Bar(f"whole main pages, {level}", main_pages, at.main_pages.percent if at else None, "%", least=True),
        ]
    everywhere = ours.at() if ours else None
    others = taken(report)
    sure = everywhere.wrong_but_sure.percent if everywhere else None
    return [
        *accuracy,
        Bar(f"wrong fields at least {SURE} sure", MOST_WRONG_BUT_SURE, sure, "%"),
        *_costs(report),
        Bar("clean pictures with a flag that is not due", MOST_FALSE_ALARMS, alarmed(report, CLEAN).percent, "%"),
        *(
            Bar(f"`{flag}` missed where it is shown", MOST_MISSED, missed.percent, "%")
            for flag, missed in missed_by_flag(report.shown).items()
        ),
        Bar("other pictures taken for a license", 0, others.part if others.whole else None),
    ]


def _costs(report: Report) -> list[Bar]:
    times = report.ratio_to_rival(report.ours) if report.ours in report.results else None
    start = report.starts.get(report.ours)
    return [
        Bar(f"time a picture against {report.rival}'s", MOST_TIME, times.worst if times else None, "x"),
        Bar(f"memory against {report.rival}'s", MOST_MEMORY, report.memory_to_rival(), "x"),
        Bar("fresh process ready to read", MOST_SECONDS_TO_READY, start.ready if start else None, "s"),
        Bar("its first reading against a later one", MOST_FIRST, start.first / start.later if start else None, "x"),
    ]


def alarmed(report: Report, level: str) -> Rate:
    """How many pictures of a level, among those read and those drawn to raise no flag, got one that was not due."""
    ours = report.results.get(report.ours)
    read = Rate.of(bool(false_alarms(each)) for each in (ours.judged if ours else ()) if each.level == level)
    return _sum([read, *(Rate(each.alarmed, each.pictures) for each in report.shown if each.case == level)])


def taken(report: Report) -> Rate:
    """How many pictures that show no license were taken for one."""
    shown = [each for each in report.shown if each.flag in NO_LICENSE]
    return _sum([report.others, *(Rate(each.pictures - each.unknown, each.pictures) for each in shown)])


def alarms(judged: Sequence[Judged]) -> Counter[str]:
    """How often each flag was raised where it was not due."""
    return Counter(flag for each in judged for flag in false_alarms(each))


def missed_by_flag(shown: Sequence[Shown]) -> dict[str, Rate]:
    """How many pictures of each flag's cases did not get it, of those that should have."""
    flags = dict.fromkeys(each.flag for each in shown if each.flag)
    return {flag: _sum([each.missed for each in shown if each.flag == flag]) for flag in flags}


def _sum(rates: Sequence[Rate]) -> Rate:
    return Rate(sum(rate.part for rate in rates), sum(rate.whole for rate in rates))


def as_data(report: Report) -> dict[str, object]:
    """The report's figures, and every field that went wrong, for machines."""
    return {
        "pictures": report.pictures,
        "contestants": {name: _contestant(report, result) for name, result in report.results.items()},
        "starts": {name: dataclasses.asdict(start) for name, start in report.starts.items()},
        "flags": [dataclasses.asdict(each) for each in report.shown],
        "others": dataclasses.asdict(taken(report)),
        "absent": report.absent,
        "bars": [{**dataclasses.asdict(bar), "verdict": bar.verdict} for bar in bars(report)],
    }


def _contestant(report: Report, result: Result) -> dict[str, object]:
    times = report.ratio_to_rival(result.name)
    return {
        "version": result.version,
        "threads": result.threads,
        "peak_mb": result.peak_mb,
        "seconds": result.seconds,
        "ratio_to_rival": dataclasses.asdict(times) if times else None,
        "levels": {level: dataclasses.asdict(result.at(level)) for level in report.levels},
        "fields": {name: dataclasses.asdict(rate) for name, rate in by_field(result.judged).items()},
        "trusted": [dataclasses.asdict(each) for each in trusted(result.outcomes)],
        "wrong": {
            each.name: [dataclasses.asdict(outcome) for outcome in each.outcomes if not outcome.right]
            for each in result.judged
            if any(not outcome.right for outcome in each.outcomes)
        },
    }
