"""What the engine's tests share: one engine, the sample photos, and what stands on them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TypedDict

import pytest

from license_engine import Engine, Reading

SAMPLES = Path(__file__).parents[1] / "samples"


class Truth(TypedDict):
    document: str | None
    side: str | None
    fields: dict[str, str]


TRUTH: dict[str, Truth] = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))


@cache
def _engine() -> Engine:
    return Engine(threads=2)


@cache
def _reading(name: str) -> Reading:
    return _engine().read((SAMPLES / name).read_bytes())


@pytest.fixture
def engine() -> Engine:
    """The engine, its models loaded once for all tests."""
    return _engine()


@pytest.fixture(params=sorted(TRUTH))
def sample(request: pytest.FixtureRequest) -> tuple[Truth, Reading]:
    """A sample's truth and its reading, each photo read once for all tests."""
    name: str = request.param
    return TRUTH[name], _reading(name)


@pytest.fixture
def front() -> tuple[bytes, Reading]:
    """The main page of a vehicle license: its photo and its reading."""
    return (SAMPLES / "vehicle-front.jpg").read_bytes(), _reading("vehicle-front.jpg")
