"""Which characters each field may hold, and which older ones count for those of today."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from license_engine.alphabets import ALPHABETS, NAMES, PROSE, PROVINCES, alphabets, simplified, variants
from license_engine.places import divisions
from license_engine.recognize import Alphabet, Recognizer, text_of, trace

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

CHARACTERS = ("", *"昇升後后車车皖龘一", " ")


class _Dictionary:
    """A model of which only the dictionary is asked."""

    def __init__(self) -> None:
        self.custom_metadata_map = {"character": "\n".join(CHARACTERS[1:-1])}

    def get_modelmeta(self) -> _Dictionary:
        return self


@pytest.fixture(scope="module")
def of_field() -> dict[str, Alphabet]:
    """Each field's alphabet in a small dictionary."""
    return alphabets(Recognizer(cast("InferenceSession", _Dictionary())))


def _read(alphabet: Alphabet, **odds: float) -> str:
    """What is read where the model gives these characters these odds."""
    step = np.zeros((1, len(CHARACTERS)), np.float32)
    for character, chance in odds.items():
        step[0, CHARACTERS.index(character)] = chance
    return text_of(trace(step, 8, CHARACTERS).letters(alphabet))


def test_no_character_is_both_traditional_and_simplified() -> None:
    traditional, plain = zip(*variants(), strict=True)
    assert set(traditional).isdisjoint(plain)
    assert len(set(traditional)) == len(traditional)


def test_every_variant_stands_for_a_character_of_the_standard_set() -> None:
    assert {plain for _, plain in variants()} <= set(simplified())


def test_the_standard_set_holds_no_traditional_character() -> None:
    assert set(simplified()).isdisjoint(character for character, _ in variants())
    assert len(simplified()) > 6700


@pytest.mark.parametrize(("older", "today"), ["後后", "車车", "國国", "粵粤", "號号", "龍龙", "陳陈"])
def test_the_variants_that_print_is_taken_for_are_known(older: str, today: str) -> None:
    assert (older, today) in variants()


@pytest.mark.parametrize("field", PROSE)
def test_in_prose_an_older_character_counts_for_todays(of_field: dict[str, Alphabet], field: str) -> None:
    assert _read(of_field[field], 後=0.9) == "后"
    assert _read(of_field[field], 昇=0.9) == "升"


@pytest.mark.parametrize("field", NAMES)
def test_names_keep_the_variants_that_people_are_named_with_and_no_others(
    of_field: dict[str, Alphabet], field: str
) -> None:
    assert _read(of_field[field], 昇=0.9) == "昇"
    assert _read(of_field[field], 後=0.9) == "后"


def test_a_rare_character_stands_in_a_name_when_surely_read(of_field: dict[str, Alphabet]) -> None:
    assert _read(of_field["name"], 龘=0.95, 一=0.04) == "龘"
    assert _read(of_field["name"], 龘=0.6, 一=0.4) == "一"
    assert _read(of_field["remarks"], 龘=0.95, 一=0.04) == "一"


def test_every_fields_own_alphabet_is_of_todays_characters() -> None:
    traditional = {character for character, _ in variants()}
    assert all(traditional.isdisjoint(letters) for letters in ALPHABETS.values())
    assert len(set(PROVINCES)) == len(PROVINCES) == 31


def test_a_seal_may_name_every_place(of_field: dict[str, Alphabet]) -> None:
    named = {letter for names in divisions().values() for name in names for letter in name}
    counties = {letter for names in divisions().values() for held in names.values() for name in held for letter in name}
    assert named | counties <= of_field["issuing_authority"].characters
