"""What the engine says of a photo's own condition, each time against the same photo without the fault."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import pi
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.engine.conftest import SAMPLES
from tests.engine.render import conditions, effects, flaws

from license_engine import condition
from license_engine.form import (
    DRIVING_BACK,
    DRIVING_FRONT,
    FORMS,
    HEIGHT,
    VEHICLE_BACK,
    VEHICLE_FRONT,
    WIDTH,
    Form,
    Label,
)
from license_engine.geometry import PlaneMap, rectangle
from license_engine.labels import Hit, Line
from license_engine.picture import Picture
from license_engine.recognize import Letter
from license_engine.rectify import Page, Placed
from license_engine.values import Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from license_engine import Engine

# Where the page lies on the sample photos, clockwise from its upper left corner.
CORNERS = {
    "vehicle-front": [(153.0, 100.0), (1214.0, 187.0), (1151.0, 908.0), (88.0, 825.0)],
    "vehicle-back": [(65.0, 119.0), (1202.0, 73.0), (1234.0, 843.0), (103.0, 883.0)],
    "driving-back": [(77.0, 111.0), (1193.0, 80.0), (1214.0, 833.0), (106.0, 876.0)],
}
VIN_ROW = (0.6, 0.72, 0.7, 0.76)
BLANK = (0.45, 0.7, 0.5, 0.72)
DATE, MASS = "2020-01-02", "1500kg"
# Values that lack nothing.
WHOLE = {
    "plate_no": "粤B12345",
    "vin": "WBA11111111111111",
    "license_no": "990101199001010011",
    "file_no": "990000000001",
    "passengers": "5人",
    "dimensions": "4600×1800×1500mm",
    **dict.fromkeys(("gross_mass_kg", "curb_mass_kg", "rated_load_kg", "towing_mass_kg"), MASS),
    **dict.fromkeys(("register_date", "issue_date", "birth_date", "first_issue_date", "valid_from"), DATE),
}
UNSEEN = [condition.Rim()] * 4  # sides that show neither edge nor paper
NOWHERE = rectangle(-1000, 0, 0, 0)  # off the page, and as long as any value
FAULTS = {"copy", "reflection", "border_incomplete", "blur", "occluded"}
FINGER, STRAP = flaws.COVERS[0], flaws.COVERS[10]
SHEET = (WIDTH, HEIGHT)
SCALE = 5  # pixels a millimetre of the bare pages below
BACKGROUND = 40
STRAIGHT = PlaneMap(np.eye(3))
PAPER, INK, SEAL = (243, 240, 228), (52, 50, 49), (196, 60, 56)


def _sample(name: str) -> effects.Taken:
    return effects.Taken(Image.open(SAMPLES / f"{name}.jpg"), CORNERS[name])


def _random() -> Random:
    return Random(7)  # noqa: S311 - a seeded drawing keeps no secret


def _faults(engine: Engine, taken: effects.Taken) -> set[str]:
    return FAULTS & set(engine.read(effects.jpeg(taken.image, 88)).flags)


def _copied(name: str) -> effects.Taken:
    taken = _sample(name)
    return effects.Taken(flaws.photocopied(taken.image, _random()), taken.corners)


def test_a_photocopy_is_told_from_its_original(engine: Engine) -> None:
    assert _faults(engine, _copied("vehicle-front")) == {"copy"}


def test_an_original_under_a_warm_lamp_is_no_copy(engine: Engine) -> None:
    assert _faults(engine, flaws.warmed(_sample("vehicle-front"), _random())) == set()


def test_nothing_is_said_of_a_side_page_that_may_be_a_copy(engine: Engine) -> None:
    assert _faults(engine, _copied("vehicle-back")) == set()


def test_a_grey_electronic_license_is_no_copy(engine: Engine) -> None:
    screen = Image.open(SAMPLES / "vehicle-electronic.jpg").convert("L").convert("RGB")
    assert _faults(engine, effects.Taken(screen, [])) == set()


def test_glare_over_a_field_is_a_reflection(engine: Engine) -> None:
    assert _faults(engine, flaws.shone_upon(_sample("vehicle-front"), _random(), VIN_ROW)) == {"reflection"}


def test_glare_on_blank_paper_hides_nothing(engine: Engine) -> None:
    assert _faults(engine, flaws.shone_upon(_sample("driving-back"), _random(), BLANK)) == set()


def test_a_finger_over_a_field_occludes_it(engine: Engine) -> None:
    taken = flaws.covered(_sample("vehicle-front"), FINGER, (50, 48), -pi / 2, SHEET)
    assert _faults(engine, taken) == {"occluded"}


def test_a_strap_across_labels_occludes_them(engine: Engine) -> None:
    taken = flaws.covered(_sample("vehicle-back"), STRAP, (10, 15), pi / 2, SHEET)
    assert _faults(engine, taken) == {"occluded"}


def test_a_finger_that_holds_the_page_by_its_margin_hides_nothing(engine: Engine) -> None:
    taken = flaws.covered(_sample("driving-back"), FINGER, (1.5, 45), 0, SHEET)
    assert _faults(engine, taken) == set()


def test_a_page_so_cut_that_it_is_not_found_is_incomplete_if_its_title_is_left(engine: Engine) -> None:
    left_out = _sample("driving-back").image.crop((320, 0, 1300, 951))
    assert set(engine.read(effects.jpeg(left_out, 88)).flags) == {"not_a_license", "border_incomplete"}


def test_a_page_whose_side_is_cut_off_is_incomplete(engine: Engine) -> None:
    assert "border_incomplete" in _faults(engine, flaws.cut(_sample("vehicle-front"), "right", 0.12))


def test_a_page_whose_side_is_cut_by_a_few_millimetres_is_incomplete(engine: Engine) -> None:
    assert _faults(engine, flaws.cut(_sample("vehicle-front"), "right", 0.05)) == {"border_incomplete"}


def test_a_photo_cut_to_the_pages_edges_is_complete(engine: Engine) -> None:
    assert _faults(engine, flaws.trimmed(_sample("driving-back"))) == set()


def test_a_photo_so_soft_that_fields_are_in_doubt_is_blurred(engine: Engine) -> None:
    assert _faults(engine, flaws.blurred(_sample("vehicle-front"), 0.0036)) == {"blur"}


def test_a_soft_photo_that_reads_well_is_not_blurred(engine: Engine) -> None:
    taken = flaws.blurred(_sample("vehicle-front"), 0.0018)
    reading = engine.read(effects.jpeg(taken.image, 88))
    assert min(reading.confidence.values()) > 0.9
    assert "blur" not in reading.flags


def test_a_page_lost_to_blur_is_said_to_be_blurred(engine: Engine) -> None:
    reading = engine.read(effects.jpeg(flaws.blurred(_sample("driving-back"), 0.0042).image, 88))
    assert {"not_a_license", "blur"} <= set(reading.flags)


def test_a_photo_without_lines_is_not_soft() -> None:
    assert not condition.is_soft(_picture(np.full((200, 300, 3), 255.0)), [])


def test_of_a_whole_page_whose_title_alone_is_read_nothing_is_told() -> None:
    assert condition.of_title(_picture(_on_table(DRIVING_BACK, 60)), [_title(DRIVING_BACK)]) == ()


@pytest.mark.parametrize(("cover", "flag"), [((70, 30, 24), "occluded"), ((255, 255, 255), "reflection")])
def test_what_lies_on_the_labels_of_a_page_whose_title_alone_is_read_is_told(
    cover: tuple[int, int, int], flag: str
) -> None:
    sheet = _on_table(DRIVING_BACK, 60)
    sheet[SCALE * 20 : SCALE * 45, SCALE * 12 : SCALE * 45] = cover
    assert condition.of_title(_picture(sheet), [_title(DRIVING_BACK)]) == (flag,)


def test_what_lies_on_a_title_s_beginning_and_a_label_is_told() -> None:
    sheet = _on_table(DRIVING_BACK, 60)
    sheet[SCALE * 12 : SCALE * 27, SCALE * 22 : SCALE * 60] = (70, 30, 24)
    title, _, *others = DRIVING_BACK.labels
    lines = [_line(title, first=10), *map(_line, others)]
    assert condition.of_title(_picture(sheet), lines) == ("occluded",)
    assert condition.of_title(_picture(sheet), lines[:2]) == ()


def test_of_another_paper_s_labels_nothing_is_told() -> None:
    sheet = _on_table(DRIVING_BACK, 60)
    sheet[SCALE * 20 : SCALE * 45, SCALE * 12 : SCALE * 45] = (70, 30, 24)
    letters = tuple(Letter(letter, 0.99, (place + 0.5) / 4) for place, letter in enumerate("档案编号"))
    assert condition.of_title(_picture(sheet), [Line(SCALE * rectangle(52, 27.5, 61, 30.5), letters)]) == ()


@pytest.mark.parametrize("dashes", ["passengers", "gross_mass_kg", "engine_no", "rated_load_kg"])
def test_a_value_that_a_trailer_or_a_tractor_does_not_have_is_not_missed(dashes: str) -> None:
    form = VEHICLE_FRONT if dashes == "engine_no" else VEHICLE_BACK
    read = {field: value for field, value in _read(form).items() if field != dashes}
    assert list(condition.unread_print(_page(form), read)) == []


def test_what_is_missed_of_a_value_read_in_part_stands_after_that_part() -> None:
    page = _page(VEHICLE_FRONT)
    seen = page.to_photo(rectangle(45, 40, 55, 43))
    part = {**_read(VEHICLE_FRONT), "vin": Value("LSVAA4", 0.99, seen)}
    ((left, _, right, _),) = condition.unread_print(page, part)
    assert (round(left, 3), right > 60) == (55, True)


def test_what_is_missed_of_a_value_may_stand_before_the_part_that_was_read() -> None:
    page = _page(VEHICLE_FRONT)
    part = {**_read(VEHICLE_FRONT), "vin": Value("1111", 0.99, page.to_photo(rectangle(62, 40, 70, 43)))}
    ((left, _, right, _),) = condition.unread_print(page, part)
    assert (round(left, 3), round(right, 3)) == (43, 62)


def test_a_value_narrower_than_any_of_its_field_was_read_in_part() -> None:
    page = _page(DRIVING_FRONT)
    one_letter = {**_read(DRIVING_FRONT), "name": Value("王", 0.99, page.to_photo(rectangle(12, 19, 14.5, 22)))}
    ((left, _, right, _),) = condition.unread_print(page, one_letter)
    assert (round(left, 3), right > 16) == (14.5, True)


def test_a_missed_value_begins_where_the_others_of_its_column_do() -> None:
    page = _page(VEHICLE_BACK)
    read = {
        field: Value(value.text, value.confidence, page.to_photo(rectangle(25 if label.x < 40 else 66, 5, 40, 8)))
        for label in VEHICLE_BACK.labels
        if (field := label.field) and field != "curb_mass_kg" and (value := _read(VEHICLE_BACK)[field])
    }
    ((left, _, _, _),) = condition.unread_print(page, read)
    assert round(left, 3) == 25


lamps = st.tuples(st.floats(0.6, 1.02), st.floats(0.5, 1.0), st.floats(0.3, 1.0))
unclipped_lamps = st.tuples(st.floats(0.6, 0.8), st.floats(0.5, 0.8), st.floats(0.3, 0.8))
slopes = st.floats(-0.3, 0.3)
hazes = st.floats(0, 25)


@settings(deadline=None, max_examples=25)
@given(form=st.sampled_from([VEHICLE_FRONT, DRIVING_FRONT]), lamp=unclipped_lamps, slope=slopes, haze=hazes)
def test_a_seal_as_grey_as_the_print_is_a_copy_in_any_light_that_clips_nothing(
    form: Form, lamp: tuple[float, float, float], slope: float, haze: float
) -> None:
    grey = _printed(form, paper=(240,) * 3, ink=(50,) * 3, seal=(110,) * 3)
    assert _flags(_lit(grey, lamp, slope, haze), form) == {"copy"}


@settings(deadline=None, max_examples=25)
@given(form=st.sampled_from([VEHICLE_FRONT, DRIVING_FRONT]), lamp=lamps, slope=slopes, haze=hazes)
def test_a_red_seal_is_no_copy_in_any_light(
    form: Form, lamp: tuple[float, float, float], slope: float, haze: float
) -> None:
    assert _flags(_lit(_printed(form, paper=PAPER, ink=INK, seal=SEAL), lamp, slope, haze), form) == set()


def test_a_seal_that_lies_in_glare_tells_no_copy() -> None:
    sheet = _printed(VEHICLE_FRONT, paper=PAPER, ink=INK, seal=(255, 255, 255))
    left, top, right, bottom = (round(SCALE * edge) for edge in (0, 33, 36, 60))
    sheet[SCALE * 10 + top : SCALE * 10 + bottom, SCALE * 10 + left : SCALE * 10 + right] = 255
    assert "copy" not in _flags(sheet, VEHICLE_FRONT)


def test_a_seal_that_a_thing_lies_on_tells_no_copy() -> None:
    sheet = _printed(VEHICLE_FRONT, paper=PAPER, ink=INK, seal=SEAL)
    sheet[SCALE * 46 : SCALE * 66, SCALE * 10 : SCALE * 40] = (60, 58, 56)
    sheet[SCALE * 66 :, SCALE * 10 : SCALE * 40] = PAPER
    assert "copy" not in _flags(sheet, VEHICLE_FRONT)


@settings(deadline=None, max_examples=60)
@given(form=st.sampled_from(FORMS), room=st.tuples(*[st.floats(0, 10)] * 4))
def test_a_page_that_lies_wholly_in_the_picture_is_complete(form: Form, room: tuple[float, ...]) -> None:
    left, top, right, bottom = room
    page = _page(form, left=left, top=top)
    size = (round(SCALE * (left + WIDTH + right)) + 1, round(SCALE * (top + HEIGHT + bottom)) + 1)
    assert not condition.is_cut_off(page, size, UNSEEN)


@settings(deadline=None, max_examples=60)
@given(form=st.sampled_from(FORMS), side=st.sampled_from(flaws.SIDES), lost=st.floats(12, 25))
def test_a_page_of_which_a_fifth_lies_outside_is_incomplete(form: Form, side: str, lost: float) -> None:
    page = _page(form, left=-lost if side == "left" else 5, top=-lost if side == "top" else 5)
    wide = 93 - lost if side == "right" else 120
    tall = 65 - lost if side == "bottom" else 90
    assert condition.is_cut_off(page, (round(SCALE * wide), round(SCALE * tall)), UNSEEN)


colours = st.tuples(*[st.integers(0, 250)] * 3)


@settings(deadline=None, max_examples=40)
@given(
    form=st.sampled_from(FORMS),
    pick=st.integers(0, 100),
    cover=colours.filter(lambda colour: max(colour) - min(colour) > 60 or max(colour) < 90),
    lamp=unclipped_lamps,
    slope=slopes,
)
def test_a_thing_of_another_colour_than_the_paper_occludes_the_labels_that_it_lies_on(
    form: Form, pick: int, cover: tuple[int, int, int], lamp: tuple[float, float, float], slope: float
) -> None:
    sheet, hidden = _printed(form, paper=PAPER, ink=INK, seal=SEAL), form.labels[pick % len(form.labels)]
    _band(sheet, hidden, deep=5)[:] = cover
    assert _flags(_lit(sheet, lamp, slope, 0), form, unread=hidden) == {"occluded"}


@settings(deadline=None, max_examples=40)
@given(form=st.sampled_from(FORMS), pick=st.integers(0, 100), shade=st.floats(0.45, 1), lamp=lamps, slope=slopes)
def test_print_that_is_not_read_but_shows_is_not_occluded_even_in_a_shadow(
    form: Form, pick: int, shade: float, lamp: tuple[float, float, float], slope: float
) -> None:
    sheet, missed = _printed(form, paper=PAPER, ink=INK, seal=SEAL), form.labels[pick % len(form.labels)]
    _band(sheet, missed, deep=5)[:] *= shade
    assert "occluded" not in _flags(_lit(sheet, lamp, slope, 0), form, unread=missed)


def _band(sheet: NDArray[np.float64], label: Label, *, deep: float) -> NDArray[np.float64]:
    """The sheet's pixels about a label, so many millimetres above and below its middle."""
    top, bottom = (round(SCALE * (10 + label.y + edge)) for edge in (-deep, deep))
    left, right = (round(SCALE * (10 + edge)) for edge in (label.x - 4, label.x + label.width + 4))
    return sheet[top:bottom, left:right]


@settings(deadline=None, max_examples=40)
@given(
    form=st.sampled_from(FORMS), side=st.integers(0, 3), lost=st.floats(2, 8), table=st.integers(10, 120), slope=slopes
)
def test_paper_that_runs_out_of_the_picture_on_one_side_only_is_cut_off(
    form: Form, side: int, lost: float, table: int, slope: float
) -> None:
    cuts = [10 + lost if place == side else 0.0 for place in range(4)]
    pixels, left, top = _cut(_lit(_on_table(form, table), (0.9, 0.85, 0.8), slope, 0), cuts)
    assert _flags(pixels, form, left=left, top=top) == {"border_incomplete"}


rooms = st.one_of(st.tuples(*[st.floats(1.5, 9)] * 4), st.just((0.0,) * 4))


@settings(deadline=None, max_examples=40)
@given(form=st.sampled_from(FORMS), room=rooms, table=st.integers(10, 250), slope=slopes)
def test_a_page_whose_edges_are_all_seen_or_none_does_not_run_out_whatever_it_lies_on(
    form: Form, room: tuple[float, ...], table: int, slope: float
) -> None:
    cuts = [10 - edge for edge in room]
    pixels, left, top = _cut(_lit(_on_table(form, table), (0.9, 0.85, 0.8), slope, 0), cuts)
    assert _flags(pixels, form, left=left, top=top) == set()


@settings(deadline=None, max_examples=40)
@given(form=st.sampled_from(FORMS), misfit=st.floats(-9, 9), table=st.integers(10, 120))
def test_a_side_whose_edge_is_seen_is_not_cut_off_though_the_fit_has_it_elsewhere(
    form: Form, misfit: float, table: int
) -> None:
    pixels, left, top = _cut(_lit(_on_table(form, table), (0.9, 0.85, 0.8), 0, 0), [7, 7, 7, 7])
    page = _page(form, left=left, top=top, misfit=misfit)
    assert condition.flags(_picture(pixels), [page], [_read(form)]) == ()


def test_a_side_alone_whose_edge_is_not_seen_is_cut_off_though_the_fit_has_it_at_the_rim() -> None:
    pixels, left, top = _cut(_lit(_on_table(VEHICLE_BACK, 60), (0.9, 0.85, 0.8), 0, 0), [5, 5, 5, 12])
    assert _flags(pixels, VEHICLE_BACK, left=left, top=top - 2.5) == {"border_incomplete"}


def test_paper_runs_out_of_the_picture_though_the_rim_cuts_print() -> None:
    sheet = _on_table(VEHICLE_BACK, 60)
    for bar in range(SCALE * 40, SCALE * 82, 3):
        sheet[SCALE * 59 : SCALE * 68, bar : bar + 2] = INK
    pixels, left, top = _cut(sheet, [5, 5, 5, 14])
    assert _flags(pixels, VEHICLE_BACK, left=left, top=top) == {"border_incomplete"}


def test_ground_as_white_as_the_paper_is_not_taken_for_it() -> None:
    sheet = _on_table(VEHICLE_BACK, 60)
    corner, past_right, past_bottom = SCALE * 10, sheet.shape[1] - SCALE * 10, sheet.shape[0] - SCALE * 10
    ground = np.all(sheet == 60, axis=-1)
    sheet[ground] = PAPER
    shadows = [
        (slice(corner - SCALE, corner), slice(corner, past_right)),
        (slice(corner, past_bottom), slice(past_right, past_right + SCALE)),
        (slice(past_bottom, past_bottom + SCALE), slice(corner, past_right)),
    ]
    for shadow in shadows:
        sheet[shadow] *= 0.8
    pixels, left, top = _cut(sheet, [7, 5, 5, 5])
    assert _flags(pixels, VEHICLE_BACK, left=left, top=top) == set()


def test_a_page_that_lies_aslant_and_lacks_a_corner_is_incomplete() -> None:
    sheet, turn = _aslant(_on_table(DRIVING_BACK, 60), degrees=-10)
    page = _page(DRIVING_BACK, turn=turn)
    lowest = float(page.to_photo(np.array([WIDTH, HEIGHT]))[1])
    whole, cut = (_picture(sheet[: round(lowest + SCALE * room)]) for room in (3, -7))
    assert condition.flags(whole, [page], [_read(DRIVING_BACK)]) == ()
    assert condition.flags(cut, [page], [_read(DRIVING_BACK)]) == ("border_incomplete",)


def test_a_page_that_a_picture_was_cut_to_is_complete_though_one_side_lies_on_the_rim() -> None:
    sheet, left, top = _cut(_printed(VEHICLE_BACK, paper=PAPER, ink=INK, seal=SEAL), [10, 10, 10, 10])
    down, across = np.mgrid[0 : sheet.shape[0], 0 : sheet.shape[1]]
    high, wide = sheet.shape[:2]
    deep = 4 * SCALE
    ground = (down < deep * across / wide) | (wide - across < deep * down / high) | (high - down < deep * across / wide)
    sheet[ground] = 60
    assert _flags(sheet, VEHICLE_BACK, left=left, top=top) == set()


def _aslant(pixels: NDArray[np.float64], *, degrees: float) -> tuple[NDArray[np.float64], PlaneMap]:
    """The sheet turned about its middle, and where that carries each of its pixels."""
    high, wide = pixels.shape[:2]
    image = Image.fromarray(pixels.astype(np.uint8))
    turned = image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(60, 60, 60))
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    middle = np.array([[1, 0, turned.width / 2], [0, 1, turned.height / 2], [0, 0, 1]])
    back = np.array([[1, 0, -wide / 2], [0, 1, -high / 2], [0, 0, 1]])
    return np.asarray(turned, np.float64), PlaneMap(
        middle @ np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]]) @ back
    )


def _on_table(form: Form, table: int) -> NDArray[np.float64]:
    """The form's page on a table this bright."""
    sheet = _printed(form, paper=PAPER, ink=INK, seal=SEAL)
    sheet[sheet.sum(axis=-1) == 3 * BACKGROUND] = table
    return sheet


def _cut(pixels: NDArray[np.float64], cuts: Sequence[float]) -> tuple[NDArray[np.float64], float, float]:
    """The sheet without so many millimetres left, above, right and below; where the page's corner then lies."""
    left, top, right, bottom = (round(SCALE * cut) for cut in cuts)
    kept = pixels[top : pixels.shape[0] - bottom, left : pixels.shape[1] - right]
    return kept, 10 - left / SCALE, 10 - top / SCALE


def _page(
    form: Form,
    *,
    left: float = 10,
    top: float = 10,
    misfit: float = 0,
    turn: PlaneMap = STRAIGHT,
) -> Page:
    """The form with every label found where the form has it, the fit so much too far right."""
    flat = np.array([[SCALE, 0, SCALE * left], [0, SCALE, SCALE * top], [0, 0, 1.0]])
    lead = PlaneMap(turn.matrix @ flat)
    fitted = PlaneMap(lead.matrix @ np.array([[1, 0, misfit], [0, 1, 0], [0, 0, 1]]))
    back, labels = fitted.inverse(), []
    for number, label in enumerate(form.labels):
        begin, end = lead(np.array([[label.x, label.y], [label.x + label.width, label.y]]))
        hit = Hit(label.text, number, 0, len(label.text), 0, begin, end)
        labels.append(Placed(label, back(begin), back(end), hit))
    return Page(form, fitted, back, tuple(labels))


def _printed(form: Form, *, paper: tuple[int, ...], ink: tuple[int, ...], seal: tuple[int, ...]) -> NDArray[np.float64]:
    """The form's page on a dark table: bars for its labels, stripes for its seal."""
    sheet = np.full((round(SCALE * (HEIGHT + 20)), round(SCALE * (WIDTH + 20)), 3), float(BACKGROUND))
    flat = sheet[SCALE * 10 : -SCALE * 10, SCALE * 10 : -SCALE * 10]
    flat[:] = paper
    for label in form.labels:
        row = round(SCALE * label.y)
        flat[row - SCALE : row + SCALE, round(SCALE * label.x) : round(SCALE * (label.x + label.width))] = ink
    left, top, right, bottom = (round(SCALE * edge) for edge in form.seal or (0, 0, 0, 0))
    for row in range(top + 2 * SCALE, bottom - 2 * SCALE, 2 * SCALE):
        flat[row : row + SCALE, left + SCALE : right - 2 * SCALE] = seal
    return sheet


def _lit(
    sheet: NDArray[np.float64], lamp: tuple[float, float, float], slope: float, haze: float
) -> NDArray[np.float64]:
    light = np.linspace(1 - slope / 2, 1 + slope / 2, sheet.shape[1])[None, :, None] * np.array(lamp)
    lit: NDArray[np.float64] = sheet * light + haze
    return lit


def _picture(pixels: NDArray[np.float64]) -> Picture:
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    whole = rectangle(0, 0, *image.size)
    return Picture(image, PlaneMap.between(whole, whole))


def _read(form: Form) -> dict[str, Value]:
    """A value for each of the form's fields that lacks nothing."""
    return {label.field: Value(WHOLE.get(label.field, "完整"), 0.99, NOWHERE) for label in form.labels if label.field}


def _title(form: Form) -> Line:
    """The form's title as it would be read where `_printed` has it."""
    return _line(form.labels[0])


def _line(label: Label, first: int = 0) -> Line:
    """The label as it would be read where `_printed` has it, from this letter on."""
    text, pitch = label.text[first:], label.width / len(label.text)
    letters = tuple(Letter(letter, 0.99, (place + 0.5) / len(text)) for place, letter in enumerate(text))
    left, middle, right = 10 + label.x + first * pitch, 10 + label.y, 10 + label.x + label.width
    return Line(SCALE * rectangle(left, middle - 1.5, right, middle + 1.5), letters)


def _flags(
    pixels: NDArray[np.float64], form: Form, *, left: float = 10, top: float = 10, unread: Label | None = None
) -> set[str]:
    page = _page(form, left=left, top=top)
    labels = tuple(replace(placed, hit=None) if placed.label is unread else placed for placed in page.labels)
    page = replace(page, labels=labels)
    return set(condition.flags(_picture(pixels), [page], [_read(form)]))


def test_a_blank_side_page_shows_no_fault() -> None:
    sheet = _printed(VEHICLE_BACK, paper=PAPER, ink=INK, seal=SEAL)
    assert _flags(sheet, VEHICLE_BACK) == set()


def test_a_cover_that_costs_no_field_need_not_be_told() -> None:
    fields = {"engine_no": "G75O0230", "name": "王小明"}
    picture = conditions.Drawn(b"covered", fields, b"flawless")
    misread, lost = _Found({**fields, "engine_no": "G7500230"}), _Found({"engine_no": "G7500230"})
    assert not conditions.can_show("occluded", picture, misread, {b"flawless": misread}.__getitem__)
    assert conditions.can_show("occluded", picture, lost, {b"flawless": misread}.__getitem__)


@dataclass(frozen=True)
class _Found:
    fields: Mapping[str, str]
    document: str | None = "vehicle_license"
