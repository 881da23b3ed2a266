"""Where the checkout keeps what the command line works with."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".aws-sam" / "build"
TOOLS = ROOT / ".tools"
HOME = Path(os.environ.get("LICENSE_OCR_HOME", ROOT / ".local")).absolute()
SAMPLES = ROOT / "tests" / "samples"
EVENTS = ROOT / "events"
