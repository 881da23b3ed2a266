"""What a line of text says: the recognition model's output decoded, letter by letter, with where each stands."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from license_engine.geometry import Points, height, length

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from onnxruntime import InferenceSession
    from PIL import Image

    from license_engine.picture import Picture

TALL = 48
STEP = 8
MIN_WIDTH = 32
MAX_WIDTH = 1920
BATCH_WIDTH = 2560
CHOICES = 4
BLANK = 0
LEAST_ODDS = 1e-4  # of a class at any step of a line, to be remembered
UNLIKELY = 1e3  # how much less likely is what can be all the same, at most
IMPOSSIBLE = 1e6  # how much less likely is what an alphabet does not have
# Characters that look alike, the one that counts for the other where the alphabet has only the latter.
LOOKALIKES = (*zip("OoQ〇○Il|丨Xx✕±—–xkcspvwzu＊－", "000001111××××--XKCSPVWZU*-", strict=True),)


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter read: the character, how sure, its centre as a share of the line's length, and what else it may be."""

    character: str
    probability: float
    centre: float
    choices: tuple[tuple[str, float], ...] = ()

    def weakened(self, factor: float) -> Letter:
        """The same letter, less sure."""
        return replace(self, probability=self.probability * factor)


type Letters = tuple[Letter, ...]


def is_chinese(character: str) -> bool:
    """Whether the character is a Chinese one, of those that documents are printed with."""
    return "\u4e00" <= character <= "\u9fff"


def text_of(letters: Iterable[Letter]) -> str:
    """The letters as text."""
    return "".join(letter.character for letter in letters)


def certainty(letters: Sequence[Letter]) -> float:
    """How sure the least sure letter is; nothing read is nothing sure."""
    return min((letter.probability for letter in letters), default=0.0)


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The classes that a field may be read as.

    `factor` is what each class's odds are weighed with when one is chosen; the chosen one keeps its own odds, unless it
    cannot be. `folds` tells which class's odds count for which other's, as an O's do for a zero where no O can stand.
    """

    factor: NDArray[np.float32]
    folds: Mapping[int, int] = field(default_factory=dict)
    characters: frozenset[str] = frozenset()

    def __contains__(self, character: str) -> bool:
        """Whether the character is of the alphabet."""
        return character in self.characters


@dataclass(frozen=True, slots=True)
class Likeness:
    """How likely a line says a text and no more, or begins with it: the geometric mean of its letters' odds.

    `share` is how much of the line's length the beginning takes.
    """

    whole: float
    begins: float
    share: float


@dataclass(frozen=True, slots=True)
class Trace:
    """What the model saw along one line: the odds of the classes that came into question, step by step.

    It is kept so that the line, or a stretch of it, can be read again in another alphabet without the model.
    """

    classes: NDArray[np.intp]  # ascending, the blank first
    odds: NDArray[np.float32]  # a row a step, a column a class
    width: int  # of the strip, in pixels
    characters: Sequence[str]
    places: Mapping[str, int]  # of the characters among all classes

    def letters(self, alphabet: Alphabet | None = None, begin: float = 0.0, end: float = 1.0) -> Letters:
        """The letters of the likeliest path between two shares of the line's length, centred by the whole line."""
        within = self._steps(begin, end)
        first = within.start
        weighed, classes = self.odds[within], self.classes
        odds = weighed
        if alphabet is not None:
            odds, classes = _folded(odds, classes, alphabet.folds)
            factor = alphabet.factor[classes]
            weighed, odds = odds * factor, odds * np.where(factor > 1 / UNLIKELY, 1, factor)
        best = weighed.argmax(axis=1)
        begins = np.flatnonzero(np.diff(best, prepend=-1))
        letters = []
        for start, stop in zip(begins.tolist(), [*begins[1:].tolist(), len(best)], strict=True):
            if classes[best[start]] == BLANK:
                continue
            peak = start + int(odds[start:stop, best[start]].argmax())
            letters.append(
                Letter(
                    self.characters[classes[best[start]]],
                    float(odds[peak, best[start]]),
                    min(max((first + (start + stop) / 2) * STEP / self.width, 0.0), 1.0),
                    self._choices(odds[peak], classes),
                )
            )
        return tuple(letters)

    def _steps(self, begin: float, end: float) -> slice:
        """The steps between two shares of the line's length: one at least."""
        first = min(max(round(begin * self.width / STEP), 0), len(self.odds) - 1)
        return slice(first, len(self.odds) if end >= 1 else max(round(end * self.width / STEP), first + 1))

    def likenesses(self, texts: Sequence[str], begin: float = 0.0) -> list[Likeness]:
        """How likely the line, from this share of its length on, says or begins with each of the texts."""
        paths = self._paths(texts, begin)
        first = self._steps(begin, 1.0).start
        found = []
        for row, text in enumerate(texts):
            letter = 2 * len(text) - 1
            said = paths[:, row, letter]
            last = int(said.argmax())
            whole, begins = np.exp(
                np.array([paths[-1, row, letter : letter + 2].max(), said[last]]) / len(text)
            ).tolist()
            found.append(Likeness(whole, begins, min((first + last + 1) * STEP / self.width, 1.0)))
        return found

    def odds_of(self, text: str, begin: float = 0.0, end: float = 1.0) -> float:
        """How likely the stretch between two shares of the line's length says just this text."""
        return float(np.exp(self._paths([text], begin, end)[-1, 0, -2:].max()))

    def _paths(self, texts: Sequence[str], begin: float = 0.0, end: float = 1.0) -> NDArray[np.float32]:
        """The log odds of the best path to each letter of each text, and to the blanks before, between and after.

        By step, text, and blank or letter; what lies beyond a text's last blank is never reached.
        """
        odds = np.log(np.maximum(self.odds[self._steps(begin, end)], LEAST_ODDS / 10))
        never = np.full((len(odds), 1), np.log(LEAST_ODDS / 10), np.float32)  # letters that no step gave a chance
        odds = np.hstack([odds, never])
        columns = np.zeros((len(texts), 2 * max(map(len, texts)) + 1), np.intp)
        # From a letter to the next one, if it is another, the blank between them may be left out.
        skips = np.full(columns.shape, -np.inf, np.float32)
        for row, text in enumerate(texts):
            places = [self._column(letter) for letter in text]
            columns[row, 1 : 2 * len(text) : 2] = [len(self.classes) if place is None else place for place in places]
            skips[row, 3 : 2 * len(text) : 2] = [-np.inf if one == other else 0.0 for one, other in pairwise(text)]
        paths = np.full((len(odds), *columns.shape), -np.inf, np.float32)
        paths[0, :, :2] = odds[0][columns[:, :2]]
        for step in range(1, len(odds)):
            before, now = paths[step - 1], paths[step]
            now[:] = before
            np.maximum(now[:, 1:], before[:, :-1], out=now[:, 1:])
            np.maximum(now[:, 2:], before[:, :-2] + skips[:, 2:], out=now[:, 2:])
            now += odds[step][columns]
        return paths

    def _column(self, letter: str) -> int | None:
        place = self.places.get(letter, -1)
        column = int(np.searchsorted(self.classes, place))
        return column if column < len(self.classes) and self.classes[column] == place else None

    def _choices(self, odds: NDArray[np.float32], classes: NDArray[np.intp]) -> tuple[tuple[str, float], ...]:
        ranked = np.argsort(odds)[: -CHOICES - 1 : -1].tolist()
        return tuple((self.characters[classes[place]], float(odds[place])) for place in ranked)


def _folded(
    odds: NDArray[np.float32], classes: NDArray[np.intp], folds: Mapping[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """The odds with each folded class's added to the one that it counts for."""
    meant = [folds.get(place, place) for place in classes.tolist()]
    kept, place = np.unique(np.array(meant, np.intp), return_inverse=True)
    if len(kept) == len(classes) and not folds.keys() & set(classes.tolist()):
        return odds, classes
    merged = np.zeros((len(odds), len(kept)), np.float32)
    np.add.at(merged.T, place, odds.T)
    return merged, kept


class Recognizer:
    """The text recognition model with its dictionary."""

    def __init__(self, session: InferenceSession) -> None:
        self._session = session
        listed = session.get_modelmeta().custom_metadata_map["character"].split("\n")
        self._characters = ("", *listed, " ")
        self._classes = {character: place for place, character in enumerate(self._characters)}

    def alphabet(
        self, characters: str, *, strictness: float = IMPOSSIBLE, twins: Iterable[tuple[str, str]] = ()
    ) -> Alphabet:
        """The alphabet of these characters, others' odds divided by the strictness; the blank is always of it.

        A twin's odds count for its other's, beside those of the lookalikes.
        """
        wanted = set(characters)
        allowed = np.array([place == BLANK or letter in wanted for place, letter in enumerate(self._characters)])
        folds = {
            self._classes[twin]: self._classes[letter]
            for twin, letter in (*LOOKALIKES, *twins)
            if letter in wanted and twin not in wanted and twin in self._classes and letter in self._classes
        }
        return Alphabet(np.where(allowed, 1, 1 / strictness).astype(np.float32), folds, frozenset(wanted))

    def __call__(self, picture: Picture, quads: Sequence[Points]) -> list[Trace]:
        """What is seen on each quad."""
        widths = [strip_width(quad) for quad in quads]
        return self.read_strips([picture.sampled(quad, width, TALL) for quad, width in zip(quads, widths, strict=True)])

    def read_strips(self, strips: Sequence[Image.Image]) -> list[Trace]:
        """What is seen on each flat strip; strips of like width go through the model together."""
        seen: dict[int, Trace] = {}
        for batch in batches([strip.width for strip in strips]):
            widest = max(strips[place].width for place in batch)
            tensor = np.zeros((len(batch), 3, TALL, -(-widest // STEP) * STEP), np.float32)
            for row, place in enumerate(batch):
                pixels = np.asarray(strips[place], np.float32)[..., ::-1]
                tensor[row, :, :, : strips[place].width] = (pixels / 127.5 - 1).transpose(2, 0, 1)
            output = self._session.run(None, {self._session.get_inputs()[0].name: tensor})[0]
            for row, place in enumerate(batch):
                steps = -(-strips[place].width // STEP) + 1
                seen[place] = trace(output[row, :steps], strips[place].width, self._characters, self._classes)
        return [seen[place] for place in range(len(strips))]


def trace(
    output: NDArray[np.float32], width: int, characters: Sequence[str], places: Mapping[str, int] | None = None
) -> Trace:
    """The trace of a strip of this width: the classes of the output that any step gives a chance worth naming."""
    likely = output.max(axis=0) > LEAST_ODDS
    likely[BLANK] = True
    classes = np.flatnonzero(likely)
    known = places if places is not None else {letter: place for place, letter in enumerate(characters)}
    return Trace(classes, output[:, classes], width, characters, known)


def strip_width(quad: Points) -> int:
    """How wide the quad becomes at the model's height."""
    width = round(TALL * length(quad) / max(height(quad), 1e-6))
    return min(max(width, MIN_WIDTH), MAX_WIDTH)


def batches(widths: Sequence[int]) -> list[list[int]]:
    """The places of the widths, grouped so that like goes with like and no group grows too large."""
    groups: list[list[int]] = []
    for place in sorted(range(len(widths)), key=lambda place: widths[place]):
        group = groups[-1] if groups else None
        fits = group is not None and widths[place] * (len(group) + 1) <= BATCH_WIDTH
        if group is not None and fits and widths[place] <= 1.4 * widths[group[0]] + STEP:
            group.append(place)
        else:
            groups.append([place])
    return groups
