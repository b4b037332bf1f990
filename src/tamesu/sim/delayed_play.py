"""A policy played against a world whose rewards come later: it learns by the ages of the declaration.

A delivery is learnt from at the age `reward.settle`, as it stands, and corrected by what comes later,
within the window: as the join does it. In a cascade people look from the top until an arm attracts them whose
reward comes within the window; which arm that was, and so who was looked at, is known when it has come. The
rest of the loop is left out: nothing is lost, nothing is too late, everything is seen at once.
`tamesu.testing.rehearsal` plays the whole loop, and slower. Refuses randomness: uniforms are an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration
from tamesu.policy import Batch
from tamesu.sim.play import Player, Step, step
from tamesu.sim.worlds.cascade import CascadeWorld, first_of
from tamesu.sim.worlds.delayed import DelayedWorld


def play_delayed(  # noqa: PLR0913 - everything that a run is a function of
    declaration: Declaration,
    world: DelayedWorld,
    *,
    rounds: int,
    every: int,
    uniforms: Callable[[int, int], NDArray[np.float64]],
    pace_us: int,
) -> Iterator[Step]:
    """The steps of one run, as `play` gives them.

    Before a step, all is learnt that is old enough by then. What counts, and what regret is measured
    in, are the rewards that come within the window in the end.

    Args:
        declaration: with a seed; its arms are the world's rows, its `reward` says window and settle.
        world: what it plays against.
        rounds: how many decisions to make.
        every: learn after so many.
        uniforms: (m, 2k) numbers in [0, 1) of m decisions: whether each reward comes, and when.
        pace_us: between two decisions.

    Raises:
        InvalidDeclaration: a declaration that cannot be.
        InvalidInput: rewards that its belief cannot learn from.
    """
    player, reward = Player(declaration, pace_us), declaration.reward
    in_time = world.within(reward.longest_us)
    truth = CascadeWorld(in_time.rates) if reward.until_click else in_time
    open_rows: list[_Rows] = []
    for first in range(0, rounds, every):
        now_us = first * pace_us
        for rows in open_rows:
            for batch in rows.learnt(now_us, reward.settle_us):
                player.learn(batch)
        open_rows = [rows for rows in open_rows if rows.last_us > now_us]
        count = min(every, rounds - first)
        prepared, choices = player.choose(first, count)
        luck = uniforms(count, 2 * player.size).reshape(count, player.size, 2)
        delays = world.delays_us(choices.rows, luck)
        attracts = delays < reward.longest_us
        came = first_of(attracts) if reward.until_click else attracts.astype(np.float64)
        yield step(first, truth, prepared, choices, came)
        batch = player.batch(first, choices, came)
        told_together = player.size if reward.until_click else 1
        open_rows.append(_Rows(batch, delays.ravel(), reward.settle_us, told_together))


class _Rows:
    """The deliveries of one step, of which something is still to be learnt.

    Attributes:
        last_us: when nothing of them can change any more.
    """

    def __init__(
        self, batch: Batch, delays_us: NDArray[np.int64], settle_us: int, told_together: int
    ) -> None:
        self._batch, self._told_together = batch, told_together
        came = batch.reward > 0
        self._comes_us = np.where(came, batch.decided + delays_us, batch.decided)
        self._taught = np.zeros(len(batch), np.bool_)
        self._told = np.zeros(len(batch), np.int64)
        self.last_us = int(max(self._comes_us.max(), batch.decided.max() + settle_us))

    def learnt(self, now_us: int, settle_us: int) -> Iterator[Batch]:
        """What is taken back, and what is learnt instead or for the first time."""
        stands = np.where(self._comes_us <= now_us, self._batch.reward, 0)
        teaches = (self._batch.decided + settle_us <= now_us) & self._looked_at(stands)
        changed = stands != self._told
        back, new = self._taught & (~teaches | changed), teaches & (~self._taught | changed)
        if back.any():
            yield self._as_of(back, self._told, -1)
        if new.any():
            yield self._as_of(new, stands, 1)
        self._told, self._taught = np.where(teaches, stands, 0), teaches

    def _looked_at(self, stands: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(n,) whether nothing above has come yet, among deliveries that are told together."""
        if self._told_together == 1:
            return np.ones(len(stands), np.bool_)
        came = (stands > 0).reshape(-1, self._told_together)
        here: NDArray[np.int64] = np.cumsum(came, axis=1, dtype=np.int64)
        return np.asarray((here - came).ravel() == 0, dtype=np.bool_)

    def _as_of(self, rows: NDArray[np.bool_], reward: NDArray[np.int64], sign: int) -> Batch:
        taken = self._batch.take(rows)
        signs = np.full(len(taken), sign, np.int64)
        return replace(taken, reward=reward[rows], sign=signs)
