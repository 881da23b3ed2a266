"""The local cloud: the emulator and the OCR API as background processes, and the file that remembers them."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from license_ocr import sandbox
from license_ocr.account import Account
from license_ocr.checkout import ROOT, TOOLS
from license_ocr.deploy import deploy
from license_ocr.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_READY_TIMEOUT = 60.0
_STOP_TIMEOUT = 10.0

# Few environments, for each takes 90 MB of disk here; times so short that a message which fails reaches the dead-letter
# queue while somebody looks on.
_PARAMETERS = {
    "OcrApi": "disabled",
    "MaximumConcurrency": "2",
    "ReadTimeout": "60",
    "VisibilityTimeout": "60",
    "MaxReceiveCount": "3",
    "DeletionProtection": "false",
}


class Running(BaseModel):
    """What runs, as the state file remembers it."""

    model_config = ConfigDict(frozen=True)

    endpoint: str
    api: str
    emulator_pid: int
    api_pid: int

    @property
    def account(self) -> Account:
        """The emulator's account."""
        return Account.local(self.endpoint)


class LocalCloud:
    """One local cloud, whose state, logs and secrets are in `home`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._state = home / "cloud.json"
        self._secrets = home / "secrets.json"
        self._children: list[subprocess.Popen[bytes]] = []

    @property
    def home(self) -> Path:
        """Where its state is."""
        return self._home

    @property
    def logs(self) -> Mapping[str, Path]:
        """Where each process writes its log."""
        return {"emulator": self._home / "emulator.log", "OCR API": self._home / "ocr-api.log"}

    def running(self) -> Running | None:
        """What runs here, None when it does not answer or was never started."""
        found = self._remembered()
        return found if found and _answers(found.endpoint) and _listens(found.api) else None

    def require(self) -> Running:
        """What runs here.

        Raises:
            Failure: nothing does.
        """
        if found := self.running():
            return found
        raise Failure("the local cloud is not running; start it with `license-ocr up`, or name a stack with --stack")

    def start(self, tell: Callable[[str], None]) -> Running:
        """Start what does not run yet, and wait until it answers.

        Raises:
            Failure: a process ended or did not answer in time; the text holds the end of its log.
        """
        if found := self.running():
            return found
        self.stop()
        self._home.mkdir(parents=True, exist_ok=True)
        sandbox.written(sandbox.generated(), self._secrets)
        emulator_port, api_port = _free_ports(2)
        endpoint, api = f"http://127.0.0.1:{emulator_port}", f"http://127.0.0.1:{api_port}"
        tell("starting the emulator and the OCR API")
        emulator = self._start_emulator(emulator_port, endpoint)
        api_process = self._spawn(
            "OCR API",
            [sys.executable, "-m", "license_ocr", "api", "--port", str(api_port), "--secrets", str(self._secrets)],
            dict(os.environ),
        )
        found = Running(endpoint=endpoint, api=api, emulator_pid=emulator.pid, api_pid=api_process.pid)
        self._state.write_text(found.model_dump_json(indent=2), encoding="utf-8")
        self._await_answer("emulator", emulator, lambda: _answers(endpoint))
        self._await_answer("OCR API", api_process, lambda: _listens(api))
        return found

    def deploy(
        self,
        stack: str,
        *,
        build: Path,
        tell: Callable[[str], None],
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        """Deploy what was built under this name, with every vendor served by the local OCR API.

        Raises:
            Failure: nothing runs, or the stack failed.
        """
        found = self.require()
        local = {"Architecture": _architecture(), "EmbeddedEndpoint": found.api, "AwsEndpoint": found.endpoint}
        deploy(found.account, stack, build=build, parameters=_PARAMETERS | local | dict(parameters or {}), tell=tell)
        tell("filling in settings and secrets")
        self._seed(found, stack)

    def stop(self, *, purge: bool = False) -> bool:
        """End what was started here; True when something was. What the emulator held is gone, logs stay.

        Args:
            purge: whether to remove the logs as well.
        """
        found = self._remembered()
        if found:
            alive = {found.api_pid: _listens(found.api), found.emulator_pid: _answers(found.endpoint)}
            self._end([pid for pid, answers in alive.items() if answers])
            self._state.unlink()
        if purge:
            shutil.rmtree(self._home, ignore_errors=True)
        else:
            for leftover in ("state", "tmp"):
                shutil.rmtree(self._home / leftover, ignore_errors=True)
            self._secrets.unlink(missing_ok=True)
        return found is not None

    def _end(self, pids: Sequence[int]) -> None:
        """End processes and their children: asked first, then killed."""
        left = list(pids)
        for signal_, patience in ((signal.SIGTERM, _STOP_TIMEOUT), (signal.SIGKILL, 2.0)):
            for pid in left:
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal_)
            until = time.monotonic() + patience
            while left and time.monotonic() < until:
                time.sleep(0.02)
                self._children = [child for child in self._children if child.poll() is None]
                left = [pid for pid in left if not _ended(pid)]

    def _remembered(self) -> Running | None:
        try:
            return Running.model_validate_json(self._state.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError:
            self._state.unlink()
            return None

    def _start_emulator(self, port: int, endpoint: str) -> subprocess.Popen[bytes]:
        python = TOOLS / "emulator" / "bin" / "python"
        if not python.exists():
            raise Failure(f"{python.relative_to(ROOT)} is missing; run `make setup`")
        for folder in ("state", "tmp"):
            (self._home / folder).mkdir(exist_ok=True)
        environment = {
            **_without_aws(os.environ),
            # Functions run in the emulator's interpreter, found on this path.
            "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "AWS_ENDPOINT_URL": endpoint,
            "STATE_DIR": str(self._home / "state"),
            "S3_DATA_DIR": str(self._home / "state" / "s3"),
            "TMPDIR": str(self._home / "tmp"),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "PYTHONUNBUFFERED": "1",
        }
        return self._spawn("emulator", [str(python), "-m", "ministack"], environment)

    def _spawn(self, name: str, command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with self.logs[name].open("wb") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=self._home,
                start_new_session=True,
            )
        self._children.append(process)
        return process

    def _await_answer(self, name: str, process: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
        until = time.monotonic() + _READY_TIMEOUT
        while not ready():
            ended = process.poll() is not None
            if ended or time.monotonic() > until:
                what = f"ended with {process.returncode}" if ended else f"did not answer in {_READY_TIMEOUT:.0f} s"
                tail = self.logs[name].read_text(errors="replace").splitlines()[-15:]
                self.stop()
                raise Failure(f"the {name} {what}; the end of {self.logs[name]}:\n" + "\n".join(tail))
            time.sleep(0.05)

    def _seed(self, found: Running, stack: str) -> None:
        """Give every vendor of the stack the OCR API's address and the secret that it knows."""
        account = found.account
        for vendor, secret in json.loads(self._secrets.read_bytes()).items():
            account.secretsmanager.put_secret_value(SecretId=f"{stack}/{vendor}", SecretString=json.dumps(secret))
        pages = account.ssm.get_paginator("get_parameters_by_path").paginate(Path=f"/{stack}/vendors")
        for parameter in (each for page in pages for each in page["Parameters"]):
            settings: dict[str, Any] = json.loads(parameter["Value"])
            account.ssm.put_parameter(
                Name=parameter["Name"],
                Value=json.dumps(settings | {"endpoint": found.api, "read_timeout": 60}),
                Overwrite=True,
            )


def _without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the caller's AWS settings: nothing local may reach a real account."""
    return {name: value for name, value in environment.items() if not name.startswith("AWS_")}


def _architecture() -> str:
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _answers(endpoint: str) -> bool:
    """Whether an emulator is ready at this endpoint."""
    try:
        with urllib.request.urlopen(f"{endpoint}/_ministack/ready", timeout=2) as response:  # noqa: S310 - loopback
            return bool(json.load(response).get("status") == "completed")
    except (OSError, ValueError):
        return False


def _listens(url: str) -> bool:
    """Whether anything listens where this URL points."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((host, int(port))) == 0


def _ended(pid: int) -> bool:
    """Whether nothing is left of a process and its children."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return True
    return False
