"""What a vendor's call burns: ours beside that of the vendor's own SDK, over TLS on loopback.

Both send the same picture of 300 KB to the same action on a connection that is kept alive, and make models of the same
reply. The SDKs are as they come: Tencent's is told to keep its connection alive, Huawei's does so by itself. All of
their classes are made once, as a warm function keeps them; of a call everything else counts, from the picture's bytes
to the plate.
"""

from __future__ import annotations

import base64
import os
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import requests
from pydantic import TypeAdapter

from bench.performance.board import Row, Seen
from bench.performance.contestant import Contestant, compared
from bench.performance.tls import served
from license_ocr.checkout import SAMPLES
from license_reader import vendors
from license_reader.image import gate
from license_reader.license import Document, Side, VehicleLicense
from license_reader.vendors import huawei
from license_reader.vendors._base import Address, Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.command import Tell
    from bench.performance.contestant import Burnt

TARGET = 0.8
BYTES = 300_000
BLOCKS, CALLS = 200, 2
SECRETS = {
    "tencent": {"secret_id": "AKIDtest", "secret_key": "test-secret-key"},
    "huawei": {"access_key": "HWTESTACCESSKEY", "secret_key": "test-secret-key", "project_id": "proj0"},
}


def photo() -> bytes:
    """A photo of 300 KB: a sample, and behind its end what no decoder looks at."""
    content = (SAMPLES / "vehicle-front.jpg").read_bytes()
    return content + os.urandom(BYTES - len(content))


def ours(vendor: str, authority: str, certificate: str, picture: str) -> Callable[[object], None]:
    """A call as our vendor makes it."""
    kind = vendors.find(vendor)
    session = requests.Session()
    session.trust_env = False
    session.verify = certificate
    asked = kind(Address(f"https://{authority}"), session=session)
    credentials = TypeAdapter(kind.credentials).validate_python(SECRETS[vendor])
    image = gate(Path(picture).read_bytes())

    def call(_: object) -> None:
        job = Job(image, Document.VEHICLE_LICENSE, Side.FRONT)
        read = asked.read(job, credentials, until=time.time() + 60).fields
        _require(read.plate_no if isinstance(read, VehicleLicense) else None)

    return call


def tencent_sdk(authority: str, certificate: str, picture: str) -> Callable[[object], None]:
    """A call as Tencent's SDK makes it."""
    from tencentcloud.common.credential import Credential  # noqa: PLC0415 - in the SDK's own process alone
    from tencentcloud.common.profile.client_profile import ClientProfile  # noqa: PLC0415
    from tencentcloud.common.profile.http_profile import HttpProfile  # noqa: PLC0415
    from tencentcloud.ocr.v20181119 import models  # noqa: PLC0415
    from tencentcloud.ocr.v20181119.ocr_client import OcrClient  # noqa: PLC0415

    http = HttpProfile(endpoint=authority, keepAlive=True, certification=certificate)
    client = OcrClient(Credential(*SECRETS["tencent"].values()), "ap-guangzhou", ClientProfile(httpProfile=http))
    content = Path(picture).read_bytes()

    def call(_: object) -> None:
        request = models.VehicleLicenseOCRRequest()
        request.ImageBase64 = base64.b64encode(content).decode()
        request.CardSide = "FRONT"
        _require(client.VehicleLicenseOCR(request).FrontInfo.PlateNo)

    return call


def huawei_sdk(authority: str, certificate: str, picture: str) -> Callable[[object], None]:
    """A call as Huawei's SDK makes it, with the options that ours asks for."""
    from huaweicloudsdkcore.auth.credentials import BasicCredentials  # noqa: PLC0415 - in the SDK's own process alone
    from huaweicloudsdkcore.http.http_config import HttpConfig  # noqa: PLC0415
    from huaweicloudsdkocr.v1 import (  # noqa: PLC0415
        OcrClient,
        RecognizeVehicleLicenseRequest,
        VehicleLicenseRequestBody,
    )

    config = HttpConfig(ssl_ca_cert=certificate)
    credentials = BasicCredentials(*SECRETS["huawei"].values())
    builder = OcrClient.new_builder().with_http_config(config).with_credentials(credentials)
    client = builder.with_endpoint(f"https://{authority}").build()
    content = Path(picture).read_bytes()
    options = dict.fromkeys(huawei.OPTIONS[Document.VEHICLE_LICENSE], True)

    def call(_: object) -> None:
        body = VehicleLicenseRequestBody(image=base64.b64encode(content).decode(), side="front", **options)
        _require(client.recognize_vehicle_license(RecognizeVehicleLicenseRequest(body=body)).result.number)

    return call


def _require(plate: str | None) -> None:
    if not plate:
        raise ValueError("a reply was read without its plate")


def measure(tell: Tell) -> Seen:
    """What both vendors' calls burn."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        picture = folder / "photo.jpg"
        picture.write_bytes(photo())
        with served(folder, picture) as server:
            told = {"authority": server.authority, "certificate": str(server.certificate), "picture": str(picture)}
            seen = {vendor: _measured(vendor, told, partial(_tell, tell, at)) for at, vendor in enumerate(SECRETS)}
    worst = max(each.ratio for each in seen.values())
    return Seen(
        ours=_told(seen, lambda burnt: f"{burnt.ours:.2f} ms"),
        peer=_told(seen, lambda burnt: f"{burnt.peer:.2f} ms ({burnt.ratio:.2f} x)"),
        ratio=worst,
        held=worst <= TARGET,
    )


def _tell(tell: Tell, at: int, done: int) -> None:
    tell(at * BLOCKS + done, len(SECRETS) * BLOCKS)


def _measured(vendor: str, told: dict[str, str], tell: Callable[[int], None]) -> Burnt:
    """What one vendor's calls burn."""
    with (
        Contestant(f"{__name__}:ours", {"vendor": vendor, **told}) as us,
        Contestant(f"{__name__}:{vendor}_sdk", told) as sdk,
    ):
        return compared(us, sdk, _blocks(tell))


def _blocks(tell: Callable[[int], None]) -> Iterator[tuple[Sequence[None], Sequence[None]]]:
    for done in range(BLOCKS):
        tell(done)
        yield [None] * CALLS, [None] * CALLS


def _told(seen: dict[str, Burnt], figure: Callable[[Burnt], str]) -> str:
    return "; ".join(f"{vendor} {figure(burnt)}" for vendor, burnt in seen.items())


ROW = Row("CPU of a vendor's call, 300 KB over TLS, against the vendor's SDK", f"<= {TARGET} x each", measure)
