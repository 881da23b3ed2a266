"""Not yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exchange import Request, Response
    from service import Service, Trouble


def serves(request: Request) -> bool:  # noqa: ARG001 - not yet
    """Whether the request speaks this dialect."""
    return False


def answer(request: Request, service: Service) -> Response:
    """The response to a request of this dialect."""
    raise NotImplementedError


def trouble(trouble: Trouble, request: Request) -> Response:
    """This dialect's response to a trouble."""
    raise NotImplementedError
