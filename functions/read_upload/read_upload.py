"""The Lambda handler: a batch of upload events, each read by the reader, several at once."""

# ruff: noqa: E402 - starting begins with what makes it faster
from __future__ import annotations

import gc

# What starting makes is there to stay: looking for garbage in it, again and again, was a sixth of INIT.
gc.disable()

import logging
import os
import time
import traceback
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import requests
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.parameters import SecretsProvider, SSMProvider
from botocore.config import Config

from license_reader.chain import Chain
from license_reader.errors import InProgress, LicenseOcrError, OutOfTime, UnknownEvent
from license_reader.ledger import Ledger
from license_reader.meter import Meter
from license_reader.notices import Notices
from license_reader.reader import Reader
from license_reader.settings import Configuration
from license_reader.spending import Spending
from license_reader.upload import messages

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from license_reader.meter import VendorCounts
    from license_reader.reader import Outcome
    from license_reader.upload import Message, Upload

# A batch holds ten messages at most; each spends its time waiting for a vendor.
THREADS = 10
# Whatever a thread still waits for then, the handler returns: an invocation that Lambda ends fails the whole batch.
RETURN_SECONDS = 2.5

# At DEBUG these log bodies, pictures and tokens.
for library in ("boto3", "botocore", "requests", "urllib3", "PIL"):
    logging.getLogger(library).setLevel(logging.WARNING)

logger = Logger()
metrics = Metrics()


def _reader() -> Reader:
    """The reader of this environment, its clients made once and kept warm."""
    session = boto3.session.Session()
    # A silent service may cost a fraction of the invocation, never all of it.
    retries: Any = {"mode": "standard", "total_max_attempts": 3}
    # What a call is made of is ours and known, and its name for servers' logs is the same: to check the one and to
    # collect the other at each call took a quarter of its processor time.
    config = Config(
        connect_timeout=3,
        read_timeout=10,
        max_pool_connections=THREADS,
        retries=retries,
        parameter_validation=False,
        user_agent="license-ocr",
    )
    http = requests.Session()
    http.trust_env = False  # neither ~/.netrc nor REQUESTS_CA_BUNDLE may change what is sent, or whom it is sent to
    for scheme in ("https://", "http://"):
        http.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=THREADS, max_retries=0))
    configuration = Configuration(
        path=os.environ["SETTINGS_PATH"],
        ssm=SSMProvider(boto3_client=session.client("ssm", config=config)),
        secrets=SecretsProvider(boto3_client=session.client("secretsmanager", config=config)),
    )
    table = os.environ["TABLE_NAME"]
    dynamodb = session.client("dynamodb", config=config)
    return Reader(
        s3=session.client("s3", config=config),
        configuration=configuration,
        ledger=Ledger(dynamodb, table),
        chain=Chain(
            configuration,
            http,
            spending=Spending(dynamodb, table),
            meter=meter,
            environments=int(os.environ.get("MAXIMUM_CONCURRENCY", "1")),
        ),
        notices=Notices(
            partial(session.client, "sns", config=config),
            os.environ["TOPIC_ARN"],
            table=table,
            region=session.region_name,
        ),
    )


meter = Meter()
reader = _reader()
threads = ThreadPoolExecutor(THREADS)

# Nor is it ever looked at again.
gc.freeze()
gc.enable()


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The messages of a batch that must come again; for an event without a queue, what became of its uploads.

    Raises:
        LicenseOcrError: an event without a queue failed; Lambda itself delivers it again.
    """
    until = time.time() + context.get_remaining_time_in_millis() / 1000
    batch = messages(event)
    failures: list[tuple[Message, BaseException]] = []
    reads: list[tuple[Message, Upload, Future[Outcome]]] = []
    for message in batch:
        try:
            reads.extend(
                (message, upload, threads.submit(reader.read, upload, until=until)) for upload in message.uploads()
            )
        except UnknownEvent as error:
            logger.error("not an upload event", message_id=message.id, error=str(error))
            failures.append((message, error))
    wait([read for _, _, read in reads], timeout=max(0.0, until - RETURN_SECONDS - time.time()))
    outcomes = []
    for message, upload, read in reads:
        if failure := _failure(read):
            _log_failure(upload, failure)
            failures.append((message, failure))
        else:
            outcomes.append(read.result())
            _log_outcome(outcomes[-1])
    for vendor, counts in meter.take().items():
        _count_vendor(vendor, counts)
    metrics.add_metric("Uploads", MetricUnit.Count, len(reads))
    metrics.add_metric("Failed", MetricUnit.Count, len(failures))
    if all(message.id for message in batch):
        return {"batchItemFailures": [{"itemIdentifier": id_} for id_ in {message.id for message, _ in failures}]}
    if failures:
        raise _tellable(failures[0][1]) from None
    return {"uploads": [_summary(outcome) for outcome in outcomes]}


def _failure(read: Future[Outcome]) -> BaseException | None:
    """Why an upload was not read, None when it was.

    A thread that is late goes on where it stands once the environment is used again; its claim tells whether it may.
    """
    if read.done():
        return read.exception()
    begun = not read.cancel()
    return OutOfTime("the time ended while it was read" if begun else "the time ended before its turn came")


def _log_outcome(outcome: Outcome) -> None:
    """Log and count what became of an upload: codes and names, no field of the license."""
    record = outcome.record
    license_ = record.license
    flags = [flag.code for flag in license_.flags] if license_ else []
    logger.info(
        "upload read" if outcome.fresh else "upload was read before",
        correlation_id=f"{record.object}#{record.version}",
        vendor=license_ and license_.vendor,
        vendor_request_id=license_ and license_.vendor_request_id,
        flags=flags,
        passed_over=record.passed_over,
        notice=record.notice,
        attempt=record.attempt,
        spent=record.spent,
    )
    if outcome.fresh:
        metrics.add_metric("Read", MetricUnit.Count, 1)
        metrics.add_metric("Flagged", MetricUnit.Count, int(bool(flags)))
        metrics.add_metric("Parked", MetricUnit.Count, int("parked" in flags))
        if flags and license_ and license_.vendor:
            meter.flagged(license_.vendor)


def _tellable(error: BaseException) -> LicenseOcrError:
    """The error as Lambda may log it: only our own are known to carry nothing private in their text."""
    if isinstance(error, LicenseOcrError):
        return error
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{where.name}, {Path(where.filename).name}:{where.lineno}"
    return LicenseOcrError(f"{type(error).__name__} at {place}")


def _log_failure(upload: Upload, error: BaseException) -> None:
    """Log and count a failure."""
    log = logger.info if isinstance(error, InProgress) else logger.error
    log(
        "upload not read",
        correlation_id=f"{upload.object}#{upload.version}",
        error=type(error).__name__,
        reason=str(_tellable(error)),
    )


def _count_vendor(vendor: str, counts: VendorCounts) -> None:
    """Log and count one vendor's part in the batch, as metrics of its own dimension."""
    if counts.refused:
        logger.error("a vendor's account or secret needs a person", vendor=vendor, documents=counts.refused)
    if counts.capped:
        logger.warning("a vendor's calls of the day are used up", vendor=vendor, documents=counts.capped)
    of_vendor = EphemeralMetrics()
    of_vendor.add_dimension("vendor", vendor)
    for milliseconds in counts.latencies:
        of_vendor.add_metric("VendorLatency", MetricUnit.Milliseconds, milliseconds)
    for name, count in (
        ("VendorCharged", counts.charged),
        ("VendorFailed", counts.failed),
        ("VendorFlagged", counts.flagged),
        ("VendorCapped", counts.capped),
        ("CredentialsRefused", counts.refused),
    ):
        of_vendor.add_metric(name, MetricUnit.Count, count)
    of_vendor.flush_metrics()


def _summary(outcome: Outcome) -> dict[str, Any]:
    """What `sam local invoke` shows of an upload: where its record stands and why it is flagged."""
    record = outcome.record
    return {
        "object": record.object,
        "version": record.version,
        "state": record.state,
        "notice": record.notice,
        "vendor": record.license and record.license.vendor,
        "flags": [flag.code for flag in record.license.flags] if record.license else [],
    }
