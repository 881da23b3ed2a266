"""Rows of the reliability board in their short form, on loopback alone: each fails when what it measures is broken."""

from __future__ import annotations

import base64
import json
import os
import signal
import time

import pytest
from bench.reliability import canaries, codes, images, pace, photos, replies
from bench.surroundings import aws, cells
from bench.surroundings.loopback import serving
from tests.contract.test_vendor_error_codes import CODES

from license_reader.errors import RequestRefused, Throttled


def untold(_: int, __: int) -> None:
    """Nobody wants to know how far it is."""


# Pictures.


def test_mutated_pictures_crash_no_decoder_and_do_not_keep_the_gate() -> None:
    seen = images.measure(0.0004, untold)
    assert seen.held, seen.figures


@pytest.mark.parametrize(
    "name",
    [
        "jpeg of 8000 x 8000 without pixels",
        "webp whose notes are garbage",
        "tiff of 48 megapixels in one long row",
        "mpo",
    ],
)
def test_a_bomb_takes_no_more_memory_than_there_is(name: str) -> None:
    tally = images.thrown(1, [name], untold)
    assert not tally.faults
    assert tally.memory <= images.MAX_MEMORY


def test_the_same_number_makes_the_same_picture() -> None:
    assert [images._content(number) for number in range(20)] == [images._content(number) for number in range(20)]


def test_every_kind_of_picture_that_is_read_is_among_the_seeds() -> None:
    magics = {content[:2] for content in photos.pictures()}
    assert magics == {b"\xff\xd8", b"\x89P", b"BM", b"II", b"RI"}


def behaves(item: str | None) -> str:
    """An item of work that does as it is told."""
    match item:
        case "ends":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "hangs":
            time.sleep(60)
        case "swells":
            held = bytearray(300_000_000)
            held[::4096] = b"x" * len(held[::4096])
    return str(item)


def test_an_item_that_crashes_or_hangs_is_lost_alone() -> None:
    seen = list(cells.done(behaves, [["one", "ends", "two"], ["hangs", "three"]], patience=1, cells=2))
    lost = {each.item: each.how for each in seen if isinstance(each, cells.Lost)}
    assert lost == {"ends": f"ended by -{signal.SIGSEGV.value}", "hangs": "took over 1 s"}
    assert {result for each in seen if isinstance(each, cells.Done) for result in each.results} == {
        "one",
        "two",
        "three",
    }


def test_memory_that_was_held_for_a_moment_is_told() -> None:
    (seen,) = cells.done(behaves, [["swells"]], patience=20, cells=1)
    assert isinstance(seen, cells.Done)
    assert 290_000_000 < seen.memory < 400_000_000


# Replies.


def test_mutated_replies_are_understood_whole_or_refused() -> None:
    seen = replies.measure(0.004, untold)
    assert seen.held, seen.figures


def test_a_reply_that_lost_a_field_is_no_reading() -> None:
    talk = next(talk for talk in replies.talks() if talk.vendor == "megvii")
    license_ = replies.read(talk, list(talk.replies))
    body = talk.replies[-1].body
    assert replies.complaint(license_, body) is None
    told = json.loads(body) | {"new": 1}
    assert replies.complaint(license_, json.dumps(told).encode()) == "raw is not the reply"


# Codes.


def test_every_documented_code_asks_for_what_the_documents_say() -> None:
    seen = codes.measure(1, untold)
    assert seen.held, seen.figures
    assert seen.figures.startswith(f"{len(CODES)} codes of {len(codes.documents())} documents")


def test_a_code_that_is_acted_on_otherwise_is_named() -> None:
    wrong: list[codes.Code] = [("megvii", 403, "CONCURRENCY_LIMIT_EXCEEDED", RequestRefused, None)]
    assert codes.astray(wrong, untold) == [
        "megvii: CONCURRENCY_LIMIT_EXCEEDED is Throttled None, not RequestRefused None"
    ]
    assert codes.astray([(*wrong[0][:3], Throttled, None)], untold) == []


# Pace.


def test_two_processes_together_stay_under_the_limit_and_use_it() -> None:
    seen = pace.measure(0.01, untold)
    assert seen.held, seen.figures


def test_the_vendor_of_that_row_refuses_what_is_above_its_limit() -> None:
    with serving(pace.Limited(2)) as vendor:
        answers = [vendor.asked() for _ in range(3)]
    assert ["Error" in answer["Response"] for answer in answers] == [False, False, True]
    assert (vendor.rejected, len(vendor.served)) == (1, 2)


# Canaries.

TOLD = {
    "embedded front",
    "megvii unauthorized",
    "tencent both, of many types",
    "secret of huawei: with a line end",
    "picture: a jpeg without a frame",
    "asked without a queue",
}


def test_no_planted_word_stands_in_a_log_or_an_error() -> None:
    chosen = [case for case in canaries.cases() if case.name in TOLD]
    assert {case.name for case in chosen} == TOLD
    found = canaries.looked(chosen, canaries.invocations()[1:3], lambda: None)
    assert found.leaks == []
    assert found.lines > 3 * len(chosen)


def test_each_kind_of_case_is_looked_at() -> None:
    names = " ".join(case.name for case in canaries.cases())
    for kind in ("settings:", "secret of", "picture:", "metadata", "Publish fails", "time_out", "hung_up", ", cut"):
        assert kind in names


@pytest.mark.parametrize(
    "line",
    [
        "owner=金丝雀canary",
        json.dumps({"owner": "金丝雀"}),
        repr("金丝雀".encode()),
        "https://host/?owner=%E9%87%91%E4%B8%9D%E9%9B%80",
        "plate=CANARY7",
        *(base64.b64encode(b"x" * shift + b"canary" * 3).decode() for shift in range(3)),
        *(base64.b64encode(b"x" * shift + "金丝雀".encode()).decode() for shift in range(3)),
    ],
)
def test_a_planted_word_is_recognised_however_it_is_written(line: str) -> None:
    assert canaries.leaks(f"one line\n{line}\nanother") == [line]


def test_what_a_log_may_hold_is_no_leak() -> None:
    assert canaries.leaks('{"vendor": "huawei", "flags": ["blur"], "vendor_request_id": "r-1"}\n') == []


def test_the_loopback_cloud_counts_and_forgets_as_it_is_told() -> None:
    key = {"object": {"S": "a"}}
    values = {":zero": {"N": "0"}, ":one": {"N": "1"}, ":state": {"S": "CLAIMED"}}
    counted = "SET #state = :state, #attempt = if_not_exists(#attempt, :zero) + :one"
    with serving(aws.Aws()) as cloud:
        for change in (counted, counted, "SET #attempt = #attempt - :one REMOVE #state"):
            asked = {"Key": key, "UpdateExpression": change, "ExpressionAttributeValues": values}
            answer = cloud.asked("UpdateItem", asked)
    assert answer == {"Attributes": {**key, "attempt": {"N": "1"}}}
