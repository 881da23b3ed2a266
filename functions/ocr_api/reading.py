"""What the embedded engine read, as a License: the engine gives texts as printed, the record wants values."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from license_reader import values
from license_reader.columns import Column, gather
from license_reader.errors import ImageRejected
from license_reader.flags import Flag
from license_reader.license import FIELDS, Document, Form, License, Side
from service import Busy, NoLicense

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from license_engine import Engine, Reading

VENDOR = "embedded"

_VEHICLE = (
    Column("plate_no", "plate_no", values.code),
    Column("vehicle_type", "vehicle_type"),
    Column("owner", "owner"),
    Column("address", "address"),
    Column("use_character", "use_character"),
    Column("brand_model", "brand_model"),
    Column("vin", "vin", values.code),
    Column("engine_no", "engine_no", values.code),
    Column("register_date", "register_date", values.date),
    Column("issue_date", "issue_date", values.date),
    Column("issuing_authority", "issuing_authority"),
    Column("back_plate_no", "back_plate_no", values.code),
    Column("file_no", "file_no", values.code),
    Column("passengers", "passengers", values.persons),
    Column("gross_mass_kg", "gross_mass_kg", values.mass),
    Column("curb_mass_kg", "curb_mass_kg", values.mass),
    Column("rated_load_kg", "rated_load_kg", values.mass),
    Column("towing_mass_kg", "towing_mass_kg", values.mass),
    Column("dimensions", "dimensions", values.dimensions),
    Column("remarks", "remarks"),
    Column("inspection", "inspection", values.inspection),
    Column("barcode", "barcode", values.code),
    Column("energy_type", "energy_type"),
    Column("body_color", "body_color"),
    Column("inspection_valid_until", "inspection_valid_until", values.month),
    Column("status", "status", values.listing),
    Column("generated_at", "generated_at"),
)
_DRIVING = (
    Column("license_no", "license_no", values.code),
    Column("name", "name"),
    Column("sex", "sex"),
    Column("nationality", "nationality"),
    Column("address", "address"),
    Column("birth_date", "birth_date", values.date),
    Column("first_issue_date", "first_issue_date", values.date),
    Column("vehicle_classes", "vehicle_classes", values.classes),
    Column("valid_from", "valid_from", values.date),
    Column("valid_until", "valid_until", values.validity),
    Column("issuing_authority", "issuing_authority"),
    Column("file_no", "file_no", values.code),
    Column("record", "record"),
    Column("status", "status", values.listing),
    Column("accumulated_points", "accumulated_points", values.count),
    Column("shown_at", "shown_at"),
    Column("generated_at", "generated_at"),
)
_COLUMNS = {Document.VEHICLE_LICENSE: _VEHICLE, Document.DRIVING_LICENSE: _DRIVING}


def license_of(reading: Reading) -> License:
    """The license that a reading tells.

    Raises:
        NoLicense: it found none.
    """
    if reading.document is None or reading.side is None:
        raise NoLicense(reading.flags)
    document, side = Document(reading.document), Side(reading.side)
    gathered = gather(_COLUMNS[document], reading.fields, vendor=VENDOR)
    return License(
        document=document,
        side=side,
        form=Form(reading.form),
        vendor=VENDOR,
        fields=FIELDS[document].model_validate(gathered.values),
        confidence=dict(reading.confidence),
        boxes=dict(reading.boxes),
        flags=(*(Flag.of(code, VENDOR) for code in reading.flags), *gathered.flags),
    )


class Line:
    """Those who wait for the engine, which reads one picture at a time, on all cores.

    Whoever would wait for longer than `patience` seconds, as the last pictures went, is turned away: read later, the
    picture would be read for a caller who has given up, while those who have not wait behind it.
    """

    def __init__(self, *, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience = patience
        self._clock = clock
        self._engine = threading.Lock()
        self._count = threading.Lock()
        self._waiting = 0
        self._seconds = 1.0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """While inside, the engine is the caller's.

        Raises:
            Busy: the line is too long.
        """
        with self._count:
            if self._waiting * self._seconds > self._patience:
                raise Busy(f"{self._waiting} pictures wait to be read, {self._seconds:.1f} seconds each")
            self._waiting += 1
        try:
            with self._engine:
                began = self._clock()
                yield
                self._seconds += 0.3 * (self._clock() - began - self._seconds)
        finally:
            with self._count:
                self._waiting -= 1


_LINE = Line(patience=20.0)


@cache
def _engine() -> Engine:
    from license_engine import Engine  # noqa: PLC0415 - models load at the first picture, not at import

    return Engine()


def read(picture: bytes, document: Document | None, side: Side | None) -> License:
    """The license that the embedded engine reads; see `service.Read`."""
    from license_engine import NotAPicture  # noqa: PLC0415 - as above

    try:
        with _LINE.turn():
            return license_of(_engine().read(picture, document=document, side=side))
    except NotAPicture as error:
        raise ImageRejected("image_damaged", "the picture cannot be decoded") from error
