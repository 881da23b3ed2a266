"""How the form's place on a photo is told from the labels found there, wherever an edition has them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from license_engine.form import DRIVING_FRONT, ENERGY, FORMS, VEHICLE_BACK, VEHICLE_FRONT, Form
from license_engine.geometry import PlaneMap
from license_engine.labels import Hit
from license_engine.rectify import fit, is_view, loose, with_extra

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from license_engine.form import Label
    from license_engine.rectify import Page, Placed

SCALE = 10  # pixels a millimetre
TITLE = VEHICLE_FRONT.labels[0]


def _hit(label: Label, turn: complex = 1, *, errors: int = 0) -> Hit:
    """The label seen where its form has it, on a page turned about its corner."""
    ends = [SCALE * turn * complex(x, label.y) for x in (label.x, label.x + label.width)]
    begin, end = (np.array([end.real, end.imag]) for end in ends)
    return Hit(label.text, 0, 0, len(label.text), errors, begin, end)


def _hits(labels: Iterable[Label], **moved: tuple[float, float]) -> list[Hit]:
    """The labels seen where their form has them, those of the named fields off it by millimetres."""
    shifts = [(label, moved.get(label.field or "", (0, 0))) for label in labels]
    return [_hit(replace(label, x=label.x + right, y=label.y + down)) for label, (right, down) in shifts]


def _fitted(hits: Sequence[Hit], form: Form = VEHICLE_FRONT) -> Page:
    page = fit(form, hits, 0)
    assert page is not None
    return page


def _placed(page: Page, text: str) -> Placed:
    return next(placed for placed in page.labels if placed.label.text == text)


def _unseen(page: Page) -> list[str]:
    return [placed.label.text for placed in page.labels if placed.hit is None]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.document}-{form.side}-{len(form.labels)}")
@pytest.mark.parametrize("degrees", [-90, 0, 12, 180])
def test_a_form_fits_its_own_labels_however_it_is_turned(form: Form, degrees: int) -> None:
    turn = np.exp(1j * np.radians(degrees))
    page = fit(form, [_hit(label, turn) for label in form.labels], float(np.angle(turn)))
    assert page is not None
    assert page.found == len(form.labels)
    corner = complex(*page.to_photo(np.array([88.0, 60.0])).tolist())
    assert abs(corner / turn - SCALE * complex(88, 60)) < SCALE / 2


def test_a_title_is_told_by_its_middle_however_wide_it_is_set() -> None:
    wide = replace(TITLE, x=TITLE.x - 11, width=TITLE.width + 22)
    page = _fitted([_hit(wide), *_hits(VEHICLE_FRONT.labels[1:])])
    assert _unseen(page) == []
    assert _placed(page, TITLE.text).begin == pytest.approx([wide.x, wide.y], abs=0.3)


@pytest.mark.parametrize("stretch", [0.7, 0.8, 1.3, 1.5])
def test_an_edition_whose_rows_stand_nearer_or_farther_apart_fits(stretch: float) -> None:
    printed = [replace(label, y=stretch * label.y) for label in VEHICLE_FRONT.labels]
    page = _fitted(_hits(printed))
    assert _unseen(page) == []
    assert all(np.abs(placed.begin - (placed.label.x, placed.label.y)).max() < 1 for placed in page.labels)


@pytest.mark.parametrize(
    ("form", "texts"),
    [
        (VEHICLE_BACK, ("号牌号码", "档案编号", "备注")),
        (VEHICLE_FRONT, ("号牌号码", "车辆类型", "品牌型号")),
        (DRIVING_FRONT, ("证号", "姓名", "国籍", "准驾车型")),
    ],
)
def test_such_an_edition_fits_though_few_of_its_labels_were_read(form: Form, texts: tuple[str, ...]) -> None:
    printed = [replace(label, y=1.3 * label.y) for label in form.labels if label.text in texts]
    assert _fitted(_hits(printed), form).found == len(texts)


def test_a_label_off_its_column_but_in_its_row_agrees_and_stands_where_it_was_seen() -> None:
    page = _fitted(_hits(VEHICLE_FRONT.labels, vin=(7, 0)))
    assert _unseen(page) == []
    assert _placed(page, "车辆识别代号").begin == pytest.approx([35, 41.4], abs=1)


def test_a_label_as_far_off_its_row_does_not_agree() -> None:
    assert _unseen(_fitted(_hits(VEHICLE_FRONT.labels, vin=(0, 7)))) == ["车辆识别代号"]


def test_an_unseen_label_is_placed_as_its_neighbours_are() -> None:
    labels = [replace(label, y=label.y + (1.5 if label.y > 50 else 0)) for label in VEHICLE_FRONT.labels]
    page = _fitted(_hits(labels[:-1]))
    assert _unseen(page) == ["发证日期"]
    assert page.to_photo(_placed(page, "发证日期").begin) == pytest.approx([580, 557], abs=7)


def test_a_label_of_the_pages_own_is_adopted_wherever_another_edition_has_it() -> None:
    hits = _hits(VEHICLE_FRONT.labels, brand_model=(-20, 20))
    page = _fitted(hits)
    assert _unseen(page) == ["品牌型号"]
    assert _placed(with_extra(page, ENERGY, hits), "品牌型号").begin == pytest.approx([17, 54.8], abs=1)


def test_a_label_that_other_pages_bear_too_is_adopted_only_in_its_row() -> None:
    along = _hits(VEHICLE_FRONT.labels, plate_no=(25, 0))
    adopted = with_extra(_fitted(along), ENERGY, along)
    assert _placed(adopted, "号牌号码").begin == pytest.approx([29, 15], abs=1)
    below = _hits(VEHICLE_FRONT.labels, plate_no=(0, 30))
    assert _unseen(with_extra(_fitted(below), ENERGY, below)) == ["号牌号码"]


@pytest.mark.parametrize(("right", "down"), [(80, 0), (0, 60)])
def test_a_label_beyond_the_page_is_not_adopted(right: float, down: float) -> None:
    hits = _hits(VEHICLE_FRONT.labels, brand_model=(right, down))
    assert _unseen(with_extra(_fitted(hits), ENERGY, hits)) == ["品牌型号"]


def test_a_moved_label_is_adopted_only_if_every_letter_was_read() -> None:
    hits = _hits(label for label in VEHICLE_FRONT.labels if label.field != "brand_model")
    moved = replace(next(label for label in VEHICLE_FRONT.labels if label.field == "brand_model"), x=17, y=54.8)
    hits.append(_hit(moved, errors=1))
    assert _unseen(with_extra(_fitted(hits), ENERGY, hits)) == ["品牌型号"]


def test_a_label_of_some_editions_is_added_where_it_is_seen_and_never_guessed() -> None:
    hits = _hits(VEHICLE_BACK.labels)
    page = _fitted(hits, VEHICLE_BACK)
    assert with_extra(page, ENERGY, hits).labels == page.labels
    added = with_extra(page, ENERGY, [*hits, _hit(ENERGY)])
    assert added.labels[-1].label == ENERGY
    assert added.labels[-1].begin == pytest.approx([ENERGY.x, ENERGY.y], abs=0.3)


def test_two_labels_make_no_page_and_three_do() -> None:
    hits = _hits(VEHICLE_FRONT.labels[2:5])
    assert _fitted(hits).found == 3
    assert fit(VEHICLE_FRONT, hits[:2], 0) is None
    assert fit(VEHICLE_FRONT, [*hits[:2], *hits[:2]], 0) is None


def test_labels_that_other_pages_bear_too_make_no_page_with_but_one_of_its_own() -> None:
    shared, own = DRIVING_FRONT.labels[1:3], DRIVING_FRONT.labels[3:5]
    assert _fitted(_hits([*shared, *own]), DRIVING_FRONT).found == 4
    assert fit(DRIVING_FRONT, _hits([*shared, own[0]]), 0) is None


def test_labels_in_another_order_make_no_page() -> None:
    assert fit(VEHICLE_FRONT, _hits(replace(label, y=60 - label.y) for label in VEHICLE_FRONT.labels), 0) is None


def _seen(across: complex, down: complex) -> PlaneMap:
    """The map that carries a step along a row and one down a column to these steps on the photo."""
    return PlaneMap(np.array([[across.real, down.real, 40.0], [across.imag, down.imag, 30.0], [0, 0, 1]]))


@pytest.mark.parametrize(
    ("across", "down", "seen"),
    [
        (10, 10j, True),
        (10, 13j, True),
        (10 * np.exp(0.2j), 10j, True),
        (10, 5j, False),
        (10, 20j, False),
        (10, -10j, False),
        (-10, 10j, False),
        (10, 10j * np.exp(0.4j), False),
        (10 * np.exp(0.4j), 10j * np.exp(0.4j), False),
    ],
)
def test_only_what_a_camera_could_have_seen_is_a_view(across: complex, down: complex, seen: bool) -> None:
    assert is_view(_seen(across, down), 0) is seen


def test_a_view_is_judged_by_the_angle_that_reading_runs_at() -> None:
    turn = np.exp(0.4j)
    assert is_view(_seen(10 * turn, 10j * turn), 0.4)
    assert is_view(_seen(-10, -10j), np.pi)


@pytest.mark.parametrize(
    ("right", "down", "found"),
    [
        ((1, 0.1), (0.1, 1), 11),
        ((1, 0.5), (0, 1), None),
        ((1, 0), (0.5, 1), None),
        ((0.4, 0), (0, 1), None),
        ((1, 0), (0, 0.5), None),
    ],
)
def test_labels_drawn_as_no_camera_sees_them_make_no_page(
    right: tuple[float, float], down: tuple[float, float], found: int | None
) -> None:
    drawn = [
        replace(label, x=right[0] * label.x + right[1] * label.y, y=down[0] * label.x + down[1] * label.y)
        for label in VEHICLE_FRONT.labels
    ]
    page = fit(VEHICLE_FRONT, _hits(drawn), 0)
    assert (page.found if page else None) == found


def test_labels_in_a_layout_of_their_own_are_taken_as_they_stand() -> None:
    listed = [replace(label, x=4, y=9 * row, width=9.6) for row, label in enumerate(VEHICLE_FRONT.labels[1:6])]
    page = loose(VEHICLE_FRONT, _hits(listed), 0)
    assert page is not None
    assert [placed.label.text for placed in page.labels] == [label.text for label in listed]
    assert np.diff([float(placed.begin[1]) for placed in page.labels]).min() > 8
    assert loose(VEHICLE_FRONT, _hits(listed[:4]), 0) is None


def test_of_a_loose_layout_a_label_that_was_misread_or_stands_twice_does_not_count() -> None:
    labels = VEHICLE_FRONT.labels[1:6]
    hits = _hits(labels)
    assert loose(VEHICLE_FRONT, hits, 0) is not None
    assert loose(VEHICLE_FRONT, [*hits, _hit(labels[0])], 0) is None
    assert loose(VEHICLE_FRONT, [*hits[1:], _hit(labels[0], errors=1)], 0) is None
