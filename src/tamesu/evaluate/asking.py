"""`Asking`: a policy asked what it would do in logged decisions; `Frozen`: one that learns no more.

A decision's own id is the source of a policy's draws, as it was when it was made, so that a policy judged by its own
log is asked exactly what it was asked then. Refuses a policy that cannot stand where the logging one stood: another
number of arms, arms that nobody could be given, contexts that nobody recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, NoSupport
from tamesu.base.errors import listing
from tamesu.base.slots import option_id, options_of
from tamesu.evaluate.assembled import combined, within
from tamesu.evaluate.logged import Logged
from tamesu.evaluate.rounds import Rounds
from tamesu.evaluate.slates import Slates
from tamesu.policy import Policy, Prepared
from tamesu.policy.combination import Combining

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.intp]


class Asking:
    """Asks `policy`, at whatever it has learnt, about decisions of `logged`.

    Args:
        logged: the decisions.
        policy: whose contexts are encoded, once.

    Raises:
        NoSupport: it delivers another number of arms, or asks for a context that was not recorded.
    """

    def __init__(self, logged: Logged, policy: Policy) -> None:
        if policy.size != logged.size:
            raise NoSupport(
                f"a candidate must deliver as many arms as the bandit, {logged.size}, got {policy.size}",
                hint="give it the layout of the bandit",
            )
        self._logged, self._policy = logged, policy
        self._contexts = _columns(logged, policy)
        self._narrowed: dict[tuple[int, tuple[str, ...]], list[str] | None] = {}

    def shares(self, prepared: Prepared, rows: Rows) -> Floats:
        """(m, K) probabilities of the candidate at the decisions `rows` (m,), of one arm each."""
        logged = self._logged
        found = np.zeros((len(rows), len(logged.arms)))
        if isinstance(prepared, Combining):
            return self._combined(prepared, rows, found)
        known = [arm for arm in prepared.arms if arm in logged.places]
        into = np.array([logged.places[arm] for arm in known], np.intp)
        outof = [place for place, arm in enumerate(prepared.arms) if arm in logged.places]
        for code, mine in self._by_set(rows):
            eligible = self._eligible(code, prepared.arms)
            contexts = None if self._contexts is None else self._contexts[rows[mine]]
            ids = logged.ids[rows[mine]].tolist()
            asked = prepared.propensities_many(ids, eligible, contexts)
            found[np.ix_(mine, into)] = asked[:, outof]
        return found

    def _combined(self, prepared: Combining, rows: Rows, found: Floats) -> Floats:
        """The same of combinations; `found` (m, K) is filled."""
        logged = self._logged
        for code, mine in self._by_set(rows):
            options = self._eligible(code, prepared.arms)
            known = combined(self._policy, prepared.arms if options is None else options)
            into = np.array([logged.places[one] for one in known], np.intp)
            contexts = None if self._contexts is None else self._contexts[rows[mine]]
            ids = logged.ids[rows[mine]].tolist()
            found[np.ix_(mine, into)] = prepared.listed(ids, known, options, contexts)
        return found

    def placed(self, prepared: Prepared, rows: Rows) -> Floats:
        """(m, L) probabilities of the logged arms of the decisions `rows`, each given those above it."""
        logged, told = self._logged, self._logged.told
        found = np.ones((len(rows), logged.size))
        ids, sizes = logged.ids[rows].tolist(), logged.sizes[rows].tolist()
        firsts = told.first[rows].tolist()
        for code, mine in self._by_set(rows):
            eligible = self._eligible(code, prepared.arms)
            for row in mine.tolist():
                arms = told.rows.arm[firsts[row] : firsts[row] + sizes[row]].tolist()
                context = None if self._contexts is None else self._contexts[rows[row]]
                found[row, : sizes[row]] = prepared.placed(ids[row], arms, eligible, context)
        return found

    def below(self, prepared: Prepared, rows: Rows, above: Rows) -> Floats:
        """(m, K) what it would place at the decisions `rows` (m,) below arms `above` (m, l), rows of `Logged.arms`.

        Zeros where nobody is left, or -1 stands above: there none was.
        """
        logged, at = self._logged, above.shape[1]
        found = np.zeros((len(rows), len(logged.arms)))
        known = [place for place, arm in enumerate(prepared.arms) if arm in logged.places]
        into = np.array([logged.places[prepared.arms[place]] for place in known], np.intp)
        orders, which = np.unique(above, axis=0, return_inverse=True)
        which = which.reshape(-1)
        for code, mine in self._by_set(rows):
            eligible = self._eligible(code, prepared.arms)
            among = prepared.arms if eligible is None else eligible
            for number in np.unique(which[mine]).tolist():
                over: list[int] = orders[number].tolist()
                gone = {logged.arms[arm] for arm in over if arm >= 0}
                left = [arm for arm in among if arm not in gone]
                if left and len(gone) == at:
                    these = mine[which[mine] == number]
                    found[np.ix_(these, into)] = self._at(prepared, rows[these], left, at)[:, known]
        return found

    def _at(self, prepared: Prepared, rows: Rows, left: Sequence[str], at: int) -> Floats:
        """(m, all that it knows) its distribution among `left` at position `at`."""
        ids = self._logged.ids[rows].tolist()
        contexts = None if self._contexts is None else self._contexts[rows]
        if at == 0 or self._policy.beliefs == 1:
            return prepared.propensities_many(ids, left, contexts)
        known = [None] * len(rows) if contexts is None else list(contexts)
        asked = zip(ids, known, strict=True)
        return np.array([prepared.propensities(left, id_, at, context) for id_, context in asked])

    def _by_set(self, rows: Rows) -> Iterator[tuple[int, Rows]]:
        """Each list of eligible arms, and the places in `rows` of the decisions that had it."""
        codes, whose = np.unique(self._logged.among[rows], return_inverse=True)
        for number, code in enumerate(codes.tolist()):
            yield code, np.flatnonzero(whose == number)

    def _eligible(self, code: int, arms: tuple[str, ...]) -> list[str] | None:
        """Who may be chosen of `arms`; none for all."""
        key = code, arms
        if key not in self._narrowed:
            among = self._of_set(code)
            these = [arm for arm in arms if arm in among]
            if not these:
                raise NoSupport(
                    "a candidate must know an arm that was eligible, in some decisions it knows none "
                    f"(eligible: {listing(sorted(among))})",
                    hint="give it the arms that the bandit had, or look at a later time:  --since",
                )
            self._narrowed[key] = None if len(these) == len(arms) else these
        return self._narrowed[key]

    def _of_set(self, code: int) -> set[str]:
        """Arms, or options of combinations, that were eligible."""
        these = self._logged.sets[code]
        if self._policy.combiner is None:
            return set(these)
        return {option_id(*item) for one in these for item in options_of(one).items()}


class Frozen:
    """A candidate that stays as it is: `Shares` of rounds, or of slates.

    Args:
        logged: the decisions.
        policy: its declaration's.
        prepared: it, at what it has learnt.

    Raises:
        NoSupport: as `Asking`; or it has arms that were never eligible.
    """

    def __init__(self, logged: Logged, policy: Policy, prepared: Prepared) -> None:
        refuse_strangers(logged, policy, prepared.arms)
        self._asking, self._prepared = Asking(logged, policy), prepared

    def __call__(self, rounds: Rounds) -> Floats:
        """(m, K)."""
        return self._asking.shares(self._prepared, rounds.row)

    def placed(self, slates: Slates) -> Floats:
        """(m, L) of the logged arms, each given those above it."""
        return self._asking.placed(self._prepared, slates.row)

    def below(self, slates: Slates, above: Rows) -> Floats:
        """(m, K) at the position below other arms."""
        return self._asking.below(self._prepared, slates.row, above)


def refuse_strangers(logged: Logged, policy: Policy, arms: Sequence[str]) -> None:
    """Raises `NoSupport` where an arm, or a combination, of a candidate was never eligible: nothing is known of it."""
    arms = arms if policy.combiner is None else combined(policy, arms)
    strangers = [arm for arm in arms if arm not in logged.places]
    if strangers:
        raise NoSupport(
            f"arms of a candidate must have been eligible at some time, these never were: "
            f"{listing(strangers)}",
            hint="leave them out; what nobody was given, no log can judge",
        )


def _columns(logged: Logged, policy: Policy) -> Floats | None:
    """(n, d) of the contexts by the candidate's own schema; none where it asks for none."""
    if not (policy.contextual and policy.encoder.width):
        return None
    try:
        return policy.encoder.contexts(within(policy.declaration, logged.contexts))
    except InvalidInput as problem:
        raise NoSupport(
            f"a candidate's contexts must be among what was recorded: {problem.message}",
            hint="leave out of its schema what the log does not have, or say what stands where it is missing",
        ) from problem
