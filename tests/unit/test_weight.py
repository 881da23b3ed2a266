"""What starting brings into memory: so many modules, and none that no upload needs. Counts, not seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, TypedDict

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

# A twentieth to spare, since libraries grow a little with each release. What takes more raises these, with its reason.
MOST_MODULES = 620
MOST_OF_OURS = 30
MOST_MODULES_OF_THE_API = 455

# Each costs tens of milliseconds and is not needed, or not by every upload.
NEVER = (
    "PIL",  # only when a picture must be fitted
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.utilities.batch",
    "aws_lambda_powertools.utilities.data_classes",
    "aws_lambda_powertools.utilities.idempotency",
    "aws_lambda_powertools.utilities.parser",
    "aws_xray_sdk",
    "asyncio",
    "cryptography",
    "huaweicloudsdkcore",
    "huaweicloudsdkocr",
    "license_engine",
    "license_reader.backfill",
    "license_reader.vendors.embedded",  # the vendors come at their first use
    "license_reader.vendors.huawei",
    "license_reader.vendors.megvii",
    "license_reader.vendors.tencent",
    "license_reader.vendors.tencent_legacy",
    "mypy_boto3_s3",
    "numpy",
    "onnxruntime",
    "qcloud_image",
    "requests_hardened",
    "tencentcloud",
)

STARTED = """
import gc, importlib, json, sys
before = set(sys.modules)
importlib.import_module(sys.argv[1])
told = {"modules": sorted(set(sys.modules) - before), "collecting": gc.isenabled(), "frozen": gc.get_freeze_count()}
print(json.dumps(told))
"""


class Started(TypedDict):
    """What starting came to."""

    modules: list[str]
    collecting: bool
    frozen: int


@cache
def started(function: str) -> Started:
    """What a fresh interpreter tells once it has started a function."""
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "SETTINGS_PATH": "/start",
        "TABLE_NAME": "start",
        "TOPIC_ARN": "arn:aws:sns:eu-west-1:111122223333:start",
        "SECRETS_PREFIX": "start",
        "POWERTOOLS_SERVICE_NAME": "start",
        "POWERTOOLS_METRICS_NAMESPACE": "Start",
    }
    command = [sys.executable, "-c", STARTED, function]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter
    found: Started = json.loads(told.stdout)
    return found


def of(package: str, modules: Iterable[str]) -> list[str]:
    """The modules that are this package or stand in it."""
    return [name for name in modules if f"{name}.".startswith(f"{package}.")]


def test_starting_imports_no_more_than_it_did() -> None:
    modules = started("read_upload")["modules"]
    assert len(modules) <= MOST_MODULES
    assert len(of("license_reader", modules)) <= MOST_OF_OURS
    assert len(started("ocr_api")["modules"]) <= MOST_MODULES_OF_THE_API


@pytest.mark.parametrize("package", NEVER)
def test_starting_leaves_alone_what_not_every_upload_needs(package: str) -> None:
    assert of(package, started("read_upload")["modules"]) == []


@pytest.mark.parametrize("function", ["read_upload", "ocr_api"])
def test_garbage_is_looked_for_again_once_it_has_started_and_never_among_what_stays(function: str) -> None:
    assert started(function)["collecting"]
    assert started(function)["frozen"]
