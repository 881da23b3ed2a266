"""Words that belong to somebody, planted wherever the reader and the OCR API meet them, and looked for in their logs.

Secrets, every field of a license, what nobody knows in a reply, pictures: none of it may stand in a line of a log or in
an error's text. Codes and request ids of vendors may, as the design has it, and so may the names of settings.
"""

from __future__ import annotations

import base64
import json
import os
import re
import selectors
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlsplit

import requests
from pydantic import TypeAdapter
from tests.contract.test_vendors_by_scenario import CREDENTIALS, SCENARIOS
from tests.loopback import Loopback

from bench.reliability import cage, photos
from bench.reliability.board import Row, Seen, portion
from bench.reliability.replies import Canned
from bench.surroundings import aws
from bench.surroundings.aws import Aws
from bench.surroundings.loopback import serving
from license_ocr.checkout import ROOT, SAMPLES
from license_reader import vendors
from license_reader.errors import LicenseOcrError
from license_reader.image import gate
from license_reader.license import Document, License, Side
from license_reader.vendors._base import Address, Job, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bench.command import Tell

LATIN, CHINESE = "canary", "金丝雀"
WORDS = f"{CHINESE}{LATIN}"
_TOLD_BY_DESIGN = {"code", "Code", "error_code", "request_id", "RequestId", "session_id"}
_NAMED = {"document", "side", "form", "status"}  # words of a fixed list: with another one in it, nothing would be read
_DAY = re.compile(r"\d{4}-\d\d")  # some replies are refused for a day that is none: nothing else of them would be read
_SECONDS = 7.0  # of which a vendor gets two: what would be tried for minutes is tried once or twice
_PATIENCE = 60.0
_REPEATED = 6  # times that a vendor may be asked again, to the same answer
_IMPORTED = ("functions/read_upload", "functions/ocr_api", "layers/license_reader", "layers/license_engine")
_BUCKET = "photos"
# What AWS says when settings or secrets cannot be read is told to the operator: it names who may not read them, and a
# call that failed has nothing of them to quote.
_SAYING = dict.fromkeys(("GetParametersByPath", "GetSecretValue"), "not authorized")


def _forms(word: str) -> set[str]:
    """How a word may look in a log: as it is, escaped, as bytes, in a URL, in base64 wherever it begins."""
    raw = word.encode()
    coded = {
        base64.b64encode(bytes(shift) + raw).decode()[4 if shift else 0 :][: len(raw) // 3 * 4 - 4]
        for shift in range(3)
    }
    return {word, json.dumps(word)[1:-1], repr(raw)[2:-1], quote(word), *(form for form in coded if len(form) >= 4)}


_FORMS = re.compile("|".join(map(re.escape, sorted(_forms(LATIN * 2) | {LATIN} | _forms(CHINESE)))), re.IGNORECASE)


def leaks(text: str) -> list[str]:
    """The lines in which a planted word stands, in whatever form."""
    return [line for line in text.splitlines() if _FORMS.search(line)]


@dataclass(frozen=True, slots=True)
class Case:
    """One upload: who reads it with which secret, what the vendor replies, and what is wrong around it."""

    name: str
    vendor: str
    secret: str
    document: str = "vehicle_license"
    side: str = "front"
    replies: tuple[Mapping[str, Any], ...] = ()
    picture: bytes = b""
    metadata: Mapping[str, str] = field(default_factory=dict)
    settings: str | None = None
    vendor_settings: str | None = None
    secret_text: str | None = None
    failing: str | None = None
    in_queue: bool = True


def cases() -> list[Case]:
    """Every scenario of every vendor with words planted in it, and whatever else can go wrong around an upload."""
    found = [case for path in sorted(SCENARIOS.glob("*/*.json")) for case in _of_scenario(path)]
    return [*found, *_of_settings(), *_of_secrets(), *_of_pictures(), *_of_aws()]


def _of_scenario(path: Path) -> Iterator[Case]:
    """The scenario with words in its good reply, in its odd ones, and cut off."""
    told, vendor = json.loads(path.read_bytes()), path.parent.name
    secret = f"{vendor} {told.get('credentials', '')}".strip()
    replies = [exchange["reply"] for exchange in told["exchanges"]]
    case = Case(
        name=f"{vendor} {path.stem}",
        vendor=vendor,
        secret=secret,
        document=told["job"]["document"],
        side=told["job"]["side"],
        picture=_photo(),
    )
    last = replies[-1]
    yield replace(case, replies=tuple(map(_planted, replies)))
    if "json" in last and last.get("status", 200) == 200:
        before, body = tuple(map(_planted, replies[:-1])), json.dumps(_planted(last)["json"])
        for name, text in {
            "cut": body[: len(body) * 2 // 3],
            "of another type": json.dumps(dict.fromkeys(last["json"], WORDS)),
            "of many types": json.dumps(_typed(last["json"])),
            "a page": f"<html>{WORDS}</html>",
            "a list": json.dumps([WORDS]),
            "a text": json.dumps(WORDS),
        }.items():
            odd = {"status": 200, "headers": last.get("headers", {}), "text": text}
            yield replace(case, name=f"{case.name}, {name}", replies=(*before, odd))


def _planted(reply: Mapping[str, Any]) -> dict[str, Any]:
    """The reply with words in every text of it but codes and ids, in its headers, and in members that nobody knows."""
    headers = {**reply.get("headers", {}), "Set-Cookie": f"session={LATIN}", "X-Odd": LATIN}
    if "X-Subject-Token" in headers:
        headers["X-Subject-Token"] = LATIN * 2
    if reply.get("status", 200) // 100 == 3:
        headers["Location"] = f"http://127.0.0.1:9/{LATIN}"
    planted = {**reply, "headers": headers}
    if "json" in reply:
        planted["json"] = {**_with_words(reply["json"]), "odd": {LATIN: [WORDS]}}
    elif "text" in reply:
        planted["text"] = f"{reply['text']} {WORDS}"
    return planted


def _with_words(told: Any, name: str = "") -> Any:
    match told:
        case dict():
            return {key: _with_words(value, key) for key, value in told.items()}
        case list():
            return [_with_words(value, name) for value in told]
        case str() if name == "error_message":
            return f"{told}: {WORDS}"
        case str() if name not in _TOLD_BY_DESIGN | _NAMED and not _DAY.match(told):
            return told + WORDS
        case _:
            return told


def _typed(told: Any) -> Any:
    """The reply with a text where an object was and an object where a text was."""
    match told:
        case dict():
            return {key: WORDS if isinstance(value, dict | list) else _typed(value) for key, value in told.items()}
        case str():
            return {LATIN: WORDS}
        case _:
            return [WORDS]


def _photo() -> bytes:
    """A photo that says a word in its comment, its EXIF and behind its end."""
    content = (SAMPLES / "vehicle-electronic.jpg").read_bytes()
    notes = photos.jpeg_segment(0xE1, b"Exif\0\0" + (LATIN * 9).encode())
    return content[:2] + notes + photos.jpeg_segment(0xFE, (WORDS * 9).encode()) + content[2:] + (LATIN * 99).encode()


def _answering(vendor: str = "embedded") -> Case:
    told = json.loads((SCENARIOS / vendor / "front.json").read_bytes())
    replies = tuple(_planted(exchange["reply"]) for exchange in told["exchanges"])
    return Case(name="", vendor=vendor, secret=vendor, replies=replies, picture=_photo())


def _of_settings() -> Iterator[Case]:
    for name, text in {
        "not JSON": f'{{"vendors": ["embedded"], {WORDS}',
        "of another type": json.dumps(WORDS),
        "an odd value": json.dumps({"vendors": ["embedded"], "min_confidence": WORDS}),
        "an odd member": json.dumps({"vendors": ["embedded"], "api_key": WORDS}),
        "an odd route": json.dumps({"vendors": ["embedded"], "routes": [{"prefix": "a", "document": WORDS}]}),
        "no vendors": json.dumps({"vendors": WORDS}),
    }.items():
        yield replace(_answering(), name=f"settings: {name}", settings=text)
    for name, odd in {
        "an odd endpoint": {"endpoint": WORDS},
        "an endpoint with a login": {"endpoint": f"http://{LATIN}:{LATIN}@127.0.0.1:9"},
        "an endpoint that is no host": {"endpoint": f"http://{LATIN} {LATIN}"},
        "an odd rate": {"rate": WORDS},
        "an odd member": {"password": WORDS},
    }.items():
        text = json.dumps({"secret": "embedded", **odd})
        yield replace(_answering(), name=f"vendor's settings: {name}", vendor_settings=text)


def _of_secrets() -> Iterator[Case]:
    for vendor in vendors.names():
        names = CREDENTIALS[vendor]
        for name, text in {
            "not JSON": WORDS,
            "cut": json.dumps(dict.fromkeys(names, LATIN))[:-9],
            "of another type": json.dumps([WORDS]),
            "numbers": json.dumps({key: {LATIN: 1} for key in names}),
            "with a line end": json.dumps(dict.fromkeys(names, f"{LATIN}\n")),
            "in Chinese": json.dumps(dict.fromkeys(names, WORDS)),
            "with one field": json.dumps({next(iter(names)): LATIN}),
        }.items():
            yield replace(_answering(), name=f"secret of {vendor}: {name}", vendor=vendor, secret_text=text)


def _of_pictures() -> Iterator[Case]:
    word = (WORDS * 9).encode()
    for name, content in {
        "a text": word,
        "a pdf": b"%PDF-1.7 " + word,
        "a damaged png": photos.pictures()[0][:0] + b"\x89PNG\r\n\x1a\n" + word,
        "a jpeg without a frame": b"\xff\xd8" + photos.jpeg_segment(0xFE, word),
        "a tiff of words": b"II\x2a\0\x08\0\0\0" + word,
        "a webp of words": b"RIFF\0\0\0\0WEBP" + word,
        "a bmp of words": b"BM" + bytes(12) + b"\x28\0\0\0" + word * 9,
        "a bmp without pixels": b"BM" + bytes(12) + b"\x28\0\0\0" + b"\x80\1\0\0\x80\1\0\0\1\0\x18\0" + bytes(4) + word,
    }.items():
        yield replace(_answering(), name=f"picture: {name}", picture=content)
        yield replace(_answering("huawei"), name=f"picture for huawei: {name}", picture=content)
    odd = dict.fromkeys(("document", "side", "vendor", "owner"), LATIN)
    yield replace(_answering(), name="metadata", metadata=odd)


def _of_aws() -> Iterator[Case]:
    for operation in ("GetObject", "UpdateItem", "PutItem", "GetSecretValue", "GetParametersByPath", "Publish"):
        for in_queue in (True, False):
            case = replace(_answering(), name=f"{operation} fails", failing=operation, in_queue=in_queue)
            yield case
    yield replace(_answering(), name="asked without a queue", in_queue=False)
    yield replace(_answering(), name="not read, asked without a queue", in_queue=False, secret_text=WORDS)


class Cage:
    """The process in which the handlers run, and all that it says."""

    def __init__(self, world: Aws, folder: Path) -> None:
        self._output = folder / "output"
        (folder / "secrets.json").write_text(json.dumps(_secrets()), encoding="utf-8")
        receiving, sending = os.pipe()
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", cage.__name__],
                cwd=ROOT,
                env={
                    **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OCR_API"))},
                    **aws.environment(world),
                    "PYTHONPATH": os.pathsep.join(str(ROOT / folder) for folder in _IMPORTED),
                    "POWERTOOLS_LOG_LEVEL": "DEBUG",
                    "OCR_API_SECRETS_FILE": str(folder / "secrets.json"),
                    cage.ANSWERS: str(sending),
                },
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                pass_fds=[sending],
                text=True,
            )
        os.close(sending)
        self._answers = os.fdopen(receiving)
        self._read = 0

    def run(self, invocation: Mapping[str, Any]) -> str:
        """All that one invocation logs and raises."""
        stdin = cast("IO[str]", self._process.stdin)
        stdin.write(json.dumps(invocation) + "\n")
        stdin.flush()
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._answers, selectors.EVENT_READ)
            if not waiting.select(_PATIENCE) or not self._answers.readline():
                raise RuntimeError(f"the handlers' process gave no answer; it said: {self._said()[-2000:]}")
        return self._said()

    def _said(self) -> str:
        with self._output.open("rb") as output:
            output.seek(self._read)
            text = output.read()
            self._read = output.tell()
        return text.decode(errors="replace")

    def close(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.communicate()
        self._answers.close()


@contextmanager
def caged(world: Aws) -> Iterator[Cage]:
    """The handlers' process, gone afterwards."""
    with TemporaryDirectory() as folder:
        held = Cage(world, Path(folder))
        try:
            yield held
        finally:
            held.close()


def _secrets() -> dict[str, dict[str, str]]:
    """Every vendor's secret, made of the word that nobody may see."""
    return {secret: {name: f"{LATIN}-{LATIN}-{name}" for name in names} for secret, names in CREDENTIALS.items()}


def said(case: Case, held: Cage, world: Aws) -> str:
    """All that the reader logs and raises over this case."""
    loopback = Loopback()
    try:
        for reply in (*case.replies, *case.replies[-1:] * _REPEATED):
            body = json.dumps(reply["json"]).encode() if "json" in reply else reply.get("text", "").encode()
            silent, hung = reply.get("silence", False), reply.get("hang_up", False)
            loopback.answer(reply.get("status", 200), headers=reply["headers"], body=body, silence=silent, hang_up=hung)
        endpoint = {"endpoint": loopback.url, "secret": case.vendor, "read_timeout": 0.4}
        world.parameters = {
            "/stack/settings": case.settings or json.dumps({"vendors": [case.vendor]}),
            f"/stack/vendors/{case.vendor}": case.vendor_settings or json.dumps(endpoint),
        }
        world.secrets = {case.vendor: case.secret_text or json.dumps(_secrets()[case.secret])}
        metadata = {"document": case.document, "side": case.side, **case.metadata}
        world.objects = {f"/{_BUCKET}/photo.jpg": (case.picture, metadata)}
        world.items = {}
        world.failing = {case.failing: (500, _SAYING.get(case.failing, WORDS))} if case.failing else {}
        return held.run({"function": "reader", "event": _event(in_queue=case.in_queue), "seconds": _SECONDS})
    finally:
        loopback.close()


def _event(*, in_queue: bool) -> dict[str, Any]:
    told = {"bucket": {"name": _BUCKET}, "object": {"key": "photo.jpg", "versionId": "1", "sequencer": "0A"}}
    event = {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": told}]}
    if not in_queue:
        return event
    return {"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": json.dumps(event)}]}


def texts(case: Case) -> str:
    """All that the vendor's error says over this case, those that it was raised from included."""
    kind = vendors.find(case.vendor)
    bodies = (json.dumps(reply["json"]) if "json" in reply else reply["text"] for reply in case.replies)
    replies = [
        Reply(reply.get("status", 200), reply["headers"], body.encode())
        for reply, body in zip(case.replies, bodies, strict=True)
    ]
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", Canned(replies))
        vendor = kind(Address("http://vendor.test"), session=session, clock=lambda: 0.0)
        secret = TypeAdapter(kind.credentials).validate_python(_secrets()[case.secret])
        try:
            job = Job(gate(case.picture), Document(case.document), Side(case.side))
            vendor.read(job, secret, until=60.0)
        except LicenseOcrError as error:
            return "".join(f"{each!r} {each}\n" for each in _causes(error))
    return ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def invocations() -> list[tuple[str, dict[str, Any]]]:
    """Requests to the OCR API in every dialect: with the right secret, a wrong one, and when the engine fails."""
    found = []
    for secret in CREDENTIALS:
        vendor = secret.partition(" ")[0]
        for name, held in {
            "right": _secrets()[secret],
            "wrong": dict.fromkeys(_secrets()[secret], LATIN * 3),
        }.items():
            event = _request(vendor, held)
            told = License.model_validate(
                {
                    "document": "vehicle_license",
                    "side": "front",
                    "vendor": "embedded",
                    "fields": dict.fromkeys(("owner", "address", "vin"), WORDS),
                }
            ).model_dump_json()
            found.append((f"{secret}, {name} secret", {"function": "api", "event": event, "license": told}))
            found.append(
                (f"{secret}, {name} secret, engine fails", {"function": "api", "event": event, "failure": WORDS})
            )
        torn = base64.b64encode(base64.b64decode(_request(vendor, _secrets()[secret])["body"])[:-30]).decode()
        found.append((f"{secret}, cut", {"function": "api", "event": {**event, "body": torn}, "failure": WORDS}))
    return found


def _request(vendor: str, held: Mapping[str, str]) -> dict[str, Any]:
    """The event of a function URL for the vendor's own request, or for its login where there is one."""
    kind = vendors.find(vendor)
    with requests.Session() as session:
        made = kind(Address("http://vendor.test"), session=session)
        secret = TypeAdapter(kind.credentials).validate_python(held)
        job = Job(gate(_photo()), Document.VEHICLE_LICENSE, Side.FRONT)
        prepared = session.prepare_request(made.login(secret) or made.request(job, secret, None))
    body, target = prepared.body or b"", urlsplit(str(prepared.url))
    content = body.encode() if isinstance(body, str) else body
    return {
        "version": "2.0",
        "rawPath": target.path,
        "rawQueryString": target.query,
        "headers": {name.lower(): value for name, value in prepared.headers.items()},
        "requestContext": {"requestId": "r-1", "http": {"method": prepared.method, "path": target.path}},
        "body": base64.b64encode(content).decode(),
        "isBase64Encoded": True,
    }


@dataclass(slots=True)
class Found:
    """How much was looked through, and where a word stood."""

    runs: int = 0
    lines: int = 0
    errors: int = 0
    """How many errors' texts were looked through besides."""
    leaks: list[str] = field(default_factory=list)

    def look(self, name: str, text: str) -> None:
        """Looks through what was said."""
        self.runs += 1
        self.lines += text.count("\n")
        self.leaks += (f"{name}: {line[:300]}" for line in leaks(text))


def looked(cases: Iterable[Case], invocations: Iterable[tuple[str, dict[str, Any]]], tell: Callable[[], None]) -> Found:
    """What was found over these cases and requests."""
    found = Found()
    with serving(Aws()) as world, caged(world) as held:
        for case in cases:
            found.look(case.name, said(case, held, world))
            tell()
            if _tells(case) and (text := texts(case)):
                found.look(f"{case.name}, error", text)
                found.errors += 1
        for name, invocation in invocations:
            found.look(f"OCR API, {name}", held.run(invocation))
            tell()
    return found


def _tells(case: Case) -> bool:
    """Whether the vendor itself replies in it, and nothing before keeps it from being asked."""
    return not case.secret_text and all({"json", "text"} & reply.keys() for reply in case.replies)


def _spread[T](every: Sequence[T], share: float) -> list[T]:
    """This share of them, from first to last."""
    count = portion(len(every), share)
    return [every[place * len(every) // count] for place in range(count)]


def measure(share: float, tell: Tell) -> Seen:
    """What was found over this share of the cases, evenly taken."""
    taken, asked = _spread(cases(), share), _spread(invocations(), share)
    count = iter(range(1, len(taken) + len(asked) + 1))
    found = looked(taken, asked, lambda: tell(next(count), len(taken) + len(asked)))
    figures = (
        f"{len(taken)} uploads, {len(asked)} requests to the OCR API, {found.errors} errors with all causes:"
        f" {len(found.leaks)} of {found.lines:,} lines hold a planted word"
        + "".join(f"\n{leak}" for leak in found.leaks[:8])
    )
    return Seen(figures, not found.leaks and found.lines > 0)


ROW = Row(
    "canary secrets, names, addresses, images",
    "in 0 log lines, with the root logger at DEBUG, and 0 error texts",
    measure,
)
