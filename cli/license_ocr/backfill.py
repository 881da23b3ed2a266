"""A backfill seen from a terminal: begun or taken up, followed, stopped, and reported out of what its batches wrote.

The state machine does the work. Whoever looks on can leave at any time; whoever comes back finds it running, or begins
another one, which passes over whatever was read.
"""

from __future__ import annotations

import datetime as dt
import json
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from license_ocr.failure import Failure
from license_ocr.items import plain
from license_ocr.uploads import located
from license_reader.backfill import Tally, address, standing
from license_reader.ledger import Ledger, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from license_ocr.account import Account, Resources
    from license_ocr.items import Items

_RESOURCE = "Backfill"
_POLL = 2.0


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of the state machine, and what it was asked for."""

    arn: str
    name: str
    began: str
    bucket: str
    prefix: str
    notices: bool

    @property
    def address(self) -> str:
        """What the objects' addresses begin with."""
        return f"s3://{self.bucket}/{self.prefix}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to.

    `unread` are the objects and versions that were told to the queue and have no record; `claimed` says how often a
    reader tried each, 0 where none did.
    """

    tally: Tally
    unread: tuple[tuple[str, str], ...] = ()
    claimed: tuple[int, ...] = ()

    @property
    def objects(self) -> int:
        """How many objects were looked at."""
        return self.tally.objects + len(self.unread)


def running(account: Account, stack: str) -> Run | None:
    """The run that is under way, if there is one."""
    executions = account.stepfunctions.list_executions(stateMachineArn=_machine(account, stack), statusFilter="RUNNING")
    return next((_run(account, each["executionArn"]) for each in executions["executions"]), None)


def begin(account: Account, stack: str, address_: str, *, notices: bool) -> Run:
    """A run over the objects whose addresses begin so; the one that is under way, if it was asked for the same.

    Raises:
        Failure: another one is under way: two at once would keep uploads waiting for twice as long.
    """
    bucket, prefix = located(address_)
    if run := running(account, stack):
        if (run.bucket, run.prefix, run.notices) == (bucket, prefix, notices):
            return run
        raise Failure(
            f"a backfill of {run.address}{' with notices' if run.notices else ''} is under way; wait for it, or stop "
            "it with `license-ocr backfill --stop`"
        )
    asked = {"bucket": bucket, "prefix": prefix, "notices": notices}
    started = account.stepfunctions.start_execution(
        stateMachineArn=_machine(account, stack), name=uuid.uuid4().hex, input=json.dumps(asked, ensure_ascii=False)
    )
    return _run(account, started["executionArn"])


def stop(account: Account, run: Run) -> None:
    """Have the run tell the queue of no more objects, if it is not over yet; what it has told is read."""
    with suppress(account.stepfunctions.exceptions.ValidationException):
        account.stepfunctions.stop_execution(executionArn=run.arn, cause="license-ocr backfill --stop")


def follow(account: Account, run: Run, tell: Callable[[int, int], None]) -> str | None:
    """Wait until the run is over, telling how many objects its batches are done with, and of how many; why it failed.

    The count is Step Functions' own: what the batches wrote is read once, for the report.
    """
    while True:
        status = account.stepfunctions.describe_execution(executionArn=run.arn)["status"]
        for counts in _counts(account, run):
            tell(counts["succeeded"] + counts["failed"], counts["total"])
        if status != "RUNNING":
            return None if status == "SUCCEEDED" else f"{status.lower().replace('_', ' ')}{_cause(account, run)}"
        time.sleep(_POLL)


def report(account: Account, resources: Resources, items: Items, run: Run, *, patience: float = 0.0) -> Report:
    """What the run came to by now; what its batches left is looked up again, until it is read or patience ends."""
    written = items.of(address(run.name))
    until = time.monotonic() + patience
    while True:
        found = _settled(Ledger(account.dynamodb, resources.Table), written, run)
        if not found.unread or time.monotonic() >= until:
            return found
        time.sleep(_POLL)


def _settled(ledger: Ledger, written: Sequence[Mapping[str, Any]], run: Run) -> Report:
    """What the batches counted, and what became since of what they left."""
    tally, unread, claimed = _tally(written), [], []
    began = dt.datetime.fromisoformat(run.began)
    for each in (each for item in written for each in plain(item["left"])):
        record = ledger.get(each["object"], each["version"])
        if record is None or record.state is not State.DONE:
            unread.append((each["object"], each["version"]))
            claimed.append(record.attempt if record else 0)
        else:
            counted = standing(record.model_dump(mode="json"), began)
            tally = tally.plus(counted) if counted else tally
    return Report(tally, tuple(unread), tuple(claimed))


def _tally(written: Iterable[Mapping[str, Any]]) -> Tally:
    """All that the batches counted."""
    tally = Tally()
    for item in written:
        tally = tally.plus(Tally.model_validate({name: plain(item[name]) for name in Tally.model_fields}))
    return tally


def _machine(account: Account, stack: str) -> str:
    """The stack's state machine.

    Raises:
        Failure: the stack is of a version that had none.
    """
    try:
        found = account.cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId=_RESOURCE)
    except ClientError as error:
        raise Failure(f"stack {stack} has no state machine for backfills; deploy this version: {error}") from error
    return found["StackResourceDetail"]["PhysicalResourceId"]


def _run(account: Account, arn: str) -> Run:
    told = account.stepfunctions.describe_execution(executionArn=arn)
    asked = json.loads(told["input"])
    began = told["startDate"].isoformat()
    return Run(arn, told["name"], began, asked["bucket"], asked["prefix"], asked["notices"])


def _counts(account: Account, run: Run) -> list[Mapping[str, int]]:
    """How many objects are in which state; nothing before the listing has begun."""
    runs = account.stepfunctions.list_map_runs(executionArn=run.arn)["mapRuns"]
    return [account.stepfunctions.describe_map_run(mapRunArn=each["mapRunArn"])["itemCounts"] for each in runs]


def _cause(account: Account, run: Run) -> str:
    """Why a run failed, in the words of the first batch that did, else in its own."""
    told = account.stepfunctions.describe_execution(executionArn=run.arn)
    for each in account.stepfunctions.list_map_runs(executionArn=run.arn)["mapRuns"]:
        failed = account.stepfunctions.list_executions(mapRunArn=each["mapRunArn"], statusFilter="FAILED", maxResults=1)
        for batch in failed["executions"]:
            told = account.stepfunctions.describe_execution(executionArn=batch["executionArn"])
    return f": {_message(told['cause'])}" if told.get("cause") else ""


def _message(cause: str) -> str:
    """What an exception of the function says, out of what Lambda tells of it; any other cause as it is."""
    try:
        told = json.loads(cause)
    except ValueError:
        return cause
    return str(told.get("errorMessage", cause)) if isinstance(told, dict) else cause
