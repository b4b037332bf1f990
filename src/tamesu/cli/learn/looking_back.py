"""Deliveries of the past with what came early and what it came to, out of log, archive and a file.

Refuses deliveries whose later value may still grow: they are left out by the time of their decision, never
by what has come of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Duration, NoSupport, Reward, Time
from tamesu.engine import Hindsight, LaterEvents, Seen, Source
from tamesu.experiment import Followed, grown

if TYPE_CHECKING:
    from tamesu.cli.learn.amounts import Amounts
    from tamesu.serve import UnitNames


@dataclass(frozen=True)
class Asked:
    """What is looked for.

    Attributes:
        bandit, reward: whose deliveries; whose clauses say what is early.
        declared: the numbers of its declarations, and which of them took events of all types.
        within: how long the later value grows.
        later: events of the log, or amounts of a file.
        since: deliveries decided before are left out.
        until: up to when a file says everything.
        names: what units are called in the log.
    """

    bandit: str
    reward: Reward
    declared: Mapping[int, bool]
    within: Duration
    later: LaterEvents | Amounts
    since: Time
    until: Time
    names: UnitNames

    @property
    def by_unit(self) -> bool:
        """Whether a delivery without a unit has no later value that anybody knows."""
        return not isinstance(self.later, LaterEvents) and self.later.key == "unit"


@dataclass
class Found:
    """What was found.

    Attributes:
        rows: of them all is known.
        left_out: deliveries that are not told, by why.
        strangers: rows of a file that belong to no delivery.
        known: the log's time.
    """

    rows: Followed
    known: Time
    left_out: Counter[str] = field(default_factory=Counter)
    strangers: int = 0


_WAIT = "wait until the first ones are that old, or say a shorter  --within"
_HINTS = {
    "undeclared": "declare all of these event types, with a weight of 0 where they are no reward, and wait",
    "unshown": "send impressions, or declare  anchor: decision",
    "older": "say an earlier  --since: without it a file is taken to begin with its oldest row",
    "untold": "say until when the file has every row:  --until",
    "nameless": "send the unit with each request, or make a file by delivery",
}


def look_back(source: Source, asked: Asked) -> Found:
    """Reads the log, with progress on a terminal.

    Raises:
        NoSupport: no delivery is known to its end.
        Corrupt: a part of the log is gone.
    """
    later = asked.later if isinstance(asked.later, LaterEvents) else None
    hindsight = Hindsight(source, asked.bandit, asked.reward, asked.declared, asked.within, later)
    _run(hindsight)
    seen = hindsight.seen()
    found = None if seen is None else _followed(seen, asked, hindsight)
    if found is None or not len(found.rows):
        counted = ", ".join(
            f"{count:,} {why}" for why, count in hindsight.left_out.items() if count
        )
        raise NoSupport(
            f"a delivery must be known until {asked.within.text()} after it was shown, none is"
            + (f" (left out: {counted})" if counted else ""),
            hint=_HINTS.get(
                max(hindsight.left_out, key=hindsight.left_out.__getitem__, default=""), _WAIT
            ),
        )
    return found


def _followed(seen: Seen, asked: Asked, hindsight: Hindsight) -> Found:
    strangers, left_out = 0, hindsight.left_out
    later, kept = seen.later, np.ones(len(seen.decided), dtype=np.bool_)
    causes = {"older": seen.decided < asked.since}
    if later is None:
        later, strangers = _amounts_of(seen, asked)
        # The last start of a window that closes in what the file tells.
        causes["untold"] = seen.decided > asked.until - asked.within - asked.reward.within_us
        causes["nameless"] = asked.by_unit & (seen.unit == None)  # noqa: E711 - each of an array
    for why, out in causes.items():
        left_out[why] += int(np.count_nonzero(kept & out))
        kept &= ~out
    early = np.column_stack(
        [
            column if term.cap is None else np.minimum(column, term.cap)
            for column, term in zip(seen.early.values(), asked.reward.events.values(), strict=True)
        ]
    )
    arms, arm = np.unique(seen.arm.astype(str), return_inverse=True)
    followed = Followed(
        types=tuple(seen.early),
        early=early,
        later=later,
        who=_who(seen),
        arm=arm,
        arms=tuple(arms.tolist()),
        propensity=seen.propensity,
        decided=seen.decided,
    )
    return Found(followed.take(kept), hindsight.watermark, left_out, strangers)


def _who(seen: Seen) -> NDArray[np.int64]:
    """(n,) codes: of the unit, of the decision where it has none."""
    texts = [
        f"d {decision}" if unit is None else f"u {unit}"
        for unit, decision in zip(seen.unit.tolist(), seen.decision_id.tolist(), strict=True)
    ]
    _, codes = np.unique(np.array(texts), return_inverse=True)
    return codes.astype(np.int64)


def _amounts_of(seen: Seen, asked: Asked) -> tuple[NDArray[np.float64], int]:
    """(n,) what the file's amounts came to, and how many of them are nobody's."""
    amounts: Any = asked.later
    keys: list[str | None]
    if amounts.key == "unit":
        keys = seen.unit.tolist()
        asked_for = {unit: asked.names.of(unit) for unit in set(amounts.whose.tolist())}
        whose = [asked_for[unit] for unit in amounts.whose.tolist()]
    else:
        pairs = zip(seen.decision_id.tolist(), seen.position.tolist(), strict=True)
        keys = [f"{decision}-{position}" for decision, position in pairs]
        whose = amounts.whose.tolist()
    codes = {key: code for code, key in enumerate(dict.fromkeys(keys)) if key is not None}
    mine = np.array([codes.get(key, -1) for key in whose], dtype=np.int64)
    known = mine >= 0
    return grown(
        mine[known],
        amounts.at[known],
        amounts.amount[known],
        who=np.array(
            [codes.get(key, -2) if key is not None else -2 for key in keys], dtype=np.int64
        ),
        start=seen.started,
        within=asked.within,
    ), int(np.count_nonzero(~known))


def _run(hindsight: Hindsight) -> None:
    from tamesu.cli.output import progress

    with progress("looking back", "records", hindsight.total) as tell:
        for records in hindsight.run():
            tell(records)
