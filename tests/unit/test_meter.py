"""The meter: counts from many threads, taken by one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from license_reader.meter import Meter


def test_nothing_that_threads_count_is_lost_or_taken_twice() -> None:
    meter = Meter()

    def batch(number: int) -> int:
        for _ in range(200):
            meter.called("tencent", 0.5, charged=True, failed=number % 2 == 0)
            meter.capped("huawei")
            meter.refused("megvii")
            meter.flagged("tencent")
        return sum(len(counts.latencies) for counts in meter.take().values())

    with ThreadPoolExecutor(8) as threads:
        taken = sum(threads.map(batch, range(8)))
    assert taken + sum(len(counts.latencies) for counts in meter.take().values()) == 1600


def test_what_was_counted_is_told_by_vendor() -> None:
    meter = Meter()
    meter.called("tencent", 0.25, charged=True, failed=False)
    meter.called("tencent", 1, charged=False, failed=True)
    meter.flagged("tencent")
    meter.capped("huawei")
    meter.refused("huawei")
    counts = meter.take()
    assert (counts["tencent"].flagged, counts["huawei"].flagged) == (1, 0)
    assert (counts["tencent"].latencies, counts["tencent"].charged, counts["tencent"].failed) == ([250, 1000], 1, 1)
    assert (counts["huawei"].capped, counts["huawei"].refused) == (1, 1)
    assert meter.take() == {}
