"""The plane map from a printed form onto a photo, fitted to the labels found there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from license_engine.form import HEIGHT, WIDTH, Form, Label
from license_engine.geometry import PlaneMap, Points

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from license_engine.labels import Hit

LEAST_LABELS = 3
LOOSE, TIGHT = 8.0, 5.5  # millimetres that a label may stand off the form, at first and once fitted
MAX_TURN = np.pi / 6
LEAST_LOOSE = 5
LETTER = 2.4  # millimetres that a label's letter is wide
MARGIN = 6.0
ACROSS, DOWN = np.array([1.0, 0.0]), np.array([0.0, 1.0])
MAX_SLANT = np.pi / 9
LEAST_TILT = 0.6  # of a page's height against its width, once seen aslant
CENTRE = np.array([WIDTH / 2, HEIGHT / 2])
UNIT = WIDTH / 2


@dataclass(frozen=True, slots=True)
class Placed:
    """A label of a form where it truly stands: its two ends in millimetres, and the hit, if it was found."""

    label: Label
    begin: Points
    end: Points
    hit: Hit | None


@dataclass(frozen=True, slots=True)
class Page:
    """A form found on a photo: the map from its millimetres to pixels, and its labels."""

    form: Form
    to_photo: PlaneMap
    to_form: PlaneMap
    labels: tuple[Placed, ...]
    bounds: tuple[float, float, float, float] = (0.0, 0.0, WIDTH, HEIGHT)

    @property
    def found(self) -> int:
        """How many of its labels were seen."""
        return sum(placed.hit is not None for placed in self.labels)

    @property
    def errors(self) -> int:
        """How many letters of its labels were read wrong."""
        return sum(placed.hit.errors for placed in self.labels if placed.hit)


def fit(form: Form, hits: Sequence[Hit], angle: float) -> Page | None:
    """The page that best explains the hits when reading runs at this angle; None when too few agree."""
    pairs = [(label, hit) for label in form.labels for hit in hits if hit.label == label.text]
    if len({label for label, _ in pairs}) < LEAST_LABELS:
        return None
    best: dict[Label, Hit] = {}
    for one, other in combinations(pairs, 2):
        lead = _similarity(one, other, angle)
        if lead is not None:
            best = max(best, _agreeing(pairs, lead, LOOSE), key=_weight)
    for _ in range(3):
        if len(best) < LEAST_LABELS:
            return None
        lead = _plane_map(best)
        best = _agreeing(pairs, lead, TIGHT)
    own = sum(label.own for label in best)
    if len(best) < LEAST_LABELS or own < form.least_own:
        return None
    lead = _plane_map(best)
    if not is_view(lead, angle):
        return None
    return Page(form, lead, lead.inverse(), _placed(form, best, lead.inverse()))


def is_view(lead: PlaneMap, angle: float) -> bool:
    """Whether a camera could have seen the page so: rows run at the angle, columns about square to them."""
    middle = lead(CENTRE)
    across = complex(*(lead(CENTRE + ACROSS) - middle).tolist())
    down = complex(*(lead(CENTRE + DOWN) - middle).tolist())
    turn, corner = np.angle(across / np.exp(1j * angle)), np.angle(down / across) - np.pi / 2
    return bool(abs(turn) < MAX_SLANT and abs(corner) < MAX_SLANT and LEAST_TILT < abs(down / across) < 1 / LEAST_TILT)


def loose(form: Form, hits: Sequence[Hit], angle: float) -> Page | None:
    """The form's labels taken as they stand, for a layout that is not the paper's, as an electronic license has.

    Millimetres are then measured by the labels' own letters, and only the order of label and value is relied on.
    """
    seen: dict[Label, Hit] = {}
    for label in form.labels:
        found = [hit for hit in hits if hit.label == label.text and not hit.errors]
        if len(found) == 1 and label.field:
            seen[label] = found[0]
    if len(seen) < LEAST_LOOSE:
        return None
    letters = [float(np.linalg.norm(hit.end - hit.begin)) / len(hit.label) for hit in seen.values()]
    scale = max(float(np.median(letters)) / LETTER, 1e-6)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    origin = np.min([np.linalg.solve(turn, hit.begin) for hit in seen.values()], axis=0)
    lead = PlaneMap(np.vstack([np.column_stack([turn, turn @ origin]), [0, 0, 1]]))
    back = lead.inverse()
    placed = tuple(Placed(label, back(hit.begin), back(hit.end), hit) for label, hit in seen.items())
    depth = max(float(part.begin[1]) for part in placed)
    return Page(form, lead, back, placed, (-MARGIN, -MARGIN, WIDTH, depth + MARGIN))


def with_extra(page: Page, label: Label, hits: Sequence[Hit]) -> Page:
    """The page with one more label, if it is found within the page's bounds."""
    for hit in hits:
        begin = page.to_form(hit.begin)
        if hit.label == label.text and -6 < begin[0] < WIDTH and -6 < begin[1] < HEIGHT + 6:
            placed = Placed(label, begin, page.to_form(hit.end), hit)
            return replace(page, labels=(*page.labels, placed))
    return page


def _weight(agreeing: Mapping[Label, Hit]) -> float:
    return sum(1 - 0.2 * hit.errors for hit in agreeing.values())


def _anchor(label: Label) -> Points:
    return np.array([label.x, label.y])


def _similarity(one: tuple[Label, Hit], other: tuple[Label, Hit], angle: float) -> PlaneMap | None:
    """The turn, scale and shift that two labels agree on, unless it turns reading away from the angle."""
    if one[0] is other[0] or one[1] is other[1]:
        return None
    flat = complex(*(_anchor(other[0]) - _anchor(one[0])).tolist())
    seen = complex(*(other[1].begin - one[1].begin).tolist())
    if abs(flat) < 5 or abs(seen) < 5:
        return None
    factor = seen / flat
    if abs((np.angle(factor) - angle + np.pi) % (2 * np.pi) - np.pi) > MAX_TURN:
        return None
    shift = complex(*one[1].begin.tolist()) - factor * complex(*_anchor(one[0]).tolist())
    return PlaneMap(
        np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag], [0, 0, 1]])
    )


def _agreeing(pairs: Sequence[tuple[Label, Hit]], lead: PlaneMap, tolerance: float) -> dict[Label, Hit]:
    """The labels whose hit lies where the map puts it, each with its nearest hit, no hit used twice."""
    back = lead.inverse()
    away = sorted(
        ((float(np.linalg.norm(back(hit.begin) - _anchor(label))), place) for place, (label, hit) in enumerate(pairs)),
    )
    kept: dict[Label, Hit] = {}
    for distance, place in away:
        label, hit = pairs[place]
        if distance <= tolerance and label not in kept and not any(hit is other for other in kept.values()):
            kept[label] = hit
    return kept


def _plane_map(agreeing: Mapping[Label, Hit]) -> PlaneMap:
    """The map fitted to the labels, held near a plain turn and scale as far as they are few."""
    flat = (np.array([_anchor(label) for label in agreeing]) - CENTRE) / UNIT
    seen = np.array([hit.begin for hit in agreeing.values()])
    middle, spread = seen.mean(axis=0), max(float(np.abs(seen - seen.mean(axis=0)).max()), 1.0)
    target = (seen - middle) / spread
    turn = _least_similarity(flat, target)
    prior = np.array([turn[0], -turn[1], turn[2], turn[1], turn[0], turn[3], 0, 0])
    x, y = flat.T
    one, nil = np.ones(len(flat)), np.zeros(len(flat))
    rows = np.vstack(
        [
            np.column_stack([x, y, one, nil, nil, nil, -target[:, 0] * x, -target[:, 0] * y]),
            np.column_stack([nil, nil, nil, x, y, one, -target[:, 1] * x, -target[:, 1] * y]),
        ]
    )
    stiffness = np.array([0.15, 0.15, 0, 0.15, 0.15, 0, 0.5, 0.5])
    wanted = np.concatenate([target.T.ravel(), stiffness * prior])
    solved = np.linalg.lstsq(np.vstack([rows, np.diag(stiffness)]), wanted, rcond=None)[0]
    into = np.array([[1 / UNIT, 0, -CENTRE[0] / UNIT], [0, 1 / UNIT, -CENTRE[1] / UNIT], [0, 0, 1]])
    out = np.array([[spread, 0, middle[0]], [0, spread, middle[1]], [0, 0, 1]])
    return PlaneMap(out @ np.append(solved, 1.0).reshape(3, 3) @ into)


def _least_similarity(flat: Points, seen: Points) -> tuple[float, float, float, float]:
    """The turn and scale (a, b) and shift that carry the flat points nearest to those seen."""
    x, y = flat.T
    one, nil = np.ones(len(flat)), np.zeros(len(flat))
    rows = np.vstack([np.column_stack([x, -y, one, nil]), np.column_stack([y, x, nil, one])])
    a, b, across, down = np.linalg.lstsq(rows, seen.T.ravel(), rcond=None)[0].tolist()
    return a, b, across, down


def _placed(form: Form, agreeing: Mapping[Label, Hit], to_form: PlaneMap) -> tuple[Placed, ...]:
    """The form's labels where they were seen, those unseen where their neighbours say."""
    seen = {label: (to_form(hit.begin), to_form(hit.end), hit) for label, hit in agreeing.items()}
    anchors = np.array([_anchor(label) for label in seen])
    offsets = np.array([begin for begin, _, _ in seen.values()]) - anchors
    stretch = float(np.median([(end - begin)[0] / label.width for label, (begin, end, _) in seen.items()]))
    placed = []
    for label in form.labels:
        if label in seen:
            placed.append(Placed(label, *seen[label]))
            continue
        # A neighbour on the same row tells more of the height than one above.
        nearness = 1 / (((anchors - _anchor(label)) * np.array([0.3, 1.0])) ** 2 + 4).sum(axis=1)
        begin = _anchor(label) + (nearness[:, None] * offsets).sum(axis=0) / nearness.sum()
        placed.append(Placed(label, begin, begin + np.array([stretch * label.width, 0]), None))
    return tuple(placed)
