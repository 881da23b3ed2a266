"""The pacer: calls of one process, kept apart."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from license_reader.pacer import Pacer


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_slot_that_comes_too_late_is_left_to_others() -> None:
    clock = Clock()
    pacer = Pacer(0.1, clock=clock)
    assert pacer.wait(clock.now + 5) == 0
    assert [pacer.wait(clock.now + 5) for _ in range(100)] == [None] * 100
    clock.now += 6
    assert pacer.wait(clock.now + 5) == 4


@given(rate=st.floats(0.1, 1000), arrivals=st.lists(st.floats(0, 10), min_size=2, max_size=30))
def test_a_pacer_lets_no_two_calls_come_closer_than_its_rate(rate: float, arrivals: list[float]) -> None:
    clock = Clock()
    pacer = Pacer(rate, clock=clock)
    slots = []
    for arrival in sorted(arrivals):
        clock.now = arrival
        slots.append(arrival + (pacer.wait() or 0.0))
    assert all(later - earlier >= 1 / rate - 1e-9 for earlier, later in pairwise(slots))


@given(late=st.lists(st.floats(0, 3), min_size=2, max_size=20))
def test_callers_that_sleep_too_long_do_not_call_close_to_the_next(late: list[float]) -> None:
    clock = Clock()
    pacer = Pacer(1, clock=clock)
    woken = sorted(clock.now + (pacer.wait() or 0.0) + oversleep for oversleep in late)
    called = []
    for moment in woken:
        clock.now = max(clock.now, moment)
        while (more := pacer.hold()) > 0:
            clock.now += more
        called.append(clock.now)
    assert all(later - earlier >= 0.998 for earlier, later in pairwise(called))
    assert called[-1] - called[0] <= len(late) - 1 + max(late) + 1e-6
