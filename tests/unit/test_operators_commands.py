"""What operators are shown, and how their commands write: reasons, names without values."""

from __future__ import annotations

import io
import json
from collections import Counter

import pytest
from rich.console import Console, RenderableType

from license_ocr import redrive, reports
from license_ocr.redrive import Dead
from license_ocr.replay import Fate, Replayed
from license_ocr.status import Alarm, Latest, Queues, Records, Vendor
from license_reader.flags import Flag
from license_reader.license import Document, License, Side, VehicleLicense


def printed(renderable: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=120).print(renderable)
    return " ".join(out.getvalue().split())


def line(**changed: str) -> str:
    told = {
        "message": "upload not read",
        "correlation_id": "s3://bucket/a.jpg#v1",
        "error": "NoVendorLeft",
        "reason": "tencent: no such key",
    }
    return json.dumps(told | changed)


def test_a_reason_is_taken_from_the_line_that_the_reader_logs() -> None:
    assert redrive._line(line()) == ("s3://bucket/a.jpg#v1", "NoVendorLeft: tencent: no such key")


@pytest.mark.parametrize("text", ["no JSON", "[]", line(message="upload read"), line(error="InProgress")])
def test_other_lines_and_deliveries_that_merely_came_too_early_are_no_reasons(text: str) -> None:
    assert redrive._line(text) is None


def test_reasons_are_counted_the_most_frequent_first_with_an_example_of_each() -> None:
    dead = [Dead(str(place), f"s3://bucket/{place}.jpg", "v1", "throttled") for place in range(3)]
    told = printed(reports.dead_table([Dead("m1", None, None, "no upload event [x]"), *dead]))
    assert told.endswith("3 throttled s3://bucket/0.jpg 1 no upload event [x] message m1")


def license_of(owner: str, *flags: Flag) -> License:
    fields = VehicleLicense(owner=owner, vin="LSVAA4187E2123456")
    return License(document=Document.VEHICLE_LICENSE, side=Side.FRONT, vendor="megvii", fields=fields, flags=flags)


CHANGE = Replayed(
    "s3://bucket/[a].jpg",
    "v1",
    Fate.CHANGED,
    license_of("张三", Flag.of("blur", "megvii", detail="沪AA1234")),
    license_of("李四", Flag.of("blur", "megvii", detail="沪AA1235"), Flag.of("copy", "megvii", detail="李四")),
    told=True,
)


def test_a_change_is_shown_by_names_and_codes() -> None:
    assert printed(reports.replayed_line(CHANGE, values=False)) == "s3://bucket/[a].jpg owner +copy ~blur notice"


def test_values_are_shown_to_who_asks_for_them_those_that_changed() -> None:
    told = printed(reports.replayed_line(CHANGE, values=True))
    assert "owner: 张三 -> 李四" in told
    assert "LSVAA4187E2123456" not in told


def test_fates_are_counted_with_the_reason_where_there_is_one() -> None:
    fates = Counter({(Fate.SAME, None): 3, (Fate.NOT_UNDERSTOOD, "taken for the error 15"): 1})
    assert printed(reports.fate_table(fates)) == (
        "3 read as before 1 reply not understood any more: left alone (taken for the error 15)"
    )


def test_a_status_is_told_whole() -> None:
    latest = Latest("s3://bucket/a.jpg", "2026-11-21T12:42:54.217+00:00", None, ("parked",), "SENT")
    told = printed(
        reports.status_tables(
            Queues(waiting=3, in_flight=10, dead=2, oldest=61.4),
            Records(Counter({"done": 4, "parked": 1}), (latest,), whole=False),
            [Vendor("tencent", daily_cap=100, charged=None), Vendor("embedded", daily_cap=None, charged=None)],
            [Alarm("stack-parked", "2026-11-21T12:42+00:00", "Given up. Runbook: parked, in docs/operations.md.")],
        )
    )
    for part in (
        "waiting 3 in flight 10 oldest 61 s dead letters 2",
        "Records, of those looked at done 4 parked 1",
        "2026-11-21T12:42:54 s3://bucket/a.jpg nobody parked SENT",
        "tencent 0 of 100 calls today embedded no cap, so its calls are not counted",
        "stack-parked since 2026-11-21T12:42+00:00: Given up. Runbook: parked, in docs/operations.md.",
    ):
        assert part in told


def test_a_status_says_what_is_not_known_and_why() -> None:
    told = printed(
        reports.status_tables(
            Queues(waiting=0, in_flight=0, dead=0, oldest=None),
            Records(Counter(), (), whole=True),
            "the settings are refused: vendors.0: no vendor is called 'x'",
            "not known: AccessDenied",
        )
    )
    assert "oldest unknown" in told
    assert "vendors.0: no vendor is called 'x'" in told
    assert told.endswith("Alarms not known: AccessDenied")
