"""What a document burns in our function while the table grows: beside ten thousand records as beside a hundred.

A thousand uploads, half of them with each table, taken in turn by two warm workers: whatever else the machine does hits
both alike. Only the worker's own processor time counts, not the emulator's, whose table is no index.
"""

from __future__ import annotations

import os
import uuid
from contextlib import ExitStack
from itertools import batched
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.performance.board import Row, Seen
from bench.surroundings.stage import Worker, cloud, staged

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.command import Tell
    from bench.surroundings.stage import Photo, Stage

TARGET = 1.1
FEW, MANY = 100, 10_000
UPLOADS, BLOCK, BATCH = 1000, 50, 10
WARMING = 20
_WRITTEN_AT_ONCE = 25
_TICKS = os.sysconf("SC_CLK_TCK")


class Unread(Exception):
    """A worker left a document unread; what it burnt counts for nothing."""


def measure(tell: Tell) -> Seen:
    """The processor time of a document beside many records, and beside few."""
    with cloud() as (account, resources), staged(account, resources) as stage, ExitStack() as context:
        photos = stage.upload(UPLOADS + 2 * WARMING)
        tables = {FEW: resources.Table, MANY: _second_table(stage)}
        workers = {
            records: context.enter_context(Worker(stage, environment={"TABLE_NAME": table}))
            for records, table in tables.items()
        }
        for records, table in tables.items():
            warming, photos = photos[:WARMING], photos[WARMING:]
            _read(workers[records], warming)
            _fill(stage, table, warming[0], records - WARMING)
        burnt: dict[int, list[float]] = {FEW: [], MANY: []}
        for number, block in enumerate(batched(photos, BLOCK, strict=True)):
            # The one that comes first in a pair comes second in the next.
            records = (FEW, MANY, MANY, FEW)[number % 4]
            burnt[records].append(_read(workers[records], block) / BLOCK)
            tell((number + 1) * BLOCK, UPLOADS)
    few, many = (median(burnt[records]) for records in (FEW, MANY))
    return Seen(
        f"{many * 1000:.1f} ms beside {MANY} records",
        f"{few * 1000:.1f} ms beside {FEW}",
        many / few,
        many / few <= TARGET,
    )


def _read(worker: Worker, photos: Sequence[Photo]) -> float:
    """The seconds of processor time that a worker burns on these documents."""
    began = _burnt(worker.pid)
    for some in batched(photos, BATCH, strict=True):
        answer = worker.run([photo.message() for photo in some])
        if answer is None or answer["failed"]:
            raise Unread(f"{'the worker died' if answer is None else answer['failed']}")
    return _burnt(worker.pid) - began


def _burnt(pid: int) -> float:
    """A process's processor time so far, its own and the kernel's on its behalf, all threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _second_table(stage: Stage) -> str:
    """A table like the stack's own."""
    own = stage.account.dynamodb.describe_table(TableName=stage.resources.Table)["Table"]
    name = f"{stage.resources.Table}-grown"
    stage.account.dynamodb.create_table(
        TableName=name,
        KeySchema=own["KeySchema"],
        AttributeDefinitions=own["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def _fill(stage: Stage, table: str, like: Photo, count: int) -> None:
    """Write so many records like this photo's, each with the mark of a picture of its own."""
    key: Any = {"object": {"S": like.object}, "version": {"S": like.version}}
    record = stage.account.dynamodb.get_item(TableName=table, Key=key)["Item"]
    for some in batched(_copies(record, count), _WRITTEN_AT_ONCE, strict=False):
        requests: Any = [{"PutRequest": {"Item": item}} for item in some]
        left = stage.account.dynamodb.batch_write_item(RequestItems={table: requests})["UnprocessedItems"]
        if left:
            raise Unread(f"{len(left)} items could not be written into {table}")


def _copies(record: Mapping[str, Any], count: int) -> Iterator[Mapping[str, Any]]:
    for _ in range(count):
        name = uuid.uuid4().hex
        yield {**record, "object": {"S": f"s3://grown/{name}.jpg"}, "version": {"S": name}}
        first = {"S": f"s3://grown/{name}.jpg"}
        yield {"object": {"S": f"sha256:{name * 2}"}, "version": {"S": "first"}, "first": first, "ttl": record["ttl"]}


ROW = Row(
    "1000 uploads: our CPU a document, beside 10,000 records against 100",
    f"<= {TARGET} x",
    measure,
)
