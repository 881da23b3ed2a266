"""Words that are known, and which of them a doubted reading means."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from itertools import groupby, product
from typing import TYPE_CHECKING

import numpy as np

from license_engine.recognize import Letter, is_chinese, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

SURE = 0.95  # a letter read this surely is what is printed, whatever is known
SHARE = 3  # one letter in so many may be wrong, at most
# Logarithms of odds: what each letter speaks for a word, how far it must lead, what a first letter not seen costs it.
KNOWN = math.log(20)
MARGIN = math.log(20)
UNSEEN = math.log(300)
HEADLESS_LEAST = 6  # letters of a word whose first may not have been seen
UNTHOUGHT = 0.0005  # of the odds left over: what a letter gets that the model did not name
CEILING = 0.94  # how sure a letter can be that was not so read
LABEL = 4  # letters of a label
LONGEST = 16  # letters of a phrase
ABSENT = "-"  # stands in a list for no word


@dataclass(frozen=True, slots=True)
class Fit:
    """A known word held against a reading, of which it takes up so many letters: one fewer if its first was not seen.

    `worth` is the logarithm of its odds against a reading that says nothing known.
    """

    word: str
    taken: int
    worth: float

    def put_right(self, letters: Sequence[Letter], sure: float) -> tuple[Letter, ...]:
        """The letters with the word in the place of those that it takes up; what it changes is as sure as told."""
        first = Letter("", 0.0, letters[0].centre)
        read = (*([first] * (len(self.word) - self.taken)), *letters[: self.taken])
        mended = (
            letter if letter.character == wanted else replace(letter, character=wanted, probability=sure)
            for letter, wanted in zip(read, self.word, strict=True)
        )
        return (*mended, *letters[self.taken :])


class Words:
    """Known words, by length, as rows of code points that a reading is held against all at once."""

    def __init__(self, words: Iterable[str]) -> None:
        by_length = groupby(sorted(set(words), key=len), key=len)
        self._rows: dict[int, NDArray[np.uint32]] = {
            size: np.frombuffer("".join(group).encode("utf-32-le"), np.uint32).reshape(-1, size)
            for size, group in by_length
        }

    def fits(self, letters: Sequence[Letter], *, whole: bool) -> Iterator[Fit]:
        """The words that the reading may begin with or, if asked, may be as a whole."""
        codes, sure = _codes(letters), _sure(letters)
        for size, rows in self._rows.items():
            if size == len(letters) or (size < len(letters) and not whole):
                wrong = rows != codes[:size]
                most = max(size // SHARE, int(whole and size > 1))
                near = (wrong.sum(axis=1) <= most) & ~(wrong & sure[:size]).any(axis=1)
                for word in map(_text, rows[near]):
                    yield Fit(word, size, KNOWN * size - _cost(letters, word))

    def headless_fits(self, letters: Sequence[Letter]) -> Iterator[Fit]:
        """The words that the reading may begin with, supposing that the first letter of the word was not seen."""
        codes, sure = _codes(letters), _sure(letters)
        for size, rows in self._rows.items():
            seen = size - 1
            if HEADLESS_LEAST <= size <= len(letters) and not sure[:seen].all():
                wrong = rows[:, 1:] != codes[:seen]
                near = (wrong.sum(axis=1) < size // SHARE) & ~(wrong & sure[:seen]).any(axis=1)
                for word in map(_text, rows[near]):
                    yield Fit(word, seen, KNOWN * seen - UNSEEN - _cost(letters, word[1:]))


def _codes(letters: Sequence[Letter]) -> NDArray[np.uint32]:
    return np.array([ord(letter.character) for letter in letters], np.uint32)


def _sure(letters: Sequence[Letter]) -> NDArray[np.bool_]:
    return np.array([letter.probability >= SURE for letter in letters], np.bool_)


def _text(row: NDArray[np.uint32]) -> str:
    return row.tobytes().decode("utf-32-le")


def _cost(letters: Sequence[Letter], word: str) -> float:
    """How much less likely the word's letters are than those that were read, as a logarithm of odds."""
    cost = 0.0
    for letter, wanted in zip(letters, word, strict=False):
        if letter.character != wanted:
            named = dict(letter.choices).get(wanted, 0.0)
            cost += _surprise(letter.probability, max(named, UNTHOUGHT * (1 - letter.probability)))
    return cost


def _surprise(read: float, wanted: float) -> float:
    """How much likelier what was read is than what is wanted; the least likely may yet have been chosen."""
    return math.log(max(read, wanted) / wanted)


def settled(letters: Sequence[Letter], fits: Iterable[Fit]) -> tuple[Letter, ...]:
    """The letters, put right by the fit that is far likelier than all that would make something else of them."""
    worth = {text_of(letters): 0.0}
    best: dict[str, Fit] = {}
    for fit in fits:
        text = fit.word + text_of(letters[fit.taken :])
        if fit.worth > worth.get(text, -math.inf):
            worth[text], best[text] = fit.worth, fit
    first, second = sorted([*worth.values(), -math.inf], reverse=True)[:2]
    likeliest = max(worth, key=worth.__getitem__)
    if likeliest == text_of(letters) or first - second < MARGIN:
        return tuple(letters)
    return best[likeliest].put_right(letters, CEILING / (1 + math.exp(second - first)))


def in_doubt(letters: Iterable[Letter]) -> bool:
    """Whether any of the letters is not surely read."""
    return any(letter.probability < SURE for letter in letters)


def han(letters: Sequence[Letter]) -> slice:
    """From the first to the last Chinese character: what stands outside of them is no part of a word."""
    chinese = [place for place, letter in enumerate(letters) if is_chinese(letter.character)]
    return slice(chinese[0], chinese[-1] + 1) if chinese else slice(0, 0)


def mended(field: str, letters: Sequence[Letter]) -> tuple[Letter, ...]:
    """The letters, or the word of the field's that a doubted reading of them means."""
    within = han(letters)
    word = letters[within]
    if not in_doubt(word):
        return tuple(letters)
    word = settled(_without_rest(field, word), known(field).fits(word, whole=True))
    return (*letters[: within.start], *word, *letters[within.stop :])


def _without_rest(field: str, letters: Sequence[Letter]) -> Sequence[Letter]:
    """The letters without what a label, hardly read, left before a word of the field's."""
    text = text_of(letters)
    word = max((word for word in lists()[field] if text.endswith(word)), key=len, default=text)
    rest = len(text) - len(word)
    alike = any(len(other) == len(text) and other.endswith(word) for other in lists()[field])
    return letters[rest:] if 1 < rest <= LABEL and in_doubt(letters[:rest]) and not alike else letters


def phrased(field: str, letters: Sequence[Letter]) -> tuple[Letter, ...]:
    """The letters, each of the field's phrases that stands among them put right where it is in doubt."""
    changed = tuple(letters)
    for place in range(len(changed)):
        if in_doubt(changed[place : place + LONGEST]):
            rest = changed[place:]
            changed = (*changed[:place], *settled(rest, known(field).fits(rest, whole=False)))
    return changed


@cache
def known(field: str) -> Words:
    """The words that the field is filled in with."""
    return Words(lists()[field])


@cache
def lists() -> Mapping[str, frozenset[str]]:
    """Each field's words."""
    found: dict[str, set[str]] = {}
    words: set[str] = set()
    for line in resources.files(__package__).joinpath("words.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            parts = [[part.strip(ABSENT) for part in column.split()] for column in line.split("|")]
            words.update("".join(choice) for choice in product(*parts))
        elif not line.startswith("#"):
            words = found.setdefault(line, set())
    return {field: frozenset(words) for field, words in found.items()}
