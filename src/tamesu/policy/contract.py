"""What beliefs, explorers and layouts promise each other: the nouns and the protocols.

A belief says what each arm is worth, an explorer turns that into a distribution, a layout places
arms by it. Each kind is one module with two names, `Options` (a msgspec struct of its own options)
and `build(options, declaration)`; see `tamesu.policy.kinds`. All are pure functions on immutable
arrays: time and randomness are arguments. Refuses to know any kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import Bug, Time
from tamesu.policy.chooser import Distribution
from tamesu.policy.table import Numbered, Table
from tamesu.policy.uniforms import Uniforms

Eligible: TypeAlias = int
"""A set of arms: bit i says whether arm i of the prepared arms may be chosen."""

DistributionOf: TypeAlias = Callable[[Eligible], Distribution]
"""The distribution over an eligible set (not empty), with `explore` and the newcomer cap in it."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What n observed deliveries teach, as columns.

    Attributes:
        arm: (n,) ids.
        reward: (n,) whole multiples of 1 / `GRID`.
        position: (n,) from 0.
        propensity: (n,) as logged when the arm was chosen.
        decided: (n,) microseconds.
        context: (n, d) columns of the context it was decided in, none where no belief asks for it.
        features: (n, a) columns of what the arm told of itself when it was chosen, likewise.
        decision_id: (n,) texts, or none where nobody groups rows by decision.
        sign: (n,) +1 learns a row, -1 takes back what it taught; none means +1 for all.
        rewards: (n, D) of D objectives, each where it lies in its range, [0, `GRID`]; none where rewards
            are learnt as one number.
        known: its arms by number, where whoever made it had them so; see `numbered`.
    """

    arm: NDArray[np.object_]
    reward: NDArray[np.int64]
    position: NDArray[np.int64]
    propensity: NDArray[np.float64]
    decided: NDArray[np.int64]
    context: NDArray[np.float64] | None = None
    features: NDArray[np.float64] | None = None
    decision_id: NDArray[np.object_] | None = None
    sign: NDArray[np.int64] | None = None
    rewards: NDArray[np.int64] | None = None
    known: Numbered | None = None

    def __len__(self) -> int:
        return len(self.arm)

    @cached_property
    def numbered(self) -> Numbered:
        """Its arms by number: worked out at most once."""
        return Numbered.of(self.arm) if self.known is None else self.known

    def of_objective(self, number: int) -> Batch:
        """What it teaches of one objective: its rewards are those.

        Raises:
            Bug: it has rewards of one number alone.
        """
        if self.rewards is None:
            raise Bug("a batch must bring rewards by objective where these are learnt apart")
        return replace(self, reward=self.rewards[:, number], rewards=None)

    def take(self, rows: NDArray[np.bool_]) -> Batch:
        """Its rows at the mask `rows` (n,), in their order."""
        context, features = self.context, self.features
        decision_id, sign, rewards = self.decision_id, self.sign, self.rewards
        return Batch(
            arm=self.arm[rows],
            reward=self.reward[rows],
            position=self.position[rows],
            propensity=self.propensity[rows],
            decided=self.decided[rows],
            context=None if context is None else context[rows],
            features=None if features is None else features[rows],
            decision_id=None if decision_id is None else decision_id[rows],
            sign=None if sign is None else sign[rows],
            rewards=None if rewards is None else rewards[rows],
        )


POSTERIORS = frozenset({"beta", "logit_normal", "normal", "student_t"})
"""Families that say how sure they are of a mean."""


class Family(Protocol):
    """One-dimensional posteriors, n of them, in a coordinate z that rises with the reward.

    z is chosen so that densities in it are smooth and finite everywhere (for rates: log-odds).
    """

    def take(self, rows: NDArray[np.intp]) -> Family:
        """The posteriors at `rows`, in that order."""
        ...

    def distinct(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows of one of each kind, in an order free of the arms' order; and (n,) which is whose."""
        ...

    def spread(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Rough centre (n,), deviation (n,) > 0 and grain (n,) > 0 in z.

        They say where to start looking; no density has detail much finer than its grain.
        """
        ...

    def log_density(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, m) log of the density in z, at z (m,) for all or (n, m) for each."""
        ...

    def below(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, m) distribution function at z, as `log_density`; accurate where it is small."""
        ...

    def above(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, m) 1 - `below`, accurate where it is small."""
        ...

    def ladder(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Middle (n,) and step (n,) of a ladder that leans on each posterior; rungs rise with the reward.

        Who looks h deviations up compares middle + h step: of means those are rewards, of rates log-odds.
        """
        ...

    def mean(self) -> NDArray[np.float64]:
        """(n,) expected reward."""
        ...

    def deviation(self) -> NDArray[np.float64]:
        """(n,) standard deviation of the reward's mean; infinite where there is none."""
        ...

    def quantile(self, q: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) rewards below which lies a share `q` of each posterior; (m, n) at shares (m, n)."""
        ...


class Marginals(msgspec.Struct, frozen=True, eq=False):
    """What a belief thinks each of n arms is worth.

    Attributes:
        kind: name of the family, such as `beta` or `normal`.
        family: the n posteriors.
        observations: (n,) learnt from each arm.
        total: observations learnt in all, retired arms included.
        joint: where arms share parameters, m joint draws (m, n) of the scores from a decision's
            uniforms; none where arms are independent.
        clipped: (n,) rewards of each arm that lay outside of the belief's bounds; none where it clips
            nothing.
        weight: (n,) what those observations weigh now; none where nothing is forgotten.
        total_weight: the same of all, retired arms included; 0 where nothing is forgotten.
        passing: whether they are of one context, so that they are looked at once: what is made of them may
            then be a little less exact, and sooner.
        objectives: of several objectives that are learnt apart, the marginals of each; the others are then
            of their mean.
    """

    kind: str
    family: Family
    observations: NDArray[np.int64]
    total: int
    joint: Callable[[int, Uniforms], NDArray[np.float64]] | None = None
    clipped: NDArray[np.int64] | None = None
    weight: NDArray[np.float64] | None = None
    total_weight: float = 0.0
    passing: bool = False
    objectives: tuple[Marginals, ...] = ()

    def __len__(self) -> int:
        return len(self.observations)

    def take(self, rows: NDArray[np.intp]) -> Marginals:
        """The marginals of the arms at `rows`, in that order."""
        joint = self.joint
        return Marginals(
            kind=self.kind,
            family=self.family.take(rows),
            observations=self.observations[rows],
            total=self.total,
            joint=None if joint is None else lambda m, uniforms: joint(m, uniforms)[:, rows],
            clipped=None if self.clipped is None else self.clipped[rows],
            weight=None if self.weight is None else self.weight[rows],
            total_weight=self.total_weight,
            passing=self.passing,
            objectives=tuple([each.take(rows) for each in self.objectives]),
        )


class Arms(NamedTuple):
    """Arms that are asked about.

    Attributes:
        ids: n ids, unique.
        features: (n, a) columns of what each tells of itself.
    """

    ids: tuple[str, ...]
    features: NDArray[np.float64]


class Coefficients(Protocol):
    """What a state thinks of coefficients that all arms share: q of them, before the joint columns."""

    sums: NDArray[np.float64]
    """(q,) of each column over what was learnt, as it weighs now: of a column of 0 and 1, how many."""

    def mean(self) -> NDArray[np.float64]:
        """(q,) the coefficients by their means."""
        ...

    def drawn(self, draws: int, uniforms: Uniforms) -> NDArray[np.float64]:
        """(draws, q) drawn together, from a stream of uniforms."""
        ...

    def expected(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) expected reward before joint columns (n, q): the mean of `worth`, for less."""
        ...

    def worth(self, columns: NDArray[np.float64]) -> Family:
        """The n posteriors of the reward's mean before joint columns (n, q)."""
        ...


class Reading(Protocol):
    """What a state says of some arms at a moment: a function of the context.

    What contexts share is computed once, when the reading is made. Safe for any number of threads.
    """

    contextual: bool
    """Whether the context changes anything; where not, `at` always gives the same."""
    typical: NDArray[np.float64]
    """(d,) the mean context of what was learnt: where arms are summed up without one."""
    coefficients: Coefficients | None
    """Those that all arms share, where arms share all of them; none where they do not."""

    def at(self, context: NDArray[np.float64]) -> Marginals:
        """What is thought of the arms in `context` (d,), in their order."""
        ...


class Same:
    """The reading of a belief that no context changes."""

    contextual = False
    typical: NDArray[np.float64] = np.empty(0)
    coefficients: Coefficients | None = None

    def __init__(self, marginals: Marginals) -> None:
        self._marginals = marginals

    def at(self, context: NDArray[np.float64]) -> Marginals:
        """The same for every context."""
        del context
        return self._marginals


class Belief(Protocol):
    """What we think each arm is worth.

    Laws: `evidence` adds up (a commutative monoid, `evidence(a ++ b) = evidence(a) + evidence(b)`,
    and a row with sign -1 cancels itself); an arm without evidence is at its prior.
    """

    family: str
    """Name of the family of its marginals."""
    bounds: tuple[float, float] | None
    """Rewards outside are clipped before they are learnt; none where nothing is clipped."""
    contextual: bool
    """Whether it learns from contexts or from what arms tell of themselves: then batches have both."""
    exact: bool
    """Whether the pieces in which rows were learnt change nothing but rounding."""

    def init(self) -> Table:
        """The state that has learnt nothing."""
        ...

    def reading(self, state: Table, arms: Arms, time: Time) -> Reading:
        """What `state` thinks at `time` of `arms`, in their order; unknown arms are at the prior."""
        ...

    def evidence(self, state: Table, batch: Batch) -> Table:
        """The additive statistics of a batch; zero for an empty one.

        Raises:
            InvalidInput: a reward that this belief cannot learn from.
        """
        ...

    def absorb(self, state: Table, evidence: Table) -> Table:
        """The state that has learnt `evidence` too."""
        ...


@runtime_checkable
class Checked(Protocol):
    """A belief that is partly elsewhere: whoever declares it asks whether that is there."""

    def check(self) -> None:
        """Raises `InvalidDeclaration` where it is not, or does not fit."""
        ...


PropensitiesOf: TypeAlias = Callable[[NDArray[np.intp], Uniforms | None], NDArray[np.float64]]
"""Rows of the marginals, in rising order, to their propensities."""


class Explorer(Protocol):
    """How marginals become a distribution.

    Laws: propensities sum to 1 within 1e-12, are finite and never negative; equal arms have equal
    propensities; permuting arms permutes them.
    """

    explore: float
    """The uniform share, in [0, 1); the policy mixes it in, an explorer does not."""
    families: frozenset[str] | None
    """Families of marginals it can use, or none for any."""

    def draws(self, marginals: Marginals) -> int | None:
        """Monte Carlo draws behind its propensities; none where they are exact."""
        ...

    def over(self, marginals: Marginals) -> PropensitiesOf:
        """Propensities of any subset of `marginals`; what subsets share is computed once.

        Where `draws` is none the function ignores its uniforms and the policy keeps what it gives.
        """
        ...


@runtime_checkable
class Figured(Protocol):
    """An explorer that makes numbers of all that was learnt, before it looks at any arm."""

    def figures(self, marginals: Marginals) -> Mapping[str, float]:
        """Those numbers by name, such as how greedy it is by now."""
        ...


class ExplorerOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every explorer takes.

    Attributes:
        explore: share of the probability that is spread evenly over the eligible arms, [0, 1).
    """

    explore: float = 0.0


class Layout(Protocol):
    """How many arms a decision delivers, and how feedback falls on them."""

    size: int
    """Most deliveries of a decision."""
    beliefs: int
    """How many independent beliefs it needs: one for all positions, or one for each, from the top."""

    def choose(
        self, distributions: Sequence[DistributionOf], eligible: Eligible, uniforms: Uniforms
    ) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Rows of the chosen arms, by position, and the propensity of each.

        Args:
            distributions: one per belief.
            eligible: at least one arm.
            uniforms: uniform i is for position i.
        """
        ...

    def split(self, batch: Batch) -> tuple[Batch, ...]:
        """What each of its beliefs learns from `batch`."""
        ...
