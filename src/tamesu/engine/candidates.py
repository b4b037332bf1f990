"""`Candidates`: policies to be judged by a bandit's own log: itself, a snapshot, a declaration, a function.

Each is judged by decisions that it has learnt nothing from: of what a snapshot had learnt when it was made, nothing is
asked of it. Refuses to say which of them is better.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, InvalidInput, NoSupport, NotFound, Reward, Snapshot, Time
from tamesu.engine.along import Along
from tamesu.engine.archived_decisions import ArchivedDecisions, Tell, silent
from tamesu.engine.candidate import Candidate, Shared, Target
from tamesu.engine.history import History
from tamesu.engine.remade import Remade, apart, as_logged, prepared_of
from tamesu.engine.rosters import Rosters
from tamesu.evaluate import (
    Again,
    Below,
    Called,
    Evenly,
    Frozen,
    Function,
    Logged,
    Pieced,
    Reason,
    Runs,
    Shares,
    Tabled,
    always,
    made_again,
    refuse_gone,
    table_of,
)
from tamesu.policy import Policy, Prepared, State, compose
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
            return Candidate(name, logged, target, {}, lambda: self._itself(logged))
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
        policy = compose(self._decisions.declared_at(found.declaration))
        roster = Rosters(self._store, self._bandit).at(found.declaration, found.version)
        logged = self._logged.since(since + 1)
        prepared = prepared_of(policy, roster, found, found.created)
        told = {"snapshot": found.version, "observations": found.observations}
        return _frozen(f"snapshot:{found.version}", logged, policy, prepared, told)

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
        return _frozen(name or declaration.name, logged, policy, prepared, told)

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
        told = {"observations": along.learnt, "unlearnt": along.unlearnt}
        return Candidate(
            name or declaration.name,
            self._logged,
            Tabled(table),
            told,
            lambda: _learning(self._logged, along),
        )

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
        if candidate.again is None:
            raise NoSupport(f"{candidate.name} must be a policy to be run again, it is a table")
        return Again(self._itself(candidate.logged), candidate.again(), runs)

    def _itself(self, logged: Logged) -> Below:
        """The logging policy, run again; its snapshots are looked for where somebody asks."""

        @cache
        def made() -> Pieced:
            remade = self._remade(logged)
            for _ in remade.snapshots():
                pass  # better refused before hours of running again than after
            refuse_gone(remade.gone, len(logged))
            return Pieced(len(logged), remade.pieces)

        return lambda slates, above: made().below(slates, above)

    def _remade(self, logged: Logged) -> Remade:
        return Remade(logged, self._store, self._decisions.archive, self._bandit)

    def called(self, function: Function, name: str) -> Candidate:
        """What a Python function would choose; see `Called`."""
        target = Called(self._logged, function, name)
        return Candidate(name, self._logged, target, {}, lambda: target.below)

    def evenly(self, name: str) -> Candidate:
        """Uniform choice."""
        target = Evenly()
        return Candidate(name, self._logged, target, {}, lambda: target.below)

    def always(self, arm: str, name: str) -> Candidate:
        """One arm in every decision.

        Raises:
            NotFound: no such arm.
            NoSupport: decisions of several arms.
        """
        if self._logged.size > 1:
            raise NoSupport(f"{name!r} delivers one arm, the log has several in each decision")
        return self.shared(always(arm, self._logged.arms), name)

    def shared(self, shares: Shares, name: str) -> Candidate:
        """What a function of rounds, column by column, would choose; of slates it says nothing.

        Raises:
            NoSupport: decisions of several arms.
        """
        if self._logged.size > 1:
            raise NoSupport(
                f"{name} says what it would choose of decisions of one arm each, these are slates",
                hint="a function of two arguments, a context and arms, can be asked of them, and so can a declaration",
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
        old = self._decisions.declared_at(found.declaration)
        if not keeps_state(old, policy.declaration):
            raise NoSupport(
                f"a candidate must mean the same by what snapshot {found.version} has learnt, this one does not",
                hint="let it learn along the log:  --at along",
            )
        return policy.decode(found.state)

    def _seeded(self, declaration: Declaration) -> Declaration:
        if declaration.seed is not None:
            return declaration
        return declaration.with_seed(self._decisions.declaration.seed or 0)

    def doubts(self) -> tuple[Reason, ...]:
        """What speaks against the log, whoever is judged: propensities that its snapshots do not give."""
        archive = self._decisions.archive
        return made_again(*apart(self._logged, self._store, archive, self._bandit))

    def _clauses(self) -> dict[int, Reward]:
        """Of every declaration, also of those that are not judged by."""
        return {number: one.reward for number, one in self._decisions.declared().items()}


def _learning(logged: Logged, along: Along) -> Below:
    """It has few states, and each is learnt out of the one before it: all are held."""
    whole = list(along.pieces())
    return Pieced(len(logged), lambda _: whole).below


def _frozen(
    name: str, logged: Logged, policy: Policy, prepared: Prepared, told: dict[str, Any]
) -> Candidate:
    target = Frozen(logged, policy, prepared)
    return Candidate(name, logged, target, told, lambda: target.below)
