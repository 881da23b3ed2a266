"""Tencent Cloud API 3.0 as a server: VehicleLicenseOCR and DriverLicenseOCR, signed by TC3-HMAC-SHA256.

Sources: the document of VehicleLicenseOCR; the models of tencentcloud-sdk-python-ocr 3.1.193 for what is newer; the
error codes common to all of Tencent's APIs, https://cloud.tencent.com/document/product/1388/114322.

- A call is told by the header X-TC-Action, whatever its path: the SDK puts none of its own before it.
- Every answer is an HTTP 200 of the bare type `application/json`: with a charset, the SDK would not look for errors.
- POST takes JSON, GET the same parameters in its query. Signature method v1 (HmacSHA1, HmacSHA256) and forms are not
  spoken.
- A signature is good for five minutes before and after; its payload may be unsigned if the request says so.
- CardSide DOUBLE takes a picture of either page or of both; of a picture of both, FRONT and BACK tell one page.
"""

from __future__ import annotations

import hmac
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pydantic_core
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from exchange import json_response
from license_reader.columns import beside
from license_reader.errors import ImageRejected
from license_reader.image import gate
from license_reader.license import Document, Form, Side
from license_reader.signing import (
    TC3,
    TC3_SIGNED,
    UNSIGNED_PAYLOAD,
    authorization_parameters,
    sha256_hex,
    tc3_canonical_request,
    tc3_scope,
    tc3_signature,
)
from license_reader.vendors.tencent import (
    ACTIONS,
    CARD_SIDES,
    DRIVING_BACK,
    DRIVING_FRONT,
    SERVICE,
    VEHICLE_BACK,
    VEHICLE_FRONT,
    VERSION,
    WARNINGS,
    ApiKey,
)
from pictures import from_base64
from service import NoLicense, NotFetched, Refused, TooLarge, Trouble
from writing import pages, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exchange import Request, Response
    from license_reader.columns import Column
    from license_reader.license import License
    from service import Service

REGIONS = frozenset({"ap-beijing", "ap-guangzhou", "ap-hongkong", "ap-shanghai"})
PER_SECOND = 10
"""Of each action, as the document has it; counted by each process for itself."""
MAX_BODY = 10 * 1024 * 1024
# Of the picture in base64: the document's 7 MB for vehicle licenses, the SDK's 10 MB for driving licenses.
MAX_BASE64: Mapping[Document, int] = MappingProxyType(
    {Document.VEHICLE_LICENSE: 7 * 1024 * 1024, Document.DRIVING_LICENSE: 10 * 1024 * 1024}
)
FORMATS = frozenset({"jpeg", "png", "bmp"})
_SKEW_SECONDS = 300

_FORMS = MappingProxyType({Form.PAPER: "Normal", Form.ELECTRONIC: "Electronic"})
_DOCUMENTS = MappingProxyType({action: document for document, action in ACTIONS.items()})
_SIDES = MappingProxyType({told: side for side, told in CARD_SIDES.items()})

# The codes for what the gate, and then the engine, say of a picture.
_REJECTED: Mapping[str, str] = MappingProxyType(
    {
        "not_an_image": "FailedOperation.ImageDecodeFailed",
        "unsupported_format": "FailedOperation.ImageDecodeFailed",
        "image_too_large": "FailedOperation.ImageSizeTooLarge",
        "image_too_small": "FailedOperation.ImageNoText",
        "image_damaged": "FailedOperation.ImageDecodeFailed",
    }
)
_NO_LICENSE: Mapping[Document, str] = MappingProxyType(
    {
        Document.VEHICLE_LICENSE: "FailedOperation.NoVehicleLicenseError",
        Document.DRIVING_LICENSE: "FailedOperation.NoDriverLicenseError",
    }
)
_NOT_READ: Mapping[str, str] = MappingProxyType(
    {"no_text": "FailedOperation.ImageNoText", "blur": "FailedOperation.ImageBlur"}
)
_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "multiple_cards": "FailedOperation.LicenseMultiCardError",
        "wrong_side": "FailedOperation.LicenseCardSideError",
    }
)
WORDS: Mapping[int, str] = MappingProxyType(
    {
        -9102: "WARN_DRIVER_LICENSE_COPY_CARD",
        -9103: "WARN_DRIVER_LICENSE_SCREENED_CARD",
        -9104: "WARN_DRIVER_LICENSE_REFLECTION",
        -9105: "WARN_DRIVER_LICENSE_BLUR",
        -9106: "WARN_DRIVER_LICENSE_BORDER_INCOMPLETE",
    }
)

_MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "AuthFailure.InvalidAuthorization": "The header `Authorization` is not of the form of TC3-HMAC-SHA256.",
        "AuthFailure.SecretIdNotFound": "The SecretId is not found.",
        "AuthFailure.SignatureExpire": "The signature has expired: the timestamp is more than five minutes off.",
        "AuthFailure.SignatureFailure": "The signature does not match the request.",
        "AuthFailure.TokenFailure": "The token is wrong.",
        "FailedOperation.DownLoadError": "The picture could not be downloaded.",
        "FailedOperation.EmptyImageError": "The picture is empty.",
        "FailedOperation.ImageBlur": "The picture is blurred.",
        "FailedOperation.ImageDecodeFailed": "The picture cannot be decoded; PNG, JPG, JPEG and BMP are read.",
        "FailedOperation.ImageNoText": "No text was found in the picture.",
        "FailedOperation.ImageSizeTooLarge": "The picture has too many pixels.",
        "FailedOperation.LicenseCardSideError": "CardSide is not the side that the picture shows.",
        "FailedOperation.LicenseMultiCardError": "The picture shows two or more cards of one side.",
        "FailedOperation.NoDriverLicenseError": "The picture shows no driving license.",
        "FailedOperation.NoVehicleLicenseError": "The picture shows no vehicle license.",
        "FailedOperation.UnOpenError": "The service is not open: it has no credentials for this API.",
        "InternalError": "An internal error occurred.",
        "InvalidParameter.EngineImageDecodeFailed": "The engine cannot decode the picture.",
        "LimitExceeded.TooLargeFileError": "The picture is too large.",
        "RequestLimitExceeded": f"Too many requests: at most {PER_SECOND} a second of each action are answered.",
        "RequestSizeLimitExceeded": f"The request is larger than {MAX_BODY} bytes.",
        "UnsupportedProtocol": "Only GET and POST are supported.",
    }
)
_TROUBLES: Mapping[Trouble, str] = MappingProxyType(
    {
        Trouble.INTERNAL: "InternalError",
        Trouble.BUSY: "RequestLimitExceeded",
        Trouble.UNAVAILABLE: "FailedOperation.UnOpenError",
        Trouble.TOO_LARGE: "RequestSizeLimitExceeded",
        Trouble.EXPIRED: "AuthFailure.SignatureExpire",
    }
)


def _side(told: object) -> object:
    if told not in _SIDES:
        raise pydantic_core.PydanticCustomError("card_side", "one of FRONT, BACK, DOUBLE")
    return told


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    ImageBase64: str | None = None
    ImageUrl: str | None = None
    CardSide: Annotated[str, BeforeValidator(_side)] = "FRONT"


class _AskedOfVehicle(_Asked):
    # The tractor's side page has a form of its own, which the engine does not know.
    TractorCardSide: Literal["FRONT"] | None = None


_ASKED: Mapping[Document, type[_Asked]] = MappingProxyType(
    {Document.VEHICLE_LICENSE: _AskedOfVehicle, Document.DRIVING_LICENSE: _Asked}
)


def serves(request: Request) -> bool:
    """Whether the request speaks this dialect."""
    return "x-tc-action" in request.headers


def answer(request: Request, service: Service) -> Response:
    """The response to a request of this dialect."""
    try:
        _admit(request)
        _authenticate(request, service.credentials("tencent", ApiKey), now=service.clock())
        document = _document(request)
        _count(document, service)
        return _response(request, _read(_parameters(request, document), document, service))
    except Refused as refused:
        return _error(request, refused.code, refused.message)


def trouble(trouble: Trouble, request: Request) -> Response:
    """This dialect's response to a trouble."""
    return _error(request, _TROUBLES[trouble])


def _response(request: Request, body: Mapping[str, Any]) -> Response:
    return json_response(200, {"Response": {**body, "RequestId": request.id}})


def _error(request: Request, code: str, message: str = "") -> Response:
    return _response(request, {"Error": {"Code": code, "Message": message or _MESSAGES[code]}})


def _admit(request: Request) -> None:
    """Let a request pass that may be one."""
    if request.method not in {"GET", "POST"}:
        raise Refused("UnsupportedProtocol")
    if len(request.body) > MAX_BODY:
        raise Refused("RequestSizeLimitExceeded")


def _count(document: Document, service: Service) -> None:
    """Let a request pass that is within the rate."""
    if not service.rates.taken(f"tencent {document}", per_second=PER_SECOND):
        raise Refused("RequestLimitExceeded")


# Who asks.

_CREDENTIAL = re.compile(r"(?P<id>[^/\s]+)/(?P<scope>\d{4}-\d{2}-\d{2}/\w+/tc3_request)")


def _authenticate(request: Request, key: ApiKey, *, now: float) -> None:
    """Let a request pass that was signed with the key, within five minutes."""
    headers = request.headers
    timestamp = _timestamp(headers)
    algorithm, told = authorization_parameters(headers.get("authorization", ""))
    credential = _CREDENTIAL.fullmatch(told.get("Credential", ""))
    signed = told.get("SignedHeaders", "").split(";")
    if algorithm != TC3 or credential is None or not set(TC3_SIGNED) <= set(signed) <= set(headers):
        raise Refused("AuthFailure.InvalidAuthorization")
    if not _same(credential["id"], key.secret_id):
        raise Refused("AuthFailure.SecretIdNotFound")
    if abs(now - timestamp) > _SKEW_SECONDS:
        raise Refused("AuthFailure.SignatureExpire")
    signature = tc3_signature(key.secret_key.get_secret_value(), _canonical(request, signed), timestamp, SERVICE)
    if credential["scope"] != tc3_scope(timestamp, SERVICE) or not _same(told.get("Signature", ""), signature):
        raise Refused("AuthFailure.SignatureFailure")
    if not _same(headers.get("x-tc-token", ""), key.token.get_secret_value() if key.token else ""):
        raise Refused("AuthFailure.TokenFailure")


def _timestamp(headers: Mapping[str, str]) -> int:
    told = headers.get("x-tc-timestamp")
    if told is None:
        raise Refused("MissingParameter", "The request lacks the header `X-TC-Timestamp`.")
    if not re.fullmatch(r"\d{1,11}", told, re.ASCII):
        raise Refused("InvalidParameter", "The header `X-TC-Timestamp` is not a time in seconds.")
    return int(told)


def _canonical(request: Request, signed: Sequence[str]) -> str:
    unsigned = request.headers.get("x-tc-content-sha256") == UNSIGNED_PAYLOAD
    return tc3_canonical_request(
        request.method,
        request.path,
        request.query,
        headers=request.headers,
        signed=signed,
        payload_hash=sha256_hex(UNSIGNED_PAYLOAD.encode() if unsigned else request.body),
    )


def _same(told: str, expected: str) -> bool:
    return hmac.compare_digest(told.encode(), expected.encode())


# What is asked.


def _document(request: Request) -> Document:
    """The document that the action reads, in a version and region that exist."""
    document = _DOCUMENTS.get(request.headers["x-tc-action"])
    if document is None:
        raise Refused("InvalidAction", f"There is no such action; there are {', '.join(_DOCUMENTS)}.")
    for name in ("X-TC-Version", "X-TC-Region"):
        if not request.headers.get(name.lower()):
            raise Refused("MissingParameter", f"The request lacks the header `{name}`.")
    if request.headers["x-tc-version"] != VERSION:
        raise Refused("NoSuchVersion", f"There is no such version; there is {VERSION}.")
    if request.headers["x-tc-region"] not in REGIONS:
        raise Refused("UnsupportedRegion", f"The region is none of {', '.join(sorted(REGIONS))}.")
    return document


def _parameters(request: Request, document: Document) -> _Asked:
    """The action's own parameters, from the JSON of a POST or from the query of a GET."""
    shape = _ASKED[document]
    try:
        if request.method == "GET":
            return shape.model_validate(request.parameters)
        return shape.model_validate_json(request.body)
    except ValidationError as error:
        raise _misasked(error) from None


def _misasked(error: ValidationError) -> Refused:
    """The error for the first parameter that is wrong; it names the parameter and not its value."""
    first = error.errors(include_input=False, include_url=False)[0]
    name = ".".join(map(str, first["loc"]))[:64]
    match first["type"]:
        case "extra_forbidden":
            return Refused("UnknownParameter", "The request has a parameter that the action does not know.")
        case "card_side":
            return Refused(
                "InvalidParameterValue.InvalidParameterValueLimit", "`CardSide` is none of FRONT, BACK, DOUBLE."
            )
        case "literal_error":
            return Refused("UnsupportedOperation", f"`{name}`: tractors' side pages are not read here.")
        case _:
            where = f"The value of `{name}` is of the wrong type." if name else "The body is not a JSON object."
            return Refused("InvalidParameter", where)


# The picture.


def _read(asked: _Asked, document: Document, service: Service) -> dict[str, Any]:
    """The response's fields."""
    picture = _picture(asked, document, service)
    side = _SIDES[asked.CardSide]
    try:
        license_ = service.read(picture, document, None if side is Side.BOTH else side)
    except ImageRejected as rejected:
        raise Refused("InvalidParameter.EngineImageDecodeFailed") from rejected
    except NoLicense as nothing:
        seen = next((_NOT_READ[flag] for flag in nothing.flags if flag in _NOT_READ), _NO_LICENSE[document])
        raise Refused(seen) from nothing
    if license_.document is not document:
        raise Refused(_NO_LICENSE[document])
    for flag in license_.flags:
        if flag.code in _REFUSED:
            raise Refused(_REFUSED[flag.code])
    told = _vehicle if document is Document.VEHICLE_LICENSE else _driving
    return told(license_, side) | _warnings(license_)


def _picture(asked: _Asked, document: Document, service: Service) -> bytes:
    """The picture's bytes, which may be decoded; a URL goes before what the request itself carries."""
    try:
        picture = _fetched(asked.ImageUrl, document, service) if asked.ImageUrl else _carried(asked, document)
        if gate(picture).format not in FORMATS:
            raise Refused("FailedOperation.ImageDecodeFailed")
    except ImageRejected as rejected:
        raise Refused(_REJECTED[rejected.flag]) from rejected
    return picture


def _fetched(url: str, document: Document, service: Service) -> bytes:
    try:
        return service.fetch(url, max_bytes=MAX_BASE64[document] // 4 * 3)
    except NotFetched as error:
        raise Refused("FailedOperation.DownLoadError") from error
    except TooLarge as error:
        raise Refused("LimitExceeded.TooLargeFileError") from error


def _carried(asked: _Asked, document: Document) -> bytes:
    if asked.ImageBase64 is None and asked.ImageUrl is None:
        raise Refused("MissingParameter", "The request has neither `ImageBase64` nor `ImageUrl`.")
    if not asked.ImageBase64:
        raise Refused("FailedOperation.EmptyImageError")
    if len(asked.ImageBase64) > MAX_BASE64[document]:
        raise Refused("LimitExceeded.TooLargeFileError")
    return from_base64(asked.ImageBase64)


# What is told.


def _vehicle(license_: License, asked: Side) -> dict[str, Any]:
    """The pages, each null that was not asked for or not seen."""
    shown = pages(asked, license_.side)
    back = beside(VEHICLE_BACK) if license_.side is Side.BOTH else VEHICLE_BACK
    return {
        "FrontInfo": _filled(VEHICLE_FRONT, license_) if Side.FRONT in shown else None,
        "BackInfo": _filled(back, license_) if Side.BACK in shown else None,
        "TractorBackInfo": None,
        "VehicleLicenseType": _FORMS[license_.form],
    }


def _driving(license_: License, asked: Side) -> dict[str, Any]:
    """All fields flat; those of a page that was not asked for or not seen are empty."""
    shown = pages(asked, license_.side)
    told = _filled(DRIVING_FRONT + DRIVING_BACK, None)
    if Side.FRONT in shown:
        told |= written(DRIVING_FRONT, license_)
    if Side.BACK in shown or license_.form is Form.ELECTRONIC:
        told |= written(DRIVING_BACK, license_)
    return told | {"DriverLicenseType": _FORMS[license_.form]}


def _filled(columns: Sequence[Column], license_: License | None) -> dict[str, str]:
    """Every name of the table; what the license lacks is empty, and what only electronic ones have is so on paper."""
    if license_ is None:
        return {column.source: "" for column in columns}
    electronic = license_.form is Form.ELECTRONIC
    told = written([row for row in columns if electronic or not row.source.endswith("Electronic")], license_)
    return _filled(columns, None) | told


def _warnings(license_: License) -> dict[str, Any]:
    codes = [code for code, flag in WARNINGS.items() if any(raised.code == flag for raised in license_.flags)]
    return {"RecognizeWarnCode": codes, "RecognizeWarnMsg": [WORDS[code] for code in codes]}
