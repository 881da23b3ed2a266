"""The chain of vendors: who is asked, what follows an error, and when the next one gets its turn."""

from __future__ import annotations

import random
import threading
import time
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
    NoVendorLeft,
    RequestRefused,
    SettingsError,
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

# A vendor is asked at most this often for one document within one invocation, while there is another to turn to.
MAX_TRIES = 4
BACKOFF_BASE, BACKOFF_CAP = 0.25, 4.0
# An answer needs at least this long; with less left no vendor is asked any more.
MIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What asking came to: the license, the vendors passed over and why, and the calls that may have been charged."""

    license: License
    passed_over: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    """Vendors whose account or secret needs a person."""
    spent: int = 0


@dataclass(slots=True)
class _Tally:
    """An answer in the making."""

    passed_over: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    spent: int = 0


class Pacer:
    """Keeps the calls of one process under a rate, in calls a second; safe among threads."""

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.time) -> None:
        self._interval = 1 / rate
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> float:
        """How long to wait for the slot that is now the caller's, in seconds."""
        with self._lock:
            now = self._clock()
            slot = max(now, self._next)
            self._next = slot + self._interval
            return slot - now


class Chain:
    """The vendors of one process, made at their first use and kept warm."""

    def __init__(
        self,
        configuration: Configuration,
        session: requests.Session,
        *,
        environments: int = 1,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._configuration = configuration
        self._session = session
        self._environments = environments
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._made: dict[str, tuple[VendorSettings, BaseVendor, Pacer | None]] = {}

    def ask(self, picture: Image, plan: Plan, *, until: float) -> Answer:
        """The first able vendor's reading of the picture.

        A document that a vendor refuses is answered with a flagged, empty license: no other vendor would be paid for
        anything better.

        Raises:
            NoVendorLeft: every vendor was passed over.
        """
        tally = _Tally()
        for name in plan.vendors:
            try:
                license_ = self._ask_one(name, picture, plan, tally, until, patient=name == plan.vendors[-1])
            except DocumentRefused as error:
                license_ = _refused(plan, name, error.flag or "unreadable", error.code, error.request_id)
            except ImageRejected as error:
                license_ = _refused(plan, None, error.flag, str(error))
            except (CannotFit, CredentialsError, SettingsError, VendorError) as error:
                if isinstance(error, AccountRefused | CredentialsError | CredentialsRefused | RequestRefused):
                    tally.alarms.append(name)
                reason = str(error)
                tally.passed_over.append(reason if reason.startswith(name) else f"{name}: {reason}")
                continue
            return Answer(license_, tuple(tally.passed_over), tuple(tally.alarms), tally.spent)
        raise NoVendorLeft(tally.passed_over, spent=tally.spent, alarms=tally.alarms)

    def _ask_one(  # noqa: PLR0913 - `ask`'s own, and whose turn it is
        self, name: str, picture: Image, plan: Plan, tally: _Tally, until: float, *, patient: bool
    ) -> License:
        """One vendor's reading, asked again where its error says that asking again may help.

        A throttled call costs nothing: a `patient` caller, who has no other vendor to turn to, waits for its turn as
        long as there is time.
        """
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
            self._pause(pacer.wait() if pacer else 0.0, name, until)
            try:
                license_ = vendor.read(job, credentials, until=until, read_timeout=settings.read_timeout)
            except CredentialsRefused:
                if refreshed:
                    raise
                refreshed = True
                credentials = self._configuration.credentials(name, anew=True)
            except (Throttled, Unavailable) as error:
                if tried >= MAX_TRIES and not (patient and isinstance(error, Throttled)):
                    raise
                bound = min(BACKOFF_CAP, BACKOFF_BASE * 2 ** min(tried, 10))
                self._pause(random.uniform(0, bound), name, until)  # noqa: S311 - nothing secret
            except VendorError as error:
                tally.spent += error.charged
                raise
            else:
                tally.spent += 1
                return license_.model_copy(update={"boxes": image.restore(license_.boxes, fitted)})

    def _pause(self, seconds: float, name: str, until: float) -> None:
        """Sleep, or give the vendor up when an answer could not come in time after it."""
        if self._clock() + seconds + MIN_SECONDS > until:
            raise Throttled(name, "no time left to ask")
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
