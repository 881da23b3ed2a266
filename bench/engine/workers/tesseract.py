"""Tesseract's command, with its models of simplified Chinese and English, as a contestant."""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
from itertools import groupby
from typing import TYPE_CHECKING

from bench.engine.workers.answering import cores, resident_mb, serve

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bench.engine.workers.answering import Request

# Page segmentation 11, sparse text in no order, finds most of a form.
OPTIONS = ("-l", "chi_sim+eng", "--psm", "11", "tsv")
MOST_THREADS = 4  # what its OpenMP code asks for


def main() -> None:
    """Reads with the command named until the input ends."""
    command = sys.argv[1]
    told = subprocess.run([command, "--version"], check=True, capture_output=True, text=True)  # noqa: S603 - the Debian command

    def read(request: Request) -> dict[str, object]:
        run = subprocess.run(  # noqa: S603
            [command, request["path"], "stdout", *OPTIONS], check=True, capture_output=True, text=True
        )
        return {"lines": lines(run.stdout)}

    serve(
        read,
        version=(told.stdout or told.stderr).split()[1],
        threads=int(os.environ.get("OMP_THREAD_LIMIT", min(cores(), MOST_THREADS))),
        peak=lambda: resident_mb(resource.getrusage(resource.RUSAGE_CHILDREN)),
    )


def lines(table: str) -> list[dict[str, object]]:
    """The lines of a table of words as tesseract prints it: each line's quad, and its words with their places on it."""
    rows = csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    words = [row for row in rows if row["level"] == "5" and row["text"].strip()]
    return [_line(list(group)) for _, group in groupby(words, key=_place)]


def _place(word: Mapping[str, str]) -> tuple[str, str, str]:
    return word["block_num"], word["par_num"], word["line_num"]


def _line(words: Sequence[Mapping[str, str]]) -> dict[str, object]:
    boxes = [_box(word) for word in words]
    left, top = _least(box[:2] for box in boxes)
    right, bottom = (-edge for edge in _least((-box[2], -box[3]) for box in boxes))
    length = max(right - left, 1)
    spans = [
        {
            "text": word["text"],
            "score": max(float(word["conf"]), 0) / 100,
            "begin": (box[0] - left) / length,
            "end": (box[2] - left) / length,
        }
        for word, box in zip(words, boxes, strict=True)
    ]
    return {"quad": [[left, top], [right, top], [right, bottom], [left, bottom]], "spans": spans}


def _box(word: Mapping[str, str]) -> tuple[int, int, int, int]:
    left, top = int(word["left"]), int(word["top"])
    return left, top, left + int(word["width"]), top + int(word["height"])


def _least(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    across, down = zip(*pairs, strict=True)
    return min(across), min(down)


if __name__ == "__main__":
    main()
