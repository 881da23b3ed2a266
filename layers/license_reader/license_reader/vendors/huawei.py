"""Huawei Cloud OCR: both licenses, both pages, paper and electronic, by signature or by token.

Sources: the documents of vehicle-license (the Chinese one has a sample with full-width colons, which is no JSON);
huaweicloudsdkocr 3.1.219 for what is newer than them: driver-license, `double_side`, electronic licenses, places of
texts, alarms. The SDK documents no thresholds for the alarms: `true` is the flag, the score goes along as its detail.
The error codes are those of the OCR service's own page, https://support.huaweicloud.com/api-ocr/ocr_03_0028.html.

- The SDK takes pictures of up to 8192 pixels, the document of up to 8000: the smaller holds everywhere.
- The document sends `application/json`, the SDK adds a charset; both are accepted.
- An electronic vehicle license has fields of both pages in one flat result, so a single page is read by both tables.
- In a `double_side` answer the pages stand in `front` and `back`, and what belongs to neither stays beside them.
- Endpoint: `{region}` in it is replaced by the region of the settings, cn-north-4 without one.
- Tokens come from the IAM service: for `ocr.<place>.myhuaweicloud.com` that is `iam.<place>.myhuaweicloud.com`; any
  other endpoint (loopback, our OCR API, a proxy) is taken to serve `/v3/auth/tokens` itself.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar
from urllib.parse import quote

import requests
from pydantic import BaseModel, ConfigDict, Discriminator, RootModel, SecretStr, StringConstraints, Tag

from license_reader import values
from license_reader.columns import Column, beside, gather, joined
from license_reader.errors import (
    AccountRefused,
    CredentialsRefused,
    DocumentRefused,
    RequestRefused,
    SizeRefused,
    Throttled,
    Unavailable,
)
from license_reader.flags import Flag
from license_reader.image import Limits
from license_reader.license import FARTHEST, FIELDS, Document, Form, License, Side
from license_reader.signing import SdkHmacAuth
from license_reader.vendors._base import (
    NO_LICENSE,
    Action,
    BaseVendor,
    Credentials,
    Key,
    KeyId,
    Refusal,
    Token,
    json_object,
    json_with_picture,
    missing_page,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from license_reader.columns import Gathered
    from license_reader.license import Page, Polygon
    from license_reader.vendors._base import Job, Reply

REGION = "cn-north-4"
TOKENS_PATH = "/v3/auth/tokens"
TOKEN_HEADER = "X-Subject-Token"  # noqa: S105 - the header's name

type ProjectId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]+$")]
"""32 hexadecimal digits, as Huawei makes them; whatever it is, it must stand in a path as it is."""

PATHS = MappingProxyType({Document.VEHICLE_LICENSE: "vehicle-license", Document.DRIVING_LICENSE: "driver-license"})
SIDES = MappingProxyType({Side.FRONT: "front", Side.BACK: "back", Side.BOTH: "double_side"})
OPTIONS: Mapping[Document, tuple[str, ...]] = MappingProxyType(
    {
        Document.VEHICLE_LICENSE: (
            "return_issuing_authority",
            "return_text_location",
            "recognize_electronic_license",
            "alarm",
        ),
        Document.DRIVING_LICENSE: ("return_issuing_authority", "return_text_location"),
    }
)
"""What is off unless asked for; all of it is asked for."""

VEHICLE_FRONT = (
    Column("plate_no", "number", values.code),
    Column("vehicle_type", "vehicle_type"),
    Column("owner", "name"),
    Column("address", "address"),
    Column("use_character", "use_character"),
    Column("brand_model", "model"),
    Column("vin", "vin", values.code),
    Column("engine_no", "engine_no", values.code),
    Column("register_date", "register_date", values.date),
    Column("issue_date", "issue_date", values.date),
    Column("issuing_authority", "issuing_authority"),
)
VEHICLE_BACK = (
    Column("plate_no", "number", values.code),
    Column("file_no", "file_no", values.code),
    Column("passengers", "approved_passengers", values.persons),
    Column("gross_mass_kg", "gross_mass", values.mass),
    Column("curb_mass_kg", "unladen_mass", values.mass),
    Column("rated_load_kg", "approved_load", values.mass),
    Column("dimensions", "dimension", values.dimensions),
    Column("towing_mass_kg", "traction_mass", values.mass),
    Column("remarks", "remarks"),
    Column("inspection", "inspection_record", values.inspection),
    Column("barcode", "code_number", values.code),
    Column("energy_type", "energy_type"),
)
VEHICLE_ELECTRONIC = (
    Column("energy_type", "energy_type"),
    Column("body_color", "color"),
    Column("scrap_date", "mandatory_scrapping_date", values.date),
    Column("status", "status", values.listing),
)
DRIVING_FRONT = (
    Column("license_no", "number", values.code),
    Column("name", "name"),
    Column("sex", "sex"),
    Column("nationality", "nationality"),
    Column("address", "address"),
    Column("birth_date", "birth", values.date),
    Column("first_issue_date", "issue_date", values.date),
    Column("vehicle_classes", "class", values.classes),
    Column("valid_from", "valid_from", values.date),
    Column("valid_until", "valid_to", values.validity),
    Column("issuing_authority", "issuing_authority"),
    Column("status", "status", values.listing),
    Column("accumulated_points", "accumulated_scores", values.count),
    Column("shown_at", "current_time"),
    Column("generated_at", "generation_date"),
    Column("file_no", "file_number", values.code),
)
DRIVING_BACK = (
    Column("license_no", "number", values.code),
    Column("name", "name"),
    Column("address", "address"),
    Column("issuing_authority", "issuing_authority"),
    Column("file_no", "file_number", values.code),
    Column("record", "record"),
)

TABLES: Mapping[Document, tuple[tuple[Column, ...], tuple[Column, ...], tuple[Column, ...]]] = MappingProxyType(
    {
        Document.VEHICLE_LICENSE: (VEHICLE_FRONT, VEHICLE_BACK, VEHICLE_ELECTRONIC),
        Document.DRIVING_LICENSE: (DRIVING_FRONT, DRIVING_BACK, ()),
    }
)
"""The main page, the side page, and what a picture of both has beside its pages."""

ALARMS = MappingProxyType(
    {
        "detect_border_integrity_result": ("border_incomplete", "border_integrity_score"),
        "detect_blocking_within_border_result": ("occluded", "blocking_within_border_score"),
    }
)

_OCR_HOST = re.compile(r"(https?://)ocr\.([\w-]+\.myhuaweicloud\.(?:com|cn|eu))", re.IGNORECASE)


class KeyPair(Credentials):
    """An access key, and the project that is charged."""

    access_key: KeyId
    secret_key: Key
    project_id: ProjectId


class Account(Credentials):
    """An IAM user who fetches tokens: domain is the account's name, project a region's, such as cn-north-4."""

    domain: str
    user: str
    password: SecretStr
    project: str


def _shape(told: object) -> str:
    """Which of the two a secret is; one that holds both is read as the key, which needs no login."""
    if isinstance(told, dict):
        account = not Account.model_fields.keys().isdisjoint(told) and "access_key" not in told
    else:
        account = isinstance(told, Account)
    return "account" if account else "key"


class Secret(
    RootModel[Annotated[Annotated[KeyPair, Tag("key")] | Annotated[Account, Tag("account")], Discriminator(_shape)],]
):
    """Either of the two, in `root`.

    A model around the union, because only a model can keep what it was given out of its errors.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    def __repr__(self) -> str:
        return f"Secret({self.root!r})"

    __str__ = __repr__


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="allow")


class _IamFault(_Lenient):
    code: int | str


class _Page(_Lenient):
    type: str | None = None
    text_location: Any = None
    alarm_result: dict[str, bool | None] | None = None
    alarm_confidence: dict[str, Any] | None = None

    def told(self) -> dict[str, Any]:
        """The fields as they came."""
        return self.model_extra or {}


class _Result(_Page):
    front: _Page | None = None
    back: _Page | None = None

    def pages(self) -> list[_Page]:
        """The result itself and the pages in it."""
        return [page for page in (self, self.front, self.back) if page is not None]


class _Answer(_Lenient):
    result: _Result | None = None
    error_code: str | None = None
    error: _IamFault | None = None


class _Scope(_Lenient):
    id: str


class _TokenBody(_Lenient):
    expires_at: dt.datetime
    project: _Scope | None = None


class _TokenAnswer(_Lenient):
    token: _TokenBody


class Vendor(BaseVendor):
    """Huawei Cloud's vehicle-license and driver-license."""

    name = "huawei"
    endpoint = "https://ocr.{region}.myhuaweicloud.com"
    # 10 MB of base64; the SDK advises files of at most 7 MB.
    limits = Limits(formats=frozenset({"jpeg", "png", "bmp", "tiff"}), max_bytes=7_000_000, max_edge=8000, min_edge=100)
    pages: ClassVar[frozenset[Page]] = frozenset((document, side) for document in Document for side in Side)
    credentials = Secret
    actions: ClassVar[Mapping[str, Action]] = MappingProxyType(
        {
            NO_LICENSE: Action(DocumentRefused, "not_a_license"),
            # The service. AIS.0101 is about parameters that we wrote: were it laid to the picture, one option that a
            # region does not know would refuse every upload for good.
            "AIS.0101": Action(RequestRefused),
            "AIS.0102": Action(DocumentRefused, "unsupported_format"),
            "AIS.0103": Action(SizeRefused),  # too large and too small alike
            "AIS.0104": Action(DocumentRefused, "not_a_license"),
            "AIS.0105": Action(DocumentRefused, "unreadable"),
            # The gateway.
            "APIG.0101": Action(RequestRefused),
            "APIG.0106": Action(RequestRefused),
            "APIG.0201": Action(Throttled),
            "APIG.0301": Action(CredentialsRefused),
            "APIG.0307": Action(CredentialsRefused),
            "APIG.0308": Action(Throttled),
            # The platform.
            "ModelArts.0203": Action(CredentialsRefused),
            "ModelArts.0212": Action(CredentialsRefused),
            "ModelArts.4101": Action(CredentialsRefused),
            "ModelArts.4102": Action(CredentialsRefused),
            "ModelArts.4103": Action(CredentialsRefused),
            "ModelArts.4104": Action(SizeRefused, "image_too_large"),
            "ModelArts.4105": Action(RequestRefused),
            "ModelArts.4203": Action(CredentialsRefused),  # the key is of another project, or may not ask for OCR
            "ModelArts.4204": Action(AccountRefused),
            "ModelArts.4302": Action(Unavailable),
            "ModelArts.4401": Action(Unavailable),
            "ModelArts.4402": Action(Unavailable),
            "ModelArts.4403": Action(Unavailable),
            "ModelArts.4502": Action(Unavailable),
            "ModelArts.4505": Action(Unavailable),
            # Pictures behind URLs, of which we send none.
            "ModelArts.4601": Action(RequestRefused),
            "ModelArts.4603": Action(RequestRefused),
            # The login. Its older form has the HTTP status for a code.
            "IAM": Action(CredentialsRefused),
            "IAM.400": Action(RequestRefused),
            "IAM.404": Action(RequestRefused),
            "IAM.429": Action(Throttled),
            "IAM.500": Action(Unavailable),
            "IAM.503": Action(Unavailable),
        }
    )

    def request(self, job: Job, credentials: Secret, token: Token | None) -> requests.Request:
        """The JSON of picture, side and options, signed or with the token."""
        key = credentials.root if isinstance(credentials.root, KeyPair) else None
        project = key.project_id if key else token and token.project
        headers = {"Content-Type": "application/json"}
        auth = None
        if key:
            headers["X-Project-Id"] = key.project_id
            auth = SdkHmacAuth(key.access_key, key.secret_key.get_secret_value(), clock=self._clock)
        elif token:
            headers["X-Auth-Token"] = token.value
        options: dict[str, object] = dict.fromkeys(OPTIONS[job.document], True)
        return requests.Request(
            "POST",
            f"{self._ocr()}/v2/{quote(project or '', safe='')}/ocr/{PATHS[job.document]}",
            headers=headers,
            data=json_with_picture("image", job.image.content, {"side": SIDES[job.side], **options}),
            auth=auth,
        )

    def login(self, credentials: Secret) -> requests.Request | None:
        """The request for a token scoped to the account's project; None for an access key, which signs."""
        account = credentials.root
        if isinstance(account, KeyPair):
            return None
        user = {
            "name": account.user,
            "password": account.password.get_secret_value(),
            "domain": {"name": account.domain},
        }
        body = {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": account.project}},
            }
        }
        return requests.Request(
            "POST",
            iam_endpoint(self._ocr()) + TOKENS_PATH,
            headers={"Content-Type": "application/json"},
            data=json.dumps(body, ensure_ascii=False).encode(),
        )

    def token(self, reply: Reply) -> Token:
        """The token of a login's header; expiry and project's id are in its body."""
        told = _TokenAnswer.model_validate(json_object(reply.body)).token
        value = reply.headers.get(TOKEN_HEADER)
        project = told.project.id if told.project else self.address.project
        if not value or not project:
            raise ValueError("a login without a token or a project")
        expires = told.expires_at if told.expires_at.tzinfo else told.expires_at.replace(tzinfo=dt.UTC)
        return Token(value, expires.timestamp(), project)

    def refusal(self, reply: Reply) -> Refusal | None:
        """The error code of the service or of the login; `NO_LICENSE` for a result in which nothing stands."""
        answer = _Answer.model_validate(json_object(reply.body))
        request_id = reply.headers.get("X-Request-Id")
        if answer.error_code is not None:
            return Refusal(answer.error_code, request_id)
        if answer.error is not None:
            return Refusal(f"IAM.{answer.error.code}", request_id)
        if TOKEN_HEADER in reply.headers:
            return None
        if answer.result is None:
            raise ValueError("neither a result nor an error")
        if all(told is None for page in answer.result.pages() for told in page.told().values()):
            return Refusal(NO_LICENSE, request_id)
        return None

    def license(self, reply: Reply, job: Job) -> License:
        """The pages that came, which for a picture of both may be one; then the other is flagged as missing."""
        raw = json_object(reply.body)
        result = _Answer.model_validate(raw).result
        if result is None:
            raise ValueError("no result")
        side, gathered, boxes = _pages(result, job)
        return License(
            document=job.document,
            side=side,
            form=Form.ELECTRONIC if any(page.type == "electronic" for page in result.pages()) else Form.PAPER,
            vendor=self.name,
            vendor_request_id=reply.headers.get("X-Request-Id"),
            fields=FIELDS[job.document].model_validate(gathered.values),
            boxes=boxes,
            flags=(*gathered.flags, *_alarms(result), *missing_page(self.name, job.side, side)),
            raw=raw,
        )

    def _ocr(self) -> str:
        return self.address.endpoint.replace("{region}", self.address.region or REGION)


def iam_endpoint(ocr_endpoint: str) -> str:
    """Where tokens for an OCR endpoint come from: Huawei's IAM of the same place, or the endpoint itself."""
    match = _OCR_HOST.fullmatch(ocr_endpoint)
    return f"{match[1]}iam.{match[2]}" if match else ocr_endpoint


def _pages(result: _Result, job: Job) -> tuple[Side, Gathered, dict[str, Polygon]]:
    """The side that was seen, its values and their places."""
    front_table, back_table, rest = TABLES[job.document]
    if result.front is None and result.back is None:
        # One page, flat. The table of the page asked for goes first: its names are the likelier ones.
        columns = back_table + front_table if job.side is Side.BACK else front_table + back_table
        gathered = gather(columns + rest, result.told(), vendor=Vendor.name)
        side = Side.FRONT if job.side is Side.BOTH else job.side
        return side, gathered, _boxes(gathered, result)
    aside = gather(rest, result.told(), vendor=Vendor.name)
    if result.front is None or result.back is None:
        page, columns, side = (
            (result.front, front_table, Side.FRONT) if result.front else (result.back, back_table, Side.BACK)
        )
        gathered = gather(columns, page.told() if page else {}, vendor=Vendor.name)
        return side, joined(gathered, aside, vendor=Vendor.name), _boxes(gathered, page)
    front = gather(front_table, result.front.told(), vendor=Vendor.name)
    back = gather(
        beside(back_table) if job.document is Document.VEHICLE_LICENSE else back_table,
        result.back.told(),
        vendor=Vendor.name,
    )
    both = joined(joined(front, back, vendor=Vendor.name), aside, vendor=Vendor.name)
    return Side.BOTH, both, _boxes(back, result.back) | _boxes(front, result.front)


def _boxes(gathered: Gathered, page: _Page | None) -> dict[str, Polygon]:
    """The places of the fields, as far as they are told and are polygons: a field is worth more than its place."""
    places = page.text_location if page else None
    if not isinstance(places, dict):
        return {}
    found = {name: _polygon(places.get(source)) for name, source in gathered.sources.items()}
    return {name: polygon for name, polygon in found.items() if polygon}


def _polygon(told: object) -> Polygon | None:
    """Four points of a picture, None for anything else."""
    if not isinstance(told, list) or len(told) != 4:
        return None
    points = [point for point in told if isinstance(point, list) and len(point) == 2]
    places = [place for point in points for place in point]
    if len(points) != 4 or not all(isinstance(place, int | float) and abs(place) <= FARTHEST for place in places):
        return None
    return tuple((float(x), float(y)) for x, y in points)


def _alarms(result: _Result) -> list[Flag]:
    """The flags of the alarms, of the whole picture or of either page, each once."""
    flags: dict[str, Flag] = {}
    for page in result.pages():
        for alarm, (code, score) in ALARMS.items():
            if (page.alarm_result or {}).get(alarm):
                told = (page.alarm_confidence or {}).get(score)
                detail = None if told is None else f"score {told}"
                flags.setdefault(code, Flag.of(code, Vendor.name, detail=detail))
    return list(flags.values())
