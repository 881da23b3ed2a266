"""Megvii FaceID OCR: the main page of a vehicle license, asked with a form and answered with date objects.

Sources: the document of `ocr_vehicle_license` 2.0.0. There is no SDK to hold it against.

- The picture may not show both pages: the document promises an empty result.
- A 200 without a single field of a license means that none was seen; a field that is there and null was seen and
  could not be read.
- A 413 comes from the gateway before the API, as plain text.
- `error_message` is a code, or a code and a parameter after a colon: `INVALID_IMAGE_SIZE: image`, with a space or
  without.
- 403 is two things, told apart by the code: wrong keys, or too many calls at once.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import requests
from pydantic import BaseModel, ConfigDict, ValidationError

from license_reader import values
from license_reader.columns import Column, gather
from license_reader.errors import (
    CredentialsRefused,
    DocumentRefused,
    RequestRefused,
    SizeRefused,
    Throttled,
    Unavailable,
)
from license_reader.image import Limits
from license_reader.license import FIELDS, Document, License, Side
from license_reader.vendors._base import (
    NO_LICENSE,
    Action,
    BaseVendor,
    Credentials,
    Key,
    KeyId,
    Refusal,
    json_object,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from license_reader.license import Page
    from license_reader.vendors._base import Job, Reply, Token

PATH = "/faceid/v2/ocr_vehicle_license"
TOO_LARGE = "Request Entity Too Large"

FRONT = (
    Column("plate_no", "plate_no", values.code),
    Column("vehicle_type", "vehicle_type"),
    Column("owner", "owner"),
    Column("address", "address"),
    Column("use_character", "use_character"),
    Column("brand_model", "model"),
    Column("vin", "vin", values.code),
    Column("engine_no", "engine_no", values.code),
    Column("register_date", "register_date", values.date),
    Column("issue_date", "issue_date", values.date),
    Column("issuing_authority", "issued_by"),
)

# "2 MB" is of the whole request and may mean a million bytes each: room for the form is left.
_FORM_BYTES = 4096


class KeyPair(Credentials):
    """An API key and its secret."""

    api_key: KeyId
    api_secret: Key


class _Answer(BaseModel):
    """What every answer has, whatever it reads."""

    model_config = ConfigDict(extra="allow")

    request_id: str | None = None
    error_message: str | None = None


class _Day(BaseModel):
    """A date as Megvii sends it."""

    year: int
    month: int
    day: int


class Vendor(BaseVendor):
    """Megvii's `ocr_vehicle_license`."""

    name = "megvii"
    endpoint = "https://api.megvii.com"
    # The document names no formats; these two are beyond doubt.
    limits = Limits(formats=frozenset({"jpeg", "png"}), max_bytes=2_000_000 - _FORM_BYTES, max_edge=4096)
    pages: ClassVar[frozenset[Page]] = frozenset({(Document.VEHICLE_LICENSE, Side.FRONT)})
    credentials = KeyPair
    actions: ClassVar[Mapping[str, Action]] = MappingProxyType(
        {
            NO_LICENSE: Action(DocumentRefused, "not_a_license"),
            "IMAGE_ERROR_UNSUPPORTED_FORMAT": Action(DocumentRefused, "image_damaged"),
            "INVALID_IMAGE_SIZE": Action(SizeRefused, "image_too_large"),
            TOO_LARGE: Action(SizeRefused, "image_too_large"),
            "MISSING_ARGUMENTS": Action(RequestRefused),
            "API_NOT_FOUND": Action(RequestRefused),
            "AUTHORIZATION_ERROR": Action(CredentialsRefused),
            "CONCURRENCY_LIMIT_EXCEEDED": Action(Throttled),
            "INTERNAL_ERROR": Action(Unavailable),
        }
    )

    def request(self, job: Job, credentials: KeyPair, token: Token | None) -> requests.Request:  # noqa: ARG002
        """The form with both keys and the picture."""
        return requests.Request(
            "POST",
            self.address.endpoint + PATH,
            data={"api_key": credentials.api_key, "api_secret": credentials.api_secret.get_secret_value()},
            files={"image": (f"image.{job.image.format}", job.image.content, f"image/{job.image.format}")},
        )

    def refusal(self, reply: Reply) -> Refusal | None:
        """The code of `error_message`; that of the plain-text 413; `NO_LICENSE` for a 200 without fields."""
        if reply.status == 413:
            return Refusal(TOO_LARGE)
        answer = _Answer.model_validate(json_object(reply.body))
        if answer.error_message is not None:
            return Refusal(answer.error_message.partition(":")[0].strip(), answer.request_id)
        if reply.status != 200:
            raise ValueError("an error without error_message")
        if not any(column.source in (answer.model_extra or {}) for column in FRONT):
            return Refusal(NO_LICENSE, answer.request_id)
        return None

    def license(self, reply: Reply, job: Job) -> License:
        """The main page; Megvii tells neither confidence nor places, and knows paper only."""
        raw = json_object(reply.body)
        gathered = gather(FRONT, {name: _dated(told) for name, told in raw.items()}, vendor=self.name)
        return License(
            document=job.document,
            side=Side.FRONT,
            vendor=self.name,
            vendor_request_id=_Answer.model_validate(raw).request_id,
            fields=FIELDS[job.document].model_validate(gathered.values),
            flags=tuple(gathered.flags),
            raw=raw,
        )


def _dated(told: Any) -> Any:
    """A date object as the text that the table reads; an incomplete one is None, anything else as it came."""
    if not isinstance(told, dict):
        return told
    if None in told.values():
        return None
    try:
        day = _Day.model_validate(told)
    except ValidationError:
        return told  # no date: the table flags it
    return f"{day.year:04}-{day.month}-{day.day}"
