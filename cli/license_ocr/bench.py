"""The benchmarks of the checkout, run from the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from license_ocr.checkout import ROOT
from license_ocr.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(name: str, arguments: Sequence[str]) -> int:
    """Run a benchmark with these arguments; return its exit status.

    Raises:
        Failure: this is no checkout.
    """
    if not (ROOT / "bench" / name).is_dir():
        raise Failure(f"there is no bench/{name} in {ROOT}: benchmarks run from a checkout of the project only")
    # It draws pictures and asks tools of the checkout, none of which is part of what is installed; paths that it is
    # given are the caller's, so it stays in the caller's folder.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
    with subprocess.Popen([sys.executable, "-m", f"bench.{name}", *arguments], env=environment) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # it was interrupted as well, and has its own processes to end
