"""The embedded engine as a contestant: python -m bench.engine.workers.ours THREADS."""

from __future__ import annotations

import dataclasses
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from bench.engine.workers.answering import serve
from license_engine import Engine, NotAPicture

if TYPE_CHECKING:
    from bench.engine.workers.answering import Request


def main() -> None:
    """Reads with this number of threads until the input ends."""
    threads = int(sys.argv[1])
    engine = Engine(threads=threads)

    def read(request: Request) -> dict[str, object]:
        content = Path(request["path"]).read_bytes()
        try:
            reading = engine.read(content, document=request["document"], side=request["side"])
        except NotAPicture:
            return {"reading": {"document": None, "flags": ["not_a_picture"]}}
        return {"reading": dataclasses.asdict(reading)}

    serve(read, version=version("license-ocr"), threads=threads)


if __name__ == "__main__":
    main()
