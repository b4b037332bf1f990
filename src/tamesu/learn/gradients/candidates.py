"""Which arms a step looks at: all of them, or so many that a catalogue that does not fit need not.

A step's candidates are the arms logged in its batch and arms drawn evenly from the catalogue (mixed negatives).
An arm that is easy to draw stands for few, one that is not for many: each but the logged arm itself counts one over
the probability that it is among the candidates, so that

    Z(x) = exp s(x, a) + sum over candidates b other than a of exp(s(x, b) - log P(b is drawn))

is the softmax's denominator in the mean over draws, whatever the batch. Refuses arms that were not eligible.

Source: Bengio & Senecal 2008; Yang et al. 2020 for the mixture. Where we differ: candidates are counted once, and
corrected by whether they are drawn at all and not by how often, which makes Z unbiased (Horvitz & Thompson 1952);
the logged arm, which is always there, is not corrected.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tamesu.learn.gradients.rows import Rows


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What one step looks at.

    Attributes:
        arms: (c,) which; none for all K.
        mine: (m,) where among them the logged arm of each round is.
        lift: (c,) what is added to the score of an arm that is not the logged one; none for nothing.
    """

    arms: Tensor | None
    mine: Tensor
    lift: Tensor | None


class Catalogue:
    """Draws candidates.

    Args:
        rows: those that are learnt from: how often each arm was logged is counted there.
        sampled: arms drawn evenly for each step; 0 for all.
    """

    def __init__(self, rows: Rows, sampled: int) -> None:
        self._arms, self._sampled = rows.arms, sampled
        self._often = torch.bincount(rows.chosen, minlength=rows.arms).double() / max(1, len(rows))

    def of(self, batch: Rows, luck: torch.Generator) -> Candidates:
        """Candidates of a batch."""
        if not self._sampled:
            return Candidates(None, batch.chosen, None)
        drawn = torch.randint(self._arms, (self._sampled,), generator=luck)
        both = torch.cat([batch.chosen, drawn.to(batch.chosen.device)])
        arms = torch.unique(both)
        # Logged by none of the other rounds of the batch, nor drawn.
        absent = (1 - self._often[arms]) ** (len(batch) - 1)
        absent *= (1 - 1 / self._arms) ** self._sampled
        lift = -torch.log1p(-absent).float()
        return Candidates(arms, torch.searchsorted(arms, batch.chosen), lift)


def log_shares(scores: Tensor, candidates: Candidates, eligible: Tensor | None) -> Tensor:
    """(m, c) log pi of candidates with such scores (m, c); what is left of a softmax where not all are there."""
    if candidates.lift is not None:
        lifted = scores + candidates.lift
        mine = candidates.mine[:, None]
        scores = lifted.scatter(1, mine, scores.gather(1, mine))
    if eligible is not None:
        among = eligible if candidates.arms is None else eligible[:, candidates.arms]
        scores = scores.masked_fill(~among, NEVER)
    return torch.log_softmax(scores, dim=1)


NEVER = -1e9
"""The score of an arm that was not eligible: its share is 0, its gradient too, and no number is infinite."""
