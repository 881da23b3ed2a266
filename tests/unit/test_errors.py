"""Errors: one tree, drawn in its docstring, with messages that say where."""

from __future__ import annotations

import inspect
import re

import pytest

from license_reader import errors
from license_reader.errors import ImageRejected, LicenseOcrError, NoVendorLeft, VendorError

CLASSES = {
    name: member
    for name, member in vars(errors).items()
    if inspect.isclass(member) and issubclass(member, LicenseOcrError)
}


def drawn() -> list[tuple[str, str]]:
    """Each class in the module's docstring, with the class that it stands under."""
    pairs, above = [], ["LicenseOcrError"]
    for lead, name in re.findall(r"^    ((?:[│ ]   )*)[├└]── (\w+)", errors.__doc__ or "", re.MULTILINE):
        depth = len(lead) // 4 + 1
        pairs.append((name, above[depth - 1]))
        above[depth:] = [name]
    return pairs


def test_the_tree_is_drawn_as_it_is() -> None:
    real = [(name, member.__bases__[0].__name__) for name, member in CLASSES.items() if member is not LicenseOcrError]
    assert drawn() == real


@pytest.mark.parametrize("kind", [kind for kind in CLASSES.values() if issubclass(kind, VendorError)])
def test_a_vendors_error_names_vendor_code_and_request(kind: type[VendorError]) -> None:
    error = kind("tencent", "FailedOperation.ImageBlur", request_id="r-1", flag="blur")
    assert str(error) == "tencent: FailedOperation.ImageBlur (request r-1)"
    assert (error.vendor, error.code, error.request_id, error.flag) == (
        "tencent", "FailedOperation.ImageBlur", "r-1", "blur",
    )  # fmt: skip


def test_without_a_request_id_a_vendors_error_names_none() -> None:
    assert str(VendorError("megvii", "HTTP 500")) == "megvii: HTTP 500"


def test_a_picture_at_fault_and_an_answer_never_heard_may_have_cost_something() -> None:
    charged = {name for name, kind in CLASSES.items() if issubclass(kind, VendorError) and kind.charged}
    assert charged == {"DocumentRefused", "OutcomeUnknown"}


def test_a_rejected_picture_carries_its_flag() -> None:
    error = ImageRejected("image_too_small", "8 x 8 pixels")
    assert (error.flag, str(error)) == ("image_too_small", "8 x 8 pixels")


def test_when_no_vendor_is_left_every_reason_is_told() -> None:
    error = NoVendorLeft(["tencent: in arrears", "huawei: too large"], spent=1)
    assert str(error).endswith("tencent: in arrears; huawei: too large")
    assert error.spent == 1


def test_an_empty_chain_is_told_as_such() -> None:
    assert "the chain is empty" in str(NoVendorLeft([], spent=0))
