"""One vendor's credentials as the threads of a process share them: a rotation costs one refused call, not one each.

Whoever is refused marks the credentials; the next to need them reads them anew, and all others wait for that one
reading. After a silence, in which a rotation may have gone unnoticed, one call goes a little ahead of the others: a
vendor refuses in far less time than it reads.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

# An accepted call vouches for the credentials for so long.
TRUST = 1.0
# A scout that was not refused after so long counts as accepted.
HEAD_START = 0.3


class Read(Protocol):
    """Where credentials come from."""

    def __call__(self, *, refused: Any | None) -> Any:
        """The credentials in force: the same object again, but never the one that a vendor refused."""


class Keys:
    """The credentials of one vendor; safe among threads."""

    def __init__(self, read: Read, *, clock: Callable[[], float] = time.time) -> None:
        self._read = read
        self._clock = clock
        self._changed = threading.Condition()
        self._current: Any = None
        self._refused: Any = None
        self._trusted_until = 0.0
        self._scout_since: float | None = None

    def await_scout(self) -> None:
        """Wait, for HEAD_START at most, until another's call has shown that the credentials are good."""
        with self._changed:
            self._freshest()
            while (now := self._clock()) >= self._trusted_until:
                if self._scout_since is None:
                    self._scout_since = now
                    return
                left = self._scout_since + HEAD_START - now
                if left <= 0:
                    self._trust()
                    return
                self._changed.wait(left)
                self._freshest()

    def current(self) -> tuple[Any, bool]:
        """The credentials to call with, and whether they were read just now because those before were refused.

        Raises:
            CredentialsError: there are none.
        """
        with self._changed:
            return self._freshest()

    def accepted(self, credentials: Any) -> None:
        """Trust the credentials for a while: a call with them was served."""
        with self._changed:
            if credentials is self._current:
                self._trust()

    def refused(self, credentials: Any) -> None:
        """Never hand these out again, unless newer ones are at hand already."""
        with self._changed:
            if credentials is self._current:
                self._refused = credentials
                self._trusted_until = 0.0
                self._scout_since = None
                self._changed.notify_all()

    def untold(self, credentials: Any) -> None:
        """Let another go ahead: this call failed without a word about the credentials."""
        with self._changed:
            if credentials is self._current:
                self._scout_since = None
                self._changed.notify_all()

    def _freshest(self) -> tuple[Any, bool]:
        refused = self._refused is not None and self._refused is self._current
        credentials = self._read(refused=self._refused if refused else None)
        if credentials is not self._current:
            # Read this moment, they are as good as any.
            self._current = credentials
            self._trust()
        return credentials, refused

    def _trust(self) -> None:
        self._trusted_until = self._clock() + TRUST
        self._scout_since = None
        self._changed.notify_all()
