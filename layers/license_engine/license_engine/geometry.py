"""Points, rectangles and the plane maps between a photo and a printed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

type Points = NDArray[np.float64]
"""Points as rows of x and y; a quad is four of them, clockwise from the corner where reading begins."""


@dataclass(frozen=True, slots=True)
class PlaneMap:
    """A projective map of the plane, as its 3 by 3 matrix."""

    matrix: NDArray[np.float64]

    def __call__(self, points: Points) -> Points:
        """Where the points go."""
        mapped = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        carried: Points = mapped[..., :2] / mapped[..., 2:]
        return carried

    def inverse(self) -> Self:
        """The map that leads back."""
        return type(self)(np.linalg.inv(self.matrix))

    @classmethod
    def between(cls, source: Points, target: Points) -> Self:
        """The map that carries four source points exactly onto four target points."""
        x, y = source.T
        u, v = target.T
        one, nil = np.ones(4), np.zeros(4)
        rows = np.vstack(
            [
                np.column_stack([x, y, one, nil, nil, nil, -u * x, -u * y]),
                np.column_stack([nil, nil, nil, x, y, one, -v * x, -v * y]),
            ]
        )
        return cls(np.append(np.linalg.solve(rows, np.concatenate([u, v])), 1.0).reshape(3, 3))


def rectangle(left: float, top: float, right: float, bottom: float) -> Points:
    """The upright rectangle as a quad."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float64)


def length(quad: Points) -> float:
    """How long the quad is along the reading direction."""
    return float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])) / 2


def height(quad: Points) -> float:
    """How tall the quad is across the reading direction."""
    return float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 2


def along(quad: Points, share: float) -> Points:
    """The point on the quad's middle line, this share of the way from its beginning."""
    begin, end = (quad[0] + quad[3]) / 2, (quad[1] + quad[2]) / 2
    point: Points = begin + share * (end - begin)
    return point


def part(quad: Points, begin: float, end: float) -> Points:
    """The piece of the quad between two shares of its length."""
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    return np.array([quad[0] + begin * top, quad[0] + end * top, quad[3] + end * bottom, quad[3] + begin * bottom])


def band(quad: Points, begin: float, end: float) -> Points:
    """The piece of the quad between two shares of its height, from the top."""
    left, right = quad[3] - quad[0], quad[2] - quad[1]
    return np.array([quad[0] + begin * left, quad[1] + begin * right, quad[1] + end * right, quad[0] + end * left])


def scaled(quad: Points, factor: float) -> Points:
    """The quad made taller or flatter about its middle line."""
    middle = np.array([quad[0] + quad[3], quad[1] + quad[2], quad[1] + quad[2], quad[0] + quad[3]]) / 2
    other: Points = middle + factor * (quad - middle)
    return other


def turned(quad: Points) -> Points:
    """The same quad, read from its other end."""
    return np.roll(quad, 2, axis=0)


def smallest_rectangle(hull: Points) -> Points:
    """The rectangle of least area about a convex hull, its corners clockwise, its first side of any direction."""
    edges = np.roll(hull, -1, axis=0) - hull
    edges = edges[np.hypot(edges[:, 0], edges[:, 1]) > 1e-9]
    angles = np.unique(np.arctan2(edges[:, 1], edges[:, 0]) % (np.pi / 2)) if len(edges) else np.zeros(1)
    across = np.stack([np.cos(angles), np.sin(angles)], axis=1) @ hull.T
    down = np.stack([-np.sin(angles), np.cos(angles)], axis=1) @ hull.T
    areas = np.ptp(across, axis=1) * np.ptp(down, axis=1)
    return rectangle_at(hull, float(angles[int(np.argmin(areas))]))


def rectangle_at(points: Points, angle: float) -> Points:
    """The rectangle about the points whose first side runs at this angle."""
    forward = np.array([np.cos(angle), np.sin(angle)])
    aside = np.array([-forward[1], forward[0]])
    across, down = points @ forward, points @ aside
    corners = rectangle(across.min(), down.min(), across.max(), down.max())
    quad: Points = corners[:, :1] * forward + corners[:, 1:] * aside
    return quad


def grown(quad: Points, distance: float) -> Points:
    """The rectangle with every side moved outward by the distance."""
    forward = (quad[1] - quad[0]) / max(float(np.linalg.norm(quad[1] - quad[0])), 1e-9)
    aside = np.array([-forward[1], forward[0]])
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    larger: Points = quad + distance * (signs[:, :1] * forward + signs[:, 1:] * aside)
    return larger


def convex_hull(points: Points) -> Points:
    """The corners of the convex hull, in order."""
    ordered = np.unique(points, axis=0)
    if len(ordered) < 3:
        return ordered
    lower = _chain(ordered)
    upper = _chain(ordered[::-1])
    return np.array(lower[:-1] + upper[:-1])


def _chain(ordered: Points) -> list[tuple[float, float]]:
    chain: list[tuple[float, float]] = []
    for x, y in ordered.tolist():
        while len(chain) > 1:
            (ax, ay), (bx, by) = chain[-2:]
            if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                break
            chain.pop()
        chain.append((x, y))
    return chain
