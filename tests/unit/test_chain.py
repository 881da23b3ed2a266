"""The chain: what follows each kind of error, on real vendor modules against a server on loopback."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from tests.loopback import Asked, Loopback

from license_reader import vendors
from license_reader.chain import MAX_TRIES, Chain, Pacer
from license_reader.errors import CredentialsError, NoVendorLeft, SettingsError
from license_reader.image import Image
from license_reader.license import Document, Side
from license_reader.settings import Plan, VendorSettings

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
class Clock:
    """A clock that moves only when somebody sleeps."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

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

    def vendor(self, name: str) -> VendorSettings:
        if name not in self.settings:
            raise SettingsError(f"/stack/vendors/{name}: no such parameter")
        return self.settings[name]

    def credentials(self, name: str, *, anew: bool = False) -> Any:
        if anew:
            self.asked_anew.append(name)
        if name not in self.secrets:
            raise CredentialsError(f"secret {name}: cannot be read")
        return vendors.find(name).credentials.model_validate_json(self.secrets[name])


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


def chain(configuration: Configured, session: requests.Session, clock: Clock) -> Chain:
    return Chain(configuration, session, alarm=clock.alarms.append, clock=clock, sleep=clock.sleep)  # type: ignore[arg-type]


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
    assert (answer.license.vendor, clock.alarms, len(asked_of)) == ("embedded", ["megvii"], 2)


def test_a_missing_secret_or_parameter_passes_the_vendor_over(session: requests.Session, clock: Clock) -> None:
    with answering(READ) as (endpoint, asked_of):
        configuration = configured(embedded=endpoint, huawei=endpoint)
        answer = chain(configuration, session, clock).ask(PICTURE, planned("tencent", "huawei", "embedded"), until=1060)
    assert answer.passed_over == (
        "tencent: /stack/vendors/tencent: no such parameter",
        "huawei: secret huawei: cannot be read",
    )
    assert (clock.alarms, len(asked_of)) == (["huawei"], 1)


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


def test_a_slot_that_comes_too_late_is_left_to_others() -> None:
    clock = Clock()
    pacer = Pacer(0.1, clock=clock)
    assert pacer.wait(clock.now + 5) == 0
    assert [pacer.wait(clock.now + 5) for _ in range(100)] == [None] * 100
    clock.now += 6
    assert pacer.wait(clock.now + 5) == 4


@given(rate=st.floats(0.1, 1000), arrivals=st.lists(st.floats(0, 10), min_size=2, max_size=30))
def test_a_pacer_lets_no_two_calls_come_closer_than_its_rate(rate: float, arrivals: list[float]) -> None:
    clock = Clock()
    pacer = Pacer(rate, clock=clock)
    slots = []
    for arrival in sorted(arrivals):
        clock.now = arrival
        slots.append(arrival + (pacer.wait() or 0.0))
    assert all(later - earlier >= 1 / rate - 1e-9 for earlier, later in pairwise(slots))


def test_the_rate_is_shared_among_the_environments_that_may_run_at_once(
    session: requests.Session, clock: Clock
) -> None:
    with answering(READ) as (endpoint, _):
        configuration = configured()
        configuration.settings["embedded"] = VendorSettings(endpoint=endpoint, secret="embedded", rate=10)
        asked = Chain(configuration, session, alarm=print, environments=2, clock=clock, sleep=clock.sleep)  # type: ignore[arg-type]
        for _ in range(3):
            asked.ask(PICTURE, planned("embedded"), until=1060)
    assert clock.slept == pytest.approx([1 / 4.5, 1 / 4.5])
