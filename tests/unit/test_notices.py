"""Notices: what subscribers are told, and what they are never told."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from license_reader.flags import Flag, Severity
from license_reader.ledger import Notice, Record, State
from license_reader.license import Document, DrivingLicense, License, Side, VehicleLicense
from license_reader.notices import Notices, masked, notice_id, wanted
from license_reader.opinions import disagreement

if TYPE_CHECKING:
    from collections.abc import Callable

FLAGS = (Flag.of("blur", "tencent"), Flag.of("inspection_expired", "check"), Flag.of("copy", "tencent", detail="-9102"))
VEHICLE = VehicleLicense(
    plate_no="沪AA1234", owner="李明", address="上海市徐汇区田林路397号", vin="LSVAA4182E2123456", engine_no="8B54321"
)
DRIVER = DrivingLicense(license_no="110101199003070011", name="张三", address="深圳市南山区", file_no="440300123456")


class Topic:
    """SNS in memory."""

    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []

    def publish(self, **message: Any) -> None:
        self.published.append(message)


def flagged(
    document: Document = Document.VEHICLE_LICENSE,
    fields: VehicleLicense | DrivingLicense = VEHICLE,
    flags: tuple[Flag, ...] = FLAGS,
) -> Record:
    license_ = License(document=document, side=Side.FRONT, vendor="tencent", fields=fields, flags=flags)
    return Record(
        object="s3://b/uploads/a b.jpg", version="v1", state=State.DONE, attempt=1, spent=1, notice=Notice.SENDING,
        license=license_,
    )  # fmt: skip


def notices_of(make: Callable[[], Topic]) -> Notices:
    return Notices(make, "arn:topic", table="results", region="cn-north-1")  # type: ignore[arg-type]


def published(
    document: Document, fields: VehicleLicense | DrivingLicense, flags: tuple[Flag, ...] = FLAGS
) -> dict[str, Any]:
    topic = Topic()
    notices_of(lambda: topic).publish(flagged(document, fields, flags))
    (message,) = topic.published
    return message


def test_the_topic_has_no_client_before_the_first_notice_and_one_for_all_threads() -> None:
    topics: list[Topic] = []

    def make() -> Topic:
        time.sleep(0.05)  # as long as it takes several threads to come by
        topics.append(Topic())
        return topics[-1]

    notices = notices_of(make)
    assert topics == []
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(notices.publish, [flagged()] * 8))
    assert [len(topic.published) for topic in topics] == [8]


def test_a_notice_tells_what_happened_to_which_document() -> None:
    body = json.loads(published(Document.VEHICLE_LICENSE, VEHICLE)["Message"])
    assert body["id"] == notice_id("s3://b/uploads/a b.jpg", "v1")
    assert (body["document"], body["side"], body["vendor"]) == ("vehicle_license", "front", "tencent")
    assert body["severity"] == "fraud"
    assert [flag["code"] for flag in body["flags"]] == ["blur", "inspection_expired", "copy"]
    assert body["record"]["object"] == "s3://b/uploads/a b.jpg"
    assert body["record"]["link"].startswith(
        "https://cn-north-1.console.amazonaws.cn/dynamodbv2/home?region=cn-north-1"
    )
    assert "pk=s3%3A%2F%2Fb%2Fuploads%2Fa%20b.jpg&sk=v1&table=results" in body["record"]["link"]


def test_plate_and_vin_are_masked_and_nothing_else_of_the_license_is_told() -> None:
    for document, fields in ((Document.VEHICLE_LICENSE, VEHICLE), (Document.DRIVING_LICENSE, DRIVER)):
        text = json.dumps(published(document, fields), ensure_ascii=False)
        for value in fields.model_dump(exclude_none=True).values():
            assert str(value) not in text
    body = json.loads(published(Document.VEHICLE_LICENSE, VEHICLE)["Message"])
    assert (body["plate_no"], body["vin"]) == ("沪A***34", "LSV**********3456")


def test_a_disagreement_is_told_without_the_values_that_it_names_in_the_record() -> None:
    first = License(document=Document.VEHICLE_LICENSE, side=Side.FRONT, vendor="tencent", fields=VEHICLE)
    other = VEHICLE.model_copy(update={"plate_no": "沪AA1284", "vin": "LSVAA4182E2128456"})
    flag = disagreement(first, first.model_copy(update={"vendor": "huawei", "fields": other}))
    assert flag is not None
    text = json.dumps(published(Document.VEHICLE_LICENSE, VEHICLE, flags=(*FLAGS, flag)), ensure_ascii=False)
    assert "vendor_disagreement" in text
    for value in ("沪AA1234", "沪AA1284", "LSVAA4182E2123456", "LSVAA4182E2128456"):
        assert value in str(flag.detail)
        assert value not in text


def test_severity_and_flags_are_attributes_that_filter_policies_can_use() -> None:
    attributes = published(Document.VEHICLE_LICENSE, VEHICLE)["MessageAttributes"]
    assert attributes["severity"] == {"DataType": "String", "StringValue": "fraud"}
    assert attributes["flags"]["DataType"] == "String.Array"
    assert json.loads(attributes["flags"]["StringValue"]) == ["blur", "inspection_expired", "copy"]
    assert attributes["id"]["StringValue"] == notice_id("s3://b/uploads/a b.jpg", "v1")


def test_an_id_belongs_to_one_version_of_one_object() -> None:
    ids = {notice_id("s3://b/k", "1"), notice_id("s3://b/k", "2"), notice_id("s3://b/k2", "1")}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("publish", "told"),
    [((Severity.FRAUD,), True), ((Severity.QUALITY,), True), ((Severity.REVIEW,), False), ((), False)],
)
def test_only_severities_that_somebody_wants_are_published(publish: tuple[Severity, ...], *, told: bool) -> None:
    assert wanted(FLAGS, publish) is told


@pytest.mark.parametrize(
    ("value", "hidden"),
    [(None, None), ("", ""), ("沪A12", "****"), ("LSV12", "*****"), ("沪AA123", "******"), ("沪AA1234", "沪A***34")],
)
def test_a_short_value_is_hidden_whole(value: str | None, hidden: str | None) -> None:
    assert masked(value, 2, 2) == hidden
