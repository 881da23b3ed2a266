"""Stored replies read again: what the mapping changed changes, and nothing else does."""

from __future__ import annotations

import datetime as dt
import json
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from license_ocr.replay import Fate, NotUnderstood, Replayed, replayed, trimmed
from license_reader import ledger, table, vendors
from license_reader.checks import check
from license_reader.flags import Flag
from license_reader.image import Image
from license_reader.ledger import Notice, Record, State
from license_reader.license import Document, License, Side
from license_reader.vendors._base import Address, Job, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

SCENARIOS = Path(__file__).parents[1] / "contract" / "scenarios"
READ_AT = "2026-03-31T17:30:00.000+00:00"
# 01:30 on the next day in China.
DAY = dt.date(2026, 4, 1)
LEAST = 0.85


def replies() -> list[Any]:
    """Every vendor's documented or recorded answer that a license came of."""
    told = [(path, json.loads(path.read_bytes())) for path in sorted(SCENARIOS.glob("*/*.json"))]
    return [
        pytest.param(
            path.parent.name, scenario["job"], scenario["exchanges"][-1]["reply"], id=f"{path.parent.name}-{path.stem}"
        )
        for path, scenario in told
        if "license" in scenario
    ]


def read(name: str, job: Mapping[str, Any], reply: Mapping[str, Any]) -> License:
    """The license as the reader made it, with the flags of others and of the checks."""
    vendor = vendors.find(name)(Address(endpoint="https://vendor.example"), session=requests.Session())
    asked = Job(Image(b"", "jpeg", 1000, 700), Document(job["document"]), Side(job["side"]), told=job.get("told", True))
    headers = requests.structures.CaseInsensitiveDict[str](reply.get("headers", {}))
    license_ = vendor.license(Reply(200, headers, json.dumps(reply["json"]).encode()), asked)
    others = (Flag.of("metadata_unknown", "settings", detail="side"), Flag.of("duplicate_image", "ledger"))
    opinion = Flag.of("vendor_disagreement", "opinions", "vin", detail="two values")
    return license_.flagged(*others, *check(license_, today=DAY, min_confidence=LEAST), opinion)


def stored(license_: License) -> Record:
    """The record that the ledger makes of a license and gives back."""
    told = license_.model_dump(mode="json", exclude_none=True, exclude={"raw"})
    item = {
        "object": "s3://bucket/a.jpg",
        "version": "v1",
        "state": State.DONE,
        "attempt": 1,
        "spent": 1,
        "notice": Notice.NONE,
        "read_at": READ_AT,
        "license": told,
        "raw": ledger.trimmed(license_.raw, 300_000),
    }
    return ledger.record(table.deserialized(table.serialized(item)))


def again(done: Record, **changed: object) -> License:
    """The replay of a record, its reply changed in the members of its first object that are given."""
    assert done.license is not None
    raw = json.dumps((done.license.raw or {}) | changed)
    return replayed(done, raw, min_confidence=LEAST)


@pytest.mark.parametrize(("name", "job", "reply"), replies())
def test_a_reply_that_nothing_was_mended_for_is_read_as_before(
    name: str, job: dict[str, Any], reply: dict[str, Any]
) -> None:
    done = stored(read(name, job, reply))
    assert done.license is not None
    assert again(done) == done.license


def megvii() -> License:
    reply = {
        "json": {
            "request_id": "1",
            "plate_no": "沪AA1234",
            "vin": "LSVAA4182E2123456",
            "owner": "张三",
            "register_date": {"year": 2014, "month": 5, "day": 6},
            "issue_date": {"year": 2014, "month": 5, "day": 6},
        }
    }
    return read("megvii", {"document": "vehicle_license", "side": "front"}, reply)


def test_what_an_older_mapping_left_out_is_filled_in_and_no_longer_missed() -> None:
    license_ = megvii()
    poorer = license_.fields.model_copy(update={"owner": None})
    lacking = license_.model_copy(update={"fields": poorer, "flags": ()})
    lacking = lacking.flagged(*check(lacking, today=DAY, min_confidence=LEAST))
    done = stored(lacking)
    after = again(done)
    told = Replayed("o", "v", Fate.CHANGED, done.license, after)
    assert told.fields == ("owner",)
    assert told.flags == ("~missing_field",)
    assert after.fields == license_.fields


def test_flags_of_others_than_the_vendor_and_the_checks_stay() -> None:
    done = stored(megvii())
    after = again(done, vin="LSVAA4182E2123457")
    assert {flag.code for flag in after.flags} >= {"metadata_unknown", "duplicate_image"}
    assert [flag.source for flag in after.flags][:2] == ["settings", "ledger"]


def test_a_record_is_judged_by_the_day_in_china_on_which_it_was_read() -> None:
    on_the_day = stored(megvii()).model_copy(update={"read_at": "2014-05-05T16:30:00.000+00:00"})
    the_day_before = on_the_day.model_copy(update={"read_at": "2014-05-05T15:30:00.000+00:00"})
    assert "date_order" not in {flag.code for flag in again(on_the_day).flags}
    assert "date_order" in {flag.code for flag in again(the_day_before).flags}


def test_a_request_id_that_came_in_a_header_is_kept() -> None:
    [front] = [each.values for each in replies() if each.id == "huawei-front"]
    license_ = read(*front).model_copy(update={"vendor_request_id": "from a header"})
    assert again(stored(license_)).vendor_request_id == "from a header"


def test_places_on_a_smaller_copy_are_not_taken_for_places_on_the_upload() -> None:
    [front] = [each.values for each in replies() if each.id == "tencent_legacy-driving"]
    license_ = read(*front)
    assert license_.boxes
    doubled = {name: tuple((2 * x, 2 * y) for x, y in box) for name, box in license_.boxes.items()}
    assert again(stored(license_.model_copy(update={"boxes": doubled}))).boxes == doubled
    one_less = dict(list(license_.boxes.items())[1:])
    assert again(stored(license_.model_copy(update={"boxes": one_less}))).boxes == license_.boxes


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"error_message": "INTERNAL_ERROR"}, "taken for the error INTERNAL_ERROR"),
        ({"plate_no": "沪AA1234", "request_id": ["沪AA1234"]}, "not of the documented shape"),
    ],
)
def test_a_reply_that_is_an_error_today_says_so_and_quotes_nothing(reply: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotUnderstood) as told:
        replayed(stored(megvii()), json.dumps(reply), min_confidence=LEAST)
    assert str(told.value) == reason
    assert "沪AA1234" not in "".join(traceback.format_exception(told.value))


def test_a_vendor_that_was_taken_out_is_named() -> None:
    done = stored(megvii().model_copy(update={"vendor": "nobody"}))
    with pytest.raises(NotUnderstood, match="no vendor is called nobody"):
        again(done)


@pytest.mark.parametrize(
    ("reply", "cut"),
    [
        ({"crop": "A" * 20_000}, True),
        ({"pages": [{"crop": "A" * 20_000}]}, True),
        ({"lines": ["text"] * 5_000}, True),
        ({"line": "text"}, False),
        ({"line": "a (5 characters)"}, False),
        ({"left_out": "a reply", "vin": "LSV"}, False),
    ],
)
def test_a_reply_that_the_ledger_had_to_cut_is_told_from_a_whole_one(reply: dict[str, Any], *, cut: bool) -> None:
    kept = ledger.trimmed(reply, 10_000)
    assert kept is not None
    assert trimmed(json.loads(kept)) is cut


def test_changes_are_told_by_names_and_codes() -> None:
    before = megvii()
    after = before.model_copy(
        update={
            "fields": before.fields.model_copy(update={"vin": None, "owner": "李四"}),
            "side": Side.BOTH,
            "flags": (Flag.of("blur", "megvii"),),
        }
    )
    told = Replayed("o", "v", Fate.CHANGED, before, after)
    assert told.fields == ("owner", "vin", "side")
    assert told.flags[0] == "+blur"
    assert "-duplicate_image" in told.flags
