"""What arms are called: people say texts or whole numbers, a declaration says texts.

Refuses two arms whose ids read alike, such as 1 and "1".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidDeclaration, InvalidInput
from tamesu.policy.table import Numbered

ArmId: TypeAlias = str | int
"""An arm as its user named it."""


def arm_key(arm: Any) -> str:
    """The id in a declaration of an arm that its user calls `arm`.

    Raises:
        InvalidInput: neither text nor a whole number.
    """
    if isinstance(arm, str):
        return str(arm)
    if isinstance(arm, Integral) and not isinstance(arm, bool):
        return str(int(arm))
    raise InvalidInput(f"an arm id must be a text or a whole number, got {type(arm).__name__}")


def arm_label(arm: Any) -> ArmId:
    """An arm as it is given back: texts as `str`, whole numbers as `int`, NumPy's too."""
    return str(arm) if isinstance(arm, str) else int(arm)


def labels_of(arms: Any) -> dict[str, ArmId]:
    """Id in the declaration to what the user called the arm.

    Args:
        arms: an iterable of ids, or of mappings with an `id`, in an order that is the same tomorrow.

    Raises:
        InvalidDeclaration: no such iterable, or one id twice.
    """
    if isinstance(arms, str | set | frozenset) or not isinstance(arms, Iterable):
        raise InvalidDeclaration(
            f"arms must be a list of ids, got {type(arms).__name__}",
            hint='for example  Bandit(arms=["a", "b", "c"])',
        )
    labels: dict[str, ArmId] = {}
    for arm in arms:
        label = arm.get("id") if isinstance(arm, Mapping) else arm
        key = arm_key(label)
        if key in labels:
            raise InvalidDeclaration(f"arm ids must be unique, got {label!r} twice")
        labels[key] = arm_label(label)
    return labels


def features_of(arms: Iterable[Any]) -> dict[str, Any]:
    """What those of `arms` that are mappings tell of themselves, by id; `labels_of` has looked at them."""
    mappings = (arm for arm in arms if isinstance(arm, Mapping))
    return {arm_key(arm["id"]): arm["features"] for arm in mappings if "features" in arm}


def keys_of(eligible: Sequence[ArmId] | None) -> Sequence[str] | None:
    """Ids in the declaration of eligible arms; none for all. A text is no list: `policy` says so.

    Raises:
        InvalidInput: not a list of arms.
    """
    if eligible is None or isinstance(eligible, str):
        return eligible
    if not isinstance(eligible, Iterable):
        raise InvalidInput(f"eligible must be a list of arm ids, got {type(eligible).__name__}")
    return [arm_key(arm) for arm in eligible]


def keyed(arms: NDArray[Any]) -> Numbered:
    """Ids of the declaration for arms (n,) as they are called."""
    if arms.dtype != np.int64:
        return Numbered.of([arm_key(arm) for arm in arms.tolist()])
    # One text per arm, not one per row.
    distinct, whose = np.unique(arms, return_inverse=True)
    first = np.empty(len(distinct), dtype=np.intp)
    # Of several the last one stays: backwards, that is the first.
    first[whose[::-1]] = np.arange(len(whose))[::-1]
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return Numbered([str(arm) for arm in distinct[order].tolist()], place[whose])


def named(arms: Sequence[ArmId]) -> NDArray[Any]:
    """(n,) arms as they are called: whole numbers as int64, else objects."""
    whole = all(isinstance(arm, int) for arm in arms)
    return np.array(arms, dtype=np.int64 if whole else object)
