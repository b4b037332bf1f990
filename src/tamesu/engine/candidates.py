"""`Candidates`: policies to be judged by a bandit's own log: itself, a snapshot, a declaration, a function.

Each is judged by decisions that it has learnt nothing from: of what a snapshot had learnt when it was made, nothing is
asked of it. Refuses to say which of them is better.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, InvalidInput, NoSupport, NotFound, Reward, Snapshot, Time
from tamesu.engine.along import Along
from tamesu.engine.archived_decisions import ArchivedDecisions, Tell, silent
from tamesu.engine.candidate import Candidate, Shared, Target
from tamesu.engine.history import History
from tamesu.engine.remade import Remade, apart, as_logged
from tamesu.engine.rosters import Rosters
from tamesu.evaluate import (
    Again,
    Called,
    Frozen,
    Function,
    Logged,
    Pieced,
    Reason,
    Runs,
    Shares,
    Tabled,
    made_again,
    table_of,
)
from tamesu.policy import Policy, State, compose
from tamesu.train import keeps_state

Floats: TypeAlias = NDArray[np.float64]

PRIOR = 0
"""The version of what knows nothing but its declaration."""


class Candidates:
    """Those of one bandit.

    Args:
        decisions: its archive.
        logged: decisions out of it.
    """

    def __init__(self, decisions: ArchivedDecisions, logged: Logged) -> None:
        self._decisions, self._logged = decisions, logged
        self._store, self._bandit = decisions.store, decisions.bandit

    @property
    def declaration(self) -> Declaration:
        """The bandit's newest."""
        return self._decisions.declaration

    def logging(self, tell: Tell = silent) -> Candidate:
        """The policy that made the log: weights of exactly one.

        Told: `apart`, how far what was logged lies from what is made again at most; `gone`, how many decisions have no
        snapshot any more. Of slates neither is made again.
        """
        logged, name = self._logged, "logging"
        if logged.size > 1:
            target = Tabled(logged.slates().propensity)
            return Candidate(name, logged, target, {}, self._remade(logged).pieces)
        remade = self._remade(logged)
        table = table_of(logged, remade.pieces(), tell)
        differ = as_logged(logged, table)
        told = {"apart": float(differ[remade.there].max(initial=0.0)), "gone": remade.gone}
        return Candidate(name, logged, Tabled(table), told)

    def snapshot(self, version: int | None = None) -> Candidate:
        """What a snapshot had learnt, served as it is; judged by what was decided after it was made.

        Args:
            version: its number; none for the newest.

        Raises:
            NotFound: there is no such snapshot.
            NoSupport: nothing was decided since.
        """
        found, since = self._known(version)
        declaration = self._declared(found.declaration)
        policy = compose(declaration)
        roster = Rosters(self._store, self._bandit).at(found.declaration, found.version)
        logged = self._logged.since(since + 1)
        state, features = policy.decode(found.state), policy.told(roster.features)
        prepared = policy.prepare(state, roster.ids, found.watermark, features)
        told = {"snapshot": found.version, "observations": found.observations}
        return Candidate(
            f"snapshot:{found.version}", logged, Frozen(logged, policy, prepared), told
        )

    def declared(
        self, declaration: Declaration, at: int | None = PRIOR, name: str | None = None
    ) -> Candidate:
        """What a declaration would choose that learns no more.

        Args:
            declaration: of the candidate; its seed is the bandit's where it has none.
            at: the version of the snapshot whose state it has; 0 for its own prior, none for the newest snapshot.
            name: what it is called; none for the name of its bandit.

        Raises:
            NotFound: there is no such snapshot.
            NoSupport: it cannot go on from what that had learnt, or nothing was decided since; or see `Frozen`.
        """
        seeded = self._seeded(declaration)
        policy, logged = compose(seeded), self._logged
        state, time, told = policy.init(), Time(0), {"observations": 0}
        if at != PRIOR:
            found, since = self._known(at)
            state = self._going_on(policy, found)
            logged, time = logged.since(since + 1), found.watermark
            told = {"snapshot": found.version, "observations": found.observations}
        prepared = policy.prepare(state, seeded.arm_ids, time)
        target = Frozen(logged, policy, prepared)
        return Candidate(name or declaration.name, logged, target, told)

    def along(
        self,
        declaration: Declaration,
        *,
        every: int | None = None,
        name: str | None = None,
        tell: Tell = silent,
    ) -> Candidate:
        """What a declaration would choose that learns along the log, from its prior on; see `Along`.

        Told: `observations`, how many it had learnt at last; `unlearnt`, how many it could not.

        Args:
            declaration: of the candidate; its seed is the bandit's where it has none.
            every: decisions that one state makes; none for a thousandth of them.
            name: what it is called; none for the name of its bandit.
            tell: hears how many decisions are done.

        Raises:
            InvalidInput: a number of decisions below 1.
            NoSupport: see `Along`.
        """
        if every is not None and every < 1:
            raise InvalidInput(f"every must be at least 1, got {every}")
        decisions = self._decisions
        along = Along(
            self._logged,
            self._seeded(declaration),
            decisions.observations(decisions.known),
            self._clauses(),
            every,
        )
        table = table_of(self._logged, along.pieces(), tell)
        target = Tabled(table)
        told = {"observations": along.learnt, "unlearnt": along.unlearnt}
        return Candidate(name or declaration.name, self._logged, target, told, along.pieces)

    def distributions(self, candidate: Candidate) -> Target:
        """The logging policy's probabilities of all arms in the decisions that a candidate is judged by.

        Raises:
            NoSupport: a snapshot that decided is gone.
        """
        made = Candidates(self._decisions, candidate.logged).logging()
        if gone := made.told.get("gone", 0):
            raise NoSupport(
                f"the logging policy must be known in every decision, of {gone:,} of "
                f"{len(candidate.logged):,} its snapshot is gone",
                hint="look at a later time:  --since; or take ips, which needs the logged arm's probability alone",
            )
        return made.target

    def again(self, candidate: Candidate, runs: Runs) -> Again:
        """The logging policy and a candidate of slates, to be run again for estimators that need marginals.

        Args:
            candidate: one of these.
            runs: how often, and with which chance.

        Raises:
            NoSupport: a snapshot that decided is gone, or the candidate says nothing but what was asked of it.
        """
        logged = candidate.logged
        logging = Pieced(logged, self._remade(logged).pieces()).below
        if isinstance(candidate.target, Frozen | Called):
            return Again(logging, candidate.target.below, runs)
        if candidate.pieces is None:
            raise NoSupport(f"{candidate.name} must be a policy to be run again, it is a table")
        return Again(logging, Pieced(logged, candidate.pieces()).below, runs)

    def _remade(self, logged: Logged) -> Remade:
        return Remade(logged, self._store, self._decisions.archive, self._bandit)

    def called(self, function: Function, name: str) -> Candidate:
        """What a Python function would choose; see `Called`."""
        return Candidate(name, self._logged, Called(self._logged, function, name), {})

    def shared(self, shares: Shares, name: str) -> Candidate:
        """What a function of rounds, column by column, would choose; of slates it says nothing.

        Raises:
            NoSupport: decisions of several arms.
        """
        if self._logged.size > 1:
            raise NoSupport(
                f"{name} must say what it would choose of a context and arms, it takes rounds, and these "
                "are slates",
                hint="let it take two arguments",
            )
        return Candidate(name, self._logged, Shared(shares), {})

    def _known(self, version: int | None) -> tuple[Snapshot, Time]:
        """A snapshot, and up to when what it has learnt was decided."""
        headers = self._store.snapshots(self._bandit)
        newest = headers[-1].version if headers else 0
        asked = newest if version is None else version
        found = History(self._store, self._decisions.archive).snapshot_at(self._bandit, asked)
        if found is None or not asked:
            raise NotFound(
                f"no snapshot {asked} of bandit {self._bandit!r} is kept or can be made again "
                f"(the newest is {newest})",
                hint=f"tamesu bandit snapshots {self._bandit} lists those that are kept",
            )
        after = next(one for one in headers if one.version >= asked)
        # Of one that is made again nobody knows how far it had come, but that it was made before the next one.
        return found, after.watermark if after.version == asked else after.created

    def _going_on(self, policy: Policy, found: Snapshot) -> State:
        old = self._declared(found.declaration)
        if not keeps_state(old, policy.declaration):
            raise NoSupport(
                f"a candidate must mean the same by what snapshot {found.version} has learnt, this one does not",
                hint="let it learn along the log:  --at along",
            )
        return policy.decode(found.state)

    def _declared(self, number: int) -> Declaration:
        found = self._store.declared(self._bandit, number)
        if found is None:
            raise NotFound(f"the store must hold declaration {number} of {self._bandit!r}")
        return found.declaration

    def _seeded(self, declaration: Declaration) -> Declaration:
        if declaration.seed is not None:
            return declaration
        return declaration.with_seed(self._decisions.declaration.seed or 0)

    def doubts(self) -> tuple[Reason, ...]:
        """What speaks against the log, whoever is judged: propensities that its snapshots do not give."""
        archive = self._decisions.archive
        return made_again(*apart(self._logged, self._store, archive, self._bandit))

    def most_weight(self) -> float | None:
        """The largest weight that a decision of one arm could have; none where nothing bounds it.

        It is bounded where the uniform share that is declared reaches every arm.
        """
        if self._logged.size > 1:
            return None
        least = 1.0
        pairs = zip(self._logged.number.tolist(), self._logged.version.tolist(), strict=True)
        rosters, known = Rosters(self._store, self._bandit), set[tuple[int, tuple[str, ...]]]()
        for number, version in set(pairs):
            ids = rosters.at(number, version).ids
            if (number, ids) not in known:
                known.add((number, ids))
                policy = compose(self._declared(number))
                if policy.declaration.newcomer is not None:
                    return None
                least = min(least, policy.prepare(policy.init(), ids, Time(0)).least)
        return 1.0 / least if least > 0.0 else None

    def _clauses(self) -> dict[int, Reward]:
        """Of every declaration, also of those that are not judged by."""
        return {number: one.reward for number, one in self._decisions.declared().items()}
