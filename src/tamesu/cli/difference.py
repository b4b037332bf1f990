"""What a declaration would change, setting by setting. Refuses to judge whether it should."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from tamesu.base import Arm, Declaration

_MOST_CHARS = 60
_ABSENT = "-"


class Change(NamedTuple):
    """One setting that would be another.

    Attributes:
        setting: its path, as in `reward.window`; `arms` for them all.
        now, then: as they are written; `-` where there is none.
    """

    setting: str
    now: str
    then: str


def difference(old: Declaration, new: Declaration, active: Mapping[str, Arm]) -> list[Change]:
    """What is not the same under `new`; empty where all of it is.

    Args:
        old: the declaration that is served.
        new: with its seed, where the old one's stays.
        active: every arm that may be chosen now, by id: not all were declared.
    """
    now, then = dict(_flat(old.plain())), dict(_flat(new.plain()))
    settings = [
        Change(name, now.get(name, _ABSENT), then.get(name, _ABSENT))
        for name in {**now, **then}
        if now.get(name) != then.get(name)
    ]
    return [*settings, *_arms(new, active)]


def _arms(new: Declaration, active: Mapping[str, Arm]) -> Iterator[Change]:
    """What becomes of the arms."""
    wanted = {arm.id: arm for arm in new.arms}
    both = [arm for arm in wanted if arm in active]
    for what, ids in (
        ("arms to be active", [arm for arm in wanted if arm not in active]),
        ("arms to be retired", [arm for arm in active if arm not in wanted]),
        (
            "arms with other metadata",
            [arm for arm in both if wanted[arm].metadata not in ({}, active[arm].metadata)],
        ),
        (
            "arms with other features",
            [arm for arm in both if wanted[arm].features != active[arm].features],
        ),
    ):
        if ids:
            yield Change(what, _ABSENT, _listed(ids))


def _listed(ids: Collection[str]) -> str:
    text = ", ".join(ids)
    return text if len(text) <= _MOST_CHARS else f"{len(ids):,}: {text[:_MOST_CHARS]}…"


def _flat(plain: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, str]]:
    """Every setting but the arms by its path, as text."""
    for key, value in plain.items():
        name = f"{where}{key}"
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{name}.")
        elif name != "arms":
            yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
