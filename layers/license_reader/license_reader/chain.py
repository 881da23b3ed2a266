"""The chain of vendors: who is asked, what follows an error, and when the next one gets its turn."""

from __future__ import annotations

import math
import random
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from license_reader import image, vendors
from license_reader.errors import (
    AccountRefused,
    CannotFit,
    CredentialsError,
    CredentialsRefused,
    DocumentRefused,
    ImageRejected,
    LicenseOcrError,
    NoVendorLeft,
    RequestRefused,
    SettingsError,
    SizeRefused,
    Throttled,
    Unavailable,
    VendorError,
)
from license_reader.flags import Flag, Severity
from license_reader.license import empty
from license_reader.vendors._base import Address, Job

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from license_reader.image import Image
    from license_reader.license import License
    from license_reader.settings import Configuration, Plan, VendorSettings
    from license_reader.vendors._base import BaseVendor

# A vendor is asked at most this often before the next one gets its turn.
MAX_TRIES = 4
BACKOFF_BASE, BACKOFF_CAP = 0.25, 4.0
# Balancers let go of connections that idle for a minute or so.
IDLE_SECONDS = 20.0
# An answer needs at least this long; with less left no vendor is asked any more.
MIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What asking came to: the license, the vendors passed over and why, and the calls that may have been charged."""

    license: License
    passed_over: tuple[str, ...] = ()
    spent: int = 0


@dataclass(slots=True)
class _Tally:
    """An answer in the making."""

    passed_over: dict[str, LicenseOcrError] = field(default_factory=dict)
    spent: int = 0

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why each vendor was passed over, led by its name."""
        told = ((name, str(error)) for name, error in self.passed_over.items())
        return tuple(reason if reason.startswith(name) else f"{name}: {reason}" for name, reason in told)

    @property
    def nobody_takes_it(self) -> bool:
        """Whether no vendor of the chain takes such a page or picture, so that asking later would change nothing."""
        return all(isinstance(error, CannotFit | SizeRefused) for error in self.passed_over.values())

    def answer(self, license_: License) -> Answer:
        """The answer that it came to."""
        return Answer(license_, self.reasons, self.spent)


class _NoTime(Throttled):
    """The vendor could not answer in time any more: another round would not help."""


class Pacer:
    """Keeps the calls of one process under a rate, in calls a second; safe among threads."""

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.time) -> None:
        self._interval = 1 / rate
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self, latest: float = math.inf) -> float | None:
        """How long to wait for the slot that is now the caller's, in seconds; None when it would come after `latest`.

        A slot that comes too late is not taken: who gives up must not push back those who still have time.
        """
        with self._lock:
            now = self._clock()
            slot = max(now, self._next)
            if slot > latest:
                return None
            self._next = slot + self._interval
            return slot - now


class Chain:
    """The vendors of one process, made at their first use and kept warm."""

    def __init__(  # noqa: PLR0913 - the edges that it acts on
        self,
        configuration: Configuration,
        session: requests.Session,
        *,
        alarm: Callable[[str], object],
        environments: int = 1,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Ask by these settings.

        Args:
            configuration: the vendors' settings and secrets.
            session: what calls are made on; it must not retry.
            alarm: is told the name of a vendor whose account or secret needs a person, from whatever thread asks.
            environments: how many processes share the vendors' rates.
            clock: seconds since the epoch.
            sleep: waits so many seconds.
        """
        self._configuration = configuration
        self._session = session
        self._alarm = alarm
        self._environments = environments
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._asked_at = clock()
        self._made: dict[str, tuple[VendorSettings, BaseVendor, Pacer | None]] = {}

    def ask(self, picture: Image, plan: Plan, *, until: float) -> Answer:
        """The first able vendor's reading of the picture.

        A vendor that throttles gets another turn once the others had theirs, for as long as there is time: waiting
        costs nothing. A document that a vendor refuses, or that none of the chain takes, is answered with a flagged,
        empty license: no other vendor would be paid for anything better.

        Raises:
            NoVendorLeft: every vendor was passed over.
        """
        self._wake()
        tally = _Tally()
        turns = deque(plan.vendors)
        while turns:
            name = turns.popleft()
            tally.passed_over.pop(name, None)
            try:
                license_ = self._ask_one(name, picture, plan, tally, until)
            except DocumentRefused as error:
                return tally.answer(_refused(plan, name, error.flag or "unreadable", error.code, error.request_id))
            except ImageRejected as error:
                return tally.answer(_refused(plan, None, error.flag, str(error)))
            except (CannotFit, CredentialsError, SettingsError, VendorError) as error:
                tally.passed_over[name] = error
                if isinstance(error, AccountRefused | CredentialsError | CredentialsRefused | RequestRefused):
                    self._alarm(name)
                if isinstance(error, Throttled) and not isinstance(error, _NoTime):
                    turns.append(name)
            else:
                return tally.answer(license_)
        if tally.nobody_takes_it:
            return tally.answer(_refused(plan, None, "not_taken", "; ".join(tally.reasons)))
        raise NoVendorLeft(tally.reasons, spent=tally.spent)

    def _wake(self) -> None:
        """Drop connections that have idled: whoever let go of them told nobody while Lambda held the process frozen.

        A call on such a connection fails as if it had been charged.
        """
        with self._lock:
            now = self._clock()
            if now - self._asked_at > IDLE_SECONDS:
                self._session.close()
            self._asked_at = now

    def _ask_one(self, name: str, picture: Image, plan: Plan, tally: _Tally, until: float) -> License:
        """One vendor's reading, asked again where its error says that asking again may help."""
        settings, vendor, pacer = self._vendor(name)
        if (plan.document, plan.side) not in vendor.pages:
            raise CannotFit(f"does not read {plan.document} {plan.side}")
        fitted = image.fit(picture, vendor.limits)
        job = Job(image=fitted, document=plan.document, side=plan.side, told=plan.told)
        credentials = self._configuration.credentials(name)
        refreshed = False
        tried = 0
        while True:
            tried += 1
            self._pause(pacer.wait(until - MIN_SECONDS) if pacer else 0.0, name, until)
            try:
                license_ = vendor.read(job, credentials, until=until, read_timeout=settings.read_timeout)
            except CredentialsRefused:
                if refreshed:
                    raise
                refreshed = True
                credentials = self._configuration.credentials(name, anew=True)
            except (Throttled, Unavailable):
                if tried == MAX_TRIES:
                    raise
                bound = min(BACKOFF_CAP, BACKOFF_BASE * 2**tried)
                self._pause(random.uniform(0, bound), name, until)  # noqa: S311 - nothing secret
            except VendorError as error:
                tally.spent += error.charged
                raise
            else:
                tally.spent += 1
                return license_.model_copy(update={"boxes": image.restore(license_.boxes, fitted)})

    def _pause(self, seconds: float | None, name: str, until: float) -> None:
        """Sleep, or give the vendor up when an answer could not come in time after it."""
        if seconds is None or self._clock() + seconds + MIN_SECONDS > until:
            raise _NoTime(name, "no time left to ask")
        if seconds > 0:
            self._sleep(seconds)

    def _vendor(self, name: str) -> tuple[VendorSettings, BaseVendor, Pacer | None]:
        """The warm vendor and its pacer, made anew when its settings changed."""
        settings = self._configuration.vendor(name)
        with self._lock:
            made = self._made.get(name)
            if made is None or made[0] != settings:
                kind = vendors.find(name)
                endpoint = settings.endpoint or kind.endpoint
                if endpoint is None:
                    raise SettingsError(f"vendors/{name}: endpoint: this vendor needs one")
                address = Address(endpoint=endpoint, region=settings.region, project=settings.project)
                pacer = settings.rate and Pacer(0.9 * settings.rate / self._environments, clock=self._clock)
                made = (settings, kind(address, session=self._session, clock=self._clock), pacer or None)
                self._made[name] = made
            return made


def _refused(plan: Plan, vendor: str | None, flag: str, detail: str, request_id: str | None = None) -> License:
    """The empty license of a document that will not be read, with the flag that says why.

    A picture that is merely poor is not read either once a vendor refused it: that is flagged as well.
    """
    flags = [Flag.of(flag, vendor or "reader", detail=detail)]
    if flags[0].severity is not Severity.PERMANENT:
        flags.append(Flag.of("unreadable", vendor or "reader"))
    license_ = empty(plan.document, plan.side, *flags, vendor=vendor)
    return license_.model_copy(update={"vendor_request_id": request_id})
