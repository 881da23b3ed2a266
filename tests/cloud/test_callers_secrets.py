"""Whom the OCR API serves, by Secrets Manager: a secret is kept for a while, and read anew when a caller is refused."""

from __future__ import annotations

import json
import os
import uuid
from typing import TYPE_CHECKING

import pytest

import credentials as callers
from credentials import NoCredentials, credentials, renew
from fetching import fetch
from license_reader.vendors.embedded import ApiKey
from service import Refused, Service

if TYPE_CHECKING:
    from license_ocr.account import Account
    from license_ocr.local_cloud import LocalCloud
    from license_reader.license import Document, License, Side


@pytest.fixture
def account(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The local cloud's account, which the OCR API asks for secrets of a prefix of the test's own."""
    account = cloud.require().account
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(account.endpoint))
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.delenv("OCR_API_SECRETS_FILE", raising=False)
    monkeypatch.setenv("SECRETS_PREFIX", f"test-{uuid.uuid4().hex[:8]}")
    callers._secrets.cache_clear()
    callers._renewed.clear()
    return account


def unread(picture: bytes, document: Document | None, side: Side | None) -> License:  # noqa: ARG001 - as `Read` has it
    raise AssertionError("the picture was read")


@pytest.mark.usefixtures("account")
def test_a_secret_that_nobody_filled_in_serves_nobody() -> None:
    with pytest.raises(NoCredentials, match="no secret for embedded can be read"):
        credentials("embedded", ApiKey)
    assert not renew("embedded")


def test_a_rotated_secret_lets_its_caller_in_at_once_and_strangers_never(
    account: Account,
) -> None:
    service = Service(read=unread, credentials=credentials, fetch=fetch, renew=renew)

    def admitted(presented: str) -> bool:
        def check(held: ApiKey) -> None:
            if held.api_key.get_secret_value() != presented:
                raise Refused("unauthorized")

        try:
            service.admit("embedded", ApiKey, check)
        except Refused:
            return False
        return True

    name = f"{os.environ['SECRETS_PREFIX']}/embedded"
    account.secretsmanager.create_secret(Name=name, SecretString=json.dumps({"api_key": "old"}))
    assert admitted("old")
    account.secretsmanager.put_secret_value(SecretId=name, SecretString=json.dumps({"api_key": "new"}))
    # Whoever does not know of it yet is served from what is kept; who does is served, and then nobody else.
    assert admitted("old")
    assert admitted("new")
    assert not admitted("old")
    assert not admitted("guessed")
    account.secretsmanager.put_secret_value(SecretId=name, SecretString=json.dumps({"api_key": "newer"}))
    assert not admitted("newer"), "read anew once more, within seconds: strangers could have it read at will"
