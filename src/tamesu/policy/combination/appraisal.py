"""What options and their pairs are worth in one context, out of coefficients that all arms share.

    coefficient of  1, context          the same for every combination: left out
                    option, pair        as it is
                    context x option    times the context

Refuses to know whether the coefficients are means or draws.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.combination.search import Floats
from tamesu.policy.combination.space import Rows, Space
from tamesu.policy.features import Encoder


class Appraisal:
    """Coefficients to weights, for one declaration.

    Law: for any combination c and coefficients t, the worth of c by the weights differs from the joint
    columns of c times t by a number that is the same for all c.

    Attributes:
        contextual: whether the context changes what is best.

    Args:
        space: whose slots are the first features of an arm.
        pairs: of slots whose options interact, in the order of the columns.
        encoder: of the declaration.
    """

    def __init__(self, space: Space, pairs: Sequence[tuple[str, str]], encoder: Encoder) -> None:
        o = len(space.ids)
        self.contextual = bool(encoder.crosses)
        self._encoder = encoder
        self._evenly = 1.0 / np.bincount(space.slot_of)[space.slot_of]
        self._slot_of = space.slot_of
        self._options = o
        self._first = 1 + encoder.width
        self._crossed = self._first + encoder.arm_width
        self._crosses = encoder.crosses
        none = np.empty(0, dtype=np.intp)
        factors = [np.repeat(_places(one.context), _count(one.arm)) for one in encoder.crosses]
        self._context = np.concatenate([none, *factors])
        number = {slot: place for place, slot in enumerate(space.slots)}
        rows = [np.flatnonzero(space.slot_of == slot) for slot in range(len(space.slots))]
        ones = [np.repeat(rows[number[a]], len(rows[number[b]])) for a, b in pairs]
        others = [np.tile(rows[number[b]], len(rows[number[a]])) for a, b in pairs]
        self._one = np.concatenate([none, *ones])
        self._other = np.concatenate([none, *others])

    def paired(self, coefficients: Floats) -> Floats | None:
        """(m, o, o) what pairs are worth, in any context; none where pairs add nothing."""
        if not self._one.size:
            return None
        m, o = len(coefficients), self._options
        pair = np.zeros((m, o, o))
        columns = coefficients[:, self._first + o : self._crossed]
        pair[:, self._one, self._other] = columns
        pair[:, self._other, self._one] = columns
        return pair

    def options(self, coefficients: Floats, context: NDArray[np.float64]) -> Floats:
        """(m, o) what options are worth in `context` (d,)."""
        worth = coefficients[:, self._first : self._first + self._options]
        if not self._crosses:
            return worth
        worth = worth.copy()
        crossed = coefficients[:, self._crossed :] * context[self._context]
        place = 0
        for cross in self._crosses:
            c, a = _count(cross.context), _count(cross.arm)
            block = crossed[:, place : place + c * a].reshape(-1, c, a)
            worth[:, cross.arm] += block.sum(axis=1)
            place += c * a
        return worth

    def counts(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """(o,) how many combinations with each option there were, out of sums of joint columns (q,)."""
        return sums[self._first : self._first + self._options]

    def columns(self, chosen: Rows, context: NDArray[np.float64]) -> Floats:
        """(n, q) joint columns of combinations (n, k) in `context` (d,)."""
        shares = np.zeros((len(chosen), self._options))
        np.put_along_axis(shares, chosen, 1.0, axis=1)
        return self._joint(shares, context)

    def alone(self, context: NDArray[np.float64]) -> Floats:
        """(o, q) joint columns of each option in `context` (d,): the mean over all that stands beside it."""
        same = self._slot_of[:, None] == self._slot_of
        return self._joint(np.where(same, np.eye(self._options), self._evenly), context)

    def _joint(self, shares: Floats, context: NDArray[np.float64]) -> Floats:
        paired = shares[:, self._one] * shares[:, self._other]
        contexts = np.broadcast_to(context, (len(shares), len(context)))
        return self._encoder.joint(contexts, np.concatenate([shares, paired], axis=1))


def _places(part: slice) -> NDArray[np.intp]:
    return np.arange(int(part.start), int(part.stop), dtype=np.intp)


def _count(part: slice) -> int:
    return int(part.stop - part.start)
