"""docs/vendors.md says what the modules say: its tables are made from them.

After a change of a table, `python tests/contract/test_vendors_document.py` writes them anew.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from license_reader import vendors
from license_reader.columns import Column
from license_reader.license import FIELDS, Document, Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DOCUMENT = Path(__file__).parents[2] / "docs" / "vendors.md"
TABLED = [name for name in vendors.names() if name != "embedded"]
_SECTION = re.compile(r"<!-- table: (?P<name>[^>]+?) -->\n(?P<body>.*?)<!-- end -->\n", re.DOTALL)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def columns(vendor: str) -> Iterator[tuple[str, Document, tuple[Column, ...]]]:
    """A vendor's field tables: the table's name, the document that it is of, its rows."""
    for label, rows in vars(import_module(f"license_reader.vendors.{vendor}")).items():
        if isinstance(rows, tuple) and rows and all(isinstance(row, Column) for row in rows):
            driving = label.startswith("DRIVING")
            yield label, Document.DRIVING_LICENSE if driving else Document.VEHICLE_LICENSE, rows


def capabilities() -> str:
    """What each vendor reads and takes."""
    rows = []
    for name in vendors.names():
        vendor = vendors.find(name)
        limits = vendor.limits
        pages = [", ".join(side for side in Side if (document, side) in vendor.pages) or "—" for document in Document]
        edges = f"{limits.min_edge or '—'} to {limits.max_edge or '—'}"
        where = f"`{vendor.endpoint}`" if vendor.endpoint else "settings only"
        rows.append([name, *pages, ", ".join(sorted(limits.formats)), f"{limits.max_bytes:,}", edges, where])
    head = ["vendor", "vehicle license", "driving license", "formats", "bytes at most", "edges, px", "endpoint"]
    return table(head, rows)


def fields(document: Document) -> str:
    """Each field of the record, and what the vendors call it."""
    rows = []
    for field in FIELDS[document].model_fields:
        named = []
        for vendor in TABLED:
            sources = [
                row.source
                for _, of, table_rows in columns(vendor)
                if of is document
                for row in table_rows
                if row.name == field
            ]
            named.append(", ".join(dict.fromkeys(f"`{source}`" for source in sources)) or "—")
        rows.append([f"`{field}`", *named])
    return table(["field", *TABLED], rows)


def names_of(vendor: str) -> str:
    """Each name of a vendor, by the table that it stands in, the field that it fills, and how its text is read."""
    return table(
        ["table", "vendor's name", "field", "read as"],
        (
            [f"`{label}`", f"`{row.source}`", f"`{row.name}`", row.read.__name__]
            for label, _, rows in columns(vendor)
            for row in rows
        ),
    )


def errors(vendor: str) -> str:
    """Each code of a vendor, the error that it becomes, and the flag of the record."""
    return table(
        ["code", "error", "flag"],
        (
            [f"`{code}`", action.error.__name__, action.flag or ""]
            for code, action in vendors.find(vendor).actions.items()
        ),
    )


def rendered() -> dict[str, str]:
    """Every table of the document by name."""
    return {
        "capabilities": capabilities(),
        **{f"fields of the {document}": fields(document) for document in Document},
        **{f"names of {vendor}": names_of(vendor) for vendor in TABLED},
        **{f"errors of {vendor}": errors(vendor) for vendor in vendors.names()},
    }


def written() -> dict[str, str]:
    """The tables as the document has them."""
    return {match["name"]: match["body"] for match in _SECTION.finditer(DOCUMENT.read_text())}


@pytest.mark.parametrize("name", rendered())
def test_a_table_of_the_document_is_what_the_modules_say(name: str) -> None:
    assert written().get(name) == rendered()[name], "run python tests/contract/test_vendors_document.py"


def test_the_document_has_no_table_of_its_own_making() -> None:
    assert set(written()) == set(rendered())


def test_both_ways_of_the_field_table_tell_of_the_same_fields() -> None:
    for vendor in TABLED:
        for _, document, rows in columns(vendor):
            assert {row.name for row in rows} <= FIELDS[document].model_fields.keys()
            for row in rows:
                assert f"`{row.source}`" in fields(document)
                assert f"`{row.source}`" in names_of(vendor)


if __name__ == "__main__":
    tables = rendered()
    text = DOCUMENT.read_text()
    new = _SECTION.sub(lambda match: f"<!-- table: {match['name']} -->\n{tables[match['name']]}<!-- end -->\n", text)
    DOCUMENT.write_text(new)
