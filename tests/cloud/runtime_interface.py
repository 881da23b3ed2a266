"""A built function run as Lambda runs it: its folder and its layers, under the Runtime Interface Emulator."""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_RAPID = "lib/python3.13/site-packages/samcli/local/rapid"
_READY_SECONDS = 20.0


class Invocable:
    """A function that listens for invocations on loopback."""

    def __init__(self, address: str, log: Path) -> None:
        self._url = f"http://{address}/2015-03-31/functions/function/invocations"
        self._log = log

    def invoke(self, event: object) -> Any:
        """What the handler returned, or Lambda's error object when it raised."""
        request = urllib.request.Request(self._url, data=json.dumps(event).encode())  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - loopback
            return json.loads(response.read())

    def log(self) -> str:
        """All that the function and the emulator wrote so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def running(  # noqa: PLR0913 - what Lambda needs to know of a function
    *,
    tools: Path,
    function: Path,
    layers: Sequence[Path],
    handler: str,
    environment: Mapping[str, str],
    log: Path,
) -> Iterator[Invocable]:
    """The function, started: it sees the runtime's own boto3, its layers and its folder, nothing of this checkout."""
    arch = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
    emulator = tools / "sam" / _RAPID / f"aws-lambda-rie-{arch}"
    python = tools / "lambda-runtime" / "bin" / "python"
    invoked, runtime = _free_address(), _free_address()
    command: list[str | Path] = [
        emulator,
        *("--runtime-interface-emulator-address", invoked, "--runtime-api-address", runtime),
        *(python, "-m", "awslambdaric", handler),
    ]
    paths = os.pathsep.join(str(path) for path in (function, *(layer / "python" for layer in layers)))
    with log.open("wb") as sink:
        process = subprocess.Popen(  # noqa: S603 - our own tools
            command,
            cwd=function,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(log.parent),
                "PYTHONPATH": paths,
                "LAMBDA_TASK_ROOT": str(function),
                "AWS_LAMBDA_FUNCTION_NAME": "under-test",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
                "AWS_LAMBDA_FUNCTION_TIMEOUT": "60",
                **environment,
            },
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(invoked, process, log)
        yield Invocable(invoked, log)
    finally:
        process.terminate()
        process.wait(10)


def _free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def _await(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    host, port = address.split(":")
    end = time.monotonic() + _READY_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the emulator did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
