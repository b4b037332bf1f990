"""Cascade doubly robust: the reward-interaction estimator, and a model for what it would vary."""

from __future__ import annotations

import msgspec
import numpy as np

from tamesu.evaluate.contributions import Contributions
from tamesu.evaluate.slate_contrast import SlateContrast


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has no options."""


class CascadeDoublyRobust:
    """V = mean(sum over l of w_l (r_l - q_l) + w_{l-1} v_l), w_0 = 1, w_l as in `reward_interaction`.

    q_l is what a model expects of position l and all that follow, given the arms down to l, and v_l its mean over the
    target policy's arm at l. Unbiased where `reward_interaction` is, whatever the model, if that did not learn
    from the slate it is asked about.

    Source: Kiyohara, Saito, Matsuhiro, Narita, Shimizu & Yamamoto 2022.
    """

    models = True
    marginals = False
    pairs = False

    def contributions(self, contrast: SlateContrast) -> Contributions:
        """Of each slate the sum over its positions."""
        weight = contrast.prefix_weight
        above = np.concatenate([np.ones((len(contrast), 1)), weight[:, :-1]], axis=1)
        missed = weight * (contrast.reward - contrast.guess)
        return Contributions((missed + above * contrast.expected).sum(axis=1))


def build(options: Options) -> CascadeDoublyRobust:
    """The estimator."""
    del options
    return CascadeDoublyRobust()
