"""Losses belief: what each arm would have lost, had it always been chosen; whoever makes the rewards."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import Bug, Declaration, InvalidDeclaration, Time
from tamesu.base.grid import to_grid
from tamesu.policy.bounds import Bounds, needed_bounds
from tamesu.policy.contract import Arms, Batch, Marginals, Reading, Same
from tamesu.policy.families.losses import LossesFamily
from tamesu.policy.forgetting import tally
from tamesu.policy.table import Table
from tamesu.policy.tally import Shape, Tally

CLIPPED, COUNT, LOSSES, ROUNDS = "clipped", "count", "losses", "rounds"
SHAPE = Shape(counting=(COUNT,), sums=(LOSSES, ROUNDS), raw=(CLIPPED,))

UNIT_BITS = 32
"""Estimates are whole numbers of 2^-32."""

LEAST_GAMMA = 1e-6


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the losses belief.

    Attributes:
        gamma: what is added to a propensity before a loss is divided by it, from 1e-6 to 1: no
            single loss counts more than 1 / gamma; arms chosen more seldom are thought better than they are.
    """

    gamma: float = 0.001


class LossesBelief:
    """L_a = sum of l / (p + gamma) over the deliveries of arm a, p the propensity that was logged.

    l = (h - r) / (h - l0) is the loss of a reward r within bounds [l0, h]; what lies outside is clipped and
    counted. Only the delivered arm moves. As each loss is divided by the propensity of its own
    decision, L_a estimates what arm a would have lost in all decisions, also where feedback comes late,
    out of order or from several snapshots. Beside it stands R_a = sum of 1 / (p + gamma): in how
    many decisions arm a was in play, by the same estimate.

    Nothing is assumed of rewards but their bounds: they may drift, or be chosen by an opponent. It says
    nothing of how sure it is, and its variance grows with 1 / p: where rewards do have rates, beta and
    gaussian know them far sooner. What is estimated of a position in a slate is given what stood above.

    Estimates are whole numbers of 2^-32, so that any order and any batching give the same bits. O(n)
    per batch of n rows. With `forgetting` all three sums fade.

    Source: Auer, Cesa-Bianchi, Freund & Schapire 2002 (importance weights); Neu 2015 (gamma);
    Thune, Cesa-Bianchi & Seldin 2019 (delays). R is our own.
    """

    family = "losses"
    contextual = False
    exact = True

    def __init__(self, gamma: float, bounds: Bounds, sums: Tally) -> None:
        self.bounds = bounds
        self._gamma = gamma
        self._tally = sums

    def init(self) -> Table:
        """No arm has evidence."""
        return self._tally.empty()

    def reading(self, state: Table, arms: Arms, time: Time) -> Reading:
        """Estimated losses of `arms`; no context changes them.

        Raises:
            Bug: more was taken back from an arm than it was taught.
        """
        told = self._tally.told(state, arms.ids, time)
        scale = told.scale / (1 << UNIT_BITS)
        loss, rounds = (told.sums[name].astype(np.float64) * scale for name in (LOSSES, ROUNDS))
        if np.any(loss < 0.0) or np.any(rounds < 0.0) or np.any(told.observations < 0):
            raise Bug("losses must add up to at least 0; evidence was taken back twice")
        return Same(
            Marginals(
                kind=self.family,
                family=LossesFamily(loss, rounds, *self.bounds),
                observations=told.observations,
                total=told.total,
                weight=told.weight,
                total_weight=told.total_weight,
                clipped=told.raw[CLIPPED],
            )
        )

    def evidence(self, state: Table, batch: Batch) -> Table:
        """Losses, divided by propensities and added up per arm."""
        del state
        low, high = (to_grid(bound) for bound in self.bounds)
        reward = np.clip(batch.reward, low, high)
        often = 1.0 / (batch.propensity + self._gamma)
        return self._tally.evidence(
            batch,
            {
                COUNT: np.ones(len(batch), np.int64),
                LOSSES: _units((high - reward) / (high - low) * often),
                ROUNDS: _units(often),
                CLIPPED: (reward != batch.reward).astype(np.int64),
            },
        )

    def absorb(self, state: Table, evidence: Table) -> Table:
        """Sums add up."""
        return self._tally.absorb(state, evidence)


def build(options: Options, declaration: Declaration) -> LossesBelief:
    """The losses belief of a declaration.

    Raises:
        InvalidDeclaration: rewards without bounds, or a gamma that cannot be.
    """
    if not LEAST_GAMMA <= options.gamma <= 1.0:
        raise InvalidDeclaration(
            f"policy.belief.gamma must lie in [{LEAST_GAMMA:g}, 1], got {options.gamma:g}",
            hint="0.001 by default: about half of a learning rate",
        )
    bounds = needed_bounds(declaration, "belief losses")
    return LossesBelief(options.gamma, bounds, tally(SHAPE, declaration))


def _units(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """(n,) as whole numbers of 2^-32: at most 10^6 of 2^32, which 64 bits hold."""
    return np.rint(values * (1 << UNIT_BITS)).astype(np.int64)
