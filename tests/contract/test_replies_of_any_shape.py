"""Replies that no document foresees: a vendor's answer is understood or refused, it never brings the reader down."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from bench.reliability.replies import Talk, complaint, places, read, talks
from hypothesis import given, settings
from hypothesis import strategies as st

from license_reader import vendors
from license_reader.errors import VendorError
from license_reader.vendors._base import Reply

if TYPE_CHECKING:
    from license_reader.license import Document, License, Side

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
    answers = [talk.replies[-1] for talk in talks() if talk.vendor == name]
    return [json.loads(reply.body) for reply in answers if reply.status == 200 and b'"error' not in reply.body]


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


def understood(name: str, status: int, body: bytes, document: Document, side: Side) -> License | None:
    """The license as the vendor reads it; None when it refuses the reply, by one of the errors that it may raise."""
    reply = Reply(status, {"X-Request-Id": "r"}, body)
    try:
        return read(Talk(name, name, document, side, (reply,)), [reply])
    except VendorError:
        return None


@pytest.mark.parametrize("name", vendors.names())
@settings(max_examples=150)
@given(data=st.data())
def test_a_reply_with_anything_anywhere_is_understood_or_refused(name: str, data: st.DataObject) -> None:
    document, side = data.draw(st.sampled_from(sorted(vendors.find(name).pages)))
    body = json.dumps(data.draw(upset(name))).encode()
    license_ = understood(name, data.draw(st.sampled_from([200, 400, 500])), body, document, side)
    assert license_ is None or complaint(license_, body) is None


@pytest.mark.parametrize("name", vendors.names())
@pytest.mark.parametrize("body", [b"", b"null", b"[" * 200_000, b'{"a":' * 100_000, b"\xff\xfe", b"NaN", b"{}", b'"x"'])
def test_a_body_that_is_no_answer_is_refused(name: str, body: bytes) -> None:
    document, side = next(iter(vendors.find(name).pages))
    for status in (200, 400, 503):
        assert understood(name, status, body, document, side) is None


@pytest.mark.parametrize(
    "told",
    [
        {"fields": {"gross_mass_kg": 10**40}},
        {"fields": {"dimensions": {"length_mm": 10**40, "width_mm": 1, "height_mm": 1}}},
        {"fields": {"vin": "1"}, "boxes": {"vin": [[1e200, 0], [1, 1], [1, 1], [1, 1]]}},
    ],
    ids=lambda told: next(iter(list(told.values())[-1])),
)
def test_a_number_that_the_table_cannot_hold_is_refused_before_it_gets_there(told: dict[str, Any]) -> None:
    reply = {"request_id": "r", "document": "vehicle_license", "side": "both", "form": "paper", **told}
    document, side = next(page for page in vendors.find("embedded").pages if page[0] == "vehicle_license")
    assert understood("embedded", 200, json.dumps(reply).encode(), document, side) is None
    small = json.loads(json.dumps(reply).replace(str(10**40), "7").replace("1e+200", "7"))
    assert understood("embedded", 200, json.dumps(small).encode(), document, side) is not None


@pytest.mark.parametrize("place", [10**400, -(10**400), 1e200, None])
def test_a_place_that_is_on_no_picture_is_left_out_and_its_field_kept(place: float | None) -> None:
    polygon = [[place, 0], [1, 0], [1, 1], [0, 1]]
    reply = {"result": {"vin": "LSGPC52U6AF102554", "text_location": {"vin": polygon}}}
    body = json.dumps(reply).encode()
    document, side = next(page for page in vendors.find("huawei").pages if page == ("vehicle_license", "front"))
    license_ = understood("huawei", 200, body, document, side)
    assert license_ is not None
    assert (license_.fields.vin, license_.boxes) == ("LSGPC52U6AF102554", {})  # type: ignore[union-attr]
