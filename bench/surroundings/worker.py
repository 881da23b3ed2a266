"""The handler in a process that can die at any remote call: python -m bench.surroundings.worker [--later S] [--pace P].

A line of standard input is a batch: the event, the seconds that the invocation has, and at which remote call, counted
from 1, the process is killed, before it is sent or after it is answered. A line of output tells what came of it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from urllib3.connectionpool import HTTPConnectionPool

from bench.surroundings.processes import answers


@dataclass(slots=True)
class Calls:
    """The remote calls of this process, and the one at which it dies."""

    made: list[str] = field(default_factory=list)
    die: tuple[int, str] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begun(self, target: str) -> int:
        """The number of the call that begins."""
        with self.lock:
            self.made.append(target)
            number = len(self.made)
        self._perhaps_die(number, "before")
        return number

    def ended(self, number: int) -> None:
        """Notes that the call was answered."""
        self._perhaps_die(number, "after")

    def _perhaps_die(self, number: int, when: str) -> None:
        if self.die == (number, when):
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda tells of an invocation."""

    until: float
    function_name: str = "under-test"
    memory_limit_in_mb: int = 1769
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:under-test"
    aws_request_id: str = "under-test"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation ends."""
        return max(round((self.until - time.time()) * 1000), 0)


def main() -> None:
    """Runs batches until the input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--later", type=float, default=0.0)
    parser.add_argument("--pace", type=float, default=1.0)
    given = parser.parse_args()
    _set_clock(given.later, given.pace)
    calls = Calls()
    _watch(calls)
    out = answers()
    from read_upload import handler  # noqa: PLC0415 - it makes its clients when it is imported

    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        calls.made.clear()
        calls.die = tuple(asked["die"]) if asked["die"] else None
        began = time.monotonic()
        result = handler(asked["event"], Context(time.time() + asked["seconds"]))
        failed = [each["itemIdentifier"] for each in result["batchItemFailures"]]
        told = {"failed": failed, "calls": calls.made, "seconds": time.monotonic() - began}
        print(json.dumps(told), file=out)


def _set_clock(later: float, pace: float) -> None:
    """Has this process's clock run so many seconds ahead, and so many times as fast."""
    true, began = time.time, time.time() // 1e6 * 1e6
    time.time = lambda: began + (true() - began) * pace + later


def _watch(calls: Calls) -> None:
    """Counts what botocore and requests send: both send it through urllib3's pools."""
    urlopen = HTTPConnectionPool.urlopen

    def watched(pool: HTTPConnectionPool, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        headers = kwargs.get("headers") or {}
        target = headers.get("X-Amz-Target", f"{method} {url.partition('?')[0]}")
        number = calls.begun(target.decode() if isinstance(target, bytes) else target)
        answer = urlopen(pool, method, url, *args, **kwargs)
        calls.ended(number)
        return answer

    HTTPConnectionPool.urlopen = watched  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    main()
