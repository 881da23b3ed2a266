"""The normalized record of a license: what every vendor's answer becomes.

Names, types and units are those of the table in docs/vendors.md. Missing is None, never "".
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from license_reader.flags import Flag

if TYPE_CHECKING:
    from collections.abc import Mapping


class Document(StrEnum):
    """The two kinds of paper."""

    VEHICLE_LICENSE = "vehicle_license"
    DRIVING_LICENSE = "driving_license"


class Side(StrEnum):
    """Which page a picture shows: the main page, the side page, or both at once."""

    FRONT = "front"
    BACK = "back"
    BOTH = "both"


class Form(StrEnum):
    """Printed on paper, or shown by an app."""

    PAPER = "paper"
    ELECTRONIC = "electronic"


type Whole = Annotated[int, Field(ge=0, le=10**9)]
"""A number of kilograms, millimetres, persons or years; beyond it nothing was read, and the table could not hold it."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Dimensions(_Frozen):
    """外廓尺寸: the outline of the vehicle, in millimetres."""

    length_mm: Whole
    width_mm: Whole
    height_mm: Whole


class Inspection(_Frozen):
    """检验记录: the text as printed, the last valid month as YYYY-MM, and the station's stamp."""

    text: str
    valid_until: str | None = None
    station: str | None = None


class VehicleLicense(_Frozen):
    """行驶证: the fields of the main page, then those of the side page."""

    plate_no: str | None = None
    vehicle_type: str | None = None
    owner: str | None = None
    address: str | None = None
    use_character: str | None = None
    brand_model: str | None = None
    vin: str | None = None
    engine_no: str | None = None
    register_date: dt.date | None = None
    issue_date: dt.date | None = None
    issuing_authority: str | None = None
    status: tuple[str, ...] | None = None
    inspection_valid_until: str | None = None
    generated_at: str | None = None
    scrap_date: dt.date | None = None

    back_plate_no: str | None = None
    """The side page's plate, only when both pages were read from one picture."""
    file_no: str | None = None
    passengers: Whole | None = None
    passengers_text: str | None = None
    gross_mass_kg: Whole | None = None
    curb_mass_kg: Whole | None = None
    rated_load_kg: Whole | None = None
    towing_mass_kg: Whole | None = None
    dimensions: Dimensions | None = None
    remarks: str | None = None
    inspection: Inspection | None = None
    barcode: str | None = None
    energy_type: str | None = None
    body_color: str | None = None
    min_use_mass_kg: Whole | None = None
    max_load_kg: Whole | None = None
    harvester_mass_kg: Whole | None = None


class DrivingLicense(_Frozen):
    """驾驶证: the fields of the main page, then those of the side page."""

    license_no: str | None = None
    name: str | None = None
    sex: str | None = None
    nationality: str | None = None
    address: str | None = None
    birth_date: dt.date | None = None
    first_issue_date: dt.date | None = None
    vehicle_classes: tuple[str, ...] | None = None
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    valid_years: Whole | None = None
    long_term: bool | None = None
    issuing_authority: str | None = None
    status: tuple[str, ...] | None = None
    accumulated_points: Whole | None = None
    shown_at: str | None = None
    generated_at: str | None = None

    file_no: str | None = None
    record: str | None = None


FIELDS: Mapping[Document, type[VehicleLicense | DrivingLicense]] = MappingProxyType(
    {Document.VEHICLE_LICENSE: VehicleLicense, Document.DRIVING_LICENSE: DrivingLicense}
)

type Page = tuple[Document, Side]
FARTHEST = 1e6
"""The largest coordinate; what lies farther off is on no picture, and the table could not hold it."""
type Coordinate = Annotated[float, Field(ge=-FARTHEST, le=FARTHEST)]
type Polygon = tuple[tuple[Coordinate, Coordinate], ...]


class License(_Frozen):
    """One license as read: the envelope around its fields.

    `confidence` is 0..1 and `boxes` holds polygons in the pixels of the uploaded picture; both are keyed by field
    name and hold only what the vendor gives. `raw` is the vendor's reply, so that a better mapping can be replayed.
    """

    document: Document
    side: Side
    form: Form = Form.PAPER
    vendor: str | None = None
    vendor_request_id: str | None = None
    fields: VehicleLicense | DrivingLicense
    confidence: dict[str, float] = Field(default_factory=dict)
    boxes: dict[str, Polygon] = Field(default_factory=dict)
    flags: tuple[Flag, ...] = ()
    raw: dict[str, Any] | None = None

    @field_validator("fields", mode="before")
    @classmethod
    def _fields_of_the_document(cls, value: object, info: ValidationInfo) -> object:
        document = info.data.get("document")
        stored = bool(info.context and info.context.get("stored"))
        # A record may have been written by a newer version, and taken back: what this one does not know is left out.
        return FIELDS[document].model_validate(value, extra="ignore" if stored else None) if document else value

    def flagged(self, *flags: Flag) -> License:
        """The same license with these flags added."""
        return self.model_copy(update={"flags": (*self.flags, *flags)})


def empty(document: Document, side: Side, *flags: Flag, vendor: str | None = None) -> License:
    """A license of which nothing was read, with the flags that say why."""
    return License(document=document, side=side, vendor=vendor, fields=FIELDS[document](), flags=flags)
