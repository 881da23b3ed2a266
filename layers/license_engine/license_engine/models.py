"""The two models: where their files are, and how they are run."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from onnxruntime import InferenceSession, SessionOptions

DETECTION = "PP-OCRv6_det_small.onnx"
RECOGNITION = "PP-OCRv6_rec_small.onnx"
HOME = "rapidocr"  # the package whose wheel carries them; none of its code is imported


def folder() -> Path:
    """The folder of the installed models; FileNotFoundError when there is none."""
    spec = importlib.util.find_spec(HOME)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        models = Path(place) / "models"
        if (models / DETECTION).is_file() and (models / RECOGNITION).is_file():
            return models
    raise FileNotFoundError(f"no {HOME}/models with {DETECTION} and {RECOGNITION} on sys.path: add the models layer")


def session(model: Path, *, threads: int | None) -> InferenceSession:
    """The model, loaded.

    Its arena keeps memory between pictures: giving it back cost a sixth of the time, and the peak stays below 550 MB
    over 140 pictures of all sizes. Patterns are for inputs that are all alike.
    """
    options = SessionOptions()
    options.enable_mem_pattern = False
    # Threads that spin while they wait take the cores from whoever has work: two engines on two cores took 1.4 times as
    # long, one by itself gained nothing by it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = threads
    return InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
