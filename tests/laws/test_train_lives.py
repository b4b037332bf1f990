"""Whatever is done to a bandit, it knows what plain counting says, and never less than nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from rows import DECLARATION, observed

from tamesu.base import GRID, Command, Declaration, Status, Time
from tamesu.base.observations import NO_REWARD
from tamesu.policy import compose
from tamesu.train import KINDS, Standing, WarmUp, learn, obey, observe

ARMS = "abc"
POLICY = compose(DECLARATION)


def row(arm, reward, previous=None, *, correction=0, number=1, decided=0):
    """One observation, or the correction of one."""
    one = observed(arm, [reward], number=number)
    before = NO_REWARD if previous is None else previous * GRID
    return replace(
        one,
        correction=np.array([correction]),
        previous_reward=np.array([before]),
        decided=np.array([decided]),
    )


def counted(policy, state):
    """(arm, reward) to how many, without zeros."""
    part = state.parts[0]
    ones, zeros = (part.column(name, tuple(ARMS)).tolist() for name in ("successes", "failures"))
    found = {(arm, 1): n for arm, n in zip(ARMS, ones, strict=True)}
    found |= {(arm, 0): n for arm, n in zip(ARMS, zeros, strict=True)}
    return {which: n for which, n in found.items() if n}


@given(
    st.lists(
        st.tuples(st.sampled_from(ARMS), st.lists(st.integers(0, 1), min_size=1, max_size=5)),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_the_last_row_of_a_delivery_is_what_remains(deliveries, rng):
    """Of all its rows, in any order and any cut: evidence adds up, so corrections leave no trace."""
    rows = []
    for arm, rewards in deliveries:
        befores = [None, *rewards[:-1]]
        rows += [
            row(arm, reward, before, correction=k)
            for k, (reward, before) in enumerate(zip(rewards, befores, strict=True))
        ]
    rng.shuffle(rows)
    state, observations = POLICY.init(), 0
    for one in rows:
        state, more = learn(POLICY, state, one)
        observations += more
    last = Counter((arm, rewards[-1]) for arm, rewards in deliveries)
    assert counted(POLICY, state) == dict(last)
    assert observations == len(deliveries)
    warm = WarmUp(POLICY, lambda _number: None)
    for one in rows:
        warm.take(one)
    assert POLICY.encode(warm.state) == POLICY.encode(state)


@dataclass
class Known:
    """What a bandit has learnt, counted plainly."""

    counts: Counter = field(default_factory=Counter)

    def copy(self):
        return Known(Counter(self.counts))

    def learn(self, arm, reward, previous):
        if previous is not None:
            self.counts[arm, previous] -= 1
        self.counts[arm, reward] += 1


class Lives(RuleBasedStateMachine):
    """One name, against plain counting."""

    @initialize()
    def begin(self):
        self.clock = 10
        self.numbers = 0
        self.deliveries = []
        self.versions = {}
        self.snapshots = {}
        self.archived = []
        self.served, self.aside = Known(), None
        self.status = Status.LEARNING
        self.number, self.since, self.after, self.made = 1, 1, 0, 1
        self.prior = 1
        self.standing = Standing.begun(self.declaration(), 1, POLICY, Time(1))

    def declaration(self):
        policy = {"belief": {"kind": "beta", "prior": [1, self.prior]}}
        written = {**DECLARATION.plain(), "policy": policy, "description": str(self.number)}
        return Declaration.parse(written)

    # The bandit's past, for its commands ------------------------------------------------------------

    def snapshot(self, version):
        return self.snapshots.get(version)

    def warm_up(self, declaration):
        warm = WarmUp(compose(declaration), lambda _number: None)
        for group in self.archived:
            if group.declaration >= self.made:
                warm.take(group)
        return warm

    # What happens -----------------------------------------------------------------------------------

    @rule(arm=st.sampled_from(ARMS), reward=st.integers(0, 1), back=st.integers(0, 2))
    def observe_one(self, arm, reward, back):
        """A delivery of the newest declaration, or of one before; decided now, or a while ago."""
        number = max(1, self.number - back)
        decided = self.clock - back
        self.clock += 1
        self.deliveries.append([arm, number, decided, reward, 0])
        self._hear(arm, reward, None, 0, number, decided)

    @precondition(lambda self: self.deliveries)
    @rule(draw=st.data(), reward=st.integers(0, 1), late=st.booleans())
    def correct_one(self, draw, reward, late):
        one = draw.draw(st.sampled_from(self.deliveries))
        arm, number, decided, previous, correction = one
        one[3:] = [reward, correction + 1]
        self.clock += 1
        self._hear(arm, reward, previous, correction + 1, number, decided, late=late)

    def _hear(self, arm, reward, previous, correction, number, decided, *, late=False):
        group = row(arm, reward, previous, correction=correction, number=number, decided=decided)
        self.archived.append(group)
        groups, lates = ([], [group]) if late else ([group], [])
        now = Time(self.clock)
        after = observe(self.standing, groups, now, now, late=lates, read=(self.clock,))
        self._becomes(after)
        heeds = number >= self.since and decided > self.after
        if heeds and self.status is not Status.DELETED:
            known = self.served if self.aside is None else self.aside
            known.learn(arm, reward, previous)
        self._keep()

    @rule()
    def freeze(self):
        if self._do("freeze", None) and self.status is Status.LEARNING:
            self.status, self.aside = Status.FROZEN, self.served.copy()
            self._keep()

    @rule()
    def resume(self):
        fits = self.status in (Status.FROZEN, Status.ROLLED_BACK)
        if self._do("resume", None, fits=fits):
            self.status, self.served, self.aside = Status.LEARNING, self.aside, None
            self._keep()

    @rule(draw=st.data())
    def rollback(self, draw):
        version = draw.draw(st.sampled_from([0, *self.versions]))
        known, since = self.versions.get(version, (Known(), self.since))
        if self._do("rollback", {"version": version}, fits=since == self.since):
            self.status, self.after = Status.ROLLED_BACK, self.clock
            self.served, self.aside = known.copy(), known.copy()
            self._keep()

    @rule(belief=st.booleans(), warm=st.booleans())
    def declare(self, belief, warm):
        if self.standing.status is Status.LEARNING:
            self.number += 1
            self.prior += belief
            new = {**self.declaration().plain()}
            self.number -= 1
        else:
            new = self.declaration().plain()
        body = {"declaration": new, "number": self.number, "warm": warm}
        if self._do("declare", body, fits=self.status is Status.LEARNING):
            self.number += 1
            if belief:
                self.since, self.after, self.served = self.number, 0, Known()
                if warm:
                    self.served = self._everything()
            self._keep()

    def _everything(self):
        known = Known()
        for arm, number, _, reward, _ in self.deliveries:
            if number >= self.made:
                known.counts[arm, reward] += 1
        return known

    @rule()
    def delete_and_make_again(self):
        if not self._do("delete", None):
            return
        self._keep()
        last = self.standing.learnt.snapshot
        self.number += 1
        self.since = self.made = self.number
        self.status, self.served, self.aside, self.after = Status.LEARNING, Known(), None, 0
        declaration = self.declaration()
        policy = compose(declaration)
        self.standing = Standing.begun(declaration, self.number, policy, Time(self.clock), last)

    def _do(self, kind, body, *, fits=True):
        """Whether the trainer took it; it must where it `fits`, and only there."""
        self.clock += 1
        self.numbers += 1
        command = Command(
            number=self.numbers,
            bandit="home",
            kind=kind,
            body=KINDS[kind].parse(body),
            asked=Time(self.clock),
        )
        now = Time(self.clock)
        obeyed = obey(
            [command], self.standing, read=(self.clock,), now=now, watermark=now, past=self
        )
        self._becomes(obeyed.standing)
        refusal = obeyed.commands[0].effect.refusal
        assert (refusal is None) == fits, (kind, refusal)
        return fits

    def _becomes(self, after):
        before, self.standing = self.standing, after
        old, new = before.learnt.snapshot, after.learnt.snapshot
        assert new.version == old.version + (new is not old)
        if new is not old:
            self.snapshots[new.version] = new

    def _keep(self):
        """What it serves now, as the version that it is; one made again has none yet."""
        snapshot = self.standing.learnt.snapshot
        if self.snapshots.get(snapshot.version) is snapshot:
            self.versions[snapshot.version] = (self.served.copy(), self.since)

    # What must hold ---------------------------------------------------------------------------------

    @invariant()
    def it_knows_what_plain_counting_says(self):
        policy, snapshot = self.standing.policy, self.standing.learnt.snapshot
        assert counted(policy, policy.decode(snapshot.state)) == dict(+self.served.counts)
        assert snapshot.observations == self.served.counts.total()
        assert all(n >= 0 for n in self.served.counts.values())
        assert (self.standing.status, self.standing.number) == (self.status, self.number)

    @invariant()
    def it_defers_what_plain_counting_says(self):
        deferred = self.standing.deferred
        assert (deferred is None) == (self.aside is None)
        if deferred is not None:
            assert counted(self.standing.policy, deferred.state) == dict(+self.aside.counts)
            assert deferred.observations == self.aside.counts.total()
            assert all(n >= 0 for n in self.aside.counts.values())


TestLives = Lives.TestCase
