"""Contrasts out of columns, with no log behind them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tamesu.evaluate import Rounds, contrast_of


def told(reward, weight=1.0, guess=0.0, expected=0.0):
    """A contrast of such columns, with propensities of a half."""
    reward = np.asarray(reward, float)
    n = len(reward)
    rounds = Rounds.of(np.zeros(n, int), reward, np.full(n, 0.5), among=[0])
    weight, guess, expected = (
        np.broadcast_to(one, n).astype(float) for one in (weight, guess, expected)
    )
    plain = contrast_of(rounds, np.ones((n, 1)))
    return replace(plain, target=0.5 * weight, guess=guess, expected=expected)
