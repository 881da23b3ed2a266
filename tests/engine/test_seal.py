"""Which print is the seal's, in what rows it stands, and whether a row of it is missing."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from license_engine.form import VEHICLE_BACK, VEHICLE_FRONT, Form
from license_engine.geometry import PlaneMap, rectangle
from license_engine.labels import Hit, Line
from license_engine.picture import Picture
from license_engine.recognize import Letter, text_of
from license_engine.rectify import Page, Placed
from license_engine.seal import DOTS, Seal, find, from_lines, in_rows, is_whole, whole_name

RED, BLACK, GREY = (210, 40, 40), (30, 30, 30), (120, 110, 110)
ROWS = ("四川省成都", "市公安局交", "通警察支队")
STAMP = Seal(4, 38, 24, 58, ())

type Box = tuple[float, float, float, float]


def _page(form: Form = VEHICLE_FRONT) -> Page:
    """The form seen straight on, all its labels found."""
    placed = []
    for number, label in enumerate(form.labels):
        begin, end = np.array([label.x, label.y]), np.array([label.x + label.width, label.y])
        hit = Hit(label.text, number, 0, len(label.text), 0, DOTS * begin, DOTS * end)
        placed.append(Placed(label, begin, end, hit))
    lead = PlaneMap(np.diag([DOTS, DOTS, 1.0]))
    return Page(form, lead, lead.inverse(), tuple(placed))


def _line(text: str, box: Box) -> Line:
    letters = tuple(Letter(character, 0.99, (place + 0.5) / len(text)) for place, character in enumerate(text))
    return Line(DOTS * rectangle(*box), letters)


def _row(place: int) -> Box:
    """Where a row of the seal stands: left, top, right and bottom in millimetres."""
    return 5.5, 41 + 5.5 * place, 22.5, 45 + 5.5 * place


LINES = [_line(text, _row(place)) for place, text in enumerate(ROWS)]


def _stripes(draw: ImageDraw.ImageDraw, box: Box, color: tuple[int, int, int]) -> None:
    """Strokes that fill half of the box."""
    left, top, right, bottom = (DOTS * edge for edge in box)
    for x in range(round(left), round(right), 6):
        draw.rectangle((x, top, x + 2, bottom), fill=color)


def _stamped(*printed: tuple[Box, tuple[int, int, int]], rows: int = 3) -> Picture:
    """A page with black print in these boxes, and over it a red frame with rows of red strokes."""
    image = Image.new("RGB", (88 * DOTS, 60 * DOTS), (235, 240, 238))
    draw = ImageDraw.Draw(image)
    for box, color in printed:
        _stripes(draw, box, color)
    for place in range(rows):
        _stripes(draw, _row(place), RED)
    draw.rectangle(tuple(DOTS * edge for edge in (4, 39.5, 24, 58)), outline=RED, width=6)
    return Picture(image, PlaneMap(np.eye(3)))


def _texts(stamp: Seal | None) -> list[str]:
    return ["".join(text_of(line.letters) for line in row) for row in stamp.lines] if stamp else []


@pytest.mark.parametrize(
    ("heights", "counts", "whole"),
    [
        ((41, 48, 55), (5, 5, 5), True),
        ((41, 48, 55), (5, 5, 3), True),
        ((43, 53), (5, 4), True),
        ((40.5, 45.5, 50.5, 55.5), (5, 5, 5, 2), True),
        ((40.5, 50.5, 55.5), (5, 5, 5), False),
        ((40.5, 45.5, 55.5), (5, 5, 5), False),
        ((48, 55), (5, 5), False),
        ((41, 48), (5, 5), False),
        ((41, 48, 55), (5, 4, 5), False),
        ((41, 48, 55), (5, 5, 6), False),
        ((48,), (5,), False),
        ((), (), False),
    ],
)
def test_rows_are_whole_if_they_fill_the_seal_evenly_and_none_is_shorter_than_the_last(
    heights: tuple[float, ...], counts: tuple[int, ...], whole: bool
) -> None:
    assert is_whole(STAMP, heights, counts) is whole


def test_the_first_and_last_rows_of_three_are_not_whole_without_the_middle_one() -> None:
    assert not is_whole(STAMP, (41, 55), (5, 5))


def test_lines_stand_in_rows_from_the_top_and_in_each_from_the_left() -> None:
    boxes = {"通警察": (5, 52, 14, 56), "川省": (12, 40.5, 20, 44.5), "四": (5, 41, 9, 45), "支队": (15, 52.4, 22, 56)}
    rows = in_rows(_page(), [_line(text, box) for text, box in boxes.items()])
    assert [[text_of(line.letters) for line in row] for row in rows] == [["四", "川省"], ["通警察", "支队"]]


def test_the_seal_is_found_by_its_ink_with_its_rows() -> None:
    stamp = find(_stamped(), _page(), LINES[::-1])
    assert stamp is not None
    assert (stamp.left, stamp.top, stamp.right, stamp.bottom) == pytest.approx((4, 39.5, 24, 58), abs=0.5)
    assert _texts(stamp) == list(ROWS)
    assert np.mean(stamp.bands, axis=1) == pytest.approx([43, 48.5, 54], abs=0.4)


@pytest.mark.parametrize("box", [(12.0, 37.0, 34.0, 41.0), (12.0, 55.4, 34.0, 59.4)])
def test_print_over_which_the_seal_was_set_is_not_the_seals(box: Box) -> None:
    stamp = find(_stamped((box, BLACK)), _page(), [*LINES, _line("非营运轿车", box)])
    assert _texts(stamp) == list(ROWS)


def test_a_row_in_shadow_is_the_seals_though_its_ink_shows_no_red() -> None:
    stamp = find(_stamped((_row(2), GREY), rows=2), _page(), LINES)
    assert _texts(stamp) == list(ROWS)


def test_print_beside_the_seal_is_not_the_seals() -> None:
    box = (29.0, 45.0, 40.0, 47.8)
    assert _texts(find(_stamped((box, BLACK)), _page(), [*LINES, _line("AB12345", box)])) == list(ROWS)


def test_a_page_without_a_seals_place_or_its_ink_or_its_lines_has_no_seal() -> None:
    blank = Picture(Image.new("RGB", (88 * DOTS, 60 * DOTS), "white"), PlaneMap(np.eye(3)))
    assert find(_stamped(), _page(VEHICLE_BACK), LINES) is None
    assert find(blank, _page(), LINES[:1]) is None


def test_without_colour_the_lines_on_the_seals_place_stand_in() -> None:
    blank = Picture(Image.new("RGB", (88 * DOTS, 60 * DOTS), "white"), PlaneMap(np.eye(3)))
    stamp = find(blank, _page(), [*LINES, _line("2016-03-04", (40, 53, 56, 56))])
    assert _texts(stamp) == list(ROWS)
    assert stamp is not None
    assert (stamp.left, stamp.top, stamp.right, stamp.bottom) == pytest.approx((5.5, 41, 22.5, 56))
    assert stamp.bands == ()


def test_a_seal_without_lines_has_no_rows_to_look_at_but_its_inks() -> None:
    stamp = find(_stamped(), _page(), [])
    assert stamp is not None
    assert stamp.widened(_page()) == []
    assert len(stamp.inked(_page())) == len(ROWS)


def test_rows_are_looked_at_as_wide_as_the_seal() -> None:
    short = [_line("川省成都", (9, 41, 22.5, 45)), *LINES[1:]]
    stamp = from_lines(_page(), short)
    assert stamp is not None
    lefts = [quad[0, 0] / DOTS for quad in stamp.widened(_page())]
    assert lefts == pytest.approx([5.5] * 3, abs=0.01)


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        (ROWS, "四川省成都市公安局交通警察支队"),
        ((*ROWS, "章印"), "四川省成都市公安局交通警察支队"),
        ((*ROWS, "某某某"), ""),
        (ROWS[:2], "四川省成都市公安局"),
        (ROWS[:1], ""),
        ((), ""),
    ],
)
def test_an_authoritys_name_is_told_by_how_it_ends(rows: tuple[str, ...], name: str) -> None:
    letters = [tuple(Letter(character, 0.99, 0.5) for character in row) for row in rows]
    assert text_of(whole_name(letters)) == name
