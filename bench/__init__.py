"""Benchmarks: what the project does, measured beside what else does it."""

import os

from license_ocr.checkout import ROOT

_READER_PATHS = (ROOT, ROOT / "functions" / "read_upload", ROOT / "layers" / "license_reader")


def reader_environment() -> dict[str, str]:
    """The environment of a process that runs the reader: its modules are found there, and no account of AWS is."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**bare, "PYTHONPATH": os.pathsep.join(map(str, _READER_PATHS))}
