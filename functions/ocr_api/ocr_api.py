"""The Lambda handler of the OCR API: HTTP in, the dialect that it speaks, the embedded engine, HTTP out."""

# ruff: noqa: E402 - starting begins with what makes it faster
from __future__ import annotations

import gc

# What starting makes is there to stay: looking for garbage in it, again and again, was a sixth of INIT.
gc.disable()

import logging
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from credentials import NoCredentials, credentials, renew
from dialects import huawei, huawei_iam, megvii, native, tencent, tencent_legacy
from exchange import Request, Response, reply, request
from fetching import fetch
from reading import read
from service import Busy, Service, Trouble

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from service import Dialect

for library in ("boto3", "botocore", "PIL"):
    logging.getLogger(library).setLevel(logging.WARNING)
# Their warnings quote the host or the path of a caller's URL.
for library in ("urllib3", "requests_hardened"):
    logging.getLogger(library).setLevel(logging.ERROR)

logger = Logger(service="ocr-api")

# Asked in turn; the last takes what is left.
DIALECTS: tuple[Dialect, ...] = (tencent, megvii, tencent_legacy, huawei_iam, huawei, native)
SERVICE = Service(read=read, credentials=credentials, fetch=fetch, renew=renew)

# Nor is it ever looked at again.
gc.freeze()
gc.enable()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """The answer to one request, in the shape of a function URL's response."""
    return reply(answer(event))


def answer(event: dict[str, Any], service: Service = SERVICE) -> Response:
    """The response of the dialect that the request speaks; whatever fails, the caller gets an error of that dialect."""
    try:
        asked = request(event)
    except ValueError:
        return native.no_request()
    dialect = _dialect(asked)
    try:
        response = dialect.answer(asked, service)
    except Exception as error:  # noqa: BLE001 - a caller is waiting: it gets an answer that tells nothing of another's
        response = dialect.trouble(_trouble(error, asked), asked)
    logger.info("answered", request_id=asked.id, dialect=_name(dialect), status=response.status, size=len(asked.body))
    return response


def troubled(event: dict[str, Any], trouble: Trouble) -> Response:
    """What a caller gets when this trouble befalls the request, told in the dialect that it speaks."""
    asked = request(event)
    return _dialect(asked).trouble(trouble, asked)


def spoken(event: dict[str, Any]) -> str:
    """The name of the dialect that the request speaks."""
    return _name(_dialect(request(event)))


def _dialect(asked: Request) -> Dialect:
    return next(dialect for dialect in DIALECTS if dialect.serves(asked))


def _name(dialect: Dialect) -> str:
    return str(dialect.__name__.rpartition(".")[2])  # type: ignore[attr-defined]  # it is a module


def _trouble(error: Exception, asked: Request) -> Trouble:
    """What befell the request, written down."""
    if isinstance(error, Busy):
        logger.warning("busy", request_id=asked.id, error=str(error))
        return Trouble.BUSY
    if isinstance(error, NoCredentials):
        logger.error("no credentials", request_id=asked.id, error=str(error))
        return Trouble.UNAVAILABLE
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{where.name}, {Path(where.filename).name}:{where.lineno}"
    logger.error("failed", request_id=asked.id, error=type(error).__name__, at=place)
    return Trouble.INTERNAL
