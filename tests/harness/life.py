"""One bandit without log, store and archive, and what is done to it, one thing after the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rows import DECLARATION, observed

from tamesu.base import (
    Command,
    Time,
)
from tamesu.policy import compose
from tamesu.train import KINDS, Standing, WarmUp, obey, observe


class Past:
    """Snapshots and observations that were, in memory."""

    def __init__(self):
        self.kept = {}
        self.archived = []
        self.rewards = {}

    def snapshot(self, version):
        return self.kept.get(version)

    def versions(self):
        return sorted(self.kept)

    def warm_up(self, declaration):
        warm = WarmUp(compose(declaration), self.rewards.get)
        for group in self.archived:
            warm.take(group)
        return warm


class Life:
    """One bandit, its past, and what is done to it, one thing after the other."""

    def __init__(self, declaration=DECLARATION):
        self.past = Past()
        self.now = 0
        self.effects = []
        self.standing = Standing.begun(declaration, 1, compose(declaration), Time(1))

    def observe(self, arms, rewards, number=None, decided=None):
        self.now += 1
        group = observed(arms, rewards, number=number or self.standing.number)
        decided = self.now if decided is None else decided
        group = replace(group, decided=np.full(len(group), decided))
        self.past.archived.append(group)
        after = observe(self.standing, [group], Time(self.now), Time(self.now), read=(self.now,))
        return self._becomes(after)

    def ask(self, *asked):
        """Several kinds with their bodies, together; gives the effect of the last."""
        self.now += 1
        commands = [
            Command(
                number=self.now * 100 + place,
                bandit="home",
                kind=kind,
                body=KINDS[kind].parse(body),
                asked=Time(self.now),
            )
            for place, (kind, body) in enumerate(asked)
        ]
        obeyed = obey(
            commands,
            self.standing,
            read=(self.now,),
            now=Time(self.now),
            watermark=Time(self.now),
            past=self.past,
        )
        self.declared = obeyed.declared
        self._becomes(obeyed.standing)
        self.effects = [command.effect for command in obeyed.commands]
        return self.effects[-1]

    def do(self, kind, body=None):
        return self.ask((kind, body))

    def _becomes(self, after):
        self.standing = after
        snapshot = self.snapshot
        if snapshot.version:
            self.past.kept.setdefault(snapshot.version, snapshot)
        return after

    @property
    def snapshot(self):
        return self.standing.learnt.snapshot

    @property
    def status(self):
        return self.standing.status

    def learnt(self, arms="abc", state=None):
        policy = self.standing.policy
        state = policy.decode(self.snapshot.state) if state is None else state
        return [row.observations for row in policy.summary(state, tuple(arms), Time(0))]


def plain(**changes):
    written = {**DECLARATION.plain(), **changes}
    written.pop("seed")
    return written


def a_correction(rows, previous, reward, correction=1):
    return replace(
        rows,
        correction=np.full(len(rows), correction),
        previous_reward=np.array(
            [np.iinfo(np.int64).min if p is None else p << 20 for p in previous]
        ),
        reward=np.array(reward, dtype=np.int64) << 20,
    )
