"""The performance board's contestants: their CPU is told by themselves, and whoever fails says why."""

from __future__ import annotations

import base64
import json
import os
import ssl
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from bench.performance.contestant import Contestant, compared
from bench.performance.tls import Served, served
from bench.surroundings.processes import Ended

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLACE = "tests.unit.test_bench_contestant"


def counting(times: str) -> Callable[[int], None]:
    """Work of so many steps, times what each item says."""

    def work(item: int) -> None:
        if item < 0:
            raise ValueError("less than nothing to do")
        sum(range(int(times) * item))

    return work


def environment() -> Callable[[Any], None]:
    """Work that fails, telling what of its environment would lead it astray."""

    def work(_: object) -> None:
        raise ValueError(sorted(name for name in os.environ if name.startswith("AWS_") or name.lower() == "http_proxy"))

    return work


def test_a_contestant_tells_the_cpu_of_each_item() -> None:
    with Contestant(f"{PLACE}:counting", {"times": "1000"}) as contestant:
        idle, busy, _ = contestant.burnt([0, 10_000, 0])
    assert busy > 10 * idle > 0


def test_more_work_burns_more_of_it() -> None:
    with (
        Contestant(f"{PLACE}:counting", {"times": "1000"}) as little,
        Contestant(f"{PLACE}:counting", {"times": "10000"}) as much,
    ):
        burnt = compared(little, much, (([100] * 5, [100] * 5) for _ in range(4)))
    assert burnt.ours < burnt.peer
    assert burnt.ratio == burnt.ours / burnt.peer < 0.7


def test_a_contestant_that_fails_is_named_with_its_last_words() -> None:
    with (
        Contestant(f"{PLACE}:counting", {"times": "1"}) as contestant,
        pytest.raises(Ended, match=r"(?s)counting ended with status 1.*less than nothing to do"),
    ):
        contestant.burnt([-1])


def test_a_contestant_sees_neither_a_proxy_nor_anybodys_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "astray")
    with (
        Contestant(f"{PLACE}:environment", {}, {"AWS_REGION": "us-east-1"}) as contestant,
        pytest.raises(Ended, match=r"ValueError: \['AWS_REGION'\]"),
    ):
        contestant.burnt([None])


def asked(server: Served, told: dict[str, str], headers: dict[str, str]) -> dict[str, Any]:
    request = urllib.request.Request(server.url, json.dumps(told).encode(), headers)  # noqa: S310 - loopback
    trust = ssl.create_default_context(cafile=server.certificate)
    with urllib.request.urlopen(request, context=trust, timeout=10) as answer:  # noqa: S310 - loopback
        found: dict[str, Any] = json.load(answer)
        return found


def test_the_vendors_on_loopback_read_only_whole_pictures(tmp_path: Path) -> None:
    picture = tmp_path / "photo.jpg"
    picture.write_bytes(b"\xff\xd8\xff a picture")
    whole = base64.b64encode(picture.read_bytes() + b" and more").decode()
    with served(tmp_path, picture) as server:
        tencent = asked(server, {"ImageBase64": whole}, {"X-TC-Action": "VehicleLicenseOCR"})
        assert tencent["Response"]["FrontInfo"]["PlateNo"]
        assert asked(server, {"image": whole}, {})["result"]["number"]
        for less in ({"image": whole[:8]}, {"ImageBase64": whole}, {"image": "no base64"}):
            with pytest.raises(urllib.error.HTTPError, match="400"):
                asked(server, less, {})
