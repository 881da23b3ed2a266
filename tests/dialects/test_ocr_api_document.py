"""docs/ocr_api.md, held against the server: its Python runs as it stands, its rules load, its credentials let in."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from license_ocr import faults, sandbox
from license_reader import vendors
from license_reader.license import Document, License, Side, VehicleLicense
from service import Service

if TYPE_CHECKING:
    from tests.dialects.conftest import Api, Serve

pytestmark = [
    pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning"),  # both SDKs
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),  # brief, as examples are
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

TEXT = (Path(__file__).parents[2] / "docs" / "ocr_api.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
JSON = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
PLATE = "皖AC4L50"
READ = License(
    document=Document.VEHICLE_LICENSE,
    side=Side.FRONT,
    vendor="embedded",
    fields=VehicleLicense.model_validate({"plate_no": PLATE}),
)


def _list(first_cells_under: str) -> list[str]:
    """The names in code of the first cells of the table under this head."""
    rows = TEXT[TEXT.index(first_cells_under) :].splitlines()[2:]
    cells = [row.split("|")[1] for row in rows[: rows.index("")]]
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


@pytest.fixture(scope="module")
def server(serve: Serve, service: Service) -> Api:
    """A server whose engine reads the same license off every picture."""
    return serve(Service(read=lambda *_: READ, credentials=service.credentials, fetch=service.fetch))


@pytest.mark.parametrize("number", range(len(PYTHON)))
def test_the_lines_of_python_do_what_they_say(
    server: Api, samples: Path, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    code = PYTHON[number].replace("127.0.0.1:9001", server.authority)
    exec(code.replace("photo.jpg", str(samples / "vehicle-front.jpg")), {})  # noqa: S102 - that is the test
    said = re.search(r"print\(.*\)  # (.*)", code)
    assert (said[1] if said else PLATE) in capsys.readouterr().out


def test_there_are_lines_of_python_for_every_contract() -> None:
    assert len(PYTHON) >= len(vendors.names())


def test_the_rules_load(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text(JSON[1], encoding="utf-8")
    assert faults.load(path)


def test_the_secrets_have_the_fields_that_they_should() -> None:
    shown = json.loads(JSON[0])
    assert {vendor: set(secret) for vendor, secret in shown.items()} == {
        vendor: set(secret) for vendor, secret in sandbox.documented().items()
    }


def test_the_documented_credentials_are_those_that_are_served() -> None:
    told = set(re.findall(r"`(?:X-Api-Key: )?([^`]+)`", TEXT[TEXT.index("| contract |") : TEXT.index("A FILE holds")]))
    assert told == {value for secret in sandbox.documented().values() for value in secret.values()}


def test_every_fault_is_listed() -> None:
    assert _list("| fault | what") == list(faults.NAMES)


def test_every_dialect_is_listed() -> None:
    row = next(line for line in TEXT.splitlines() if line.startswith("| `dialect` |"))
    assert sorted(re.findall(r"`(\w+)`", row)[1:]) == list(faults.DIALECTS)
