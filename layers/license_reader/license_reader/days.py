"""The day that counts is the one in China, wherever a function runs."""

from __future__ import annotations

import datetime as dt

CHINA = dt.timezone(dt.timedelta(hours=8))


def day_in_china(seconds: float) -> dt.date:
    """The date in China at this time, given in seconds since the epoch."""
    return dt.datetime.fromtimestamp(seconds, CHINA).date()
