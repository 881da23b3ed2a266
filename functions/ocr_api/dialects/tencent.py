"""Tencent Cloud API 3.0 as a server: VehicleLicenseOCR and DriverLicenseOCR, signed by either of its two methods.

Sources: the document of VehicleLicenseOCR; the models of tencentcloud-sdk-python-ocr 3.1.193 for what is newer; the
error codes common to all of Tencent's APIs, https://cloud.tencent.com/document/product/1388/114322.

- Signature method v3 (TC3-HMAC-SHA256) has the common parameters in headers: a call is told by those, whatever its
  path, for the SDK puts none of its own before it. POST takes JSON, GET the same parameters in its query.
- Method v1 (HmacSHA1, HmacSHA256) has all parameters in one form or query, at the path `/`. Forms go up to 1 MB; a
  larger one is told, as Tencent does, that its signature fails and that v3 would do.
- Every answer is an HTTP 200 of the bare type `application/json`: with a charset, the SDK would not look for errors.
- A signature is good for five minutes before and after. With v3 its payload may be unsigned if the request says so;
  the document signs the headers' values in lower case, the SDKs sign them as they are sent: either holds.
- A parameter that is null, as some SDKs send those not set, counts as not given.
- CardSide DOUBLE takes a picture of either page or of both; of a picture of both, FRONT and BACK tell one page.
- An electronic license counts as a main page. With DOUBLE `BackInfo` is told as well, for some of what a screen shows
  has its place there; its `PlateNo` is empty, for a screen shows one plate.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl

import pydantic_core
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from credentials import same
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
    from collections.abc import Callable, Mapping, Sequence

    from exchange import Request, Response
    from license_reader.columns import Column
    from license_reader.license import License
    from service import Service

REGIONS = frozenset({"ap-beijing", "ap-guangzhou", "ap-hongkong", "ap-shanghai"})
PER_SECOND = 10
"""Of each action, as the document has it; counted by each process for itself."""
MAX_BODY = 10 * 1024 * 1024
MAX_FORM = 1024 * 1024
MAX_QUERY = 32 * 1024
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
        "AuthFailure.SignatureFailure": (
            "The provided credentials could not be validated. Please check your signature is correct."
        ),
        "AuthFailure.TokenFailure": "The token is wrong.",
        "FailedOperation.DownLoadError": "The picture could not be downloaded.",
        "FailedOperation.EmptyImageError": "Neither `ImageUrl` nor `ImageBase64` holds a picture.",
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
        "InvalidRequest": "These actions take no multipart form: POST their parameters as JSON.",
        "LimitExceeded.TooLargeFileError": "The picture is too large.",
        "RequestLimitExceeded": f"Too many requests: at most {PER_SECOND} a second of each action are answered.",
        "RequestSizeLimitExceeded": f"Too large a request: at most {MAX_BODY} bytes are taken, {MAX_QUERY} by GET.",
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


def _side(told: str | None) -> str | None:
    if told is not None and told not in _SIDES:
        raise pydantic_core.PydanticCustomError("value", "one of FRONT, BACK, DOUBLE")
    return told


def _tractor_side(told: str | None) -> str | None:
    """FRONT, as of any vehicle; a tractor's side page has a form of its own, which the engine does not know."""
    if told is not None and told not in {"FRONT", "BACK"}:
        raise pydantic_core.PydanticCustomError("value", "one of FRONT, BACK")
    if told == "BACK":
        raise pydantic_core.PydanticCustomError("tractor", "not read here")
    return told


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    ImageBase64: str | None = None
    ImageUrl: str | None = None
    CardSide: Annotated[str | None, AfterValidator(_side)] = None

    @property
    def side(self) -> Side:
        """The page that is asked for."""
        return _SIDES[self.CardSide or "FRONT"]


class _AskedOfVehicle(_Asked):
    TractorCardSide: Annotated[str | None, AfterValidator(_tractor_side)] = None


_ASKED: Mapping[Document, type[_Asked]] = MappingProxyType(
    {Document.VEHICLE_LICENSE: _AskedOfVehicle, Document.DRIVING_LICENSE: _Asked}
)


@dataclass(frozen=True, slots=True)
class _Call:
    """What is called, however it was signed; the action's own parameters are JSON or texts by name."""

    action: str
    version: str
    region: str
    parameters: bytes | Mapping[str, str] = field(repr=False)


def serves(request: Request) -> bool:
    """Whether the request speaks this dialect."""
    return _by_v3(request) or (request.path == "/" and _names_an_action(request))


def answer(request: Request, service: Service) -> Response:
    """The response to a request of this dialect."""
    try:
        _admit(request)
        called = _by_headers if _by_v3(request) else _by_parameters
        call = service.admit("tencent", ApiKey, lambda key: called(request, key, service.clock()))
        document = _document(call)
        _count(document, service)
        return _response(request, _read(_parameters(call, document), document, service))
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
    if len(request.body) > MAX_BODY or len(request.query) > MAX_QUERY:
        raise Refused("RequestSizeLimitExceeded")
    if request.media_type == "multipart/form-data":
        raise Refused("InvalidRequest")


def _count(document: Document, service: Service) -> None:
    """Let a request pass that is within the rate."""
    if not service.rates.taken(f"tencent {document}", per_second=PER_SECOND):
        raise Refused("RequestLimitExceeded")


# Who asks: method v3, by headers.

_TELLING = frozenset({"x-tc-action", "x-tc-timestamp", "x-tc-version"})
_CREDENTIAL = re.compile(rf"(?P<id>[^/\s]+)/(?P<scope>\d{{4}}-\d{{2}}-\d{{2}}/{SERVICE}/tc3_request)", re.ASCII)


def _by_v3(request: Request) -> bool:
    return not _TELLING.isdisjoint(request.headers)


def _by_headers(request: Request, key: ApiKey, now: float) -> _Call:
    """The call of a request that was signed with the key, within five minutes."""
    names = ("Action", "Timestamp", "Version", "Region", "Token")
    common = {name: request.headers.get(f"x-tc-{name.lower()}") for name in names}
    common["Authorization"] = request.headers.get("authorization")
    timestamp = _timestamp(common)
    algorithm, told = authorization_parameters(_needed(common, "Authorization"))
    credential = _CREDENTIAL.fullmatch(told.get("Credential", ""))
    signed = told.get("SignedHeaders", "").split(";")
    if algorithm != TC3 or credential is None or not set(TC3_SIGNED) <= set(signed) <= set(request.headers):
        raise Refused("AuthFailure.InvalidAuthorization")
    _check_key(key, credential["id"], timestamp, now=now)
    if credential["scope"] != tc3_scope(timestamp, SERVICE) or not _signed(request, signed, told, key, timestamp):
        raise Refused("AuthFailure.SignatureFailure")
    _check_token(key, common["Token"])
    return _Call(
        action=_needed(common, "Action"),
        version=_needed(common, "Version"),
        region=_needed(common, "Region"),
        parameters=request.parameters if request.method == "GET" else request.body,
    )


def _check_key(key: ApiKey, secret_id: str, timestamp: int, *, now: float) -> None:
    if not same(secret_id, key.secret_id):
        raise Refused("AuthFailure.SecretIdNotFound")
    if abs(now - timestamp) > _SKEW_SECONDS:
        raise Refused("AuthFailure.SignatureExpire")


def _check_token(key: ApiKey, token: str | None) -> None:
    if not same(token or "", key.token.get_secret_value() if key.token else ""):
        raise Refused("AuthFailure.TokenFailure")


def _needed(told: Mapping[str, str | None], name: str) -> str:
    """A common parameter that must be there."""
    value = told.get(name)
    if value is None:
        raise Refused("MissingParameter", f"The request is missing a required parameter `{name}`.")
    return value


def _timestamp(told: Mapping[str, str | None]) -> int:
    timestamp = _needed(told, "Timestamp")
    if not re.fullmatch(r"\d{1,11}", timestamp, re.ASCII):
        raise Refused("InvalidParameter", "The parameter `Timestamp` is not a time in seconds.")
    return int(timestamp)


def _signed(request: Request, signed: Sequence[str], told: Mapping[str, str], key: ApiKey, timestamp: int) -> bool:
    """Whether the signature is that of the request, its headers' values taken as sent or in lower case."""
    unsigned = request.headers.get("x-tc-content-sha256") == UNSIGNED_PAYLOAD
    payload_hash = sha256_hex(UNSIGNED_PAYLOAD.encode() if unsigned else request.body)
    lowered = {name: value.lower() for name, value in request.headers.items()}
    canonical = (
        tc3_canonical_request(
            request.method, request.path, request.query, headers=headers, signed=signed, payload_hash=payload_hash
        )
        for headers in (request.headers, lowered)
    )
    secret, signature = key.secret_key.get_secret_value(), told.get("Signature", "")
    return any(same(signature, tc3_signature(secret, form, timestamp, SERVICE)) for form in canonical)


# Who asks: method v1, by parameters.

_COMMON = frozenset(
    {
        "Action",
        "Version",
        "Region",
        "Timestamp",
        "Nonce",
        "SecretId",
        "Signature",
        "SignatureMethod",
        "Token",
        "Language",
        "RequestClient",
    }
)
_MOST_PARAMETERS = 64
_DIGESTS: Mapping[str, Callable[[], Any]] = MappingProxyType({"HmacSHA1": hashlib.sha1, "HmacSHA256": hashlib.sha256})
_ACTION = re.compile(rb"(?:^|&)Action=")


def _names_an_action(request: Request) -> bool:
    return _ACTION.search(_sent(request)) is not None


def _sent(request: Request) -> bytes:
    """The query, or else the form, as sent; nothing where the body is another thing."""
    if request.method == "GET":
        return request.query.encode()
    return request.body if request.media_type == "application/x-www-form-urlencoded" else b""


def _by_parameters(request: Request, key: ApiKey, now: float) -> _Call:
    """The call of a form or query that was signed with the key, within five minutes."""
    if len(request.body) > MAX_FORM:
        usual = _MESSAGES["AuthFailure.SignatureFailure"]
        raise Refused("AuthFailure.SignatureFailure", f"{usual} A form has at most {MAX_FORM} bytes; use {TC3}.")
    try:
        text = _sent(request).decode(errors="replace")
        told = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS))
    except ValueError:
        raise Refused("InvalidParameter", f"There are more than {_MOST_PARAMETERS} parameters.") from None
    timestamp = _timestamp(told)
    _needed(told, "Nonce")
    _check_key(key, _needed(told, "SecretId"), timestamp, now=now)
    if not same(_needed(told, "Signature"), _v1_signature(request, told, key)):
        raise Refused("AuthFailure.SignatureFailure")
    _check_token(key, told.get("Token"))
    return _Call(
        action=told["Action"],
        version=_needed(told, "Version"),
        region=_needed(told, "Region"),
        parameters={name: value for name, value in told.items() if name not in _COMMON},
    )


def _v1_signature(request: Request, told: Mapping[str, str], key: ApiKey) -> str:
    """The signature: of method, host and path, and all other parameters in the order of their names, not encoded."""
    digest = _DIGESTS.get(told.get("SignatureMethod", "HmacSHA1"))
    if digest is None:
        raise Refused("InvalidParameterValue", f"`SignatureMethod` must be one of {', '.join(_DIGESTS)}.")
    pairs = sorted((name.replace("_", "."), value) for name, value in told.items() if name != "Signature")
    parameters = "&".join(f"{name}={value}" for name, value in pairs)
    text = f"{request.method}{request.headers.get('host', '')}{request.path}?{parameters}"
    return base64.b64encode(
        hmac.new(key.secret_key.get_secret_value().encode(), text.encode(), digest).digest()
    ).decode()


# What is asked.


def _document(call: _Call) -> Document:
    """The document that the action reads, in a version and region that exist."""
    document = _DOCUMENTS.get(call.action)
    if document is None:
        raise Refused("InvalidAction", f"There is no such action; there are {', '.join(_DOCUMENTS)}.")
    if call.version != VERSION:
        raise Refused("NoSuchVersion", f"There is no such version; there is {VERSION}.")
    if call.region not in REGIONS:
        raise Refused("UnsupportedRegion", f"The region is none of {', '.join(sorted(REGIONS))}.")
    return document


def _parameters(call: _Call, document: Document) -> _Asked:
    """The action's own parameters."""
    shape = _ASKED[document]
    try:
        if isinstance(call.parameters, bytes):
            return shape.model_validate_json(call.parameters)
        return shape.model_validate(call.parameters)
    except ValidationError as error:
        raise _misasked(error) from None


def _misasked(error: ValidationError) -> Refused:
    """The error for the first parameter that is wrong; it names the parameter and not its value."""
    first = error.errors(include_input=False, include_url=False)[0]
    name = ".".join(map(str, first["loc"]))[:64]
    match first["type"]:
        case "extra_forbidden":
            return Refused("UnknownParameter", "The request has a parameter that the action does not know.")
        case "value":
            return Refused("InvalidParameterValue.InvalidParameterValueLimit", f"`{name}` must be {first['msg']}.")
        case "tractor":
            return Refused("UnsupportedOperation", f"`{name}`: tractors' side pages are not read here.")
        case _:
            where = f"The value of `{name}` is of the wrong type." if name else "The body is not a JSON object."
            return Refused("InvalidParameter", where)


# The picture.


def _read(asked: _Asked, document: Document, service: Service) -> dict[str, Any]:
    """The response's fields."""
    picture = _picture(asked, document, service)
    side = asked.side
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
    if not asked.ImageBase64:
        raise Refused("FailedOperation.EmptyImageError")
    if len(asked.ImageBase64) > MAX_BASE64[document]:
        raise Refused("LimitExceeded.TooLargeFileError")
    return from_base64(asked.ImageBase64)


# What is told.


def _vehicle(license_: License, asked: Side) -> dict[str, Any]:
    """The pages, each null that was not asked for or not seen."""
    shown = pages(asked, license_.side)
    if license_.form is Form.ELECTRONIC and asked is Side.BOTH:  # a screen shows what paper has on either page
        shown = frozenset({Side.FRONT, Side.BACK})
    back = VEHICLE_BACK if license_.side is Side.BACK else beside(VEHICLE_BACK)
    return {
        "FrontInfo": _filled(VEHICLE_FRONT, license_) if Side.FRONT in shown else None,
        "BackInfo": _filled(back, license_) if Side.BACK in shown else None,
        "TractorBackInfo": None,
        "VehicleLicenseType": _FORMS[license_.form],
    }


def _driving(license_: License, asked: Side) -> dict[str, Any]:
    """All fields flat; those of a page that was not asked for or not seen are empty."""
    shown = pages(asked, license_.side)
    told = _blank(DRIVING_FRONT + DRIVING_BACK)
    if Side.FRONT in shown:
        told |= written(DRIVING_FRONT, license_)
    if Side.BACK in shown:
        told |= written(DRIVING_BACK, license_)
    elif license_.form is Form.ELECTRONIC:  # what stands on paper's side page, an app shows on its only one
        told |= written([row for row in DRIVING_BACK if not row.source.startswith("BackPage")], license_)
    return told | {"DriverLicenseType": _FORMS[license_.form]}


def _blank(columns: Sequence[Column]) -> dict[str, str]:
    """Every name of the table, with nothing to tell."""
    return {column.source: "" for column in columns}


def _filled(columns: Sequence[Column], license_: License) -> dict[str, str]:
    """Every name of the table; what the license lacks is empty, and what only electronic ones have is so on paper."""
    electronic = license_.form is Form.ELECTRONIC
    told = written([row for row in columns if electronic or not row.source.endswith("Electronic")], license_)
    return _blank(columns) | told


def _warnings(license_: License) -> dict[str, Any]:
    codes = [code for code, flag in WARNINGS.items() if any(raised.code == flag for raised in license_.flags)]
    return {"RecognizeWarnCode": codes, "RecognizeWarnMsg": [WORDS[code] for code in codes]}
