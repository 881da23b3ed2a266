"""Uploads: the same one through every envelope, and what is no upload at all."""

from __future__ import annotations

import hashlib
import json
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from license_reader.errors import UnknownEvent
from license_reader.upload import Message, Upload, messages, told

EVENTS = Path(__file__).parents[2] / "events"
SAMPLES = Path(__file__).parents[1] / "samples"


def sample(name: str, key: str, sequencer: str) -> Upload:
    """A sample photo as an upload; S3 makes the eTag of the content, and a bucket without versions tells no more."""
    content = (SAMPLES / name).read_bytes()
    etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
    version = f"{etag}-{sequencer}"
    return Upload(bucket="license-ocr-uploads", key=key, version=version, etag=etag, size=len(content))


PHOTO = sample("vehicle-front.jpg", "uploads/行驶证 正页+1.jpg", "0065E2A1F3C9D20B14")
FRONT = sample("vehicle-front-bad.jpg", "uploads/2026/03/front-0002.jpg", "0065E2A1F3C9D20B15")
BACK = sample("vehicle-back.jpg", "uploads/back/side-page-0003.jpg", "0065E2A1F3C9D20B16")
DRIVING = sample("driving-front.jpg", "uploads/driving/front-0004.jpg", "0065E2A1F3C9D20B17")
OLD = replace(sample("vehicle-front-bad.jpg", "archive/2019/front-0005.jpg", "backfill"), quiet=True)
ID = "6f1b4a5c-0c3e-4d0e-9a51-00000000000{}".format

# What each file in events/ yields: a pair for each message, None for one that nobody understands.
YIELDS: dict[str, list[tuple[str | None, tuple[Upload, ...] | None]]] = {
    "s3-put.json": [(None, (PHOTO,))],
    "s3-in-sqs.json": [(ID(1), (PHOTO,))],
    "s3-in-sns-in-sqs.json": [(ID(1), (PHOTO,))],
    "eventbridge-in-sqs.json": [(ID(1), (PHOTO,))],
    "s3-test-event.json": [(ID(1), ())],
    "batch-with-one-bad-record.json": [(ID(1), (FRONT,)), (ID(2), None), (ID(3), (BACK,))],
    "driving-license-route.json": [(ID(1), (DRIVING,))],
    "backfill-in-sqs.json": [(ID(1), (OLD,))],
}


def test_every_event_file_is_listed_here() -> None:
    assert {path.name for path in EVENTS.iterdir()} == set(YIELDS)


@pytest.mark.parametrize("name", YIELDS)
def test_an_event_file_yields_its_uploads(name: str) -> None:
    event = json.loads((EVENTS / name).read_text(encoding="utf-8"))
    assert [(message.id, _uploads_or_none(message)) for message in messages(event)] == YIELDS[name]


def _uploads_or_none(message: Message) -> tuple[Upload, ...] | None:
    try:
        return message.uploads()
    except UnknownEvent:
        return None


# What a bucket with versions tells of.
FIRST = Upload(
    "license-ocr-uploads", "uploads/行驶证 正页+1.jpg", "L4kqtJlcpXro", "L4kqtJlcpXro", "6805f2cfc46c0f04", 7
)
SECOND = Upload(
    "license-ocr-uploads", "uploads/driving/front.jpg", "Zq7XEXAMPLE4", "Zq7XEXAMPLE4", "f2a61c7de20b64c2", 8
)

# The envelopes, built as AWS builds them.


def s3_event(upload: Upload, *, name: str = "ObjectCreated:Put", sequencer: str | None = None) -> dict[str, Any]:
    told = {
        "key": quote_plus(upload.key, safe="/"),
        "size": upload.size,
        "eTag": upload.etag,
        "versionId": upload.version_id,
        "sequencer": sequencer,
    }
    entity = {"bucket": {"name": upload.bucket}, "object": {k: v for k, v in told.items() if v is not None}}
    return {"Records": [{"eventSource": "aws:s3", "eventName": name, "s3": entity}]}


def eventbridge_event(upload: Upload, *, sequencer: str | None = None) -> dict[str, Any]:
    told = {
        "key": upload.key,
        "size": upload.size,
        "etag": upload.etag,
        "version-id": upload.version_id,
        "sequencer": sequencer,
    }
    detail = {"bucket": {"name": upload.bucket}, "object": {k: v for k, v in told.items() if v is not None}}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}


def in_sqs(*bodies: object) -> dict[str, Any]:
    return {
        "Records": [
            {"eventSource": "aws:sqs", "messageId": str(number), "body": body if isinstance(body, str) else _json(body)}
            for number, body in enumerate(bodies, 1)
        ]
    }


def in_sns(body: object) -> dict[str, Any]:
    return {"Type": "Notification", "Subject": "Amazon S3 Notification", "Message": _json(body)}


def _json(body: object) -> str:
    return json.dumps(body, ensure_ascii=False)


def only(event: object) -> tuple[Upload, ...]:
    (message,) = messages(event)
    return message.uploads()


# Keys of any text that UTF-8 can hold, with a good share of what form-encoding, paths and JSON trip over.
# Joined letter by letter: as an alphabet of `text` the few would drown among all characters.
KEYS = (
    st.lists(
        st.one_of(
            st.sampled_from(list(" +%/&=?#\\\"'\n\r\t\x00\x85\u2028沪驶😀é~")), st.characters(exclude_categories=["Cs"])
        ),
        min_size=1,
        max_size=60,
    )
    .map("".join)
    .filter(lambda key: not key.endswith("/"))
)
SEQUENCERS = st.text("0123456789ABCDEF", min_size=16, max_size=18)
ETAGS = st.text("0123456789abcdef", min_size=32, max_size=32)


@given(KEYS, ETAGS, SEQUENCERS, st.one_of(st.none(), st.just("null"), st.text("aZ09._-", min_size=5)))
def test_an_upload_is_the_same_through_every_envelope(
    key: str, etag: str, sequencer: str, version_id: str | None
) -> None:
    real = version_id if version_id != "null" else None
    expected = Upload("bucket", key, real or f"{etag}-{sequencer}", real, etag, 7)
    sent = Upload("bucket", key, "", version_id, etag, 7)
    notified, bridged = s3_event(sent, sequencer=sequencer), eventbridge_event(sent, sequencer=sequencer)
    envelopes = [notified, bridged, in_sqs(notified), in_sqs(bridged), in_sqs(in_sns(notified)), in_sns(bridged)]
    assert [only(event) for event in envelopes] == [(expected,)] * len(envelopes)


@given(
    KEYS,
    ETAGS,
    st.one_of(st.none(), st.text("aZ09._-", min_size=5)),
    st.sampled_from(["backfill", "00A1"]),
    st.booleans(),
)
def test_a_backfill_tells_of_an_upload_as_its_own_event_did(
    key: str, etag: str, version_id: str | None, sequencer: str, quiet: bool
) -> None:
    upload = Upload("bucket", key, version_id or f"{etag}-{sequencer}", version_id, etag, 7, quiet)
    assert only(in_sqs(told(upload))) == (upload,)
    by_itself = only(in_sqs(s3_event(replace(upload, quiet=False), sequencer=None if version_id else sequencer)))
    assert by_itself == (replace(upload, quiet=False),)


@given(KEYS)
def test_a_key_is_decoded_just_once(key: str) -> None:
    encoded_twice = quote_plus(key)
    sent = Upload("bucket", encoded_twice, "v", "v", "e", 7)
    assert only(s3_event(sent))[0].key == encoded_twice == only(eventbridge_event(sent))[0].key


def test_an_address_holds_bucket_and_key_as_they_are() -> None:
    assert Upload("bucket", "uploads/a b+c%.jpg", "v1").object == "s3://bucket/uploads/a b+c%.jpg"


def test_two_uploads_of_the_same_bytes_to_one_key_are_two() -> None:
    first, second = (only(s3_event(FRONT, sequencer=sequencer))[0] for sequencer in ("00A1", "00A2"))
    assert first.object == second.object
    assert first.version != second.version


def test_one_body_may_tell_of_several_uploads() -> None:
    both = {"Records": s3_event(FIRST)["Records"] + s3_event(SECOND)["Records"]}
    assert only(in_sqs(both)) == (FIRST, SECOND)


@pytest.mark.parametrize("name", ["ObjectRemoved:Delete", "ObjectRestore:Completed", "ObjectTagging:Put"])
def test_what_created_no_object_is_no_upload(name: str) -> None:
    assert only(in_sqs(s3_event(Upload("bucket", "a.jpg", ""), name=name))) == ()


def test_what_created_no_object_is_no_upload_through_eventbridge_either() -> None:
    assert only(in_sqs(eventbridge_event(FIRST) | {"detail-type": "Object Deleted"})) == ()


def test_a_folder_made_in_the_console_is_no_upload() -> None:
    folder = Upload("bucket", "uploads/driving/", "v", "v", "d41d8cd98f00b204e9800998ecf8427e", 0)
    assert only(s3_event(folder)) == only(eventbridge_event(folder)) == ()


def test_an_object_with_bytes_is_an_upload_whatever_its_key_ends_in() -> None:
    odd = Upload("bucket", "uploads/odd/", "v", "v", "e", 9)
    assert only(s3_event(odd)) == (odd,)


BAD_BODIES = {
    "an empty body": ("", "the body: json_invalid"),
    "no JSON": ("行驶证", "the body: json_invalid"),
    "JSON of another kind": ('["沪A12345"]', "the body: union_tag_not_found"),
    "an object of nobody's": ('{"plate": "沪A12345"}', "the body: union_tag_not_found"),
    "another service's event": ('{"source": "aws.ec2", "detail-type": "x", "detail": {}}', "source: literal_error"),
    "another service's record": ('{"Records": [{"eventSource": "aws:sqs"}]}', "Records.0.eventSource: literal_error"),
    "a key that hides no UTF-8": (
        _json(s3_event(FIRST)).replace("%E8%A1%8C", "%FF"),
        "Records.0.s3.object.key: value_error",
    ),
    "an empty key": (_json(s3_event(Upload("bucket", "", "v", "v"))), "Records.0.s3.object.key: string_too_short"),
    "no version of any kind": (
        _json(eventbridge_event(Upload("bucket", "a.jpg", "", etag="e"))),
        "an object with neither a version",
    ),
    "an SNS message of nobody's": (_json(in_sns({"plate": "沪A12345"})), "Message: union_tag_not_found"),
    "an SNS subscription": ('{"Type": "SubscriptionConfirmation", "Message": "{}"}', "Type: literal_error"),
}


@pytest.mark.parametrize(("body", "complaint"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_an_unknown_body_fails_alone_and_says_where(body: str, complaint: str) -> None:
    before, bad, after = messages(in_sqs(s3_event(FIRST), body, s3_event(SECOND)))
    assert (before.uploads(), after.uploads()) == ((FIRST,), (SECOND,))
    with pytest.raises(UnknownEvent) as raised:
        bad.uploads()
    assert str(raised.value).startswith(f"message 2: {complaint}")
    assert "expected what S3 sends" in str(raised.value)


@pytest.mark.parametrize(("body", "_complaint"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_nothing_of_an_unknown_body_is_told(body: str, _complaint: str) -> None:
    (bad,) = messages(in_sqs(body))
    with pytest.raises(UnknownEvent) as raised:
        bad.uploads()
    logged = "".join(traceback.format_exception(raised.value)) + repr(bad)
    assert "沪" not in logged
    assert "行驶" not in logged


def test_a_record_without_a_body_fails_as_that_item() -> None:
    event = in_sqs(s3_event(FIRST), "")
    del event["Records"][1]["body"]
    good, bad = messages(event)
    assert good.uploads() == (FIRST,)
    with pytest.raises(UnknownEvent, match="message 2"):
        bad.uploads()


def test_a_batch_record_that_cannot_be_named_fails_the_whole_event() -> None:
    event = in_sqs(s3_event(FIRST), s3_event(SECOND))
    del event["Records"][0]["messageId"]
    (whole,) = messages(event)
    assert whole.id is None
    with pytest.raises(UnknownEvent, match="event"):
        whole.uploads()


def test_an_empty_batch_has_no_messages() -> None:
    assert messages({"Records": []}) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text()
            | st.sampled_from(["Records", "Event", "detail-type", "Type", "eventSource", "body", "s3", "Message"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(JSON)
def test_any_other_json_is_unknown_and_never_breaks_anything(event: object) -> None:
    for message in messages(event) + messages(in_sqs(_json(event))):
        assert _uploads_or_none(message) in {None, ()}


@given(st.text())
def test_any_text_as_a_body_is_unknown_and_never_breaks_anything(body: str) -> None:
    assert [_uploads_or_none(message) for message in messages(in_sqs(body))] == [None]
