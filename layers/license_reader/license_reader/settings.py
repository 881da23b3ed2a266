"""What Parameter Store and Secrets Manager say: the chain of vendors for a key, and the vendors' secrets.

A change takes effect within the cache's life. A bad change is refused as a whole, and the last good one goes on
serving; a process that never saw a good one stops the line.
"""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from license_reader import vendors
from license_reader.errors import CredentialsError, SettingsError
from license_reader.flags import Flag, Severity
from license_reader.license import Document, Side

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.parameters import SecretsProvider, SSMProvider

log = logging.getLogger(__name__)


def _known(name: str) -> str:
    if name not in vendors.names():
        raise ValueError(f"no vendor is called {name!r}; there are {', '.join(vendors.names())}")
    return name


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        raise ValueError("a vendor is named twice")
    return names


type VendorName = Annotated[str, AfterValidator(_known)]
type Chain = Annotated[tuple[VendorName, ...], Field(min_length=1), AfterValidator(_distinct)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Route(_Strict):
    """What is known of the uploads under one prefix; what it leaves out comes from the settings' own level."""

    prefix: str = Field(min_length=1)
    document: Document | None = None
    side: Side | None = None
    vendors: Chain | None = None


class Settings(_Strict):
    """`<path>/settings`: which vendors read which uploads, and what is told to whom."""

    vendors: Chain
    routes: tuple[Route, ...] = ()
    publish: tuple[Severity, ...] = (Severity.FRAUD, Severity.PERMANENT, Severity.REVIEW, Severity.BUSINESS)
    min_confidence: float = Field(default=0.85, ge=0, le=1)
    second_opinion: VendorName | None = None
    """Who reads again what was read with a doubt."""
    retention_days: int = Field(default=365, ge=19, le=3650)
    """A message may spend four days in the queue and fourteen in the dead-letter queue: its record must outlive it."""
    max_attempts: int = Field(default=5, ge=1, le=100)


class VendorSettings(_Strict):
    """`<path>/vendors/<name>`: where and how fast one vendor is called, and the name of its secret."""

    endpoint: str | None = Field(default=None, pattern=r"^https?://[^/?#]+$")
    region: str | None = None
    project: str | None = None
    rate: float | None = Field(default=None, gt=0)
    read_timeout: float = Field(default=30.0, gt=0, le=120)
    daily_cap: int | None = Field(default=None, ge=0)
    """Calls a day that may be charged; the day is China's."""
    secret: str = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of one upload: the page to expect, the vendors in turn, and what was odd about its metadata.

    `told` is False when neither a route nor the metadata says which page it is; a vendor that can tell by itself may
    then look, the others take it for a vehicle license's main page.
    """

    document: Document
    side: Side
    told: bool
    vendors: tuple[str, ...]
    flags: tuple[Flag, ...] = ()


def plan(settings: Settings, key: str, metadata: Mapping[str, str]) -> Plan:
    """The plan for a key: the first route whose prefix fits, overridden by the object's own metadata.

    Metadata that names no document, side or vendor of ours is flagged and otherwise ignored.
    """
    route = next((route for route in settings.routes if key.startswith(route.prefix)), None)
    document = _member(Document, metadata.get("document")) or (route and route.document)
    side = _member(Side, metadata.get("side")) or (route and route.side)
    chain = (route and route.vendors) or settings.vendors
    odd = [
        name
        for name, members in (("document", set(Document)), ("side", set(Side)), ("vendor", set(vendors.names())))
        if metadata.get(name) and metadata[name] not in members
    ]
    if (vendor := metadata.get("vendor")) and "vendor" not in odd:
        chain = (vendor, *(name for name in chain if name != vendor))
    return Plan(
        document=document or Document.VEHICLE_LICENSE,
        side=side or Side.FRONT,
        told=bool(document or side),
        vendors=chain,
        flags=tuple(Flag.of("metadata_unknown", "settings", detail=name) for name in odd),
    )


def _member[T: (Document, Side)](kind: type[T], value: str | None) -> T | None:
    return kind(value) if value in set(kind) else None


class Configuration:
    """The settings and secrets of one stack, read through Powertools' caches."""

    def __init__(self, *, path: str, ssm: SSMProvider, secrets: SecretsProvider, max_age: int = 30) -> None:
        self._path = path.rstrip("/")
        self._ssm = ssm
        self._secrets = secrets
        self._max_age = max_age
        self._lock = threading.Lock()
        self._seen: Mapping[str, str] | None = None
        self._good: tuple[Settings, Mapping[str, VendorSettings]] | None = None
        self._secrets_lock = threading.Lock()
        self._held: dict[str, tuple[str, Any]] = {}

    def settings(self) -> Settings:
        """The settings in force.

        Raises:
            SettingsError: they are wrong, or cannot be read, and none were good before.
        """
        return self._current()[0]

    def vendor(self, name: str) -> VendorSettings:
        """How a vendor is called.

        Raises:
            SettingsError: the vendor has no parameter.
        """
        try:
            return self._current()[1][name]
        except KeyError as error:
            raise SettingsError(f"{self._path}/vendors/{name}: no such parameter") from error

    def credentials(self, name: str, *, refused: Any = None) -> Any:
        """A vendor's secret in the vendor's own type: one object for as long as it stays the same.

        Args:
            name: the vendor.
            refused: what an earlier call returned and the vendor refused. If it is still what is held, the secret is
                read past the cache, and returned as a new object even if it stayed the same; of many threads that
                were refused one reads it.

        Raises:
            CredentialsError: the secret is missing, is no JSON, or lacks a field.
        """
        secret = self.vendor(name).secret
        with self._secrets_lock:
            text, held = self._held.get(name, ("", None))
            anew = held is not None and held is refused
            try:
                told = str(self._secrets.get(secret, max_age=300, force_fetch=anew))
            except GetParameterError as error:
                raise CredentialsError(f"secret {secret}: cannot be read: {error}") from error
            if held is None or anew or told != text:
                held = self._shaped(name, secret, told)
                self._held[name] = (told, held)
            return held

    def _shaped(self, name: str, secret: str, text: str) -> Any:
        try:
            return vendors.find(name).credentials.model_validate_json(text)
        except ValidationError as error:
            raise CredentialsError(f"secret {secret}: {_complaints(error, values=False)}") from None

    def _current(self) -> tuple[Settings, Mapping[str, VendorSettings]]:
        with self._lock:
            try:
                told = self._ssm.get_multiple(f"{self._path}/", recursive=True, max_age=self._max_age)
            except GetParameterError as error:
                return self._last_good(SettingsError(f"{self._path}: cannot be read: {error}"), error)
            texts = {name: str(text) for name, text in told.items()}
            if self._good is None or texts != self._seen:
                try:
                    self._good = self._parse(texts)
                except SettingsError as error:
                    return self._last_good(error, error)
                self._seen = texts
            return self._good

    def _last_good(self, error: SettingsError, cause: Exception) -> tuple[Settings, Mapping[str, VendorSettings]]:
        if self._good is None:
            raise error from cause
        log.error("settings refused, the last good ones go on serving: %s", error)
        return self._good

    def _parse(self, texts: Mapping[str, str]) -> tuple[Settings, Mapping[str, VendorSettings]]:
        """The settings and each vendor's, from parameters named relative to the path."""
        named = {name.strip("/"): text for name, text in texts.items()}
        if "settings" not in named:
            raise SettingsError(f"{self._path}/settings: no such parameter")
        settings = self._validated(Settings, "settings", named["settings"])
        return settings, {
            name: self._validated(VendorSettings, f"vendors/{name}", text)
            for place, text in named.items()
            if (name := place.removeprefix("vendors/")) != place
        }

    def _validated[T: BaseModel](self, model: type[T], name: str, text: str) -> T:
        try:
            return model.model_validate(json.loads(text))
        except json.JSONDecodeError as error:
            raise SettingsError(f"{self._path}/{name}: not JSON: {error}") from error
        except ValidationError as error:
            raise SettingsError(f"{self._path}/{name}: {_complaints(error, values=True)}") from error


def _complaints(error: ValidationError, *, values: bool) -> str:
    """What is wrong, a field at a time; without pydantic's messages where those could tell a secret's value."""
    return "; ".join(
        f"{'.'.join(map(str, part['loc'])) or 'the whole'}: {part['msg'] if values else part['type']}"
        for part in error.errors(include_input=False, include_url=False)
    )
