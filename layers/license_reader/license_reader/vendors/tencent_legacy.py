"""Tencent's first image API, `/ocr/drivinglicence`: one list of items by their printed names, with places and scores.

Sources: the document of `drivinglicence`; qcloud-image 1.0.0 for the signature (it has no call for this API).

- The path says driving license and reads both: `type` 0 is a vehicle license, 1 a driving license, 2 a vehicle
  license's side page. For type 2 the document lists no fields, and its error -9001 knows types 0 and 1 only: the names
  in `VEHICLE_BACK` are those printed on the page, and what does not match them stays in the raw reply.
- The document gives `itemconf` as 0 to 100 and its sample as 0 to 1: one value above 1 settles which a reply means.
- 红章, the seal, is listed for driving licenses only; so no issuing authority for vehicles.
- The document takes the picture as a form or as JSON. `Vendor` sends the form: JSON would cost a third of the size
  limit for base64. That is for the code to choose, no operator would gain by the choice, so it is no setting: whoever
  stands behind a gateway that takes JSON only subclasses `OverJson`, which is tested as well.
- Code 3 is any bad request and also an account in arrears, told apart by the message alone; either way this vendor is
  passed over and someone is told, so the message is not searched.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

import requests
from pydantic import BaseModel, ConfigDict

from license_reader import values
from license_reader.columns import Column, gather
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
from license_reader.license import FIELDS, Document, License, Side
from license_reader.signing import LegacyAuth
from license_reader.vendors._base import (
    NO_LICENSE,
    Action,
    BaseVendor,
    Credentials,
    Key,
    KeyId,
    Refusal,
    json_object,
    json_with_picture,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from license_reader.columns import Gathered
    from license_reader.license import Page, Polygon
    from license_reader.vendors._base import Job, Reply, Token

PATH = "/ocr/drivinglicence"

VEHICLE_FRONT = (
    Column("plate_no", "车牌号码", values.code),
    Column("vehicle_type", "车辆类型"),
    Column("owner", "所有人"),
    Column("address", "住址"),
    Column("use_character", "使用性质"),
    Column("brand_model", "品牌型号"),
    Column("vin", "识别代码", values.code),
    Column("engine_no", "发动机号", values.code),
    Column("register_date", "注册日期", values.date),
    Column("issue_date", "发证日期", values.date),
)
VEHICLE_BACK = (
    Column("plate_no", "号牌号码", values.code),
    Column("plate_no", "车牌号码", values.code),
    Column("file_no", "档案编号", values.code),
    Column("passengers", "核定载人数", values.persons),
    Column("gross_mass_kg", "总质量", values.mass),
    Column("curb_mass_kg", "整备质量", values.mass),
    Column("rated_load_kg", "核定载质量", values.mass),
    Column("towing_mass_kg", "准牵引总质量", values.mass),
    Column("dimensions", "外廓尺寸", values.dimensions),
    Column("remarks", "备注"),
    Column("inspection", "检验记录", values.inspection),
)
DRIVING_FRONT = (
    Column("license_no", "证号", values.code),
    Column("name", "姓名"),
    Column("sex", "性别"),
    Column("nationality", "国籍"),
    Column("address", "住址"),
    Column("birth_date", "出生日期", values.date),
    Column("first_issue_date", "领证日期", values.date),
    Column("vehicle_classes", "准驾车型", values.classes),
    Column("valid_from", "起始日期", values.date),
    Column("valid_until", "有效日期", values.validity),
    Column("issuing_authority", "红章"),
)

TYPES: Mapping[Page, int] = MappingProxyType(
    {
        (Document.VEHICLE_LICENSE, Side.FRONT): 0,
        (Document.DRIVING_LICENSE, Side.FRONT): 1,
        (Document.VEHICLE_LICENSE, Side.BACK): 2,
    }
)
COLUMNS: Mapping[int, tuple[Column, ...]] = MappingProxyType({0: VEHICLE_FRONT, 1: DRIVING_FRONT, 2: VEHICLE_BACK})

# "6 MB" is of the whole body and may mean millions; room for the other fields is left.
_MAX_BODY = 6_000_000 - 4096
_FORMATS = frozenset({"jpeg", "png", "bmp"})


class AppKey(Credentials):
    """A project's key; the bucket may be empty."""

    appid: KeyId
    bucket: str = ""
    secret_id: KeyId
    secret_key: Key


class _Place(BaseModel):
    x: float
    y: float
    width: float
    height: float

    def corners(self) -> Polygon:
        """The four corners, clockwise from the upper left."""
        right, low = self.x + self.width, self.y + self.height
        return ((self.x, self.y), (right, self.y), (right, low), (self.x, low))


class _Item(BaseModel):
    item: str
    itemstring: str | None = None
    itemconf: float | None = None
    itemcoord: _Place | None = None


class _Data(BaseModel):
    session_id: str | None = None
    items: list[_Item] = []


class _Answer(BaseModel):
    model_config = ConfigDict(extra="allow")

    code: int
    data: _Data | None = None


class Vendor(BaseVendor):
    """Tencent's `drivinglicence`, asked with a form."""

    name = "tencent_legacy"
    endpoint = "https://recognition.image.myqcloud.com"
    limits = Limits(formats=_FORMATS, max_bytes=_MAX_BODY)
    pages: ClassVar[frozenset[Page]] = frozenset(TYPES)
    credentials = AppKey
    actions: ClassVar[Mapping[str, Action]] = MappingProxyType(
        {
            NO_LICENSE: Action(DocumentRefused, "not_a_license"),
            "3": Action(AccountRefused),
            "4": Action(CredentialsRefused),
            "5": Action(CredentialsRefused),
            "6": Action(CredentialsRefused),
            "9": Action(CredentialsRefused),
            "10": Action(CredentialsRefused),
            "11": Action(CredentialsRefused),
            "12": Action(CredentialsRefused),
            "13": Action(CredentialsRefused),
            "14": Action(CredentialsRefused),
            "15": Action(Throttled),
            "16": Action(CredentialsRefused),  # the bucket is part of the secret
            "21": Action(RequestRefused),
            "23": Action(SizeRefused, "image_too_large"),
            "24": Action(RequestRefused),
            "25": Action(AccountRefused),
            "107": Action(Unavailable),
            "108": Action(Unavailable),
            "213": Action(Unavailable),
            "-1102": Action(DocumentRefused, "image_damaged"),
            "-1300": Action(DocumentRefused, "no_text"),
            "-1301": Action(DocumentRefused, "unreadable"),
            "-1304": Action(DocumentRefused, "image_too_large"),
            "-1308": Action(Unavailable),
            "-9001": Action(RequestRefused),
            "-9002": Action(DocumentRefused, "not_a_license"),
            "-9005": Action(DocumentRefused, "image_damaged"),
            "-9006": Action(DocumentRefused, "unreadable"),
        }
    )

    def request(self, job: Job, credentials: AppKey, token: Token | None) -> requests.Request:  # noqa: ARG002
        """The signed form with the picture as a file."""
        return requests.Request(
            "POST",
            self.address.endpoint + PATH,
            data=_parameters(job, credentials),
            files={"image": (f"image.{job.image.format}", job.image.content, f"image/{job.image.format}")},
            auth=self._auth(credentials),
        )

    def refusal(self, reply: Reply) -> Refusal | None:
        """Any code but 0; `NO_LICENSE` for an answer without items."""
        answer = _Answer.model_validate(json_object(reply.body))
        session = answer.data.session_id if answer.data else None
        if answer.code != 0:
            return Refusal(str(answer.code), session)
        if answer.data is None or not answer.data.items:
            return Refusal(NO_LICENSE, session)
        return None

    def license(self, reply: Reply, job: Job) -> License:
        """The page asked for, with a confidence and a box for each field that has them; paper only."""
        raw = json_object(reply.body)
        data = _Answer.model_validate(raw).data or _Data()
        columns = COLUMNS[TYPES[job.document, job.side]]
        items: dict[str, _Item] = {}
        for item in data.items:
            items.setdefault(item.item.strip(), item)
        gathered = gather(columns, {name: item.itemstring for name, item in items.items()}, vendor=self.name)
        return License(
            document=job.document,
            side=job.side,
            vendor=self.name,
            vendor_request_id=data.session_id,
            fields=FIELDS[job.document].model_validate(gathered.values),
            confidence=_confidence(gathered, items),
            boxes={
                name: place.corners() for name, source in gathered.sources.items() if (place := items[source].itemcoord)
            },
            flags=(*gathered.flags, *_repeated(columns, data.items, gathered)),
            raw=raw,
        )

    def _auth(self, credentials: AppKey) -> LegacyAuth:
        return LegacyAuth(
            credentials.appid,
            credentials.bucket,
            credentials.secret_id,
            credentials.secret_key.get_secret_value(),
            clock=self._clock,
        )


class OverJson(Vendor):
    """The same, asked with JSON."""

    limits = Limits(formats=_FORMATS, max_bytes=_MAX_BODY // 4 * 3)

    def request(self, job: Job, credentials: AppKey, token: Token | None) -> requests.Request:  # noqa: ARG002
        """The signed JSON with the picture in base64."""
        return requests.Request(
            "POST",
            self.address.endpoint + PATH,
            headers={"Content-Type": "application/json"},
            data=json_with_picture("image", job.image.content, _parameters(job, credentials)),
            auth=self._auth(credentials),
        )


def _parameters(job: Job, credentials: AppKey) -> dict[str, str | int]:
    """Whose call it is and what is to be read; the bucket is left out where there is none."""
    named = {"bucket": credentials.bucket} if credentials.bucket else {}
    return {"appid": credentials.appid, **named, "type": TYPES[job.document, job.side]}


def _confidence(gathered: Gathered, items: Mapping[str, _Item]) -> dict[str, float]:
    """The scores as 0 to 1; those outside of either scale are left out."""
    scale = 100.0 if any((item.itemconf or 0.0) > 1.0 for item in items.values()) else 1.0
    return {
        name: score / scale
        for name, source in gathered.sources.items()
        if (score := items[source].itemconf) is not None and 0.0 <= score <= scale
    }


def _repeated(columns: Iterable[Column], items: Iterable[_Item], gathered: Gathered) -> list[Flag]:
    """A flag for each field whose item came more than once with different texts: the first was taken."""
    texts: dict[str, set[str | None]] = {}
    for item in items:
        texts.setdefault(item.item.strip(), set()).add(item.itemstring)
    return [
        Flag.of("unreadable_value", Vendor.name, column.name, detail="told twice, with different texts")
        for column in columns
        if len(texts.get(column.source, ())) > 1 and gathered.sources.get(column.name) == column.source
    ]
