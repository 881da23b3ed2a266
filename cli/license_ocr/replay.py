"""Stored replies read again after a mapping was mended: the vendor's own words, no call, no picture.

A record is judged by the day on which it was read, so that a replay changes what the mapping changed and nothing that
has merely grown old since. It is written only while it stands as it was found: neither another replay nor a removal is
overwritten, and no attempt, owner, charge or retention is touched.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import requests
from pydantic_core import to_json
from requests.structures import CaseInsensitiveDict

from license_ocr.items import RECORDS, plain
from license_reader import notices, vendors
from license_reader.checks import check
from license_reader.days import day_in_china
from license_reader.errors import InProgress
from license_reader.flags import Severity
from license_reader.image import Image
from license_reader.ledger import MAX_LICENSE_BYTES, MAX_RAW_TEXT, Notice, Record, State, record, stored
from license_reader.license import FIELDS, License, Side
from license_reader.vendors._base import Address, Job, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from license_ocr.items import Item, Items
    from license_reader.flags import Flag
    from license_reader.ledger import Ledger
    from license_reader.notices import Notices
    from license_reader.settings import Settings

_CUT = re.compile(r"\.\.\. \([0-9]+ characters\)")
# What a record must still be for a replay to be written.
_UNCHANGED = ("state", "owner", "attempt", "license", "raw")
# The flags' sources that are asked again; the others saw the picture, the metadata or the table.
_CHECKS = "checks"


class Fate(StrEnum):
    """What became of one record, in the words of the summary."""

    CHANGED = "changed"
    SAME = "read as before"
    UNREAD = "not read yet"
    NO_REPLY = "no reply kept: nothing was asked, or the vendor refused"
    TRIMMED = "reply trimmed: left alone"
    NOT_UNDERSTOOD = "reply not understood any more: left alone"
    NEWER = "written by a newer version: left alone"
    NO_ROOM = "would not fit into an item: left alone"
    OVERTAKEN = "changed by somebody else meanwhile: left alone"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one record; `told` is whether its notice went out (or would, if nothing is to be written)."""

    object: str
    version: str
    fate: Fate
    before: License | None = None
    after: License | None = None
    reason: str | None = None
    told: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields whose values changed, and of what else changed around them."""
        if self.before is None or self.after is None:
            return ()
        old, new = (license_.fields.model_dump() for license_ in (self.before, self.after))
        around = ("document", "side", "form", "confidence", "boxes")
        return (
            *(name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)),
            *(name for name in around if getattr(self.before, name) != getattr(self.after, name)),
        )

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that came, with a plus, and those that went, with a minus; `~` where only a detail changed."""
        if self.before is None or self.after is None:
            return ()
        old, new = (
            {flag.code: [each for each in license_.flags if each.code == flag.code] for flag in license_.flags}
            for license_ in (self.before, self.after)
        )
        return (
            *(f"+{code}" for code in new if code not in old),
            *(f"-{code}" for code in old if code not in new),
            *(f"~{code}" for code in new if code in old and old[code] != new[code]),
        )


class NotUnderstood(Exception):
    """A kept reply that the mapping of today does not take; the text says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay acts on; without `notices` nobody is told, and without `write` nothing is written."""

    items: Items
    ledger: Ledger
    settings: Settings
    notices: Notices | None
    write: bool = True
    now: Callable[[], dt.datetime] = field(default=lambda: dt.datetime.now(dt.UTC))

    def run(self, items: Iterable[Item]) -> Iterator[Replayed]:
        """What becomes of each record, as it becomes of it; anything but a record is passed over."""
        for item in items:
            if plain(item["object"]).startswith(RECORDS):
                yield self._one(item)

    def _one(self, item: Item) -> Replayed:
        known = {name: plain(value) for name, value in item.items()}
        object_, version = known["object"], known["version"]
        if known.get("state") != State.DONE or known.get("license") is None:
            return Replayed(object_, version, Fate.UNREAD)
        if _unknown(known["license"]):
            return Replayed(object_, version, Fate.NEWER)
        done = record(known)
        fate, after, reason = self._read(done, known.get("raw"))
        if fate is Fate.CHANGED and after and self.write and not self._written(item, done, after):
            fate, after = Fate.OVERTAKEN, None
        changed = fate is Fate.CHANGED
        told = fate in {Fate.CHANGED, Fate.SAME} and self._tell(done, after if changed else done.license)
        return Replayed(object_, version, fate, done.license if changed else None, after, reason, told)

    def _read(self, done: Record, raw: str | None) -> tuple[Fate, License | None, str | None]:
        """What reading the record's reply again comes to, the license if it changes, and the reason if it does not."""
        if raw is None or done.license is None or done.license.vendor is None:
            return Fate.NO_REPLY, None, None
        if trimmed(json.loads(raw)):
            return Fate.TRIMMED, None, None
        try:
            after = replayed(done, raw, min_confidence=self.settings.min_confidence)
        except NotUnderstood as error:
            return Fate.NOT_UNDERSTOOD, None, str(error)
        if after == done.license:
            return Fate.SAME, None, None
        if len(to_json(stored(after))) + len(raw.encode()) > MAX_LICENSE_BYTES:
            return Fate.NO_ROOM, None, None
        return Fate.CHANGED, after, None

    def _written(self, item: Item, done: Record, after: License) -> bool:
        """Whether the license stands in the record; with it the notice that its flags ask for, if there was none."""
        changes: dict[str, Any] = {
            "license": stored(after),
            "replayed_at": self.now().isoformat(timespec="milliseconds"),
        }
        unchanged = list(_UNCHANGED)
        if self._new_notice(done, after):
            changes["notice"] = Notice.PENDING
            unchanged.append("notice")
        return self.items.rewrite(item, changes, unchanged=unchanged)

    def _new_notice(self, done: Record, after: License) -> bool:
        return (
            self.notices is not None
            and done.notice is Notice.NONE
            and notices.wanted(after.flags, self.settings.publish)
        )

    def _tell(self, done: Record, standing: License | None) -> bool:
        """Whether the record's notice went out here; one that a replay or a reader left behind is told as well."""
        if self.notices is None or standing is None:
            return False
        waits = done.notice in {Notice.PENDING, Notice.SENDING}
        new = standing is not done.license and self._new_notice(done, standing)
        if not (waits or new) or not self.write:
            return waits or new
        told = done.model_copy(update={"license": standing, "notice": Notice.PENDING})
        try:
            owner = self.ledger.start_notice(told)
        except InProgress:
            return False
        if owner is None:
            return False
        self.notices.publish(told)
        self.ledger.finish_notice(told, owner)
        return True


def replayed(done: Record, raw: str, *, min_confidence: float) -> License:
    """The license that the mapping of today makes of a record's reply, with the flags of today's checks.

    Flags of others than the vendor and the checks stay, and so does the request's id, which some vendors tell in a
    header that was not kept.

    Raises:
        NotUnderstood: the mapping takes the reply for an error, or for nothing that it knows.
    """
    before = done.license
    if before is None or before.vendor is None:
        raise NotUnderstood("no vendor read it")
    read = _mapped(before, raw)
    asked_again = {before.vendor, _CHECKS}
    flags = [*read.flags, *(flag for flag in before.flags if flag.source not in asked_again)]
    if not any(flag.severity is Severity.PERMANENT for flag in read.flags):
        flags += check(read, today=_day(done), min_confidence=min_confidence)
    after = read.model_copy(
        update={
            "vendor_request_id": before.vendor_request_id or read.vendor_request_id,
            "confidence": _rounded(read.confidence),
            "boxes": _boxes(before, read),
            "flags": _ordered(before.flags, flags),
            "raw": before.raw,
        }
    )
    return License.model_validate(after.model_dump())


def trimmed(raw: Any) -> bool:
    """Whether a reply was cut to fit an item, so that it may tell less than the vendor did."""
    match raw:
        case {"left_out": str(), **others} if not others:
            return True
        case dict():
            return any(map(trimmed, raw.values()))
        case list():
            return any(map(trimmed, raw))
        case str():
            return len(raw) > MAX_RAW_TEXT and _CUT.fullmatch(raw, MAX_RAW_TEXT) is not None
        case _:
            return False


def _mapped(before: License, raw: str) -> License:
    """What the vendor's module makes of the reply, by the page that was asked for."""
    name = str(before.vendor)
    try:
        kind = vendors.find(name)
    except KeyError as error:
        raise NotUnderstood(f"no vendor is called {name} any more") from error
    nowhere = requests.Session()
    nowhere.adapters.clear()  # a reply is translated, nobody is called
    vendor = kind(Address(endpoint="https://replay.invalid"), session=nowhere)
    reply = Reply(200, CaseInsensitiveDict[str](), raw.encode())
    job = Job(image=Image(b"", "jpeg", 0, 0), document=before.document, side=_asked(before))
    try:
        refusal = vendor.refusal(reply)
        if refusal is not None:
            raise NotUnderstood(f"taken for the error {refusal.code}")
        return vendor.license(reply, job)
    except ValueError as error:  # not kept as the cause: it may quote the reply
        raise NotUnderstood("not of the documented shape") from ValueError(type(error).__name__)


def _asked(before: License) -> Side:
    """The page that the vendor was asked for: of both pages one may have been found, which a flag of its own tells."""
    missing = any(
        flag.code == "missing_field" and flag.source == before.vendor and not flag.fields for flag in before.flags
    )
    return Side.BOTH if missing else before.side


def _boxes(before: License, read: License) -> dict[str, Any]:
    """The places of the fields, in the pixels of the upload.

    A reply tells them in the pixels of what was sent, which for a large picture was a smaller copy. Where none of the
    places is told as it was stored, the picture was such a copy, and only what was stored is known to be right.
    """
    told = {name: tuple((round(x, 6), round(y, 6)) for x, y in box) for name, box in read.boxes.items()}
    if not before.boxes or any(told.get(name) == box for name, box in before.boxes.items()):
        return told
    return {name: box for name, box in before.boxes.items() if getattr(read.fields, name, None) is not None}


def _ordered(before: Iterable[Flag], after: Iterable[Flag]) -> tuple[Flag, ...]:
    """The flags of now, those that stood already in the order in which they stood."""
    new, stood = list(after), []
    for flag in before:
        if flag in new:
            new.remove(flag)
            stood.append(flag)
    return (*stood, *new)


def _rounded(confidence: dict[str, float]) -> dict[str, float]:
    return {name: round(score, 6) for name, score in confidence.items()}


def _day(done: Record) -> dt.date:
    """The day in China on which the record was read."""
    read_at = dt.datetime.fromisoformat(done.read_at) if done.read_at else dt.datetime.now(dt.UTC)
    return day_in_china(read_at.timestamp())


def _unknown(license_: dict[str, Any]) -> bool:
    """Whether a stored license has what this version does not know: it must not lose it."""
    fields = {name for kind in FIELDS.values() for name in kind.model_fields}
    return not (license_.keys() <= License.model_fields.keys() and license_["fields"].keys() <= fields)
