"""`Refusals`: what is wrong with the members of a batch, each by its index.

Refuses to stop at the first: a caller mends a batch once.
"""

from __future__ import annotations

from typing import Any

from tamesu.base import InvalidInput, TamesuError


class Refusals:
    """The members of one batch that cannot be taken.

    Args:
        members: what the batch holds, in the plural.
        done: what did not happen to any of them.
    """

    def __init__(self, members: str, done: str) -> None:
        self._members = members
        self._done = done
        self.errors: list[dict[str, Any]] = []

    def add(self, index: int, error: TamesuError) -> None:
        """Member `index` (from 0) is refused."""
        self.errors.append(
            {
                "index": index,
                "code": error.code,
                "detail": error.message,
                "hint": error.hint,
            }
        )

    def raise_any(self, size: int) -> None:
        """Raises if a member of the batch of `size` was refused.

        Raises:
            InvalidInput: with every refused member under `errors`.
        """
        if not self.errors:
            return
        first = self.errors[0]
        raise InvalidInput(
            f"{len(self.errors):,} of {size:,} {self._members} cannot be taken, none was "
            f"{self._done}; {self._members}[{first['index']}]: {first['detail']}",
            hint=first["hint"],
            errors=self.errors,
        )
