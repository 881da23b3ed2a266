"""A hundred thousand replies that no document foresees, through every vendor as the chain asks it."""

from __future__ import annotations

import codecs
import copy
import io
import json
import math
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from boto3.dynamodb.types import TypeSerializer
from pydantic import TypeAdapter
from requests.adapters import BaseAdapter
from tests.contract.test_vendors_by_scenario import CREDENTIALS, SCENARIOS

from bench.reliability.board import Row, Seen, portion
from bench.surroundings import cells
from license_reader import vendors
from license_reader.errors import VendorError
from license_reader.image import Image
from license_reader.ledger import MAX_LICENSE_BYTES, trimmed
from license_reader.license import Document, License, Side
from license_reader.vendors._base import Address, Job, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.command import Tell

FULL = 100_000
PATIENCE = 20.0
_BATCH = 250
_SEED = 20261121
_READABLE = 0.7  # of the talks are such as end with a license, before they are changed
_PICTURE = Image(content=b"\xff\xd8\xff", format="jpeg", width=1000, height=700)
_STATUSES = (200, 200, 200, 200, 200, 201, 204, 301, 400, 401, 403, 404, 413, 429, 500, 502, 503, 504, 599)
_ENCODINGS = ("gb18030", "utf-16", "utf-32", "utf-8-sig", "big5", "utf-7")


@dataclass(frozen=True, slots=True)
class Talk:
    """A scenario as far as it is needed here: who is asked what with which secret, and what was replied in turn."""

    vendor: str
    secret: str
    document: Document
    side: Side
    replies: tuple[Reply, ...]


@cache
def talks() -> tuple[Talk, ...]:
    """Every scenario of the contract's tests in which each reply is JSON: answers, refusals, logins."""
    found = []
    for path in sorted(SCENARIOS.glob("*/*.json")):
        told, name = json.loads(path.read_bytes()), path.parent.name
        answers = [exchange["reply"] for exchange in told["exchanges"]]
        if not all("json" in answer for answer in answers):
            continue
        replies = (
            Reply(answer.get("status", 200), answer.get("headers", {}), json.dumps(answer["json"]).encode())
            for answer in answers
        )
        job, secret = told["job"], f"{name} {told.get('credentials', '')}".strip()
        found.append(Talk(name, secret, Document(job["document"]), Side(job["side"]), tuple(replies)))
    return tuple(found)


def places(told: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a reply."""
    inner = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    return [at, *(place for key, value in inner for place in places(value, (*at, key)))]


class Canned(BaseAdapter):
    """The other end of a session: it takes each request whole, and replies as it was told to."""

    def __init__(self, replies: list[Reply]) -> None:
        super().__init__()
        self._replies = replies

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """The next reply."""
        for _piece in request.body or ():
            pass
        reply = self._replies.pop(0)
        response = requests.Response()
        response.status_code = reply.status
        response.headers.update(reply.headers)
        response.raw = urllib3.HTTPResponse(io.BytesIO(reply.body), reply.headers, reply.status, preload_content=False)
        return response

    def close(self) -> None:
        """Holds nothing."""


def read(talk: Talk, replies: list[Reply]) -> License:
    """The license as the vendor reads it when it gets these replies; VendorError where it refuses them."""
    kind = vendors.find(talk.vendor)
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", Canned(list(replies)))
        vendor = kind(Address("http://vendor.test"), session=session)
        secret = TypeAdapter(kind.credentials).validate_python(CREDENTIALS[talk.secret])
        return vendor.read(Job(_PICTURE, talk.document, talk.side), secret, until=time.time() + 60)


def complaint(license_: License, body: bytes) -> str | None:
    """What is wrong with a license that was read from a reply: something of it was lost, or it cannot be kept.

    What DynamoDB's own types cannot hold raises whatever boto3 raises for it.
    """
    told = json.loads(body.decode("utf-8-sig"))
    if license_.raw != told:
        return "raw is not the reply"
    raw = trimmed(license_.raw, MAX_LICENSE_BYTES) or ""
    if len(raw.encode()) > MAX_LICENSE_BYTES:
        return "the raw reply does not fit"
    fields = json.loads(license_.model_dump_json(exclude={"raw"}))
    rounded = json.loads(json.dumps(fields), parse_float=lambda number: Decimal(str(round(float(number), 6))))
    TypeSerializer().serialize(rounded)
    if License.model_validate(fields, context={"stored": True}) != license_.model_copy(update={"raw": None}):
        return "the license does not survive being stored"
    if not all(0 <= score <= 1 for score in license_.confidence.values()):
        return "a confidence that is none"
    return None


@cache
def _readable() -> tuple[Talk, ...]:
    """The talks that end with a license."""
    found = []
    for talk in talks():
        with suppress(VendorError):
            read(talk, list(talk.replies))
            found.append(talk)
    return tuple(found)


def upset(number: int) -> tuple[Talk, list[Reply]]:
    """A talk in which one of the replies was changed in a few ways."""
    random = Random(_SEED + number)  # noqa: S311 - to be repeated, not to be secret
    talk = random.choice(_readable() if random.random() < _READABLE else talks())
    replies = list(talk.replies)
    at = random.randrange(len(replies))
    status, headers, body = replies[at].status, replies[at].headers, replies[at].body
    if random.random() < 0.2:
        status = random.choice(_STATUSES)
    if random.random() < 0.1:
        headers = {name: random.choice(("", "\xff" * 9, "x" * 9000)) for name in headers}
    told = json.loads(body)
    for _ in range(random.choice((0, 1, 2, 3, 5, 8))):
        told = random.choice(_STRUCTURES)(told, random)
    body = _dumped(told, random)
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        body = random.choice(_BYTES)(body, random)
    replies[at] = Reply(status, headers, body)
    return talk, replies


_VALUES: tuple[Any, ...] = (
    *(None, True, False, "", "--", " ", "\0", "长期", "2015-13-45", "0000-00-00", {}, []),
    *(0, -1, 2**31, 2**63, 2**64, 10**400, -(10**400), 0.1, -0.0, 1e308, 5e-324, math.nan, math.inf, -math.inf),
    *("\ud800", "\udfff", "𝟙𝟚𝟛", "١٢٣", "²", "\u202e", "e\u0301", "\ufeff", "9" * 5000),
    *("99999999999kg", "1×2×3", "2011年02月30日", "A1A2" * 900, "至" * 3000),
)


def _odd(random: Random) -> Any:
    """A value where another was expected."""
    match random.randrange(12):
        case 0:
            return [random.choice((None, 1, "x", {}, []))] * random.randrange(1, 40)
        case 1:
            return {random.choice(("", "year", "month", "day", "x", "value")): random.choice((None, 1, "x", [], {}))}
        case 2:
            return "x" * random.randrange(500_000)
        case 3:
            return _nested(random.randrange(1, 20))
        case _:
            return random.choice(_VALUES)


def _nested(depth: int) -> Any:
    inner: Any = 1
    for level in range(depth):
        inner = [inner] if level % 2 else {"x": inner}
    return inner


def _replaced(told: Any, random: Random) -> Any:
    return _changed(told, random, lambda _: _odd(random))


def _retyped(told: Any, random: Random) -> Any:
    kinds: tuple[Callable[[Any], Any], ...] = (str, lambda value: [value], lambda value: {"value": value}, bool, repr)
    return _changed(told, random, random.choice(kinds))


def _changed(told: Any, random: Random, change: Callable[[Any], Any]) -> Any:
    """The reply with the value at one place changed."""
    place = random.choice(places(told))
    if not place:
        return change(told) if random.random() < 0.1 else told
    told = copy.deepcopy(told)
    holder = told
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = change(holder[place[-1]])
    return told


def _dropped(told: Any, random: Random) -> Any:
    return _changed(told, random, lambda value: _without(value, random))


def _without(value: Any, random: Random) -> Any:
    if not isinstance(value, dict | list) or not value:
        return None
    kept = copy.copy(value)
    del kept[random.choice(list(value)) if isinstance(kept, dict) else random.randrange(len(kept))]
    return kept


def _extended(told: Any, random: Random) -> Any:
    """The reply with members that nobody knows, in all of its objects."""
    match told:
        case dict():
            extra = {f"field_{random.randrange(9)}": _odd(random)} if random.random() < 0.5 else {}
            return {name: _extended(value, random) for name, value in told.items()} | extra
        case list():
            return [_extended(value, random) for value in told]
        case _:
            return told


_STRUCTURES: tuple[Callable[[Any, Random], Any], ...] = (
    *(_replaced, _replaced, _replaced, _retyped, _dropped),
    _extended,
)


def _dumped(told: Any, random: Random) -> bytes:
    text = json.dumps(told, ensure_ascii=random.random() < 0.5, indent=random.choice((None, None, 2)))
    return text.encode("utf-8", "surrogatepass")


def _flipped(body: bytes, random: Random) -> bytes:
    content = bytearray(body or b"{")
    for _ in range(random.randrange(1, 5)):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    return bytes(content)


def _cut(body: bytes, random: Random) -> bytes:
    return body[: random.randrange(len(body) + 1)]


def _twice(body: bytes, random: Random) -> bytes:
    """An object whose first members are told once more, as something else."""
    names = [
        b"code",
        b"data",
        b"result",
        b"Response",
        b"request_id",
        b"error",
        b"fields",
        b"plate_no",
        b"error_message",
    ]
    return body.replace(b"{", b'{"' + random.choice(names) + b'": ' + random.choice((b"1", b"null", b"{}")) + b",", 2)


def _recoded(body: bytes, random: Random) -> bytes:
    return body.decode("utf-8", "replace").encode(random.choice(_ENCODINGS), "replace")


def _surrounded(body: bytes, random: Random) -> bytes:
    return (
        random.choice((codecs.BOM_UTF8, b"\0", b" \n", b")]}',\n", b"<html>"))
        + body
        + random.choice((b"", b"\0", b"}"))
    )


def _deep(_: bytes, random: Random) -> bytes:
    return random.choice((b"[", b'{"a":', b'{"Response":', b'{"data":{"items":[')) * random.choice(
        (50, 200, 5_000, 200_000)
    )


def _number(body: bytes, random: Random) -> bytes:
    """Some number in it is one that no type holds."""
    huge = random.choice((b"1e999", b"-1e999", b"NaN", b"Infinity", b"9" * 5000, b"0x10", b"01", b"1.", b"1e-999"))
    return body.replace(random.choice((b"0", b"1", b"2", b'""', b"null")), huge, random.choice((1, 3)))


def _buried(body: bytes, random: Random) -> bytes:
    """A value in it lies deep in lists, which is well formed all the same."""
    depth = random.choice((50, 150, 190, 250, 1000))
    return body.replace(random.choice((b"null", b'""', b"[]", b"{}", b"0")), b"[" * depth + b"]" * depth, 1)


_BYTES = (_flipped, _cut, _twice, _recoded, _surrounded, _deep, _number, _buried)


@dataclass(frozen=True, slots=True)
class Understood:
    """What the reader made of one talk: a license, or the class of an error; and what is wrong with that."""

    outcome: str
    fault: str | None = None


def understood(number: int | None) -> Understood:
    """What the reader made of the talk of this number."""
    talk, replies = upset(number or 0)
    try:
        license_ = read(talk, replies)
    except VendorError as error:
        return Understood(type(error).__name__)
    except Exception as error:  # noqa: BLE001 - what is looked for
        return Understood("unforeseen", f"{number}: {talk.vendor}: {error!r}")
    try:
        fault = complaint(license_, replies[-1].body)
    except Exception as error:  # noqa: BLE001 - what would befall the ledger
        fault = repr(error)
    return Understood("License", fault and f"{number}: {talk.vendor}: {fault}")


def measure(share: float, tell: Tell) -> Seen:
    """What became of this share of the replies."""
    full = portion(FULL, share)
    batches = [list(range(start, min(start + _BATCH, full))) for start in range(0, full, _BATCH)]
    outcomes: Counter[str] = Counter()
    faults = []
    for seen in cells.done(understood, batches, patience=PATIENCE):
        if isinstance(seen, cells.Lost):
            outcomes["lost"] += 1
            faults.append(f"{seen.item}: {seen.how}")
        else:
            outcomes.update(one.outcome for one in seen.results)
            faults += (one.fault for one in seen.results if one.fault)
        tell(outcomes.total(), full)
    refused = outcomes.total() - outcomes["License"] - outcomes["unforeseen"] - outcomes["lost"]
    figures = (
        f"{outcomes.total():,} replies to {len(vendors.names())} vendors: {outcomes['License']:,} understood with every"
        f" field kept, {refused:,} refused, {len(faults)} unhandled" + "".join(f"\n{fault}" for fault in faults[:5])
    )
    return Seen(figures, not faults and outcomes["License"] > 0)


ROW = Row("a hundred thousand mutated vendor replies", "never an unhandled exception; unknown fields kept", measure)
