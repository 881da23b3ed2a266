"""Contestants as processes: what they answer, how they fail, whose turn it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bench.engine.contest import Contestant, Start, asked_in_turn, at_work, cold_starts, middle, ratio
from bench.surroundings.processes import ROOT, Ended

PICTURE = Path("front.jpg")
READS = """
from bench.engine.workers.answering import serve
def read(request):
    print("what a library says")
    {body}
    return {{"reading": {{"document": request["document"], "fields": {{"owner": request["path"]}}, "form": "paper"}}}}
serve(read, version="1.2", threads=3)
"""


def contestant(name: str = "fake", body: str = "pass") -> Contestant:
    return Contestant(name, (sys.executable, "-c", READS.format(body=body)))


def test_a_contestant_answers_what_it_is_asked() -> None:
    with at_work(contestant()) as worker:
        assert (worker.version, worker.threads) == ("1.2", 3)
        for document in ("vehicle_license", None):
            answer = worker.ask(PICTURE, document=document)
            assert (answer.finding().document, answer.finding().fields) == (document, {"owner": "front.jpg"})


def test_the_time_of_a_reading_is_its_own_and_the_memory_is_the_process() -> None:
    with at_work(contestant(body="import time; time.sleep(0.05); bytearray(200_000_000)")) as worker:
        answer = worker.ask(PICTURE)
        assert answer.seconds >= 0.05
        assert 190 < answer.peak_mb < 1000
        assert worker.peak_mb == answer.peak_mb


def test_a_contestant_that_dies_leaves_its_last_words() -> None:
    with (
        pytest.raises(Ended, match=r"(?s)fake ended with status 1 on front\.jpg.*no such model"),
        at_work(contestant(body="raise FileNotFoundError('no such model')")) as worker,
    ):
        worker.ask(PICTURE)


def test_a_contestant_that_cannot_start_is_told_at_once() -> None:
    silent = Contestant("fake", (sys.executable, "-c", "raise SystemExit('no engine here')"))
    with pytest.raises(Ended, match=r"(?s)on its start.*no engine here"), at_work(silent):
        pytest.fail("it was taken for ready")


def test_who_begins_changes_from_picture_to_picture() -> None:
    with at_work(contestant("one")) as one, at_work(contestant("other")) as other:
        order = [[name for name, _ in asked_in_turn([one, other], PICTURE, turn)] for turn in range(3)]
    assert order == [["one", "other"], ["other", "one"], ["one", "other"]]


def test_fresh_starts_are_taken_in_turn_and_told_by_their_middle() -> None:
    starts = list(cold_starts([contestant("one"), contestant("other")], PICTURE, 2))
    assert [name for name, _ in starts] == ["one", "other", "one", "other"]
    assert all(start.ready > 0 for _, start in starts)
    assert middle([Start(1, 9, 2), Start(3, 7, 1), Start(2, 8, 6)]) == Start(2, 8, 2)


def test_a_ratio_is_taken_on_the_pictures_that_both_read() -> None:
    found = ratio({"a": 1.0, "b": 1.0, "c": 4.0}, {"a": 2.0, "b": 1.0, "c": 5.0, "d": 100.0})
    assert found is not None
    assert (found.of_medians, found.of_means, found.worst) == (0.8, 0.75, 0.8)
    assert ratio({"a": 1.0}, {"b": 1.0}) is None


def test_a_contestant_answers_where_nothing_of_the_project_is_installed() -> None:
    command = [sys.executable, "-S", "-c", "import bench.engine.workers.answering"]
    done = subprocess.run(command, cwd=ROOT, env={}, check=False, capture_output=True, text=True)  # noqa: S603 - our own module
    assert (done.returncode, done.stderr) == (0, "")


def test_a_request_is_one_line_of_json() -> None:
    with at_work(contestant(body="import json, sys; json.dumps(request)")) as worker:
        strange = Path('a\n"b".jpg')
        assert worker.ask(strange).finding().fields == {"owner": json.loads(json.dumps(str(strange)))}
