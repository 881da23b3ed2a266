"""Tencent's API 3.0 as the official SDK sees it: tencentcloud-sdk-python-ocr, unpatched, pointed at loopback."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.ocr.v20181119.models import VehicleLicenseOCRRequest
from tencentcloud.ocr.v20181119.ocr_client import OcrClient

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dialects.conftest import Api

    from license_ocr.sandbox import Secrets

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcfromtimestamp:DeprecationWarning")


def client(api: Api, secrets: Secrets) -> OcrClient:
    key = secrets["tencent"]
    profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=api.authority))
    return OcrClient(Credential(key["secret_id"], key["secret_key"]), "ap-guangzhou", profile)


def test_the_sdk_reads_a_main_page(api: Api, secrets: Secrets, samples: Path) -> None:
    request = VehicleLicenseOCRRequest()
    request.ImageBase64 = base64.b64encode((samples / "vehicle-front.jpg").read_bytes()).decode()
    answer = client(api, secrets).VehicleLicenseOCR(request)
    assert answer.FrontInfo.PlateNo == "川AB10443"
    assert answer.BackInfo is None
