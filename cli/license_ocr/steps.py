"""What a long command is doing, on standard error: a spinner for the step at work, a line with its time once over."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console


class Steps:
    """The steps of one command; call it with the name of each as it begins."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("")
        self._step = ""
        self._began = 0.0

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._status.stop()
        if kind is None:
            self._tell_time()

    def __call__(self, step: str) -> None:
        """Begin a step; the one before it is over."""
        self._tell_time()
        self._step, self._began = step, time.monotonic()
        self._status.update(step)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Leave the terminal to another program's own output for a while."""
        self._status.stop()
        yield
        self._status.start()

    def _tell_time(self) -> None:
        if self._step:
            self._console.print(f"  {self._step} [dim]{time.monotonic() - self._began:.1f} s[/]", highlight=False)
