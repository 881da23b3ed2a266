"""Second opinions: which readings want one, and where two vendors disagree; pure."""

from __future__ import annotations

import datetime as dt
import unicodedata
from types import MappingProxyType
from typing import TYPE_CHECKING

from license_reader.flags import Flag, Severity
from license_reader.license import Document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from license_reader.license import License

_DOUBTS = frozenset({Severity.FRAUD, Severity.REVIEW})

# What identifies a vehicle, and what expires. Texts such as addresses differ between vendors without being wrong.
COMPARED: Mapping[Document, tuple[str, ...]] = MappingProxyType(
    {
        Document.VEHICLE_LICENSE: (
            "plate_no",
            "back_plate_no",
            "vin",
            "register_date",
            "issue_date",
            "scrap_date",
            "inspection_valid_until",
            "inspection.valid_until",
        ),
        Document.DRIVING_LICENSE: ("birth_date", "first_issue_date", "valid_from", "valid_until"),
    }
)


def doubted(license: License) -> bool:  # noqa: A002 - the domain's noun
    """Whether another vendor should look: a reading with a doubt in it, not a picture that cannot be read."""
    severities = {flag.severity for flag in license.flags}
    return Severity.PERMANENT not in severities and not severities.isdisjoint(_DOUBTS)


def disagreement(first: License, second: License) -> Flag | None:
    """The flag that names every plate, VIN and date on which two readings of one document differ, with both values.

    What only one of them read is no contradiction. The values are for the record alone: a flag's detail goes into no
    notice and no log.
    """
    differing = list(_differing(first, second))
    if not differing:
        return None
    detail = "; ".join(f"{name}: {first.vendor} {one}, {second.vendor} {other}" for name, one, other in differing)
    fields = dict.fromkeys(name.partition(".")[0] for name, _, _ in differing)
    return Flag.of("vendor_disagreement", "opinions", *fields, detail=detail)


def _differing(first: License, second: License) -> Iterator[tuple[str, str, str]]:
    for name in COMPARED[first.document]:
        one, other = _value(first, name), _value(second, name)
        if one is not None and other is not None and _folded(one) != _folded(other):
            yield name, one, other


def _value(license: License, name: str) -> str | None:  # noqa: A002
    value: object = license.fields
    for part in name.split("."):
        value = getattr(value, part, None)
    return value.isoformat() if isinstance(value, dt.date) else value if isinstance(value, str) else None


def _folded(value: str) -> str:
    """The value without what vendors print differently: widths, spaces, case."""
    return "".join(unicodedata.normalize("NFKC", value).split()).upper()
