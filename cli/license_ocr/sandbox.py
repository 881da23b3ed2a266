"""Credentials for the OCR API where nobody has real ones: a fixed set that is documented, and a random one."""

from __future__ import annotations

import json
import os
import secrets
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
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
