"""The counts of vendors' calls, on the emulator's table: never over a cap, whoever counts at the same time."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.cloud.lost_answers import LosesAnswers

from license_reader.errors import CapReached, Throttled
from license_reader.spending import KEPT_DAYS, Spending

if TYPE_CHECKING:
    from tests.cloud.conftest import Stack

# 2027-01-15, 23:59:00 in China.
EVENING = 1_800_028_740.0
CAP = 25


@dataclass
class Clock:
    now: float = EVENING

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def spending(shared: Stack, clock: Clock) -> Spending:
    return Spending(shared.account.dynamodb, shared.resources.Table, clock=clock)


@pytest.fixture
def vendor() -> str:
    """A vendor of the test's own."""
    return f"vendor-{uuid.uuid4().hex[:8]}"


def item(shared: Stack, vendor: str, day: str) -> dict[str, Any]:
    key = {"object": {"S": f"calls:{vendor}"}, "version": {"S": day}}
    return dict(shared.account.dynamodb.get_item(TableName=shared.resources.Table, Key=key).get("Item", {}))


def calls(shared: Stack, vendor: str, day: str = "2027-01-15") -> int:
    return int(item(shared, vendor, day)["calls"]["N"])


def test_no_call_is_made_over_the_cap_however_many_ask_at_once(spending: Spending, shared: Stack, vendor: str) -> None:
    def call(_: int) -> bool:
        try:
            with spending.allowance(vendor, CAP) as allowance:
                allowance.take()
                allowance.spend()
        except CapReached:
            return False
        return True

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(call, range(4 * CAP))) == CAP
    assert calls(shared, vendor) == CAP


def test_what_is_given_back_can_be_used_again(spending: Spending, shared: Stack, vendor: str) -> None:
    def throttled(_: int) -> None:
        with spending.allowance(vendor, CAP) as allowance:
            allowance.take()
            raise Throttled(vendor, "busy")

    def attempt(number: int) -> type[Exception]:
        try:
            throttled(number)
        except (Throttled, CapReached) as error:
            return type(error)
        raise AssertionError

    with ThreadPoolExecutor(10) as threads:
        assert set(threads.map(attempt, range(4 * CAP))) == {Throttled}
    assert calls(shared, vendor) == 0


def test_a_call_that_ended_in_nobody_knows_what_stays_counted(spending: Spending, shared: Stack, vendor: str) -> None:
    def stumble() -> None:
        with spending.allowance(vendor, CAP) as allowance:
            allowance.take()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stumble()
    assert calls(shared, vendor) == 1


def test_repetitions_of_a_call_are_counted_once(spending: Spending, shared: Stack, vendor: str) -> None:
    with spending.allowance(vendor, CAP) as allowance:
        for _ in range(4):
            allowance.take()
        allowance.spend()
    assert calls(shared, vendor) == 1


def test_a_day_ends_at_midnight_in_china_also_for_a_call_that_is_repeated(
    spending: Spending, shared: Stack, vendor: str, clock: Clock
) -> None:
    with spending.allowance(vendor, 1) as allowance:
        allowance.take()
        with pytest.raises(CapReached, match=f"{vendor}: the 1 calls of 2027-01-15 are used up"):
            spending.count(vendor, spending.today(), 1)
        clock.now += 120
        allowance.take()
        allowance.spend()
    assert (calls(shared, vendor, "2027-01-15"), calls(shared, vendor, "2027-01-16")) == (0, 1)


def test_a_cap_of_none_and_a_cap_of_zero_write_nothing(spending: Spending, shared: Stack, vendor: str) -> None:
    with spending.allowance(vendor, None) as allowance:
        allowance.take()
        allowance.spend()
    with pytest.raises(CapReached, match="daily_cap is 0"), spending.allowance(vendor, 0) as allowance:
        allowance.take()
    assert item(shared, vendor, "2027-01-15") == {}


def test_a_count_leaves_the_table_after_a_while(spending: Spending, shared: Stack, vendor: str) -> None:
    spending.count(vendor, spending.today(), CAP)
    assert item(shared, vendor, "2027-01-15")["ttl"] == {"N": str(int(EVENING) + KEPT_DAYS * 86_400)}


def test_a_count_whose_answer_was_lost_counts_once(
    shared: Stack, vendor: str, clock: Clock, spending: Spending
) -> None:
    def lossy() -> Spending:
        return Spending(LosesAnswers(shared.account.dynamodb), shared.resources.Table, clock=clock)  # type: ignore[arg-type]

    for _ in range(2):
        lossy().count(vendor, spending.today(), 2)
    assert calls(shared, vendor) == 2
    lossy().give_back(vendor, spending.today())
    assert calls(shared, vendor) == 1
