"""The fonts of the drawings: files of Debian packages, and which characters each has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path("/usr/share/fonts")
UNASSIGNED = "\uffff"  # no font has it, so it is drawn as any missing character is
TRIED = 48  # the size at which a character is tried


class FontsMissing(Exception):
    """Fonts are not installed; the message says which packages bring them."""


@dataclass(frozen=True, slots=True)
class Face:
    """A face of a font's file, and the Debian package that has the file."""

    package: str
    path: str
    index: int = 0


# Of Noto's collections face 2 is the simplified Chinese one.
SONG = Face("fonts-noto-cjk", "opentype/noto/NotoSerifCJK-Regular.ttc", 2)
HEAVY_SONG = Face("fonts-noto-cjk", "opentype/noto/NotoSerifCJK-Bold.ttc", 2)
HEI = Face("fonts-noto-cjk", "opentype/noto/NotoSansCJK-Regular.ttc", 2)
HEAVY_HEI = Face("fonts-noto-cjk", "opentype/noto/NotoSansCJK-Bold.ttc", 2)
LIGHT_SONG = Face("fonts-noto-cjk-extra", "opentype/noto/NotoSerifCJK-Light.ttc", 2)
MEDIUM_SONG = Face("fonts-noto-cjk-extra", "opentype/noto/NotoSerifCJK-Medium.ttc", 2)
LIGHT_HEI = Face("fonts-noto-cjk-extra", "opentype/noto/NotoSansCJK-DemiLight.ttc", 2)
MEDIUM_HEI = Face("fonts-noto-cjk-extra", "opentype/noto/NotoSansCJK-Medium.ttc", 2)
MING = Face("fonts-arphic-uming", "truetype/arphic/uming.ttc")
KAI = Face("fonts-arphic-ukai", "truetype/arphic/ukai.ttc")
OLD_SONG = Face("fonts-arphic-gbsn00lp", "truetype/arphic-gbsn00lp/gbsn00lp.ttf")
OLD_KAI = Face("fonts-arphic-gkai00mp", "truetype/arphic-gkai00mp/gkai00mp.ttf")
ZEN_HEI = Face("fonts-wqy-zenhei", "truetype/wqy/wqy-zenhei.ttc")
MICRO_HEI = Face("fonts-wqy-microhei", "truetype/wqy/wqy-microhei.ttc")
WENKAI = Face("fonts-lxgw-wenkai", "truetype/lxgw-wenkai/LXGWWenKai-Regular.ttf")

FACES = (
    SONG,
    HEAVY_SONG,
    HEI,
    HEAVY_HEI,
    LIGHT_SONG,
    MEDIUM_SONG,
    LIGHT_HEI,
    MEDIUM_HEI,
    MING,
    KAI,
    OLD_SONG,
    OLD_KAI,
    ZEN_HEI,
    MICRO_HEI,
    WENKAI,
)
STAND_INS = (SONG, HEI)  # these have every character that a name may hold


def missing(folder: Path = FOLDER, faces: Sequence[Face] = FACES) -> tuple[str, ...]:
    """The packages that a file is wanted from and that are not installed, by name."""
    return tuple(sorted({face.package for face in faces if not (folder / face.path).is_file()}))


def require(folder: Path = FOLDER) -> None:
    """Raises FontsMissing unless every font is there: a set drawn without some would be another set."""
    packages = missing(folder)
    if packages:
        raise FontsMissing(
            f"the drawings' fonts are not in {folder}; install them: apt-get install {' '.join(packages)}"
        )


@cache
def font(face: Face, pixels: int) -> ImageFont.FreeTypeFont:
    """The face at this size."""
    _required()
    return ImageFont.truetype(str(FOLDER / face.path), pixels, index=face.index, layout_engine=ImageFont.Layout.BASIC)


def able(face: Face, text: str) -> Face:
    """The face, or the first stand-in that has every character of the text, as a printer's driver would choose."""
    return next((one for one in (face, *STAND_INS) if all(bears(one, letter) for letter in text)), face)


@cache
def bears(face: Face, letter: str) -> bool:
    """Whether the face has the character: it is drawn otherwise than a missing one."""
    if letter.isspace():
        return True
    drawn, blank = (font(face, TRIED).getmask(one) for one in (letter, UNASSIGNED))
    return bool(drawn.getbbox()) and (drawn.size != blank.size or bytes(drawn) != bytes(blank))


@cache
def _required() -> None:
    require()
