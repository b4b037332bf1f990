"""`Space`: which combinations there are, and `Among`: those that may be chosen, counted and drawn evenly.

Options are rows 0 to o - 1, slot after slot, in the order declared. Refuses an eligible set that leaves
no combination.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.base.slots import Options, Slots, combination_id, option_id
from tamesu.policy.combination.counting import Factor, counted
from tamesu.policy.uniforms import Uniforms

Rows: TypeAlias = NDArray[np.intp]

STARTS = 32
"""Combinations from which the best is looked for."""

_TRIES = 8
"""Of each of them drawn regardless of clashes, before it is drawn exactly."""


class Space:
    """The combinations of a declaration.

    Attributes:
        slots: k names.
        ids: of o options, as arms.
        slot_of: (o,) the slot of each option.
        first: (k,) row of the first option of each slot.
        clash: (o, o) whether two options cannot be combined; none where all can.
    """

    def __init__(self, slots: Slots, infeasible: Sequence[Options]) -> None:
        self.slots = tuple(slots)
        self.options = tuple([one for options in slots.values() for one in options])
        self.ids = tuple(
            [option_id(slot, one) for slot, options in slots.items() for one in options]
        )
        sizes = [len(options) for options in slots.values()]
        self.slot_of = np.repeat(np.arange(len(sizes)), sizes)
        self.first = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
        self.clash: NDArray[np.bool_] | None = None
        if infeasible:
            row = {name: number for number, name in enumerate(self.ids)}
            self.clash = np.zeros((len(self.ids), len(self.ids)), dtype=np.bool_)
            for pair in infeasible:
                one, other = (row[option_id(*item)] for item in pair.items())
                self.clash[one, other] = self.clash[other, one] = True

    def named(self, rows: Iterable[int]) -> str:
        """What the combination of the options at `rows`, one of each slot, is called."""
        options = {slot: self.options[row] for slot, row in zip(self.slots, rows, strict=True)}
        return combination_id(options)

    def listed(self, rows: Rows, most: int) -> Rows | None:
        """(N, k) rows of all combinations of the options at `rows`; none of more than `most`, which is counted first.

        Raises:
            InvalidInput: options that leave no combination.
        """
        if Among(self, rows).count > most:
            return None
        slots = [rows[self.slot_of[rows] == slot] for slot in range(len(self.slots))]
        every = np.stack(np.meshgrid(*slots, indexing="ij"), axis=-1).reshape(-1, len(slots))
        if self.clash is None:
            return every
        clashing = self.clash[every[:, :, None], every[:, None, :]].any(axis=(1, 2))
        feasible: Rows = every[~clashing]
        return feasible

    def places(self, options: Options) -> Rows:
        """(k,) rows of the options of a combination."""
        row = {name: number for number, name in enumerate(self.ids)}
        return np.array([row[option_id(slot, options[slot])] for slot in self.slots], dtype=np.intp)


class Among:
    """The combinations of a space whose options are all of some rows. Immutable.

    Laws: `draw` gives each of them with probability 1 / `count`; `even` adds up to 1 in every slot.

    Attributes:
        count: how many they are; whole up to 2^53, to rounding beyond.
        allowed: (o,) which options are in any of them.
        even: (o,) the share of each option in them.
        starts: (s, k) some of them, always the same.
    """

    def __init__(self, space: Space, rows: Rows) -> None:
        self._space = space
        self._options: list[Rows] = [
            rows[space.slot_of[rows] == slot] for slot in range(len(space.slots))
        ]
        for name, options in zip(space.slots, self._options, strict=True):
            if not options.size:
                raise InvalidInput(
                    f"eligible must leave each slot an option, slot {name!r} has none"
                )
        self._pairs = self._clashes()
        self._tangles = self._tangled()
        self._whole: dict[int, NDArray[np.float64]] = {}
        self.count = 1.0
        self.even = np.zeros(len(space.ids))
        for slot, options in enumerate(self._options):
            counts = self._counts(slot, {})
            self.even[options] = counts / max(1.0, counts.sum())
        for tangle in self._tangles:
            self.count *= float(self._counts(tangle[0], {}).sum())
        if not self.count:
            raise InvalidInput(
                "eligible options must leave a combination that is not infeasible, these leave none"
            )
        self.allowed = self.even > 0.0
        self.starts = self._started()

    def draw(self, uniforms: Sequence[float]) -> Rows:
        """(k,) rows of a combination: each is drawn equally often; `uniforms` has k, in [0, 1)."""
        drawn: dict[int, int] = {}
        for slot, uniform in enumerate(uniforms):
            options = self._options[slot]
            counts = self._counts(slot, drawn)
            totals = np.cumsum(counts)
            place = int(np.searchsorted(totals, uniform * float(totals[-1]), side="right"))
            # Rounding may reach the last sum: it belongs to the last option that there is.
            drawn[slot] = int(options[min(place, int(np.flatnonzero(counts)[-1]))])
        return np.array(list(drawn.values()), dtype=np.intp)

    def _tangled(self) -> list[tuple[int, ...]]:
        """The slots, in groups of which no two have options that clash."""
        groups = [{slot} for slot in range(len(self._options))]
        for one, other in self._pairs:
            mine = next(group for group in groups if one in group)
            theirs = next(group for group in groups if other in group)
            if mine is not theirs:
                mine |= theirs
                groups.remove(theirs)
        return [tuple(sorted(group)) for group in groups]

    def _clashes(self) -> list[tuple[int, int]]:
        """Pairs of slots of which some options clash."""
        clash, options = self._space.clash, self._options
        if clash is None:
            return []
        k = len(options)
        pairs = ((one, other) for one in range(k) for other in range(one + 1, k))
        return [pair for pair in pairs if clash[np.ix_(options[pair[0]], options[pair[1]])].any()]

    def _counts(self, slot: int, drawn: dict[int, int]) -> NDArray[np.float64]:
        """How many combinations there are with each option of `slot`, and what is `drawn`.

        Of the slots with which it is entangled; what the others add is a factor of all.
        """
        (tangle,) = (one for one in self._tangles if slot in one)
        clash = self._space.clash
        if len(tangle) == 1 or clash is None:
            return np.ones(len(self._options[slot]))
        fixed = {one: drawn[one] for one in tangle if one in drawn}
        if not fixed and slot in self._whole:
            return self._whole[slot]
        # What is drawn is one option: the tables become as much smaller.
        options = [
            np.array([fixed[one]]) if one in fixed else all_of
            for one, all_of in enumerate(self._options)
        ]
        factors = [Factor((one,), np.ones(len(options[one]))) for one in tangle]
        factors += [
            Factor(pair, (~clash[np.ix_(options[pair[0]], options[pair[1]])]).astype(np.float64))
            for pair in self._pairs
            if pair[0] in tangle
        ]
        counts = counted(factors, slot)
        if not fixed:
            self._whole[slot] = counts
        return counts

    def _started(self) -> Rows:
        """(STARTS, k) combinations, drawn so that starts that follow one another have all options of a slot.

        Each slot goes through its options in an order by chance, and again in another one: any end of a climb is
        then near one start at least in every slot. Those that are infeasible are left out.
        """
        k, most = len(self._options), max(len(options) for options in self._options)
        tries = STARTS * _TRIES
        uniforms = Uniforms(b"starts", "").stream((tries + most) * k).reshape(-1, k)
        rows = np.empty((tries, k), dtype=np.intp)
        for slot, options in enumerate(self._options):
            turns = -(-tries // len(options))
            keys = uniforms[: turns * len(options), slot].reshape(turns, -1)
            rows[:, slot] = options[keys.argsort(axis=1).ravel()[:tries]]
        clash = self._space.clash
        if clash is not None:
            rows = rows[~clash[rows[:, :, None], rows[:, None, :]].any(axis=(1, 2))]
        rows = rows[:STARTS]
        more = [self.draw(one) for one in uniforms[len(rows) : STARTS].tolist()]
        return np.array([*rows, *more], dtype=np.intp).reshape(STARTS, k)
