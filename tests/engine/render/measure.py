"""Prints how much of a drawn set the engine reads right: python -m tests.engine.render.measure FOLDER [--wrong]."""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections import Counter
from pathlib import Path

from license_engine import Engine, Reading

THRESHOLDS = (0.5, 0.8, 0.9, 0.95)


class Tally:
    """What was right and wrong so far."""

    def __init__(self) -> None:
        self.right: Counter[str] = Counter()
        self.all: Counter[str] = Counter()
        self.whole: Counter[str] = Counter()
        self.pages: Counter[str] = Counter()
        self.invented = 0
        self.sure: list[tuple[float, bool]] = []

    def add(self, level: str, fields: dict[str, str], reading: Reading) -> list[str]:
        """Counts one page; returns what was wrong on it, a line each."""
        wrong = [
            f"{name}: {text!r} read as {reading.fields.get(name)!r} ({reading.confidence.get(name, 0):.2f})"
            for name, text in fields.items()
            if reading.fields.get(name) != text
        ]
        extra = [f"{name}: nothing read as {reading.fields[name]!r}" for name in reading.fields if name not in fields]
        self.all[level] += len(fields)
        self.right[level] += len(fields) - len(wrong)
        self.pages[level] += 1
        self.whole[level] += not wrong and not extra
        self.invented += len(extra)
        self.sure += [(reading.confidence[name], fields.get(name) == text) for name, text in reading.fields.items()]
        return wrong + extra

    def __str__(self) -> str:
        """The table."""
        lines = [
            f"{level:6} fields {100 * self.right[level] / self.all[level]:5.1f} % of {self.all[level]}, "
            f"whole pages {self.whole[level]} of {self.pages[level]}"
            for level in self.pages
            if self.all[level]
        ]
        lines.append(f"fields read where none is printed: {self.invented}")
        mistakes = sum(not right for _, right in self.sure)
        for threshold in THRESHOLDS:
            flagged = [right for sure, right in self.sure if sure < threshold]
            lines.append(
                f"confidence below {threshold}: {len(flagged)} of {len(self.sure)} fields, "
                f"{flagged.count(False)} of {mistakes} misread"
            )
        return "\n".join(lines)


def main() -> None:
    """Reads every picture of the folder and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--wrong", action="store_true", help="print every field read wrong")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    started = time.perf_counter()
    engine = Engine(threads=options.threads)
    loaded = time.perf_counter() - started
    tally, seconds = Tally(), []
    for name, truth in json.loads((options.folder / "truth.json").read_text(encoding="utf-8")).items():
        content = (options.folder / name).read_bytes()
        started = time.perf_counter()
        reading = engine.read(content)
        seconds.append(time.perf_counter() - started)
        wrong = tally.add(Path(name).stem.rpartition("-")[2], truth["fields"], reading)
        if options.wrong and wrong:
            print(name, *wrong, sep="\n    ")
    print(tally)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"seconds a picture: median {statistics.median(seconds):.2f}, most {max(seconds):.2f}")
    print(f"{options.threads} threads; models loaded in {loaded:.2f} s; peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
