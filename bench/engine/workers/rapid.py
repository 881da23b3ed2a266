"""RapidOCR as packaged, at its defaults: python -m bench.engine.workers.rapid, in an environment of its own."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from rapidocr import RapidOCR
from rapidocr.utils.output import RapidOCROutput

from bench.engine.workers.answering import cores, serve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.engine.workers.answering import Request

STANDING = 1.5  # a box this much taller than wide is read by RapidOCR after a quarter turn


def main() -> None:
    """Reads until the input ends; without settings its models run on all cores."""
    engine = RapidOCR()

    def read(request: Request) -> dict[str, object]:
        found = engine(request["path"])
        if not isinstance(found, RapidOCROutput) or found.boxes is None or not found.txts or not found.scores:
            return {"lines": []}
        return {
            "lines": [
                {"quad": as_read(box).tolist(), "spans": [{"text": text, "score": float(score)}]}
                for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
            ]
        }

    serve(read, version=version("rapidocr"), threads=cores())


def as_read(box: NDArray[np.float32]) -> NDArray[np.float32]:
    """The box from the corner where reading began: a standing one is read from its upper right corner downwards."""
    width = max(np.linalg.norm(box[0] - box[1]), np.linalg.norm(box[2] - box[3]))
    height = max(np.linalg.norm(box[0] - box[3]), np.linalg.norm(box[1] - box[2]))
    return np.roll(box, -1, axis=0) if height >= STANDING * width else box


if __name__ == "__main__":
    main()
