"""Huawei Cloud's OCR as a server: vehicle-license and driver-license.

Sources: the documents of vehicle-license, https://support.huaweicloud.com/api-ocr/ocr_03_0034.html, and driver-license,
https://support.huaweicloud.com/api-ocr/ocr_03_0033.html; the models of huaweicloudsdkocr 3.1.219
for what is newer; OCR's error codes, https://support.huaweicloud.com/api-ocr/ocr_03_0028.html, and how to handle them,
https://support.huaweicloud.com/ocr_faq/ocr_01_0064.html (URLs), ocr_01_0063.html (APIG.0301), ocr_01_0103.html
(ModelArts.0212); the gateway's, https://support.huaweicloud.com/apig_faq/apig-faq-0003.html. The login is that of
`huawei_iam.py`.

Who asks:

- A request is signed with the access key (SDK-HMAC-SHA256, within 15 minutes) or carries a token; with both, the token
  counts. Signed headers are those that the request lists: `Host` and `X-Sdk-Date` must be among them.
- A secret holds a key pair, an account, or both, and its `project_id` is the id of the account's project. Without one,
  that id is made from the project's name; the login's answer tells it.
- Tokens are stateless (`tokens.py`). One that the gateway cannot open is APIG.0301, an old one APIG.0307; what it can
  open and may not be used as it is gets the platform's codes: of another user 0203, without project 0212, of another
  project 4103, without the form of a token 4102. A key that asks for another project is ModelArts.4203.
- Temporary keys are not spoken, nor are the SDK's other algorithms (SM3, ECDSA, derived keys).

What is asked:

- A parameter that is null or an empty text counts as not given; a flag must be a Boolean; unknown members are left
  alone, as each newer SDK has more of them. The body is read as JSON, whatever its content type says.
- Without `side`, the documents differ (recognized by itself; the main page): a single page is told, whichever it is,
  and of a picture of both the main page.
- Edges go up to 8192 pixels, as the SDK has it; the document stops at 8000.
- A picture that cannot be told to be one of the formats is AIS.0102, one that is and cannot be decoded is AIS.0105.

What is told:

- An electronic vehicle license is refused (AIS.0104) unless `recognize_electronic_license` asks for it, for by default
  the API does not recognize them. It counts as a main page, as an electronic driving license does, and what paper has
  on two pages is flat in either's result, `double_side` or not.
- `double_side` tells the pages that were seen, in `front` and `back`.
- Alarms are those of the photo, on each page that is told; scores are left out, as the engine has none.
"""

from __future__ import annotations

import datetime as dt
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

import tokens
from credentials import same
from exchange import json_response
from license_reader.columns import beside
from license_reader.errors import ImageRejected
from license_reader.image import Limits, gate
from license_reader.license import Document, Form, Side
from license_reader.signing import (
    SDK_DATE,
    SDK_HMAC,
    UNSIGNED_PAYLOAD,
    authorization_parameters,
    sdk_canonical_request,
    sdk_signature,
    sha256_hex,
)
from license_reader.vendors.huawei import (
    ALARMS,
    PATHS,
    SIDES,
    TABLES,
    KeyPair,
)
from pictures import from_base64
from service import NoLicense, NotFetched, Refused, TooLarge, Trouble
from tenants import Known
from writing import pages, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exchange import Request, Response
    from license_reader.columns import Column
    from license_reader.license import License
    from service import Service

MAX_BODY = 12 * 1024 * 1024
MAX_BASE64 = 10 * 1024 * 1024
LIMITS = Limits(
    formats=frozenset({"jpeg", "png", "bmp", "tiff"}), max_bytes=MAX_BASE64 // 4 * 3, max_edge=8192, min_edge=100
)
_SKEW_SECONDS = 15 * 60

_DOCUMENTS = MappingProxyType({path: document for document, path in PATHS.items()})
_ASKED_SIDES = MappingProxyType({told: side for side, told in SIDES.items()})
_FORMS = MappingProxyType({Form.PAPER: "normal", Form.ELECTRONIC: "electronic"})

# Of a driving license's main page, what only an app shows; the document says it of `file_number`.
_ON_SCREEN = frozenset({"status", "accumulated_scores", "current_time", "generation_date", "file_number"})
# Of a driving license's side page, what paper shows; the other names are there, and empty.
_ON_BACK = frozenset({"number", "name", "file_number", "record"})

# The gate's flag -> our code.
_REJECTED: Mapping[str, str] = MappingProxyType(
    {
        "not_an_image": "AIS.0102",
        "unsupported_format": "AIS.0102",
        "image_too_large": "AIS.0103",
        "image_too_small": "AIS.0103",
        "image_damaged": "AIS.0102",
    }
)
# The engine's flag -> what is wrong with the picture.
_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "wrong_side": "It does not show the page that `side` asks for.",
        "multiple_cards": "It shows several cards.",
    }
)

# Our codes: status and message, which is the documents' where they give one.
_ERRORS: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "AIS.0101": (400, "The input parameter is invalid."),
        "AIS.0102": (400, "The image format is not supported."),
        "AIS.0103": (400, "The image size does not meet the requirements."),
        "AIS.0104": (400, "The image is not supported or the image quality is poor."),
        "AIS.0105": (400, "Recognition failed."),
        "APIG.0101": (404, "The API does not exist or has not been published in the environment."),
        "APIG.0301": (401, "Incorrect IAM authentication information"),
        "APIG.0307": (401, "The token must be updated."),
        "APIG.0308": (429, "The throttling threshold has been reached: too many pictures wait to be read."),
        "ModelArts.0203": (401, "Invalid token."),
        "ModelArts.0212": (401, "Invalid Token header. The Token not contain project item."),
        "ModelArts.4101": (401, "Token header cannot be empty."),
        "ModelArts.4102": (401, "Parse Token error."),
        "ModelArts.4103": (401, "Invalid Token header."),
        "ModelArts.4104": (400, "Invalid Request Content Length."),
        "ModelArts.4105": (400, "The JSON format of the input data is incorrect."),
        "ModelArts.4203": (403, "Access denied! You do not have permission."),
        "ModelArts.4204": (403, "Access api error! Not subscribe this api."),
        "ModelArts.4505": (500, "Backend service internal error."),
        "ModelArts.4601": (400, "The URL is not allowed."),
        "ModelArts.4603": (400, "Obtaining the file from the URL failed."),
    }
)
_TROUBLES: Mapping[Trouble, str] = MappingProxyType(
    {
        Trouble.INTERNAL: "ModelArts.4505",
        Trouble.BUSY: "APIG.0308",
        Trouble.UNAVAILABLE: "ModelArts.4204",
        Trouble.TOO_LARGE: "ModelArts.4104",
        Trouble.EXPIRED: "APIG.0307",
    }
)


def serves(request: Request) -> bool:
    """Whether the request speaks this dialect."""
    return request.path.startswith(("/v2/", "/v3/"))


def answer(request: Request, service: Service) -> Response:
    """The response to a request of this dialect."""
    try:
        project, document = _route(request)
        service.admit("huawei", Known, lambda known: _authenticate(request, project, known, now=service.clock()))
        asked = _parameters(request, document)
        return _response(request, 200, {"result": _result(_read(asked, document, service), asked)})
    except Refused as refused:
        return _error(request, refused.code, refused.message)


def trouble(trouble: Trouble, request: Request) -> Response:
    """This dialect's response to a trouble."""
    return _error(request, _TROUBLES[trouble])


def _response(request: Request, status: int, body: Mapping[str, Any]) -> Response:
    return json_response(status, body, {"X-Request-Id": request.id})


def _error(request: Request, code: str, message: str = "") -> Response:
    """An error in the form of whoever tells it: the gateway, which adds the request's id, or the service."""
    status, usual = _ERRORS[code]
    told = {"error_code": code, "error_msg": message or usual}
    return _response(request, status, told | {"request_id": request.id} if code.startswith("APIG.") else told)


def _because(code: str, reason: str) -> Refused:
    """An error whose usual message is followed by a reason."""
    return Refused(code, f"{_ERRORS[code][1]} {reason}")


def _unauthenticated(reason: str) -> Refused:
    return Refused("APIG.0301", f"{_ERRORS['APIG.0301'][1]}: {reason}")


_ROUTE = re.compile(r"/v2/(?P<project>[^/]+)/ocr/(?P<api>[^/]+)")


def _route(request: Request) -> tuple[str, Document]:
    """The project and the document that the request names, in no more bytes than are taken."""
    route = _ROUTE.fullmatch(request.path)
    document = _DOCUMENTS.get(route["api"]) if route else None
    if route is None or document is None or request.method != "POST":
        raise Refused("APIG.0101")
    if len(request.body) > MAX_BODY:
        raise Refused("ModelArts.4104")
    return unquote(route["project"]), document


# Who asks.


def _authenticate(request: Request, project: str, known: Known, *, now: float) -> None:
    """Let a request pass whose token, or else signature, is good for the project that it asks for."""
    token = request.headers.get("x-auth-token")
    if token is not None:
        _check_token(token, project, known, now=now)
    elif "authorization" in request.headers:
        _check_signature(request, known.key, now=now)
    else:
        raise _unauthenticated("x-auth-token not found")
    asked = {project, request.headers.get("x-project-id", project)}
    if asked != {known.project_id}:
        raise Refused("ModelArts.4203")


def _check_token(text: str, project: str, known: Known, *, now: float) -> None:
    if not text.strip():
        raise Refused("ModelArts.4101")
    if known.account is None:
        raise _unauthenticated("decrypt token fail")
    try:
        token = tokens.opened(text, known.account.token_key, now=now)
    except tokens.Forged:
        raise _unauthenticated("decrypt token fail") from None
    except tokens.Expired:
        raise Refused("APIG.0307") from None
    except tokens.Unreadable:
        raise Refused("ModelArts.4102") from None
    if token.user != known.account.user_id:
        raise Refused("ModelArts.0203")
    if token.project is None:
        raise Refused("ModelArts.0212")
    if token.project != project:
        raise _because("ModelArts.4103", "It is of another project than the path.")


_SIGNED = frozenset({"host", "x-sdk-date"})
_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)


def _check_signature(request: Request, key: KeyPair | None, *, now: float) -> None:
    """Let a request pass that was signed with the key, within fifteen minutes."""
    algorithm, told = authorization_parameters(request.headers["authorization"])
    signed = told.get("SignedHeaders", "").split(";")
    if algorithm != SDK_HMAC:
        raise _unauthenticated(f"the algorithm is not {SDK_HMAC}")
    if not set(signed) >= _SIGNED or not set(signed) <= set(request.headers):
        raise _unauthenticated("verify aksk signature fail, SignedHeaders lack Host or X-Sdk-Date or name one not sent")
    if key is None or not same(told.get("Access", ""), key.access_key):
        raise _unauthenticated("Get secretKey failed, the access key does not exist")
    if "x-security-token" in request.headers:
        raise _unauthenticated("X-Security-Token is of a temporary key, and there are none")
    date = request.headers["x-sdk-date"]
    if abs(now - _timestamp(date)) > _SKEW_SECONDS:
        raise _unauthenticated("verify aksk signature fail, X-Sdk-Date is more than 15 minutes off")
    signature = sdk_signature(key.secret_key.get_secret_value(), _canonical(request, signed), date)
    if not same(told.get("Signature", ""), signature):
        raise _unauthenticated("verify aksk signature fail")


def _timestamp(date: str) -> float:
    """The time of the header X-Sdk-Date, in seconds since the epoch."""
    try:
        if _DATE.fullmatch(date):
            return dt.datetime.strptime(date, SDK_DATE).replace(tzinfo=dt.UTC).timestamp()
    except ValueError:
        pass
    raise _unauthenticated("verify aksk signature fail, X-Sdk-Date is no time such as 20191115T033655Z")


def _canonical(request: Request, signed: Sequence[str]) -> str:
    """The request in the form that is signed; a payload's hash that it tells must be that of its payload."""
    payload_hash = sha256_hex(request.body)
    told = request.headers.get("x-sdk-content-sha256", payload_hash)
    if told not in {payload_hash, UNSIGNED_PAYLOAD}:
        raise _unauthenticated("verify aksk signature fail, X-Sdk-Content-Sha256 is not the body's hash")
    return sdk_canonical_request(
        request.method, request.path, request.query, headers=request.headers, signed=signed, payload_hash=told
    )


# What is asked.


def _side(told: str | None) -> str | None:
    if told and told not in _ASKED_SIDES:
        raise PydanticCustomError("side", "no such side")
    return told


class _Asked(BaseModel):
    """The parameters; what it does not know is left alone."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True)

    image: str | None = None
    url: str | None = None
    side: Annotated[str | None, AfterValidator(_side)] = None
    return_issuing_authority: bool | None = None
    return_text_location: bool | None = None

    @property
    def page(self) -> Side | None:
        """The page that is asked for."""
        return _ASKED_SIDES[self.side] if self.side else None

    @property
    def forms(self) -> bool:
        """Whether electronic licenses are read as well, and told apart; driving licenses' always are."""
        return True

    @property
    def alarms(self) -> bool:
        """Whether the photo's faults are told."""
        return False


class _AskedOfVehicle(_Asked):
    recognize_electronic_license: bool | None = None
    alarm: bool | None = None

    @property
    def forms(self) -> bool:
        return bool(self.recognize_electronic_license)

    @property
    def alarms(self) -> bool:
        return bool(self.alarm)


_SHAPES: Mapping[Document, type[_Asked]] = MappingProxyType(
    {Document.VEHICLE_LICENSE: _AskedOfVehicle, Document.DRIVING_LICENSE: _Asked}
)


def _parameters(request: Request, document: Document) -> _Asked:
    """The parameters, of which exactly one is a picture."""
    try:
        asked = _SHAPES[document].model_validate_json(request.body)
    except ValidationError as error:
        raise _misasked(error) from None
    if bool(asked.image) is bool(asked.url):
        raise _because("AIS.0101", "Either `image` or `url` must be given, and not both.")
    return asked


# A model's error, in words.
_WANTED = MappingProxyType(
    {"string_type": "a text", "bool_type": "true or false", "side": "one of front, back, double_side"}
)


def _misasked(error: ValidationError) -> Refused:
    """The error for the first parameter that is wrong; it names the parameter and not its value."""
    first = error.errors(include_input=False, include_url=False)[0]
    name = ".".join(map(str, first["loc"]))
    if not name:
        return Refused("ModelArts.4105")
    wanted = _WANTED[first["type"]]
    return _because("AIS.0101", f"`{name}` must be {wanted}.")


# The picture.


def _read(asked: _Asked, document: Document, service: Service) -> License:
    """The license that was asked for."""
    picture = _picture(asked, service)
    page = None if asked.page is Side.BOTH else asked.page
    try:
        license_ = service.read(picture, document, page)
    except ImageRejected as rejected:
        raise Refused("AIS.0105") from rejected
    except NoLicense as nothing:
        raise Refused("AIS.0104") from nothing
    if license_.document is not document:
        raise _because("AIS.0104", "It shows a license of the other kind.")
    for flag in license_.flags:
        if flag.code in _REFUSED:
            raise _because("AIS.0104", _REFUSED[flag.code])
    if license_.form is Form.ELECTRONIC and not asked.forms:
        raise _because(
            "AIS.0104", "It is an electronic license, which `recognize_electronic_license` does not ask for."
        )
    return license_


def _picture(asked: _Asked, service: Service) -> bytes:
    """The picture's bytes, which may be decoded."""
    try:
        picture = _fetched(asked.url, service) if asked.url else _carried(asked.image or "")
        image = gate(picture)
    except ImageRejected as rejected:
        raise Refused(_REJECTED[rejected.flag]) from rejected
    if image.format not in LIMITS.formats:
        raise Refused("AIS.0102")
    if not LIMITS.take(image):
        raise _because("AIS.0103", f"Edges have {LIMITS.min_edge} to {LIMITS.max_edge} pixels.")
    return picture


_URL = re.compile(r"https?://[!-~]+", re.IGNORECASE)


def _fetched(url: str, service: Service) -> bytes:
    if not _URL.fullmatch(url):
        raise _because("ModelArts.4601", "It must begin with http:// or https:// and be percent-encoded.")
    try:
        return service.fetch(url, max_bytes=LIMITS.max_bytes)
    except NotFetched as error:
        raise Refused("ModelArts.4603") from error
    except TooLarge as error:
        raise _because("AIS.0103", f"In base64 it has more than {MAX_BASE64} bytes.") from error


def _carried(image: str) -> bytes:
    if len(image) > MAX_BASE64:
        raise _because("AIS.0103", f"In base64 it has more than {MAX_BASE64} bytes.")
    return from_base64(image)


# What is told.


def _result(license_: License, asked: _Asked) -> dict[str, Any]:
    """The license, flat or page by page."""
    form = {"type": _FORMS[license_.form]} if asked.forms else {}
    if license_.form is Form.ELECTRONIC:
        front, back, aside = TABLES[license_.document]
        return form | _page((*front, *back, *aside), license_, asked)
    shown = pages(asked.page or Side.FRONT, license_.side)
    told = {SIDES[side]: _paper(side, license_, asked) for side in (Side.FRONT, Side.BACK) if side in shown}
    if asked.page is not Side.BOTH:
        return form | next(iter(told.values()))
    if license_.document is Document.DRIVING_LICENSE:  # its pages tell the form as well
        return form | {side: form | page for side, page in told.items()}
    return form | told


def _paper(side: Side, license_: License, asked: _Asked) -> dict[str, Any]:
    """A page of paper, with its alarms."""
    front, back, _ = TABLES[license_.document]
    rows = front if side is Side.FRONT else back
    if license_.document is Document.DRIVING_LICENSE:
        if side is Side.FRONT:
            return _page([row for row in rows if row.source not in _ON_SCREEN], license_, asked)
        return _page(rows, license_, asked, shown=[row for row in rows if row.source in _ON_BACK])
    if side is Side.BACK and license_.side is Side.BOTH:
        rows = beside(rows)
    return _page(rows, license_, asked) | (_alarms(license_) if asked.alarms else {})


def _page(
    rows: Sequence[Column], license_: License, asked: _Asked, *, shown: Sequence[Column] | None = None
) -> dict[str, Any]:
    """Every name of the rows, empty where nothing was read; `shown` are the rows to tell of, all by default."""
    wanted = [row for row in rows if row.name != "issuing_authority" or asked.return_issuing_authority]
    telling = [row for row in wanted if shown is None or row in shown]
    told: dict[str, Any] = {row.source: "" for row in wanted} | written(telling, license_)
    if told.get("code_number"):  # as it is printed, and as the document shows it
        told["code_number"] = f"*{told['code_number']}*"
    if "status" in told:
        told["status"] = list(getattr(license_.fields, "status", None) or ())
    if asked.return_text_location:
        told["text_location"] = _places(telling, license_)
    return told


def _places(rows: Sequence[Column], license_: License) -> dict[str, list[list[int]]]:
    """Four points a field that was read, clockwise from the upper left, in whole pixels."""
    found = {row.source: license_.boxes[row.name] for row in rows if row.name in license_.boxes}
    return {source: [[round(x), round(y)] for x, y in box] for source, box in found.items()}


def _alarms(license_: License) -> dict[str, dict[str, bool]]:
    raised = {flag.code for flag in license_.flags}
    return {"alarm_result": {alarm: code in raised for alarm, (code, _) in ALARMS.items()}}
