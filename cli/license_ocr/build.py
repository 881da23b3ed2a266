"""What is deployed, brought up to date."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys

from license_ocr.checkout import ROOT
from license_ocr.failure import Failure


def build() -> None:
    """Run `make build`, which also sets up the tools; its own output, on standard error, shows how far it is.

    Raises:
        Failure: it failed.
    """
    (ROOT / ".aws-sam").mkdir(exist_ok=True)
    with (ROOT / ".aws-sam" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two at once would take each other's output away
        _make()


def _make() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL"}}
    try:
        subprocess.run(
            ["make", "--silent", "-C", str(ROOT), "build", "emulator"],
            check=True,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.__stderr__,
        )
    except FileNotFoundError as error:
        raise Failure("`make` is not installed") from error
    except subprocess.CalledProcessError as error:
        raise Failure("`make build` failed; its output above says why") from error
