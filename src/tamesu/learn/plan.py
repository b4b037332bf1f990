"""`Plan`: how a policy is learnt, checked before anything starts. Refuses to load what learns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from tamesu.base import InvalidInput, convert

ESTIMATORS = ("dr", "ips", "snips", "likelihood", "regression")
"""What may be climbed; `objectives` has an equation for each."""


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a policy is learnt.

    Attributes:
        scores: `two_tower`, or `linear`: a column of weights for each arm.
        estimator: what is climbed.
        dim: of the space in which contexts and arms meet.
        query, item: hidden layers of the towers; `item` matters where arms tell of themselves.
        embedding: numbers that stand for a category, at most.
        ids: whether each arm has a vector of its own beside what its features say; none for where it has none.
        temperature: of the softmax; none for 1, for .4 of who starts as a regression, and at the end of each climb
            for that share of it, down to a tenth, that what is held out likes best; .05 of a regression, which
            nearly takes the best.
        epochs: at most so many.
        batch: rounds of one step.
        rate: of a step (Adam).
        decay: of weights.
        warm: whether a policy starts twice, at random and as the regression of its own towers; what is held out
            says which of the two is kept.
        clip: the largest weight of a round; 0 of doubly robust: what its model says, and no correction.
        alone: whether doubly robust is also climbed by its model alone, as if `clip` were 0; what is held out says
            which is kept.
        entropy: reward for spreading, per nat; where rewards leave [0, 1], in deviations of rewards.
        logging: price of leaving the logging policy, likewise.
        top_k: how many arms a decision will have: the correction of Chen et al. 2019.
        sampled: arms drawn evenly from the catalogue for each step beside those of the batch; 0 for all arms.
        folds: of the reward model.
        model_dim: as `dim`, of the reward model, which nobody serves: it may be as wide as it likes.
        held_out: share of the clusters that is not learnt from, and stops the learning.
        patience: epochs without a better estimate there, after which it ends.
        seed: of all luck.
        device: `cpu`, or what PyTorch calls the others.
    """

    scores: Literal["two_tower", "linear"] = "two_tower"
    estimator: Literal["dr", "ips", "snips", "likelihood", "regression"] = "dr"
    dim: int = 16
    query: tuple[int, ...] = (64,)
    item: tuple[int, ...] = (64,)
    embedding: int = 8
    ids: bool | None = None
    temperature: float | None = None
    epochs: int = 60
    batch: int = 256
    rate: float = 0.005
    decay: float = 0.01
    warm: bool = True
    clip: float = 5.0
    alone: bool = True
    entropy: float = 0.0
    logging: float = 0.0
    top_k: int = 1
    sampled: int = 0
    folds: int = 3
    model_dim: int = 32
    held_out: float = 0.2
    patience: int = 8
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name in ("dim", "model_dim", "embedding", "epochs", "batch", "top_k", "patience"):
            self._refuse_unless(getattr(self, name) >= 1, name, "at least 1")
        for name in ("query", "item"):
            self._refuse_unless(
                all(width >= 1 for width in getattr(self, name)), name, "widths of at least 1"
            )
        for name in ("temperature", "rate"):
            given = getattr(self, name)
            self._refuse_unless(given is None or 0.0 < given < math.inf, name, "finite and above 0")
        if self.estimator in {"ips", "snips"}:
            self._refuse_unless(self.clip > 0.0, "clip", "above 0")
        self._refuse_unless(self.clip >= 0.0, "clip", "at least 0")
        for name in ("decay", "entropy", "logging", "sampled", "seed"):
            self._refuse_unless(0 <= getattr(self, name) < math.inf, name, "at least 0")
        self._refuse_unless(0.0 < self.held_out < 1.0, "held_out", "above 0 and below 1")
        self._refuse_unless(self.folds >= 2, "folds", "at least 2")  # noqa: PLR2004 - others learn
        if self.sampled and self.scores == "linear":
            raise InvalidInput("sampled needs scores: two_tower, got linear")

    def heat(self, *, warm: bool) -> float:
        """The temperature that is served, of who started as a regression or not."""
        if self.temperature is not None:
            return self.temperature
        if self.estimator == "regression":
            return 0.05
        return 0.4 if warm else 1.0

    def climbed(self) -> dict[str, Plan]:
        """What is climbed from each start, by its name: more than one where what is held out says which is kept."""
        found: dict[str, Plan] = {"policy": self}
        if self.estimator == "dr" and self.alone and self.clip:
            found["policy by its model"] = msgspec.structs.replace(self, clip=0.0)
        return found

    @property
    def twice(self) -> bool:
        """Whether it starts twice."""
        return self.warm and self.estimator in {"dr", "ips", "snips"}

    def as_regression(self) -> Plan:
        """The same towers as a model of rewards, all arms and all weights looked at."""
        return msgspec.structs.replace(
            self,
            estimator="regression",
            temperature=None,
            warm=False,
            sampled=0,
            entropy=0.0,
            logging=0.0,
        )

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Plan:
        """The plan that plain data spells out.

        Raises:
            InvalidInput: an unknown field, or a value that cannot be.
        """
        return convert(dict(given), cls, "plan", InvalidInput)

    def _refuse_unless(self, holds: bool, name: str, must: str) -> None:  # noqa: FBT001 - what must hold
        if not holds:
            raise InvalidInput(f"{name} must be {must}, got {getattr(self, name)!r}")
