"""Replay: the rounds in which the target policy would surely have done what was done."""

from __future__ import annotations

import msgspec
import numpy as np

from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has no options."""


class Replay:
    """V = mean(r) over the rounds whose logged arm has the probability 1 under the target policy.

    Right for a target policy that is deterministic, where the logging policy was uniform among as many arms in every round;
    else the rounds that are left are no sample: where fewer arms were eligible, more of them match.

    Source: Li, Chu, Langford & Wang 2011.
    """

    models = False
    marginals = False

    def contributions(self, contrast: Contrast) -> Contributions:
        """Of rounds that match r over 1."""
        matches = (contrast.target >= 1.0).astype(np.float64)
        return Contributions(np.zeros(len(contrast)), matches * contrast.reward, matches)


def build(options: Options) -> Replay:
    """The estimator."""
    del options
    return Replay()
