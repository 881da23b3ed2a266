"""The plane map from a printed form onto a photo, fitted to the labels found there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from license_engine.form import HEIGHT, WIDTH, Form, Label
from license_engine.geometry import PlaneMap, Points

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from license_engine.labels import Hit

LEAST_LABELS = 3
# Millimetres that a label may stand off the form, along its row and across it: printers keep to rows best.
ASTRAY = np.array([9.0, 4.5])
USUAL = np.array([3.0, 1.8])  # the same for most labels
MAX_TURN = np.pi / 6
LEAST_LOOSE = 5
LETTER = 2.4  # millimetres that a label's letter is wide
MARGIN = 6.0
LEAST_WEIGHT = 0.1  # of a label that agrees, however far it strays
ROUNDS = 4  # of fitting, each with the labels weighed anew
ACROSS, DOWN = np.array([1.0, 0.0]), np.array([0.0, 1.0])
MAX_SLANT = np.pi / 9
LEAST_SPAN = 12.0  # millimetres between two labels that tell both scales
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
    leads = [lead for one, other in combinations(pairs, 2) for lead in _leads(one, other, angle)]
    best = max(leads, key=lambda lead: _weight(_agreeing(pairs, lead), lead), default=None)
    if best is None:
        return None
    lead, agreeing = best, _agreeing(pairs, best)
    for _ in range(ROUNDS):
        if len(agreeing) < LEAST_LABELS:
            return None
        lead = _plane_map(agreeing, _closeness(agreeing, lead))
        agreeing = _agreeing(pairs, lead)
    own = sum(label.own for label in agreeing)
    if len(agreeing) < LEAST_LABELS or own < form.least_own or not is_view(lead, angle):
        return None
    return Page(form, lead, lead.inverse(), _placed(form, agreeing, lead.inverse()))


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
    """The page with one more label, if it is found within its bounds, and with those that other editions move."""
    free = [hit for hit in hits if not any(hit is placed.hit for placed in page.labels)]
    for hit in free:
        begin = page.to_form(hit.begin)
        if hit.label == label.text and -6 < begin[0] < WIDTH and -6 < begin[1] < HEIGHT + 6:
            page = replace(page, labels=(*page.labels, Placed(label, begin, page.to_form(hit.end), hit)))
            break
    return replace(page, labels=tuple(placed if placed.hit else _moved(page, placed, free) for placed in page.labels))


def _moved(page: Page, placed: Placed, free: Sequence[Hit]) -> Placed:
    """The unseen label where another edition has it: anywhere on the page, or in its row if other pages bear it too."""
    for hit in free:
        begin, end = page.to_form(hit.begin), page.to_form(hit.end)
        near = placed.label.own or abs(float(begin[1] - placed.begin[1])) < ASTRAY[1]
        within = 0 < begin[0] < WIDTH and -MARGIN < begin[1] < HEIGHT + 2 * MARGIN
        if hit.label == placed.label.text and not hit.errors and near and within:
            return Placed(placed.label, begin, end, hit)
    return placed


def _weight(agreeing: Mapping[Label, Hit], lead: PlaneMap) -> float:
    """How much speaks for the map: its labels, the nearer to their places and the surer read the more."""
    sure = np.array([1 - 0.2 * hit.errors for hit in agreeing.values()])
    return float((sure * (1 + _closeness(agreeing, lead))).sum())


def _closeness(agreeing: Mapping[Label, Hit], lead: PlaneMap) -> NDArray[np.float64]:
    """How near to its place each label is seen, from 1 down to 0."""
    off = lead.inverse()(_spots(agreeing)) - _anchors(agreeing)
    near: NDArray[np.float64] = 1 / (1 + ((off / USUAL) ** 2).sum(axis=1))
    return np.maximum(near, LEAST_WEIGHT)


def anchor(label: Label) -> Points:
    """The place that tells where the label stands: where it begins, or a title's middle, since titles are centred."""
    return np.array([label.x + (label.width / 2 if label.field is None else 0), label.y])


def spot(label: Label, hit: Hit) -> Points:
    """The same place where the label was seen, on the photo."""
    return (hit.begin + hit.end) / 2 if label.field is None else hit.begin


def _anchors(labels: Iterable[Label]) -> Points:
    return np.array([anchor(label) for label in labels]).reshape(-1, 2)


def _spots(agreeing: Mapping[Label, Hit]) -> Points:
    return np.array([spot(label, hit) for label, hit in agreeing.items()]).reshape(-1, 2)


def _leads(one: tuple[Label, Hit], other: tuple[Label, Hit], angle: float) -> Iterator[PlaneMap]:
    """The maps that two labels agree on: one scale for both ways, and one for each, since editions' rows differ."""
    if one[0] is other[0] or one[1] is other[1]:
        return
    flat = complex(*(anchor(other[0]) - anchor(one[0])).tolist())
    seen = complex(*(spot(*other) - spot(*one)).tolist())
    if abs(flat) < 5 or abs(seen) < 5:
        return
    factor = seen / flat
    if abs((np.angle(factor) - angle + np.pi) % (2 * np.pi) - np.pi) <= MAX_TURN:
        yield through(one, factor, 1.0)
    level = seen / np.exp(1j * angle)
    if min(abs(flat.real), 3 * abs(flat.imag)) < LEAST_SPAN or not level.real * flat.real > 0 < level.imag * flat.imag:
        return
    across, down = level.real / flat.real, level.imag / flat.imag
    if LEAST_TILT < down / across < 1 / LEAST_TILT:
        yield through(one, across * np.exp(1j * angle), down / across)


def through(one: tuple[Label, Hit], factor: complex, tilt: float) -> PlaneMap:
    """The map that turns and scales by the factor, rows drawn apart by the tilt, and carries the label to its hit."""
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]]) @ np.diag([1.0, tilt])
    shift = spot(*one) - turn @ anchor(one[0])
    return PlaneMap(np.vstack([np.column_stack([turn, shift]), [0, 0, 1]]))


def _agreeing(pairs: Sequence[tuple[Label, Hit]], lead: PlaneMap) -> dict[Label, Hit]:
    """The labels whose hit lies about where the map puts it, each with its nearest hit, no hit used twice."""
    seen = lead.inverse()(np.array([spot(label, hit) for label, hit in pairs]))
    away = np.linalg.norm((seen - _anchors(label for label, _ in pairs)) / ASTRAY, axis=1)
    kept: dict[Label, Hit] = {}
    for place in np.argsort(away, kind="stable").tolist():
        label, hit = pairs[place]
        if away[place] <= 1 and label not in kept and not any(hit is other for other in kept.values()):
            kept[label] = hit
    return kept


def _plane_map(agreeing: Mapping[Label, Hit], weights: NDArray[np.float64]) -> PlaneMap:
    """The map fitted to the labels by their weights, held near a plain turn and scale as far as they are few."""
    flat = (_anchors(agreeing) - CENTRE) / UNIT
    seen = _spots(agreeing)
    middle, spread = seen.mean(axis=0), max(float(np.abs(seen - seen.mean(axis=0)).max()), 1.0)
    target = (seen - middle) / spread
    heft = np.sqrt(np.tile(weights, 2))
    turn = _least_similarity(flat, target, heft)
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
    wanted = np.concatenate([heft * target.T.ravel(), stiffness * prior])
    solved = np.linalg.lstsq(np.vstack([heft[:, None] * rows, np.diag(stiffness)]), wanted, rcond=None)[0]
    into = np.array([[1 / UNIT, 0, -CENTRE[0] / UNIT], [0, 1 / UNIT, -CENTRE[1] / UNIT], [0, 0, 1]])
    out = np.array([[spread, 0, middle[0]], [0, spread, middle[1]], [0, 0, 1]])
    return PlaneMap(out @ np.append(solved, 1.0).reshape(3, 3) @ into)


def _least_similarity(flat: Points, seen: Points, heft: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """The turn and scale (a, b) and shift that carry the flat points nearest to those seen."""
    x, y = flat.T
    one, nil = np.ones(len(flat)), np.zeros(len(flat))
    rows = np.vstack([np.column_stack([x, -y, one, nil]), np.column_stack([y, x, nil, one])])
    a, b, across, down = np.linalg.lstsq(heft[:, None] * rows, heft * seen.T.ravel(), rcond=None)[0].tolist()
    return a, b, across, down


def _placed(form: Form, agreeing: Mapping[Label, Hit], to_form: PlaneMap) -> tuple[Placed, ...]:
    """The form's labels where they were seen, those unseen where their neighbours say."""
    seen = {label: (to_form(hit.begin), to_form(hit.end), hit) for label, hit in agreeing.items()}
    anchors = _anchors(seen)
    offsets = to_form(_spots(agreeing)) - anchors
    stretch = float(np.median([(end - begin)[0] / label.width for label, (begin, end, _) in seen.items()]))
    placed = []
    for label in form.labels:
        if label in seen:
            placed.append(Placed(label, *seen[label]))
            continue
        # A neighbour on the same row tells more of the height than one above.
        nearness = 1 / (((anchors - anchor(label)) * np.array([0.3, 1.0])) ** 2 + 4).sum(axis=1)
        begin = np.array([label.x, label.y]) + (nearness[:, None] * offsets).sum(axis=0) / nearness.sum()
        placed.append(Placed(label, begin, begin + np.array([stretch * label.width, 0]), None))
    return tuple(placed)
