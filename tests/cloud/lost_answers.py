"""A line to AWS on which answers are lost, or on which the worker dies."""

from __future__ import annotations

from typing import Any


class LosesAnswers:
    """A client whose first answer is lost on the way: as botocore then does, it asks again."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._left = 1

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def asked(**arguments: Any) -> Any:
            if self._left:
                self._left -= 1
                call(**arguments)
            return call(**arguments)

        return asked


class Died(BaseException):
    """The worker was killed: nothing of ours runs after this."""


class Dies:
    """A client whose worker dies before the n-th update leaves."""

    def __init__(self, client: Any, update: int) -> None:
        self._client = client
        self._left = update

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_item(self, **arguments: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            raise Died
        return self._client.update_item(**arguments)
