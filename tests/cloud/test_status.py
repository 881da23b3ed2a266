"""`license-ocr status`: queues, records, vendors and alarms as they stand."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from tests.cloud.test_command import run

from license_ocr import status
from license_ocr.items import Items
from license_reader.days import day_in_china
from license_reader.flags import Flag
from license_reader.ledger import Claim, Ledger
from license_reader.license import Document, Side, empty
from license_reader.spending import Spending
from license_reader.upload import Upload

if TYPE_CHECKING:
    from tests.cloud.conftest import Deploy, Stack

    from license_ocr.local_cloud import LocalCloud


def claimed(ledger: Ledger, *, lease: float = 600) -> Claim:
    claim = ledger.claim(Upload("bucket", f"{uuid.uuid4().hex}.jpg", "v1"), lease=lease, retention_days=30)
    assert isinstance(claim, Claim)
    return claim


def finished(ledger: Ledger, *codes: str, notice: bool) -> Claim:
    claim = claimed(ledger)
    flags = [Flag.of(code, "test", detail="沪AA1234") for code in codes]
    license_ = empty(Document.VEHICLE_LICENSE, Side.FRONT, *flags, vendor="megvii")
    ledger.finish(claim, license_, spent=1, notice=notice, retention_days=30)
    return claim


def records(stack: Stack, at_most: int = 10_000) -> status.Records:
    items = Items(stack.account.dynamodb, stack.resources.Table)
    return status.records(items, at_most=at_most, tell=lambda _: None)


def test_records_are_counted_by_state_and_notice(stack: Stack) -> None:
    ledger = Ledger(stack.account.dynamodb, stack.resources.Table)
    claimed(ledger)
    claimed(ledger, lease=-1)
    finished(ledger, notice=False)
    finished(ledger, "parked", notice=True)
    ledger.first_seen("0" * 64, claimed(ledger), retention_days=30)
    told = records(stack)
    assert told.states == {
        "being read": 2,
        "waits to be read again": 1,
        "done": 2,
        "notice none": 1,
        "notice sending": 1,
        "parked": 1,
    }
    assert told.whole


def test_the_records_that_were_read_last_are_told_the_latest_first(stack: Stack) -> None:
    late = Ledger(stack.account.dynamodb, stack.resources.Table, clock=lambda: 2_000_000_000.0)
    early = Ledger(stack.account.dynamodb, stack.resources.Table, clock=lambda: 1_000_000_000.0)
    last = finished(late, "blur", notice=False)
    for _ in range(6):
        finished(early, notice=False)
    latest = records(stack).latest
    assert len(latest) == 5
    assert (latest[0].object, latest[0].vendor, latest[0].flags) == (last.object, "megvii", ("blur",))


def test_a_look_that_is_limited_says_so(stack: Stack) -> None:
    finished(Ledger(stack.account.dynamodb, stack.resources.Table), notice=False)
    assert not records(stack, at_most=1).whole
    assert records(stack, at_most=0).states == {}


def test_a_cap_is_told_with_the_calls_that_were_counted_today(stack: Stack) -> None:
    account, table = stack.account, stack.resources.Table
    routes = [{"prefix": "x/", "vendors": ["huawei"]}]
    stack.choose({"vendors": ["tencent", "embedded"], "routes": routes, "second_opinion": "megvii"})
    stack.configure("tencent", daily_cap=3)
    today = day_in_china(time.time()).isoformat()
    spending = Spending(account.dynamodb, table)
    spending.count("tencent", today, 3)
    spending.count("tencent", today, 3)
    told = status.vendors(spending, status.configured(account, stack.name), day=today)
    assert told == (
        status.Vendor("tencent", daily_cap=3, charged=2),
        status.Vendor("embedded", daily_cap=None, charged=None),
        status.Vendor("huawei", daily_cap=None, charged=None),
        status.Vendor("megvii", daily_cap=None, charged=None),
    )


def test_settings_that_are_refused_are_told_by_the_field(stack: Stack) -> None:
    stack.choose({"vendors": ["nobody"]})
    spending = Spending(stack.account.dynamodb, stack.resources.Table)
    told = status.vendors(spending, status.configured(stack.account, stack.name), day="2026-01-01")
    assert isinstance(told, str)
    assert "vendors.0: " in told


def test_only_this_stacks_alarms_that_ring_are_told(stack: Stack, deploy: Deploy) -> None:
    other = deploy(f"{stack.name}-too")
    for name in (f"{stack.name}-parked", f"{other.name}-queue-age"):
        stack.account.cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    told = status.alarms(stack.account, stack.name)
    assert not isinstance(told, str)
    assert [alarm.name for alarm in told] == [f"{stack.name}-parked"]
    assert "Runbook: parked" in told[0].description


def test_queues_tell_what_waits_and_what_is_dead(deploy: Deploy) -> None:
    stack = deploy(visibility=15, receives=1)
    stack.await_idle()  # the bucket's test event is none of ours
    stack.send("no event")
    stack.await_dead(1, timeout=120)
    told = status.queues(stack.account, stack.resources)
    assert (told.waiting, told.in_flight, told.dead) == (0, 0, 1)


def test_the_command_shows_it_all_and_no_field_of_a_license(shared: Stack, cloud: LocalCloud) -> None:
    finished(Ledger(shared.account.dynamodb, shared.resources.Table), "parked", notice=False)
    done = run("status", home=cloud.home)
    assert done.returncode == 0, done.stderr
    for word in ("dead letters", "parked", "embedded", "no cap", "Alarms"):
        assert word in done.stdout
    assert "沪AA1234" not in done.stdout
