"""Tencent's first image API as a server: `/ocr/drivinglicence`, for vehicle and driving licenses alike.

Sources: the document of `drivinglicence`; that of its signatures, https://cloud.tencent.com/document/product/866/17734,
in the edition that github.com/tencentyun/qcloud-documents keeps (智能图像服务/API与SDK/鉴权签名.md); qcloud-image 1.0.0
and PHP clients for how real clients send things.

- The signed text is `a=&b=&k=&e=&t=&r=&f=` in any order: the document's own Java example has another, `f` left out.
  `u` is a relic that older clients send. Times may have a fraction: there are clients that do not cut it off.
- A signature is good until `e`, which comes after `t` and by three months at most; `t` may be five minutes ahead of
  our clock. Character recognition takes signatures for many uses only: one for a single use has `e=0` and is too old.
- A signature that is bound to a file (`f`) is good for that file, and this API knows none: code 6.
- A bucket is compared where one is told: the text's may be empty, the request need not name any.
- JSON carries `url` or `image` in base64, a form `image` in bytes. A form's `image` in base64 and its `url` are taken
  too, and so are JSON without a content type, as the Python client sends some, and an `appid` or `type` that is a
  number or a text.
- The document lists JPG, PNG and BMP "and so on": TIFF and WebP are so on. GIF is refused.
- The document gives no HTTP status. That of the same family's photo storage (web.image.myqcloud.com) has 200 and, for
  failures, 400; so have we, but where the failure is ours: there a 5xx says so to proxies and alarms. Clients look at
  `code`: qcloud-image hands on status and body alike, whatever they are.
- `itemconf` is 0 to 1, as in the document's sample, which is what a client sees; its table says 0 to 100.
- `type` 2 has no list of fields in the document: they go by the names printed on the page.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from credentials import same
from exchange import json_response
from forms import MULTIPART, BadForm, form
from license_reader.columns import beside
from license_reader.errors import ImageRejected
from license_reader.image import gate
from license_reader.license import Side
from license_reader.signing import legacy_parts, legacy_signature_holds
from license_reader.vendors.tencent_legacy import COLUMNS, PATH, TYPES, AppKey
from pictures import from_base64
from service import NoLicense, NotFetched, Refused, TooLarge, Trouble
from writing import written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exchange import Request, Response
    from license_reader.columns import Column
    from license_reader.license import License, Page, Polygon
    from service import Service

MAX_BODY = 6 * 1024 * 1024
"""Of a request, and of a picture behind a URL."""
MAX_TEXT = 4096
"""Characters of a parameter other than the picture; URLs that carry a signature need many."""

_FAMILY = "/ocr/"
_JSON = frozenset({"application/json", ""})
_AHEAD_SECONDS = 300
_MOST_SECONDS = 92 * 24 * 3600
_PAGES: Mapping[str, Page] = MappingProxyType({str(number): page for page, number in TYPES.items()})
_UNSURE = frozenset({"wrong_side", "multiple_cards"})

_MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "3": "bad request",
        "4": "the header Authorization is missing or empty",
        "5": "the header Authorization is no signature: base64 of HMAC-SHA1 and a=&b=&k=&e=&t=&r=&f=",
        "6": "appid or bucket of the signature is not that of the request, or it is bound to a file",
        "9": "the signature has expired, or is good for more than three months",
        "10": "there is no such appid",
        "11": "there is no such SecretId",
        "14": "the signature does not match its text",
        "15": "too many pictures wait to be read; ask again in a few seconds",
        "16": "there is no such bucket",
        "21": "a parameter is of the wrong type",
        "23": f"more than {MAX_BODY} bytes",
        "108": "signatures cannot be verified now",
        "213": "internal error",
        "-1102": "the picture cannot be decoded",
        "-1300": "there is no picture",
        "-1301": "a parameter is missing or empty",
        "-1304": f"a parameter has more than {MAX_TEXT} characters",
        "-1308": "the picture could not be downloaded",
        "-9001": f"type is none of {', '.join(_PAGES)}",
        "-9002": "no page of this type was recognized",
        "-9005": "a picture of this kind is not read",
        "-9006": "the picture has too many pixels to be prepared",
    }
)
# Failures of ours; all others are 400.
_STATUSES: Mapping[str, int] = MappingProxyType({"108": 503, "213": 500})

# The code for what the gate says of a picture.
_REJECTED: Mapping[str, str] = MappingProxyType(
    {
        "not_an_image": "-1102",
        "unsupported_format": "-9005",
        "image_too_large": "-9006",
        "image_too_small": "-9005",
        "image_damaged": "-1102",
    }
)
_TROUBLES: Mapping[Trouble, str] = MappingProxyType(
    {
        Trouble.INTERNAL: "213",
        Trouble.BUSY: "15",
        Trouble.UNAVAILABLE: "108",
        Trouble.TOO_LARGE: "23",
        Trouble.EXPIRED: "9",
    }
)


class _Asked(BaseModel):
    """The parameters; a form's picture is bytes, and one in base64 a text."""

    model_config = ConfigDict(extra="ignore", strict=True, hide_input_in_errors=True)

    appid: str | int | None = None
    bucket: str | int | None = None
    type: str | int | None = None
    url: str | None = None
    image: str | bytes | None = None


@dataclass(frozen=True, slots=True)
class _Signed:
    """What a caller has signed; times in seconds since the epoch."""

    appid: str
    bucket: str
    secret_id: str
    expires: float
    issued: float
    file: str


def serves(request: Request) -> bool:
    """Whether the request speaks this dialect."""
    return request.path.startswith(_FAMILY)


def answer(request: Request, service: Service) -> Response:
    """The response to a request of this dialect."""
    try:
        _admit(request)
        key, signed = service.admit("tencent_legacy", AppKey, lambda key: _authenticate(request, key, service.clock()))
        asked = _parameters(request)
        _authorize(asked, signed, key)
        page = _page(asked)
        items = _items(_read(_picture(asked, service), page, service), page)
    except Refused as refused:
        return _error(request, refused.code, refused.message)
    return _response(request, 200, {"code": 0, "message": "OK"}, items=items)


def trouble(trouble: Trouble, request: Request) -> Response:
    """This dialect's response to a trouble."""
    return _error(request, _TROUBLES[trouble])


def _response(request: Request, status: int, told: Mapping[str, Any], **data: Any) -> Response:
    return json_response(status, {**told, "data": {"session_id": request.id, **data}})


def _error(request: Request, code: str, message: str = "") -> Response:
    told = {"code": int(code), "message": message or _MESSAGES[code]}
    return _response(request, _STATUSES.get(code, 400), told)


def _admit(request: Request) -> None:
    """Let a request pass that may be one."""
    if len(request.body) > MAX_BODY:
        raise Refused("23")
    if request.path != PATH or request.method != "POST":
        raise Refused("3", f"bad request: there is POST {PATH}")


# Who asks.

_TIME = re.compile(r"\d{1,12}(?:\.\d{1,9})?", re.ASCII)
_NONCE = re.compile(r"\d{1,10}", re.ASCII)
_NEEDED = frozenset("akter")
_KNOWN = _NEEDED | frozenset("bfu")


def _authenticate(request: Request, key: AppKey, now: float) -> tuple[AppKey, _Signed]:
    """The key, and what the caller has signed with it, still good."""
    authorization = request.headers.get("authorization", "").strip()
    if not authorization:
        raise Refused("4")
    try:
        signature, text = legacy_parts(authorization)
        signed = _signed(text)
    except ValueError:
        raise Refused("5") from None
    if signed.appid != key.appid:
        raise Refused("10")
    if not same(signed.secret_id, key.secret_id):
        raise Refused("11")
    if not legacy_signature_holds(key.secret_key.get_secret_value(), signature, text):
        raise Refused("14")
    if not _current(signed, now):
        raise Refused("9")
    return key, signed


def _signed(text: str) -> _Signed:
    """The parts of a signed text; raises ValueError when it is none."""
    pairs = [part.partition("=")[::2] for part in text.split("&")]
    told = dict(pairs)
    if len(told) < len(pairs) or not _NEEDED <= set(told) <= _KNOWN:
        raise ValueError("not a text that is signed")
    if not (_TIME.fullmatch(told["e"]) and _TIME.fullmatch(told["t"]) and _NONCE.fullmatch(told["r"])):
        raise ValueError("no times or no number")
    return _Signed(
        appid=told["a"],
        bucket=told.get("b", ""),
        secret_id=told["k"],
        expires=float(told["e"]),
        issued=float(told["t"]),
        file=told.get("f", ""),
    )


def _current(signed: _Signed, now: float) -> bool:
    """Whether the signature is good now: made, not yet expired, and not made to last."""
    lasts = signed.expires - signed.issued
    return 0 < lasts <= _MOST_SECONDS and signed.issued - _AHEAD_SECONDS <= now <= signed.expires


def _authorize(asked: _Asked, signed: _Signed, key: AppKey) -> None:
    """Let a request pass that is the one that was signed for."""
    appid, bucket = _needed(asked.appid, "appid"), _text(asked.bucket, "bucket")
    if appid != signed.appid or signed.file or (bucket and signed.bucket and bucket != signed.bucket):
        raise Refused("6")
    if any(told and told != key.bucket for told in (bucket, signed.bucket)):
        raise Refused("16")


# What is asked.


def _parameters(request: Request) -> _Asked:
    """The parameters of a form or of JSON."""
    try:
        if request.media_type == MULTIPART:
            return _of_form(request)
        if request.media_type in _JSON:
            return _Asked.model_validate_json(request.body)
    except BadForm as error:
        raise Refused("3", f"bad request: {error}") from error
    except ValidationError as error:
        raise _misasked(error) from None
    raise Refused("3", f"bad request: the content type is neither application/json nor {MULTIPART}")


def _of_form(request: Request) -> _Asked:
    sent = form(request, max_bytes=MAX_BODY)
    picture = sent.content("image")
    # No picture is all ASCII, and base64 is nothing else.
    image = picture.decode() if picture is not None and picture.isascii() else picture
    return _Asked.model_validate(
        {name: sent.text(name) for name in ("appid", "bucket", "type", "url")} | {"image": image}
    )


def _misasked(error: ValidationError) -> Refused:
    """The error for the first parameter that is wrong; it names the parameter and not its value."""
    first = error.errors(include_input=False, include_url=False)[0]
    if not first["loc"]:
        return Refused("3", "bad request: the body is not a JSON object")
    return Refused("21", f"{_MESSAGES['21']}: {first['loc'][0]}")


def _text(told: str | int | None, name: str) -> str:
    """The parameter as a text, empty where there is none."""
    text = "" if told is None else str(told)
    if len(text) > MAX_TEXT:
        raise Refused("-1304", f"{_MESSAGES['-1304']}: {name}")
    return text


def _needed(told: str | int | None, name: str) -> str:
    text = _text(told, name)
    if not text:
        raise Refused("-1301", f"{_MESSAGES['-1301']}: {name}")
    return text


def _page(asked: _Asked) -> Page:
    """The page to read."""
    page = _PAGES.get(_needed(asked.type, "type"))
    if page is None:
        raise Refused("-9001")
    return page


# The picture.


def _picture(asked: _Asked, service: Service) -> bytes:
    """The picture's bytes, which may be decoded; a URL goes before what the request itself carries."""
    url = _text(asked.url, "url")
    if not url and not asked.image:
        raise Refused("-1300")
    try:
        picture = _fetched(url, service) if url else _carried(asked.image or b"")
        gate(picture)
    except ImageRejected as rejected:
        raise Refused(_REJECTED[rejected.flag]) from rejected
    return picture


def _fetched(url: str, service: Service) -> bytes:
    try:
        return service.fetch(url, max_bytes=MAX_BODY)
    except NotFetched as error:
        raise Refused("-1308") from error
    except TooLarge as error:
        raise Refused("23") from error


def _carried(image: str | bytes) -> bytes:
    return from_base64(image) if isinstance(image, str) else image


def _read(picture: bytes, page: Page, service: Service) -> License:
    """The license that shows the page asked for, by itself or beside the other."""
    document, side = page
    try:
        license_ = service.read(picture, document, side)
    except ImageRejected as rejected:
        raise Refused(_REJECTED[rejected.flag]) from rejected
    except NoLicense as nothing:
        raise Refused("-9002") from nothing
    seen = license_.document is document and license_.side in {side, Side.BOTH}
    if not seen or any(flag.code in _UNSURE for flag in license_.flags):
        raise Refused("-9002")
    return license_


# What is told.


def _items(license_: License, page: Page) -> list[dict[str, Any]]:
    """The items that were read, in the document's order, each with its place and score where they are known."""
    columns = COLUMNS[TYPES[page]]
    rows = _once(beside(columns) if license_.side is Side.BOTH and page[1] is Side.BACK else columns)
    return [_item(rows[source], text, license_) for source, text in written(rows.values(), license_).items()]


def _once(columns: Iterable[Column]) -> dict[str, Column]:
    """The columns by source; of two for one field the first, which has the name that is printed on the page."""
    names: dict[str, Column] = {}
    for column in columns:
        names.setdefault(column.name, column)
    return {column.source: column for column in names.values()}


def _item(column: Column, text: str, license_: License) -> dict[str, Any]:
    item: dict[str, Any] = {"item": column.source}
    if column.name in license_.boxes:
        item["itemcoord"] = _around(license_.boxes[column.name])
    if column.name in license_.confidence:
        item["itemconf"] = license_.confidence[column.name]
    return item | {"itemstring": text}


def _around(box: Polygon) -> dict[str, int]:
    """The upright rectangle around a polygon, in whole pixels of the picture."""
    left, top = (max(0, math.floor(min(along))) for along in zip(*box, strict=True))
    right, bottom = (math.ceil(max(along)) for along in zip(*box, strict=True))
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}
