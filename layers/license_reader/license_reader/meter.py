"""What the threads of a batch tell about vendors, until the handler counts it: metrics are not made for threads."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(slots=True)
class VendorCounts:
    """One vendor's part in a batch."""

    latencies: list[float] = field(default_factory=list)
    """Milliseconds of each call."""
    charged: int = 0
    """Calls that were charged, or may have been."""
    failed: int = 0
    """Calls that ended in an error; that a picture cannot be read is an answer."""
    flagged: int = 0
    """Records written of its readings that have a flag."""
    capped: int = 0
    """How often it was passed over because the day's calls are used up."""
    refused: int = 0
    """How often it was passed over because its secret, account or request needs a person."""


class Meter:
    """Counts that any thread adds to and one takes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: defaultdict[str, VendorCounts] = defaultdict(VendorCounts)

    def called(self, vendor: str, seconds: float, *, charged: bool, failed: bool) -> None:
        """Count one call."""
        with self._lock:
            counts = self._counts[vendor]
            counts.latencies.append(seconds * 1000)
            counts.charged += charged
            counts.failed += failed

    def flagged(self, vendor: str) -> None:
        """Count that a record of the vendor's reading has a flag."""
        with self._lock:
            self._counts[vendor].flagged += 1

    def capped(self, vendor: str) -> None:
        """Count that the vendor was passed over for its cap."""
        with self._lock:
            self._counts[vendor].capped += 1

    def refused(self, vendor: str) -> None:
        """Count that the vendor was passed over and needs a person."""
        with self._lock:
            self._counts[vendor].refused += 1

    def take(self) -> dict[str, VendorCounts]:
        """What was counted since the last time, by vendor."""
        with self._lock:
            counts, self._counts = self._counts, defaultdict(VendorCounts)
            return counts
