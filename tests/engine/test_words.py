"""Which of a field's words a doubted reading means, and that both layers know the same words."""

from __future__ import annotations

import pytest

from license_engine import repair
from license_engine.recognize import Letter, Letters, text_of
from license_engine.words import lists, mended
from license_reader import lexicon


def _letters(text: str, place: int, odds: float, other: str, beside: float) -> Letters:
    """Sure letters, but for one, with how likely the model held another."""
    letters = [Letter(character, 0.99, spot / len(text)) for spot, character in enumerate(text)]
    letters[place] = Letter(text[place], odds, place / len(text), ((text[place], odds), (other, beside)))
    return tuple(letters)


@pytest.mark.parametrize(
    ("field", "read", "printed"),
    [
        ("vehicle_type", _letters("小型娇车", 2, 0.6, "轿", 0.2), "小型轿车"),
        ("vehicle_type", _letters("：重型仓栅式半挂车", 4, 0.6, "栅", 0.2), "：重型仓栅式半挂车"),
        ("vehicle_type", _letters("：重型仓册式半挂车·", 4, 0.6, "栅", 0.2), "：重型仓栅式半挂车·"),
        ("use_character", _letters("非菅运", 1, 0.7, "营", 0.2), "非营运"),
        ("use_character", _letters("贷运", 0, 0.5, "货", 0.3), "货运"),
        ("energy_type", _letters("汔油", 0, 0.6, "汽", 0.3), "汽油"),
    ],
)
def test_a_doubted_reading_is_the_word_that_it_means(field: str, read: Letters, printed: str) -> None:
    assert text_of(repair.LETTERS[field](read)) == printed


@pytest.mark.parametrize(
    ("field", "read"),
    [
        ("vehicle_type", _letters("小型轿车", 0, 0.5, "微", 0.4)),  # a word, though another is as near
        ("vehicle_type", _letters("口型轿车", 0, 0.3, "众", 0.1)),  # a size is wanting, and any may be
        ("use_character", _letters("贷运", 0, 0.5, "口", 0.3)),  # half of the word is unread, and nothing tells it
        ("use_character", _letters("非菅运", 1, 0.97, "营", 0.02)),  # surely read
        ("use_character", _letters("急救运输", 0, 0.6, "救", 0.2)),  # a use that is not listed
        ("energy_type", _letters("甩", 0, 0.5, "电", 0.3)),  # one letter says too little
    ],
)
def test_what_may_be_several_words_or_none_stays_as_read(field: str, read: Letters) -> None:
    assert mended(field, read) == read


def test_both_layers_know_the_same_words() -> None:
    assert lists()["vehicle_type"] == lexicon.VEHICLE_TYPES
    assert lists()["use_character"] == lexicon.USE_CHARACTERS
    assert lists()["energy_type"] >= lexicon.ELECTRIC | lexicon.COMBUSTION


def test_every_listed_authority_ends_as_the_seals_do() -> None:
    assert all(ending[-1] in "队所局处厅站心" for ending in lists()["issuing_authority"])
