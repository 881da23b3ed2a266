"""`license-ocr replay` on the emulator's table: what it writes, what it leaves alone, and whom it tells."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.cloud.test_command import run

from license_ocr.items import Items
from license_ocr.replay import Fate, Replay, Replayed
from license_ocr.subscriber import subscribed
from license_reader.checks import check
from license_reader.days import day_in_china
from license_reader.flags import Flag
from license_reader.ledger import NOTICE_LEASE, Claim, Ledger, Notice, Record
from license_reader.license import Document, License, Side, VehicleLicense
from license_reader.notices import Notices
from license_reader.settings import Settings
from license_reader.upload import Upload

if TYPE_CHECKING:
    from tests.cloud.conftest import Stack

    from license_ocr.local_cloud import LocalCloud

NOW = 1_800_000_000.0
SETTINGS = Settings(vendors=("megvii",))
RAW = {
    "request_id": "1",
    "plate_no": "沪AA1234",
    "vehicle_type": "小型轿车",
    "owner": "张三",
    "address": "上海市徐汇区田林路397号",
    "use_character": "非营运",
    "model": "别克牌SGM7151LAAA",
    "vin": "LSVAA4181E2123456",
    "engine_no": "8B54321",
    "register_date": {"year": 2014, "month": 5, "day": 6},
    "issue_date": {"year": 2014, "month": 5, "day": 6},
}


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


class Dies:
    """Notices of a process that dies as it is about to publish."""

    def publish(self, _record: Record) -> None:
        raise KeyboardInterrupt


class Meanwhile:
    """A DynamoDB client between whose reading and writing somebody else acts."""

    def __init__(self, client: Any, act: Any) -> None:
        self._client, self._act = client, act

    def __getattr__(self, name: str) -> Any:
        if name == "update_item":
            self._act()
        return getattr(self._client, name)


class LosesAnswers:
    """A DynamoDB client whose answers to updates are lost: as botocore then does, it asks again."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def twice(**arguments: Any) -> Any:
            call(**arguments)
            return call(**arguments)

        return twice if name == "update_item" else call


@pytest.fixture
def upload(shared: Stack) -> Upload:
    return Upload(bucket=shared.resources.Bucket, key=f"replay/{uuid.uuid4().hex}.jpg", version="v1")


@pytest.fixture
def ledger(shared: Stack) -> Ledger:
    return Ledger(shared.account.dynamodb, shared.resources.Table, clock=Clock())


@pytest.fixture
def items(shared: Stack) -> Items:
    return Items(shared.account.dynamodb, shared.resources.Table)


@pytest.fixture
def notices(shared: Stack) -> Notices:
    account = shared.account
    return Notices(lambda: account.sns, shared.resources.Topic, table=shared.resources.Table, region="us-east-1")


def license_by(mapping: set[str], *flags: Flag, raw: dict[str, Any] | None = None) -> License:
    """The license that a mapping of these fields alone made of the reply."""
    known = {"plate_no", "vehicle_type", "owner", "address", "use_character", "vin", "engine_no"}
    told: dict[str, Any] = {name: RAW[name] for name in known & mapping}
    told |= {"brand_model": RAW["model"], "register_date": "2014-05-06", "issue_date": "2014-05-06"}
    license_ = License(
        document=Document.VEHICLE_LICENSE,
        side=Side.FRONT,
        vendor="megvii",
        vendor_request_id="1",
        fields=VehicleLicense.model_validate(told),
        raw=raw or RAW,
    )
    return license_.flagged(*flags, *check(license_, today=day_in_china(NOW), min_confidence=0.85))


def finished(ledger: Ledger, upload: Upload, license_: License, *, notice: bool = False) -> Record:
    claim = ledger.claim(upload, lease=60, retention_days=30)
    assert isinstance(claim, Claim)
    record, owner = ledger.finish(claim, license_, spent=1, notice=notice, retention_days=30)
    if owner is not None:
        ledger.finish_notice(record, owner)
    return record


ALL = {"plate_no", "vehicle_type", "owner", "address", "use_character", "vin", "engine_no"}


def replay(items: Items, ledger: Ledger, upload: Upload, **how: Any) -> Replayed:
    [one] = Replay(items, ledger, SETTINGS, how.pop("notices", None), **how).run(items.of(upload.object))
    return one


def test_what_a_mended_mapping_reads_is_written_and_nothing_else_is_touched(
    ledger: Ledger, items: Items, upload: Upload
) -> None:
    before = finished(ledger, upload, license_by(ALL - {"vin"}))
    [old] = items.of(upload.object)
    told = replay(items, ledger, upload)
    assert (told.fate, told.fields, told.flags) == (Fate.CHANGED, ("vin",), ("-missing_field",))
    [new] = items.of(upload.object)
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    assert changed == {"license", "replayed_at"}
    after = ledger.get(upload.object, upload.version)
    assert after == before.model_copy(update={"license": license_by(ALL)})


def test_a_second_replay_finds_nothing_to_do(ledger: Ledger, items: Items, upload: Upload) -> None:
    finished(ledger, upload, license_by(ALL - {"vin"}))
    replay(items, ledger, upload)
    before = items.of(upload.object)
    assert replay(items, ledger, upload).fate is Fate.SAME
    assert items.of(upload.object) == before


def test_a_dry_run_tells_the_same_and_writes_nothing(
    ledger: Ledger, items: Items, upload: Upload, notices: Notices
) -> None:
    finished(ledger, upload, license_by(ALL - {"vin"}, Flag.of("tampered", "gate")))
    before = items.of(upload.object)
    told = replay(items, ledger, upload, write=False, notices=notices)
    assert (told.fate, told.fields, told.told) == (Fate.CHANGED, ("vin",), True)
    assert items.of(upload.object) == before


def test_what_somebody_else_wrote_meanwhile_is_left_as_it_is(shared: Stack, ledger: Ledger, upload: Upload) -> None:
    finished(ledger, upload, license_by(ALL - {"vin"}))
    client, table = shared.account.dynamodb, shared.resources.Table
    key = {"object": {"S": upload.object}, "version": {"S": upload.version}}

    def overwrite() -> None:
        client.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET license.side = :both",
            ExpressionAttributeValues={":both": {"S": "both"}},
        )

    items = Items(Meanwhile(client, overwrite), table)  # type: ignore[arg-type]
    assert replay(items, ledger, upload).fate is Fate.OVERTAKEN
    standing = ledger.get(upload.object, upload.version)
    assert standing is not None
    assert standing.license is not None
    assert (standing.license.side, standing.license.fields.model_dump()["vin"]) == (Side.BOTH, None)


def test_a_record_that_is_forgotten_meanwhile_does_not_come_back(shared: Stack, ledger: Ledger, upload: Upload) -> None:
    finished(ledger, upload, license_by(ALL - {"vin"}))
    client, table = shared.account.dynamodb, shared.resources.Table
    key: Any = {"object": {"S": upload.object}, "version": {"S": upload.version}}
    items = Items(Meanwhile(client, lambda: client.delete_item(TableName=table, Key=key)), table)  # type: ignore[arg-type]
    assert replay(items, ledger, upload).fate is Fate.OVERTAKEN
    assert ledger.get(upload.object, upload.version) is None


def test_its_own_write_is_known_when_the_answer_was_lost(shared: Stack, ledger: Ledger, upload: Upload) -> None:
    finished(ledger, upload, license_by(ALL - {"vin"}))
    items = Items(LosesAnswers(shared.account.dynamodb), shared.resources.Table)  # type: ignore[arg-type]
    assert replay(items, ledger, upload).fate is Fate.CHANGED


def test_a_reply_that_was_cut_is_left_alone(ledger: Ledger, items: Items, upload: Upload) -> None:
    finished(ledger, upload, license_by(ALL - {"vin"}, raw=RAW | {"crop": "A" * 400_000}))
    before = items.of(upload.object)
    assert replay(items, ledger, upload).fate is Fate.TRIMMED
    assert items.of(upload.object) == before


def test_a_claim_and_what_a_newer_version_wrote_are_left_alone(
    shared: Stack, ledger: Ledger, items: Items, upload: Upload
) -> None:
    ledger.claim(upload, lease=60, retention_days=30)
    assert replay(items, ledger, upload).fate is Fate.UNREAD
    other = Upload(bucket=upload.bucket, key=f"{upload.key}x", version="v1")
    finished(ledger, other, license_by(ALL - {"vin"}))
    shared.account.dynamodb.update_item(
        TableName=shared.resources.Table,
        Key={"object": {"S": other.object}, "version": {"S": "v1"}},
        UpdateExpression="SET license.#fields.colour = :red",
        ExpressionAttributeNames={"#fields": "fields"},
        ExpressionAttributeValues={":red": {"S": "red"}},
    )
    assert replay(items, ledger, other).fate is Fate.NEWER


def test_a_flag_that_the_replay_brings_is_told_once(
    shared: Stack, ledger: Ledger, items: Items, upload: Upload, notices: Notices
) -> None:
    bad = RAW | {"vin": "LSVAA4180E2123456"}
    unflagged = license_by(ALL - {"vin"}, raw=bad).model_copy(update={"flags": ()})
    finished(ledger, upload, unflagged)
    with subscribed(shared.account, shared.resources.Topic) as subscriber:
        told = replay(items, ledger, upload, notices=notices)
        again = replay(items, ledger, upload, notices=notices)
        received = [each for each in subscriber.receive(wait=5) if each.notice["record"]["object"] == upload.object]  # type: ignore[index]
    assert (told.flags, told.told, again.told) == (("+vin_check_digit",), True, False)
    assert [each.attributes["flags"] for each in received] == ['["vin_check_digit"]']
    standing = ledger.get(upload.object, upload.version)
    assert standing is not None
    assert standing.notice is Notice.SENT


def test_a_notice_that_a_replay_died_over_is_sent_by_the_next(
    shared: Stack, items: Items, upload: Upload, notices: Notices
) -> None:
    clock = Clock()
    ledger = Ledger(shared.account.dynamodb, shared.resources.Table, clock=clock)
    finished(ledger, upload, license_by(ALL - {"vin"}, Flag.of("tampered", "gate")))
    with pytest.raises(KeyboardInterrupt):
        replay(items, ledger, upload, notices=Dies())
    clock.now += NOTICE_LEASE + 1
    told = replay(items, ledger, upload, notices=notices)
    assert (told.fate, told.told) == (Fate.SAME, True)


def test_nobody_is_told_twice_and_nobody_at_all_where_no_notices_are_wanted(
    ledger: Ledger, items: Items, upload: Upload, notices: Notices
) -> None:
    finished(ledger, upload, license_by(ALL - {"vin"}, Flag.of("tampered", "gate")), notice=True)
    assert replay(items, ledger, upload, notices=notices).told is False
    other = Upload(bucket=upload.bucket, key=f"{upload.key}x", version="v1")
    finished(ledger, other, license_by(ALL - {"vin"}, Flag.of("tampered", "gate")))
    assert replay(items, ledger, other).told is False
    standing = ledger.get(other.object, "v1")
    assert standing is not None
    assert standing.notice is Notice.NONE


def test_the_command_shows_names_and_codes_and_values_only_when_asked(
    cloud: LocalCloud, ledger: Ledger, upload: Upload
) -> None:
    finished(ledger, upload, license_by(ALL - {"owner"}))
    dry = run("replay", "replay/", "--dry-run", home=cloud.home)
    assert dry.returncode == 0, dry.stderr
    assert f"{upload.object}  owner  -missing_field" in dry.stdout
    assert "张三" not in dry.stdout + dry.stderr
    done = run("replay", upload.key, "--show-values", home=cloud.home)
    assert done.returncode == 0, done.stderr
    assert "owner: - -> 张三" in done.stdout
    assert "1 changed" in " ".join(done.stdout.split())
    again = run("replay", upload.key, home=cloud.home)
    assert "1 read as before" in " ".join(again.stdout.split())


def test_the_command_fails_for_a_prefix_that_no_record_has(shared: Stack, cloud: LocalCloud) -> None:
    done = run("replay", "nowhere/", home=cloud.home)
    assert done.returncode == 1
    assert shared.resources.Table in done.stderr
    assert "nowhere/" in done.stderr


def test_the_reply_of_these_tests_is_a_whole_page_without_a_fault() -> None:
    assert license_by(ALL).flags == ()
