"""Every vendor against a server that checks its request and answers as the vendor's documents say.

A scenario is a JSON file: the job, the exchanges, and the license or the error that must come of them. `<picture>`
stands for the picture's bytes, in base64 where it is a member of JSON; a header between slashes is a pattern.
"""

from __future__ import annotations

import base64
import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import TypeAdapter

from license_reader import errors, vendors
from license_reader.image import Image
from license_reader.license import Document, Side
from license_reader.vendors._base import Address, Job

if TYPE_CHECKING:
    import requests
    from tests.loopback import Asked, Loopback

SCENARIOS = Path(__file__).parent / "scenarios"
KINDS = {"full", "blank", "not_a_license", "throttled", "refused", "unreadable", "time_out", "unknown_fields"}
# Bytes that upset whoever takes a form for text.
PICTURE = b"\xff\xd8\xff\xe0\r\n--boundary\r\n" + bytes(range(256)) * 3

CREDENTIALS: dict[str, dict[str, str]] = {
    "megvii": {"api_key": "test-api-key", "api_secret": "test-api-secret"},
    "tencent": {"secret_id": "AKIDtest", "secret_key": "test-secret-key"},
    "tencent_legacy": {
        "appid": "1250000000",
        "bucket": "test",
        "secret_id": "AKIDtest",
        "secret_key": "test-secret-key",
    },
    "huawei": {"access_key": "HWTESTACCESSKEY", "secret_key": "test-secret-key", "project_id": "0123456789abcdef"},
    "huawei account": {
        "domain": "example-account",
        "user": "reader",
        "password": "密码 with space",
        "project": "cn-north-4",
    },
    "embedded": {"api_key": "test-ocr-key"},
}


def scenarios() -> list[Any]:
    """Every scenario file, named by vendor and file."""
    return [
        pytest.param(path.parent.name, json.loads(path.read_bytes()), id=f"{path.parent.name}-{path.stem}")
        for path in sorted(SCENARIOS.glob("*/*.json"))
    ]


@pytest.mark.parametrize(("name", "scenario"), scenarios())
def test_a_vendor_asks_and_understands_as_the_scenario_says(
    name: str, scenario: dict[str, Any], loopback: Loopback, session: requests.Session
) -> None:
    kind = vendors.find(name)
    secret = CREDENTIALS[" ".join(filter(None, (name, scenario.get("credentials"))))]
    credentials = TypeAdapter(kind.credentials).validate_python(secret)
    vendor = kind(Address(endpoint=loopback.url), session=session)
    for exchange in scenario["exchanges"]:
        _queue(loopback, exchange["reply"])

    outcome: dict[str, Any]
    try:
        license_ = vendor.read(_job(scenario["job"]), credentials, until=time.time() + 5, read_timeout=0.4)
    except errors.VendorError as error:
        told = {"class": type(error).__name__, "code": error.code, "flag": error.flag, "request_id": error.request_id}
        outcome = {"error": told}
    else:
        outcome = {"license": license_}

    assert len(loopback.asked) == len(scenario["exchanges"])
    for asked, exchange in zip(loopback.asked, scenario["exchanges"], strict=True):
        _check_request(asked, exchange["request"])
    if "error" in scenario:
        assert outcome == {"error": scenario["error"]}
    else:
        license_ = outcome["license"]
        assert license_.vendor == name
        assert license_.raw == scenario["exchanges"][-1]["reply"]["json"]
        _check_license(license_.model_dump(mode="json", exclude_none=True), scenario["license"])


@pytest.mark.parametrize("name", vendors.names())
def test_every_vendor_has_a_scenario_of_every_kind(name: str) -> None:
    assert {scenario.values[1]["kind"] for scenario in scenarios() if scenario.values[0] == name} == KINDS


@pytest.mark.parametrize(("name", "scenario"), scenarios())
def test_a_scenario_says_where_it_is_from(name: str, scenario: dict[str, Any]) -> None:
    assert scenario["source"] in {"documentation", "recorded"}
    assert scenario["reference"], name
    assert scenario["title"]
    assert ("license" in scenario) != ("error" in scenario)


def _job(told: dict[str, Any]) -> Job:
    picture = Image(content=PICTURE, format="jpeg", width=1000, height=700)
    return Job(picture, Document(told["document"]), Side(told["side"]), told=told.get("told", True))


def _queue(loopback: Loopback, reply: dict[str, Any]) -> None:
    body = json.dumps(reply["json"]).encode() if "json" in reply else reply.get("text", "").encode()
    loopback.answer(
        reply.get("status", 200),
        headers=reply.get("headers", {}),
        body=body,
        silence=reply.get("silence", False),
        hang_up=reply.get("hang_up", False),
    )


def _check_request(asked: Asked, wanted: dict[str, Any]) -> None:
    target = urlsplit(asked.target)
    assert (asked.method, target.path) == (wanted["method"], wanted["path"])
    assert {key: value for key, [value] in parse_qs(target.query).items()} == wanted.get("query", {})
    assert int(asked.headers["content-length"]) == len(asked.body)
    for name, value in wanted["headers"].items():
        if value.startswith("/"):
            assert re.fullmatch(value[1:-1], asked.headers[name]), f"{name}: {asked.headers[name]}"
        else:
            assert asked.headers[name] == value
    if "form" in wanted:
        assert _form(asked) == {k: PICTURE if v == "<picture>" else v.encode() for k, v in wanted["form"].items()}
    elif "json" in wanted:
        encoded = base64.b64encode(PICTURE).decode()
        pictures = {key: encoded for key, value in wanted["json"].items() if value == "<picture>"}
        assert json.loads(asked.body) == wanted["json"] | pictures
    else:
        assert wanted["body"] == "<picture>"
        assert asked.body == PICTURE


def _form(asked: Asked) -> dict[str, bytes]:
    """The parts of a form by name, cut at the boundary as RFC 2046 has it."""
    boundary = asked.headers["content-type"].partition("boundary=")[2].encode()
    first, *parts, last = asked.body.split(b"--" + boundary)
    assert (first, last.strip()) == (b"", b"--")
    form = {}
    for part in parts:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        match = re.search(rb'; name="([^"]+)"', head)
        assert match, head
        form[match[1].decode()] = content.removesuffix(b"\r\n")
    return form


def _check_license(told: dict[str, Any], wanted: dict[str, Any]) -> None:
    """The license is as wanted; of its flags only what the scenario tells is compared."""
    for ours in ("raw", "vendor"):
        told.pop(ours)
    flags, expected = told.pop("flags"), wanted.get("flags", [])
    empty: dict[str, Any] = {"confidence": {}, "boxes": {}}
    assert told == empty | {key: value for key, value in wanted.items() if key != "flags"}
    assert [{key: flag.get(key) for key in known} for flag, known in zip(flags, expected, strict=True)] == expected
