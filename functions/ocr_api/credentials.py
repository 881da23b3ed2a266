"""Whom the OCR API serves: the same secrets that the reader presents, from Secrets Manager or from a file."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider


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

    `OCR_API_SECRETS_FILE` names a JSON file of all vendors' secrets; without it `SECRETS_PREFIX` leads the names of
    the secrets in Secrets Manager. A secret that was rotated there is seen within half a minute.
    """
    path = os.environ.get("OCR_API_SECRETS_FILE")
    text = _from_file(Path(path), vendor) if path else _from_secrets_manager(vendor)
    try:
        return shape.model_validate_json(text)
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, part["loc"])) for part in error.errors(include_input=False)}))
        raise NoCredentials(f"the secret of {vendor} is wrong at: {places or 'the whole'}") from None


def _from_file(path: Path, vendor: str) -> str:
    try:
        secrets = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise NoCredentials(f"{path.name}: {type(error).__name__}") from error
    if not isinstance(secrets, dict) or vendor not in secrets:
        raise NoCredentials(f"the secrets file holds nothing for {vendor}")
    return json.dumps(secrets[vendor])


def _from_secrets_manager(vendor: str) -> str:
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError  # noqa: PLC0415

    try:
        return str(_secrets().get(f"{os.environ['SECRETS_PREFIX']}/{vendor}", max_age=30))
    except GetParameterError as error:
        raise NoCredentials(f"no secret for {vendor} can be read") from error


@cache
def _secrets() -> SecretsProvider:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider  # noqa: PLC0415

    return SecretsProvider()
