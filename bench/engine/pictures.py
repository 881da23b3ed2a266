"""The pictures of a benchmark: drawn for it, or found in a folder with their truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError
from tests.engine.render.sets import LEVELS, draw_set

from bench.engine.score import Truth

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOREIGN = "foreign"
OTHER = "other"
FORM = '{"name.jpg": {"document": ..., "side": ..., "fields": {...}}, ...}'
TRUTHS = TypeAdapter(dict[str, Truth])


class NoPictures(Exception):
    """There is nothing to measure on; the message says what is wrong with which file."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture's file, how rough it is, and what stands on it."""

    path: Path
    level: str
    truth: Truth


def drawn(folder: Path, *, count: int, seed: int, jobs: int) -> Iterator[Photo]:
    """The set of this seed, each picture once it is written into the folder."""
    for picture in draw_set(count, seed, jobs=jobs):
        path = folder / picture.name
        path.write_bytes(picture.content)
        yield Photo(path, picture.level, Truth.model_validate(picture.truth))


def found(folder: Path) -> list[Photo]:
    """The pictures that a folder's truth.json names."""
    source = folder / "truth.json"
    try:
        truths = TRUTHS.validate_json(source.read_bytes())
    except FileNotFoundError as error:
        raise NoPictures(f"{source} is missing: it says what stands on each picture of the folder") from error
    except ValidationError as error:
        raise NoPictures(f"{source} is not of the form {FORM}: {error}") from error
    absent = [name for name in truths if not (folder / name).is_file()]
    if absent or not truths:
        raise NoPictures(
            f"{source} names {', '.join(absent)}, not in the folder" if absent else f"{source} names no picture"
        )
    return [Photo((folder / name).absolute(), level_of(name, truth), truth) for name, truth in truths.items()]


def level_of(name: str, truth: Truth) -> str:
    """How rough the picture is, as its name ends, or that it is no license."""
    if truth.document is None:
        return FOREIGN
    ending = name.rpartition(".")[0].rpartition("-")[2]
    return ending if ending in LEVELS else OTHER
