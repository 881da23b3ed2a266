"""Login tokens that no process keeps: what one is good for, sealed with a key that the account's password yields.

Every environment that knows the password knows a token that another one issued, and a changed password voids them all.
A token is the base64 (of URLs) of a small JSON object and of the HMAC-SHA256 over it. The key is stretched, so that a
token that leaks is no quick way to try passwords.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from functools import lru_cache
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

SECONDS = 24 * 60 * 60
"""How long a token holds."""
MAX_CHARS = 4096
"""A longer text is no token of ours, and nothing else is looked at."""

_PURPOSE = "license-ocr login token 1"
_MAC_BYTES = hashlib.sha256().digest_size
# Some forty milliseconds and 16 MB, once an account and process.
_SCRYPT_COST = 2**14


class Forged(Exception):
    """The text was not sealed with this key: garbled, altered, or of another password."""


class Unreadable(Exception):
    """The text was sealed with this key, and what is in it is no token: a newer version may have made it."""


class Expired(Exception):
    """The token held, and no longer does."""


class Token(BaseModel):
    """Who logged in, the id of the project that the token is good for (None: for none), and until when."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)

    user: str
    project: str | None
    expires: int
    nonce: str

    @classmethod
    def fresh(cls, user: str, project: str | None, *, now: float) -> Self:
        """A token like no other, good for a day from now (seconds since the epoch)."""
        return cls(user=user, project=project, expires=int(now) + SECONDS, nonce=secrets.token_urlsafe(12))


@lru_cache(maxsize=8)
def key(password: str, account: str) -> bytes:
    """The key that the account's password yields for tokens, and for nothing else."""
    salt = f"{_PURPOSE}\0{account}".encode()
    return hashlib.scrypt(password.encode(), salt=salt, n=_SCRYPT_COST, r=8, p=1, dklen=_MAC_BYTES)


def sealed(token: Token, key: bytes) -> str:
    """The text of a token, fit for a header."""
    return seal(token.model_dump_json().encode(), key)


def seal(content: bytes, key: bytes) -> str:
    """The text of any content, sealed."""
    return base64.urlsafe_b64encode(content + _mac(content, key)).decode()


def opened(text: str, key: bytes, *, now: float) -> Token:
    """The token that a text holds.

    Raises:
        Forged, Unreadable, Expired: as they say.
    """
    content = _content(text, key)
    try:
        token = Token.model_validate_json(content)
    except ValidationError:
        raise Unreadable("sealed by us, and no token") from None
    if token.expires <= now:
        raise Expired("the token has expired")
    return token


def _content(text: str, key: bytes) -> bytes:
    """What was sealed."""
    if len(text) > MAX_CHARS:
        raise Forged("longer than any token")
    try:
        raw = base64.urlsafe_b64decode(text)
    except ValueError:
        raise Forged("no base64") from None
    content, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    # A decoder reads many texts as the same bytes; only the one that was issued is the token.
    if base64.urlsafe_b64encode(raw).decode() != text or not hmac.compare_digest(mac, _mac(content, key)):
        raise Forged("not sealed with this key")
    return content


def _mac(content: bytes, key: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")
