"""What every call shares: the path of a bandit, and an answer read for what it is.

Refuses to take an answer for what it is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import msgspec

from tamesu.base import Declaration
from tamesu.client.address import segment
from tamesu.client.failures import foreign

T = TypeVar("T")


def bandit_path(bandit: str) -> str:
    """Where a bandit is.

    Raises:
        InvalidInput: that is no name.
    """
    return f"/v1/bandits/{segment(bandit)}"


def read_answer(body: bytes, shape: type[T]) -> T:
    """What an answer says.

    Raises:
        Bug: it does not have that shape: whoever answered is no Tamesu server, or another version.
    """
    try:
        read = msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise foreign(200) from error
    return cast("T", Answered(read)) if isinstance(read, dict) else read


class Answered(dict[str, Any]):
    """An answer by its fields. One that is not there means that no Tamesu server gave it."""

    def __missing__(self, field: str) -> Any:
        """Raises a `Bug`, not a `KeyError`: who answered is to blame, and not who asks."""
        raise foreign(200)


def is_asked_for(made: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Whether the bandit that exists is the one asked for, but for a seed that was drawn."""
    drawn = {} if "seed" in asked else {"seed": made.get("seed")}
    return Declaration.parse({**asked, **drawn}) == Declaration.parse(made)
