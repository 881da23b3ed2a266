"""Both handlers with every logger at DEBUG, in a process of which all output is kept: python -m bench.reliability.cage.

A line of standard input is an invocation: of the reader, in a new environment each time, or of the OCR API. What the
handlers log goes to standard output and error, as does the traceback of what they raise. A line of the descriptor that
`ANSWERS` names says that the invocation is over.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import sys
import time
import traceback
from typing import Any

from bench.surroundings.worker import Context

ANSWERS = "CAGE_ANSWERS"


def main() -> None:
    """Runs invocations until the input ends."""
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    answers = os.fdopen(int(os.environ[ANSWERS]), "w")
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        try:
            print("answered", len(json.dumps({"reader": _read, "api": _serve}[asked["function"]](asked))), flush=True)
        except Exception:  # noqa: BLE001 - Lambda logs whatever is raised, and so is done here
            traceback.print_exc()
            sys.stderr.flush()
        answers.write("over\n")
        answers.flush()


def _read(asked: dict[str, Any]) -> dict[str, Any]:
    """The reader's answer, its clients, caches and vendors made anew."""
    import read_upload  # noqa: PLC0415 - it makes its clients when it is imported

    read_upload.reader = read_upload._reader()  # noqa: SLF001 - what a new environment does
    context: Any = Context(time.time() + asked["seconds"])
    answer: dict[str, Any] = read_upload.handler(asked["event"], context)
    return answer


def _serve(asked: dict[str, Any]) -> dict[str, Any]:
    """What the OCR API answers when its engine reads what is told, or fails with it."""
    import ocr_api  # noqa: PLC0415 - the reader does without it
    from credentials import credentials, renew  # noqa: PLC0415
    from fetching import fetch  # noqa: PLC0415
    from license_reader.license import Document, License, Side  # noqa: PLC0415
    from service import Service  # noqa: PLC0415

    def read(picture: bytes, document: Document | None, side: Side | None) -> License:  # noqa: ARG001
        if "failure" in asked:
            raise RuntimeError(asked["failure"])
        return License.model_validate_json(asked["license"])

    response = ocr_api.answer(asked["event"], Service(read=read, credentials=credentials, fetch=fetch, renew=renew))
    return {"status": response.status, "body": base64.b64encode(response.body).decode()}


if __name__ == "__main__":
    main()
