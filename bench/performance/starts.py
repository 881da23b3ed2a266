"""How long functions take to start: INIT as Lambda's own Runtime Interface Emulator reports it, taken in turn."""

from __future__ import annotations

import compileall
import os
import py_compile
import re
import resource
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.error import HTTPError

from tests.cloud.runtime_interface import running

from bench.performance.board import Row, Seen
from license_ocr.checkout import BUILD, TOOLS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.command import Tell

PEERS = Path(__file__).parent / "peers"
# Once each, so that what is read from the disk stands in memory, as it does where a function starts often.
WARMING, ROUNDS = 1, 10

_INIT = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)\)")
_ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "POWERTOOLS_SERVICE_NAME": "start",
    "POWERTOOLS_METRICS_NAMESPACE": "Start",
    "SETTINGS_PATH": "/start",
    "TABLE_NAME": "start",
    "TOPIC_ARN": "arn:aws:sns:eu-west-1:111122223333:start",
    # Where Lambda unpacks a function nothing can be written: what comes without byte code is compiled at every start.
    "PYTHONDONTWRITEBYTECODE": "1",
}


@dataclass(frozen=True, slots=True)
class Artefact:
    """A function as it stands where Lambda unpacked it: its folder, its layers, its handler."""

    name: str
    function: Path
    layers: tuple[Path, ...]
    handler: str

    @property
    def size(self) -> int:
        """Its bytes, unzipped."""
        return sum(size(folder) for folder in (self.function, *self.layers))


@dataclass(frozen=True, slots=True)
class _Start:
    """Milliseconds of INIT, and of processor time from before it until the function was ended."""

    init: float
    cpu: float


def size(folder: Path) -> int:
    """The bytes of a folder's files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def ours(place: Path) -> Artefact:
    """The built reader, copied: another build may take its place while it is measured."""
    function = shutil.copytree(BUILD / "ReadUpload", place / "ours")
    layer = shutil.copytree(BUILD / "LicenseReaderLayer", place / "layer")
    return Artefact("ours", function, (layer,), "read_upload.handler")


def bare(place: Path) -> Artefact:
    """The bare function, with byte code like ours; boto3 is the runtime's own for both."""
    function = place / "bare"
    function.mkdir()
    shutil.copy(PEERS / "bare.py", function)
    compileall.compile_dir(function, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    return Artefact("bare", function, (), "bare.handler")


def usual(place: Path) -> Artefact:
    """The usual stack as SAM ships it: its requirements beside its code, without byte code."""
    installed = TOOLS / "usual-stack" / "lib" / "python3.13" / "site-packages"
    # What pip itself leaves in an environment is in no package.
    ignored = shutil.ignore_patterns("__pycache__", "*.pth", "_virtualenv.py")
    function = shutil.copytree(installed, place / "usual", ignore=ignored)
    shutil.copy(PEERS / "whole.py", function)
    return Artefact("usual", function, (), "whole.handler")


def row(name: str, peer: Callable[[Path], Artefact], target: float) -> Row:
    """The row that holds the reader's start against a peer's."""

    def measure(tell: Tell) -> Seen:
        with TemporaryDirectory() as folder:
            place = Path(folder)
            return compared(ours(place), peer(place), place, target, tell)

    return Row(name, f"<= {target} x", measure)


def compared(ours: Artefact, peer: Artefact, place: Path, target: float, tell: Tell) -> Seen:
    """Both INITs, started in turn: of each the shortest counts, since noise only ever adds."""
    _compile_the_runtime()
    seen: dict[str, list[_Start]] = {ours.name: [], peer.name: []}
    for turn in range(WARMING + ROUNDS):
        for artefact in (ours, peer):
            seen[artefact.name].append(_start(artefact, place))
        tell(turn + 1, WARMING + ROUNDS)
    mine, its = seen[ours.name][WARMING:], seen[peer.name][WARMING:]
    ratio = min(start.init for start in mine) / min(start.init for start in its)
    return Seen(_told(ours, mine), _told(peer, its), ratio, held=ratio <= target)


def _told(artefact: Artefact, starts: Sequence[_Start]) -> str:
    """A function's starts in words, each figure the least."""
    init, cpu = min(start.init for start in starts), min(start.cpu for start in starts)
    return f"{init:.0f} ms, of CPU {cpu:.0f} ms, {_modules(artefact)} modules"


def _modules(artefact: Artefact) -> int:
    """How many modules are in memory once the function's own module is imported."""
    module = artefact.handler.partition(".")[0]
    told = subprocess.run(  # noqa: S603 - our own tools
        [TOOLS / "lambda-runtime" / "bin" / "python", "-c", f"import {module}, sys; print(len(sys.modules))"],
        env={**_ENVIRONMENT, "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, _paths(artefact)))},
        check=True,
        capture_output=True,
        text=True,
    )
    return int(told.stdout)


def _paths(artefact: Artefact) -> list[Path]:
    """Where Lambda looks for the function's modules, before it looks among the runtime's own."""
    return [artefact.function, *(layer / "python" for layer in artefact.layers)]


def _compile_the_runtime() -> None:
    """Compiles the runtime's own libraries, as they are in Lambda."""
    python = TOOLS / "lambda-runtime"
    subprocess.run(  # noqa: S603 - our own tools
        [python / "bin" / "python", "-m", "compileall", "-q", python / "lib" / "python3.13" / "site-packages"],
        check=True,
    )


def _start(artefact: Artefact, place: Path) -> _Start:
    """One start, of a process that ends with it; under the emulator INIT begins with the first invocation."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with running(
        tools=TOOLS,
        function=artefact.function,
        layers=artefact.layers,
        handler=artefact.handler,
        environment=_ENVIRONMENT,
        log=place / f"{artefact.name}.log",
    ) as function:
        with suppress(HTTPError):  # what went wrong stands in the log
            function.invoke({"Records": []})
        told = _INIT.search(function.log())
        failed = "INIT RTDONE(status: success)" not in function.log()
    if told is None or failed:
        raise RuntimeError(f"{artefact.name} did not start:\n{function.log()[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    burnt = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return _Start(init=float(told[1]), cpu=burnt * 1000)
