"""Forms as clients send them, and as nobody should."""

from __future__ import annotations

import resource
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from exchange import Request
from forms import MAX_BOUNDARY, MAX_HEADER, MAX_HEADERS, MAX_PARTS, URLENCODED, BadForm, Form, form

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 10_000
BOUNDARY = "limit"
# What browsers and `requests` escape in a name with percent signs: a name that has them already is told otherwise.
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="%\\"), max_size=40)


def sent(content_type: str | None, body: bytes, *, max_bytes: int = LIMIT) -> Form:
    headers = {} if content_type is None else {"content-type": content_type}
    return form(Request("POST", "/", "", headers, body, "1"), max_bytes=max_bytes)


def one(*headers: str, content: bytes = b"here", end: bytes = b"--") -> bytes:
    """A form of one part with these headers."""
    lines = "".join(f"{header}\r\n" for header in headers).encode()
    return b"--limit\r\n" + lines + b"\r\n" + content + b"\r\n--limit" + end


def named(name: str = "a") -> str:
    return f'Content-Disposition: form-data; name="{name}"'


def read(
    body: bytes, *, content_type: str = f"multipart/form-data; boundary={BOUNDARY}", max_bytes: int = LIMIT
) -> Form:
    return sent(content_type, body, max_bytes=max_bytes)


@given(
    fields=st.dictionaries(NAMES, st.text(st.characters(codec="utf-8"), max_size=50), max_size=MAX_PARTS // 2),
    files=st.dictionaries(NAMES, st.tuples(NAMES, st.binary(max_size=200)), min_size=1, max_size=MAX_PARTS // 2),
)
def test_what_requests_sends_arrives(fields: dict[str, str], files: dict[str, tuple[str, bytes]]) -> None:
    prepared = requests.Request("POST", "http://api/", data=fields, files=files).prepare()
    assert isinstance(prepared.body, bytes)
    arrived = sent(prepared.headers["Content-Type"], prepared.body)
    contents = {name: content for name, (_, content) in files.items()}
    texts = {name: text for name, text in fields.items() if name not in contents}
    assert {name: arrived.content(name) for name in contents} == contents
    assert {name: arrived.text(name) for name in texts} == texts
    assert set(arrived.parts) == set(texts) | set(contents)


@given(
    content_type=st.one_of(
        st.text(max_size=50),
        st.builds("multipart/form-data; boundary={}".format, st.text(max_size=20)),
        st.just(f"multipart/form-data; boundary={BOUNDARY}"),
        st.just(URLENCODED),
    ),
    body=st.one_of(
        st.binary(max_size=300),
        st.lists(
            st.sampled_from(
                [b"--limit", b"\r\n", b"--", b"\n", b"\r", named().encode(), b"Content-Length: 3", b" x", b":", b"\xff"]
            ),
            max_size=30,
        ).map(b"".join),
    ),
)
def test_whatever_comes_is_a_form_or_told_to_be_none(content_type: str, body: bytes) -> None:
    told = ""
    try:
        arrived: Form | None = sent(content_type, body)
    except BadForm as error:
        arrived, told = None, str(error)
    assert (arrived is None) == bool(told)


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.binary(max_size=100), min_size=1, max_size=MAX_PARTS))
def test_a_form_without_files_arrives_as_well(fields: dict[str, bytes]) -> None:
    prepared = requests.Request("POST", "http://api/", data=fields).prepare()
    assert isinstance(prepared.body, str)
    assert sent(prepared.headers["Content-Type"], prepared.body.encode()).parts == fields


def test_the_sample_of_tencents_document_is_read() -> None:
    dashes = "--------------acebdf13572468"
    fields = (("appid", "123456"), ("bucket", "test"), ("type", "1"))
    # Each name is followed by a semicolon, the content type has no space after its own.
    texts = "".join(
        f'--{dashes}\r\nContent-Disposition: form-data; name="{name}";\r\n\r\n{text}\r\n' for name, text in fields
    )
    picture = (
        f'--{dashes}\r\nContent-Disposition: form-data; name="image"; filename="test.jpg"\r\n'
        f"Content-Type: image/jpeg\r\n\r\nxxxx\r\n--{dashes}--\r\n"
    )
    arrived = sent(f"multipart/form-data;boundary={dashes}", (texts + picture).encode())
    assert {name: arrived.text(name) for name, _ in fields} == dict(fields)
    assert arrived.content("image") == b"xxxx"


@pytest.mark.parametrize(
    "header",
    [
        'Content-Disposition: form-data; name="a"; filename="照片.jpg"',
        "content-disposition:form-data;name=a",
        'Content-Disposition: form-data; filename="x.jpg"; name="a"',
        "Content-Disposition: form-data; name=\"a\"; filename*=UTF-8''%E7%85%A7.jpg",
    ],
)
def test_a_part_is_found_however_its_header_is_written(header: str) -> None:
    assert read(one(header)).content("a") == b"here"


def test_a_files_name_may_be_in_any_encoding() -> None:
    header = 'Content-Disposition: form-data; name="image"; filename="照片.jpg"\r\n'.encode("gb18030")
    assert read(b"--limit\r\n" + header + b"\r\nhere\r\n--limit--").content("image") == b"here"


@pytest.mark.parametrize("boundary", ["limit", '"limit"', "limit; charset=utf-8", "limit ;x=y"])
def test_a_boundary_is_found_however_it_is_written(boundary: str) -> None:
    assert (
        read(one(named()), content_type=f"Multipart/Form-Data; charset=utf-8;Boundary={boundary}").text("a") == "here"
    )


def test_a_boundary_may_have_characters_that_should_be_quoted() -> None:
    body = one(named()).replace(b"limit", b"=_a/b:c?(1)")
    assert read(body, content_type="multipart/form-data; boundary==_a/b:c?(1)").text("a") == "here"


def test_of_a_name_that_comes_twice_the_last_is_taken() -> None:
    twice = one(named(), content=b"first", end=b"\r\n") + one(named(), content=b"last")[len(b"--limit\r\n") :]
    assert read(twice).text("a") == "last"


def test_what_is_not_there_is_none_and_what_is_no_text_has_none() -> None:
    arrived = read(one(named(), content=b"\xff\xd8\xff"))
    assert arrived.content("a") == b"\xff\xd8\xff"
    assert arrived.text("a") is None
    assert arrived.content("b") is None
    assert arrived.text("b") is None


def test_a_form_prints_none_of_its_content() -> None:
    assert "here" not in repr(read(one(named())))


@pytest.mark.parametrize(
    ("content_type", "told"),
    [
        (None, "content type"),
        ("application/json", "content type"),
        ("multipart/mixed; boundary=limit", "content type"),
        ("multipart/form-data", "names no boundary"),
        ("multipart/form-data; boundary=", "names no boundary"),
        ('multipart/form-data; boundary=""', "names no boundary"),
        ("multipart/form-data; boundary=ü", "visible ASCII"),
        (f"multipart/form-data; boundary={'x' * (MAX_BOUNDARY + 1)}", "visible ASCII"),
    ],
)
def test_what_has_no_boundary_is_no_form(content_type: str | None, told: str) -> None:
    with pytest.raises(BadForm, match=told):
        sent(content_type, one(named()))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--limit",
        one(named())[:-2],
        one(named()).replace(b"\r\n", b"\n"),
        one("Content-Type: text/plain"),
        one("Content-Disposition: attachment; name=a"),
        one(named(), "no header at all"),
        one(named(), "Content-Length: 3"),
        b"x" + one(named()),
    ],
)
def test_what_is_broken_is_no_form(body: bytes) -> None:
    with pytest.raises(BadForm):
        read(body)


def parts(count: int) -> bytes:
    return b"".join(one(named(f"n{number}"), end=b"")[: -len(b"--limit")] for number in range(count)) + b"--limit--"


def test_as_many_parts_headers_and_bytes_as_are_allowed_are_read() -> None:
    assert len(read(parts(MAX_PARTS)).parts) == MAX_PARTS
    extra = [f"X-{number}: y" for number in range(MAX_HEADERS - 1)]
    assert read(one(named(), *extra)).text("a") == "here"
    assert read(one(named("n" * (MAX_HEADER - len(named(""))))))
    assert read(one(named(), content=b"x" * LIMIT)).content("a") == b"x" * LIMIT


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(parts(MAX_PARTS + 1), id="parts"),
        pytest.param(one(named(), *[f"X-{number}: y" for number in range(MAX_HEADERS)]), id="headers"),
        pytest.param(one(named("n" * MAX_HEADER)), id="header"),
        pytest.param(one(named(), content=b"x" * (LIMIT + 1)), id="bytes"),
    ],
)
def test_what_goes_past_a_limit_is_no_form(body: bytes) -> None:
    with pytest.raises(BadForm, match="exceeded"):
        read(body)


def test_a_form_without_files_has_limits_as_well() -> None:
    most = b"&".join(b"%d=x" % number for number in range(MAX_PARTS))
    assert len(sent(URLENCODED, most).parts) == MAX_PARTS
    for body in (most + b"&more=x", b"a=" + b"x" * (LIMIT + 1)):
        with pytest.raises(BadForm):
            sent(URLENCODED, body)


@contextmanager
def no_file() -> Iterator[None]:
    """While inside, not a byte can be written to any file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_form_is_taken_apart_without_a_file() -> None:
    large = b"\xff" * 3_000_000
    body = one(named(), content=large)
    with no_file(), pytest.raises(OSError, match="too large"), tempfile.TemporaryFile() as file:
        file.write(large)
    with no_file():
        arrived = read(body, max_bytes=4_000_000)
    assert arrived.content("a") == large
