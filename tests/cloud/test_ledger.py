"""The ledger's conditional writes, on the emulator's table: who may write when, and whose write it was."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.cloud.lost_answers import LosesAnswers

from license_reader.errors import ClaimLost, InProgress
from license_reader.flags import Flag
from license_reader.ledger import NOTICE_LEASE, Claim, Draft, Ledger, Notice, Picture, Record, State, trimmed
from license_reader.license import Dimensions, Document, License, Side, VehicleLicense
from license_reader.upload import Upload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cloud.conftest import Stack


LICENSE = License(
    document=Document.VEHICLE_LICENSE,
    side=Side.BACK,
    vendor="huawei",
    fields=VehicleLicense(
        plate_no="沪AA1234", dimensions=Dimensions(length_mm=4620, width_mm=1780, height_mm=1498), gross_mass_kg=1837
    ),
    confidence={"plate_no": 0.9637},
    boxes={"plate_no": ((1.0, 2.5), (30.0, 2.5), (30.0, 9.25), (1.0, 9.25))},
    flags=(Flag.of("blur", "huawei"),),
    raw={"result": {"number": "沪AA1234", "odd": [1, 2.5, None]}},
)
PICTURE = Picture(format="jpeg", width=100, height=50, size=999, sha256="0" * 64)


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(shared: Stack, clock: Clock) -> Ledger:
    return Ledger(shared.account.dynamodb, shared.resources.Table, clock=clock)


@pytest.fixture
def upload() -> Upload:
    return Upload(bucket="bucket", key=f"{uuid.uuid4().hex}.jpg", version="v1")


@pytest.fixture
def lossy(shared: Stack, clock: Clock) -> Iterator[Ledger]:
    client: Any = LosesAnswers(shared.account.dynamodb)
    yield Ledger(client, shared.resources.Table, clock=clock)
    assert client._left == 0


def claimed(ledger: Ledger, upload: Upload) -> Claim:
    claim = ledger.claim(upload, lease=60, retention_days=30)
    assert isinstance(claim, Claim)
    return claim


def finished(ledger: Ledger, claim: Claim) -> Record:
    return told(ledger, claim)[0]


def told(ledger: Ledger, claim: Claim, *, notice: bool = True) -> tuple[Record, str | None]:
    return ledger.finish(
        claim, LICENSE, spent=1, notice=notice, retention_days=30, passed_over=("megvii: front only",), image=PICTURE
    )


def test_what_was_finished_is_found_as_it_was(ledger: Ledger, upload: Upload) -> None:
    record = finished(ledger, claimed(ledger, upload))
    assert record.license == LICENSE
    assert record == ledger.get(upload.object, upload.version)
    assert (record.state, record.notice, record.attempt, record.spent) == (State.DONE, Notice.SENDING, 1, 1)
    assert (record.passed_over, record.image) == (("megvii: front only",), PICTURE)
    assert record.read_at == "2027-01-15T08:00:00.000+00:00"


def test_a_record_leaves_the_table_when_its_retention_ends(ledger: Ledger, upload: Upload, shared: Stack) -> None:
    finished(ledger, claimed(ledger, upload))
    key = {"object": {"S": upload.object}, "version": {"S": upload.version}}
    item = shared.account.dynamodb.get_item(TableName=shared.resources.Table, Key=key)["Item"]
    assert item["ttl"] == {"N": str(1_800_000_000 + 30 * 86_400)}


def test_a_live_claim_keeps_others_out_until_its_lease_is_over(ledger: Ledger, upload: Upload, clock: Clock) -> None:
    first = claimed(ledger, upload)
    with pytest.raises(InProgress):
        ledger.claim(upload, lease=60, retention_days=30)
    clock.now += 61
    second = claimed(ledger, upload)
    assert (second.attempt, second.spent) == (2, 2)
    assert second.owner != first.owner


def test_one_of_many_simultaneous_deliveries_gets_the_claim(ledger: Ledger, upload: Upload) -> None:
    def attempt(_: int) -> bool:
        try:
            return isinstance(ledger.claim(upload, lease=60, retention_days=30), Claim)
        except InProgress:
            return False

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(8))) == 1


def test_an_overtaken_attempt_writes_nothing(ledger: Ledger, upload: Upload, clock: Clock) -> None:
    old = claimed(ledger, upload)
    clock.now += 61
    new = claimed(ledger, upload)
    with pytest.raises(ClaimLost):
        finished(ledger, old)
    assert finished(ledger, new).attempt == 2
    with pytest.raises(ClaimLost):
        finished(ledger, old)


def test_a_done_upload_is_not_read_again(ledger: Ledger, upload: Upload) -> None:
    record = finished(ledger, claimed(ledger, upload))
    assert ledger.claim(upload, lease=60, retention_days=30) == record


def test_a_released_claim_is_free_at_once_and_costs_what_was_spent(ledger: Ledger, upload: Upload) -> None:
    ledger.release(claimed(ledger, upload), spent=0)
    ledger.release(claimed(ledger, upload), spent=2)
    third = claimed(ledger, upload)
    assert (third.attempt, third.spent) == (3, 3)


def test_releasing_a_claim_that_was_lost_leaves_the_new_owner_alone(
    ledger: Ledger, upload: Upload, clock: Clock
) -> None:
    old = claimed(ledger, upload)
    clock.now += 61
    claimed(ledger, upload)
    ledger.release(old, spent=0)
    with pytest.raises(InProgress):
        ledger.claim(upload, lease=60, retention_days=30)


def test_a_release_whose_answer_was_lost_counts_once(ledger: Ledger, lossy: Ledger, upload: Upload) -> None:
    lossy.release(claimed(ledger, upload), spent=0)
    assert claimed(ledger, upload).spent == 1


DRAFT = Draft(LICENSE, PICTURE, ("megvii: front only",), attempt=1)


def test_a_first_reading_that_was_kept_is_handed_to_the_next_claim(
    ledger: Ledger, upload: Upload, clock: Clock
) -> None:
    first = ledger.keep(claimed(ledger, upload), DRAFT, spent=1)
    assert first.spent == 2
    with pytest.raises(InProgress):
        ledger.claim(upload, lease=60, retention_days=30)
    clock.now += 61
    second = claimed(ledger, upload)
    assert (second.attempt, second.spent, second.draft) == (2, 3, DRAFT)
    record = finished(ledger, second)
    assert (record.license, record.spent, record.state) == (LICENSE, 3, State.DONE)
    key = {"object": {"S": upload.object}, "version": {"S": upload.version}}
    item = ledger._table._client.get_item(TableName=ledger._table._name, Key=key)["Item"]
    assert not {"drafted", "lease_until"} & set(item)


def test_an_attempt_that_kept_nothing_leaves_no_draft(ledger: Ledger, upload: Upload, clock: Clock) -> None:
    claimed(ledger, upload)
    clock.now += 61
    assert claimed(ledger, upload).draft is None


def test_an_overtaken_attempt_keeps_nothing(ledger: Ledger, upload: Upload, clock: Clock) -> None:
    old = claimed(ledger, upload)
    clock.now += 61
    new = claimed(ledger, upload)
    with pytest.raises(ClaimLost):
        ledger.keep(old, DRAFT, spent=1)
    assert finished(ledger, new).spent == 2


def test_a_draft_whose_answer_was_lost_is_kept_and_counted_once(ledger: Ledger, lossy: Ledger, upload: Upload) -> None:
    kept = lossy.keep(claimed(ledger, upload), DRAFT, spent=1)
    assert finished(ledger, kept).spent == 2


def test_the_second_vendor_is_named_in_the_record(ledger: Ledger, upload: Upload) -> None:
    claim = claimed(ledger, upload)
    ledger.finish(claim, LICENSE, spent=1, notice=False, retention_days=30, second_opinion="tencent")
    record = ledger.get(upload.object, upload.version)
    assert record is not None
    assert record.second_opinion == "tencent"


def test_a_record_of_a_newer_version_can_be_read(ledger: Ledger, upload: Upload, shared: Stack) -> None:
    written = finished(ledger, claimed(ledger, upload))
    shared.account.dynamodb.update_item(
        TableName=shared.resources.Table,
        Key={"object": {"S": upload.object}, "version": {"S": upload.version}},
        UpdateExpression="SET license.#fields.colour = :red, license.mood = :red, novelty = :red",
        ExpressionAttributeNames={"#fields": "fields"},
        ExpressionAttributeValues={":red": {"S": "red"}},
    )
    assert ledger.get(upload.object, upload.version) == written


def test_a_claim_whose_answer_was_lost_is_still_ones_own(lossy: Ledger, upload: Upload) -> None:
    assert claimed(lossy, upload).attempt == 1


def test_a_result_whose_answer_was_lost_is_still_written_once_and_told(
    ledger: Ledger, lossy: Ledger, upload: Upload
) -> None:
    record, owner = told(lossy, claimed(ledger, upload))
    assert record == ledger.get(upload.object, upload.version)
    assert record.spent == 1
    assert owner is not None


def test_a_result_whose_answer_was_lost_is_told_by_whoever_took_its_notice_over(
    ledger: Ledger, upload: Upload, clock: Clock
) -> None:
    claim = claimed(ledger, upload)
    record = finished(ledger, claim)
    clock.now += NOTICE_LEASE + 1
    assert ledger.start_notice(record) is not None
    assert told(ledger, claim)[1] is None


def test_a_record_that_calls_for_no_notice_or_holds_it_back_is_nobodys_to_publish(
    ledger: Ledger, upload: Upload
) -> None:
    record, owner = told(ledger, claimed(ledger, upload), notice=False)
    assert (record.notice, owner) == (Notice.NONE, None)
    record, owner = told(ledger, claimed(ledger, replace(upload, version="v2", quiet=True)))
    assert (record.notice, owner) == (Notice.HELD, None)


def test_a_notice_whose_lease_answer_was_lost_is_still_sent(ledger: Ledger, lossy: Ledger, upload: Upload) -> None:
    record = finished(ledger, claimed(ledger, replace(upload, quiet=True)))
    assert lossy.start_notice(record) is not None


def test_a_notice_is_sent_by_one_and_finished_by_the_next_when_that_one_dies(
    ledger: Ledger, upload: Upload, clock: Clock
) -> None:
    record, dead = told(ledger, claimed(ledger, upload))
    assert dead is not None
    with pytest.raises(InProgress):
        ledger.start_notice(record)
    clock.now += NOTICE_LEASE + 1
    owner = ledger.start_notice(record)
    assert owner not in {None, dead}
    ledger.finish_notice(record, dead)
    standing = ledger.get(upload.object, upload.version)
    assert standing is not None
    assert standing.notice is Notice.SENDING
    ledger.finish_notice(record, str(owner))
    assert ledger.start_notice(record) is None
    standing = ledger.get(upload.object, upload.version)
    assert standing is not None
    assert standing.notice is Notice.SENT


def test_the_first_object_with_the_same_bytes_is_named_to_all_that_follow(ledger: Ledger, upload: Upload) -> None:
    sha256 = uuid.uuid4().hex
    first, other = claimed(ledger, upload), claimed(ledger, Upload("bucket", f"{uuid.uuid4().hex}.jpg", "v1"))
    assert ledger.first_seen(sha256, first, retention_days=1) is None
    assert ledger.first_seen(sha256, first, retention_days=1) is None
    assert ledger.first_seen(sha256, other, retention_days=1) == upload.object


def test_a_reply_that_would_not_fit_loses_its_long_texts_then_all() -> None:
    with_picture = trimmed({"fields": {"vin": "LSV"}, "crop": "A" * 20_000}, 10_000)
    assert with_picture is not None
    assert '"vin":"LSV"' in with_picture
    assert len(with_picture) < 3000
    endless = trimmed({"lines": ["text"] * 2_000}, 10_000)
    assert endless is not None
    assert "left_out" in endless
