"""How the recognition model's output becomes letters."""

from __future__ import annotations

import numpy as np
import pytest

from license_engine.recognize import Alphabet, batches, decode, text_of

CHARACTERS = ("", "O", "0", "A")


def _steps(*rows: tuple[float, float, float, float]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.array(rows, np.float32)


BLANK = (1.0, 0.0, 0.0, 0.0)
LETTER_O = (0.0, 0.8, 0.2, 0.0)
LETTER_A = (0.0, 0.0, 0.1, 0.9)


def test_repeats_are_one_letter_and_a_blank_parts_two() -> None:
    assert text_of(decode(_steps(LETTER_A, LETTER_A, BLANK, LETTER_A), CHARACTERS, 32)) == "AA"


def test_each_letter_knows_where_it_stands() -> None:
    letters = decode(_steps(BLANK, LETTER_A, BLANK, BLANK), CHARACTERS, 32)
    assert letters[0].centre == pytest.approx(0.375)


def test_a_letter_outside_the_alphabet_is_held_back() -> None:
    digits = Alphabet(np.array([True, False, True, True]), np.inf)
    letters = decode(_steps(LETTER_O), CHARACTERS, 8, digits)
    assert text_of(letters) == "0"
    assert letters[0].probability == pytest.approx(0.2)


def test_a_lookalikes_probability_counts_for_the_letter_that_can_stand() -> None:
    digits = Alphabet(np.array([True, False, True, True]), np.inf, folds=((1, 2),))
    assert decode(_steps(LETTER_O), CHARACTERS, 8, digits)[0].probability == pytest.approx(1.0)


def test_a_soft_alphabet_yields_to_a_sure_letter() -> None:
    soft = Alphabet(np.array([True, False, True, True]), 3.0)
    assert text_of(decode(_steps(LETTER_O), CHARACTERS, 8, soft)) == "O"


def test_batches_hold_every_strip_once_and_like_with_like() -> None:
    widths = [300, 40, 310, 900, 44, 52]
    groups = batches(widths)
    assert sorted(place for group in groups for place in group) == list(range(len(widths)))
    assert all(
        max(widths[place] for place in group) <= 1.4 * min(widths[place] for place in group) + 8 for group in groups
    )
