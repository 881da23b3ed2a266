"""Signatures that vendors verify: pure functions that serve the signer and the verifier, and small objects that sign.

A signer chooses which headers it signs; a verifier follows the list in the request. So every canonical form takes the
headers as a mapping by lower-case name and the list of the signed ones. The objects at the end are `requests` auth:
they sign a prepared request, do no I/O, and are told the time.

Where a vendor's document and its SDK differ, these functions do as the SDK does: see each section.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from requests.auth import AuthBase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from requests import PreparedRequest

    type Clock = Callable[[], float]

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"


def sha256_hex(content: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _hmac_sha256(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _header_lines(headers: Mapping[str, str], signed: Iterable[str]) -> str:
    """The signed headers, one a line; a header that the request lacks raises KeyError."""
    return "".join(f"{name}:{headers[name].strip()}\n" for name in signed)


_PARAMETER = re.compile(r"(\w+)=([^,\s]+)")


def authorization_parameters(authorization: str) -> tuple[str, dict[str, str]]:
    """The algorithm and the parameters of an Authorization header such as `TC3-HMAC-SHA256 Credential=..., ...`."""
    algorithm, _, rest = authorization.partition(" ")
    return algorithm, dict(_PARAMETER.findall(rest))


# Tencent Cloud API 3.0: TC3-HMAC-SHA256. The document has header values in lower case; the SDK signs them as they are
# sent, and so do we. What we send is in lower case anyway.

TC3 = "TC3-HMAC-SHA256"
TC3_SIGNED = ("content-type", "host")


def tc3_canonical_request(  # noqa: PLR0913 - the six parts of the canonical form
    method: str, path: str, query: str, *, headers: Mapping[str, str], signed: Sequence[str], payload_hash: str
) -> str:
    """The request in the form that is signed; `query` is encoded as sent, `payload_hash` hexadecimal.

    A request that says `X-TC-Content-SHA256: UNSIGNED-PAYLOAD` has the hash of those words as its payload's.
    """
    return "\n".join((method, path, query, _header_lines(headers, signed), ";".join(signed), payload_hash))


def tc3_scope(timestamp: int, service: str) -> str:
    """The credential scope: day (UTC), service and a fixed word."""
    return f"{dt.datetime.fromtimestamp(timestamp, dt.UTC):%Y-%m-%d}/{service}/tc3_request"


def tc3_string_to_sign(canonical_request: str, timestamp: int, service: str) -> str:
    """What the derived key signs."""
    return "\n".join((TC3, str(timestamp), tc3_scope(timestamp, service), sha256_hex(canonical_request.encode())))


def tc3_signing_key(secret_key: str, timestamp: int, service: str) -> bytes:
    """The key of one day and service, derived step by step from the secret key."""
    key = f"TC3{secret_key}".encode()
    for part in tc3_scope(timestamp, service).split("/"):
        key = _hmac_sha256(key, part)
    return key


def tc3_signature(secret_key: str, canonical_request: str, timestamp: int, service: str) -> str:
    """The signature, in hexadecimal."""
    key = tc3_signing_key(secret_key, timestamp, service)
    return _hmac_sha256(key, tc3_string_to_sign(canonical_request, timestamp, service)).hex()


# Huawei Cloud: SDK-HMAC-SHA256. The canonical path ends in a slash, the sent one does not. The SDK signs every header
# it sets, user-agent among them, so a verifier follows the request's SignedHeaders.

SDK_HMAC = "SDK-HMAC-SHA256"
SDK_DATE = "%Y%m%dT%H%M%SZ"


def sdk_date(timestamp: float) -> str:
    """A time as the header X-Sdk-Date has it."""
    return dt.datetime.fromtimestamp(timestamp, dt.UTC).strftime(SDK_DATE)


def sdk_canonical_request(  # noqa: PLR0913 - the six parts of the canonical form
    method: str, path: str, query: str, *, headers: Mapping[str, str], signed: Sequence[str], payload_hash: str
) -> str:
    """The request in the form that is signed; `path` and `query` as sent.

    A request with the header X-Sdk-Content-Sha256 has that header's value as its payload's hash.
    """
    lines = (method.upper(), _sdk_path(path), _sdk_query(query), _header_lines(headers, signed), ";".join(signed))
    return "\n".join((*lines, payload_hash))


def _sdk_path(path: str) -> str:
    encoded = "/".join(quote(part, safe="~") for part in unquote(path).split("/"))
    return encoded if encoded.endswith("/") else encoded + "/"


def _sdk_query(query: str) -> str:
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)


def sdk_string_to_sign(canonical_request: str, date: str) -> str:
    """What the secret key signs; `date` is the header X-Sdk-Date."""
    return "\n".join((SDK_HMAC, date, sha256_hex(canonical_request.encode())))


def sdk_signature(secret_key: str, canonical_request: str, date: str) -> str:
    """The signature, in hexadecimal."""
    return _hmac_sha256(secret_key.encode(), sdk_string_to_sign(canonical_request, date)).hex()


# Tencent's first image API: base64(HMAC-SHA1(key, text) + text), the text in the clear, so that the verifier reads
# from it whose key to use. The document wants e > t and at most three months between them; the bucket may be empty.

_SHA1_BYTES = 20


def legacy_text(  # noqa: PLR0913 - the six parts of the text
    appid: str, bucket: str, secret_id: str, *, issued: int, expires: int, nonce: int
) -> str:
    """The text that is signed and sent along."""
    return f"a={appid}&b={bucket}&k={secret_id}&e={expires}&t={issued}&r={nonce}&f="


def legacy_authorization(secret_key: str, text: str) -> str:
    """The header Authorization for a text."""
    return base64.b64encode(_hmac_sha1(secret_key, text) + text.encode()).decode()


def legacy_parts(authorization: str) -> tuple[bytes, str]:
    """The signature and the text that a header carries; raises ValueError when it is no such header."""
    decoded = base64.b64decode(authorization, validate=True)
    return decoded[:_SHA1_BYTES], decoded[_SHA1_BYTES:].decode()


def legacy_signature_holds(secret_key: str, signature: bytes, text: str) -> bool:
    """Whether the signature is that of the text; takes the same time for every wrong one."""
    return hmac.compare_digest(signature, _hmac_sha1(secret_key, text))


def _hmac_sha1(secret_key: str, text: str) -> bytes:
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha1).digest()


# The auth objects. They hold secrets: none of them prints itself.


class _Signer(AuthBase):
    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class Tc3Auth(_Signer):
    """Signs for Tencent Cloud API 3.0; sets Host, X-TC-Timestamp, X-TC-Token and Authorization."""

    def __init__(
        self, secret_id: str, secret_key: str, *, token: str | None = None, service: str, clock: Clock
    ) -> None:
        self._secret_id = secret_id
        self._secret_key = secret_key
        self._token = token
        self._service = service
        self._clock = clock

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """The request with its signature."""
        timestamp = int(self._clock())
        path, query = _set_host(r)
        canonical = tc3_canonical_request(
            str(r.method),
            path,
            query,
            headers=_by_lower_name(r),
            signed=TC3_SIGNED,
            payload_hash=sha256_hex(_payload(r)),
        )
        r.headers["X-TC-Timestamp"] = str(timestamp)
        if self._token:
            r.headers["X-TC-Token"] = self._token
        r.headers["Authorization"] = (
            f"{TC3} Credential={self._secret_id}/{tc3_scope(timestamp, self._service)}, "
            f"SignedHeaders={';'.join(TC3_SIGNED)}, "
            f"Signature={tc3_signature(self._secret_key, canonical, timestamp, self._service)}"
        )
        return r


class SdkHmacAuth(_Signer):
    """Signs for Huawei Cloud by access key; sets Host, X-Sdk-Date and Authorization, and signs the headers we set.

    Headers that the HTTP library adds (Accept, User-Agent, Connection) are left out: a proxy may rewrite them.
    """

    SIGNED = ("content-type", "host", "x-project-id", "x-sdk-date")

    def __init__(self, access_key: str, secret_key: str, *, clock: Clock) -> None:
        self._access_key = access_key
        self._secret_key = secret_key
        self._clock = clock

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """The request with its signature."""
        date = sdk_date(self._clock())
        path, query = _set_host(r)
        r.headers["X-Sdk-Date"] = date
        headers = _by_lower_name(r)
        signed = [name for name in self.SIGNED if name in headers]
        canonical = sdk_canonical_request(
            str(r.method), path, query, headers=headers, signed=signed, payload_hash=sha256_hex(_payload(r))
        )
        r.headers["Authorization"] = (
            f"{SDK_HMAC} Access={self._access_key}, SignedHeaders={';'.join(signed)}, "
            f"Signature={sdk_signature(self._secret_key, canonical, date)}"
        )
        return r


class LegacyAuth(_Signer):
    """Signs for Tencent's first image API; sets Authorization."""

    # Long enough for a slow upload and two clocks that differ, short enough to be of little use to a thief.
    SECONDS = 600

    def __init__(  # noqa: PLR0913 - the parts of the text and the key
        self,
        appid: str,
        bucket: str,
        secret_id: str,
        secret_key: str,
        *,
        clock: Clock,
        nonce: Callable[[], int] = lambda: secrets.randbelow(10**9),
    ) -> None:
        self._appid = appid
        self._bucket = bucket
        self._secret_id = secret_id
        self._secret_key = secret_key
        self._clock = clock
        self._nonce = nonce

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """The request with its signature."""
        now = int(self._clock())
        text = legacy_text(
            self._appid, self._bucket, self._secret_id, issued=now, expires=now + self.SECONDS, nonce=self._nonce()
        )
        r.headers["Authorization"] = legacy_authorization(self._secret_key, text)
        return r


def _set_host(request: PreparedRequest) -> tuple[str, str]:
    """Path and query of the request, whose Host header is set to what is signed, default port or not."""
    url = urlsplit(str(request.url))
    request.headers["Host"] = url.netloc.rpartition("@")[2]
    return url.path or "/", url.query


def _by_lower_name(request: PreparedRequest) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in request.headers.items()}


def _payload(request: PreparedRequest) -> bytes:
    body = request.body or b""
    return body.encode() if isinstance(body, str) else body
