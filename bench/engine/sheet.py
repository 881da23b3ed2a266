"""A sheet of the fields that were read wrong: where each was read, what was read, and what stands there."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps
from tests.engine.render import fonts

from license_engine.geometry import height, length

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from bench.engine.score import Judged, Outcome

MOST = 150  # failures on one sheet
WIDTH, MARGIN = 1400, 16
CROP = (700, 120)  # the size that the stretch that was read is brought to
PAGE = (700, 420)  # the same of a picture on which the field was missed
TALLEST = 1000
TEXT = PAGE[0] + 2 * MARGIN  # where the texts begin
LETTER, PITCH = 26, 34
ROOM, MOST_ROOM = 0.5, 24.0  # of its height, and in pixels, that is shown about the stretch
PAPER, INK, GREY, RED, RULE = (255, 255, 255), (24, 24, 24), (120, 120, 120), (200, 30, 30), (214, 214, 214)
NOTHING = "(nothing)"


@dataclass(frozen=True, slots=True)
class Failure:
    """A field that was read wrong, and the picture that it was read from."""

    picture: Path
    outcome: Outcome
    box: tuple[tuple[float, float], ...] | None


def failures(judged: Sequence[Judged], pictures: Mapping[str, Path]) -> list[Failure]:
    """Every field that was read wrong, picture by picture."""
    return [
        Failure(pictures[each.name], outcome, each.finding.boxes.get(outcome.field))
        for each in judged
        for outcome in each.outcomes
        if not outcome.right
    ]


def face() -> ImageFont.FreeTypeFont:
    """A font with Chinese characters; FontsMissing when none of the drawings' is there."""
    for one in fonts.FACES:
        path = fonts.FOLDER / one.path
        if path.is_file():
            return ImageFont.truetype(str(path), LETTER, index=one.index, layout_engine=ImageFont.Layout.BASIC)
    raise fonts.FontsMissing(f"a sheet needs a Chinese font; install one: apt-get install {fonts.FACES[0].package}")


def drawn(failed: Sequence[Failure], font: ImageFont.FreeTypeFont) -> Image.Image:
    """The sheet, the failures one below another; a picture with missed fields is shown beside the first of them."""
    seen: set[Path] = set()
    rows = []
    for one in failed[:MOST]:
        rows.append(_row(one, font, whole=one.picture not in seen))
        if one.box is None:
            seen.add(one.picture)
    left_off = len(failed) - len(rows)
    head = f"{len(failed)} fields read wrong" + (f", the last {left_off} left off" if left_off else "")
    top = 2 * MARGIN + LETTER
    sheet = Image.new("RGB", (WIDTH, top + sum(row.height for row in rows)), PAPER)
    ImageDraw.Draw(sheet).text((MARGIN, MARGIN), head, font=font, fill=INK)
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    return sheet


def _row(failure: Failure, font: ImageFont.FreeTypeFont, *, whole: bool) -> Image.Image:
    """One failure: at the left where it was read or, when it was missed, the whole picture; at the right both texts."""
    row = Image.new("RGB", (WIDTH, TALLEST), PAPER)
    pen = ImageDraw.Draw(row)
    pen.line((0, 0, WIDTH, 0), fill=RULE)
    bottom = MARGIN
    if failure.box or whole:
        with Image.open(failure.picture) as picture:
            photo = ImageOps.exif_transpose(picture) if failure.box is None else picture
            shown = _stretch(photo, failure.box) if failure.box else _page(photo)
        row.paste(shown, (MARGIN, MARGIN))
        bottom += shown.height
    outcome = failure.outcome
    told = f"{failure.picture.name}  {outcome.field}  {outcome.confidence:.2f}"
    pen.text((TEXT, MARGIN), told, font=font, fill=GREY)
    top = _write(pen, font, MARGIN + PITCH, "read", _marked(outcome.read, outcome.text))
    top = _write(pen, font, top, "truth", _marked(outcome.text, outcome.read))
    return row.crop((0, 0, WIDTH, min(max(bottom, top) + MARGIN, TALLEST)))


def _write(
    pen: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont, top: int, name: str, letters: Iterator[tuple[str, bool]]
) -> int:
    """Writes the letters after the name, in red where they differ; returns where the next line begins."""
    pen.text((TEXT, top), name, font=font, fill=GREY)
    left = TEXT + 3 * LETTER
    across = float(left)
    for letter, other in letters:
        wide = font.getlength(letter)
        if across + wide > WIDTH - MARGIN:
            across, top = left, top + PITCH
        pen.text((across, top), letter, font=font, fill=RED if other else INK)
        across += wide
    return top + PITCH


def _marked(text: str | None, against: str | None) -> Iterator[tuple[str, bool]]:
    """The text's letters, each with whether it differs from the other text."""
    if text is None:
        yield NOTHING, True
        return
    for kind, begin, end, _, _ in SequenceMatcher(None, text, against or "", autojunk=False).get_opcodes():
        yield from ((letter, kind != "equal") for letter in text[begin:end])


def _stretch(photo: Image.Image, box: tuple[tuple[float, float], ...]) -> Image.Image:
    """What stands in the box and a little about it, laid level."""
    quad = np.array(box, np.float64)
    forward = (quad[1] - quad[0]) / max(float(np.linalg.norm(quad[1] - quad[0])), 1e-6)
    down = np.array([-forward[1], forward[0]])
    reach = min(ROOM * max(height(quad), 1.0), MOST_ROOM)
    wide = quad + reach * np.array([-forward - down, forward - down, forward + down, down - forward])
    scale = min(CROP[0] / length(wide), CROP[1] / height(wide))
    size = (max(round(scale * length(wide)), 1), max(round(scale * height(wide)), 1))
    corners = wide[[0, 3, 2, 1]].ravel().tolist()
    return photo.convert("RGB").transform(size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)


def _page(photo: Image.Image) -> Image.Image:
    page = photo.convert("RGB")
    page.thumbnail(PAGE)
    return page
