"""What a run comes to: its bars, its tables, its sheet, and what it refuses to begin with."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from bench.engine import __main__ as engine
from bench.engine import sheet
from bench.engine.contest import Start
from bench.engine.pictures import NoPictures, found, level_of
from bench.engine.report import Report, Result, Shown, as_data, bars
from bench.engine.score import Finding, Judged, Outcome, Rate, Truth
from bench.engine.table import show
from PIL import Image, ImageFont
from rich.console import Console
from tests.engine.render.conditions import is_due

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = {"plate_no": "川A12345", "owner": "李小明"}
OURS, RIVAL = "ours, 2 threads", "RapidOCR"


def judged(name: str, read: dict[str, str], *, flags: tuple[str, ...] = ()) -> Judged:
    truth = Truth(document="vehicle_license", side="front", fields=FIELDS)
    finding = Finding(
        document="vehicle_license", side="front", fields=read, confidence=dict.fromkeys(read, 0.99), flags=flags
    )
    return Judged(name, "clean", truth, finding)


@pytest.fixture
def report() -> Report:
    ours = Result(OURS, "0.1.0", 2, judged=[judged("a.jpg", FIELDS), judged("b.jpg", FIELDS | {"owner": "李小朋"})])
    ours.seconds, ours.peak_mb = {"a.jpg": 1.0, "b.jpg": 1.0}, 500
    rival = Result(RIVAL, "3.10.0", 2, judged=[judged("a.jpg", FIELDS), judged("b.jpg", {})])
    rival.seconds, rival.peak_mb = {"a.jpg": 2.0, "b.jpg": 2.0}, 900
    return Report(
        "2 pictures",
        ("clean",),
        {OURS: ours, RIVAL: rival},
        ours=OURS,
        rival=RIVAL,
        starts={OURS: Start(0.8, 3.0, 1.0)},
        shown=[
            Shown("clean", None, 8, 0, 1, Rate(0, 0), {"blur": 1}),
            Shown("copy", "copy", 10, 1, 0, Rate(0, 9), {}),
            Shown("copy in warm light", "copy", 10, 0, 0, Rate(1, 10), {}),
            Shown("another paper", "not_a_license", 10, 9, 0, Rate(1, 10), {}),
        ],
    )


def verdicts(report: Report) -> dict[str, tuple[float | None, str]]:
    return {bar.what: (bar.measured, bar.verdict) for bar in bars(report)}


def test_each_bar_says_whether_its_figure_is_good_enough(report: Report) -> None:
    told = verdicts(report)
    assert told["fields exactly right, clean"] == (75.0, "FALLS SHORT")
    assert told["whole main pages, clean"] == (50.0, "FALLS SHORT")
    assert told["fields exactly right, mild"] == (None, "not measured")
    assert told["wrong fields at least 0.95 sure"] == (25.0, "FALLS SHORT")
    assert told["time a picture against RapidOCR's"] == (0.5, "pass")
    assert told["memory against RapidOCR's"] == (500 / 900, "FALLS SHORT")
    assert told["fresh process ready to read"] == (0.8, "pass")
    assert told["its first reading against a later one"] == (3.0, "FALLS SHORT")
    assert told["clean pictures with a flag that is not due"] == (10.0, "FALLS SHORT")
    assert told["`copy` missed where it is shown"] == (100 / 19, "FALLS SHORT")
    assert told["other pictures taken for a license"] == (1, "FALLS SHORT")


def test_a_figure_on_its_bar_passes(report: Report) -> None:
    report.starts[OURS] = Start(1.0, 2.0, 1.0)
    told = verdicts(report)
    assert told["fresh process ready to read"] == (1.0, "pass")
    assert told["its first reading against a later one"] == (2.0, "pass")


def test_without_the_rival_nothing_is_held_against_it(report: Report) -> None:
    del report.results[RIVAL]
    told = verdicts(report)
    assert told["time a picture against RapidOCR's"] == (None, "not measured")
    assert told["memory against RapidOCR's"] == (None, "not measured")


def test_a_file_gets_markdown_in_which_every_table_is_even(report: Report) -> None:
    out = io.StringIO()
    show(report, Console(file=out, width=60))
    tables = [part.splitlines() for part in out.getvalue().split("\n\n") if part.startswith("|")]
    assert len(tables) == 8
    for rows in tables:
        assert set(rows[1]) == {"|", "-"}
        assert len({row.count("|") for row in rows}) == 1
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for rows in tables for row in rows]
    assert ["fields, % (of 4)", "75.00", "50.00"] in cells
    assert ["owner", "2", "50.0", "50.0"] in cells


def test_a_terminal_and_a_missing_peer_are_told_in_words(report: Report) -> None:
    report.absent.append("Tesseract is not measured: `apt-get install tesseract-ocr` installs it")
    out = io.StringIO()
    show(report, Console(file=out, width=160, force_terminal=True, color_system=None))
    assert "apt-get install tesseract-ocr" in out.getvalue()
    assert "|" not in out.getvalue()


def test_machines_get_the_figures_and_what_was_wrong(report: Report) -> None:
    told = json.loads(json.dumps(as_data(report)))
    assert told["contestants"][OURS]["levels"]["clean"]["fields"] == {"part": 3, "whole": 4}
    assert told["contestants"][OURS]["wrong"] == {
        "b.jpg": [{"field": "owner", "text": "李小明", "read": "李小朋", "confidence": 0.99}]
    }


@pytest.mark.parametrize(
    ("flag", "found", "due"),
    [
        ("blur", Finding(document=None), True),
        ("blur", Finding(document="vehicle_license", fields=FIELDS), False),
        ("copy", Finding(document="vehicle_license"), True),
        ("copy", Finding(document=None), False),
        ("not_a_license", Finding(document="vehicle_license"), True),
    ],
)
def test_a_flag_is_due_where_the_picture_can_show_it(flag: str, found: Finding, *, due: bool) -> None:
    assert is_due(flag, FIELDS, found) == due


def test_the_sheet_shows_a_picture_with_missed_fields_once(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.new("RGB", (700, 400), (0, 160, 0)).save(path)
    font = ImageFont.load_default(sheet.LETTER)
    assert isinstance(font, ImageFont.FreeTypeFont)
    missed = [sheet.Failure(path, Outcome(name, "1", None, 0.0), None) for name in ("vin", "owner")]
    drawn = sheet.drawn(missed, font)
    assert _share(drawn, (0, 160, 0)) == pytest.approx(700 * 400, rel=0.02)
    boxed = sheet.Failure(path, Outcome("vin", "12", "13", 0.9), ((10, 10), (110, 10), (110, 30), (10, 30)))
    assert drawn.height < sheet.drawn([*missed, boxed], font).height


def test_the_sheet_marks_only_the_letters_that_differ(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.new("RGB", (200, 100), "white").save(path)
    font = ImageFont.load_default(sheet.LETTER)
    assert isinstance(font, ImageFont.FreeTypeFont)
    box = ((10.0, 10.0), (110.0, 10.0), (110.0, 30.0), (10.0, 30.0))
    reds = [
        _share(sheet.drawn([sheet.Failure(path, Outcome("vin", text, "1234", 0.9), box)], font), sheet.RED)
        for text in ("1235", "5678", "1234")
    ]
    assert reds[2] == 0 < reds[0] < reds[1]


def _share(image: Image.Image, colour: tuple[int, int, int]) -> int:
    """How many pixels are of about this colour."""
    away = np.abs(np.asarray(image.convert("RGB"), np.int16) - np.array(colour, np.int16))
    return int((away.max(axis=2) < 12).sum())


def test_a_folder_is_read_by_its_truth(tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text(
        json.dumps(
            {
                "1-front-hard.jpg": {"document": "vehicle_license", "side": "front", "fields": FIELDS, "seed": 1},
                "cat-hard.jpg": {"document": None, "side": None, "fields": {}},
            }
        )
    )
    for name in ("1-front-hard.jpg", "cat-hard.jpg"):
        (tmp_path / name).touch()
    assert [(photo.path.name, photo.level, dict(photo.truth.fields)) for photo in found(tmp_path)] == [
        ("1-front-hard.jpg", "hard", FIELDS),
        ("cat-hard.jpg", "foreign", {}),
    ]


def test_a_picture_by_another_hand_need_not_tell_how_rough_it_is() -> None:
    truth = Truth(document="vehicle_license")
    assert (level_of("my-photo.jpg", truth), level_of("photo.jpg", truth)) == ("other", "other")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (None, "is missing"),
        ("{}", "names no picture"),
        ('{"a.jpg": {"document": null}}', "names a.jpg, not in the folder"),
        ('{"a.jpg": {"fields": {}}}', "is not of the form"),
        ("not json", "is not of the form"),
    ],
)
def test_a_folder_that_cannot_be_measured_on_says_why(tmp_path: Path, written: str | None, told: str) -> None:
    if written is not None:
        (tmp_path / "truth.json").write_text(written)
    with pytest.raises(NoPictures, match=told) as error:
        found(tmp_path)
    assert str(tmp_path / "truth.json") in str(error.value)


def test_a_run_that_cannot_begin_fails_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert engine.main(["--folder", str(tmp_path)]) == 1
    assert "truth.json is missing" in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--engines", "ours,nobody"], "no engine is called 'nobody'"),
        (["--count", "0"], "'0' is no number from 1"),
        (["--sheet", "nowhere/sheet.png"], "there is no folder nowhere"),
    ],
)
def test_an_option_that_cannot_be_met_is_refused(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        engine.main(arguments)
    assert told in capsys.readouterr().err
