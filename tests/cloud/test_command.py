"""The `license-ocr` command as users run it: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from license_ocr.account import STACK

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cloud.conftest import Deploy, Stack

    from license_ocr.local_cloud import LocalCloud


def run(*arguments: str | Path, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What the command did."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "license_ocr", *map(str, arguments)],
        env={**os.environ, "LICENSE_OCR_HOME": str(home), "COLUMNS": "160", **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_read_prints_the_record_and_the_message_that_went_out(
    shared: Stack, cloud: LocalCloud, no_picture: Path
) -> None:
    done = run("read", no_picture, home=cloud.home)
    assert done.returncode == 0, done.stderr
    assert "permanent: not_an_image" in done.stdout
    assert "subscriber" in done.stdout
    assert shared.resources.Bucket not in done.stderr


def test_read_for_machines_prints_a_line_of_json_a_photo_and_nothing_else(
    shared: Stack,  # noqa: ARG001
    cloud: LocalCloud,
    no_picture: Path,
    tmp_path: Path,
) -> None:
    other = tmp_path / "other.jpg"
    other.write_bytes(b"another text")
    done = run("read", no_picture, other, "--json", "--document", "driving_license", "--side", "back", home=cloud.home)
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert {record["object"].rpartition("/")[2] for record in records} == {"no picture.jpg", "other.jpg"}
    assert {(record["license"]["document"], record["license"]["side"]) for record in records} == {
        ("driving_license", "back")
    }


def test_show_prints_the_record_of_the_latest_version(shared: Stack, cloud: LocalCloud, no_picture: Path) -> None:
    shared.record(shared.upload(no_picture))
    latest = shared.upload(no_picture)
    shared.record(latest)
    done = run("show", "uploads/no picture.jpg", "--json", home=cloud.home)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["version"] == latest.version


def test_read_fails_when_no_record_came_in_time_and_says_where_to_look(
    shared: Stack,  # noqa: ARG001
    cloud: LocalCloud,
    no_picture: Path,
) -> None:
    done = run("read", no_picture, "--timeout", "0", home=cloud.home)
    assert done.returncode == 1
    assert "no record after 0 seconds" in done.stderr
    assert str(cloud.logs["emulator"]) in done.stderr


def test_show_fails_for_an_object_that_does_not_exist(shared: Stack, cloud: LocalCloud) -> None:
    done = run("show", "uploads/nothing.jpg", home=cloud.home)
    assert done.returncode == 1
    assert f"s3://{shared.resources.Bucket}/uploads/nothing.jpg" in done.stderr
    assert "Traceback" not in done.stderr


def test_read_refuses_a_vendor_that_does_not_exist_and_names_those_that_do(cloud: LocalCloud, no_picture: Path) -> None:
    done = run("read", no_picture, "--vendor", "nobody", home=cloud.home)
    assert done.returncode == 1
    assert "embedded" in done.stderr


def test_redrive_tells_why_messages_died_and_moves_them_back(deploy: Deploy, cloud: LocalCloud, photo: Path) -> None:
    stack = deploy(visibility=15, receives=1)
    stack.await_idle()  # the bucket's test event is none of ours
    stack.choose({"vendors": ["nobody"]})
    stack.renew()
    stack.upload(photo)
    stack.send("no event")
    stack.await_dead(2, timeout=120)
    # As on AWS: a stack by its name, found with the environment's own credentials.
    aws = {
        "AWS_ENDPOINT_URL": cloud.require().endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    looked = run("redrive", "--dry-run", "--stack", stack.name, home=cloud.home, **aws)
    assert looked.returncode == 0, looked.stderr
    assert looked.stdout.endswith("\n2 looked at, nothing moved\n"), looked.stdout
    assert "no upload event: the body: json_invalid" in looked.stdout
    assert "SettingsError" in looked.stdout
    assert f"s3://{stack.resources.Bucket}/uploads/" in looked.stdout
    done = run("redrive", "--stack", stack.name, home=cloud.home, **aws)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\n2 moved, 0 left\n")


def test_redrive_of_an_empty_queue_says_so(shared: Stack, cloud: LocalCloud) -> None:  # noqa: ARG001
    assert run("redrive", home=cloud.home).stdout == "0 moved, 0 left\n"


def test_without_a_local_cloud_a_command_says_how_to_start_one(tmp_path: Path, no_picture: Path) -> None:
    done = run("read", no_picture, home=tmp_path / "nowhere")
    assert done.returncode == 1
    assert "license-ocr up" in done.stderr


def test_up_brings_up_what_down_takes_down_and_both_can_be_said_twice(built: Path, tmp_path: Path) -> None:  # noqa: ARG001
    try:
        first = run("up", home=tmp_path / "home")
        assert first.returncode == 0, first.stderr
        state = (tmp_path / "home" / "cloud.json").read_text(encoding="utf-8")
        again = run("up", home=tmp_path / "home")
        assert again.returncode == 0, again.stderr
        assert (tmp_path / "home" / "cloud.json").read_text(encoding="utf-8") == state
        assert f"deploying stack {STACK}" in again.stderr
    finally:
        down = run("down", "--purge", home=tmp_path / "home")
    assert down.stderr == "stopped\n"
    assert not (tmp_path / "home").exists()
    assert run("down", home=tmp_path / "home").stderr == "nothing was running\n"
