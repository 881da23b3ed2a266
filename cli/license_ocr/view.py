"""Records and notices as tables for a terminal, and as JSON for machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import BaseModel
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from license_reader.flags import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType

    from license_ocr.subscriber import Received
    from license_reader.flags import Flag
    from license_reader.ledger import Record
    from license_reader.license import License

_STYLE = {
    Severity.FRAUD: "bold red",
    Severity.PERMANENT: "red",
    Severity.BUSINESS: "yellow",
    Severity.REVIEW: "yellow",
    Severity.QUALITY: "cyan",
    Severity.INFO: "dim",
}


def as_json(record: Record) -> str:
    """The record as one line of JSON, without the vendor's raw reply."""
    return json.dumps(
        record.model_dump(mode="json", exclude_none=True, exclude={"license": {"raw"}}), ensure_ascii=False
    )


def record_table(record: Record) -> RenderableType:
    """The record: each field with its confidence and flags, then what holds for the whole."""
    if record.license is None:
        return Text.assemble(record.object, f" ({record.version}) is {record.state}, attempt {record.attempt}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("field", style="bold", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("confidence", justify="right")
    table.add_column("flags", overflow="fold")
    for name, value in _values(record.license):
        confidence = record.license.confidence.get(name)
        flags = [flag for flag in record.license.flags if name in flag.fields]
        if value is not None or flags:
            table.add_row(
                name,
                shown(value),
                "" if confidence is None else f"{confidence:.2f}",
                Text("\n").join(map(_flag, flags)),
            )
    parts = [table] if table.row_count else []
    return Group(_title(record, record.license), *parts, *_footer(record, record.license), "")


def notice_table(received: Iterable[Received]) -> RenderableType:
    """The messages that a subscriber got, one row each."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("severity", "flags", "document", "plate", "object"):
        table.add_column(column, overflow="fold")
    for each in received:
        place = each.notice.get("record")
        table.add_row(
            each.attributes.get("severity", ""),
            ", ".join(json.loads(each.attributes.get("flags", "[]"))),
            each.attributes.get("document", ""),
            str(each.notice.get("plate_no") or ""),
            str(place.get("object", "")).rpartition("/")[2] if isinstance(place, dict) else "",
        )
    return Group(Text("Messages that a subscriber of the topic received", style="bold"), table)


def _title(record: Record, license_: License) -> Text:
    kind = f"{license_.document.replace('_', ' ')}, {license_.side}, {license_.form}"
    return Text.assemble((record.object.rpartition("/")[2], "bold"), f"  {kind}, read by {license_.vendor or 'nobody'}")


def _values(license_: License) -> Iterator[tuple[str, object]]:
    for name in type(license_.fields).model_fields:
        yield name, getattr(license_.fields, name)


def shown(value: object) -> str:
    """A field's value on one line or a few."""
    if value is None:
        return "-"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, BaseModel):
        return "\n".join(f"{name}: {part}" for name, part in value if part is not None)
    return str(value)


def _flag(flag: Flag) -> Text:
    return Text(flag.code + (f" ({flag.detail})" if flag.detail else ""), style=_STYLE[flag.severity])


def _footer(record: Record, license_: License) -> Iterator[Text]:
    whole = [flag for flag in license_.flags if not flag.fields]
    for flag in whole:
        yield Text.assemble(f"  {flag.severity}: ", _flag(flag))
    for reason in record.passed_over:
        yield Text(f"  passed over: {reason}", style="dim")
    paid = f"{record.spent} call" + ("" if record.spent == 1 else "s")
    yield Text(f"  {paid}, attempt {record.attempt}, notice {record.notice}, {record.read_at}", style="dim")
