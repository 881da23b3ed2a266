"""The row of the batch: it misses its target when it is slow, or when one upload holds the others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench.performance.batch import Hung, Took, judged

LIGHT, EMULATED = Took(alone=4.3, batch=0.5, silenced=0.8), Took(alone=5.0, batch=0.9, silenced=1.2)
HUNG = Hung(others=9, seconds=0.5, read=10)


def test_a_batch_that_is_eight_times_faster_holds_whatever_the_emulator_takes() -> None:
    seen = judged(LIGHT, EMULATED, HUNG)
    assert seen.held
    assert seen.ratio == pytest.approx(8.6)


@pytest.mark.parametrize(
    ("light", "hung"),
    [
        (replace(LIGHT, batch=0.6), HUNG),
        (LIGHT, replace(HUNG, others=8)),
        (LIGHT, replace(HUNG, read=9)),
    ],
)
def test_whatever_is_missed_is_told(light: Took, hung: Hung) -> None:
    assert not judged(light, EMULATED, hung).held
