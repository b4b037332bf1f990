"""`Clauses`: the reward clauses of every declaration that the log speaks of, as numbers in columns.

Each (bandit, declaration) that is known gets a number from 0 when it is first met; its lengths of
time and its event types then are array look-ups. Refuses to remember that something was unknown: it
may be declared later.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base import IMPRESSION, Anchor, InvalidInput, Reward, Time, parse_decision_id
from tamesu.base.reward import Unseen
from tamesu.join.record import Lookup

IGNORED = -1
"""Code of an event type that a declaration does not name."""

SHOWN = 0
"""Code of an impression; a rewarding type's code is 1 + its place in the declaration."""

SESSION = -1
"""`reach` of an event type whose window is the session's own."""

NEVER = 1 << 62
"""A length of time that never passes."""

_ANY_UUID = "000000000000700080000000000000ff"
_NAMELESS = ""


class Clauses:
    """Known declarations by number, one column per clause (c,), times in microseconds.

    Attributes:
        window, lateness, late: as declared; the window of a session is its cap.
        gap: of a session, else 0.
        within: how long after the decision an impression may come; the window with
            `anchor: decision`.
        span: F - D, from the decision to the last moment.
        age: from the anchor to the moment at which observation 0 is due.
        cut: what is received that long after the anchor is not in observation 0, `NEVER` where it
            holds all that counts.
        early: whether observation 0 is made before the delivery is final.
        by_decision: whether the window starts at the decision.
        implies: whether an event stands for the impression that did not come.
        until_click: whether the deliveries of a decision are told together.
        numbers: by `<bandit>.<declaration>`.
        bandit: place of its bandit in `bandits`.
        bandits: names, the nameless first.
        codes: (c, t) the code of each event type under each declaration.
        reach: (c, k) how long after the anchor events of each code count, `SESSION` where the
            session says.
    """

    def __init__(self, lookup: Lookup) -> None:
        self._ask = lookup
        self.numbers: dict[str, int] = {}
        self._types: dict[str, int] = {IMPRESSION: 1}
        self._bandit_places: dict[str, int] = {_NAMELESS: 0}
        self.bandits: list[str] = [_NAMELESS]
        self.rewards: list[Reward] = []
        self.names: list[tuple[str, int]] = []
        empty = np.empty(0, dtype=np.int64)
        self.window, self.lateness, self.late = empty, empty, empty
        self.within, self.span, self.bandit = empty, empty, empty
        self.gap, self.age, self.cut = empty, empty, empty
        false = np.empty(0, dtype=np.bool_)
        self.by_decision, self.early, self.implies = false, false, false
        self.until_click = false
        self.codes = np.empty((0, 2), dtype=np.int64)
        self.reach = np.empty((0, 1), dtype=np.int64)

    def lookup(self, bandit: str, declaration: int) -> Reward | None:
        """The clauses of a declaration, asked for once it is known."""
        number = self._known(f"{bandit}.{declaration}", bandit, declaration)
        return None if number is None else self.rewards[number]

    def number(self, prefix: str) -> int:
        """Number of the declaration that `<bandit>.<declaration>` names; -1 where there is none."""
        number = self.numbers.get(prefix)
        if number is not None:
            return number
        try:
            place = parse_decision_id(f"{prefix}.{_ANY_UUID}")
        except InvalidInput:
            return -1
        number = self._known(prefix, place.bandit, place.declaration)
        return -1 if number is None else number

    def type_id(self, name: str) -> int:
        """Column of an event type in `codes`; 0 for one that no declaration names."""
        return self._types.get(name, 0)

    def bandit_of(self, name: str) -> int:
        """Place of a bandit in `bandits`."""
        return self._bandit_places[name]

    def _known(self, prefix: str, bandit: str, declaration: int) -> int | None:
        number = self.numbers.get(prefix)
        if number is None:
            reward = self._ask(bandit, declaration)
            if reward is None:
                return None
            number = self.numbers[prefix] = len(self.rewards)
            self._append(bandit, declaration, reward)
        return number

    def _append(self, bandit: str, declaration: int, reward: Reward) -> None:
        by_decision = reward.anchor is Anchor.DECISION
        if bandit not in self._bandit_places:
            self._bandit_places[bandit] = len(self.bandits)
            self.bandits.append(bandit)
        self.rewards.append(reward)
        self.names.append((bandit, declaration))
        self.window = _append(self.window, reward.window)
        self.lateness = _append(self.lateness, reward.lateness)
        self.late = _append(self.late, reward.late)
        self.within = _append(self.within, reward.window if by_decision else reward.within_us)
        self.span = _append(self.span, reward.last_moment(Time(0)))
        self.bandit = _append(self.bandit, self._bandit_places[bandit])
        self.gap = _append(self.gap, reward.gap or 0)
        early = reward.settles_early
        final = reward.longest_us + reward.lateness
        self.age = _append(self.age, reward.settle_us if early else final)
        self.cut = _append(self.cut, reward.settle_us if early else NEVER)
        self.early = np.append(self.early, early)
        self.by_decision = np.append(self.by_decision, by_decision)
        self.implies = np.append(self.implies, reward.unseen is Unseen.IMPLY and not by_decision)
        self.until_click = np.append(self.until_click, reward.until_click)
        self._append_types(reward)

    def _append_types(self, reward: Reward) -> None:
        """The last row of `codes` and of `reach`."""
        for name in reward.events:
            self._types.setdefault(name, 1 + len(self._types))
        codes = np.full((len(self.rewards), 1 + len(self._types)), IGNORED, dtype=np.int64)
        codes[:-1, : self.codes.shape[1]] = self.codes
        codes[-1, self._types[IMPRESSION]] = SHOWN
        for place, name in enumerate(reward.events):
            codes[-1, self._types[name]] = 1 + place
        self.codes = codes
        width = max(self.reach.shape[1], 1 + len(reward.events))
        reach = np.zeros((len(self.rewards), width), dtype=np.int64)
        reach[:-1, : self.reach.shape[1]] = self.reach
        session = reward.window if reward.gap is None else SESSION
        for place, term in enumerate(reward.events.values()):
            reach[-1, 1 + place] = session if term.within is None else term.within
        self.reach = reach


def _append(column: NDArray[np.int64], value: int) -> NDArray[np.int64]:
    return np.append(column, np.int64(value))
