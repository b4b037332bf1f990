"""The loop: batches, steps, an estimate on rounds that are held out, and the best of all epochs kept.

Deterministic given a seed, on one machine with one build of PyTorch and one number of threads. Refuses to know
where rounds come from.
"""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

from tamesu.base import NoSupport
from tamesu.learn.gradients.candidates import Catalogue, log_shares
from tamesu.learn.gradients.checkpoint import Checkpoint
from tamesu.learn.gradients.network import Towers
from tamesu.learn.gradients.objectives import OBJECTIVES, Level, Seen, regression, regularised
from tamesu.learn.gradients.rows import Rows
from tamesu.learn.plan import Plan
from tamesu.learn.progress import Epoch, Tell

Guess: TypeAlias = Callable[[Tensor, Tensor | None], Tensor]
"""Places of rounds (m,) and arms (c,), or all, to expected rewards (m, c)."""


class Judged(NamedTuple):
    """What is held out says.

    Attributes:
        value: the larger, the better.
        error: one standard error of it.
    """

    value: float
    error: float

    @property
    def worth(self) -> float:
        """The value, less its error where that is known; below all others where it is none.

        The best of many values is the luckiest, and luck is largest where a few rounds of large weight decide.
        """
        if math.isnan(self.value):
            return -math.inf
        return self.value - self.error if math.isfinite(self.error) else self.value


Judge: TypeAlias = Callable[[Towers], Judged]


class Trained(NamedTuple):
    """What came of it.

    Attributes:
        towers: as they were after the best epoch.
        epoch: which that was, from 1; 0 for as they started.
        judged: what was held out said then.
        stopped: how many epochs there were.
    """

    towers: Towers
    epoch: int
    judged: Judged
    stopped: int


class Climb(NamedTuple):
    """What moves from step to step.

    Attributes:
        towers: that learn.
        climber: moves them.
        level: what self-normalisation is made of.
        luck: of orders and of candidates.
    """

    towers: Towers
    climber: torch.optim.Optimizer
    level: Level
    luck: torch.Generator

    def kept(self) -> dict[str, Any]:
        """All of it, to go on from."""
        return {
            "towers": self.towers.state_dict(),
            "climber": self.climber.state_dict(),
            "level": self.level.kept(),
            "luck": self.luck.get_state(),
        }

    def restore(self, kept: dict[str, Any]) -> None:
        """Makes it what `kept` gave."""
        self.towers.load_state_dict(kept["towers"])
        self.climber.load_state_dict(kept["climber"])
        self.level.restore(kept["level"])
        self.luck.set_state(kept["luck"])


@contextmanager
def lots(seed: int) -> Iterator[torch.Generator]:
    """PyTorch's luck by a seed, and as it was afterwards; algorithms that are the same each time alone.

    On one thread, unless OMP_NUM_THREADS says otherwise: steps are small, and threads that wait for each other on a
    machine that is busy took twenty times as long.
    """
    # Multiplications on cards are the same each time only if this is said before the first one.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    strict = torch.are_deterministic_algorithms_enabled()
    threads = torch.get_num_threads()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(mode=True)
        if "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(1)
        try:
            yield torch.Generator().manual_seed(seed)
        finally:
            torch.use_deterministic_algorithms(mode=strict)
            torch.set_num_threads(threads)


def trained(  # noqa: PLR0913 - what a loop takes
    name: str,
    rows: Rows,
    plan: Plan,
    judge: Judge,
    *,
    seed: int,
    tell: Tell,
    guess: Guess | None = None,
    start: Towers | None = None,
    checkpoint: Checkpoint | None = None,
) -> Trained:
    """Towers that climbed what the plan says.

    Args:
        name: for `tell`.
        rows: that are learnt from.
        plan: how.
        judge: asks rounds that are held out.
        seed: of the start, of the order of rounds, and of candidates.
        tell: is told of each epoch.
        guess: what a reward model expects of these rows; doubly robust needs one.
        start: towers to start as; none for random ones.
        checkpoint: where each epoch is kept, and taken up again.

    Raises:
        NoSupport: steps that lead to no finite number.
    """
    with lots(seed) as luck:
        towers = Towers(rows, plan, warm=start is not None).to(plan.device)
        if start is not None:
            towers.load_state_dict(start.state_dict())
        climber = torch.optim.AdamW(towers.parameters(), lr=plan.rate, weight_decay=plan.decay)
        climb, catalogue = Climb(towers, climber, Level(), luck), Catalogue(rows, plan.sampled)
        best = Trained(copy.deepcopy(towers), 0, judge(towers), 0)
        first_epoch = 1
        if checkpoint is not None:
            best, first_epoch = checkpoint.taken_up(name, climb, best)
        for number in range(first_epoch, plan.epochs + 1):
            if number - 1 - best.epoch >= plan.patience:
                break
            total = 0.0
            order = torch.randperm(len(rows), generator=luck).to(plan.device)
            for first in range(0, len(rows), plan.batch):
                places = order[first : first + plan.batch]
                batch = rows.take(places)
                loss = _loss(climb, batch, places, plan, catalogue, guess)
                climber.zero_grad()
                torch.autograd.backward(loss)
                climber.step()
                total += float(loss.detach()) * len(batch)
            _refuse_lost(towers, total, number)
            judged = judge(towers)
            better = judged.worth > best.judged.worth
            kept = (copy.deepcopy(towers), number, judged) if better else best[:3]
            best = Trained(*kept, stopped=number)
            tell(Epoch(name, number, plan.epochs, total / len(rows), *judged, best=better))
            if checkpoint is not None:
                checkpoint.keep(name, climb, best)
    return best


def _refuse_lost(towers: Towers, total: float, number: int) -> None:
    """Raises where numbers are none any more."""
    with torch.no_grad():
        whole = all(bool(torch.isfinite(one).all()) for one in towers.parameters())
    if not (whole and math.isfinite(total)):
        raise NoSupport(
            f"learning must stay finite, it did not in epoch {number}",
            hint="take a smaller rate, or clip weights",
        )


def _loss(  # noqa: PLR0913, PLR0917 - what a step takes
    climb: Climb,
    batch: Rows,
    places: Tensor,
    plan: Plan,
    catalogue: Catalogue,
    guess: Guess | None,
) -> Tensor:
    towers = climb.towers
    if plan.estimator == "regression":
        scores = towers.scored(batch.context, batch.chosen)
        return regression(scores, batch.reward - batch.level, whether=batch.whether)
    candidates = catalogue.of(batch, climb.luck)
    shares = log_shares(towers.scores(batch.context, candidates.arms), candidates, batch.eligible)
    expected = None if guess is None else guess(places, candidates.arms)
    seen = Seen(shares, candidates.mine, batch.reward, batch.propensity, expected)
    return regularised(OBJECTIVES[plan.estimator](seen, plan, climb.level), seen, plan)
