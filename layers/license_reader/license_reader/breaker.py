"""The breaker between one process and a vendor that is down: it is left alone for a while, then asked by one.

closed --FAILURES in a row--> open --PAUSE over: one probe--> closed, or open again
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# One more than a document's own tries, so that a document alone cannot open it.
FAILURES = 5
PAUSE = 15.0
# A probe that has told nothing by then was lost; no call takes longer than a vendor's longest time-out.
PROBE = 120.0
# While one probes, the others look again after so long.
_LOOK = 0.5


class Breaker:
    """What one process knows of a vendor's health; safe among threads."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until = 0.0
        self._probe_until = 0.0

    def pause(self) -> float:
        """How long to leave the vendor alone before looking again, in seconds; 0 when it may be asked."""
        with self._lock:
            return self._pause()

    def admit(self) -> bool:
        """Whether the caller may ask now; it must tell how that went. Of an ailing vendor one asks at a time."""
        with self._lock:
            if self._pause() > 0:
                return False
            if self._failures >= FAILURES:
                self._probe_until = self._clock() + PROBE
            return True

    def answered(self) -> None:
        """Close: the vendor answers, whatever it says."""
        with self._lock:
            self._failures = 0
            self._open_until = self._probe_until = 0.0

    def failed(self) -> None:
        """Count a failure of the vendor's; enough of them in a row, or a probe's, open for a while."""
        with self._lock:
            self._failures += 1
            self._probe_until = 0.0
            if self._failures >= FAILURES:
                self._open_until = self._clock() + PAUSE

    def untold(self) -> None:
        """Let another probe: this call had too little time to tell."""
        with self._lock:
            self._probe_until = 0.0

    def _pause(self) -> float:
        if self._failures < FAILURES:
            return 0.0
        now = self._clock()
        if now < self._open_until:
            return self._open_until - now
        return min(_LOOK, max(0.0, self._probe_until - now))
