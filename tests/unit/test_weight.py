"""What starting the reader brings into memory: so many modules, and none that no upload needs. Counts, not seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

# A twentieth to spare, since libraries grow a little with each release. What takes more raises these, with its reason.
MOST_MODULES = 620
MOST_OF_OURS = 30

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
import gc, json, sys
before = set(sys.modules)
import read_upload
told = {"modules": sorted(set(sys.modules) - before), "collecting": gc.isenabled(), "frozen": gc.get_freeze_count()}
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def started() -> dict[str, list[str]]:
    """What a fresh interpreter tells once it has started the reader."""
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "SETTINGS_PATH": "/start",
        "TABLE_NAME": "start",
        "TOPIC_ARN": "arn:aws:sns:eu-west-1:111122223333:start",
        "POWERTOOLS_SERVICE_NAME": "start",
        "POWERTOOLS_METRICS_NAMESPACE": "Start",
    }
    told = subprocess.run([sys.executable, "-c", STARTED], env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter
    found: dict[str, list[str]] = json.loads(told.stdout)
    return found


def test_starting_imports_no_more_than_it_did(started: dict[str, list[str]]) -> None:
    assert len(started["modules"]) <= MOST_MODULES
    assert len([name for name in started["modules"] if name.split(".")[0] == "license_reader"]) <= MOST_OF_OURS


@pytest.mark.parametrize("package", NEVER)
def test_starting_leaves_alone_what_not_every_upload_needs(started: dict[str, list[str]], package: str) -> None:
    assert [name for name in started["modules"] if f"{name}.".startswith(f"{package}.")] == []


def test_garbage_is_looked_for_again_once_it_has_started_and_never_among_what_stays(
    started: dict[str, list[str]],
) -> None:
    assert started["collecting"]
    assert started["frozen"]
