"""Whom Huawei's two services know: what the secret tells of them, and the ids that are made from their names."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

import tokens
from license_reader.signing import sha256_hex
from license_reader.vendors.huawei import Account, KeyPair, ProjectId


class Tenant(Account):
    """An account, and the id of its project where the secret tells it."""

    project_id: ProjectId | None = None

    @property
    def user_id(self) -> str:
        """The id of the user."""
        return id_of("user", self.domain, self.user)

    @property
    def token_key(self) -> bytes:
        """What tokens of the account are sealed with."""
        return tokens.key(self.password.get_secret_value(), self.domain)


class Known(BaseModel):
    """What the secret holds: a key pair, an account, or both."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    key: KeyPair | None
    account: Tenant | None

    @model_validator(mode="before")
    @classmethod
    def _parted(cls, told: object) -> object:
        """The two shapes that one JSON object may have."""
        parts = {"key": _fitting(KeyPair, told), "account": _fitting(Tenant, told)}
        if not any(parts.values()):
            raise PydanticCustomError("huawei_secret", "neither a key pair nor an account")
        return parts

    @property
    def project_id(self) -> str | None:
        """The id of the project that callers ask for."""
        if self.key:
            return self.key.project_id
        if self.account:
            return self.account.project_id or project_id_of(self.account.project)
        return None


def _fitting[S: BaseModel](shape: type[S], told: object) -> S | None:
    try:
        return shape.model_validate(told)
    except ValidationError:
        return None


def project_id_of(project: str) -> str:
    """The id of a project whose secret tells only its name; always the same for the same name."""
    return id_of("project", project)


def id_of(kind: str, *names: str) -> str:
    """An id in the form of Huawei's: 32 hexadecimal digits."""
    return sha256_hex("\0".join(("license-ocr", kind, *names)).encode())[:32]
