"""Replies that no document foresees: a vendor's answer is understood or refused, it never brings the reader down."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from license_reader import vendors
from license_reader.image import Image
from license_reader.license import Document, License, Side
from license_reader.vendors._base import Address, Job, Refusal, Reply

SCENARIOS = Path(__file__).parent / "scenarios"

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["", "--", "2015-13-45", "99999999999kg", "1×2×3", "长期", "9" * 5000, "\ud800", "2011-10-10"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def good_replies(name: str) -> list[dict[str, Any]]:
    """The vendor's readable answers, as its scenarios have them."""
    told = (json.loads(path.read_bytes()) for path in sorted((SCENARIOS / name).glob("*.json")))
    return [scenario["exchanges"][-1]["reply"]["json"] for scenario in told if "license" in scenario]


def places(reply: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in the reply."""
    inner = reply.items() if isinstance(reply, dict) else enumerate(reply) if isinstance(reply, list) else ()
    return [at, *(place for key, value in inner for place in places(value, (*at, key)))]


@st.composite
def upset(draw: st.DrawFn, name: str) -> Any:
    """A good reply with some of its values replaced by anything."""
    reply = copy.deepcopy(draw(st.sampled_from(good_replies(name))))
    for place in draw(st.lists(st.sampled_from(places(reply)), min_size=1, max_size=4)):
        value = draw(anything)
        if not place:
            return value
        holder = reply
        for key in place[:-1]:
            holder = holder[key] if isinstance(holder, dict | list) and _has(holder, key) else None
        if isinstance(holder, dict | list) and _has(holder, place[-1]):
            holder[place[-1]] = value
    return reply


def _has(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else isinstance(key, int) and key < len(holder)


def understood(name: str, status: int, body: bytes, document: Document, side: Side) -> License | Refusal | None:
    """What the vendor makes of a reply; None when it calls it unreadable."""
    kind = vendors.find(name)
    with requests.Session() as session:
        vendor = kind(Address("http://127.0.0.1:9"), session=session)
    reply = Reply(status, CaseInsensitiveDict({"X-Request-Id": "r"}), body)
    try:
        return vendor.refusal(reply) or vendor.license(reply, Job(Image(b"", "jpeg", 1, 1), document, side))
    except ValueError:
        return None


@pytest.mark.parametrize("name", vendors.names())
@settings(max_examples=150)
@given(data=st.data())
def test_a_reply_with_anything_anywhere_is_understood_or_refused(name: str, data: st.DataObject) -> None:
    document, side = data.draw(st.sampled_from(sorted(vendors.find(name).pages)))
    reply = data.draw(upset(name))
    license_ = understood(name, data.draw(st.sampled_from([200, 400, 500])), json.dumps(reply).encode(), document, side)
    if isinstance(license_, License):
        assert license_.raw == reply
        assert License.model_validate_json(license_.model_dump_json()) == license_
        assert all(0 <= score <= 1 for score in license_.confidence.values())


@pytest.mark.parametrize("name", vendors.names())
@pytest.mark.parametrize("body", [b"", b"null", b"[" * 200_000, b'{"a":' * 100_000, b"\xff\xfe", b"NaN", b"{}", b'"x"'])
def test_a_body_that_is_no_answer_is_refused(name: str, body: bytes) -> None:
    document, side = next(iter(vendors.find(name).pages))
    for status in (200, 400, 503):
        assert not isinstance(understood(name, status, body, document, side), License)
