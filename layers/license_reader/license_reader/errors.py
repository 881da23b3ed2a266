"""The errors of the reader; a class says what happens next, a code says why.

    LicenseOcrError
    ├── UnknownEvent           the message is no upload event: fail that one item, the queue parks it
    ├── InProgress             another owner holds the claim: leave the message for later
    ├── ClaimLost              a newer attempt took over: write nothing, leave the message for later
    ├── OutOfTime              the invocation ends before the upload is read: leave the message for later
    ├── ObjectGone             the uploaded version no longer exists: a flagged record
    ├── ImageRejected          the bytes are no picture that may be decoded: a flagged record
    ├── CannotFit              this vendor cannot take this picture: pass the vendor over
    ├── CapReached             the vendor's calls of the day are used up: pass over, alarm
    ├── CallsUncounted         the table cannot count a capped vendor's call: ask nobody, the message comes again
    ├── VendorPaused           the vendor kept failing and is left alone: pass over, ask again if nobody else can read
    ├── NothingRead            of a backfill's batch nothing was read in time: stop the backfill, mend, run it again
    ├── SettingsError          a setting is missing or wrong: stop the line, the message comes again
    ├── CredentialsError       a secret is missing or wrong: pass the vendor over, alarm
    ├── NoVendorLeft           every vendor of the chain was passed over: the message comes again
    └── VendorError            a vendor answered with an error, or not at all
        ├── Throttled          wait, then ask again; not charged
        ├── CredentialsRefused read the secret (or token) anew, ask again once, then pass over, alarm
        ├── AccountRefused     arrears or not subscribed: pass over, alarm
        ├── DocumentRefused    the picture is at fault: a flagged record, no other vendor is paid
        ├── SizeRefused        too large or too small for this vendor: pass over
        ├── RequestRefused     the vendor does not know our request: pass over, alarm
        ├── Unavailable        the vendor failed and did not charge: ask again, then pass over
        └── OutcomeUnknown     no answer came back, perhaps charged: counted, then pass over

No message carries a secret, a picture or a field of a license.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class LicenseOcrError(Exception):
    """Any failure that the reader itself names."""


class UnknownEvent(LicenseOcrError):
    """The message is no S3 event in any of the envelopes that the reader takes."""


class InProgress(LicenseOcrError):
    """A live owner holds the claim on this upload."""


class ClaimLost(LicenseOcrError):
    """The claim passed to a newer attempt while this one worked."""


class OutOfTime(LicenseOcrError):
    """The invocation ends before the upload is read, or before it is known what became of it."""


class ObjectGone(LicenseOcrError):
    """The uploaded object, or this version of it, no longer exists."""


class ImageRejected(LicenseOcrError):
    """The bytes may not be decoded; `flag` is the code that the record carries."""

    def __init__(self, flag: str, reason: str) -> None:
        super().__init__(reason)
        self.flag = flag


class CannotFit(LicenseOcrError):
    """The picture cannot be brought within a vendor's limits."""


class CapReached(LicenseOcrError):
    """The vendor got as many calls today as its settings allow."""


class CallsUncounted(LicenseOcrError):
    """The table did not answer, so that a call of a capped vendor cannot be counted and must not be made."""


class VendorPaused(LicenseOcrError):
    """The vendor's breaker is open: it failed several times in a row and is left alone for a while."""


class NothingRead(LicenseOcrError):
    """A backfill's batch was told to the queue, and none of it was read in time."""


class SettingsError(LicenseOcrError):
    """A setting is missing or wrong; the message names the parameter and the field."""


class CredentialsError(LicenseOcrError):
    """A vendor's secret is missing or has the wrong shape; the message names the secret, never its content."""


class NoVendorLeft(LicenseOcrError):
    """Every vendor of the chain was passed over; `reasons` says why, one entry a vendor.

    `spent` counts the calls that may have been charged all the same.
    """

    def __init__(self, reasons: Sequence[str], *, spent: int) -> None:
        super().__init__("no vendor could read the document: " + "; ".join(reasons or ["the chain is empty"]))
        self.reasons = tuple(reasons)
        self.spent = spent


class VendorError(LicenseOcrError):
    """A vendor's error, with the vendor's own code and request id."""

    charged = False
    """Whether the call may have been charged."""

    def __init__(self, vendor: str, code: str, *, request_id: str | None = None, flag: str | None = None) -> None:
        super().__init__(f"{vendor}: {code}" + (f" (request {request_id})" if request_id else ""))
        self.vendor = vendor
        self.code = code
        self.request_id = request_id
        self.flag = flag


class Throttled(VendorError):
    """The vendor's rate or concurrency limit was exceeded."""


class CredentialsRefused(VendorError):
    """The vendor refused the secret, the signature or the token."""


class AccountRefused(VendorError):
    """The account is in arrears, out of quota or not subscribed."""


class DocumentRefused(VendorError):
    """The picture cannot be read by any vendor; `flag` says what is wrong with it."""

    charged = True


class SizeRefused(VendorError):
    """The picture is outside this vendor's limits."""


class RequestRefused(VendorError):
    """The vendor refused our request itself: a parameter, a path, a permission."""


class Unavailable(VendorError):
    """The vendor failed for a reason of its own."""


class OutcomeUnknown(VendorError):
    """No readable answer came back; the vendor may have charged."""

    charged = True
