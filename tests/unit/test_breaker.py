"""The breaker: when a vendor is left alone, and how it is tried again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from license_reader.breaker import FAILURES, PAUSE, PROBE, Breaker


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock=clock)


def open_it(breaker: Breaker) -> None:
    for _ in range(FAILURES):
        assert breaker.admit()
        breaker.failed()


def test_it_opens_after_so_many_failures_in_a_row(breaker: Breaker) -> None:
    for _ in range(FAILURES - 1):
        breaker.failed()
    assert breaker.admit()
    breaker.failed()
    assert not breaker.admit()
    assert breaker.pause() == PAUSE


def test_an_answer_between_failures_starts_the_count_anew(breaker: Breaker) -> None:
    for _ in range(3):
        for _ in range(FAILURES - 1):
            breaker.failed()
        breaker.answered()
    assert breaker.admit()


def test_of_many_threads_one_probes_when_the_pause_is_over(breaker: Breaker, clock: Clock) -> None:
    open_it(breaker)
    clock.now += PAUSE
    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(lambda _: breaker.admit(), range(50))) == 1
    assert breaker.pause() > 0


def test_a_probe_that_is_answered_lets_everybody_in(breaker: Breaker, clock: Clock) -> None:
    open_it(breaker)
    clock.now += PAUSE
    assert breaker.admit()
    breaker.answered()
    assert breaker.pause() == 0
    assert [breaker.admit(), breaker.admit()] == [True, True]


def test_a_probe_that_fails_opens_it_again_at_once(breaker: Breaker, clock: Clock) -> None:
    open_it(breaker)
    clock.now += PAUSE
    assert breaker.admit()
    breaker.failed()
    assert not breaker.admit()
    assert breaker.pause() == PAUSE


@pytest.mark.parametrize("seconds", [0, PROBE])
def test_a_probe_that_tells_nothing_makes_room_for_another(breaker: Breaker, clock: Clock, seconds: float) -> None:
    open_it(breaker)
    clock.now += PAUSE
    assert breaker.admit()
    if seconds == 0:
        breaker.untold()
    clock.now += seconds
    assert breaker.admit()
    assert not breaker.admit()
