"""Whom the OCR API serves: the same secrets that the reader presents, from Secrets Manager or from a file."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from license_reader import vendors

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.parameters import SecretsProvider


class NoCredentials(Exception):
    """Nobody can be served for want of a secret to compare with; the message names the vendor."""


def credentials(vendor: str) -> Any:
    """The vendor's credentials that a caller must present, in the vendor's own type.

    `OCR_API_SECRETS_FILE` names a JSON file of all vendors' secrets; without it `SECRETS_PREFIX` leads the names of
    the secrets in Secrets Manager.

    Raises:
        NoCredentials: no secret is set up for this vendor.
        ValidationError: the secret has not the vendor's shape.
    """
    path = os.environ.get("OCR_API_SECRETS_FILE")
    text = _from_file(Path(path), vendor) if path else _from_secrets_manager(vendor)
    return vendors.find(vendor).credentials.model_validate_json(text)


def _from_file(path: Path, vendor: str) -> str:
    secrets = json.loads(path.read_bytes())
    if vendor not in secrets:
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


type Credentials = Callable[[str], Any]
