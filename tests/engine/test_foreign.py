"""What is no license and is not taken for one, though it bears a license's labels; and what is left of one that is."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING

import pytest
from tests.engine.render import fonts, foreign

from license_engine.form import DRIVING_FRONT, FORMS, VEHICLE_BACK, VEHICLE_FRONT, Form
from license_engine.geometry import rectangle
from license_engine.labels import Line
from license_engine.pages import find_pages
from license_engine.recognize import Letter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from license_engine import Engine

SCALE = 10  # pixels a millimetre
# One of each family; the benchmark draws them all, and many of each.
DRAWN = ("compulsory-insurance", "sale-contract", "professional-license", "identity-front", "code", "cat")
needs_fonts = pytest.mark.skipif(bool(fonts.missing()), reason=f"needs the packages {' '.join(fonts.missing())}")


@needs_fonts
@pytest.mark.parametrize("kind", DRAWN)
def test_a_picture_of_something_else_is_not_a_license(engine: Engine, kind: str) -> None:
    name, content = foreign.picture(foreign.KINDS.index(kind), seed=1)
    reading = engine.read(content)
    assert (name, reading.document, dict(reading.fields)) == (kind, None, {})
    assert "not_a_license" in reading.flags


@needs_fonts
def test_the_same_number_and_seed_draw_the_same_picture() -> None:
    assert foreign.picture(1, seed=3) == foreign.picture(1, seed=3)
    assert foreign.picture(1, seed=3) != foreign.picture(1, seed=4)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.document}-{form.side}-{len(form.labels)}")
def test_labels_in_their_places_make_a_license(form: Form) -> None:
    (page,), _ = find_pages(_printed(form), None)
    assert (page.form.document, page.form.side) == (form.document, form.side)


@pytest.mark.parametrize("form", [VEHICLE_FRONT, VEHICLE_BACK, DRIVING_FRONT], ids=lambda form: form.side)
@pytest.mark.parametrize("half", ["first", "last"])
def test_half_of_the_labels_still_make_a_license(form: Form, half: str) -> None:
    lines, middle = _printed(form), len(form.labels) // 2
    (page,), _ = find_pages(lines[:middle] if half == "first" else lines[middle:], None)
    assert (page.form.document, page.form.side) == (form.document, form.side)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.document}-{form.side}-{len(form.labels)}")
@pytest.mark.parametrize("columns", [1, 3])
def test_the_same_labels_in_a_list_make_no_license(form: Form, columns: int) -> None:
    assert find_pages(_listed(form, columns), None) == ([], ())


@pytest.mark.parametrize("name", ["电子行驶证", "机动车行驶证(电子版)", "我的行驶证"])
def test_a_list_that_is_called_a_license_is_an_electronic_one(name: str) -> None:
    (page,), _ = find_pages([_line(name, 10, -20), *_listed(VEHICLE_FRONT, 1)], None)
    assert page.form.document == "vehicle_license"


@pytest.mark.parametrize("name", ["二手车买卖合同", "年检有效期见行驶证", "机动车安全技术检验报告"])
def test_a_list_that_is_called_otherwise_is_no_license(name: str) -> None:
    assert find_pages([_line(name, 10, -20), *_listed(VEHICLE_FRONT, 1)], None) == ([], ())


def test_a_license_that_lies_on_another_paper_is_found() -> None:
    other = [_line("机动车交通事故责任强制保险单", 150, 0), *_listed(VEHICLE_BACK, 1, left=150)]
    pages, flags = find_pages([*_printed(VEHICLE_FRONT), *other], None)
    assert [page.form for page in pages] == [VEHICLE_FRONT]
    assert flags == ()


def test_a_few_labels_in_place_by_chance_are_outweighed_by_the_others() -> None:
    in_place, others = _printed(VEHICLE_FRONT)[1:5], VEHICLE_FRONT.labels[:4:-1]
    assert len(find_pages(in_place, None)[0]) == 1
    elsewhere = [_line(label.text, 4, 60 + 9 * row) for row, label in enumerate(others)]
    assert find_pages([*in_place, *elsewhere], None) == ([], ())


def _line(text: str, x: float, y: float) -> Line:
    """The text as it would be read, its left end and middle height at this millimetre."""
    letters = tuple(Letter(character, 0.99, (place + 0.5) / len(text)) for place, character in enumerate(text))
    return Line(rectangle(SCALE * x, SCALE * (y - 1.2), SCALE * (x + 2.4 * len(text)), SCALE * (y + 1.2)), letters)


def _printed(form: Form) -> list[Line]:
    """The form's labels where it has them."""
    return [_line(label.text, label.x, label.y) for label in form.labels]


def _listed(form: Form, columns: int, *, left: float = 10) -> Sequence[Line]:
    """The labels that a value follows, as any other paper would list them."""
    rows = batched([label.text for label in form.labels if label.field], columns, strict=False)
    return [
        _line(text, left + 55 * place, 9 * row) for row, texts in enumerate(rows) for place, text in enumerate(texts)
    ]
