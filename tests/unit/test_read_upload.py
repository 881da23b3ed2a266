"""The handler: what it counts, and that it returns in time when what it waits for does not."""

from __future__ import annotations

import importlib
import json
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from bench.performance import batch
from tests.loopback import Loopback

from license_reader.flags import Flag
from license_reader.ledger import Record, State
from license_reader.license import Document, Side, empty
from license_reader.meter import VendorCounts
from license_reader.reader import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

SECONDS = 4.0


@dataclass
class Context:
    """What Lambda tells an invocation."""

    function_name: str = "read-upload"

    def get_remaining_time_in_millis(self) -> int:
        return int(SECONDS * 1000)


@pytest.fixture(scope="module")
def silent() -> Iterator[Loopback]:
    """AWS, as it is when it answers nobody."""
    server = Loopback()
    for _ in range(100):
        server.answer(silence=True)
    yield server
    server.close()


@pytest.fixture(scope="module")
def handler(silent: Loopback) -> Iterator[ModuleType]:
    """The handler's module, imported as Lambda imports it."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "AWS_ENDPOINT_URL": silent.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "SETTINGS_PATH": "/stack",
            "TABLE_NAME": "table",
            "TOPIC_ARN": "arn:aws:sns:us-east-1:111122223333:topic",
            "POWERTOOLS_METRICS_NAMESPACE": "LicenseOcr",
            "POWERTOOLS_SERVICE_NAME": "license-ocr",
        }.items():
            environment.setenv(name, value)
        module = importlib.import_module("read_upload")
        yield module
        # What still waits is answered, lest the threads outlive the tests by AWS's own time-outs.
        silent.answers.clear()
        for _ in range(100):
            silent.answer(400, body=b'{"__type": "AccessDeniedException"}')
        silent.released.set()
        module.threads.shutdown()


def uploaded(*ids: str) -> dict[str, Any]:
    told = {"s3": {"bucket": {"name": "b"}, "object": {"key": "uploads/a.jpg", "eTag": "e", "sequencer": "1"}}}
    body = json.dumps({"Records": [told | {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}]})
    return {"Records": [{"messageId": id_, "eventSource": "aws:sqs", "body": body} for id_ in ids]}


def metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (blob,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    return dict(blob)


def test_the_handler_returns_in_time_whatever_its_threads_wait_for(
    handler: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [f"message-{number}" for number in range(12)]
    started = time.monotonic()
    returned = handler.handler(uploaded(*ids), Context())
    assert time.monotonic() - started <= SECONDS - 2
    assert sorted(each["itemIdentifier"] for each in returned["batchItemFailures"]) == sorted(ids)
    reasons = {record.__dict__["reason"] for record in caplog.records if record.message == "upload not read"}
    assert reasons == {"the time ended while it was read", "the time ended before its turn came"}


def test_a_document_whose_vendor_hangs_does_not_hold_the_results_of_its_batch() -> None:
    seen = batch.hung()
    assert (seen.others, seen.read) == (batch.BATCH - 1, batch.BATCH)


def test_an_upload_that_was_read_in_the_last_moment_is_no_failure(handler: ModuleType) -> None:
    done: Future[None] = Future()
    done.set_result(None)
    assert handler._failure(done) is None


def test_a_vendors_part_is_counted_under_its_own_dimension(
    handler: ModuleType, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    handler._count_vendor("tencent", VendorCounts([812.5, 90.0], charged=1, failed=1, flagged=4, capped=3, refused=2))
    blob = metrics(capsys)
    (told,) = blob["_aws"]["CloudWatchMetrics"]
    assert (told["Namespace"], sorted(told["Dimensions"][0])) == ("LicenseOcr", ["service", "vendor"])
    assert (blob["service"], blob["vendor"]) == ("license-ocr", "tencent")
    assert {each["Name"]: (each["Unit"], blob[each["Name"]]) for each in told["Metrics"]} == {
        "VendorLatency": ("Milliseconds", [812.5, 90.0]),
        "VendorCharged": ("Count", [1.0]),
        "VendorFailed": ("Count", [1.0]),
        "VendorFlagged": ("Count", [4.0]),
        "VendorCapped": ("Count", [3.0]),
        "CredentialsRefused": ("Count", [2.0]),
    }
    assert [(record.levelname, record.__dict__["vendor"]) for record in caplog.records] == [
        ("ERROR", "tencent"),
        ("WARNING", "tencent"),
    ]


@pytest.mark.parametrize(
    ("flags", "fresh", "counted"), [(("blur", "copy"), True, 1), ((), True, 0), (("blur",), False, 0)]
)
def test_a_record_with_flags_counts_once_for_its_vendor(
    handler: ModuleType, flags: tuple[str, ...], fresh: bool, counted: int
) -> None:
    license_ = empty(Document.VEHICLE_LICENSE, Side.FRONT, *(Flag.of(flag, "tencent") for flag in flags))
    read = license_.model_copy(update={"vendor": "tencent"})
    record = Record(object="s3://b/k", version="1", state=State.DONE, attempt=1, spent=1, license=read)
    handler._log_outcome(Outcome(record, fresh=fresh))
    assert [counts.flagged for counts in handler.meter.take().values()] == [counted] * counted


def test_a_vendor_that_was_asked_nothing_has_no_latency(
    handler: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    handler._count_vendor("huawei", VendorCounts(capped=1))
    blob = metrics(capsys)
    assert "VendorLatency" not in blob
    assert blob["VendorCapped"] == [1.0]


def test_an_error_that_is_not_ours_is_told_by_its_kind_and_place_alone(handler: ModuleType) -> None:
    def fails() -> None:
        raise ValueError("某甲 京A00000")

    with pytest.raises(ValueError, match="某甲") as caught:
        fails()
    told = str(handler._tellable(caught.value))
    assert told.startswith("ValueError at fails, test_read_upload.py:")
    assert "某甲" not in told
