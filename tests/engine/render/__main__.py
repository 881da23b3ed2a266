"""Draws a set of licenses: python -m tests.engine.render FOLDER [--count N] [--seed S] [--rough ...] [--jobs J]."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track
from tests.engine.render.fonts import FontsMissing
from tests.engine.render.sets import KINDS, LEVELS, Picture, draw, draw_picture, draw_set

__all__ = ["KINDS", "Picture", "draw", "draw_picture", "draw_set"]


def main() -> int:
    """Writes the pictures and their truth.json; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rough", choices=[*LEVELS, "mix"], default="mix")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes that draw (default: the cores)"
    )
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    pictures = draw_set(options.count, options.seed, options.rough, jobs=options.jobs)
    truth: dict[str, object] = {}
    try:
        for picture in track(pictures, "Drawing", total=options.count, console=console):
            (options.folder / picture.name).write_bytes(picture.content)
            truth[picture.name] = picture.truth
    except FontsMissing as missing:
        console.print(str(missing), soft_wrap=True)
        return 1
    (options.folder / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
