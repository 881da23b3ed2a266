"""The chain: what follows each kind of error, on real vendor modules against a server on loopback."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import requests
from botocore.exceptions import ClientError
from tests.loopback import Asked, Loopback

from license_reader import vendors
from license_reader.breaker import FAILURES, PAUSE
from license_reader.chain import MAX_TRIES, MIN_SECONDS, Chain
from license_reader.errors import CredentialsError, NoVendorLeft, SettingsError
from license_reader.image import Image
from license_reader.keys import TRUST
from license_reader.license import Document, Side
from license_reader.meter import Meter
from license_reader.settings import Plan, VendorSettings
from license_reader.spending import Spending

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURE = Image(content=b"\xff\xd8\xff" + bytes(500), format="jpeg", width=1000, height=700)
READ = (200, {"document": "vehicle_license", "side": "front", "form": "paper", "fields": {"plate_no": "沪AA1234"}})
NOTHING: tuple[int, dict[str, Any]] = (
    200,
    {"document": None, "side": None, "fields": {}, "flags": [{"code": "not_a_license"}]},
)
BUSY = (429, {"error": {"code": "busy", "message": "later"}})
BROKEN = (500, {"error": {"code": "internal", "message": "oh"}})
UNAUTHORIZED = (401, {"error": {"code": "unauthorized", "message": "no"}})
MEGVII_READ = (200, {"request_id": "m1", "time_used": 3, "type": 1, "side": "front", "plate_no": "京C12345"})
MEGVII_NOT_ALLOWED = (403, {"error_message": "AUTHORIZATION_ERROR"})


@dataclass
class Counts:
    """DynamoDB as the counts of calls need it: how many stand, how often it was asked, and whether it fails."""

    calls: dict[str, int] = field(default_factory=dict)
    asked: int = 0
    down: bool = False

    def update_item(self, **update: Any) -> dict[str, Any]:
        self.asked += 1
        if self.down:
            raise ClientError({"Error": {"Code": "InternalServerError", "Message": "no"}}, "UpdateItem")
        key, values = update["Key"]["object"]["S"], update["ExpressionAttributeValues"]
        calls = self.calls.get(key, 0)
        if ":cap" not in values:
            self.calls[key] = calls - 1
        elif calls < int(values[":cap"]["N"]):
            self.calls[key] = calls + 1
        else:
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException", "Message": "no"}}, "UpdateItem")
        return {"Attributes": {}}


@dataclass
class Clock:
    """A clock that moves only when somebody sleeps."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)
    meter: Meter = field(default_factory=Meter)
    counts: Counts = field(default_factory=Counts)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Configured:
    """Settings and secrets in memory."""

    settings: dict[str, VendorSettings]
    secrets: dict[str, str]
    asked_anew: list[str] = field(default_factory=list)
    held: dict[str, Any] = field(default_factory=dict)

    def vendor(self, name: str) -> VendorSettings:
        if name not in self.settings:
            raise SettingsError(f"/stack/vendors/{name}: no such parameter")
        return self.settings[name]

    def credentials(self, name: str, *, refused: Any = None) -> Any:
        if name not in self.secrets:
            raise CredentialsError(f"secret {name}: cannot be read")
        if name not in self.held or self.held[name] is refused:
            if refused:
                self.asked_anew.append(name)
            self.held[name] = vendors.find(name).credentials.model_validate_json(self.secrets[name])
        return self.held[name]


@contextmanager
def answering(*replies: tuple[int, dict[str, Any]]) -> Iterator[tuple[str, list[Asked]]]:
    """A server that gives these replies in turn, the last one again and again; its address and what it was asked."""
    server = Loopback()
    for status, body in (*replies, *replies[-1:] * 10):
        server.answer(status, headers={"Content-Type": "application/json"}, body=json.dumps(body).encode())
    try:
        yield server.url, server.asked
    finally:
        server.close()


def planned(*names: str, side: Side = Side.FRONT) -> Plan:
    return Plan(document=Document.VEHICLE_LICENSE, side=side, told=True, vendors=names)


def configured(**endpoints: str) -> Configured:
    return Configured(
        {name: VendorSettings(endpoint=endpoint, secret=name) for name, endpoint in endpoints.items()},
        {"embedded": '{"api_key": "key"}', "megvii": '{"api_key": "key", "api_secret": "hush"}'},
    )


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def clock() -> Clock:
    return Clock()


def chain(configuration: Configured, session: requests.Session, clock: Clock, *, environments: int = 1) -> Chain:
    return Chain(
        configuration,  # type: ignore[arg-type]
        session,
        spending=Spending(clock.counts, "table", clock=clock),  # type: ignore[arg-type]
        meter=clock.meter,
        environments=environments,
        clock=clock,
        sleep=clock.sleep,
    )


def test_the_first_able_vendor_reads_and_one_call_is_counted(session: requests.Session, clock: Clock) -> None:
    with answering(READ) as (endpoint, asked_of):
        answer = chain(configured(embedded=endpoint), session, clock).ask(PICTURE, planned("embedded"), until=1060)
    assert answer.license.fields.model_dump(exclude_none=True) == {"plate_no": "沪AA1234"}
    assert (answer.spent, answer.passed_over) == (1, ())
    assert [asked.headers["x-api-key"] for asked in asked_of] == ["key"]


def test_a_vendor_that_cannot_read_the_page_is_passed_over_with_the_reason(
    session: requests.Session, clock: Clock
) -> None:
    with answering(READ) as (endpoint, _):
        asked = chain(configured(embedded=endpoint, megvii=endpoint), session, clock)
        answer = asked.ask(PICTURE, planned("megvii", "embedded", side=Side.BACK), until=1060)
    assert answer.license.vendor == "embedded"
    assert answer.passed_over == ("megvii: does not read vehicle_license back",)


def test_throttling_is_waited_out_with_jitter_and_costs_nothing(session: requests.Session, clock: Clock) -> None:
    with answering(BUSY, BUSY, READ) as (endpoint, asked_of):
        answer = chain(configured(embedded=endpoint), session, clock).ask(PICTURE, planned("embedded"), until=1060)
    assert (answer.spent, len(asked_of)) == (1, 3)
    assert len(clock.slept) == 2
    assert all(0 <= slept <= bound for slept, bound in zip(clock.slept, (0.5, 1.0), strict=True))


def test_a_vendor_that_throttles_gets_another_turn_when_nobody_else_could_read(
    session: requests.Session, clock: Clock
) -> None:
    with answering(*[BUSY] * (2 * MAX_TRIES), READ) as (endpoint, asked_of), answering(MEGVII_READ) as (other, paid):
        asked = chain(configured(embedded=endpoint, megvii=other), session, clock)
        answer = asked.ask(PICTURE, planned("embedded", "megvii", side=Side.BACK), until=1060)
    assert (answer.license.vendor, answer.spent, len(asked_of), paid) == ("embedded", 1, 2 * MAX_TRIES + 1, [])
    assert answer.passed_over == ("megvii: does not read vehicle_license back",)


def test_a_vendor_that_stays_down_gives_way_to_the_next(session: requests.Session, clock: Clock) -> None:
    with answering(BROKEN) as (down, asked_of), answering(MEGVII_READ) as (endpoint, _):
        asked = chain(configured(embedded=down, megvii=endpoint), session, clock)
        answer = asked.ask(PICTURE, planned("embedded", "megvii"), until=1060)
    assert (answer.license.vendor, answer.spent, len(asked_of)) == ("megvii", 1, MAX_TRIES)
    assert len(answer.passed_over) == 1
    assert answer.passed_over[0].startswith("embedded: internal")


def test_a_vendor_that_nobody_answers_for_gives_way_to_the_next(session: requests.Session, clock: Clock) -> None:
    with answering(MEGVII_READ) as (closed, _):
        pass
    with answering(MEGVII_READ) as (endpoint, _):
        asked = chain(configured(embedded=closed, megvii=endpoint), session, clock)
        answer = asked.ask(PICTURE, planned("embedded", "megvii"), until=1060)
    assert (answer.license.vendor, answer.spent) == ("megvii", 1)
    assert answer.passed_over[0].startswith("embedded: could not be asked")


def test_a_refused_secret_is_read_anew_once(session: requests.Session, clock: Clock) -> None:
    configuration = configured()
    with answering(UNAUTHORIZED, READ) as (endpoint, asked_of):
        configuration.settings["embedded"] = VendorSettings(endpoint=endpoint, secret="embedded")
        answer = chain(configuration, session, clock).ask(PICTURE, planned("embedded"), until=1060)
    assert (answer.spent, len(asked_of), configuration.asked_anew) == (1, 2, ["embedded"])


def test_a_secret_that_stays_refused_raises_an_alarm_and_passes_the_vendor_over(
    session: requests.Session, clock: Clock
) -> None:
    configuration = configured()
    with answering(MEGVII_NOT_ALLOWED) as (refusing, asked_of), answering(READ) as (endpoint, _):
        configuration.settings["megvii"] = VendorSettings(endpoint=refusing, secret="megvii")
        configuration.settings["embedded"] = VendorSettings(endpoint=endpoint, secret="embedded")
        answer = chain(configuration, session, clock).ask(PICTURE, planned("megvii", "embedded"), until=1060)
    assert (answer.license.vendor, len(asked_of)) == ("embedded", 2)
    counts = clock.meter.take()
    assert {name: each.refused for name, each in counts.items()} == {"megvii": 1, "embedded": 0}


def test_a_missing_secret_or_parameter_passes_the_vendor_over(session: requests.Session, clock: Clock) -> None:
    with answering(READ) as (endpoint, asked_of):
        configuration = configured(embedded=endpoint, huawei=endpoint)
        answer = chain(configuration, session, clock).ask(PICTURE, planned("tencent", "huawei", "embedded"), until=1060)
    assert answer.passed_over == (
        "tencent: /stack/vendors/tencent: no such parameter",
        "huawei: secret huawei: cannot be read",
    )
    assert ([name for name, each in clock.meter.take().items() if each.refused], len(asked_of)) == (["huawei"], 1)


def test_a_document_that_a_vendor_refuses_is_flagged_and_nobody_else_is_paid(
    session: requests.Session, clock: Clock
) -> None:
    with answering(NOTHING) as (endpoint, _), answering(MEGVII_READ) as (other, paid):
        asked = chain(configured(embedded=endpoint, megvii=other), session, clock)
        answer = asked.ask(PICTURE, planned("embedded", "megvii"), until=1060)
    assert [flag.code for flag in answer.license.flags] == ["not_a_license"]
    assert (answer.license.vendor, answer.spent, paid) == ("embedded", 1, [])


def test_when_nobody_is_left_the_reasons_and_the_cost_are_told(session: requests.Session, clock: Clock) -> None:
    with answering((200, {"document": "a bus ticket"})) as (odd, _), answering(BROKEN) as (down, _):
        asked = chain(configured(embedded=odd, megvii=down), session, clock)
        with pytest.raises(NoVendorLeft, match=r"embedded: HTTP 200, unreadable reply; megvii: ") as caught:
            asked.ask(PICTURE, planned("embedded", "megvii"), until=1060)
    assert caught.value.spent == 1


def test_nobody_is_asked_when_no_answer_could_come_in_time(session: requests.Session, clock: Clock) -> None:
    with answering(READ) as (endpoint, asked_of):
        asked = chain(configured(embedded=endpoint), session, clock)
        with pytest.raises(NoVendorLeft, match="no time left") as caught:
            asked.ask(PICTURE, planned("embedded"), until=1000.5)
    assert (asked_of, caught.value.spent) == ([], 0)


def test_a_pause_never_reaches_past_the_time_that_is_left(session: requests.Session, clock: Clock) -> None:
    with answering(BUSY) as (endpoint, _):
        asked = chain(configured(embedded=endpoint), session, clock)
        with pytest.raises(NoVendorLeft):
            asked.ask(PICTURE, planned("embedded"), until=1002)
    assert clock.now <= 1001


def test_changed_settings_make_the_vendor_anew(session: requests.Session, clock: Clock) -> None:
    with answering(READ) as (first, _), answering(READ) as (second, asked_of):
        configuration = configured(embedded=first)
        asked = chain(configuration, session, clock)
        asked.ask(PICTURE, planned("embedded"), until=1060)
        configuration.settings["embedded"] = VendorSettings(endpoint=second, secret="embedded")
        asked.ask(PICTURE, planned("embedded"), until=1060)
    assert len(asked_of) == 1


def test_a_page_that_nobody_of_the_chain_reads_is_flagged_with_the_reasons(
    session: requests.Session, clock: Clock
) -> None:
    with answering(MEGVII_READ) as (endpoint, asked_of):
        asked = chain(configured(megvii=endpoint), session, clock)
        answer = asked.ask(PICTURE, planned("megvii", side=Side.BACK), until=1060)
    (flag,) = answer.license.flags
    assert (flag.code, flag.detail) == ("not_taken", "megvii: does not read vehicle_license back")
    assert (answer.spent, asked_of) == (0, [])


def test_connections_that_idled_through_a_freeze_are_not_used_again(session: requests.Session, clock: Clock) -> None:
    closed = []
    session.close = lambda: closed.append(clock.now)  # type: ignore[method-assign]
    with answering(READ) as (endpoint, _):
        asked = chain(configured(embedded=endpoint), session, clock)
        for now in (1000, 1010, 1029, 1300):
            clock.now = now
            asked.ask(PICTURE, planned("embedded"), until=now + 60)
    assert closed == [1300]


def test_the_rate_is_shared_among_the_environments_that_may_run_at_once(
    session: requests.Session, clock: Clock
) -> None:
    with answering(READ) as (endpoint, _):
        configuration = configured()
        configuration.settings["embedded"] = VendorSettings(endpoint=endpoint, secret="embedded", rate=10)
        asked = chain(configuration, session, clock, environments=2)
        for _ in range(3):
            asked.ask(PICTURE, planned("embedded"), until=1060)
    assert clock.slept == pytest.approx([1 / 4.5, 1 / 4.5])


def capped(cap: int, **endpoints: str) -> Configured:
    configuration = configured(**endpoints)
    settings = configuration.settings["embedded"]
    configuration.settings["embedded"] = settings.model_copy(update={"daily_cap": cap})
    return configuration


def test_a_capped_vendor_gives_way_with_the_reason_and_is_counted(session: requests.Session, clock: Clock) -> None:
    with answering(READ) as (endpoint, asked_of), answering(MEGVII_READ) as (other, _):
        asked = chain(capped(2, embedded=endpoint, megvii=other), session, clock)
        answers = [asked.ask(PICTURE, planned("embedded", "megvii"), until=1060) for _ in range(3)]
    assert [answer.license.vendor for answer in answers] == ["embedded", "embedded", "megvii"]
    assert answers[2].passed_over == ("embedded: the 2 calls of 1970-01-01 are used up (daily_cap)",)
    assert (len(asked_of), clock.meter.take()["embedded"].capped) == (2, 1)


def test_a_cap_costs_one_write_a_call_and_no_cap_none(session: requests.Session, clock: Clock) -> None:
    with answering(READ) as (endpoint, _):
        chain(configured(embedded=endpoint), session, clock).ask(PICTURE, planned("embedded"), until=1060)
        assert clock.counts.asked == 0
        chain(capped(5, embedded=endpoint), session, clock).ask(PICTURE, planned("embedded"), until=1060)
    assert (clock.counts.asked, clock.counts.calls) == (1, {"calls:embedded": 1})


@pytest.mark.parametrize(
    ("replies", "counted"),
    [
        ([BUSY, READ], 1),
        ([BROKEN], 0),
        ([UNAUTHORIZED, UNAUTHORIZED], 0),
        ([(200, {"document": "a bus ticket"})], 1),
        ([NOTHING], 1),
    ],
    ids=["throttled, then read", "down", "refused", "perhaps charged", "no license"],
)
def test_what_was_surely_not_charged_is_given_back(
    replies: list[tuple[int, dict[str, Any]]], counted: int, session: requests.Session, clock: Clock
) -> None:
    with answering(*replies) as (endpoint, _):
        asked = chain(capped(5, embedded=endpoint), session, clock)
        try:
            asked.ask(PICTURE, planned("embedded"), until=1060)
        except NoVendorLeft as error:
            assert error.spent == counted  # noqa: PT017 - some of these raise, some answer
    assert clock.counts.calls["calls:embedded"] == counted


def test_when_calls_cannot_be_counted_nobody_is_asked_and_the_message_comes_again(
    session: requests.Session, clock: Clock
) -> None:
    clock.counts.down = True
    with answering((504, {})) as (odd, paid), answering(READ) as (endpoint, asked_of):
        asked = chain(capped(5, megvii=odd, embedded=endpoint), session, clock)
        with pytest.raises(NoVendorLeft, match="embedded: a call could not be counted: ClientError") as caught:
            asked.ask(PICTURE, planned("megvii", "embedded"), until=1060)
        assert (len(paid), asked_of, caught.value.spent) == (1, [], 1)
        with pytest.raises(NoVendorLeft, match="embedded: a call could not be counted"):
            asked.ask(PICTURE, planned("embedded", "megvii"), until=1060)
        assert len(paid) == 1


def test_a_vendor_that_keeps_failing_is_left_alone_until_one_probe_succeeds(
    session: requests.Session, clock: Clock
) -> None:
    with (
        answering(*[BROKEN] * FAILURES, READ) as (ailing, asked_of),
        answering(MEGVII_READ) as (endpoint, _),
    ):
        asked = chain(configured(embedded=ailing, megvii=endpoint), session, clock)
        plan = planned("embedded", "megvii")
        asked.ask(PICTURE, plan, until=clock.now + 60)
        tripped = asked.ask(PICTURE, plan, until=clock.now + 60)
        assert len(asked_of) == FAILURES
        spared = [asked.ask(PICTURE, plan, until=clock.now + 60) for _ in range(5)]
        assert len(asked_of) == FAILURES
        clock.now += PAUSE
        healed = [asked.ask(PICTURE, plan, until=clock.now + 60) for _ in range(2)]
    assert {answer.license.vendor for answer in (tripped, *spared)} == {"megvii"}
    assert spared[0].passed_over == ("embedded: left alone for a while, since its last calls failed",)
    assert [answer.license.vendor for answer in healed] == ["embedded", "embedded"]


def test_a_vendor_that_is_left_alone_is_waited_for_when_nobody_else_can_read(
    session: requests.Session, clock: Clock
) -> None:
    with answering(*[BROKEN] * FAILURES, READ) as (ailing, _), answering(MEGVII_READ) as (endpoint, paid):
        asked = chain(configured(embedded=ailing, megvii=endpoint), session, clock)
        plan = planned("embedded", "megvii", side=Side.BACK)
        with pytest.raises(NoVendorLeft):
            asked.ask(PICTURE, plan, until=clock.now + 60)
        waited = asked.ask(PICTURE, plan, until=clock.now + 60)
    assert (waited.license.vendor, waited.spent, paid) == ("embedded", 1, [])


def test_when_every_vendor_is_left_alone_the_message_comes_again(session: requests.Session, clock: Clock) -> None:
    with answering(BROKEN) as (ailing, asked_of):
        asked = chain(configured(embedded=ailing), session, clock)
        for _ in range(2):
            with pytest.raises(NoVendorLeft):
                asked.ask(PICTURE, planned("embedded"), until=clock.now + 10)
        before, now = len(asked_of), clock.now
        with pytest.raises(NoVendorLeft, match="its last calls failed") as caught:
            asked.ask(PICTURE, planned("embedded"), until=clock.now + 10)
    assert (len(asked_of), caught.value.spent) == (before, 0)
    assert clock.now - now <= 10


def test_what_failed_for_want_of_time_does_not_count_against_the_vendor(
    session: requests.Session, clock: Clock
) -> None:
    with answering(*[BROKEN] * FAILURES, READ) as (endpoint, asked_of):
        asked = chain(configured(embedded=endpoint), session, clock)
        for _ in range(FAILURES):
            with pytest.raises(NoVendorLeft):
                asked.ask(PICTURE, planned("embedded"), until=clock.now + MIN_SECONDS)
        assert len(asked_of) == FAILURES
        assert asked.ask(PICTURE, planned("embedded"), until=clock.now + MIN_SECONDS).license.vendor == "embedded"


def test_each_call_is_metered_with_what_became_of_it(session: requests.Session, clock: Clock) -> None:
    with answering(BUSY, NOTHING) as (endpoint, _), answering((504, {})) as (odd, _):
        asked = chain(configured(embedded=endpoint, megvii=odd), session, clock)
        asked.ask(PICTURE, planned("megvii", "embedded"), until=1060)
    counts = clock.meter.take()
    assert [(len(each.latencies), each.charged, each.failed) for each in counts.values()] == [(1, 1, 1), (2, 1, 1)]
    assert clock.meter.take() == {}


def test_ten_threads_meet_a_rotation_with_one_refused_call_and_no_failure(session: requests.Session) -> None:
    vendor = Rotating("old")
    configuration = configured(embedded=vendor.url)
    configuration.secrets["embedded"] = '{"api_key": "old"}'
    clock = Clock()
    asked = Chain(
        configuration,  # type: ignore[arg-type]
        session,
        spending=Spending(clock.counts, "table"),  # type: ignore[arg-type]
        meter=clock.meter,
    )

    def read(_: int) -> str | None:
        return asked.ask(PICTURE, planned("embedded"), until=time.time() + 20).license.vendor

    try:
        with ThreadPoolExecutor(10) as threads:
            assert list(threads.map(read, range(10))) == ["embedded"] * 10
            time.sleep(TRUST + 0.1)
            vendor.key, configuration.secrets["embedded"] = "new", '{"api_key": "new"}'
            assert list(threads.map(read, range(10))) == ["embedded"] * 10
    finally:
        vendor.close()
    assert vendor.refused == 1
    assert configuration.asked_anew == ["embedded"]


class Rotating:
    """A vendor that serves one key, slowly, and refuses every other at once."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.refused = 0
        rotating = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                known = self.headers["X-Api-Key"] == rotating.key
                time.sleep(0.05 * known)
                rotating.refused += not known
                status, body = READ if known else UNAUTHORIZED
                content = json.dumps(body).encode()
                self.send_response_only(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
