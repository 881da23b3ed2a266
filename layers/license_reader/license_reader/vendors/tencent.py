"""Tencent Cloud OCR, API 3.0: both licenses, both pages, paper and electronic, with warnings about the photo.

Sources: the document of VehicleLicenseOCR; tencentcloud-sdk-python-ocr 3.1.193 for what is newer than it:

- DriverLicenseOCR as a whole; VehicleLicenseType; the fields of electronic licenses; the side page of a tractor, which
  only a request with TractorCardSide gets, so it is mapped when it comes and not asked for;
- NoDriverLicenseError and other codes; the codes common to all of Tencent's APIs are not in the document either.

Quirks: errors come with HTTP 200. The official client sees them only under the bare content type `application/json`;
here the body decides. The SDK gives DriverLicenseOCR 10 MB of base64, the document VehicleLicenseOCR 7: both get 7.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import requests
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal

from license_reader import values
from license_reader.columns import Column, beside, gather, joined
from license_reader.errors import (
    AccountRefused,
    CredentialsRefused,
    DocumentRefused,
    OutcomeUnknown,
    RequestRefused,
    SizeRefused,
    Throttled,
    Unavailable,
)
from license_reader.flags import Flag
from license_reader.image import Limits
from license_reader.license import FIELDS, Document, Form, License, Side
from license_reader.signing import Tc3Auth
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
    missing_page,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from license_reader.columns import Gathered
    from license_reader.license import Page
    from license_reader.vendors._base import Job, Reply, Token

SERVICE = "ocr"
VERSION = "2018-11-19"
REGION = "ap-guangzhou"
"""Of the four that the document allows (ap-beijing, ap-guangzhou, ap-hongkong, ap-shanghai), unless settings say."""

ACTIONS = MappingProxyType(
    {Document.VEHICLE_LICENSE: "VehicleLicenseOCR", Document.DRIVING_LICENSE: "DriverLicenseOCR"}
)
CARD_SIDES = MappingProxyType({Side.FRONT: "FRONT", Side.BACK: "BACK", Side.BOTH: "DOUBLE"})

VEHICLE_FRONT = (
    Column("plate_no", "PlateNo", values.code),
    Column("vehicle_type", "VehicleType"),
    Column("owner", "Owner"),
    Column("address", "Address"),
    Column("use_character", "UseCharacter"),
    Column("brand_model", "Model"),
    Column("vin", "Vin", values.code),
    Column("engine_no", "EngineNo", values.code),
    Column("register_date", "RegisterDate", values.date),
    Column("issue_date", "IssueDate", values.date),
    Column("issuing_authority", "Seal"),
    Column("status", "StateElectronic", values.listing),
    Column("inspection_valid_until", "InspectionValidityTimeElectronic", values.month),
    Column("generated_at", "GenerationTimeElectronic"),
)
VEHICLE_BACK = (
    Column("plate_no", "PlateNo", values.code),
    Column("file_no", "FileNo", values.code),
    Column("passengers", "AllowNum", values.persons),
    Column("gross_mass_kg", "TotalMass", values.mass),
    Column("curb_mass_kg", "CurbWeight", values.mass),
    Column("rated_load_kg", "LoadQuality", values.mass),
    Column("towing_mass_kg", "TotalQuasiMass", values.mass),
    Column("dimensions", "ExternalSize", values.dimensions),
    Column("remarks", "Marks"),
    Column("inspection", "Record", values.inspection),
    Column("barcode", "SubPageCode", values.code),
    Column("energy_type", "FuelType"),
    Column("body_color", "CarBodyColor"),
    Column("address", "AddressElectronic"),
    Column("issuing_authority", "IssueAuthorityElectronic"),
)
TRACTOR_BACK = (
    Column("plate_no", "PlateNo", values.code),
    Column("passengers", "AllowNum", values.persons),
    Column("harvester_mass_kg", "CombineHarvesterQuality", values.mass),
    Column("min_use_mass_kg", "TractorMinUsageWeight", values.mass),
    Column("max_load_kg", "TractorMaxAllowLoadCapacity", values.mass),
    Column("dimensions", "ExternalSize", values.dimensions),
    Column("inspection", "Record", values.inspection),
    Column("vehicle_type", "VehicleType"),
    Column("address", "Address"),
)
DRIVING_FRONT = (
    Column("license_no", "CardCode", values.code),
    Column("name", "Name"),
    Column("sex", "Sex"),
    Column("nationality", "Nationality"),
    Column("address", "Address"),
    Column("birth_date", "DateOfBirth", values.date),
    Column("first_issue_date", "DateOfFirstIssue", values.date),
    Column("vehicle_classes", "Class", values.classes),
    Column("valid_from", "StartDate", values.date),
    Column("valid_until", "EndDate", values.validity),
    Column("issuing_authority", "IssuingAuthority"),
    Column("status", "State", values.listing),
    Column("accumulated_points", "CumulativeScore", values.count),
    Column("shown_at", "CurrentTime"),
    Column("generated_at", "GenerateTime"),
)
DRIVING_BACK = (
    Column("license_no", "BackPageCardCode", values.code),
    Column("name", "BackPageName"),
    Column("file_no", "ArchivesCode", values.code),
    Column("record", "Record"),
)

WARNINGS: Mapping[int, str] = MappingProxyType(
    {
        -9102: "copy",
        -9103: "screen_recapture",
        -9104: "reflection",
        -9105: "blur",
        -9106: "border_incomplete",
    }
)

# "7 M" of base64 may mean millions: 7,000,000 characters hold so many bytes.
_MAX_BASE64 = 7_000_000
_MAX_BYTES = _MAX_BASE64 // 4 * 3


class ApiKey(Credentials):
    """A key of Tencent Cloud's access management; `token` only with a temporary one."""

    secret_id: KeyId
    secret_key: Key
    token: Key | None = None


class _Told(BaseModel):
    model_config = ConfigDict(alias_generator=to_pascal, extra="allow")


class _Fault(_Told):
    code: str


class _Response(_Told):
    request_id: str
    error: _Fault | None = None
    front_info: dict[str, Any] | None = None
    back_info: dict[str, Any] | None = None
    tractor_back_info: dict[str, Any] | None = None
    vehicle_license_type: str | None = None
    driver_license_type: str | None = None
    recognize_warn_code: list[int] | None = None
    recognize_warn_msg: list[str] | None = None


class _Envelope(_Told):
    response: _Response


class Vendor(BaseVendor):
    """Tencent Cloud's VehicleLicenseOCR and DriverLicenseOCR."""

    name = "tencent"
    endpoint = "https://ocr.tencentcloudapi.com"
    limits = Limits(formats=frozenset({"jpeg", "png", "bmp"}), max_bytes=_MAX_BYTES)
    pages: ClassVar[frozenset[Page]] = frozenset((document, side) for document in Document for side in Side)
    credentials = ApiKey
    actions: ClassVar[Mapping[str, Action]] = MappingProxyType(
        {
            NO_LICENSE: Action(DocumentRefused, "not_a_license"),
            # The picture.
            "FailedOperation.EmptyImageError": Action(DocumentRefused, "no_text"),
            "FailedOperation.ImageNoText": Action(DocumentRefused, "no_text"),
            "FailedOperation.ImageBlur": Action(DocumentRefused, "blur"),
            "FailedOperation.ImageDecodeFailed": Action(DocumentRefused, "image_damaged"),
            "FailedOperation.FileDecodeFailed": Action(DocumentRefused, "image_damaged"),
            "InvalidParameter.EngineImageDecodeFailed": Action(DocumentRefused, "image_damaged"),
            "FailedOperation.LicenseCardSideError": Action(DocumentRefused, "wrong_side"),
            "FailedOperation.CardSideError": Action(DocumentRefused, "wrong_side"),
            "FailedOperation.LicenseMultiCardError": Action(DocumentRefused, "multiple_cards"),
            "FailedOperation.MultiCardError": Action(DocumentRefused, "multiple_cards"),
            "FailedOperation.NoVehicleLicenseError": Action(DocumentRefused, "not_a_license"),
            "FailedOperation.NoDriverLicenseError": Action(DocumentRefused, "not_a_license"),
            "FailedOperation.ImageNoSpecifiedCard": Action(DocumentRefused, "not_a_license"),
            # This vendor's limits.
            "FailedOperation.ImageSizeTooLarge": Action(SizeRefused, "image_too_large"),
            "LimitExceeded.TooLargeFileError": Action(SizeRefused, "image_too_large"),
            "RequestSizeLimitExceeded": Action(SizeRefused, "image_too_large"),
            "FailedOperation.UnKnowFileTypeError": Action(SizeRefused, "unsupported_format"),
            # The rate; its family has members such as RequestLimitExceeded.UinLimitExceeded.
            "RequestLimitExceeded": Action(Throttled),
            # The key: expired signature (a clock more than 5 minutes off), unknown id, wrong signature, dead token.
            "AuthFailure": Action(CredentialsRefused),
            "AuthFailure.SignatureExpire": Action(CredentialsRefused),
            # What the key may do.
            "AuthFailure.UnauthorizedOperation": Action(RequestRefused),
            "UnauthorizedOperation": Action(RequestRefused),
            "IpInBlacklist": Action(RequestRefused),
            "IpNotInWhitelist": Action(RequestRefused),
            # The account.
            "FailedOperation.UnOpenError": Action(AccountRefused),
            "FailedOperation.ArrearsError": Action(AccountRefused),
            "FailedOperation.CountLimitError": Action(AccountRefused),
            "LimitExceeded": Action(AccountRefused),
            "ResourceUnavailable": Action(AccountRefused),
            "ResourceUnavailable.InArrears": Action(AccountRefused),
            "ResourceUnavailable.ResourcePackageRunOut": Action(AccountRefused),
            "ResourcesSoldOut": Action(AccountRefused),
            "ResourcesSoldOut.ChargeStatusException": Action(AccountRefused),
            # The request.
            "InvalidParameter": Action(RequestRefused),
            "InvalidParameterValue": Action(RequestRefused),
            "InvalidParameterValue.InvalidParameterValueLimit": Action(RequestRefused),
            "InvalidAction": Action(RequestRefused),
            "InvalidRequest": Action(RequestRefused),
            "MissingParameter": Action(RequestRefused),
            "UnknownParameter": Action(RequestRefused),
            "NoSuchProduct": Action(RequestRefused),
            "NoSuchVersion": Action(RequestRefused),
            "ActionOffline": Action(RequestRefused),
            "UnsupportedOperation": Action(RequestRefused),
            "UnsupportedProtocol": Action(RequestRefused),
            "UnsupportedRegion": Action(RequestRefused),
            # A passing failure.
            "InternalError": Action(Unavailable),
            "ServiceUnavailable": Action(Unavailable),
            "ResourceInsufficient": Action(Unavailable),
            "FailedOperation.EngineRecognizeTimeout": Action(Unavailable),
            "FailedOperation.DownLoadError": Action(Unavailable),
            "FailedOperation.UnKnowError": Action(Unavailable),
            "FailedOperation.WarningServiceFailed": Action(Unavailable),
            # "OCR failed" blames neither the picture nor the service, and no document says that it is free.
            "FailedOperation": Action(OutcomeUnknown),
            "FailedOperation.OcrFailed": Action(OutcomeUnknown),
            "FailedOperation.DetectFailed": Action(OutcomeUnknown),
            "FailedOperation.ResponseParseFailed": Action(OutcomeUnknown),
            "ResponseSizeLimitExceeded": Action(OutcomeUnknown),
        }
    )

    def request(self, job: Job, credentials: ApiKey, token: Token | None) -> requests.Request:  # noqa: ARG002
        """The signed JSON of picture and side; the headers tell what is asked, the path is always `/`."""
        return requests.Request(
            "POST",
            self.address.endpoint + "/",
            headers={
                "Content-Type": "application/json",
                "X-TC-Action": ACTIONS[job.document],
                "X-TC-Version": VERSION,
                "X-TC-Region": self.address.region or REGION,
            },
            data=json_with_picture("ImageBase64", job.image.content, {"CardSide": CARD_SIDES[job.side]}),
            auth=Tc3Auth(
                credentials.secret_id,
                credentials.secret_key.get_secret_value(),
                token=credentials.token.get_secret_value() if credentials.token else None,
                service=SERVICE,
                clock=self._clock,
            ),
        )

    def refusal(self, reply: Reply) -> Refusal | None:
        """The error inside the response; `NO_LICENSE` for a response without any page."""
        response = _Envelope.model_validate(json_object(reply.body)).response
        if response.error is not None:
            return Refusal(response.error.code, response.request_id)
        vehicle = (response.front_info, response.back_info, response.tractor_back_info)
        told = response.model_extra or {}
        driving = (told.get(column.source) for column in DRIVING_FRONT + DRIVING_BACK)
        if all(part is None for part in (*vehicle, *driving)):
            return Refusal(NO_LICENSE, response.request_id)
        return None

    def license(self, reply: Reply, job: Job) -> License:
        """The pages that came, which for a picture of both may be one; then the other is flagged as missing."""
        raw = json_object(reply.body)
        response = _Envelope.model_validate(raw).response
        read = _vehicle_pages if job.document is Document.VEHICLE_LICENSE else _driving_pages
        side, gathered = read(response, job.side)
        kind = response.vehicle_license_type or response.driver_license_type
        return License(
            document=job.document,
            side=side,
            form=Form.ELECTRONIC if kind == "Electronic" else Form.PAPER,
            vendor=self.name,
            vendor_request_id=response.request_id,
            fields=FIELDS[job.document].model_validate(gathered.values),
            flags=(*gathered.flags, *_warnings(response), *missing_page(self.name, job.side, side)),
            raw=raw,
        )


def _vehicle_pages(response: _Response, _asked: Side) -> tuple[Side, Gathered]:
    """The pages of a vehicle license, by which parts of the response are there."""
    front, back = response.front_info, response.back_info
    columns: tuple[Column, ...] = VEHICLE_BACK
    if back is None and response.tractor_back_info is not None:
        back, columns = response.tractor_back_info, TRACTOR_BACK
    if back is None:
        return Side.FRONT, gather(VEHICLE_FRONT, front or {}, vendor=Vendor.name)
    if front is None:
        return Side.BACK, gather(columns, back, vendor=Vendor.name)
    main, side_page = (
        gather(rows, page, vendor=Vendor.name) for rows, page in ((VEHICLE_FRONT, front), (beside(columns), back))
    )
    return Side.BOTH, joined(main, side_page, vendor=Vendor.name)


def _driving_pages(response: _Response, asked: Side) -> tuple[Side, Gathered]:
    """The pages of a driving license, which all stand in one response: what a page alone has tells if it was seen."""
    told = response.model_extra or {}
    front = gather(DRIVING_FRONT, told, vendor=Vendor.name)
    back = gather(DRIVING_BACK, told, vendor=Vendor.name)
    side = asked
    if asked is Side.BOTH and bool(front.values) != bool(back.values):
        side = Side.FRONT if front.values else Side.BACK
    return side, joined(front, back, vendor=Vendor.name)


def _warnings(response: _Response) -> list[Flag]:
    """The flags of the warning codes; a code that the table does not know is passed on with its words."""
    codes, words = response.recognize_warn_code or [], response.recognize_warn_msg or []
    flags = []
    for place, code in enumerate(codes):
        word = words[place] if place < len(words) else None
        detail = " ".join(filter(None, (str(code), word)))
        flags.append(Flag.of(WARNINGS.get(code, "vendor_warning"), Vendor.name, detail=detail))
    return flags
