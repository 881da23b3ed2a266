"""What only an electronic license shows, all the way: told in each dialect, and read back by that dialect's vendor.

Where a dialect's document has a name for a field, it arrives as the engine read it; the table says what has none.
"""

from __future__ import annotations

import io
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
import requests
from PIL import Image as Pillow
from tests.dialects.conftest import reads

import reading
from license_engine import Reading
from license_reader import vendors
from license_reader.image import gate
from license_reader.license import Document, Form, License, Side
from license_reader.vendors._base import Address, Job
from service import Rates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.dialects.conftest import Api, Serve

    from license_ocr.sandbox import Secrets
    from service import Service

VEHICLE, DRIVING = Document.VEHICLE_LICENSE, Document.DRIVING_LICENSE

# What screens show, as the engine gives it.
SHOWN: Mapping[Document, Mapping[str, str]] = {
    VEHICLE: {
        "plate_no": "辽A·20620",
        "vehicle_type": "轻型厢式货车",
        "owner": "孙翰",
        "address": "辽宁省沈阳市和平区青年大街9号",
        "use_character": "货运",
        "brand_model": "江淮牌HFC5041XXYP73K1C3",
        "vin": "LJ1JWX288RLM26380",
        "engine_no": "0CE2CJ",
        "register_date": "2020-03-05",
        "issue_date": "2020-03-05",
        "energy_type": "汽油",
        "body_color": "白",
        "inspection_valid_until": "2026年04月",
        "status": "违法未处理,逾期未检验",
        "generated_at": "2024-11-05 10:20:30",
    },
    DRIVING: {
        "license_no": "990263196404219715",
        "name": "曾彪",
        "sex": "男",
        "nationality": "中国",
        "address": "福建省厦门市思明区科技园路243号",
        "birth_date": "1964-04-21",
        "first_issue_date": "1983-09-13",
        "vehicle_classes": "A2D",
        "valid_from": "2019-09-13",
        "valid_until": "2029-09-13",
        "file_no": "053178392918",
        "status": "正常",
        "accumulated_points": "0分",
        "shown_at": "2024-11-05 10:20:31",
        "generated_at": "2024-11-05 10:20:30",
    },
}


@dataclass(frozen=True)
class Asked:
    """One way to ask for an electronic license, and what that way has no name for."""

    vendor: str
    document: Document
    side: Side = Side.FRONT
    unnamed: frozenset[str] = frozenset()
    form: Form = Form.ELECTRONIC

    def __str__(self) -> str:
        return f"{self.vendor}-{self.document}-{self.side}"


_OF_VEHICLES = frozenset({"body_color", "inspection_valid_until", "status", "generated_at"})
_OF_DRIVERS = frozenset({"accumulated_points", "shown_at", "status", "generated_at"})
WAYS = (
    Asked("embedded", VEHICLE),
    Asked("embedded", DRIVING),
    Asked("huawei", VEHICLE, unnamed=frozenset({"inspection_valid_until", "generated_at"})),
    Asked("huawei", DRIVING),
    Asked("tencent", VEHICLE, unnamed=frozenset({"body_color", "energy_type"})),  # of these it tells beside a side page
    Asked("tencent", VEHICLE, Side.BOTH),
    Asked("tencent", DRIVING),
    Asked("tencent", DRIVING, Side.BOTH),
    # These two know of paper alone.
    Asked("megvii", VEHICLE, unnamed=_OF_VEHICLES | {"energy_type"}, form=Form.PAPER),
    Asked("tencent_legacy", VEHICLE, unnamed=_OF_VEHICLES | {"energy_type"}, form=Form.PAPER),
    Asked("tencent_legacy", DRIVING, unnamed=_OF_DRIVERS | {"file_no"}, form=Form.PAPER),
)


def on_screen(document: Document) -> License:
    """What becomes of the texts that the engine reads off a screen."""
    printed = SHOWN[document]
    box = ((1.0, 2.0), (31.0, 2.0), (31.0, 10.0), (1.0, 10.0))
    return reading.license_of(
        Reading(
            document.value, "front", "electronic", printed, dict.fromkeys(printed, 0.9), dict.fromkeys(printed, box)
        )
    )


def read_back(way: Asked, picture: bytes, api: Api, secrets: Secrets) -> License:
    """The license that the reader's own vendor makes of the API's answer."""
    kind = vendors.find(way.vendor)
    with requests.Session() as session:
        session.trust_env = False
        vendor = kind(Address(api.url), session=session)
        secret = kind.credentials.model_validate(dict(secrets[way.vendor]))
        return vendor.read(Job(gate(picture), way.document, way.side), secret, until=time.time() + 30)


def plain() -> bytes:
    """A picture that any of the vendors takes."""
    buffer = io.BytesIO()
    Pillow.new("RGB", (400, 300), "white").save(buffer, "JPEG")
    return buffer.getvalue()


def test_the_texts_have_all_that_a_screen_shows() -> None:
    for document, names in ((VEHICLE, _OF_VEHICLES), (DRIVING, _OF_DRIVERS)):
        assert names <= SHOWN[document].keys()
        assert on_screen(document).fields.model_dump(exclude_none=True).keys() == SHOWN[document].keys()


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_what_a_screen_shows_arrives_wherever_the_dialect_has_a_name_for_it(
    way: Asked, serve: Serve, service: Service, secrets: Secrets
) -> None:
    shown = on_screen(way.document)
    api = serve(replace(service, read=reads(shown), rates=Rates()))
    told = read_back(way, plain(), api, secrets)
    assert told.fields == shown.fields.model_copy(update=dict.fromkeys(way.unnamed))
    assert (told.document, told.side, told.form, told.flags) == (way.document, way.side, way.form, ())


@pytest.mark.parametrize("way", [way for way in WAYS if way.document is VEHICLE], ids=str)
def test_what_the_engine_reads_off_a_screen_arrives_as_well(
    way: Asked, api: Api, service: Service, secrets: Secrets, samples: Path
) -> None:
    picture = (samples / "vehicle-electronic.jpg").read_bytes()
    seen = service.read(picture, way.document, None if way.side is Side.BOTH else way.side)
    told = read_back(way, picture, api, secrets)
    assert seen.fields.generated_at == "2024-11-05 10:20:30"
    assert told.fields == seen.fields.model_copy(update=dict.fromkeys(way.unnamed))
    assert told.form is way.form
