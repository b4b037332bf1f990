"""What is climbed: one function, one equation. Each gives a loss, the negative of a mean over a batch.

Shared notation: m rounds of a batch; pi(a | x) what the policy would do now; a, r, p the logged arm, its reward and
its propensity; q(x, .) what a reward model expects; w = pi(a | x) / p, at most `clip`, which no gradient passes
through. Refuses to know how pi comes about.

Top-K: where k arms are shown, lambda = k (1 - pi(a | x))^(k - 1) stands before each w (Chen et al. 2019): who is
certain to be among the k is not pushed further. With k = 1 it is 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from tamesu.learn.plan import Plan


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A batch as a policy sees it.

    Attributes:
        log_shares: (m, c) log pi of the candidates; -inf where one was not eligible.
        mine: (m,) where among the candidates the logged arm is.
        reward, propensity: (m,).
        guess: (m, c) q of the candidates; none without a model.
    """

    log_shares: Tensor
    mine: Tensor
    reward: Tensor
    propensity: Tensor
    guess: Tensor | None

    @property
    def own(self) -> Tensor:
        """(m,) log pi of the logged arms."""
        return self.log_shares.gather(1, self.mine[:, None])[:, 0]


class Level:
    """What self-normalisation is made of: running means of w and of w r.

    Attributes:
        mass, earned: the means.
    """

    KEPT = 0.95

    def __init__(self) -> None:
        self.mass, self.earned, self._seen = 0.0, 0.0, 0.0

    def kept(self) -> tuple[float, float, float]:
        """All of it."""
        return self.mass, self.earned, self._seen

    def restore(self, kept: tuple[float, float, float]) -> None:
        """Makes it what `kept` gave."""
        self.mass, self.earned, self._seen = kept

    def take(self, weight: Tensor, reward: Tensor) -> tuple[float, float]:
        """The mean of w, and the estimate, after this batch too."""
        kept = self.KEPT
        self.mass = kept * self.mass + (1 - kept) * float(weight.mean())
        self.earned = kept * self.earned + (1 - kept) * float((weight * reward).mean())
        self._seen = kept * self._seen + (1 - kept)
        return max(self.mass / self._seen, 1e-6), self.earned / max(self.mass, 1e-6)


def likelihood(seen: Seen, plan: Plan, level: Level) -> Tensor:
    """mean(r log pi(a | x)): what was rewarded becomes likelier, whoever put it there. r must not be negative.

    The honest baseline: no propensity is looked at, so it copies the logging policy where rewards are alike.
    """
    del plan, level
    return -(seen.reward * seen.own).mean()


def ips(seen: Seen, plan: Plan, level: Level) -> Tensor:
    """mean(w r log pi(a | x)), whose gradient is that of mean(pi(a | x) r / p) where nothing is clipped.

    Source: Strehl et al. 2010; Chen et al. 2019.
    """
    del level
    return -(_weight(seen, plan) * seen.reward * seen.own).mean()


def snips(seen: Seen, plan: Plan, level: Level) -> Tensor:
    """mean(w (r - V) log pi(a | x)) / mean(w), V the self-normalised estimate: the gradient of V.

    Who only adds weight gains nothing. Both means run over batches, so early steps are rough.

    Source: Swaminathan & Joachims 2015; Joachims et al. 2018.
    """
    weight = _weight(seen, plan)
    mass, value = level.take(weight, seen.reward)
    return -(weight * (seen.reward - value) * seen.own).mean() / mass


def dr(seen: Seen, plan: Plan, level: Level) -> Tensor:
    """mean(sum over arms of pi q(x, .) + w (r - q(x, a)) log pi(a | x)): the gradient of doubly robust.

    The first part passes its gradient through pi of every candidate, so what was never tried moves too. Where k arms
    are shown, 1 - (1 - pi)^k stands there for pi: how likely an arm is to be among them.

    Source: Dudik, Langford & Li 2011; Huang & Jiang 2020 for its gradient.
    """
    del level
    if seen.guess is None:
        raise ValueError("doubly robust needs a model")
    shares = seen.log_shares.exp()
    if plan.top_k > 1:
        shares = 1 - (1 - shares).clamp(min=0) ** plan.top_k
    expected = (shares * seen.guess).sum(dim=1)
    missed = seen.reward - seen.guess.gather(1, seen.mine[:, None])[:, 0]
    return -(expected + _weight(seen, plan) * missed * seen.own).mean()


OBJECTIVES = {"likelihood": likelihood, "ips": ips, "snips": snips, "dr": dr}


def regularised(loss: Tensor, seen: Seen, plan: Plan) -> Tensor:
    """What is left of a loss with prices: loss - entropy H(pi) - logging log pi(a | x), both in the mean.

    The last term is, but for a constant, the Kullback-Leibler divergence of pi from the logging policy.
    """
    if plan.entropy:
        shares = seen.log_shares.exp()
        spread = -(shares * seen.log_shares.clamp(min=-1e4)).sum(dim=1).mean()
        loss = loss - plan.entropy * spread
    if plan.logging:
        loss = loss - plan.logging * seen.own.mean()
    return loss


def regression(scores: Tensor, reward: Tensor, *, whether: bool) -> Tensor:
    """How far scores (m,) of logged arms are from rewards: by log-likelihood where `whether`, else squared.

    `whether`: rewards lie in [0, 1], and what is expected is the logistic function of a score.
    """
    if whether:
        return functional.binary_cross_entropy_with_logits(scores, reward)
    return ((scores - reward) ** 2).mean()


def _weight(seen: Seen, plan: Plan) -> Tensor:
    """(m,) lambda w, through which no gradient passes."""
    with torch.no_grad():
        share = seen.own.exp()
        weight = (share / seen.propensity).clamp(max=plan.clip)
        if plan.top_k > 1:
            weight = weight * plan.top_k * (1 - share).clamp(min=0) ** (plan.top_k - 1)
        return weight
