"""What all dialects stand on: whom they serve, what reads a picture, where one is fetched from, and how fast."""

from __future__ import annotations

import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import BaseModel

    from credentials import Credentials
    from exchange import Request, Response
    from license_reader.license import Document, License, Side


class Read(Protocol):
    """Reads one picture; document and side are what the caller expects, None where it does not say."""

    def __call__(self, picture: bytes, document: Document | None, side: Side | None) -> License:
        """The license; one of another document or side than expected is flagged `wrong_side`.

        Raises:
            ImageRejected: the picture cannot be decoded; its flag is `image_damaged`.
            NoLicense: it can, and shows none.
            Busy: too many pictures wait already.
        """


class Fetch(Protocol):
    """Fetches a picture from a URL that a caller gave."""

    def __call__(self, url: str, *, max_bytes: int) -> bytes:
        """The bytes behind the URL.

        Raises:
            NotFetched: nothing was fetched, in time or at all.
            TooLarge: there is more than `max_bytes`.
        """


class Refused(Exception):
    """A request that is answered with an error of its dialect: a code of its tables, and what to say besides."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message


class NoLicense(Exception):
    """The picture shows no license; `flags` are the codes that say why, `not_a_license` among them."""

    def __init__(self, flags: tuple[str, ...]) -> None:
        super().__init__(", ".join(flags))
        self.flags = flags


class Busy(Exception):
    """More pictures wait to be read than can be read in good time."""


class NotFetched(Exception):
    """Nothing came from this URL; the message says why without quoting it."""


class TooLarge(Exception):
    """What the URL leads to is larger than the dialect takes."""


class Trouble(StrEnum):
    """What can go wrong outside of a dialect; each dialect has an answer of its own to every one."""

    INTERNAL = "internal"
    """An error of ours."""
    BUSY = "busy"
    """Too many requests at once or in a second."""
    UNAVAILABLE = "unavailable"
    """No credentials are set up for this dialect, so nobody can be served."""
    TOO_LARGE = "too_large"
    """The request is larger than any that is taken."""
    EXPIRED = "expired"
    """The signature or token is too old. Told on demand only: dialects find real ones themselves."""


class Rates:
    """How many requests came within a second and how many are being answered, by key; in this process alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._taken: dict[str, deque[float]] = {}
        self._open: dict[str, int] = {}

    def taken(self, key: str, *, per_second: int) -> bool:
        """Whether one more request is within the rate; counts it if so."""
        with self._lock:
            now = self._clock()
            times = self._taken.setdefault(key, deque())
            while times and times[0] <= now - 1.0:
                times.popleft()
            if len(times) >= per_second:
                return False
            times.append(now)
            return True

    @contextmanager
    def at_once(self, key: str, *, limit: int) -> Iterator[bool]:
        """While inside, one more request is open; tells whether it is within the limit."""
        with self._lock:
            within = self._open.get(key, 0) < limit
            self._open[key] = self._open.get(key, 0) + within
        try:
            yield within
        finally:
            with self._lock:
                self._open[key] -= within


@dataclass(frozen=True, slots=True)
class Service:
    """What a dialect is given besides the request; the clock tells seconds since the epoch."""

    read: Read
    credentials: Credentials
    fetch: Fetch
    clock: Callable[[], float] = time.time
    rates: Rates = field(default_factory=Rates)
    renew: Callable[[str], bool] = lambda _vendor: False
    """Whether the vendor's secret was read anew just now; not each time, for strangers may ask for it."""

    def admit[S: BaseModel, T](self, vendor: str, shape: type[S], check: Callable[[S], T]) -> T:
        """What `check` makes of the vendor's secret; of the newest one where it refuses that which is held.

        Callers learn of a rotated secret when they please, and one that knows it before this service does is no
        stranger.

        Raises:
            NoCredentials: there is no secret of this shape.
            Refused: by `check`.
        """
        held = self.credentials(vendor, shape)
        try:
            return check(held)
        except Refused:
            newest = self.credentials(vendor, shape) if self.renew(vendor) else held
            if newest == held:
                raise
        return check(newest)


class Dialect(Protocol):
    """A contract that the OCR API speaks; each module of `dialects` is one."""

    def serves(self, request: Request) -> bool:
        """Whether the request speaks this dialect, well or badly."""

    def answer(self, request: Request, service: Service) -> Response:
        """The response to a request of this dialect, errors included.

        Raises:
            NoCredentials, Busy: as `Trouble` has them.
        """

    def trouble(self, trouble: Trouble, request: Request) -> Response:
        """This dialect's response to a trouble that is not of its own making."""
