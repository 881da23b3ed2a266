"""The pace of one process's calls to a vendor."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Pacer:
    """Keeps the calls of one process under a rate, in calls a second; safe among threads."""

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.time) -> None:
        self._interval = 1 / rate
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0

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
