"""The pace of one process's calls to a vendor."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Clocks are not finer than this where it matters.
_CLOSE = 0.001


class Pacer:
    """Keeps the calls of one process under a rate, in calls a second; safe among threads.

    A caller waits for its slot, then for `hold`: one that slept too long would otherwise call right before the next.
    """

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.time) -> None:
        self._interval = 1 / rate
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0
        self._last = -math.inf

    def wait(self, latest: float = math.inf) -> float | None:
        """How long to wait for the slot that is now the caller's, in seconds; None when it would come after `latest`.

        A slot that comes too late is not taken: who gives up must not push back those who still have time.
        """
        with self._lock:
            now = self._clock()
            slot = max(now, self._next)
            if slot > latest:
                return None
            self._next = slot + self._interval
            return slot - now

    def hold(self) -> float:
        """How much longer the caller is to wait, in seconds, since another called late; 0 once it may call."""
        with self._lock:
            now = self._clock()
            left = self._last + self._interval - now
            if left > _CLOSE:
                return left
            self._last = now
            return 0.0
