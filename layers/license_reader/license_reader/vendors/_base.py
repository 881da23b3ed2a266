"""What every vendor has in common: vendors translate, the base talks.

A vendor's module holds one class `Vendor`: its limits, its field tables, its error table, how a job becomes a request
and a reply a License. The base sends the request, reads the reply within the time that is left, turns refusals into
errors, and keeps a token where a vendor wants one. It asks once: what to do after an error is the chain's business.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import requests
from pydantic import BaseModel, ConfigDict, ValidationError

from license_reader.errors import CredentialsRefused, DocumentRefused, OutcomeUnknown, Unavailable, VendorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from license_reader.image import Image, Limits
    from license_reader.license import Document, License, Page, Side

MAX_REPLY_BYTES = 4 * 1024 * 1024
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Job:
    """One picture and what is asked of it."""

    image: Image
    document: Document
    side: Side


@dataclass(frozen=True, slots=True)
class Reply:
    """A vendor's answer as it came: status, headers (case-insensitive), body bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """A vendor's error as its reply tells it; the code is looked up in the vendor's table."""

    code: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """What an error code means: the class says what happens next, the flag what is wrong with the picture."""

    error: type[VendorError]
    flag: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """What a login returned: sent instead of a signature until it expires (seconds since the epoch)."""

    value: str
    expires_at: float


class Credentials(BaseModel):
    """A vendor's secret; its shape is that of the JSON in Secrets Manager. Never printed."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Address:
    """Where a vendor is called: the endpoint's URL without a path, and what its path or headers need besides."""

    endpoint: str
    region: str | None = None
    project: str | None = None


class BaseVendor(ABC):
    """One vendor's OCR API, at one address."""

    name: ClassVar[str]
    endpoint: ClassVar[str | None]
    """Where the vendor serves unless settings say otherwise; None where only settings can say."""
    limits: ClassVar[Limits]
    pages: ClassVar[frozenset[Page]]
    """The (document, side) pairs that the vendor reads."""
    actions: ClassVar[Mapping[str, Action]]
    """The vendor's error codes; a longer code falls back to the part before its last dot."""
    credentials: ClassVar[Any]
    """The pydantic type of the vendor's secret, for `TypeAdapter`."""

    def __init__(self, address: Address, *, session: requests.Session, clock: Callable[[], float] = time.time) -> None:
        self.address = address
        self._session = session
        self._clock = clock
        self._token: Token | None = None
        self._login_lock = threading.Lock()

    # What a vendor's module says.

    @abstractmethod
    def request(self, job: Job, credentials: Any, token: Token | None) -> requests.Request:
        """The request that asks for this job, with its signature as `auth`; pure."""

    @abstractmethod
    def refusal(self, reply: Reply) -> Refusal | None:
        """The error that the reply tells, None for an answer; raises ValueError for a reply that is neither."""

    @abstractmethod
    def license(self, reply: Reply, job: Job) -> License:
        """The answer's license; raises ValueError when the reply is not of the documented shape."""

    def login(self, credentials: Any) -> requests.Request | None:  # noqa: ARG002
        """The request for a token, None where each request is signed by itself."""
        return None

    def token(self, reply: Reply) -> Token:
        """The token that a login's reply carries; raises ValueError when there is none."""
        raise NotImplementedError(f"{self.name} has no login")

    # The talk.

    def read(self, job: Job, credentials: Any, *, until: float, read_timeout: float = 30.0) -> License:
        """The license as this vendor reads it, asked once.

        Args:
            job: the picture, already within the vendor's limits.
            credentials: the vendor's secret.
            until: when to give up, in seconds of the clock.
            read_timeout: how long the vendor may be silent, in seconds.

        Raises:
            VendorError: of the class that the vendor's table, or the way the call failed, asks for.
        """
        reply = self._send(self.request(job, credentials, self._fresh_token(credentials, until)), until, read_timeout)
        self._raise_refusal(reply)
        try:
            return self.license(reply, job)
        except ValueError as error:
            raise OutcomeUnknown(self.name, "reply not of the documented shape") from _without_input(error)

    def forget_token(self) -> None:
        """Drop the token, so that the next call logs in anew."""
        self._token = None

    def _fresh_token(self, credentials: Any, until: float) -> Token | None:
        with self._login_lock:
            if self._token and self._token.expires_at > self._clock() + 60:
                return self._token
            login = self.login(credentials)
            if login is None:
                return None
            try:
                reply = self._send(login, until, 10.0)
                self._raise_refusal(reply)
                self._token = self.token(reply)
            except OutcomeUnknown as error:  # a login costs nothing, whatever became of it
                raise Unavailable(self.name, f"login: {error.code}") from error
            except DocumentRefused as error:
                raise CredentialsRefused(self.name, f"login: {error.code}") from error
            except ValueError as error:
                raise Unavailable(self.name, "login: reply not of the documented shape") from _without_input(error)
            return self._token

    def _send(self, request: requests.Request, until: float, read_timeout: float) -> Reply:
        """The reply, read whole before `until`; a failure to connect is told from a failure to hear."""
        left = until - self._clock()
        if left <= 0:
            raise Unavailable(self.name, "no time left to ask")
        prepared = self._session.prepare_request(request)
        try:
            with self._session.send(
                prepared, timeout=(min(5.0, left), min(read_timeout, left)), stream=True, allow_redirects=False
            ) as response:
                return Reply(response.status_code, response.headers, self._body(response, until))
        except (requests.ConnectTimeout, requests.exceptions.ProxyError, requests.exceptions.SSLError) as error:
            raise Unavailable(self.name, f"cannot connect: {type(error).__name__}") from _without_input(error)
        except requests.Timeout as error:
            raise OutcomeUnknown(self.name, "no answer in time") from _without_input(error)
        except requests.RequestException as error:
            if _never_connected(error):
                raise Unavailable(self.name, "cannot connect") from _without_input(error)
            raise OutcomeUnknown(self.name, f"connection lost: {type(error).__name__}") from _without_input(error)

    def _body(self, response: requests.Response, until: float) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > MAX_REPLY_BYTES:
                raise OutcomeUnknown(self.name, f"a reply of more than {MAX_REPLY_BYTES} bytes")
            if self._clock() > until:
                raise OutcomeUnknown(self.name, "the answer did not end in time")
        return bytes(body)

    def _raise_refusal(self, reply: Reply) -> None:
        try:
            refusal = self.refusal(reply)
        except ValueError as error:
            if reply.status >= 500:
                raise Unavailable(self.name, f"HTTP {reply.status}") from _without_input(error)
            raise OutcomeUnknown(self.name, f"HTTP {reply.status} with an unreadable reply") from _without_input(error)
        if refusal is not None:
            action = self.action(refusal.code, reply.status)
            raise action.error(self.name, refusal.code, request_id=refusal.request_id, flag=action.flag)

    @classmethod
    def action(cls, code: str, status: int) -> Action:
        """What this code asks for: its own entry, else that of its family, else what the HTTP status says."""
        while code:
            if code in cls.actions:
                return cls.actions[code]
            code = code.rpartition(".")[0]
        return Action(Unavailable if status >= 500 else OutcomeUnknown)


def _never_connected(error: requests.RequestException) -> bool:
    """Whether the request failed before a byte of it was sent."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason).__name__ in {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"}


def _without_input(error: Exception) -> Exception:
    """The error as a cause that can be logged: pydantic's carry the reply's values, requests' the signed URL."""
    if isinstance(error, ValidationError):
        places = [".".join(map(str, part["loc"])) + ": " + part["type"] for part in error.errors(include_input=False)]
        return ValueError("; ".join(places[:5]))
    return ValueError(type(error).__name__)
