"""Processes that are told a line of JSON and answer with one, so that what they burn, hold or die of is theirs alone.

Some run in environments where nothing of the project is installed: this module imports nothing of it.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Self, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
_READER_PATHS = (ROOT, ROOT / "functions" / "read_upload", ROOT / "layers" / "license_reader")
_LAST_WORDS = 2000  # characters


class Ended(Exception):
    """A process ended instead of answering; the message says which, on what, its status, and its last words."""


class Process:
    """A process at the other end of two pipes; what it says beside its answers is kept for its last words."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Starts it in the project's folder; without an environment it has ours."""
        self.name = name
        self._errors: IO[str] = TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - see close
        self._process = subprocess.Popen(  # noqa: S603 - the project's own modules
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            encoding="utf-8",
        )

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def tell(self, told: object, *, about: str) -> None:
        """Tells it something; `about` says in an error's text what it was.

        Raises:
            Ended: nobody is there.
        """
        try:
            print(json.dumps(told), file=self._process.stdin, flush=True)
        except BrokenPipeError as error:
            raise Ended(self._obituary(about)) from error

    def hear(self, *, about: str) -> Any:
        """Its next answer.

        Raises:
            Ended: there is none.
        """
        line = cast("IO[str]", self._process.stdout).readline()
        if not line:
            raise Ended(self._obituary(about))
        return json.loads(line)

    def ask(self, told: object, *, about: str) -> Any:
        """Its answer to what it is told.

        Raises:
            Ended: it gave none.
        """
        self.tell(told, about=about)
        return self.hear(about=about)

    def close(self, *, patience: float = 0.0) -> None:
        """Ends it, by force unless it ends by itself within `patience` seconds of the end of its input."""
        try:
            if patience:
                self._process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._process.kill()
            self._process.communicate()
            self._errors.close()

    def _obituary(self, about: str) -> str:
        status = self._process.wait()
        self._errors.seek(0)
        return (
            f"{self.name} ended with status {status} on {about}; its last words:\n{self._errors.read()[-_LAST_WORDS:]}"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def answers() -> IO[str]:
    """Where this process's answers go; whatever prints something from now on cannot stand among them."""
    found = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    return found


def reader_environment() -> dict[str, str]:
    """The environment of a process that runs the reader: its modules are found there, and no account of AWS is."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**bare, "PYTHONPATH": os.pathsep.join(map(str, _READER_PATHS))}
