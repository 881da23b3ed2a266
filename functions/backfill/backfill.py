"""The Lambda handler of a backfill's state machine: a batch of a bucket's objects, looked at once more."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from license_reader.backfill import THREADS, Backfill, opened
from license_reader.table import Table

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# A message that failed once comes again after the visibility time-out; a batch waits for that twice.
TURNS = 2


def _backfill() -> Backfill:
    """What this environment's looks act on, its clients made once and kept warm."""
    session = boto3.session.Session()
    retries: Any = {"mode": "standard", "total_max_attempts": 4}
    config = Config(connect_timeout=3, read_timeout=10, max_pool_connections=THREADS, retries=retries)
    return Backfill(
        s3=session.client("s3", config=config),
        sqs=session.client("sqs", config=config),
        table=Table(session.client("dynamodb", config=config), os.environ["TABLE_NAME"]),
        queue=os.environ["QUEUE_URL"],
        patience=TURNS * float(os.environ["VISIBILITY_TIMEOUT"]),
        threads=ThreadPoolExecutor(THREADS),
    )


backfill = _backfill()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes both
    """The batch as it stands after this look, for the state machine to hand in again after `wait` seconds.

    Raises:
        NothingRead: none of the batch was read; the state machine stops.
    """
    return backfill.look(opened(event)).model_dump(mode="json")
