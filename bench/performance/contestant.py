"""A contestant in a process of its own, so that what it burns is its own alone.

python -m bench.performance.contestant MODULE:FUNCTION TOLD calls the function with what it is told, a JSON object. What
that returns is the work: each line of standard input is a JSON list, and the work is done once for each of its items.
"""

from __future__ import annotations

import json
import pkgutil
import statistics
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.surroundings.processes import Process, answers, reader_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    type Work = Callable[[Any], object]

_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})  # loopback is reached directly, by SDKs too


class Contestant(Process):
    """One contestant, ready to work."""

    def __init__(self, work: str, told: Mapping[str, str], environment: Mapping[str, str] | None = None) -> None:
        """Starts it; `work` names the function as MODULE:FUNCTION."""
        command = [sys.executable, "-m", "bench.performance.contestant", work, json.dumps(told)]
        super().__init__(work, command, _direct(reader_environment()) | dict(environment or {}))

    def burnt(self, items: Sequence[object]) -> list[float]:
        """The milliseconds of CPU, of user and system, that each of these items took.

        Raises:
            Ended: it failed.
        """
        told: list[float] = self.ask(items, about="its work")
        return told


@dataclass(frozen=True, slots=True)
class Burnt:
    """What either contestant burnt for an item when little disturbed it: in milliseconds, the tenth part burnt less."""

    ours: float
    peer: float

    @property
    def ratio(self) -> float:
        """Ours to the peer's."""
        return self.ours / self.peer


def compared(ours: Contestant, peer: Contestant, blocks: Iterable[tuple[Sequence[object], Sequence[object]]]) -> Burnt:
    """What both burnt for the same work, given in blocks: they take turns, and so does who begins; the first warms."""
    burnt: dict[Contestant, list[float]] = {ours: [], peer: []}
    for number, (for_us, for_peer) in enumerate(blocks):
        turns = [(ours, for_us), (peer, for_peer)]
        for contestant, items in turns if number % 2 else reversed(turns):
            told = contestant.burnt(items)
            if number:
                burnt[contestant] += told
    return Burnt(_undisturbed(burnt[ours]), _undisturbed(burnt[peer]))


def _undisturbed(burnt: Sequence[float]) -> float:
    """A machine's other work only ever adds; the very least may be luck."""
    return statistics.quantiles(burnt, n=10)[0]


def _direct(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would send loopback's calls elsewhere, or change what the handlers log."""
    return {
        name: value
        for name, value in environment.items()
        if name.lower() not in _PROXIES and not name.startswith("POWERTOOLS_")
    }


def main() -> None:
    """Works until the input ends."""
    out = answers()
    made, told = sys.argv[1:]
    work: Work = pkgutil.resolve_name(made)(**json.loads(told))
    for line in sys.stdin:
        print(json.dumps([_burnt(work, item) for item in json.loads(line)]), file=out)


def _burnt(work: Work, item: object) -> float:
    """The milliseconds of this process's CPU that the item took."""
    began = time.process_time()
    work(item)
    return (time.process_time() - began) * 1000


if __name__ == "__main__":
    main()
