"""The embedded engine, behind our own OCR API: a picture's bytes in, the canonical license out.

The contract is ours; its other half is the OCR API's native dialect.

- `POST /v1/license?document=...&side=...`, the picture as body. Where nobody told the page, both are left out and the
  engine looks for itself.
- An answer without a page has no fields and a permanent flag that says why; like the other vendors' empty answers it
  is a refused document with that flag.
- A newer server may tell fields and flags that this reader does not know: the fields stay in the raw reply, the flags
  are passed on as warnings.
- 6 MB is what one call to a Lambda function takes, its base64 included, so the picture has 4.5 of them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import requests
from pydantic import BaseModel, Field

from license_reader.errors import (
    CredentialsRefused,
    DocumentRefused,
    RequestRefused,
    SizeRefused,
    Throttled,
    Unavailable,
)
from license_reader.flags import SEVERITY, Flag, Severity
from license_reader.image import DECODERS, Limits
from license_reader.license import FIELDS, Document, Form, License, Side
from license_reader.vendors._base import Action, BaseVendor, Credentials, Key, Refusal, json_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from license_reader.license import Page
    from license_reader.vendors._base import Job, Reply, Token

PATH = "/v1/license"
MAX_BYTES = 4_500_000


class ApiKey(Credentials):
    """The key that the OCR API expects."""

    api_key: Key


class _Fault(BaseModel):
    code: str


class _Raised(BaseModel):
    code: str
    fields: tuple[str, ...] = ()
    detail: str | None = None


class _Answer(BaseModel):
    request_id: str | None = None
    error: _Fault | None = None
    document: Document | None = None
    side: Side | None = None
    form: Form = Form.PAPER
    fields: dict[str, Any] = Field(default_factory=dict)
    confidence: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    boxes: dict[str, tuple[tuple[float, float], ...]] = Field(default_factory=dict)
    flags: tuple[_Raised, ...] = ()


class Vendor(BaseVendor):
    """Our OCR API's native route."""

    name = "embedded"
    endpoint = None
    limits = Limits(formats=frozenset(DECODERS), max_bytes=MAX_BYTES, max_edge=8000)
    pages: ClassVar[frozenset[Page]] = frozenset((document, side) for document in Document for side in Side)
    credentials = ApiKey
    actions: ClassVar[Mapping[str, Action]] = MappingProxyType(
        {
            **{
                flag: Action(DocumentRefused, flag)
                for flag, severity in SEVERITY.items()
                if severity is Severity.PERMANENT
            },
            "invalid_request": Action(RequestRefused),
            "not_found": Action(RequestRefused),
            "method_not_allowed": Action(RequestRefused),
            "unauthorized": Action(CredentialsRefused),
            "too_large": Action(SizeRefused, "image_too_large"),
            "unsupported_format": Action(SizeRefused, "unsupported_format"),
            "not_a_picture": Action(DocumentRefused, "image_damaged"),
            "busy": Action(Throttled),
            "internal": Action(Unavailable),
            "unavailable": Action(Unavailable),
        }
    )

    def request(self, job: Job, credentials: ApiKey, token: Token | None) -> requests.Request:  # noqa: ARG002
        """The picture, with what is known of its page in the query."""
        return requests.Request(
            "POST",
            self.address.endpoint + PATH,
            params={"document": job.document.value, "side": job.side.value} if job.told else None,
            headers={
                "Content-Type": f"image/{job.image.format}",
                "X-Api-Key": credentials.api_key.get_secret_value(),
            },
            data=job.image.content,
        )

    def refusal(self, reply: Reply) -> Refusal | None:
        """The error's code, or the permanent flag of an answer without fields."""
        answer = _Answer.model_validate(json_object(reply.body))
        if answer.error is not None:
            return Refusal(answer.error.code, answer.request_id)
        if reply.status != 200:
            raise ValueError("an error without a code")
        permanent = [flag.code for flag in answer.flags if SEVERITY.get(flag.code) is Severity.PERMANENT]
        if not answer.fields and permanent:
            return Refusal(permanent[0], answer.request_id)
        return None

    def license(self, reply: Reply, job: Job) -> License:  # noqa: ARG002 - the answer names its page itself
        """The license as told, of the page that the engine saw."""
        raw = json_object(reply.body)
        answer = _Answer.model_validate(raw)
        document, side = answer.document, answer.side
        if document is None or side is None:
            raise ValueError("neither a page nor a reason why there is none")
        known = FIELDS[document].model_fields
        return License(
            document=document,
            side=side,
            form=answer.form,
            vendor=self.name,
            vendor_request_id=answer.request_id,
            fields=FIELDS[document].model_validate(
                {name: told for name, told in answer.fields.items() if name in known}
            ),
            confidence={name: score for name, score in answer.confidence.items() if name in known},
            boxes={name: box for name, box in answer.boxes.items() if name in known},
            flags=tuple(_flag(raised) for raised in answer.flags),
            raw=raw,
        )


def _flag(raised: _Raised) -> Flag:
    """The flag as raised; one that this reader does not know becomes a warning that names it."""
    if raised.code in SEVERITY:
        return Flag.of(raised.code, Vendor.name, *raised.fields, detail=raised.detail)
    detail = raised.code if raised.detail is None else f"{raised.code}: {raised.detail}"
    return Flag.of("vendor_warning", Vendor.name, *raised.fields, detail=detail)
