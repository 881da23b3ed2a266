"""A picture as requests carry it: in base64, or as a part of a form."""

from __future__ import annotations

import pybase64

from license_reader.errors import ImageRejected


def from_base64(text: str) -> bytes:
    """The bytes that a text in base64 tells; line ends in it are allowed, as MIME has them.

    Raises:
        ImageRejected: it is no base64; the flag is `not_an_image`.
    """
    try:
        return pybase64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except ValueError:
        raise ImageRejected("not_an_image", "the picture is no base64") from None
