"""Credentials for the OCR API: a fixed set that is documented, a random one, and whom a file of them lets in."""

from __future__ import annotations

import json
import os
import secrets
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from license_ocr.failure import Failure
from license_reader import vendors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

type Secrets = dict[str, dict[str, str]]

# What each vendor's secret is made of; with {} a word of our choice, else a name that is no secret.
_SHAPES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "embedded": {"api_key": "{}"},
        "megvii": {"api_key": "{}", "api_secret": "{}"},
        "tencent": {"secret_id": "{}", "secret_key": "{}"},
        "tencent_legacy": {"appid": "1250000000", "bucket": "sandbox", "secret_id": "{}", "secret_key": "{}"},
        "huawei": {
            "access_key": "{}",
            "secret_key": "{}",
            "project_id": "sandbox",
            "domain": "sandbox",
            "user": "sandbox",
            "password": "{}",
            "project": "cn-north-4",
        },
    }
)


def documented() -> Secrets:
    """Credentials that anyone may know, for trying the OCR API on loopback: `sandbox-` and the field's name."""
    return _filled(lambda field: f"sandbox-{field}")


def generated() -> Secrets:
    """Credentials that nobody knows yet."""
    return _filled(lambda _: secrets.token_hex(20))


def _filled(word: Callable[[str], str]) -> Secrets:
    return {
        vendor: {field: form.format(word(field)) for field, form in shape.items()} for vendor, shape in _SHAPES.items()
    }


def written(held: Secrets, path: Path) -> Path:
    """The path of a new file with these secrets, which only its owner may read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump(held, out, indent=2)
    return path


def told(path: Path) -> Iterator[str]:
    """A line for each kind of caller: served by the secrets in this file, or not, and why; values are never told.

    Raises:
        Failure: the file cannot be read at all.
    """
    held = _held(path)
    for vendor in vendors.names():
        for caller, shape in _callers(vendor).items():
            missing = "nothing is held for it" if vendor not in held else _wrong(held[vendor], shape)
            yield f"does not serve {caller}: {missing}" if missing else f"serves {caller}"
    for name in sorted(held.keys() - set(vendors.names())):
        yield f"does not know {name!r}: there are {', '.join(vendors.names())}"


def _held(path: Path) -> dict[str, object]:
    """What a file of secrets holds, by vendor."""
    try:
        held = json.loads(path.read_bytes())
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise Failure(f"{path}: no JSON at line {error.lineno}, column {error.colno}: {error.msg}") from None
    except UnicodeDecodeError:
        raise Failure(f"{path}: no JSON: it is no text in UTF-8") from None
    if not isinstance(held, dict):
        raise Failure(f"{path}: a JSON object is wanted, with each vendor's secret under the vendor's name")
    return held


def _callers(vendor: str) -> dict[str, type[BaseModel]]:
    """The kinds of callers that a vendor has, each with what its secret must hold; a Huawei secret may be both."""
    if vendor == "huawei":
        from license_reader.vendors.huawei import Account, KeyPair  # noqa: PLC0415 - as all vendors, when asked for

        return {"huawei by signature": KeyPair, "huawei by token": Account}
    return {vendor: vendors.find(vendor).credentials}


def _wrong(secret: object, shape: type[BaseModel]) -> str:
    """What a secret has wrong, if anything."""
    try:
        shape.model_validate_json(json.dumps(secret))
    except ValidationError as error:
        parts = error.errors(include_input=False, include_url=False)
        return "; ".join(f"{'.'.join(map(str, part['loc'])) or 'the secret'}: {part['msg']}" for part in parts)
    return ""
