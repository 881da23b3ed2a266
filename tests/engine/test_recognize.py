"""How the recognition model's output becomes letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from license_engine.recognize import LEAST_ODDS, Alphabet, Recognizer, Trace, batches, text_of, trace

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

CHARACTERS = ("", "O", "0", "A", "粵")
DIGITS = Alphabet(np.array([1, 1e-6, 1, 1, 1e-6], np.float32))

BLANK = (1.0, 0.0, 0.0, 0.0, 0.0)
LETTER_O = (0.0, 0.8, 0.2, 0.0, 0.0)
LETTER_A = (0.0, 0.0, 0.1, 0.9, 0.0)
TRADITIONAL = (0.0, 0.0, 0.0, 0.0, 1.0)


class _Dictionary:
    """A model of which only the dictionary is asked."""

    def __init__(self, characters: str) -> None:
        self.custom_metadata_map = {"character": "\n".join(characters)}

    def get_modelmeta(self) -> _Dictionary:
        return self


def _seen(*rows: tuple[float, ...]) -> Trace:
    return trace(np.array(rows, np.float32), 8 * len(rows), CHARACTERS)


def test_repeats_are_one_letter_and_a_blank_parts_two() -> None:
    assert text_of(_seen(LETTER_A, LETTER_A, BLANK, LETTER_A).letters()) == "AA"


def test_each_letter_knows_where_it_stands() -> None:
    letters = _seen(BLANK, LETTER_A, BLANK, BLANK).letters()
    assert letters[0].centre == pytest.approx(0.375)


def test_a_letter_outside_the_alphabet_is_held_back() -> None:
    letters = _seen(LETTER_O).letters(DIGITS)
    assert text_of(letters) == "0"
    assert letters[0].probability == pytest.approx(0.2)


def test_a_lookalikes_probability_counts_for_the_letter_that_can_stand() -> None:
    digits = Alphabet(DIGITS.factor, folds={1: 2})
    assert _seen(LETTER_O).letters(digits)[0].probability == pytest.approx(1.0)


def test_a_lookalike_counts_though_the_letter_that_can_stand_was_never_seen() -> None:
    letters = _seen((0.0, 1.0, 0.0, 0.0, 0.0)).letters(Alphabet(DIGITS.factor, folds={1: 2}))
    assert text_of(letters) == "0"
    assert letters[0].probability == pytest.approx(1.0)


def test_a_soft_alphabet_yields_to_a_sure_letter() -> None:
    soft = Alphabet(np.array([1, 1 / 3, 1, 1, 1], np.float32))
    (letter,) = _seen(LETTER_O).letters(soft)
    assert letter.character == "O"
    assert letter.probability == pytest.approx(0.8)


def test_a_soft_alphabet_prefers_its_own_letter_to_a_doubted_one() -> None:
    soft = Alphabet(np.array([1, 1 / 3, 1, 1, 1], np.float32))
    (letter,) = _seen((0.0, 0.6, 0.4, 0.0, 0.0)).letters(soft)
    assert letter.character == "0"
    assert letter.probability == pytest.approx(0.4)


def test_a_twin_counts_for_its_other_only_where_it_cannot_stand_itself() -> None:
    recognizer = Recognizer(cast("InferenceSession", _Dictionary("O0車车")))
    folded = recognizer.alphabet("0车", twins=[("車", "车")])
    assert folded.folds == {1: 2, 3: 4}
    assert recognizer.alphabet("O0車车", twins=[("車", "车")]).folds == {}


def test_an_alphabet_weighs_down_all_that_it_does_not_have_but_the_blank() -> None:
    recognizer = Recognizer(cast("InferenceSession", _Dictionary("O0A")))
    alphabet = recognizer.alphabet("0 ", strictness=20)
    assert alphabet.factor == pytest.approx([1, 0.05, 1, 0.05, 1])
    assert "0" in alphabet
    assert "A" not in alphabet


def test_a_letter_that_nothing_in_the_alphabet_can_replace_is_not_dropped_but_beyond_belief() -> None:
    letters = _seen(LETTER_A, TRADITIONAL).letters(DIGITS)
    assert len(letters) == 2
    assert letters[1].probability < 0.01


def test_a_stretch_of_a_line_is_read_by_itself_and_keeps_its_place_on_the_line() -> None:
    line = _seen(LETTER_O, BLANK, LETTER_A, BLANK)
    (letter,) = line.letters(begin=0.5)
    assert letter.character == "A"
    assert letter.centre == line.letters()[1].centre


def test_a_trace_keeps_only_the_classes_that_any_step_gives_a_chance() -> None:
    rare = _seen((1 - LEAST_ODDS / 2, 0.0, 0.0, LEAST_ODDS / 2, 0.0), LETTER_O)
    assert rare.classes.tolist() == [0, 1, 2]


def test_a_lines_likeness_to_a_text_is_the_mean_of_its_letters_odds() -> None:
    line = _seen(LETTER_O, BLANK, LETTER_A, BLANK)
    said, zero, twice, unseen, longer = (like.whole for like in line.likenesses(["OA", "0A", "OO", "粵A", "OA0"]))
    assert [said, zero] == pytest.approx([(0.8 * 0.9) ** 0.5, (0.2 * 0.9) ** 0.5])
    assert max(twice, unseen, longer) < 0.05


def test_a_text_with_a_letter_twice_is_like_a_line_only_if_something_parts_the_two() -> None:
    assert _seen(LETTER_A, BLANK, LETTER_A).likenesses(["AA"])[0].whole == pytest.approx(0.9)
    assert _seen(LETTER_A, LETTER_A).likenesses(["AA"])[0].whole < 0.05


def test_a_lines_likeness_to_a_beginning_leaves_out_what_follows() -> None:
    line = _seen(LETTER_O, BLANK, LETTER_A, BLANK, TRADITIONAL, TRADITIONAL, BLANK, BLANK)
    like, other = line.likenesses(["OA", "AO"])
    assert [like.begins, like.share] == pytest.approx([(0.8 * 0.9) ** 0.5, 3 / 8])
    assert max(other.begins, like.whole) < 0.05


def test_the_odds_of_a_text_are_those_of_a_stretch_of_the_line() -> None:
    line = _seen(LETTER_O, BLANK, LETTER_A, BLANK)
    assert line.odds_of("OA") == pytest.approx(0.8 * 0.9)
    assert line.odds_of("A", 0.5) == pytest.approx(0.9)
    assert line.odds_of("O", 0.0, 0.5) == pytest.approx(0.8)
    assert line.odds_of("OA", 0.5) < 1e-3


def test_batches_hold_every_strip_once_and_like_with_like() -> None:
    widths = [300, 40, 310, 900, 44, 52]
    groups = batches(widths)
    assert sorted(place for group in groups for place in group) == list(range(len(widths)))
    assert all(
        max(widths[place] for place in group) <= 1.4 * min(widths[place] for place in group) + 8 for group in groups
    )
