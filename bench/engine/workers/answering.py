"""A contestant's side of the contest: a request a line on standard input, an answer a line on standard output."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from bench.surroundings.processes import answers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STATUS = Path("/proc/self/status")


class Request(TypedDict):
    """A picture to be read, and what its sender says that it shows."""

    path: str
    document: str | None
    side: str | None


def serve(
    read: Callable[[Request], Mapping[str, object]],
    *,
    version: str,
    threads: int,
    peak: Callable[[], float] | None = None,
) -> None:
    """Says that the contestant is ready, then answers each request until the input ends.

    The answer tells how many seconds the reading took, and the most memory, in MB, that the contestant ever had.
    """
    out = answers()
    print(json.dumps({"version": version, "threads": threads}), file=out)
    for line in sys.stdin:
        request: Request = json.loads(line)
        began = time.perf_counter()
        answer = read(request)
        seconds = time.perf_counter() - began
        told = {"seconds": seconds, "peak_mb": (peak or own_peak)(), **answer}
        print(json.dumps(told, ensure_ascii=False), file=out)


def own_peak() -> float:
    """The most memory that this process ever had, in MB.

    The system's own count for a process begins with what its parent had, so it is asked for only where there is no
    other.
    """
    if STATUS.exists():
        status = STATUS.read_text(encoding="ascii", errors="replace")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resident_mb(resource.getrusage(resource.RUSAGE_SELF))


def resident_mb(usage: resource.struct_rusage) -> float:
    """The most memory that the usage tells of, in MB: the kernels count in different units."""
    return usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
