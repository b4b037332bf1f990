"""`Called`: a candidate that is a Python function: what is known, and who may be chosen, to a distribution.

Refuses answers that are no distribution over those arms, and to ask for anything but what servers know then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, NoSupport
from tamesu.base.errors import listing
from tamesu.evaluate.contrast import ROUNDING
from tamesu.evaluate.logged import Logged
from tamesu.evaluate.rounds import Rounds
from tamesu.evaluate.slates import Slates

Floats: TypeAlias = NDArray[np.float64]

Function: TypeAlias = Callable[[Mapping[str, Any], tuple[str, ...]], Any]
"""A context by name, empty without one, and the ids of the eligible arms, to what it would choose: the id of an arm, a
mapping of ids to probabilities (an arm that is not in it has 0), or a probability for each arm in that order."""


class Called:
    """`Shares` of rounds, or of slates, by a function.

    Of a slate it is asked position by position, each time among the arms that are left below the logged ones.

    Args:
        logged: the decisions.
        function: the candidate. The same context and arms must give the same: it is called once for each decision, in
            no particular order.
        name: how messages call it.
    """

    def __init__(self, logged: Logged, function: Function, name: str) -> None:
        self._logged, self._function, self._name = logged, function, name

    def __call__(self, rounds: Rounds) -> Floats:
        """(m, K)."""
        logged = self._logged
        found = np.zeros((len(rounds), len(logged.arms)))
        for number, row in enumerate(rounds.row.tolist()):
            ids = logged.sets[logged.among[row]]
            shares = self._asked(row, ids)
            found[number, [logged.places[arm] for arm in ids]] = shares
        return found

    def placed(self, slates: Slates) -> Floats:
        """(m, L) of the logged arms, each given those above it."""
        logged, told = self._logged, self._logged.told
        found = np.ones((len(slates), logged.size))
        for number, row in enumerate(slates.row.tolist()):
            first, size = int(told.first[row]), int(logged.sizes[row])
            left = list(logged.sets[logged.among[row]])
            for position, arm in enumerate(told.rows.arm[first : first + size].tolist()):
                shares = self._asked(row, tuple(left))
                found[number, position] = shares[left.index(arm)]
                left.remove(arm)
        return found

    def below(self, slates: Slates, above: NDArray[np.intp]) -> Floats:
        """(m, K) at the position below other arms; zeros where nobody is left, or -1 stands above."""
        logged = self._logged
        found = np.zeros((len(slates), len(logged.arms)))
        for number, row in enumerate(slates.row.tolist()):
            over: list[int] = above[number].tolist()
            gone = {logged.arms[arm] for arm in over if arm >= 0}
            left = tuple(arm for arm in logged.sets[logged.among[row]] if arm not in gone)
            if left and len(gone) == above.shape[1]:
                places = [logged.places[arm] for arm in left]
                found[number, places] = self._asked(row, left)
        return found

    def _asked(self, row: int, ids: tuple[str, ...]) -> Sequence[float]:
        context: Any = self._logged.contexts[row]
        try:
            given = self._function(dict(context or {}), ids)
        except Exception as problem:
            raise NoSupport(
                f"{self._name} must give what it would choose, it raised {type(problem).__name__}",
                hint="call it yourself with a context and a tuple of arms to see why",
            ) from problem
        shares = self._read(given, ids)
        wrong = not all(0.0 <= share <= 1.0 + ROUNDING for share in shares)
        if wrong or abs(sum(shares) - 1.0) > ROUNDING:
            raise InvalidInput(
                f"{self._name} must give probabilities that lie in [0, 1] and add up to 1, got a sum of "
                f"{sum(shares):g}"
            )
        return shares

    def _read(self, given: Any, ids: tuple[str, ...]) -> list[float]:
        if isinstance(given, str | int) and not isinstance(given, bool):
            given = {str(given): 1.0}
        listed: Any = given
        if isinstance(listed, Mapping):
            told = {str(arm): share for arm, share in cast("dict[Any, Any]", listed).items()}
            strangers = [arm for arm in told if arm not in ids]
            if strangers:
                raise InvalidInput(
                    f"{self._name} must choose among the arms that it is given, got {listing(strangers)}"
                )
            listed = [told.get(arm, 0.0) for arm in ids]
        try:
            found = [float(one) for one in listed]
        except (TypeError, ValueError) as problem:
            raise InvalidInput(
                f"{self._name} must give an arm, probabilities by arm, or one for each arm, got "
                f"{type(given).__name__}"
            ) from problem
        if len(found) != len(ids):
            raise InvalidInput(
                f"{self._name} must give a probability for each of {len(ids)} arms, got {len(found)}"
            )
        return found
