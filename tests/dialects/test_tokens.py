"""Tokens hold for whoever issued them, as long as they should, and are no other text."""

from __future__ import annotations

import base64
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tokens

NOW = 1_800_000_000.0
KEY = tokens.key("correct horse", "example")
TOKEN = tokens.Token.fresh("u" * 32, "p" * 32, now=NOW)
# Names as JSON can tell them.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=64)


@given(user=texts, project=st.none() | texts, now=st.integers(0, 4_000_000_000))
def test_a_token_tells_what_it_was_issued_for(user: str, project: str | None, now: int) -> None:
    token = tokens.Token.fresh(user, project, now=now)
    text = tokens.sealed(token, KEY)
    assert tokens.opened(text, KEY, now=now) == token
    assert (token.user, token.project, token.expires) == (user, project, now + 24 * 3600)


def test_a_token_is_fit_for_a_header_and_never_the_same() -> None:
    one, other = (tokens.sealed(tokens.Token.fresh("姓名", "项目", now=NOW), KEY) for _ in range(2))
    assert one != other
    assert set(one) <= set(string.ascii_letters + string.digits + "-_=")
    assert len(one) < tokens.MAX_CHARS


def test_a_token_holds_for_a_day_and_no_second_longer() -> None:
    text = tokens.sealed(TOKEN, KEY)
    assert tokens.opened(text, KEY, now=NOW + 24 * 3600 - 1) == TOKEN
    with pytest.raises(tokens.Expired):
        tokens.opened(text, KEY, now=NOW + 24 * 3600)


@pytest.mark.parametrize(("password", "account"), [("Correct horse", "example"), ("correct horse", "other"), ("", "")])
def test_a_token_of_another_password_or_account_is_forged(password: str, account: str) -> None:
    text = tokens.sealed(TOKEN, tokens.key(password, account))
    with pytest.raises(tokens.Forged):
        tokens.opened(text, KEY, now=NOW)


def test_the_key_is_the_same_in_every_process() -> None:
    """A constant: whoever changes how keys are derived voids the tokens of all environments that still run."""
    assert KEY.hex() == "5d1acfd3d950b4ef3d8c2a5cef086af07867c24a248a322acdab10933254e8c8"


@given(place=st.integers(0, 10_000), character=st.characters(codec="utf-8"))
def test_a_token_with_one_character_changed_is_forged(place: int, character: str) -> None:
    text = tokens.sealed(TOKEN, KEY)
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    if changed == text:
        assert tokens.opened(changed, KEY, now=NOW) == TOKEN
        return
    with pytest.raises(tokens.Forged):
        tokens.opened(changed, KEY, now=NOW)


@given(text=st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_any_other_text_is_forged(text: str) -> None:
    with pytest.raises(tokens.Forged):
        tokens.opened(text, KEY, now=NOW)


@given(cut=st.integers(0, 10_000), more=st.text("A=-_", max_size=4))
def test_a_token_cut_short_or_made_longer_is_forged(cut: int, more: str) -> None:
    text = tokens.sealed(TOKEN, KEY)
    changed = text[: cut % len(text)] + more
    if changed != text:
        with pytest.raises(tokens.Forged):
            tokens.opened(changed, KEY, now=NOW)


@given(place=st.integers(0, 10_000), put=st.text(st.characters(max_codepoint=127), min_size=1, max_size=3))
def test_a_token_with_something_put_into_it_is_forged(place: int, put: str) -> None:
    """A decoder of base64 passes over what is none: the bytes would be the same."""
    text = tokens.sealed(TOKEN, KEY)
    place %= len(text)
    with pytest.raises(tokens.Forged):
        tokens.opened(text[:place] + put + text[place:], KEY, now=NOW)


def test_a_text_of_megabytes_is_forged_without_being_decoded() -> None:
    text = base64.urlsafe_b64encode(bytes(16 * 1024 * 1024)).decode()
    started = time.perf_counter()
    with pytest.raises(tokens.Forged, match="longer"):
        tokens.opened(text, KEY, now=NOW)
    assert time.perf_counter() - started < 0.01


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[1]",
        b"\xff\xfe",
        b'{"user":"u","project":"p","expires":"1800000000","nonce":"n"}',
        b'{"user":"u","project":"p","expires":1e999,"nonce":"n"}',
        b'{"user":"u","project":"p","expires":1800000000,"nonce":"n","admin":true}',
        b"[" * 1000,
    ],
)
def test_what_is_sealed_and_no_token_is_told_apart_from_a_forgery(content: bytes) -> None:
    with pytest.raises(tokens.Unreadable):
        tokens.opened(tokens.seal(content, KEY), KEY, now=NOW)


@given(content=st.binary(max_size=200))
def test_no_sealed_content_is_worse_than_unreadable(content: bytes) -> None:
    with pytest.raises((tokens.Unreadable, tokens.Expired)):
        tokens.opened(tokens.seal(content, KEY), KEY, now=NOW)


@pytest.mark.parametrize("text", [tokens.sealed(TOKEN, KEY)[:-8], "password", "é" * 9])
def test_an_error_quotes_nothing_of_a_text(text: str) -> None:
    with pytest.raises(tokens.Forged) as caught:
        tokens.opened(text, KEY, now=NOW)
    assert text not in str(caught.value)
    assert caught.value.__cause__ is None
