"""Faults on demand, for people who test their own client: chosen by the rules of a file or by a request's own header.

Only the server on loopback knows them; nothing of this is deployed. A fault that a vendor tells of in words (too many
calls, an error of its own, an old signature) is told in the dialect that the request speaks.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pkgutil import iter_modules
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

import dialects
from license_ocr.failure import Failure
from service import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from exchange import Response

HEADER = "x-fault"
DIALECTS = tuple(sorted(module.name for module in iter_modules(dialects.__path__)))

NAMES = ("slow", "throttle", "5xx", "expired", "cut", "cut-half", "truncate", "html")
_LISTED = ", ".join(NAMES)
# The number that a header may give with a fault, as the field that a rule has for it.
_NUMBERS = MappingProxyType({"slow": "seconds", "5xx": "status"})
# The faults that a dialect has words of its own for.
_TROUBLES: Mapping[str, Trouble] = MappingProxyType(
    {"throttle": Trouble.BUSY, "5xx": Trouble.INTERNAL, "expired": Trouble.EXPIRED}
)
_CHOICES = ("every", "first", "calls", "share")
# What is said of a rule where the library's own words would not tell what to do.
_SAID: Mapping[str, str] = MappingProxyType(
    {
        "union_tag_invalid": f"there are {_LISTED}",
        "union_tag_not_found": f"there are {_LISTED}",
        "extra_forbidden": "a rule of this fault has no such field",
        "missing": "this fault needs it",
        "tuple_type": "a list is wanted",
    }
)


def _known(name: str) -> str:
    if name not in DIALECTS:
        names = {"names": ", ".join(DIALECTS)}
        raise PydanticCustomError("dialect", "there is no such dialect; there are {names}", names)
    return name


class _Rule(BaseModel):
    """Which requests a fault befalls: those that `dialect` and `path` fit, or by their number a part of them."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    dialect: Annotated[str, AfterValidator(_known)] | None = None
    path: str | None = Field(default=None, min_length=1)
    every: int | None = Field(default=None, ge=1)
    first: int | None = Field(default=None, ge=1)
    calls: tuple[Annotated[int, Field(ge=1)], ...] | None = Field(default=None, min_length=1)
    share: float | None = Field(default=None, ge=0, le=1)
    seed: int | None = None

    @model_validator(mode="after")
    def _chooses_once(self) -> Self:
        told = [name for name in _CHOICES if getattr(self, name) is not None]
        if len(told) > 1:
            raise PydanticCustomError("choice", "{names}: at most one of them", {"names": ", ".join(told)})
        if self.seed is not None and self.share is None:
            raise PydanticCustomError("choice", "a seed is of use beside a share only")
        return self

    def fits(self, dialect: str, path: str) -> bool:
        """Whether a request is one that this rule counts."""
        return self.dialect in {None, dialect} and (self.path is None or fnmatchcase(path, self.path))

    def strikes(self, call: int, drawn: float) -> bool:
        """Whether the fault befalls the call of this number, counted from 1, for which 0 <= `drawn` < 1 was drawn."""
        if self.every is not None:
            return call % self.every == 0
        if self.first is not None:
            return call <= self.first
        if self.calls is not None:
            return call in self.calls
        return self.share is None or drawn < self.share


class _Slow(_Rule):
    fault: Literal["slow"]
    seconds: float = Field(gt=0, le=600)


class _ServerError(_Rule):
    fault: Literal["5xx"]
    status: int | None = Field(default=None, ge=500, le=599)


class _Plain(_Rule):
    fault: Literal["throttle", "expired", "cut", "cut-half", "truncate", "html"]


type Rule = Annotated[_Slow | _ServerError | _Plain, Field(discriminator="fault")]
_RULE: TypeAdapter[Rule] = TypeAdapter(Rule)
_RULES: TypeAdapter[tuple[Rule, ...]] = TypeAdapter(tuple[Rule, ...])


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault that befalls a request, and who said so."""

    rule: Rule
    origin: str

    @property
    def seconds(self) -> float:
        """How long the answer is held back."""
        return self.rule.seconds if isinstance(self.rule, _Slow) else 0.0

    @property
    def trouble(self) -> Trouble | None:
        """What is answered in the dialect's own words in place of an answer."""
        return _TROUBLES.get(self.rule.fault)

    @property
    def sent(self) -> float:
        """How much of the answer is sent before the connection is closed; 1 where it is not."""
        return {"cut": 0.0, "cut-half": 0.5}.get(self.rule.fault, 1.0)

    def altered(self, response: Response) -> Response:
        """The response as this fault leaves it: well-formed HTTP, whatever becomes of what it carries."""
        if isinstance(self.rule, _ServerError) and self.rule.status is not None:
            return replace(response, status=self.rule.status)
        if self.rule.fault == "truncate":
            return replace(response, body=response.body[: len(response.body) // 2])
        if self.rule.fault == "html":
            headers = {name: value for name, value in response.headers.items() if name.lower() != "content-type"}
            return replace(response, headers={**headers, "content-type": "text/html"})
        return response

    def __str__(self) -> str:
        number = getattr(self.rule, _NUMBERS.get(self.rule.fault, ""), None)
        return f"{self.rule.fault}{'' if number is None else f'={number:g}'} by {self.origin}"


class Faults:
    """The rules of one server; of those that strike, the first in the file wins.

    Each rule counts the requests that its `dialect` and `path` fit, whatever the rules before it did to them. So the
    same requests in the same order meet the same faults.
    """

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self._lock = Lock()
        self._counted = [_Counted(rule, f"rule {number}") for number, rule in enumerate(rules, start=1)]

    def __bool__(self) -> bool:
        return bool(self._counted)

    def befalling(self, dialect: str, path: str) -> Injected | None:
        """The fault that the next request of this dialect and path meets, if any; counts it."""
        with self._lock:
            struck = [counted for counted in self._counted if counted.rule.fits(dialect, path) and counted.struck()]
        return Injected(struck[0].rule, struck[0].origin) if struck else None


class _Counted:
    """A rule, how many requests it has counted, and what it draws for each."""

    def __init__(self, rule: Rule, origin: str) -> None:
        self.rule = rule
        self.origin = origin
        self._calls = 0
        self._random = random.Random(rule.seed or 0)  # noqa: S311 - to be repeated, not to be secret

    def struck(self) -> bool:
        """Whether one more request is struck; counts it."""
        self._calls += 1
        return self.rule.strikes(self._calls, self._random.random())


def asked(header: str) -> Injected:
    """The fault that a request asks for by itself: `<fault>` or `<fault>=<number>`.

    Raises:
        ValueError: there is no such fault; the text says which there are.
    """
    fault, equals, number = header.strip().partition("=")
    told = {"fault": fault, _NUMBERS.get(fault, "number"): number} if equals else {"fault": fault}
    try:
        return Injected(_RULE.validate_strings(told), "X-Fault")
    except ValidationError:
        wanted = (
            f"one of {_LISTED}; with a number are slow=SECONDS (up to 600) and, if need be, 5xx=STATUS (500 to 599)"
        )
        raise ValueError(f"X-Fault: {wanted}") from None


def load(path: Path) -> Faults:
    """The rules that a file holds.

    Raises:
        Failure: it holds none; the text names each place, rules counted from 1.
    """
    try:
        return Faults(_RULES.validate_json(path.read_bytes()))
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        wrong = "".join(f"\n  {_told(each)}" for each in error.errors(include_url=False, include_context=False))
        raise Failure(f"{path}: the faults are not understood{wrong}") from None


def _told(error: ErrorDetails) -> str:
    """Where in the file something is wrong, and what."""
    what = _SAID.get(error["type"], error["msg"])
    if not error["loc"]:
        return what
    number, *inside = error["loc"]
    # The first name inside is the fault's own: it tells which shape the rule was held against.
    field = "fault" if error["type"].startswith("union_tag") else ".".join(map(str, inside[1:]))
    return f"rule {int(number) + 1}{field and ', '}{field}: {what}"
