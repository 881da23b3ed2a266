"""The Lambda handler of the OCR API: HTTP in, the dialect of its route, the embedded engine, HTTP out."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from credentials import NoCredentials, credentials
from dialects import native
from exchange import Response, json_response, reply, request
from reading import read

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

for library in ("boto3", "botocore", "urllib3", "PIL"):
    logging.getLogger(library).setLevel(logging.WARNING)

logger = Logger(service="ocr-api")

DIALECTS = (native,)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """The answer to one request, in the shape of a function URL's response."""
    return reply(answer(event))


def answer(event: dict[str, Any]) -> Response:
    """The response of the dialect whose route the request takes."""
    try:
        asked = request(event)
    except ValueError:
        return json_response(400, {"error": {"code": "invalid_request", "message": "no request of a function URL"}})
    dialect = next((d for d in DIALECTS if (asked.method, asked.path) in d.ROUTES), None)
    if dialect is None:
        return native.error(404, "not_found", f"no API is served at {asked.method} {asked.path[:100]}", asked.id)
    try:
        response: Response = dialect.answer(asked, read, credentials)
    except NoCredentials as error:
        logger.error("no credentials", request_id=asked.id, path=asked.path, error=str(error))
        response = dialect.error(503, "unavailable", "this service has no credentials for this API", asked.id)
    except Exception as error:  # noqa: BLE001 - a caller is waiting: it gets an answer that tells nothing of another's
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{where.name}, {Path(where.filename).name}:{where.lineno}"
        logger.error("failed", request_id=asked.id, path=asked.path, error=type(error).__name__, at=place)
        response = dialect.error(500, "internal", "the request could not be answered", asked.id)
    logger.info("answered", request_id=asked.id, path=asked.path, status=response.status, size=len(asked.body))
    return response
