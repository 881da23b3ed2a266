"""What the engine reads from whole photos."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw
from tests.engine.conftest import SAMPLES

from license_engine import Engine, NotAPicture, Reading
from license_engine.engine import chinese
from license_engine.geometry import rectangle
from license_engine.labels import Line
from license_engine.recognize import Letter

if TYPE_CHECKING:
    from tests.engine.conftest import Truth

EXIF_ORIENTATION = 0x0112


def _jpeg(image: Image.Image, *, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90, exif=exif)
    return buffer.getvalue()


def _rotated(photo: bytes, degrees: int) -> bytes:
    return _jpeg(Image.open(io.BytesIO(photo)).rotate(degrees, expand=True))


def test_every_sample_is_told_by_its_document_and_side(sample: tuple[Truth, Reading]) -> None:
    truth, reading = sample
    assert (reading.document, reading.side) == (truth["document"], truth["side"])


def test_every_sample_is_read_letter_by_letter(sample: tuple[Truth, Reading]) -> None:
    truth, reading = sample
    assert dict(reading.fields) == truth["fields"]


def test_every_field_has_a_confidence_and_a_box_on_the_photo(sample: tuple[Truth, Reading]) -> None:
    _, reading = sample
    assert reading.fields.keys() == reading.confidence.keys() == reading.boxes.keys()
    assert all(0 <= sure <= 1 for sure in reading.confidence.values())
    assert all(len(box) == 4 and min(map(min, box)) > -20 for box in reading.boxes.values())


def test_only_an_electronic_license_is_told_as_one(sample: tuple[Truth, Reading]) -> None:
    _, reading = sample
    assert (reading.form == "electronic") is ("energy_type" in reading.fields and reading.side == "front")


def test_no_sample_is_said_to_be_faulty(sample: tuple[Truth, Reading]) -> None:
    _, reading = sample
    assert not {"copy", "reflection", "border_incomplete", "blur"} & set(reading.flags)


@pytest.mark.parametrize("degrees", [90, 180])
def test_a_rotated_photo_reads_the_same(engine: Engine, front: tuple[bytes, Reading], degrees: int) -> None:
    photo, upright = front
    assert dict(engine.read(_rotated(photo, degrees)).fields) == dict(upright.fields)


def test_a_page_of_numbers_reads_the_same_upside_down(engine: Engine) -> None:
    photo = (SAMPLES / "driving-back.jpg").read_bytes()
    assert dict(engine.read(_rotated(photo, 180)).fields) == dict(engine.read(photo).fields)


def test_numbers_say_nothing_of_which_way_is_up() -> None:
    line = [Letter(character, 0.9, place / 10) for place, character in enumerate("0证98A号")]
    assert chinese([Line(rectangle(0, 0, 60, 10), tuple(line))]) == pytest.approx(1.8)


def test_boxes_lie_on_the_picture_as_stored_whatever_turn_its_exif_asks_for(
    engine: Engine, front: tuple[bytes, Reading]
) -> None:
    photo, upright = front
    image = Image.open(io.BytesIO(photo))
    turned = engine.read(_jpeg(image.transpose(Image.Transpose.ROTATE_90), orientation=6))
    assert dict(turned.fields) == dict(upright.fields)
    expected = [(y, image.width - x) for x, y in upright.boxes["vin"]]
    assert np.abs(np.array(turned.boxes["vin"]) - np.array(expected)).max() < 6


def test_a_blank_sheet_has_no_text(engine: Engine) -> None:
    reading = engine.read(_jpeg(Image.new("RGB", (900, 640), (236, 236, 230))))
    assert reading.document is None
    assert {"not_a_license", "no_text"} <= set(reading.flags)


def test_noise_is_not_a_license(engine: Engine) -> None:
    noise = np.random.default_rng(5).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    reading = engine.read(_jpeg(Image.fromarray(noise)))
    assert (reading.document, dict(reading.fields)) == (None, {})
    assert "not_a_license" in reading.flags


def test_a_landscape_is_not_a_license(engine: Engine) -> None:
    scene = Image.new("RGB", (900, 600), (150, 190, 230))
    pen = ImageDraw.Draw(scene)
    pen.polygon([(0, 420), (260, 180), (480, 420)], fill=(96, 110, 100))
    pen.rectangle((0, 420, 900, 600), fill=(88, 130, 70))
    pen.ellipse((700, 60, 790, 150), fill=(250, 220, 120))
    assert "not_a_license" in engine.read(_jpeg(scene)).flags


def test_another_side_than_expected_is_flagged_and_still_read(engine: Engine, front: tuple[bytes, Reading]) -> None:
    photo, upright = front
    reading = engine.read(photo, document="vehicle_license", side="back")
    assert "wrong_side" in reading.flags
    assert dict(reading.fields) == dict(upright.fields)


def test_a_truncated_photo_is_not_a_picture(engine: Engine, front: tuple[bytes, Reading]) -> None:
    with pytest.raises(NotAPicture):
        engine.read(front[0][: len(front[0]) // 2])


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"%PDF-1.7", b"\xff\xd8\xff"])
def test_bytes_that_no_allowed_decoder_knows_are_not_a_picture(engine: Engine, content: bytes) -> None:
    with pytest.raises(NotAPicture):
        engine.read(content)


def test_a_decompression_bomb_is_refused_before_it_is_decoded(engine: Engine) -> None:
    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    with pytest.raises(NotAPicture):
        engine.read(buffer.getvalue())


def test_two_threads_may_read_at_once(engine: Engine, front: tuple[bytes, Reading]) -> None:
    photo, upright = front
    with ThreadPoolExecutor(2) as pool:
        readings = list(pool.map(engine.read, [photo, photo]))
    assert [dict(reading.fields) for reading in readings] == [dict(upright.fields)] * 2
