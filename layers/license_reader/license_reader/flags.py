"""The flags a record can carry, each with its severity."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Severity(StrEnum):
    """How much a flag matters, the gravest first."""

    FRAUD = "fraud"
    PERMANENT = "permanent"
    BUSINESS = "business"
    REVIEW = "review"
    QUALITY = "quality"
    INFO = "info"


SEVERITY: Mapping[str, Severity] = MappingProxyType(
    {
        # The picture may not show an original.
        "copy": Severity.FRAUD,
        "screen_recapture": Severity.FRAUD,
        "screenshot": Severity.FRAUD,
        "tampered": Severity.FRAUD,
        # The picture will never become a record; a new one is needed.
        "not_an_image": Severity.PERMANENT,
        "unsupported_format": Severity.PERMANENT,
        "image_too_large": Severity.PERMANENT,
        "image_too_small": Severity.PERMANENT,
        "image_damaged": Severity.PERMANENT,
        "object_gone": Severity.PERMANENT,
        "not_taken": Severity.PERMANENT,
        "not_a_license": Severity.PERMANENT,
        "no_text": Severity.PERMANENT,
        "wrong_side": Severity.PERMANENT,
        "multiple_cards": Severity.PERMANENT,
        "unreadable": Severity.PERMANENT,
        "parked": Severity.PERMANENT,
        # The license itself is no longer good.
        "inspection_expired": Severity.BUSINESS,
        "driver_expired": Severity.BUSINESS,
        "electronic_status_abnormal": Severity.BUSINESS,
        # A person should look.
        "low_confidence": Severity.REVIEW,
        "missing_field": Severity.REVIEW,
        "unreadable_value": Severity.REVIEW,
        "metadata_unknown": Severity.REVIEW,
        "vin_format": Severity.REVIEW,
        "vin_check_digit": Severity.REVIEW,
        "plate_format": Severity.REVIEW,
        "license_no_format": Severity.REVIEW,
        "use_character_unknown": Severity.REVIEW,
        "vehicle_type_unknown": Severity.REVIEW,
        "vehicle_class_unknown": Severity.REVIEW,
        "date_order": Severity.REVIEW,
        "mass_inconsistent": Severity.REVIEW,
        "nev_mismatch": Severity.REVIEW,
        "front_back_mismatch": Severity.REVIEW,
        "vendor_disagreement": Severity.REVIEW,
        # The photo could be better.
        "blur": Severity.QUALITY,
        "reflection": Severity.QUALITY,
        "border_incomplete": Severity.QUALITY,
        "occluded": Severity.QUALITY,
        "watermark": Severity.QUALITY,
        "overlap": Severity.QUALITY,
        # Good to know.
        "file_no_format": Severity.INFO,
        "duplicate_image": Severity.INFO,
        "vendor_warning": Severity.INFO,
    }
)


class Flag(BaseModel):
    """One reason to look at a record: its code, its severity, who raised it, and on which fields."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    code: str
    severity: Severity
    source: str
    fields: tuple[str, ...] = ()
    detail: str | None = None

    @classmethod
    def of(cls, code: str, source: str, *fields: str, detail: str | None = None) -> Self:
        """The flag of this code; a code that the table does not know is a programming error (KeyError)."""
        return cls(code=code, severity=SEVERITY[code], source=source, fields=fields, detail=detail)


def gravest(flags: Iterable[Flag]) -> Severity | None:
    """The gravest severity among the flags, None when there are none."""
    order = list(Severity)
    return min((flag.severity for flag in flags), key=order.index, default=None)
