"""Where the checkout keeps what the command line works with."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".aws-sam" / "build"
TOOLS = ROOT / ".tools"
HOME = ROOT / ".local"
SAMPLES = ROOT / "tests" / "samples"
