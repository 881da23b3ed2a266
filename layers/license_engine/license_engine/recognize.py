"""What a line of text says: the recognition model's output decoded, letter by letter, with where each stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from license_engine.geometry import Points, height, length

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
# Characters that look alike, the one that counts for the other where the alphabet has only the latter.
LOOKALIKES = (
    *zip("OoQ〇○Il|丨Xx✕±—–xkcspvwzu", "000001111××××--XKCSPVWZU", strict=True),
    *zip(
        "＊－粵贛滬雲遼魯陝閩貴寧瓊號車陳劉張楊趙黃吳孫馬羅鄭謝韓馮蕭許鄧葉蘇盧蔣賈閻龍長國華門廣東縣區鎮鄉樓單園隊總漢業責",
        "*-粤赣沪云辽鲁陕闽贵宁琼号车陈刘张杨赵黄吴孙马罗郑谢韩冯萧许邓叶苏卢蒋贾阎龙长国华门广东县区镇乡楼单园队总汉业责",
        strict=True,
    ),
)


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


def text_of(letters: Iterable[Letter]) -> str:
    """The letters as text."""
    return "".join(letter.character for letter in letters)


def certainty(letters: Sequence[Letter]) -> float:
    """How sure the least sure letter is; nothing read is nothing sure."""
    return min((letter.probability for letter in letters), default=0.0)


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The classes that a field may be read as.

    `strictness` is what the others' probabilities are divided by; `folds` tells which class's probability counts for
    which other's, as an O's does for a zero where no O can stand.
    """

    allowed: NDArray[np.bool_]
    strictness: float
    folds: tuple[tuple[int, int], ...] = ()
    characters: frozenset[str] = frozenset()

    def __contains__(self, character: str) -> bool:
        """Whether the character is of the alphabet."""
        return character in self.characters


class Recognizer:
    """The text recognition model with its dictionary."""

    def __init__(self, session: InferenceSession) -> None:
        self._session = session
        listed = session.get_modelmeta().custom_metadata_map["character"].split("\n")
        self._characters = ("", *listed, " ")
        self._classes = {character: place for place, character in enumerate(self._characters)}

    def alphabet(self, characters: str, *, strictness: float = np.inf) -> Alphabet:
        """The alphabet of these characters; the blank is always of it."""
        wanted = set(characters)
        allowed = np.array([place == BLANK or letter in wanted for place, letter in enumerate(self._characters)])
        folds = tuple(
            (self._classes[twin], self._classes[letter])
            for twin, letter in LOOKALIKES
            if letter in wanted and twin not in wanted and twin in self._classes and letter in self._classes
        )
        return Alphabet(allowed, strictness, folds, frozenset(wanted))

    def __call__(
        self, picture: Picture, quads: Sequence[Points], alphabets: Sequence[Alphabet | None] | None = None
    ) -> list[Letters]:
        """The letters on each quad, with each its own alphabet if given."""
        widths = [strip_width(quad) for quad in quads]
        strips = [picture.sampled(quad, width, TALL) for quad, width in zip(quads, widths, strict=True)]
        return self.read_strips(strips, alphabets)

    def read_strips(
        self, strips: Sequence[Image.Image], alphabets: Sequence[Alphabet | None] | None = None
    ) -> list[Letters]:
        """The letters on each flat strip; strips of like width go through the model together."""
        read: list[Letters] = [()] * len(strips)
        for batch in batches([strip.width for strip in strips]):
            widest = max(strips[place].width for place in batch)
            tensor = np.zeros((len(batch), 3, TALL, -(-widest // STEP) * STEP), np.float32)
            for row, place in enumerate(batch):
                pixels = np.asarray(strips[place], np.float32)[..., ::-1]
                tensor[row, :, :, : strips[place].width] = (pixels / 127.5 - 1).transpose(2, 0, 1)
            output = self._session.run(None, {self._session.get_inputs()[0].name: tensor})[0]
            for row, place in enumerate(batch):
                steps = -(-strips[place].width // STEP)
                alphabet = alphabets[place] if alphabets else None
                read[place] = decode(output[row, : steps + 1], self._characters, strips[place].width, alphabet)
        return read


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


def decode(
    steps: NDArray[np.float32], characters: Sequence[str], width: int, alphabet: Alphabet | None = None
) -> Letters:
    """The letters of the likeliest path: repeats joined, blanks dropped, what the alphabet lacks held back."""
    if alphabet is not None:
        steps = steps.copy()
        for twin, letter in alphabet.folds:
            steps[:, letter] += steps[:, twin]
            steps[:, twin] = 0
        factor = np.where(alphabet.allowed, np.float32(1), np.float32(1 / alphabet.strictness))
        steps = steps * factor
    best = steps.argmax(axis=1)
    begins = np.flatnonzero(np.diff(best, prepend=-1))
    ends = np.append(begins[1:], len(best))
    letters = []
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        if best[begin] == BLANK:
            continue
        peak = begin + int(steps[begin:end, best[begin]].argmax())
        centre = ((begin + end) / 2 * STEP) / width
        letters.append(
            Letter(
                characters[best[begin]],
                float(steps[peak, best[begin]]),
                min(max(centre, 0.0), 1.0),
                _choices(steps[peak], characters),
            )
        )
    return tuple(letters)


def _choices(step: NDArray[np.float32], characters: Sequence[str]) -> tuple[tuple[str, float], ...]:
    likeliest = np.argpartition(step, -CHOICES)[-CHOICES:]
    ranked = sorted(likeliest.tolist(), key=lambda place: -float(step[place]))
    return tuple((characters[place], float(step[place])) for place in ranked)
