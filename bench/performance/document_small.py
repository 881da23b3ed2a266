"""What a whole document burns whose picture is small: a scan, or a photo that a messenger made smaller."""

from __future__ import annotations

from bench.performance import calls, documents

ROW = documents.row(f"a picture of {calls.BYTES // 1000} KB", calls.photo)
