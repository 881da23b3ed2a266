"""Keys: how threads share a vendor's credentials through a rotation."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from license_reader.errors import CredentialsError
from license_reader.keys import HEAD_START, TRUST, Keys


@dataclass
class Secret:
    """A secret as the configuration gives it: one object until it changes, or is refused."""

    text: str = "old"
    held: list[str] = field(default_factory=list)
    fetched: int = 0
    missing: bool = False

    def __call__(self, *, refused: Any) -> Any:
        if self.missing:
            raise CredentialsError("secret s: cannot be read")
        if not self.held or self.held is refused:
            self.fetched += 1
            time.sleep(0.02)
            self.held = [self.text]
        return self.held


@dataclass
class Clock:
    """The time, moved on by a silence."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


def held_up(keys: Keys) -> bool:
    """Whether two callers in turn have to wait."""
    started = time.monotonic()
    keys.await_scout()
    keys.await_scout()
    return time.monotonic() - started > HEAD_START / 2


def test_credentials_that_another_thread_renewed_are_taken_without_a_refused_call() -> None:
    secret, clock = Secret(), Clock()
    keys = Keys(secret, clock=clock)
    old, _ = keys.current()
    secret.text = "new"
    keys.refused(old)
    assert keys.current() == (["new"], True)
    assert keys.current() == (["new"], False)


def test_many_that_were_refused_wait_for_one_reading() -> None:
    secret = Secret()
    keys = Keys(secret)
    old, _ = keys.current()
    secret.text = "new"

    def renewed(_: int) -> Any:
        keys.refused(old)
        return keys.current()[0]

    with ThreadPoolExecutor(10) as threads:
        assert list(threads.map(renewed, range(10))) == [["new"]] * 10
    assert secret.fetched == 2


def test_a_late_refusal_of_older_credentials_leaves_the_newer_ones_alone() -> None:
    secret, clock = Secret(), Clock()
    keys = Keys(secret, clock=clock)
    old, _ = keys.current()
    keys.refused(old)
    newer, _ = keys.current()
    keys.refused(old)
    assert keys.current() == (newer, False)
    assert secret.fetched == 2
    assert not held_up(keys)


def test_after_a_silence_one_goes_ahead_and_the_others_learn_from_its_refusal() -> None:
    secret = Secret()
    clock = Clock()
    keys = Keys(secret, clock=clock)
    keys.current()
    clock.ahead += TRUST
    secret.text = "new"
    used: list[str] = []
    lock = threading.Lock()

    def call(_: int) -> None:
        keys.await_scout()
        credentials, _anew = keys.current()
        with lock:
            used.append(credentials[0])
        if credentials == ["old"]:
            time.sleep(0.05)
            keys.refused(credentials)

    with ThreadPoolExecutor(10) as threads:
        list(threads.map(call, range(10)))
    assert sorted(used) == ["new"] * 9 + ["old"]


def test_a_scout_that_is_slow_to_be_served_holds_nobody_up_for_long() -> None:
    clock = Clock()
    keys = Keys(Secret(), clock=clock)
    keys.current()
    clock.ahead += TRUST
    keys.await_scout()
    started = time.monotonic()
    keys.await_scout()
    assert HEAD_START * 0.9 <= time.monotonic() - started < HEAD_START + 0.5


def test_whoever_was_served_vouches_for_a_while() -> None:
    clock = Clock()
    keys = Keys(Secret(), clock=clock)
    credentials, _ = keys.current()
    clock.ahead += TRUST
    keys.await_scout()
    keys.accepted(credentials)
    assert not held_up(keys)


def test_a_scout_that_fails_without_a_verdict_makes_room_for_another() -> None:
    clock = Clock()
    keys = Keys(Secret(), clock=clock)
    credentials, _ = keys.current()
    clock.ahead += TRUST
    keys.await_scout()
    keys.untold(credentials)
    started = time.monotonic()
    keys.await_scout()
    assert time.monotonic() - started < HEAD_START / 2


def test_a_secret_that_cannot_be_read_is_told_to_everybody() -> None:
    keys = Keys(Secret(missing=True))
    for ask in (keys.await_scout, keys.current):
        with pytest.raises(CredentialsError):
            ask()
