"""What the operators' commands found, as tables: codes, names and counts; values only where asked for."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from license_ocr.redrive import counted
from license_ocr.view import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from license_ocr.backfill import Report
    from license_ocr.redrive import Dead
    from license_ocr.replay import Fate, Replayed
    from license_ocr.status import Alarm, Queues, Records, Vendor


def dead_table(dead: Sequence[Dead]) -> RenderableType:
    """The reasons for which messages ended in the dead-letter queue, how many for each, and one of them."""
    counts = counted(dead)
    example = {each.reason: each.object or f"message {each.message}" for each in reversed(dead)}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("how many", justify="right")
    table.add_column("reason", overflow="fold")
    table.add_column("such as", overflow="fold")
    for reason, count in counts.most_common():
        table.add_row(str(count), Text(reason), Text(example[reason]))
    return table


def replayed_line(replayed: Replayed, *, values: bool) -> Text:
    """What a replay changes in one record: names and codes; values too where they are asked for."""
    line = Text.assemble((replayed.object, "bold"), f"  {', '.join(replayed.fields) or 'no field'}")
    for flag in replayed.flags:
        line.append(f"  {flag}", style="green" if flag.startswith("-") else "yellow")
    if replayed.told:
        line.append("  notice", style="cyan")
    if values and replayed.before and replayed.after:
        for name in replayed.fields:
            old, new = (
                shown(getattr(license_.fields, name, getattr(license_, name, None)))
                for license_ in (replayed.before, replayed.after)
            )
            line.append(f"\n  {name}: {old} -> {new}")
    return line


def fate_table(fates: Counter[tuple[Fate, str | None]]) -> RenderableType:
    """How many records met which fate, and why as far as there is more to say."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    for (fate, reason), count in fates.most_common():
        table.add_row(str(count), Text(f"{fate} ({reason})" if reason else str(fate)))
    return table


def backfill_table(report: Report) -> RenderableType:
    """What a backfill came to: how many objects met which fate, and the flags of those that have a record."""
    tally = report.tally
    tried = Counter(f"claimed {count} times and not read" if count else "never claimed" for count in report.claimed)
    passed_over = {f"  passed over: {reason}": count for reason, count in sorted(tally.passed_over.items())}
    return Group(
        Text("Objects", style="bold"),
        _pairs(
            {"looked at": report.objects, "read": tally.read, "read before": tally.skipped}
            | passed_over
            | {f"told to the queue, {how}": count for how, count in tried.items()}
        ),
        Text("Flags", style="bold"),
        _pairs(dict(Counter(tally.flags).most_common()) or {"none": ""}),
    )


def status_tables(
    queues: Queues, records: Records, vendors: Sequence[Vendor] | str, alarms: Sequence[Alarm] | str
) -> RenderableType:
    """How a stack fares: queues, records, vendors, alarms."""
    return Group(
        Text("Queues", style="bold"),
        _pairs(
            {
                "waiting": queues.waiting,
                "in flight": queues.in_flight,
                "oldest": "unknown" if queues.oldest is None else f"{queues.oldest:.0f} s",
                "dead letters": Text(str(queues.dead), style="bold red" if queues.dead else ""),
            }
        ),
        Text("Records" if records.whole else "Records, of those looked at", style="bold"),
        _pairs(dict(records.states.most_common()) or {"none": ""}),
        *([_latest_table(records)] if records.latest else []),
        Text("Vendors", style="bold"),
        Text(f"  {vendors}") if isinstance(vendors, str) else _pairs({each.name: _spent(each) for each in vendors}),
        Text("Alarms", style="bold"),
        _alarm_table(alarms),
    )


def _latest_table(records: Records) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("read last", "object", "vendor", "flags", "notice"):
        table.add_column(column, overflow="fold")
    for each in records.latest:
        table.add_row(each.read_at[:19], Text(each.object), each.vendor or "nobody", ", ".join(each.flags), each.notice)
    return table


def _spent(vendor: Vendor) -> str:
    if vendor.daily_cap is None:
        return "no cap, so its calls are not counted"
    return f"{vendor.charged or 0} of {vendor.daily_cap} calls today"


def _alarm_table(alarms: Sequence[Alarm] | str) -> RenderableType:
    if isinstance(alarms, str):
        return Text(f"  {alarms}")
    if not alarms:
        return Text("  none rings")
    return Group(
        *(
            Text.assemble("  ", (alarm.name, "bold red"), f" since {alarm.since}: {alarm.description}")
            for alarm in alarms
        )
    )


def _pairs(told: Mapping[str, object]) -> Table:
    """Names and what is told of each, a line a name."""
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name, value in told.items():
        table.add_row(name, value if isinstance(value, Text) else Text(str(value)))
    return table
