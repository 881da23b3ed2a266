"""How a stack fares: its queues, its latest records, its vendors, its alarms; read only."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.parameters import SecretsProvider, SSMProvider
from botocore.exceptions import BotoCoreError, ClientError

from license_ocr.items import RECORDS, plain
from license_reader.errors import SettingsError
from license_reader.ledger import Notice, State
from license_reader.settings import Configuration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from license_ocr.account import Account, Resources
    from license_ocr.items import Item, Items
    from license_reader.settings import Settings
    from license_reader.spending import Spending

_LATEST = 5
_TOLD = ("object", "version", "state", "notice", "lease_until", "notice_until", "read_at", "license")


@dataclass(frozen=True, slots=True)
class Queues:
    """How many messages wait, are being read and are dead; the age of the oldest in seconds, where that is known."""

    waiting: int
    in_flight: int
    dead: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class Latest:
    """One of the records that were read last: codes and names, no field of the license."""

    object: str
    read_at: str
    vendor: str | None
    flags: tuple[str, ...]
    notice: str


@dataclass(frozen=True, slots=True)
class Records:
    """How many records are in which state, by the words of `states`, and those that were read last.

    `whole` is whether the whole table was looked at.
    """

    states: Counter[str]
    latest: tuple[Latest, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor that the settings name, its cap, and the day's calls, which are counted only under a cap."""

    name: str
    daily_cap: int | None
    charged: int | None


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that rings, and what it says."""

    name: str
    since: str
    description: str


def queues(account: Account, resources: Resources) -> Queues:
    """How full the queues are now."""
    waiting, in_flight = _counts(account, resources.Queue)
    return Queues(waiting, in_flight, _counts(account, resources.DeadLetters)[0], _oldest(account, resources.Queue))


def records(items: Items, *, at_most: int, tell: Callable[[int], None], now: float | None = None) -> Records:
    """The states of the table's records; of a table with more items than `at_most`, of those that come first."""
    now = time.time() if now is None else now
    states: Counter[str] = Counter()
    latest: list[Latest] = []
    looked_at = 0
    if at_most == 0:
        return Records(states, (), whole=False)
    for page in items.under(RECORDS, only=_TOLD):
        looked_at += page.looked_at
        for item in page.items:
            states.update(_states(item, now))
        latest = _newest([*latest, *filter(None, map(_latest, page.items))])
        tell(looked_at)
        if looked_at >= at_most:
            return Records(states, tuple(latest), whole=False)
    return Records(states, tuple(latest), whole=True)


def configured(account: Account, stack: str) -> Configuration:
    """The stack's settings, read as its reader reads them."""
    return Configuration(
        path=f"/{stack}",
        ssm=SSMProvider(boto3_client=account.ssm),
        secrets=SecretsProvider(boto3_client=account.secretsmanager),
    )


def chain(settings: Settings) -> tuple[str, ...]:
    """Every vendor that the settings may ask, in the order in which they name them."""
    routed = (name for route in settings.routes for name in route.vendors or ())
    second = filter(None, [settings.second_opinion])
    return tuple(dict.fromkeys((*settings.vendors, *routed, *second)))


def alarms(account: Account, stack: str) -> tuple[Alarm, ...] | str:
    """The stack's alarms that ring now; why they are not known, where CloudWatch does not tell."""
    pages = account.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    ours = [
        each["PhysicalResourceId"]
        for page in pages
        for each in page["StackResourceSummaries"]
        if each["ResourceType"] == "AWS::CloudWatch::Alarm" and each.get("PhysicalResourceId")
    ]
    if not ours:
        return ()
    try:
        told = account.cloudwatch.describe_alarms(AlarmNames=ours[:100], StateValue="ALARM")["MetricAlarms"]
    except (BotoCoreError, ClientError) as error:
        return f"not known: {error}"
    return tuple(
        Alarm(each["AlarmName"], _minute(each["StateUpdatedTimestamp"]), each.get("AlarmDescription", ""))
        for each in told
    )


def _counts(account: Account, queue: str) -> tuple[int, int]:
    told = account.sqs.get_queue_attributes(
        QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    )["Attributes"]
    return int(told["ApproximateNumberOfMessages"]), int(told["ApproximateNumberOfMessagesNotVisible"])


def vendors(spending: Spending, configuration: Configuration, *, day: str) -> tuple[Vendor, ...] | str:
    """The vendors that the settings may ask, each with its cap and calls of the day; else why they are not known."""
    try:
        return tuple(_vendor(spending, configuration, name, day) for name in chain(configuration.settings()))
    except SettingsError as error:
        return f"the settings are refused, readers go on by the last good ones that they saw: {error}"


def _vendor(spending: Spending, configuration: Configuration, name: str, day: str) -> Vendor:
    return Vendor(name, daily_cap=configuration.vendor(name).daily_cap, charged=spending.calls(name, day))


def _oldest(account: Account, queue: str) -> float | None:
    """How long the oldest message has waited, by CloudWatch, which hears of it once a minute; None if it did not."""
    now = dt.datetime.now(dt.UTC)
    try:
        told = account.cloudwatch.get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName="ApproximateAgeOfOldestMessage",
            Dimensions=[{"Name": "QueueName", "Value": queue.rpartition("/")[2]}],
            StartTime=now - dt.timedelta(minutes=15),
            EndTime=now,
            Period=60,
            Statistics=["Maximum"],
        )["Datapoints"]
    except (BotoCoreError, ClientError):
        return None
    return max(told, key=lambda point: point["Timestamp"])["Maximum"] if told else None


def _states(item: Item, now: float) -> Iterable[str]:
    """The states that a record is in, in the summary's words."""
    if plain(item["state"]) == State.CLAIMED:
        live = float(plain(item.get("lease_until")) or 0) >= now
        yield "being read" if live else "waits to be read again"
        return
    yield "done"
    yield f"notice {str(plain(item.get('notice')) or Notice.NONE).lower()}"
    if "parked" in _codes(item):
        yield "parked"


def _codes(item: Item) -> tuple[str, ...]:
    license_ = plain(item.get("license")) or {}
    return tuple(flag["code"] for flag in license_.get("flags", ()))


def _latest(item: Item) -> Latest | None:
    read_at = plain(item.get("read_at"))
    if read_at is None:
        return None
    vendor = (plain(item.get("license")) or {}).get("vendor")
    return Latest(plain(item["object"]), read_at, vendor, _codes(item), plain(item["notice"]))


def _newest(records: Sequence[Latest]) -> list[Latest]:
    return sorted(records, key=lambda record: record.read_at, reverse=True)[:_LATEST]


def _minute(when: Any) -> str:
    return when.astimezone(dt.UTC).isoformat(timespec="minutes") if isinstance(when, dt.datetime) else str(when)
