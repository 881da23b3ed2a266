"""Benchmarks: what the project does, measured beside what else does it."""

from license_ocr.checkout import ROOT

READER_PATHS = (ROOT, ROOT / "functions" / "read_upload", ROOT / "layers" / "license_reader")
"""Where a process of a benchmark's own finds its modules when it runs the reader."""
