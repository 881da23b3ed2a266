"""Whom the OCR API serves: the same secrets that the reader presents, from Secrets Manager or from a file."""

from __future__ import annotations

import hmac
import json
import os
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider


_KEPT_SECONDS = 30
_RENEWAL_SECONDS = 5.0
_renewed: dict[str, float] = {}


class NoCredentials(Exception):
    """Nobody can be served for want of a secret to compare with; the message names the vendor."""


class Credentials(Protocol):
    """Tells what callers must present."""

    def __call__[S: BaseModel](self, vendor: str, shape: type[S]) -> S:
        """The vendor's secret in this shape.

        Raises:
            NoCredentials: there is no secret, or it has not this shape.
        """


def credentials[S: BaseModel](vendor: str, shape: type[S]) -> S:
    """The vendor's secret in this shape; see `Credentials`.

    `OCR_API_SECRETS_FILE` names a JSON file of all vendors' secrets, read anew each time; without it `SECRETS_PREFIX`
    leads the names of the secrets in Secrets Manager, each kept for half a minute.
    """
    path = os.environ.get("OCR_API_SECRETS_FILE")
    text = _from_file(Path(path), vendor) if path else _from_secrets_manager(vendor)
    try:
        return shape.model_validate_json(text)
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, part["loc"])) for part in error.errors(include_input=False)}))
        raise NoCredentials(f"the secret of {vendor} is wrong at: {places or 'the whole'}") from None


def same(told: str, expected: str) -> bool:
    """Whether a caller told what is expected; takes the same time for everything that is not."""
    return hmac.compare_digest(told.encode(), expected.encode())


def renew(vendor: str) -> bool:
    """Whether the vendor's secret was read anew, past what is kept; at most every few seconds."""
    now = time.monotonic()
    if os.environ.get("OCR_API_SECRETS_FILE") or now < _renewed.get(vendor, -_RENEWAL_SECONDS) + _RENEWAL_SECONDS:
        return False
    _renewed[vendor] = now
    try:
        _from_secrets_manager(vendor, anew=True)
    except NoCredentials:
        return False
    return True


def _from_file(path: Path, vendor: str) -> str:
    try:
        secrets = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise NoCredentials(f"{path.name}: {type(error).__name__}") from error
    if not isinstance(secrets, dict) or vendor not in secrets:
        raise NoCredentials(f"the secrets file holds nothing for {vendor}")
    return json.dumps(secrets[vendor])


def _from_secrets_manager(vendor: str, *, anew: bool = False) -> str:
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError  # noqa: PLC0415

    try:
        name = f"{os.environ['SECRETS_PREFIX']}/{vendor}"
        return str(_secrets().get(name, max_age=_KEPT_SECONDS, force_fetch=anew))
    except GetParameterError as error:
        raise NoCredentials(f"no secret for {vendor} can be read") from error


@cache
def _secrets() -> SecretsProvider:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider  # noqa: PLC0415

    return SecretsProvider()
