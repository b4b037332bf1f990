"""Vowpal Wabbit's `dsjson`: a line of JSON for each decision, with the cost of what was chosen.

    {"_label_cost": -1, "_label_probability": 0.8, "_labelIndex": 1, "EventId": …, "Timestamp": …,
     "a": [2, 1], "p": [0.8, 0.2], "c": {<shared>, "_multi": [{<action>}, …]}}

`a` counts from 1, and what was chosen stands first; the reward is minus the cost. Refuses lines of other problems
(several slots, continuous actions) by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import numpy as np

from tamesu.base import InvalidInput
from tamesu.base.errors import listing
from tamesu.evaluate.contrast import ROUNDING
from tamesu.evaluate.exchange.told import Read, Told, columns_of, told
from tamesu.evaluate.rounds import Rounds

_OTHERS = ("_outcomes", "_label_ca", "_slots")
"""Of other problems."""

_SHARED = "context"
"""The namespace that our columns are written under."""


class _Line(NamedTuple):
    """What a line says of one decision; `arms` by the order of `_multi`."""

    arms: list[str]
    told: list[Told]
    chosen: int
    reward: float
    propensity: float
    context: Told
    decided: int


def rounds_of_dsjson(lines: Iterable[bytes | str]) -> Read:
    """Rounds out of lines; empty lines are nothing.

    An action is known by its `_tag` or `id`, else by its place among the others. Which actions a line has are those that
    were eligible. Where an action tells another thing in another line, none of what actions tell is kept, and it is counted.

    Raises:
        InvalidInput: a line that is no such line, by its number; or one that says that others were dropped.

    Example:
        >>> line = '{"_label_cost": -1, "_label_probability": 0.8, "_labelIndex": 1, "a": [2, 1], '
        >>> line += '"p": [0.8, 0.2], "c": {"hour": 3, "_multi": [{"_tag": "x"}, {"_tag": "y"}]}}'
        >>> rounds = rounds_of_dsjson([line]).rounds
        >>> rounds.arms, rounds.chosen.tolist(), rounds.reward.tolist(), rounds.context.tolist()
        (('x', 'y'), [1], [1.0], [[3.0]])
    """
    left: Counter[str] = Counter()
    read: list[_Line] = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                found = _read(msgspec.json.decode(line, type=dict[str, Any]), left)
            except KeyError as problem:
                raise InvalidInput(f"line {number} must be dsjson, got no {problem}") from problem
            except (
                msgspec.DecodeError,
                TypeError,
                ValueError,
                IndexError,
                AttributeError,
            ) as problem:
                raise InvalidInput(f"line {number} must be dsjson, got {problem}") from problem
            except InvalidInput as problem:
                raise InvalidInput(f"line {number}: {problem.message}", hint=problem.hint) from None
            if found is not None:
                read.append(found)
    arms = list(dict.fromkeys(arm for one in read for arm in one.arms))
    place = {arm: row for row, arm in enumerate(arms)}
    eligible = np.zeros((len(read), len(arms)), dtype=np.bool_)
    of_arm: dict[str, Told] = {}
    varying = False
    for row, decision in enumerate(read):
        eligible[row, [place[arm] for arm in decision.arms]] = True
        for arm, says in zip(decision.arms, decision.told, strict=True):
            varying |= of_arm.setdefault(arm, says) != says
    if varying:
        left["features of actions, which differ from line to line"] += 1
    rounds = Rounds.of(
        [one.arms[one.chosen] for one in read],
        [one.reward for one in read],
        [one.propensity for one in read],
        among=arms,
        contexts=columns_of([one.context for one in read])[1] if read else None,
        features=None if varying or not arms else columns_of([of_arm[arm] for arm in arms])[1],
        eligible=None if eligible.all() else eligible,
        decided=[one.decided for one in read],
    )
    return Read(rounds, dict(left))


def dsjson_of(rounds: Rounds) -> Iterator[bytes]:
    """Lines, one a round, each with its newline. `a` and `p` name what was chosen alone: others' are not known here."""
    columns = [{"_tag": arm} for arm in rounds.arms]
    for arm, features in zip(columns, rounds.features.tolist(), strict=True):
        arm |= {f"f{number}": one for number, one in enumerate(features)}
    everyone = np.ones(len(rounds.arms), dtype=np.bool_)
    for row in range(len(rounds)):
        here = everyone if rounds.eligible is None else rounds.eligible[row]
        rows = np.flatnonzero(here).tolist()
        index = rows.index(int(rounds.chosen[row]))
        propensity = float(rounds.propensity[row])
        moment = datetime.fromtimestamp(int(rounds.decided[row]) / 1e6, UTC)
        context = {f"x{number}": one for number, one in enumerate(rounds.context[row].tolist())}
        line = {
            "_label_cost": 0.0 - float(rounds.reward[row]),
            "_label_probability": propensity,
            "_label_Action": index + 1,
            "_labelIndex": index,
            "Timestamp": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "Version": "1",
            "EventId": f"{row}",
            "a": [index + 1],
            "c": {_SHARED: context, "_multi": [columns[one] for one in rows]},
            "p": [propensity],
        }
        yield msgspec.json.encode(line) + b"\n"


def _read(line: Mapping[str, Any], left: Counter[str]) -> _Line | None:
    """What a line says; none of one that says nothing of a reward, which is counted."""
    other = [name for name in _OTHERS if name in line or name in line.get("c", {})]
    if other:
        raise InvalidInput(
            f"a decision must choose one action of a list, got {listing(other)}",
            hint="logs of slots and of continuous actions are not read",
        )
    if "_label_cost" not in line or line.get("_skipLearn"):
        left["lines without a reward" if "_label_cost" not in line else "not activated"] += 1
        return None
    if line.get("pdrop"):
        raise InvalidInput(
            f"every decision must be in the log, got pdrop {line['pdrop']:g}",
            hint="rounds that were dropped by what came of them make every estimate wrong",
        )
    actions = line["c"]["_multi"]
    chosen = int(line["a"][0]) - 1 if "a" in line else int(line["_labelIndex"])
    if not 0 <= chosen < len(actions):
        raise InvalidInput(f"what was chosen must be one of {len(actions)}, got {chosen + 1}")
    arms = [str(one.get("_tag", one.get("id", place))) for place, one in enumerate(actions)]
    if len(set(arms)) != len(arms):
        raise InvalidInput("actions of a line must have different names, got one twice")
    propensity = float(line["_label_probability"])
    if "a" in line and "p" in line and not abs(float(line["p"][0]) - propensity) <= ROUNDING:
        raise InvalidInput(
            f"_label_probability must be that of what was chosen, got {propensity:g} and {line['p'][0]:g} in p"
        )
    shared = {name: part for name, part in line["c"].items() if name != "_multi"}
    stamp = line.get("Timestamp")
    return _Line(
        arms,
        [{name: part for name, part in told(one) if name not in {"_tag", "id"}} for one in actions],
        chosen,
        -float(line["_label_cost"]),
        propensity,
        dict(told(shared)),
        0 if stamp is None else _moment(stamp),
    )


def _moment(stamp: str) -> int:
    """Microseconds; digits beyond them are left out."""
    whole, _, rest = stamp.rstrip("Z").partition(".")
    moment = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return round(moment.timestamp()) * 1_000_000 + int(rest[:6].ljust(6, "0") or 0)
