"""What all dialects stand on: rates, requests at once, whom they serve, and how many pictures may wait."""

from __future__ import annotations

import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, SecretStr

import reading
from credentials import NoCredentials, credentials
from license_reader.errors import ImageRejected
from license_reader.vendors import embedded, huawei, megvii, tencent, tencent_legacy
from pictures import from_base64
from service import Busy, Rates

if TYPE_CHECKING:
    from pathlib import Path

    from license_ocr.sandbox import Secrets


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_no_more_than_the_rate_pass_within_a_second() -> None:
    clock = Clock()
    rates = Rates(clock)
    assert [rates.taken("a", per_second=3) for _ in range(5)] == [True, True, True, False, False]
    clock.now += 0.999
    assert not rates.taken("a", per_second=3)
    clock.now += 0.001
    assert [rates.taken("a", per_second=3) for _ in range(4)] == [True, True, True, False]


def test_the_second_slides() -> None:
    clock = Clock()
    rates = Rates(clock)
    taken = []
    for _ in range(12):
        taken.append(rates.taken("a", per_second=2))
        clock.now += 0.25
    assert taken == [True, True, False, False] * 3


@given(steps=st.lists(st.integers(0, 700), max_size=60), rate=st.integers(1, 5))
def test_in_no_second_anywhere_do_more_pass_than_the_rate(steps: list[int], rate: int) -> None:
    clock = Clock()
    rates = Rates(clock)
    passed: list[int] = []
    milliseconds = 0
    for step in steps:
        milliseconds += step
        clock.now = milliseconds / 1000
        if rates.taken("a", per_second=rate):
            passed.append(milliseconds)
    for began in passed:
        assert sum(began <= time < began + 999 for time in passed) <= rate


def test_what_was_refused_does_not_count() -> None:
    clock = Clock()
    rates = Rates(clock)
    assert rates.taken("a", per_second=1)
    for _ in range(50):
        clock.now += 0.01
        assert not rates.taken("a", per_second=1)
    clock.now = 101.0
    assert rates.taken("a", per_second=1)


def test_keys_have_a_rate_each() -> None:
    rates = Rates(Clock())
    assert rates.taken("a", per_second=1)
    assert rates.taken("b", per_second=1)
    assert not rates.taken("a", per_second=1)


def test_a_rate_is_kept_under_threads() -> None:
    rates = Rates(Clock())
    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(lambda _: rates.taken("a", per_second=10), range(400)))
    assert taken.count(True) == 10


def test_as_many_are_within_at_once_as_the_limit_says() -> None:
    rates = Rates()
    inside = threading.Barrier(9)
    leave = threading.Event()

    def enter(_: int) -> bool:
        with rates.at_once("a", limit=3) as within:
            inside.wait(10)
            leave.wait(10)
            return within

    with ThreadPoolExecutor(8) as pool:
        entered = pool.map(enter, range(8))
        inside.wait(10)
        with rates.at_once("a", limit=3) as within, rates.at_once("b", limit=3) as elsewhere:
            assert (within, elsewhere) == (False, True)
        leave.set()
        assert list(entered).count(True) == 3
    with rates.at_once("a", limit=1) as within:
        assert within


def test_who_fails_inside_leaves_too() -> None:
    rates = Rates()

    def fail() -> None:
        with rates.at_once("a", limit=1) as within:
            assert within
            raise ZeroDivisionError

    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            fail()


def test_who_was_not_within_frees_no_place_by_leaving() -> None:
    rates = Rates()
    with rates.at_once("a", limit=1) as first:
        with rates.at_once("a", limit=1) as second:
            assert (first, second) == (True, False)
        with rates.at_once("a", limit=1) as third:
            assert not third


# Whom they serve.


class Pair(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    name: str
    word: SecretStr


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "canary-folder" / "secrets.json"
    path.parent.mkdir()
    monkeypatch.setenv("OCR_API_SECRETS_FILE", str(path))
    return path


def refusal() -> str:
    with pytest.raises(NoCredentials) as refused:
        credentials("vendor", Pair)
    return str(refused.value)


def test_a_secret_comes_from_the_file_in_the_shape_asked_for(held: Path) -> None:
    held.write_text(json.dumps({"vendor": {"name": "me", "word": "open"}, "other": {"name": "you"}}))
    pair = credentials("vendor", Pair)
    assert (pair.name, pair.word.get_secret_value()) == ("me", "open")


def test_a_secret_that_changes_in_the_file_is_seen_at_once(held: Path) -> None:
    for word in ("one", "two"):
        held.write_text(json.dumps({"vendor": {"name": "me", "word": word}}))
        assert credentials("vendor", Pair).word.get_secret_value() == word


@pytest.mark.parametrize(
    ("vendor", "shape"),
    [
        ("embedded", embedded.ApiKey),
        ("megvii", megvii.KeyPair),
        ("tencent", tencent.ApiKey),
        ("tencent_legacy", tencent_legacy.AppKey),
        ("huawei", huawei.Secret),
    ],
)
def test_the_documented_secrets_have_the_shape_of_every_vendor(
    vendor: str, shape: type[BaseModel], secrets: Secrets
) -> None:
    assert vendor in secrets
    assert credentials(vendor, shape)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ('{"vendor": {"word": "canary"}}', "name"),
        ('{"vendor": {"name": "canary", "word": ["canary"]}}', "word"),
        ('{"vendor": {"name": {"canary": "canary"}, "word": 5}}', "name, word"),
        ('{"vendor": "canary"}', "the whole"),
        ('{"vendor": null}', "the whole"),
    ],
)
def test_a_secret_of_the_wrong_shape_is_named_by_its_place_and_never_quoted(
    held: Path, content: str, place: str
) -> None:
    held.write_text(content)
    assert refusal() == f"the secret of vendor is wrong at: {place}"


@pytest.mark.parametrize(
    "content", ["{}", '{"other": {"name": "canary"}}', "[]", '["vendor"]', '"vendor"', "null", "5"]
)
def test_a_file_without_the_vendor_says_so(held: Path, content: str) -> None:
    held.write_text(content)
    assert refusal() == "the secrets file holds nothing for vendor"


@pytest.mark.parametrize("content", [b"", b"{canary", b"\xff\xfe canary", b'{"vendor": canary}'])
def test_a_file_that_is_no_json_is_named_and_never_quoted(held: Path, content: bytes) -> None:
    held.write_bytes(content)
    assert refusal().startswith("secrets.json: ")
    assert "canary" not in refusal()


def test_a_file_that_is_not_there_is_named_without_its_folder(held: Path) -> None:
    assert refusal() == "secrets.json: FileNotFoundError"
    held.mkdir()
    assert refusal() == "secrets.json: IsADirectoryError"


# Who waits.


def wait_in(line: reading.Line, callers: int) -> tuple[list[threading.Thread], threading.Event]:
    """Callers of whom one has the engine, until the event, and the others wait for it."""
    inside, leave = threading.Event(), threading.Event()

    def wait() -> None:
        with line.turn():
            inside.set()
            leave.wait(10)

    threads = [threading.Thread(target=wait) for _ in range(callers)]
    for number, thread in enumerate(threads, start=1):
        thread.start()
        while line._waiting < number:
            time.sleep(0.001)
    assert inside.wait(10) or not callers
    return threads, leave


def test_whoever_would_wait_longer_than_clients_do_is_turned_away_at_once() -> None:
    line = reading.Line(patience=3.0, clock=lambda: 0.0)
    threads, leave = wait_in(line, 4)
    with pytest.raises(Busy, match="4 pictures wait"), line.turn():
        pytest.fail("it was let in")
    leave.set()
    for thread in threads:
        thread.join(10)
    with line.turn():
        pass


def test_a_slow_engine_lets_fewer_wait() -> None:
    clock = Clock()
    line = reading.Line(patience=3.0, clock=clock)
    for _ in range(20):
        with line.turn():
            clock.now += 5.0
    threads, leave = wait_in(line, 1)
    with pytest.raises(Busy, match="1 pictures wait"), line.turn():
        pytest.fail("it was let in")
    leave.set()
    threads[0].join(10)


def test_an_engine_that_fails_frees_its_place() -> None:
    line = reading.Line(patience=0.5)

    def fail() -> None:
        with line.turn():
            raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            fail()


def test_one_picture_is_read_at_a_time() -> None:
    line = reading.Line(patience=1000.0)
    inside = 0
    most = 0

    def take(_: int) -> None:
        nonlocal inside, most
        with line.turn():
            inside += 1
            most = max(most, inside)
            time.sleep(0.002)
            inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, range(24)))
    assert most == 1


def test_what_is_no_picture_is_none_to_the_engine_either() -> None:
    with pytest.raises(ImageRejected) as rejected:
        reading.read(b"no picture", None, None)
    assert rejected.value.flag == "image_damaged"


# A picture in a text.


@given(content=st.binary(max_size=200))
def test_base64_is_read_with_or_without_line_ends(content: bytes) -> None:
    assert from_base64(base64.b64encode(content).decode()) == content
    assert from_base64(base64.encodebytes(content).decode()) == content
    assert from_base64(base64.encodebytes(content).decode().replace("\n", "\r\n")) == content


@pytest.mark.parametrize(
    "text", ["A", "AAAA=", "AA A", "A-_A", "data:image/png;base64,AAAA", "图片", "\ud800AAA", "AAAA\0", "=AAA"]
)
def test_what_is_no_base64_is_no_picture(text: str) -> None:
    with pytest.raises(ImageRejected) as rejected:
        from_base64(text)
    assert rejected.value.flag == "not_an_image"


@given(text=st.text("AQgw+/09=-_ \0é", max_size=12))
def test_what_is_base64_and_what_not_is_decided_as_by_pythons_own_decoder(text: str) -> None:
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError:
        with pytest.raises(ImageRejected):
            from_base64(text)
    else:
        assert from_base64(text) == content
