"""`logged`: deliveries made into decisions to judge by: who was eligible, and columns of what was known.

Refuses contexts that do not fit the schema by counting them, and more combinations than can be looked at one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Bug, Declaration, InvalidInput, NoSupport
from tamesu.base.slots import options_of
from tamesu.evaluate.latest import Deliveries, sifted
from tamesu.evaluate.logged import Logged
from tamesu.policy import Policy
from tamesu.policy.features import Encoder

Floats: TypeAlias = NDArray[np.float64]

Active: TypeAlias = Callable[[int, int], Sequence[str]]
"""The number of a declaration and the version of a snapshot to the arms that were active then."""

MOST_COMBINATIONS = 4_096
"""That are judged one by one: of each decision it is asked how likely each was."""


def logged(
    told: Deliveries,
    policy: Policy,
    active: Active,
    features: Mapping[str, Mapping[str, Any]],
    left_out: Mapping[str, int],
) -> Logged:
    """What these deliveries say, ready to be judged by.

    Args:
        told: each delivery once.
        policy: of the declaration that says what columns contexts, and what arms tell, become.
        active: who was eligible where a decision does not say.
        features: what arms tell of themselves, by id.
        left_out: what is counted already.

    Raises:
        NoSupport: too many combinations to look at each; or no context fits the schema.
    """
    declaration, encoder = policy.declaration, policy.encoder
    context, fits = _encoded(told, declaration, encoder)
    kept = sifted(told, fits)
    if kept is None:
        raise NoSupport(
            f"contexts must fit the schema, none of {len(fits):,} does",
            hint="evaluate with a declaration that asks for what was recorded",
        )
    first = kept.first
    version = kept.rows.snapshot[first]
    codes: dict[tuple[str, ...], int] = {}
    asked: dict[tuple[int, int], tuple[str, ...]] = {}
    among = np.empty(len(first), np.intp)
    numbers, versions = kept.number[first].tolist(), version.tolist()
    for row, ids in enumerate(kept.rows.eligible[first].tolist()):
        these = ids
        if these is None:
            key = numbers[row], versions[row]
            these = asked.get(key)
            if these is None:
                these = asked[key] = tuple(active(*key))
        among[row] = codes.setdefault(these, len(codes))
    sets = tuple(codes)
    if policy.combiner is not None:
        sets = tuple([combined(policy, options) for options in sets])
        features = {one: options_of(one) for these in sets for one in these}
    arms = tuple(dict.fromkeys(arm for ids in sets for arm in ids))
    return Logged(
        told=kept,
        arms=arms,
        sets=sets,
        among=among,
        version=version,
        context=context,
        features=_told(encoder, arms, features),
        size=policy.size,
        left_out=Counter(left_out) + Counter(context=int(np.count_nonzero(~fits))),
    )


def combined(policy: Policy, options: Sequence[str]) -> tuple[str, ...]:
    """All that `policy` can combine of these options, which then are judged as if they were arms.

    Raises:
        NoSupport: too many.
    """
    if policy.combiner is None:
        raise Bug("a policy must combine options to be asked what it can combine")
    found = policy.combiner.listed(options, MOST_COMBINATIONS)
    if found is None:
        raise NoSupport(
            f"combinations must be at most {MOST_COMBINATIONS:,} to be judged one by one, "
            f"{policy.declaration.name!r} has more",
            hint="look at a time when fewer options were active",
        )
    return found


def _encoded(
    told: Deliveries, declaration: Declaration, encoder: Encoder
) -> tuple[Floats, NDArray[np.bool_]]:
    """(n', d) columns of the contexts that fit, and (n,) which do."""
    given = told.rows.context[told.first]
    fits = np.ones(len(given), np.bool_)
    if not encoder.width:
        return np.empty((len(given), 0)), fits
    contexts = within(declaration, given)
    try:
        return encoder.contexts(contexts), fits
    except InvalidInput:
        found: list[Floats] = []
        for row, one in enumerate(contexts):
            try:
                found.append(encoder.context(one))
            except InvalidInput:
                fits[row] = False
        return np.array(found).reshape(-1, encoder.width), fits


def within(declaration: Declaration, given: NDArray[np.object_]) -> list[dict[str, Any]]:
    """Of each context what `declaration` asks for: what was recorded may be more."""
    names = tuple(declaration.context)
    return [{name: one[name] for name in names if name in one} if one else {} for one in given]


def _told(
    encoder: Encoder, arms: Sequence[str], features: Mapping[str, Mapping[str, Any]]
) -> Floats:
    """(K, a) columns of what arms tell; no columns where one of them does not tell what is asked for now."""
    if not encoder.arm_width:
        return np.empty((len(arms), 0))
    try:
        return encoder.arms([features.get(arm) for arm in arms])
    except InvalidInput:
        return np.empty((len(arms), 0))
