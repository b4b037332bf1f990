"""Vowpal Wabbit's `dsjson`: a line of JSON for each decision, with the cost of what was chosen.

    {"_label_cost": -1, "_label_probability": 0.8, "_labelIndex": 1, "EventId": …, "Timestamp": …,
     "a": [2, 1], "p": [0.8, 0.2], "c": {<shared>, "_multi": [{<action>}, …]}}

`a` counts from 1; the reward is minus the cost. Refuses to leave out decisions by what came of them: a log without
some of its rewards is cut where they end, or refused.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import numpy as np

from tamesu.base import InvalidInput
from tamesu.evaluate.exchange.decision_line import Line, line_of, named
from tamesu.evaluate.exchange.moment import microseconds
from tamesu.evaluate.exchange.told import Cells, Read, Telling, told
from tamesu.evaluate.rounds import Rounds

_HELD = 10_000
"""Lists of actions that are known again by their bytes."""


def rounds_of_dsjson(lines: Iterable[bytes | str]) -> Read[Rounds]:
    """Rounds out of lines; empty lines are nothing.

    An action is known by its `_tag` or `id`, else by its place among the others. Which actions a line has are those that
    were eligible. Where an action tells another thing in another line, none of what actions tell is kept, and it is
    counted; so are lines without a `Timestamp` where others have one, and no moments are kept.
    A decision that was never activated (`_skipLearn`) was seen by nobody. A line with an `EventId` that was
    there before is the same decision, and counted. Decisions without a cost may stand at the end of the log alone.

    Raises:
        InvalidInput: a line that is no such line, by its number; or one that was kept with another probability than
            those before it, or a reward that is missing amid others.

    Example:
        >>> line = '{"_label_cost": -1, "_label_probability": 0.8, "_labelIndex": 1, "a": [2, 1], '
        >>> line += '"p": [0.8, 0.2], "c": {"hour": 3, "_multi": [{"_tag": "x"}, {"_tag": "y"}]}}'
        >>> rounds = rounds_of_dsjson([line]).rounds
        >>> rounds.arms, rounds.chosen.tolist(), rounds.reward.tolist(), rounds.context.tolist()
        (('x', 'y'), [1], [1.0], [[3.0]])
    """
    log = _Log()
    for number, text in enumerate(lines, start=1):
        if text.strip():
            try:
                log.take(line_of(text, log.many), number)
            except InvalidInput as problem:
                raise InvalidInput(f"line {number}: {problem.message}", hint=problem.hint) from None
            except RecursionError as problem:
                raise InvalidInput(f"line {number}: it must not be nested that deep") from problem
    return log.read()


_ANY: msgspec.json.Decoder[Any] = msgspec.json.Decoder()
_LIST: msgspec.json.Decoder[list[Any]] = msgspec.json.Decoder(list[Any])


class _Log:
    """What lines say, column by column."""

    def __init__(self) -> None:
        self.left: Counter[str] = Counter()
        self._arms: dict[str, int] = {}
        self._told: list[dict[str, float | str]] = []
        self._varies = False
        self._sets: dict[tuple[int, ...], int] = {}
        self._known: dict[bytes, tuple[tuple[int, ...], int]] = {}
        self._ids: set[str] = set()
        self._context = Cells()
        self._chosen, self._among, self._decided = array("q"), array("q"), array("q")
        self._reward, self._propensity, self._shown = array("d"), array("d"), array("b")
        self._unstamped = 0
        self._pdrop: float | None = None
        self._waiting = 0

    def take(self, line: Line | None, number: int) -> None:
        if line is None:
            self.left["rewards without a decision"] += 1
            return
        if line.id is not None:
            if line.id in self._ids:
                self.left["lines that came twice"] += 1
                return
            self._ids.add(line.id)
        if self._pdrop is not None and self._pdrop != line.pdrop:
            raise InvalidInput(
                f"all decisions must be kept with the same probability, got pdrop {line.pdrop:g} after "
                f"{self._pdrop:g}",
                hint="decisions that were dropped by what came of them make every estimate wrong",
            )
        self._pdrop = line.pdrop
        if line.reward is None and line.shown:
            self._waiting = self._waiting or number
            self.left["decisions at the end whose reward is not known"] += 1
            return
        if self._waiting and line.shown:
            raise InvalidInput(
                f"the decision of line {self._waiting} must have a reward, as later ones do; got no _label_cost",
                hint="give it a cost of 0 where nothing came of it: who leaves out some by that makes every estimate wrong",
            )
        arms, among = self._actions(line.multi)
        self._context.add(_shared(line.shared))
        self._chosen.append(arms[line.chosen])
        self._among.append(among)
        self._reward.append(line.reward or 0.0)
        self._propensity.append(line.propensity)
        self._shown.append(line.shown)
        self._unstamped += line.stamp is None
        self._decided.append(0 if line.stamp is None else microseconds(line.stamp))

    def read(self) -> Read[Rounds]:
        n, k = len(self._chosen), len(self._arms)
        if self._varies:
            self.left["features of actions, which differ from line to line"] += 1
        if 0 < self._unstamped < n:
            self.left["lines without a Timestamp, so that of all the order alone is kept"] = (
                self._unstamped
            )
        if self._pdrop:
            self.left[f"decisions dropped by lot, each with probability {self._pdrop:g}"] += 1
        arms = list(self._arms)
        masks = np.zeros((len(self._sets), k), np.bool_)
        for mask, rows in zip(masks, self._sets, strict=True):
            mask[list(rows)] = True
        features = Cells()
        for one in self._told:
            features.add(one.items())
        names, contexts = self._context.columns()
        rounds = Rounds.of(
            np.array(arms, dtype=object)[np.array(self._chosen, np.intp)] if n else [],
            np.array(self._reward),
            np.array(self._propensity),
            among=arms,
            contexts=contexts,
            features=None if self._varies else features.columns()[1],
            eligible=None if masks.all() else masks[np.array(self._among, np.intp)],
            shown=np.array(self._shown, np.bool_),
            decided=np.array(self._decided) if not self._unstamped else None,
        )
        return Read(rounds, dict(self.left), names)

    def many(self, multi: bytes) -> int:
        """How many actions a list has."""
        known = self._known.get(multi)
        return len(_LIST.decode(multi)) if known is None else len(known[0])

    def _actions(self, multi: bytes) -> tuple[tuple[int, ...], int]:
        """The arms of a list of actions, and the number of their set."""
        known = self._known.get(multi)
        if known is None:
            found = _LIST.decode(multi)
            names = [named(one) or str(place) for place, one in enumerate(found)]
            if len(set(names)) != len(names):
                raise InvalidInput("actions of a line must have different names, got one twice")
            arms = tuple(self._arm(name, one) for name, one in zip(names, found, strict=True))
            known = arms, self._sets.setdefault(tuple(sorted(arms)), len(self._sets))
            if len(self._known) < _HELD:
                self._known[multi] = known
        return known

    def _arm(self, name: str, action: Any) -> int:
        row = self._arms.setdefault(name, len(self._arms))
        if not self._varies:
            # Where it has both, it is called by its `_tag`, and tells the other one of itself.
            tag = "_tag" if isinstance(action, dict) and "_tag" in action else "id"
            says = {of: one for of, one in told(action) if of != tag}
            if row == len(self._told):
                self._told.append(says)
            self._varies = self._told[row] != says
        return row


def _shared(shared: Mapping[str, msgspec.Raw]) -> list[Telling]:
    found: list[Telling] = []
    for name, part in shared.items():
        found += told(_ANY.decode(part), name)
    return found
