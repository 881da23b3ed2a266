"""The chain of vendors: who is asked, what follows an error, and when the next one gets its turn."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from license_reader import image, vendors
from license_reader.breaker import Breaker
from license_reader.errors import (
    AccountRefused,
    CallsUncounted,
    CannotFit,
    CapReached,
    CredentialsError,
    CredentialsRefused,
    DocumentRefused,
    ImageRejected,
    LicenseOcrError,
    NoVendorLeft,
    OutcomeUnknown,
    RequestRefused,
    SettingsError,
    SizeRefused,
    Throttled,
    Unavailable,
    VendorError,
    VendorPaused,
)
from license_reader.flags import Flag, Severity
from license_reader.keys import Keys
from license_reader.license import empty
from license_reader.pacer import Pacer
from license_reader.vendors._base import Address, Job

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from license_reader.image import Image
    from license_reader.license import License
    from license_reader.meter import Meter
    from license_reader.settings import Configuration, Plan, VendorSettings
    from license_reader.spending import Allowance, Spending
    from license_reader.vendors._base import BaseVendor

# A vendor is asked at most this often before the next one gets its turn.
MAX_TRIES = 4
BACKOFF_BASE, BACKOFF_CAP = 0.25, 4.0
# Balancers let go of connections that idle for a minute or so.
IDLE_SECONDS = 20.0
# An answer needs at least this long; with less left no vendor is asked any more.
MIN_SECONDS = 1.0
# A vendor that had less time than this is not judged by its silence.
FAIR_SECONDS = 5.0


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


@dataclass(frozen=True, slots=True)
class _Warm:
    """A vendor as this process keeps it, for as long as its settings stay the same."""

    settings: VendorSettings
    vendor: BaseVendor
    pacer: Pacer | None
    breaker: Breaker
    keys: Keys


class Chain:
    """The vendors of one process, made at their first use and kept warm."""

    def __init__(  # noqa: PLR0913 - the edges that it acts on
        self,
        configuration: Configuration,
        session: requests.Session,
        *,
        spending: Spending,
        meter: Meter,
        environments: int = 1,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Ask by these settings.

        Args:
            configuration: the vendors' settings and secrets.
            session: what calls are made on; it must not retry.
            spending: what the vendors' calls of the day are counted in.
            meter: is told of every call, and of vendors that need a person, from whatever thread asks.
            environments: how many processes share the vendors' rates.
            clock: seconds since the epoch.
            sleep: waits so many seconds.
        """
        self._configuration = configuration
        self._session = session
        self._spending = spending
        self._meter = meter
        self._environments = environments
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._asked_at = clock()
        self._warm: dict[str, _Warm] = {}

    def ask(self, picture: Image, plan: Plan, *, until: float) -> Answer:
        """The first able vendor's reading of the picture.

        A vendor that throttles, or is left alone because it kept failing, gets another turn once the others had
        theirs, for as long as there is time: waiting costs nothing. A document that a vendor refuses, or that none of
        the chain takes, is answered with a flagged, empty license: no other vendor would be paid for anything better.

        Raises:
            NoVendorLeft: every vendor was passed over, or nobody may be asked because calls cannot be counted.
        """
        self._wake()
        tally = _Tally()
        turns = deque((name, False) for name in plan.vendors)
        while turns:
            name, again = turns.popleft()
            tally.passed_over.pop(name, None)
            try:
                return tally.answer(self._ask_one(name, picture, plan, tally, until, patient=again))
            except DocumentRefused as error:
                return tally.answer(_refused(plan, name, error.flag or "unreadable", error.code, error.request_id))
            except ImageRejected as error:
                return tally.answer(_refused(plan, None, error.flag, str(error)))
            except (CannotFit, CapReached, CredentialsError, SettingsError, VendorError, VendorPaused) as error:
                tally.passed_over[name] = error
                self._report(name, error)
                if isinstance(error, Throttled | VendorPaused) and not isinstance(error, _NoTime):
                    turns.append((name, True))
            except CallsUncounted as error:
                tally.passed_over[name] = error
                raise NoVendorLeft(tally.reasons, spent=tally.spent) from error
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

    def _report(self, name: str, error: LicenseOcrError) -> None:
        """Count what an operator should hear of."""
        if isinstance(error, CapReached):
            self._meter.capped(name)
        elif isinstance(error, AccountRefused | CredentialsError | CredentialsRefused | RequestRefused):
            self._meter.refused(name)

    def _ask_one(  # noqa: PLR0913 - a turn is all of this
        self, name: str, picture: Image, plan: Plan, tally: _Tally, until: float, *, patient: bool
    ) -> License:
        """One vendor's reading, if it is able, healthy and under its cap."""
        warm = self._vendor(name)
        if (plan.document, plan.side) not in warm.vendor.pages:
            raise CannotFit(f"does not read {plan.document} {plan.side}")
        fitted = image.fit(picture, warm.vendor.limits)
        job = Job(image=fitted, document=plan.document, side=plan.side, told=plan.told)
        while (seconds := warm.breaker.pause()) > 0:
            if not patient:
                raise _paused(name)
            if self._clock() + seconds + MIN_SECONDS > until:
                raise _NoTime(name, "its last calls failed, and no time is left to wait for it")
            self._sleep(seconds)
        with self._spending.allowance(name, warm.settings.daily_cap) as allowance:
            license_ = self._tries(warm, job, tally, allowance, until)
        return license_.model_copy(update={"boxes": image.restore(license_.boxes, fitted)})

    def _tries(self, warm: _Warm, job: Job, tally: _Tally, allowance: Allowance, until: float) -> License:
        """The vendor's answer, asked again where its error says that asking again may help."""
        name = warm.vendor.name
        refreshed = False
        tried = 0
        while True:
            tried += 1
            allowance.take()
            warm.keys.await_scout()
            self._pace(warm.pacer, name, until)
            credentials, anew = warm.keys.current()
            if not warm.breaker.admit():
                raise _paused(name)
            try:
                license_ = self._call(warm, job, credentials, until)
            except CredentialsRefused:
                if refreshed or anew:
                    raise
                refreshed = True
            except (Throttled, Unavailable):
                if tried == MAX_TRIES:
                    raise
                bound = min(BACKOFF_CAP, BACKOFF_BASE * 2**tried)
                self._pause(random.uniform(0, bound), name, until)  # noqa: S311 - nothing secret
            except VendorError as error:
                if error.charged:
                    allowance.spend()
                    tally.spent += 1
                raise
            else:
                allowance.spend()
                tally.spent += 1
                return license_

    def _call(self, warm: _Warm, job: Job, credentials: object, until: float) -> License:
        """One call, told to whoever learns from it: the meter, the breaker, the keys."""
        began = self._clock()
        try:
            license_ = warm.vendor.read(job, credentials, until=until, read_timeout=warm.settings.read_timeout)
        except VendorError as error:
            self._learn(warm, credentials, error, seconds=self._clock() - began, fair=until - began >= FAIR_SECONDS)
            raise
        self._learn(warm, credentials, None, seconds=self._clock() - began, fair=True)
        return license_

    def _learn(
        self, warm: _Warm, credentials: object, error: VendorError | None, *, seconds: float, fair: bool
    ) -> None:
        """Tell how a call went; `fair` is False when the vendor had too little time to be judged by it."""
        served = error is None or isinstance(error, DocumentRefused)
        charged = error is None or error.charged
        self._meter.called(warm.vendor.name, seconds, charged=charged, failed=not served)
        if not isinstance(error, Unavailable | OutcomeUnknown):
            warm.breaker.answered()
        elif fair:
            warm.breaker.failed()
        else:
            warm.breaker.untold()
        if served:
            warm.keys.accepted(credentials)
        elif isinstance(error, CredentialsRefused):
            warm.keys.refused(credentials)
        else:
            warm.keys.untold(credentials)

    def _pace(self, pacer: Pacer | None, name: str, until: float) -> None:
        """Wait for the vendor's rate, if it has one, or give the vendor up when that would take too long."""
        self._pause(pacer.wait(until - MIN_SECONDS) if pacer else 0.0, name, until)
        while pacer and (more := pacer.hold()) > 0:
            self._pause(more, name, until)

    def _pause(self, seconds: float | None, name: str, until: float) -> None:
        """Sleep, or give the vendor up when an answer could not come in time after it."""
        if seconds is None or self._clock() + seconds + MIN_SECONDS > until:
            raise _NoTime(name, "no time left to ask")
        if seconds > 0:
            self._sleep(seconds)

    def _vendor(self, name: str) -> _Warm:
        """The warm vendor, made anew when its settings changed."""
        settings = self._configuration.vendor(name)
        with self._lock:
            warm = self._warm.get(name)
            if warm is None or warm.settings != settings:
                kind = vendors.find(name)
                endpoint = settings.endpoint or kind.endpoint
                if endpoint is None:
                    raise SettingsError(f"vendors/{name}: endpoint: this vendor needs one")
                address = Address(endpoint=endpoint, region=settings.region, project=settings.project)
                warm = _Warm(
                    settings=settings,
                    vendor=kind(address, session=self._session, clock=self._clock),
                    pacer=Pacer(0.9 * settings.rate / self._environments, clock=self._clock) if settings.rate else None,
                    breaker=Breaker(clock=self._clock),
                    keys=Keys(partial(self._configuration.credentials, name), clock=self._clock),
                )
                self._warm[name] = warm
            return warm


def _paused(name: str) -> VendorPaused:
    return VendorPaused(f"{name}: left alone for a while, since its last calls failed")


def _refused(plan: Plan, vendor: str | None, flag: str, detail: str, request_id: str | None = None) -> License:
    """The empty license of a document that will not be read, with the flag that says why.

    A picture that is merely poor is not read either once a vendor refused it: that is flagged as well.
    """
    flags = [Flag.of(flag, vendor or "reader", detail=detail)]
    if flags[0].severity is not Severity.PERMANENT:
        flags.append(Flag.of("unreadable", vendor or "reader"))
    license_ = empty(plan.document, plan.side, *flags, vendor=vendor)
    return license_.model_copy(update={"vendor_request_id": request_id})
