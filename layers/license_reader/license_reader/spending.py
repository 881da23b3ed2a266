"""How many calls each vendor got today, counted in the table so that all workers together stay under its cap.

One item a vendor and day, keyed by `calls:<vendor>` and the date; uploads' keys begin with `s3://`, pictures' with
`sha256:`. A call is counted before it is made and taken back when it was surely not charged, so a worker that dies
leaves a call too many in the count, never one too few.
"""

from __future__ import annotations

import logging
import time
import uuid
from typing import TYPE_CHECKING, Self

from botocore.exceptions import BotoCoreError, ClientError

from license_reader.days import day_in_china
from license_reader.errors import CallsUncounted, CapReached, LicenseOcrError
from license_reader.table import Refused, Table, expiry

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from mypy_boto3_dynamodb.client import DynamoDBClient

log = logging.getLogger(__name__)

# Long enough to hold a month's bill against.
KEPT_DAYS = 62


class Spending:
    """The counts of one stack."""

    def __init__(self, client: DynamoDBClient, table: str, *, clock: Callable[[], float] = time.time) -> None:
        self._table = Table(client, table)
        self._clock = clock

    def today(self) -> str:
        """The day that calls count for now."""
        return day_in_china(self._clock()).isoformat()

    def allowance(self, vendor: str, cap: int | None) -> Allowance:
        """One document's room under a vendor's cap; None is no cap, and costs no write."""
        return Allowance(self, vendor, cap)

    def calls(self, vendor: str, day: str) -> int | None:
        """The vendor's calls of the day, None when none was counted: they are under a cap alone."""
        counted = self._table.get((_key(vendor), day))
        return int(counted["calls"]) if counted else None

    def count(self, vendor: str, day: str, cap: int) -> None:
        """Count one call of the day, which may then be made.

        Raises:
            CapReached: the day's calls are used up.
            CallsUncounted: the table did not answer.
        """
        if cap == 0:
            raise CapReached(f"{vendor}: daily_cap is 0")
        token = uuid.uuid4().hex
        try:
            self._table.change(
                (_key(vendor), day),
                "SET #calls = if_not_exists(#calls, :zero) + :one, #last = :token, #ttl = :ttl",
                "attribute_not_exists(#object) OR (#calls < :cap AND #last <> :token)",
                {
                    "zero": 0,
                    "one": 1,
                    "cap": cap,
                    "token": token,
                    "ttl": expiry(self._clock(), KEPT_DAYS),
                },
            )
        except Refused as refused:
            # botocore asks again when an answer is lost: what stands against the second time is our own first.
            if refused.item.get("last") != token:
                raise CapReached(f"{vendor}: the {cap} calls of {day} are used up (daily_cap)") from refused
        except (BotoCoreError, ClientError) as error:
            raise CallsUncounted(f"{vendor}: a call could not be counted: {type(error).__name__}") from error

    def give_back(self, vendor: str, day: str) -> None:
        """Take back a call that was counted and surely not charged.

        One that cannot be taken back stays counted: the cap then errs on the side that costs nothing.
        """
        try:
            self._table.change(
                (_key(vendor), day),
                "SET #calls = #calls - :one, #last = :token",
                "#calls > :zero AND #last <> :token",
                {"zero": 0, "one": 1, "token": uuid.uuid4().hex},
            )
        except Refused:
            return  # our own update, whose answer was lost; or the item is gone
        except (BotoCoreError, ClientError) as error:
            log.warning("%s: a call that was not made stays counted: %s", vendor, type(error).__name__)


class Allowance:
    """A counted call of one document: taken before the call, held through its repetitions, settled at the end."""

    def __init__(self, spending: Spending, vendor: str, cap: int | None) -> None:
        self._spending = spending
        self._vendor = vendor
        self._cap = cap
        self._held: str | None = None

    def take(self) -> None:
        """Make sure that the next call is counted, for the day that it is now.

        Raises:
            CapReached, CallsUncounted: the call may not be made.
        """
        if self._cap is None or self._held == (today := self._spending.today()):
            return
        self._return()
        self._spending.count(self._vendor, today, self._cap)
        self._held = today

    def spend(self) -> None:
        """Leave the call counted: it was charged, or may have been."""
        self._held = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        # After an error that nobody foresaw the vendor may have charged.
        if error is None or isinstance(error, LicenseOcrError):
            self._return()

    def _return(self) -> None:
        if self._held is not None:
            day, self._held = self._held, None
            self._spending.give_back(self._vendor, day)


def _key(vendor: str) -> str:
    return f"calls:{vendor}"
