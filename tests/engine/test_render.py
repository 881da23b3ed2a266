"""The drawings that the engine is measured on: what they say holds together, and no effect hides what they say."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps
from tests.engine.render import effects, fonts, forms, people, sets
from tests.engine.render.models import MODELS
from tests.engine.render.places import PLACES

from license_engine import repair
from license_reader.lexicon import PROVINCES, USE_CHARACTERS, VEHICLE_CLASSES, VEHICLE_TYPES
from license_reader.license import FIELDS, Document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

needs_fonts = pytest.mark.skipif(
    bool(fonts.missing()), reason=f"draws text: apt-get install {' '.join(fonts.missing())}"
)

MANY = range(400)
PLATE = re.compile(
    rf"[{PROVINCES}][A-Z]([A-HJ-NP-Z0-9]{{5}}|[A-K][A-HJ-NP-Z0-9]\d{{4}}|\d{{5}}[A-K]|[A-HJ-NP-Z0-9]{{4}}[挂学警港澳领])"
)
INK, PAPER = (40, 40, 40), (244, 244, 240)


def _random(seed: object) -> Random:
    return Random(str(seed))  # noqa: S311 - a seeded drawing keeps no secret


def _cars() -> list[people.Car]:
    return [people.car(_random(seed)) for seed in MANY]


def _drivers() -> list[people.Driver]:
    return [people.driver(_random(seed)) for seed in MANY]


def _page() -> Image.Image:
    """A page of plain bars in the place of text, three millimetres from its edges."""
    page = Image.new("RGB", (forms.WIDTH * forms.DOTS, forms.HEIGHT * forms.DOTS), PAPER)
    pen, margin = ImageDraw.Draw(page), 3 * forms.DOTS
    for top in range(margin, page.height - margin - 40, 120):
        pen.rectangle((margin, top, page.width - margin, top + 40), fill=INK)
    return page


def test_every_province_has_places() -> None:
    assert {place.prefix[0] for place in PLACES} == set(PROVINCES)
    assert len({place.prefix for place in PLACES}) == len(PLACES)


def test_vehicles_are_called_what_the_standards_call_them() -> None:
    assert {model.kind for model in MODELS} <= VEHICLE_TYPES
    assert {use for model in MODELS for use in model.uses} <= USE_CHARACTERS
    assert set(re.findall(r"[A-Z]\d?", "".join(people.CLASSES))) <= VEHICLE_CLASSES


def test_no_vehicle_weighs_more_laden_than_it_may() -> None:
    assert [model.brand for model in MODELS if model.curb + model.load > model.gross] == []


def test_plates_follow_their_grammar() -> None:
    assert [car.front["plate_no"] for car in _cars() if not PLATE.fullmatch(car.front["plate_no"])] == []


def test_a_chinese_vin_checks_and_some_from_abroad_do_not() -> None:
    holds = {vin: repair.vin_holds(vin) for vin in (car.front["vin"] for car in _cars())}
    assert all(held for vin, held in holds.items() if vin.startswith("L"))
    assert not all(holds.values())


def test_citizen_numbers_check_and_belong_to_no_region() -> None:
    for driver in _drivers():
        number = driver.front["license_no"]
        digits = [10 if digit == "X" else int(digit) for digit in number]
        # ISO 7064, mod 11-2, as its verification is written.
        assert sum(digit * pow(2, 17 - place, 11) for place, digit in enumerate(digits)) % 11 == 1
        assert number.startswith("990")
        assert number[6:14] == driver.front["birth_date"].replace("-", "")


def test_dates_come_in_their_order() -> None:
    assert all(car.front["register_date"] <= car.front["issue_date"] for car in _cars())
    for front in (driver.front for driver in _drivers()):
        assert front["birth_date"] < front["first_issue_date"] <= front["valid_from"]
        assert front["valid_until"][-1] in "年期" or front["valid_from"] < front["valid_until"]


def test_names_are_of_many_kinds() -> None:
    names = [driver.front["name"] for driver in _drivers()]
    assert any("·" in name for name in names)
    assert any(name.startswith(people.COMPOUND_SURNAMES) for name in names)
    assert any(letter in people.SELDOM[1] for name in names for letter in name)
    assert any("（" in car.front["owner"] for car in _cars())


def test_an_inspection_record_comes_apart_into_its_stamps() -> None:
    records = [car.back["inspection"] for car in _cars()]
    assert {len(forms.stamped(record)) for record in records} == {1, 2, 3, 4}
    assert all("".join(forms.stamped(record)) == record for record in records)


def test_a_mixed_set_holds_every_kind_at_every_level() -> None:
    drawn = {sets.what(number) for number in range(72)}
    assert drawn == {(kind, level) for kind in (*sets.KINDS, *sets.ON_SCREEN) for level in sets.LEVELS}


def test_a_page_is_never_taken_so_small_that_its_print_is_lost() -> None:
    page = _page()
    for seed in range(5):
        corners = np.array(effects.take(page, _random(seed), effects.HARD).corners)
        along = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
        assert (along / (page.width, page.height, page.width, page.height) > effects.LEAST_SCALE - 0.001).all()


def test_fingers_hide_no_print() -> None:
    page, whole = _page(), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    printed = np.asarray(page).max(axis=2) < effects.INK
    held = [np.asarray(effects.held(page, page, _random(seed), whole), np.int16) for seed in range(5)]
    change = [np.abs(picture - np.asarray(page, np.int16)).max(axis=2) for picture in held]
    assert max(int(changed[printed].max()) for changed in change) < 30  # a finger's shadow at most
    assert min(int(changed.max()) for changed in change) > 30  # and each did leave its mark


@pytest.mark.parametrize("veil", [effects.glare, effects.sheen])
def test_light_leaves_print_its_contrast(veil: Callable[[int, int, Random], effects.Field]) -> None:
    assert max(float(veil(90, 120, _random(seed)).max()) for seed in range(60)) <= effects.VEIL


def test_a_shadow_leaves_print_half_of_its_light() -> None:
    assert min(float(effects.shadow(90, 120, _random(seed)).min()) for seed in range(60)) >= 0.5


def test_a_picture_stored_turned_is_undone_by_what_its_exif_says() -> None:
    arrow = Image.new("RGB", (60, 30), PAPER)
    arrow.paste(INK, (0, 0, 30, 15))
    for quarters, orientation in effects.UNDOING.items():
        stored = Image.open(io.BytesIO(effects.jpeg(effects.turned(arrow, quarters), 95, orientation=orientation)))
        upright = np.asarray(ImageOps.exif_transpose(stored).convert("L"), np.int16)
        assert np.abs(upright - np.asarray(arrow.convert("L"), np.int16)).max() < 24


def test_pictures_are_turned_as_often_as_told() -> None:
    rough = effects.Roughness(0, 0, (120, 120), (0.9, 0.9), 0, 0, 0, (80, 80), turned=0.5)
    page = _page()
    shots = [Image.open(io.BytesIO(effects.shot(page, _random(seed), rough))) for seed in range(40)]
    tall = sum(shot.height > shot.width for shot in shots)
    told = sum(effects.ORIENTATION in shot.getexif() for shot in shots)
    assert 5 < tall < 30
    assert 2 < told < 20


def test_missing_fonts_are_one_error_that_names_their_packages(tmp_path: Path) -> None:
    with pytest.raises(fonts.FontsMissing) as raised:
        fonts.require(tmp_path)
    packages = str(raised.value).partition("apt-get install ")[2].split()
    assert packages == sorted({face.package for face in fonts.FACES})


@needs_fonts
def test_a_font_is_told_by_the_characters_that_it_has() -> None:
    assert fonts.bears(fonts.OLD_SONG, "国")
    assert not fonts.bears(fonts.OLD_SONG, "喆")
    assert fonts.able(fonts.OLD_SONG, "国") is fonts.OLD_SONG
    assert fonts.able(fonts.OLD_SONG, "王喆") is fonts.SONG


@needs_fonts
def test_every_character_of_a_license_can_be_drawn() -> None:
    pages = [page for car in _cars() for page in (car.front, car.back)]
    pages += [page for driver in _drivers() for page in (driver.front, driver.back)]
    written = {letter for page in pages for value in page.values() for letter in value}
    assert [letter for letter in written if not fonts.bears(fonts.SONG, letter)] == []


@needs_fonts
@pytest.mark.parametrize("kind", [*sets.KINDS, *sets.ON_SCREEN])
def test_what_stands_on_a_picture_has_the_record_s_names(kind: str) -> None:
    page, about = sets.draw(kind, _random(kind))
    document, fields = about["document"], about["fields"]
    assert isinstance(document, str)
    assert isinstance(fields, dict)
    assert fields.keys() <= FIELDS[Document(document)].model_fields.keys()
    assert not sets.NOTHING & set(fields.values())
    assert about["form"] == ("electronic" if kind in sets.ON_SCREEN else "paper")
    assert np.asarray(page.convert("L")).min() < effects.INK


@needs_fonts
def test_a_picture_is_the_same_alone_and_in_any_set() -> None:
    alone = sets.draw_picture(1, 5, "mild")
    [_, beside] = sets.draw_set(2, 5, "mild")
    [_, aside] = sets.draw_set(2, 5, "mild", jobs=2)
    assert alone == beside == aside
    assert alone != sets.draw_picture(1, 6, "mild")


@needs_fonts
def test_the_command_writes_pictures_and_their_truth(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.engine.render", str(tmp_path), "--count", "2", "--seed", "3", "--jobs", "1"]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own command
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert list(truth) == ["000-vehicle-front-clean.jpg", "001-vehicle-back-clean.jpg"]
    for name, about in truth.items():
        with Image.open(tmp_path / name) as picture:
            assert picture.format == "JPEG"
        assert about.keys() == {"document", "side", "form", "fields", "level"}
