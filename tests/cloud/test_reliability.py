"""The reliability board's rows in short, against the emulator; `make reliability` measures them at full length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bench.reliability import deaths, hanging, lost_answers, rotation, rush, soak
from bench.surroundings.stage import staged

if TYPE_CHECKING:
    from tests.cloud.conftest import Deploy, Stack


FASTER = 3.0  # so that leases end soon
DEATHS = 8  # some of them between a notice and the word that it was sent
SPARE = 0.2  # of so few uploads, charges that deaths between answer and write may double


@pytest.fixture(scope="module")
def unheard(deploy: Deploy) -> Stack:
    """A stack for the rows of this file, whose own reader is told of nothing."""
    return deploy()


def _untold(done: int, full: int) -> None:
    """Tells nobody how far it is."""


def test_a_worker_that_dies_at_any_remote_call_loses_nothing_and_pays_twice_at_two_of_them(unheard: Stack) -> None:
    with staged(unheard.account, unheard.resources, unheard.name) as stage:
        seen = deaths.killed(stage, _untold)
    assert seen.held, seen.figures


def test_an_answer_lost_on_the_wire_doubles_nothing(unheard: Stack) -> None:
    with staged(unheard.account, unheard.resources, unheard.name) as stage:
        seen = lost_answers.cut_off(stage, _untold)
    assert seen.held, seen.figures


def test_eight_deliveries_at_the_same_moment_are_one_charge_and_one_notice(unheard: Stack) -> None:
    with staged(unheard.account, unheard.resources, unheard.name, rush.SLOW) as stage:
        seen = rush.rushed(stage, 2, _untold)
    assert seen.held, seen.figures


def test_a_short_soak_loses_nothing_and_pays_little_in_vain(unheard: Stack) -> None:
    with staged(unheard.account, unheard.resources, unheard.name, soak.MANNER, max_attempts=20) as stage:
        seen = soak.soaked(stage, 40, _untold, batch=1, deaths=DEATHS, pace=FASTER, again=10, spare=SPARE)
    assert seen.held, seen.figures


def test_a_worker_is_as_large_after_many_uploads_as_after_few(unheard: Stack) -> None:
    with staged(unheard.account, unheard.resources, unheard.name) as stage:
        seen = soak.flat(stage, 20)
    assert seen.held, seen.figures


@pytest.mark.parametrize("vendor", rotation.CHANGES)
def test_no_document_fails_when_a_secret_or_a_token_ends_and_each_environment_is_refused_once(
    vendor: str, unheard: Stack
) -> None:
    with staged(unheard.account, unheard.resources, unheard.name, vendors=[vendor]) as stage:
        seen = rotation.changed(stage, vendor, 2, _untold)
    assert seen.held, seen.figures


def test_the_reader_returns_in_time_and_the_message_comes_again_when_the_vendor_hangs(unheard: Stack) -> None:
    with staged(unheard.account, unheard.resources, unheard.name) as stage:
        seen = hanging.hung(stage, hanging.SHORT, _untold)
    assert seen.held, seen.figures
