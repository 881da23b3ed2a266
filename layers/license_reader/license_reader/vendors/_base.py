"""What every vendor has in common: vendors translate, the base talks.

A vendor's module holds one class `Vendor`: its limits, its field tables, its error table, how a job becomes a request
and a reply a License. The base sends the request, reads the reply within the time that is left, turns refusals into
errors, and keeps a token where a vendor wants one. It asks once: what to do after an error is the chain's business.
"""

from __future__ import annotations

import io
import json
import re
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import pybase64
import pydantic_core
import requests
import urllib3
from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError

from license_reader.errors import (
    CredentialsRefused,
    DocumentRefused,
    OutcomeUnknown,
    RequestRefused,
    SizeRefused,
    Throttled,
    Unavailable,
    VendorError,
)
from license_reader.flags import Flag
from license_reader.license import Side
from license_reader.vendors._line import CHUNK, Deadline, Sending, adapter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from license_reader.image import Image, Limits
    from license_reader.license import Document, License, Page

MAX_REPLY_BYTES = 4 * 1024 * 1024
LOGIN_SECONDS = 10.0
# A token that ends within this time is not worth sending.
TOKEN_MARGIN = 60.0

NO_LICENSE = "no license in the answer"
"""The code of an answer that is well formed and holds no page at all; no vendor sends it, every table has it."""


@dataclass(frozen=True, slots=True)
class Job:
    """One picture and what is asked of it.

    `told` is False when nobody said which page it is and document and side are only the default: a vendor that can
    tell pages apart by itself then looks.
    """

    image: Image
    document: Document
    side: Side
    told: bool = True


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
    """What a login returned: sent instead of a signature until it expires (seconds since the epoch).

    `project` is the id of the project that the token is good for, where the login tells it.
    """

    value: str
    expires_at: float
    project: str | None = None

    def __repr__(self) -> str:
        return f"Token(..., expires_at={self.expires_at})"


def _visible(secret: SecretStr) -> SecretStr:
    # A line end pasted along with a key would otherwise surface in an error of the HTTP library, key and all.
    if not re.fullmatch(r"[!-~]+", secret.get_secret_value()):
        raise PydanticCustomError("visible_ascii_wanted", "only visible ASCII characters, without spaces or line ends")
    return secret


type Key = Annotated[SecretStr, AfterValidator(_visible)]
"""A secret that travels in a header or feeds a signature."""
type KeyId = Annotated[str, StringConstraints(pattern=r"^[!-~]+$")]
"""The public name of a key or an account."""


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
    credentials: ClassVar[type[BaseModel]]
    """The model of the vendor's secret."""
    connect_seconds: ClassVar[float] = 5.0
    """How long a connection, and then each piece of a request, may take."""

    def __init__(self, address: Address, *, session: requests.Session, clock: Callable[[], float] = time.time) -> None:
        """Serve at an address.

        Args:
            address: where the vendor is called.
            session: warm, shared among threads. Its adapters must not retry: a second call may be charged. They carry
                the calls alone: no redirect is followed, no cookie kept, no proxy asked.
            clock: seconds since the epoch.
        """
        self.address = address
        self._session = session
        self._clock = clock
        self._token: Token | None = None
        self._token_owner: object = None
        self._refused_login: tuple[object, VendorError] | None = None
        self._login_lock = threading.Lock()

    # What a vendor's module says.

    @abstractmethod
    def request(self, job: Job, credentials: Any, token: Token | None) -> requests.Request:
        """The request that asks for this job, with its signature as `auth`; pure."""

    @abstractmethod
    def refusal(self, reply: Reply) -> Refusal | None:
        """The error that the reply tells, None for an answer; raises ValueError for a reply that is neither.

        An answer that holds no page at all is the error `NO_LICENSE`. A login's reply is asked the same.
        """

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
            until: when to give up, in seconds of the clock, whatever the vendor does.
            read_timeout: how long the vendor may be silent, in seconds.

        Raises:
            VendorError: of the class that the vendor's table, or the way the call failed, asks for.
        """
        token = self._fresh_token(credentials, until)
        reply = self._send(self.request(job, credentials, token), until, read_timeout)
        try:
            self._raise_refusal(reply)
        except CredentialsRefused:
            self._drop(token)
            raise
        try:
            license_ = self.license(reply, job)
        except ValueError as error:
            raise OutcomeUnknown(self.name, "reply not of the documented shape") from _without_input(error)
        return license_.model_copy(update={"vendor_request_id": _name(license_.vendor_request_id)})

    def _drop(self, refused: Token | None) -> None:
        """Drop a token that was refused, unless another thread has fetched a newer one since.

        Without the lock, which a login may hold for long: the worst that a race can do here is one login more.
        """
        if self._token is refused:
            self._token = None

    def _fresh_token(self, credentials: Any, until: float) -> Token | None:
        """A token that holds for a while yet; one thread logs in, the others wait for it as long as they may.

        A login that was refused is refused to all that come with the very same credentials: vendors lock an account
        after a few wrong ones.
        """
        login = self.login(credentials)
        if login is None:
            return None
        if not self._login_lock.acquire(timeout=max(0.0, until - self._clock())):
            raise Unavailable(self.name, "no time left to log in")
        try:
            token = self._token
            if token and self._token_owner == credentials and token.expires_at > self._clock() + TOKEN_MARGIN:
                return token
            self._raise_refused_login(credentials)
            try:
                token = self._log_in(login, until)
            except CredentialsRefused as error:
                self._refused_login = (credentials, error)
                raise
            self._token, self._token_owner = token, credentials
            return token
        finally:
            self._login_lock.release()

    def _raise_refused_login(self, credentials: Any) -> None:
        """Raise again what became of a login with this very object; a secret read anew is a new one."""
        if self._refused_login and self._refused_login[0] is credentials:
            refused = self._refused_login[1]
            raise CredentialsRefused(self.name, refused.code, request_id=refused.request_id) from refused

    def _log_in(self, login: requests.Request, until: float) -> Token:
        """The token that the login returns; a login costs nothing, so whatever fails in it was not charged."""
        try:
            reply = self._send(login, until, LOGIN_SECONDS)
            self._raise_refusal(reply)
            return self.token(reply)
        except OutcomeUnknown as error:
            raise Unavailable(self.name, f"login: {error.code}", request_id=error.request_id) from error
        except DocumentRefused as error:
            raise RequestRefused(self.name, f"login: {error.code}", request_id=error.request_id) from error
        except ValueError as error:
            raise Unavailable(self.name, "login: reply not of the documented shape") from _without_input(error)

    def _send(self, request: requests.Request, until: float, read_timeout: float) -> Reply:
        """The reply, read whole before `until`.

        A request that did not leave whole cannot have been charged, whatever went wrong; once it left, it may have.
        """
        left = until - self._clock()
        if left <= 0:
            raise Unavailable(self.name, "no time left to ask")
        # The session would merge cookies and logins of its own into the request, and it has none.
        request.auth = request.auth or _unsigned
        request.headers = {**self._session.headers, **request.headers}
        try:
            prepared = request.prepare()
            line = adapter(self._session, str(prepared.url))
        except requests.RequestException as error:
            raise RequestRefused(self.name, f"cannot be asked: {type(error).__name__}") from _without_input(error)
        sending = Sending(prepared.body, Deadline(until, self._clock, self.connect_seconds, read_timeout))
        prepared.body = sending  # type: ignore[assignment]  # an iterable, as the adapter takes it
        timeout = urllib3.Timeout(total=left, connect=self.connect_seconds, read=read_timeout)
        try:
            with line.send(prepared, stream=True, timeout=timeout, verify=self._session.verify) as response:  # type: ignore[arg-type]
                return Reply(response.status_code, response.headers, self._body(response.raw))
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            if not sending.whole:
                raise Unavailable(self.name, f"could not be asked: {_bottom(error)}") from _without_input(error)
            if isinstance(error, requests.Timeout | urllib3.exceptions.ReadTimeoutError):
                raise OutcomeUnknown(self.name, "no answer in time") from _without_input(error)
            raise OutcomeUnknown(self.name, f"connection lost: {_bottom(error)}") from _without_input(error)

    def _body(self, raw: Any) -> bytes:
        """The reply's body, taken piece by piece as it comes: `iter_content` would wait for whole chunks."""
        body = bytearray()
        while piece := raw.read1(CHUNK, decode_content=True):
            body += piece
            if len(body) > MAX_REPLY_BYTES:
                raise OutcomeUnknown(self.name, f"a reply of more than {MAX_REPLY_BYTES} bytes")
        return bytes(body)

    def _raise_refusal(self, reply: Reply) -> None:
        try:
            refusal = self.refusal(reply)
        except ValueError as error:
            unreadable = _by_status(reply.status).error
            raise unreadable(self.name, f"HTTP {reply.status}, unreadable reply") from _without_input(error)
        if refusal is not None:
            action = self.action(refusal.code, reply.status)
            code = refusal.code if refusal.code in self.actions else _name(refusal.code) or "a code that is no name"
            raise action.error(self.name, code, request_id=_name(refusal.request_id), flag=action.flag)

    @classmethod
    def action(cls, code: str, status: int) -> Action:
        """What this code asks for: its own entry, else that of its family, else what the HTTP status says."""
        while code:
            if code in cls.actions:
                return cls.actions[code]
            code = code.rpartition(".")[0]
        return _by_status(status)


# What a status means by itself, where the body tells nothing that a table knows. A gateway that gave up waiting says
# nothing of what became of the request behind it.
_STATUSES: Mapping[int, Action] = MappingProxyType(
    {
        401: Action(CredentialsRefused),
        413: Action(SizeRefused),
        429: Action(Throttled),
        504: Action(OutcomeUnknown),
    }
)


def _by_status(status: int) -> Action:
    if status in _STATUSES:
        return _STATUSES[status]
    if status >= 500:
        return Action(Unavailable)
    return Action(RequestRefused if status >= 300 else OutcomeUnknown)


def _unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The request as it is: without any auth, requests would look for a login in a .netrc file."""
    return request


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a reply holds; raises ValueError when it is none."""
    told = pydantic_core.from_json(body, allow_inf_nan=False)
    if not isinstance(told, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - a ValueError is what an unreadable reply raises
    return told


# Bytes of the picture that are encoded at a time, a multiple of three.
_ENCODED = 48 * 1024


def json_with_picture(name: str, picture: bytes, others: Mapping[str, object]) -> bytes:
    """A JSON object of the picture in base64 and a few more members, put together without escaping megabytes.

    Written piece by piece into one buffer: a second one as large would be given back to the system with the first, and
    each call pay for a hundred pages anew.
    """
    start, end = json.dumps({name: "", **others}).encode().split(b'""', 1)
    body = io.BytesIO()
    body.write(start + b'"')
    for place in range(0, len(picture), _ENCODED):
        body.write(pybase64.b64encode(picture[place : place + _ENCODED]))
    body.write(b'"' + end)
    return body.getvalue()


def missing_page(vendor: str, asked: Side, seen: Side) -> list[Flag]:
    """The flag of a page that was asked for together with the other and is not on the picture."""
    if asked is not Side.BOTH or seen is Side.BOTH:
        return []
    missing = Side.BACK if seen is Side.FRONT else Side.FRONT
    return [Flag.of("missing_field", vendor, detail=f"both pages were asked for, no {missing} page was found")]


# Codes and request ids of all vendors look so; logs and error texts carry them, and must not carry what a reply has in
# their place.
_NAME = re.compile(r"-?[A-Za-z0-9][A-Za-z0-9_ ,.:=+-]{0,99}")


def _name(told: str | None) -> str | None:
    """What a vendor told as a code or an id, None when it is neither."""
    return told if told and _NAME.fullmatch(told) else None


def _bottom(error: BaseException) -> str:
    """The name of what lies at the bottom of an error: ConnectionRefusedError, not the three that wrap it."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return type(error).__name__


def _without_input(error: Exception) -> Exception:
    """The error as a cause that can be logged: pydantic's carry the reply's values, requests' the signed URL."""
    if isinstance(error, ValidationError):
        places = [".".join(map(str, part["loc"])) + ": " + part["type"] for part in error.errors(include_input=False)]
        return ValueError("; ".join(places[:5]))
    return ValueError(type(error).__name__)
