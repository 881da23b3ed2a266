"""Which pages a photo holds: the labels among its lines, and the forms that they fit.

Other papers bear the same labels: policies, contracts, certificates of registration and conformity, application forms.
What tells a license from them is that its labels stand where its form has them, or that it bears its own name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from license_engine.form import ELECTRONIC_MARKS, ENERGY, FORMS, LOOSE_FORMS
from license_engine.labels import Line, find_labels
from license_engine.rectify import LEAST_LABELS, Page, fit, loose, with_extra

if TYPE_CHECKING:
    from collections.abc import Sequence

    from license_engine.labels import Hit

LABELS = sorted({label.text for form in (*FORMS, *LOOSE_FORMS) for label in form.labels})
PAPER = 0.7  # of the labels seen, or of the form's, those that must stand as on the paper form for it to be one
ANOTHER_CARD = 4  # labels left over that form a page of their own
NAME = re.compile(
    r"\W*(我的)?(中华人民共和国)?(机动车)?(电子)?(行驶证|驾驶证)\W*(电子版|电子证|电子证照|电子凭证|主页|副页|正页|正本|副本)?\W*"
)
# How the names of papers end that speak of a car or a driver and are no license.
OTHER_NAMES = re.compile(
    r"[^\d,:]*(登记证书?|合格证|保险单|保单|保险标志|合同|协议书?|发票|检验报告|检测报告|评估报告|检验记录单|申请表|委托书"
    r"|资格证|运输证|身份证|居住证|营业执照|证明|确认书|清单|告知书|决定书|回执单?)\W*(\(.*)?"
)
TITLE_ERRORS = 0.2  # of a title's letters: more, and it may be another paper's
AGAINST = 3  # labels more that must stand in their places on a picture that bears another paper's name


def find_pages(lines: Sequence[Line], wanted: str | None) -> tuple[list[Page], tuple[str, ...]]:
    """The pages of one document on the photo, the wanted one if there, and the flags that finding them raised."""
    if not lines:
        return [], ()
    hits = find_labels(lines, LABELS)
    angle = _angle(lines)
    least = LEAST_LABELS + (AGAINST if any(OTHER_NAMES.fullmatch(line.text) for line in lines) else 0)
    fitted = [page for form in FORMS if (page := fit(form, hits, angle)) and _stands(page, hits, least)]
    scattered = [page for form in LOOSE_FORMS if (page := loose(form, hits, angle)) and _is_named(lines)]
    best = max((*fitted, *scattered), key=lambda page: (page.form.document == wanted, _strength(page)), default=None)
    if best is None:
        return [], ()
    document = best.form.document
    pages = []
    for side in ("front", "back"):
        rivals = [page for page in fitted if (page.form.document, page.form.side) == (document, side)]
        if rivals:
            pages.append(with_extra(max(rivals, key=_strength), ENERGY, hits))
    screen = is_screen(lines)
    paper = not screen and any(page.found >= PAPER * len(page.form.labels) for page in pages)
    for page in scattered:
        if (
            page.form.document == document
            and not paper
            and (screen or page.found * PAPER > sum(own.found for own in pages))
        ):
            return [page], ()
    taken = {id(placed.hit) for page in pages for placed in page.labels}
    left = [hit for hit in hits if id(hit) not in taken]
    others = [other for form in FORMS if (other := fit(form, left, angle)) and other.found >= ANOTHER_CARD]
    more = any(_stands(other, left, least) for other in others)
    return pages, ("multiple_cards",) if more else ()


def _stands(page: Page, hits: Sequence[Hit], least: int) -> bool:
    """Whether the page bears its title, or at least so many more labels in their places than elsewhere.

    A label seen elsewhere speaks against the page only where its own place is empty: a license that lies on another
    paper has its own labels all the same.
    """
    titles = [(placed.label.text, placed.hit) for placed in page.labels if placed.label.field is None]
    if any(hit and hit.errors <= TITLE_ERRORS * len(text) for text, hit in titles):
        return True
    seen = {hit.label for hit in hits}
    astray = sum(placed.hit is None and placed.label.own and placed.label.text in seen for placed in page.labels)
    return page.found - astray >= least


def is_screen(lines: Sequence[Line]) -> bool:
    """Whether a line says what only electronic licenses say."""
    return any(mark in line.text for line in lines for mark in ELECTRONIC_MARKS)


def _is_named(lines: Sequence[Line]) -> bool:
    """Whether a line calls the picture a license: labels in a layout of their own are any paper's or application's."""
    return is_screen(lines) or any(NAME.fullmatch(line.text) for line in lines)


def _strength(page: Page) -> float:
    return page.found - 0.2 * page.errors


def _angle(lines: Sequence[Line]) -> float:
    """The direction in which most of the text runs."""
    forward = np.sum([line.quad[1] - line.quad[0] for line in lines], axis=0)
    return float(np.arctan2(forward[1], forward[0]))
