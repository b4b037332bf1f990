"""Rounds as lines of `dsjson`, as Vowpal Wabbit reads it. Refuses to say with what probability others were chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from tamesu.evaluate.exchange.moment import stamps
from tamesu.evaluate.rounds import Rounds

_SHARED = "context"
"""The namespace that what is known before is written under."""

_HELD = 10_000
"""Sets of arms that are held as they are written."""


def dsjson_of(
    rounds: Rounds,
    *,
    ids: Sequence[str] | None = None,
    contexts: Sequence[Mapping[str, Any] | None] | None = None,
    features: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[bytes]:
    """Lines, one a round, each with its newline. `a` and `p` name what was chosen alone: others' are not known here. Without a
    `Timestamp` where nobody said when rounds were decided.

    Args:
        rounds: n of them.
        ids: (n,) of the decisions; none for their place.
        contexts: (n,) what was known before, by name; none for the columns.
        features: what arms tell of themselves, by name, of each arm; none for the columns.
    """
    told: list[Mapping[str, Any]] = [
        {f"f{number}": one for number, one in enumerate(columns)}
        for columns in rounds.features.tolist()
    ]
    if features is not None:
        told = [features.get(arm, {}) for arm in rounds.arms]
    actions = [{**says, "_tag": arm} for arm, says in zip(rounds.arms, told, strict=True)]
    moments = stamps(rounds.decided)
    everyone = tuple(range(len(rounds.arms)))
    sets: dict[tuple[int, ...], msgspec.Raw] = {}
    for row in range(len(rounds)):
        here = rounds.eligible
        arms = everyone if here is None else tuple(np.flatnonzero(here[row]).tolist())
        multi = sets.get(arms)
        if multi is None:
            if len(sets) >= _HELD:
                sets.clear()
            multi = sets[arms] = msgspec.Raw(msgspec.json.encode([actions[one] for one in arms]))
        index = arms.index(int(rounds.chosen[row]))
        propensity = float(rounds.propensity[row])
        known: Mapping[str, Any] | None = (
            {f"x{number}": one for number, one in enumerate(rounds.context[row].tolist())}
            if contexts is None
            else contexts[row]
        )
        line = {
            "_label_cost": 0.0 - float(rounds.reward[row]),
            "_label_probability": propensity,
            "_label_Action": index + 1,
            "_labelIndex": index,
            **({} if rounds.shown[row] else {"_skipLearn": True}),
            **({} if moments is None else {"Timestamp": moments[row]}),
            "Version": "1",
            "EventId": f"{row}" if ids is None else ids[row],
            "a": [index + 1],
            "c": {_SHARED: known or {}, "_multi": multi},
            "p": [propensity],
        }
        yield msgspec.json.encode(line) + b"\n"
