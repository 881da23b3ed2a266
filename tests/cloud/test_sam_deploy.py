"""What a user does on AWS, `sam deploy`, against an emulator of its own."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from license_ocr import uploads
from license_ocr.checkout import ROOT, TOOLS
from license_ocr.local_cloud import LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from license_ocr.local_cloud import Running

STACK = "by-sam"


@pytest.fixture
def empty_cloud(built: Path, tmp_path: Path) -> Iterator[Running]:  # noqa: ARG001 - what is deployed
    """A cloud with nothing in it; the others' queues would suffer from a stack that was not deployed by our command."""
    cloud = LocalCloud(tmp_path / "cloud")
    yield cloud.start(lambda _: None)
    cloud.stop(purge=True)


def test_what_sam_builds_and_deploys_reads_an_upload(empty_cloud: Running, no_picture: Path) -> None:
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    overrides = ["--parameter-overrides", "DeletionProtection=false", "OcrApi=disabled"]
    overrides += [f"EmbeddedEndpoint={empty_cloud.api}", f"AwsEndpoint={empty_cloud.endpoint}"]
    deployed = subprocess.run(  # noqa: S603 - our own tools
        [str(TOOLS / "sam/bin/sam"), "deploy", "--stack-name", STACK, "--no-confirm-changeset", *overrides],
        cwd=ROOT,
        env={**os.environ, **credentials, "AWS_ENDPOINT_URL": empty_cloud.endpoint, "SAM_CLI_TELEMETRY": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert deployed.returncode == 0, deployed.stderr[-2000:]
    account = empty_cloud.account
    sent = uploads.send(account, account.resources(STACK), no_picture, prefix="uploads/", metadata={})
    bucket, _, key = sent.object.removeprefix("s3://").partition("/")
    entity = {"bucket": {"name": bucket}, "object": {"key": key.replace(" ", "+"), "versionId": sent.version}}
    event = {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": entity}]}
    functions = account.session.client("lambda", endpoint_url=account.endpoint)
    name = account.cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId="ReadUpload")
    answer = functions.invoke(
        FunctionName=name["StackResourceDetail"]["PhysicalResourceId"], Payload=json.dumps(event).encode()
    )
    (read,) = json.loads(answer["Payload"].read())["uploads"]
    assert (read["object"], read["flags"]) == (sent.object, ["not_an_image"])
