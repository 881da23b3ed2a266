"""Which pages a photo holds: the labels among its lines, and the forms that they fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from license_engine.form import ENERGY, FORMS, LOOSE_FORMS
from license_engine.labels import Line, find_labels
from license_engine.rectify import Page, fit, loose, with_extra

if TYPE_CHECKING:
    from collections.abc import Sequence

LABELS = sorted({label.text for form in FORMS for label in form.labels} | {ENERGY.text})
PAPER = 0.7  # of the labels seen, those that must stand as on the paper form for it to be one
ANOTHER_CARD = 4  # labels left over that form a page of their own


def find_pages(lines: Sequence[Line], wanted: str | None) -> tuple[list[Page], tuple[str, ...]]:
    """The pages of one document on the photo, the wanted one if there, and the flags that finding them raised."""
    if not lines:
        return [], ()
    hits = find_labels(lines, LABELS)
    angle = _angle(lines)
    fitted = [page for form in FORMS if (page := fit(form, hits, angle))]
    scattered = [page for form in LOOSE_FORMS if (page := loose(form, hits, angle))]
    best = max((*fitted, *scattered), key=lambda page: (page.form.document == wanted, _strength(page)), default=None)
    if best is None:
        return [], ()
    document = best.form.document
    pages = []
    for side in ("front", "back"):
        rivals = [page for page in fitted if (page.form.document, page.form.side) == (document, side)]
        if rivals:
            pages.append(with_extra(max(rivals, key=_strength), ENERGY, hits))
    for page in scattered:
        if page.form.document == document and page.found * PAPER > sum(own.found for own in pages):
            return [page], ()
    taken = {id(placed.hit) for page in pages for placed in page.labels}
    left = [hit for hit in hits if id(hit) not in taken]
    more = any((other := fit(form, left, angle)) and other.found >= ANOTHER_CARD for form in FORMS)
    return pages, ("multiple_cards",) if more else ()


def _strength(page: Page) -> float:
    return page.found - 0.2 * page.errors


def _angle(lines: Sequence[Line]) -> float:
    """The direction in which most of the text runs."""
    forward = np.sum([line.quad[1] - line.quad[0] for line in lines], axis=0)
    return float(np.arctan2(forward[1], forward[0]))
