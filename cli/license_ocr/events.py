"""The sample photos, put where the events in `events/` say they are, so that `sam local invoke` finds them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from license_ocr.checkout import EVENTS, SAMPLES
from license_reader.errors import UnknownEvent
from license_reader.upload import Message, Upload, messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from license_ocr.account import Account


def stage(account: Account) -> None:
    """Put every photo that an event tells of into the bucket and under the key that it tells.

    An event names its photo by the eTag, which S3 makes of the content. The bucket keeps no versions and tells nobody:
    the events are the only ones to speak of these photos.
    """
    photos = {hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest(): path for path in SAMPLES.glob("*.jpg")}
    for upload in {each for path in sorted(EVENTS.glob("*.json")) for each in told(path)}:
        account.s3.create_bucket(Bucket=upload.bucket)
        account.s3.put_object(Bucket=upload.bucket, Key=upload.key, Body=photos[upload.etag or ""].read_bytes())


def told(event: Path) -> Iterator[Upload]:
    """The uploads that an event tells of; what is no upload event tells of none."""
    for message in messages(json.loads(event.read_text(encoding="utf-8"))):
        yield from _uploads(message)


def _uploads(message: Message) -> tuple[Upload, ...]:
    try:
        return message.uploads()
    except UnknownEvent:
        return ()
