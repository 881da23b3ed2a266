"""What `sam local invoke` needs: the photos that the events in `events/` tell of, and the function's environment."""

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

    from license_ocr.account import Account, Resources


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


def environment(account: Account, resources: Resources, stack: str) -> dict[str, str]:
    """What the reader finds in its environment when it is invoked by hand against a stack of the local cloud."""
    credentials = account.session.get_credentials()
    return {
        "AWS_ENDPOINT_URL": str(account.endpoint),
        "AWS_ACCESS_KEY_ID": credentials.access_key if credentials else "",
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key if credentials else "",
        "AWS_REGION": account.session.region_name,
        "AWS_DEFAULT_REGION": account.session.region_name,
        "TABLE_NAME": resources.Table,
        "TOPIC_ARN": resources.Topic,
        "SETTINGS_PATH": f"/{stack}",
        "MAXIMUM_CONCURRENCY": "1",
        "POWERTOOLS_SERVICE_NAME": stack,
        "POWERTOOLS_METRICS_NAMESPACE": "LicenseOcr",
    }
