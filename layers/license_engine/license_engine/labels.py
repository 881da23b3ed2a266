"""Printed labels found in what was read, though a letter be wrong, or the label and its value share one line."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_uppercase, digits
from typing import TYPE_CHECKING

from license_engine.alphabets import variants
from license_engine.form import FORMS, WIDTH
from license_engine.geometry import Points, along, height, length, part
from license_engine.recognize import certainty, is_chinese

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from license_engine.recognize import Letter, Letters, Trace

# Variants that the model may read in place of the printed simplified character.
SIMPLIFIED = str.maketrans(dict(variants()))
# Labels that follow the value of another on their row, and so may follow it closely on one line.
SECOND = frozenset(label.text for form in FORMS for label in form.labels if label.x > WIDTH * 0.4)
LONGEST = 8  # letters of a label that is told by its likeness
DOUBTED = 0.8
LIKE = 0.015  # a letter of it, at least
CLEARLY = 3.0  # more than the next label
TELLING_LETTERS = 3  # at least, of a label that a longer line begins with
WIDEST = 4  # letters of a label that is set wide
# What some editions print in a label's place.
SYNONYMS = {"能源类型": ("能源种类",), "中华人民共和国机动车驾驶证副页": ("机动车驾驶证副页",)}
# What a label must show exactly, since another differs from it by little more.
TELLING = {
    "中华人民共和国机动车行驶证": "行驶",
    "中华人民共和国机动车驾驶证": "驾驶",
    "中华人民共和国机动车驾驶证副页": "副页",
    "机动车驾驶证副页": "副页",
}
VALUE_ENDS = frozenset(ascii_uppercase + digits + "男女")  # of values that a label may follow closely
APART = 1.7  # of the pitch of a label's letters: how far after the letter before it a label begins
NARROW = str.maketrans("（）：，．－／＊×ｘＸ", "():,.-/*×xX")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on the photo: its quad, its letters, spaces left out, and what they were read from."""

    quad: Points
    letters: Letters
    trace: Trace | None = None

    @property
    def text(self) -> str:
        """The line as text, in simplified characters, one for each letter."""
        return "".join(letter.character for letter in self.letters).translate(SIMPLIFIED)


@dataclass(frozen=True, slots=True)
class Hit:
    """A label found: which, on which line, from which letter to which, and where its ends lie on the photo."""

    label: str
    line: int
    first: int
    past: int
    errors: int
    begin: Points
    end: Points


def without_spaces(letters: Letters) -> Letters:
    """The letters that are no spaces."""
    return tuple(letter for letter in letters if letter.character.strip())


def find_labels(lines: Sequence[Line], wanted: Iterable[str]) -> list[Hit]:
    """Where the wanted labels stand, longer ones first, so that no label is found inside another."""
    hits: list[Hit] = []
    taken: set[tuple[int, int]] = set()
    printed = [(text, label) for label in set(wanted) for text in (label, *SYNONYMS.get(label, ()))]
    for text, label in sorted(printed, key=lambda pair: (len(pair[0]), pair), reverse=True):
        hits += _split(text, label, lines, taken)
        for number, line in enumerate(lines):
            found = nearest(text, line.text)
            if found is None or not (label in SECOND or _stands_apart(line, *found[:2])):
                continue
            first, past, errors = found
            past += _is_cut(line, text, first, past)
            letters = {(number, place) for place in range(first, past)}
            if taken.isdisjoint(letters):
                taken |= letters
                begin, end = _ends(line, first, past)
                hits.append(Hit(label, number, first, past, errors, begin, end))
    for number, line in enumerate(lines):
        for first in _beginnings(line):
            if (number, first) not in taken and (hit := _likeliest(number, line, first, printed)):
                taken |= {(number, place) for place in range(hit.first, hit.past)}
                hits.append(hit)
    return hits


def _is_cut(line: Line, label: str, first: int, past: int) -> bool:
    """Whether the label's last letter is the next one, hardly read and as close as its others are."""
    if past - first != len(label) - 1 or past - first < 2 or past >= len(line.letters):
        return False
    centres = [letter.centre for letter in line.letters[first : past + 1]]
    close = centres[-1] - centres[-2] < APART * (centres[-2] - centres[0]) / (past - first - 1)
    last = line.letters[past]
    return close and last.probability < DOUBTED and last.character not in VALUE_ENDS


def _beginnings(line: Line) -> list[int]:
    """The letters that a label hardly read may begin with: the line's first, and the first after a value's end."""
    text = line.text
    return [0, *(place for place in range(1, len(text)) if text[place - 1] in VALUE_ENDS and is_chinese(text[place]))]


def _likeliest(number: int, line: Line, first: int, printed: Sequence[tuple[str, str]]) -> Hit | None:
    """The label that the line, hardly read from this letter on, is likest to be or to go on with, if one stands out."""
    letters = line.letters[first:]
    if line.trace is None or certainty(letters[:LONGEST]) >= DOUBTED:
        return None
    rivals = [
        (text, label)
        for text, label in printed
        if len(text) <= LONGEST and certainty(letters[: len(text)]) < DOUBTED and (not first or label in SECOND)
    ]
    if not rivals:
        return None
    told = _likenesses(line, line.trace, first, [text for text, _ in rivals])
    (like, past), (text, label) = max(zip(told, rivals, strict=True))
    clear = all(like > CLEARLY * other for (other, _), (rival, _) in zip(told, rivals, strict=True) if rival != text)
    if past <= first or like < LIKE or not clear:
        return None
    errors = max(sum(letter not in line.text[first:past] for letter in text), 1)
    return Hit(label, number, first, past, errors, *_ends(line, first, past))


def _likenesses(line: Line, seen: Trace, first: int, labels: Sequence[str]) -> list[tuple[float, int]]:
    """How likely each label is what follows from this letter on, or its beginning if long enough to tell.

    With each, the letter past its end.
    """
    begin = (line.letters[first - 1].centre + line.letters[first].centre) / 2 if first else 0.0
    told = []
    for label, like in zip(labels, seen.likenesses(labels, begin), strict=True):
        whole = like.whole if _is_as_long(line.letters[first:], label) else 0.0
        begins = like.begins if len(label) >= TELLING_LETTERS else 0.0
        past = sum(letter.centre < like.share for letter in line.letters)
        told.append(max((whole, len(line.letters)), (begins, past)))
    return told


def _is_as_long(letters: Letters, label: str) -> bool:
    return abs(len(label) - len(letters)) < 2


def likeness(line: Line, labels: Iterable[str]) -> float:
    """How likely the line is one of these labels and no more, by all that the model saw of it."""
    near = [label for label in labels if _is_as_long(line.letters, label)]
    return max(like.whole for like in line.trace.likenesses(near)) if line.trace and near else 0.0


def _stands_apart(line: Line, first: int, past: int) -> bool:
    """Whether a gap parts the label from the words about it: within a sentence it is a word like others."""
    if first == 0 or past == len(line.letters) or past - first < 2:
        return True
    before, begin, end, after = (line.letters[place].centre for place in (first - 1, first, past - 1, past))
    gap = APART * (end - begin) / (past - first - 1)
    return begin - before > gap or after - end > gap or line.letters[first - 1].character in VALUE_ENDS


def allowed_errors(label: str) -> int:
    """How many letters of a label may be wrong: none of two, one of five, two of eight."""
    return 0 if len(label) < 3 else 1 if len(label) < 6 else 2 if len(label) < 9 else 4


def nearest(label: str, text: str) -> tuple[int, int, int] | None:
    """The stretch of the text that is nearest to the label, with its errors; None when none is near enough."""
    exact = text.find(label)
    if exact >= 0:
        return exact, exact + len(label), 0
    limit = allowed_errors(label)
    if not limit or len(set(label) & set(text)) < len(set(label)) - limit or TELLING.get(label, "") not in text:
        return None
    costs = [(0, start) for start in range(len(text) + 1)]
    for row, letter in enumerate(label, 1):
        ahead = [(row, 0)]
        for column, other in enumerate(text, 1):
            swap, drop, add = costs[column - 1], costs[column], ahead[-1]
            ahead.append(min((swap[0] + (letter != other), swap[1]), (drop[0] + 1, drop[1]), (add[0] + 1, add[1])))
        costs = ahead
    past = min(range(len(costs)), key=lambda place: costs[place][0])
    errors, first = costs[past]
    while first < past and text[first] in VALUE_ENDS and text[first] not in label:  # of the value beside the label
        first += 1
    while first < past and text[past - 1] in VALUE_ENDS and text[past - 1] not in label:
        past -= 1
    return (first, past, errors) if errors <= limit and past > first else None


def _ends(line: Line, first: int, past: int) -> tuple[Points, Points]:
    """Where a label's first letter begins and its last ends: a third of a line's height about their centres."""
    letters: Sequence[Letter] = line.letters
    half = 0.32 * height(line.quad) / max(length(line.quad), 1e-6)
    begin = 0.0 if first == 0 else max(letters[first].centre - half, 0.0)
    return along(line.quad, begin), along(line.quad, min(letters[past - 1].centre + half, 1.0))


def _split(text: str, label: str, lines: Sequence[Line], taken: set[tuple[int, int]]) -> list[Hit]:
    """Labels set so wide that they became two lines, or that their end joined the value."""
    hits = []
    for cut in range(1, len(text)) if len(text) <= WIDEST else ():
        heads = [number for number, line in enumerate(lines) if _says(line, text[:cut]) and (number, 0) not in taken]
        tails = [
            number for number, line in enumerate(lines) if line.text.startswith(text[cut:]) and (number, 0) not in taken
        ]
        for head in heads:
            for tail in tails:
                if head != tail and _follows(lines[head].quad, lines[tail].quad):
                    past = len(text) - cut
                    end = _ends(lines[tail], 0, past)[1]
                    hits.append(Hit(label, tail, 0, past, 0, along(lines[head].quad, 0), end))
                    taken.update((head, place) for place in range(cut))
                    taken.update((tail, place) for place in range(past))
    return hits


def _says(line: Line, text: str) -> bool:
    """Whether the line is the text, or is hardly read and may be it."""
    if line.text == text or line.trace is None:
        return line.text == text
    doubted = len(line.letters) == len(text) and certainty(line.letters) < DOUBTED
    return doubted and line.trace.likenesses([text])[0].whole > LIKE


def _follows(one: Points, other: Points) -> bool:
    """Whether the other quad stands on the same row, a few letters further on."""
    forward = part(one, 0, 1)[1] - one[0]
    forward = forward / max(float((forward**2).sum()) ** 0.5, 1e-6)
    gap = along(other, 0) - along(one, 1)
    ahead = float(gap @ forward)
    aside = abs(float(gap[0] * -forward[1] + gap[1] * forward[0]))
    tall = height(one)
    return -0.5 * tall < ahead < 7 * tall and aside < 0.6 * tall
