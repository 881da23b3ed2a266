"""China's places down to the county, and the one that an address, a company or an authority begins its name with."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from license_engine.recognize import text_of
from license_engine.words import Words, han, in_doubt, lists, settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from license_engine.recognize import Letter
    from license_engine.words import Fit

UNPARTED = "-"  # stands for the prefecture of counties that have none
# What an autonomous place is named after, which its short name of two letters or more leaves out.
AUTONOMY = re.compile(
    "(?<=..)(?:(?:蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|拉祜|水|东乡|纳西|景颇"
    "|柯尔克孜|土|达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|鄂温克|德昂|保安|裕固|独龙|鄂伦春|各)族?)*"
    "自治[区州县旗]$"
)
SHORT = 3  # letters of a short name that tell a place, at least
KINDS = ("市", "地区", "盟", "县")  # what a short name leaves out
LONGEST = 30  # letters that a place's whole name may have
COMPANY = 6  # letters of a company's name, at least


def mended(letters: Sequence[Letter]) -> tuple[Letter, ...]:
    """The letters, the place that they begin with put right where its reading is in doubt and one place is meant."""
    begin = han(letters).start
    return (*letters[:begin], *_mended(letters[begin:], whole=False))


def owner(letters: Sequence[Letter]) -> tuple[Letter, ...]:
    """The letters, the place that a company's name begins with put right; a person's name stays as it was read."""
    return tuple(letters) if len(letters) < COMPANY or "·" in text_of(letters) else mended(letters)


def authority(letters: Sequence[Letter]) -> tuple[Letter, ...]:
    """The letters of an authority's name, its ending and its place put right, a word beside it cut off."""
    own = _own(letters)
    if not in_doubt(own):
        return own
    backward = settled(own[::-1], endings().fits(own[::-1], whole=False))
    text = text_of(backward)
    ending = max((len(word) for word in lists()["issuing_authority"] if text.startswith(word[::-1])), default=0)
    read, place = backward[::-1], len(own) - ending
    return (*_mended(read[:place], whole=ending > 0), *read[place:])


def _own(letters: Sequence[Letter]) -> tuple[Letter, ...]:
    """The letters without the vehicle's type or use before them, which stands beside a seal."""
    text = text_of(letters)
    beside = (word for field in ("vehicle_type", "use_character") for word in lists()[field])
    return tuple(letters[max((len(word) for word in beside if text.startswith(word)), default=0) :])


def _mended(letters: Sequence[Letter], *, whole: bool) -> tuple[Letter, ...]:
    head = letters[:LONGEST]
    if not in_doubt(head):
        return tuple(letters)
    fits = [fit for fit in places().fits(head, whole=whole) if _telling(fit, head)]
    return settled(letters, fits if whole else [*fits, *places().headless_fits(head)])


def _telling(fit: Fit, letters: Sequence[Letter]) -> bool:
    """Whether the fit has letters enough to go by: two without the kind of place after them may begin anything."""
    kind = fit.taken - 1
    return fit.taken > SHORT or (fit.taken == SHORT and fit.word[kind] == letters[kind].character)


@cache
def endings() -> Words:
    """What authorities' names end with, each from its end backward."""
    return Words(ending[::-1] for ending in lists()["issuing_authority"])


@cache
def places() -> Words:
    """Every way to name a place: alone, and after the prefecture, the province or both that it lies in."""
    return Words(_names())


def _names() -> Iterator[str]:
    for province, prefectures in divisions().items():
        above = [province, *_region(province)]
        yield from above
        for prefecture, counties in prefectures.items():
            own = [prefecture, *_short(prefecture)] if prefecture else []
            between = [*own, *(first + second for first in above for second in own)]
            yield from between
            for county in counties:
                # A district is named after its city, not after the province alone.
                heads = between if own and county.endswith("区") else [*above, *between]
                names = [county, *_short(county)]
                yield from names
                yield from (head + name for head in heads for name in names)


def _region(province: str) -> list[str]:
    """What an autonomous region is called before a city's name."""
    return [AUTONOMY.sub("", province)] if province.endswith("自治区") else []


def _short(name: str) -> list[str]:
    """A place's short name, if it has letters enough to be told by."""
    kind = next((kind for kind in KINDS if name.endswith(kind)), "")
    plain = AUTONOMY.sub(name[-1:], name)
    short = plain if plain != name else name.removesuffix(kind)
    return [short] if short != name and len(short) >= SHORT else []


@cache
def divisions() -> dict[str, dict[str, list[str]]]:
    """The provinces, in each its prefectures with their counties; "" is the prefecture of counties without one."""
    found: dict[str, dict[str, list[str]]] = {}
    text = resources.files(__package__).joinpath("places.txt").read_text(encoding="utf-8")
    prefectures: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if line.startswith(" "):
            prefecture, *counties = line.split()
            prefectures[prefecture.strip(UNPARTED)] = counties
        else:
            prefectures = found.setdefault(line, {})
    return found
