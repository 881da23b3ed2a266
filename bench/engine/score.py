"""What was read held against what stands there: fields, pages, characters, confidence and flags, by pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict

from license_engine import form

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MISSING = {None, "", "--"}
SURE = 0.95  # a wrong field that is so sure passes for a right one
THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99)
BINS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)  # where each begins; most readings are nearly sure
# What stands on the main page of a license: of a photo of both pages the other fields are the side page's.
MAIN_FIELDS = {
    "vehicle_license": frozenset(form.VEHICLE_FRONT.fields) | {"issuing_authority"},
    "driving_license": frozenset(form.DRIVING_FRONT_OLD.fields) | {"issuing_authority"},
}


def _printed(fields: object) -> object:
    """The fields that have a value: a dash is printed where there is none."""
    return (
        {name: value for name, value in fields.items() if value not in MISSING} if isinstance(fields, dict) else fields
    )


class Truth(BaseModel):
    """What stands on a picture, the flags that it should get among it; no document on what is no license."""

    model_config = ConfigDict(frozen=True)

    document: str | None
    side: str | None = None
    form: str = "paper"
    fields: Annotated[dict[str, str], BeforeValidator(_printed)] = {}
    flags: tuple[str, ...] = ()


class Finding(BaseModel):
    """What a contestant found on a picture."""

    model_config = ConfigDict(frozen=True)

    document: str | None
    side: str | None = None
    fields: dict[str, str] = {}
    confidence: dict[str, float] = {}
    boxes: dict[str, tuple[tuple[float, float], ...]] = {}
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A field's text and what it was read as; one of the two is None where nothing is printed or nothing was read."""

    field: str
    text: str | None
    read: str | None
    confidence: float

    @property
    def right(self) -> bool:
        """Whether it was read as it stands."""
        return self.text == self.read


@dataclass(frozen=True, slots=True)
class Judged:
    """One picture as one contestant read it."""

    name: str
    level: str
    truth: Truth
    finding: Finding

    @property
    def outcomes(self) -> list[Outcome]:
        """Every field that is printed or was read, in the truth's order."""
        text, read, sure = self.truth.fields, self.finding.fields, self.finding.confidence
        return [
            Outcome(field, text.get(field), read.get(field), sure.get(field, 0.0))
            for field in dict.fromkeys([*text, *read])
        ]

    @property
    def told(self) -> bool:
        """Whether the document and the side are the right ones."""
        return (self.truth.document, self.truth.side) == (self.finding.document, self.finding.side)

    def pages(self) -> Iterator[tuple[bool, bool]]:
        """Each page: whether it is a main page, and whether all of it was read right and nothing else was read."""
        if self.truth.side != "both":
            yield self.truth.side == "front", all(outcome.right for outcome in self.outcomes)
            return
        main = MAIN_FIELDS.get(self.truth.document or "", frozenset())
        for front in (True, False):
            yield front, all(outcome.right for outcome in self.outcomes if (outcome.field in main) == front)


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of how many."""

    part: int
    whole: int

    @classmethod
    def of(cls, marks: Iterable[bool]) -> Self:
        """How many of the marks are set."""
        counted = list(marks)
        return cls(sum(counted), len(counted))

    @property
    def percent(self) -> float | None:
        """The part in a hundred; None of nothing."""
        return 100 * self.part / self.whole if self.whole else None


@dataclass(frozen=True, slots=True)
class Figures:
    """How well a set of pictures was read."""

    fields: Rate
    pages: Rate
    main_pages: Rate
    characters: Rate  # how many would have to be changed
    invented: int  # fields read where none is printed
    wrong_but_sure: Rate
    astray: int  # pictures whose document or side was told wrong


def figures(judged: Sequence[Judged]) -> Figures:
    """The figures of these pictures of licenses."""
    outcomes = [outcome for each in judged for outcome in each.outcomes]
    printed = [outcome for outcome in outcomes if outcome.text is not None]
    pages = [page for each in judged for page in each.pages()]
    return Figures(
        fields=right(judged),
        pages=Rate.of(whole for _, whole in pages),
        main_pages=Rate.of(whole for main, whole in pages if main),
        characters=Rate(
            sum(distance(outcome.text or "", outcome.read or "") for outcome in printed),
            sum(len(outcome.text or "") for outcome in printed),
        ),
        invented=sum(outcome.text is None for outcome in outcomes),
        wrong_but_sure=Rate(sum(map(is_wrong_but_sure, outcomes)), len(printed)),
        astray=sum(not each.told for each in judged),
    )


def right(judged: Sequence[Judged]) -> Rate:
    """How many of the fields that are printed were read exactly right."""
    return Rate.of(outcome.right for each in judged for outcome in each.outcomes if outcome.text is not None)


def is_wrong_but_sure(outcome: Outcome) -> bool:
    """Whether a wrong text, or one that is not there, was read so surely that nobody would look again."""
    return outcome.read is not None and not outcome.right and outcome.confidence >= SURE


def by_field(judged: Sequence[Judged]) -> dict[str, Rate]:
    """How many of each field were read right, in the order in which fields come up."""
    marks: dict[str, list[bool]] = {}
    for each in judged:
        for outcome in each.outcomes:
            if outcome.text is not None:
                marks.setdefault(outcome.field, []).append(outcome.right)
    return {field: Rate.of(right) for field, right in marks.items()}


def distance(text: str, read: str) -> int:
    """How many characters must be changed, added or dropped to make the one text the other."""
    costs = list(range(len(read) + 1))
    for row, letter in enumerate(text, 1):
        corner, costs[0] = costs[0], row
        for column, other in enumerate(read, 1):
            corner, costs[column] = (
                costs[column],
                min(corner + (letter != other), costs[column] + 1, costs[column - 1] + 1),
            )
    return costs[-1]


@dataclass(frozen=True, slots=True)
class Trusted:
    """What remains when only fields at least this sure are trusted."""

    threshold: float
    kept: Rate
    wrong: Rate  # of those kept


def trusted(outcomes: Sequence[Outcome]) -> list[Trusted]:
    """What each threshold keeps of the fields read, and what of that is wrong."""
    read = [outcome for outcome in outcomes if outcome.read is not None]
    table = []
    for threshold in THRESHOLDS:
        kept = [outcome for outcome in read if outcome.confidence >= threshold]
        table.append(Trusted(threshold, Rate(len(kept), len(read)), Rate.of(not outcome.right for outcome in kept)))
    return table


@dataclass(frozen=True, slots=True)
class Bin:
    """The fields read whose confidence lies in one stretch: how sure they were, and how many of them are right."""

    begin: float
    end: float
    confidence: float
    right: Rate


def bins(outcomes: Sequence[Outcome]) -> list[Bin]:
    """The fields read by their confidence; stretches without a field are left out."""
    read = [outcome for outcome in outcomes if outcome.read is not None]
    found = []
    for begin, end in zip(BINS, (*BINS[1:], 1.0), strict=True):
        held = [one for one in read if begin <= one.confidence and (one.confidence < end or end == 1.0)]
        if held:
            mean = sum(one.confidence for one in held) / len(held)
            found.append(Bin(begin, end, mean, Rate.of(one.right for one in held)))
    return found


def calibration_error(found: Sequence[Bin]) -> float | None:
    """How far confidence is from the share that is right, the bins weighed by their fields; None without any."""
    count = sum(each.right.whole for each in found)
    if not count:
        return None
    return sum(abs(each.right.part - each.confidence * each.right.whole) for each in found) / count


def false_alarms(each: Judged) -> tuple[str, ...]:
    """The flags that the picture of a license got and should not have got."""
    return tuple(flag for flag in each.finding.flags if flag not in each.truth.flags)
