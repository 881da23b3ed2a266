"""What `sam build` makes: no heavier than it was, with byte code that is used, and for the processor it runs on."""

from __future__ import annotations

import importlib.util
import platform
from typing import TYPE_CHECKING

import pytest

from license_ocr.checkout import BUILD, ROOT

if TYPE_CHECKING:
    from pathlib import Path

OTHER_BUILD = ROOT / ".aws-sam" / "other"
# Bytes, with a tenth to spare; what is added beyond them raises them, with its reason.
MOST_WITHOUT_PILLOW = 22_000_000
MOST = 45_000_000

# How an ELF file names its processor, in the two bytes from the eighteenth on.
MACHINES = {"x86_64": b"\x3e\x00", "arm64": b"\xb7\x00"}
HOST = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
PROCESSORS = {BUILD: HOST, OTHER_BUILD: next(name for name in MACHINES if name != HOST)}

pytestmark = pytest.mark.usefixtures("built")


@pytest.fixture(params=PROCESSORS, ids=["this processor", "the other processor"])
def build(request: pytest.FixtureRequest) -> Path:
    """A build's folder."""
    folder: Path = request.param
    if folder == OTHER_BUILD and not folder.exists():
        pytest.skip("not built: `make build-other`, which .ci/run does before the tests")
    return folder


def test_the_reader_weighs_no_more_than_it_did(build: Path) -> None:
    files = [path for part in ("ReadUpload", "LicenseReaderLayer") for path in (build / part).rglob("*")]
    sizes = {path: path.stat().st_size for path in files if path.is_file()}
    pillow = sum(size for path, size in sizes.items() if {"PIL", "pillow.libs"} & set(path.parts))
    assert pillow
    assert sum(sizes.values()) <= MOST
    assert sum(sizes.values()) - pillow <= MOST_WITHOUT_PILLOW


def test_every_module_has_byte_code_that_is_used_without_a_look_at_its_source(build: Path) -> None:
    sources = [path for path in build.rglob("*.py") if path.is_file()]
    assert len(sources) > 500
    wrong = [str(path.relative_to(build)) for path in sources if not used_unseen(path)]
    assert wrong == []


def used_unseen(source: Path) -> bool:
    """Whether a source's byte code is its own and says that nobody needs to check that: PEP 552's sixteen bytes."""
    code = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
    if not code.exists():
        return False
    head = code.read_bytes()[:16]
    hashed_and_unchecked = (0b01).to_bytes(4, "little")
    return head[4:] == hashed_and_unchecked + importlib.util.source_hash(source.read_bytes())


def test_no_byte_code_is_left_of_what_has_no_source(build: Path) -> None:
    codes = [path for path in build.rglob("*.pyc") if path.is_file()]
    orphans = [str(code) for code in codes if not (code.parents[1] / f"{code.name.partition('.')[0]}.py").exists()]
    assert orphans == []


def test_what_is_compiled_is_for_the_processor_that_it_runs_on(build: Path) -> None:
    machines = {path: path.read_bytes()[18:20] for path in build.rglob("*.so*") if path.is_file()}
    assert len(machines) > 20
    assert {path: machine for path, machine in machines.items() if machine != MACHINES[PROCESSORS[build]]} == {}
