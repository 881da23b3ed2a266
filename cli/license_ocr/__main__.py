"""`python -m license_ocr`."""

from __future__ import annotations

from license_ocr.main import app

app()
