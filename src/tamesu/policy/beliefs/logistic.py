"""Logistic belief: a chance of reward, its log-odds linear in what is known; coefficients as in `linear`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import GRID, Declaration, Duration, InvalidDeclaration, Time
from tamesu.policy.contract import Arms, Batch, Reading
from tamesu.policy.delay import Delay, delay_of, open_rows
from tamesu.policy.design import Design, Sharing, design_of
from tamesu.policy.diagonal_form import DiagonalForm
from tamesu.policy.expansion import Parts, Rows
from tamesu.policy.fading import Weighing, weighing_of
from tamesu.policy.foreknown import ArmPrior, Foreknown, foreknown_of, with_foreknown
from tamesu.policy.full_form import FullForm
from tamesu.policy.laplace import FARTHEST, parabola
from tamesu.policy.linear_sums import CLIPPED, OBSERVATIONS
from tamesu.policy.logistic_reading import logistic_reading
from tamesu.policy.rates import Rates, refuse_rates
from tamesu.policy.table import OPEN, Table

Floats = NDArray[np.float64]

LEAST_RIDGE, MOST_RIDGE = 1e-12, 1e12
MOST_REPEATS = 100

LEAST_SEEN = 0.05
"""Where rows are expanded, at least as much of a reward is taken to have been seen: a place will do."""


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the logistic belief.

    Attributes:
        sharing: whose the coefficients are: of each arm (`per_arm`), of all arms, which then differ by
            their features (`shared`), or both, added up (`hybrid`).
        covariance: what is known of coefficients: with all that they know of each other (`full`), or each by
            itself (`diagonal`), for hundreds of columns and more.
        ridge: precision of the prior of every coefficient, above 0.
        rate: the reward that is expected where all features are 0, before anything is learnt; in (0, 1).
        rates: the same of single arms, by id.
        priors: what is expected of the own coefficients of single arms, by id, beyond the log-odds of their rate.
        repeat: Newton steps in which a batch looks for the place where it is expanded, at most; 0 expands it
            where the state is, as a single step does.
        delay: mean time from a decision to its reward, where windows are long and rewards are learnt from
            before they are closed; none where what has not come by then never comes.
    """

    sharing: Sharing = "per_arm"
    covariance: Literal["diagonal", "full"] = "full"
    ridge: float = 1.0
    rate: float = 0.5
    rates: dict[str, float] = {}
    priors: dict[str, ArmPrior] = {}
    repeat: int = 10
    delay: Duration | None = None


class LogisticBelief:
    """r in [0, 1], of mean sigma(c_a + theta_a . (1, x) + beta . phi(x, a)): Bayesian logistic regression.

    c_a are the log-odds of the prior's rate. Each row is replaced by a parabola at log-odds t, of precision
    w = sigma(t) (1 - sigma(t)) and moment w (t - c_a) + r - sigma(t). Their sums are those of a linear belief
    with noise 1, and so are the posteriors, of log-odds: the Laplace approximation. With `diagonal` covariance each
    coefficient has a mean and a precision of its own.

    t is where the batch, with the state as its prior, is likeliest: found by Newton's method, at most `repeat`
    steps. So evidence depends on the state that it is for. At one state it adds up, in any batching, to rounding;
    otherwise to first order: what was expanded early stays where it was expanded. A reward that is corrected
    moves the sums by exactly what it would have been, wherever they stand. O(rows d^2) a step.

    Rewards between 0 and 1 count as that share of a success; others are clipped, and counted.

    No bound on the regret is proven for the parabolas. In practice it is that of the best linear ones, or below it,
    where chances are near 0 or 1; it stops holding where the log-odds are not linear in the features.

    Source: Chapelle & Li 2011, algorithm 3, and the same with the full covariance; MacKay 1992.
    """

    family = "logit_normal"
    contextual = True
    exact = False
    bounds = (0.0, 1.0)

    def __init__(
        self,
        design: Design,
        weighing: Weighing,
        delay: Delay | None,
        options: Options,
        foreknown: Foreknown | None,
    ) -> None:
        self._design = design
        self._delay = delay
        self._weighing = weighing
        self._options = options
        self._rates = Rates(options.rate, options.rates)
        form = DiagonalForm if options.covariance == "diagonal" else FullForm
        self._form: FullForm | DiagonalForm = form(design, options.ridge, options.repeat)
        self._prior = None if foreknown is None else self._told(foreknown)

    def init(self) -> Table:
        """No arm has evidence."""
        none, parts = np.zeros(0, np.int64), self._form.nothing()
        by_arm = {OBSERVATIONS: none, CLIPPED: none}
        return self._table([], by_arm, parts, None if self._delay is None else parts)

    def reading(self, state: Table, arms: Arms, time: Time) -> Reading:
        """Posteriors of the log-odds, for any context.

        Raises:
            Bug: more was taken back from an arm than it was taught.
        """
        told, scale = self._at(state, time)
        inner = self._form.reading(told, arms, scale)
        return logistic_reading(inner, self._rates.offsets(arms.ids), self._rates.offset)

    def evidence(self, state: Table, batch: Batch) -> Table:
        """Precisions and moments, added up, expanded where `state` and the batch together lead."""
        arms, codes = batch.numbered
        given = batch.reward / GRID
        reward = np.clip(given, *self.bounds)
        rows = Rows(
            columns=self._design.rows(batch, beside=1).whole,
            codes=codes,
            groups=len(arms),
            reward=reward,
            offset=self._rates.offsets(arms)[codes],
            width=self._design.own_width,
        )
        weights, marks = self._weighing.weights(batch)
        each = np.ones(len(batch)) if weights is None else weights
        time = Time(int(batch.decided.max(initial=0)))
        scale = self._weighing.scale(Table.of([], {}, highest=marks), time)
        waiting = None
        if self._delay is not None:
            waiting = open_rows(self._delay, batch, each, scale, time)
            rows = replace(rows, seen=np.maximum(1.0 - waiting.share, LEAST_SEEN))
        sums_of = self._form.expanded(rows, each * scale, *self._at(state, time), arms)
        rows = replace(rows, seen=None)
        sign = np.ones(len(batch)) if batch.sign is None else batch.sign.astype(np.float64)
        counted = {
            OBSERVATIONS: np.bincount(codes, sign, len(arms)).astype(np.int64),
            CLIPPED: np.bincount(codes, sign * (given != reward), len(arms)).astype(np.int64),
        }
        parts = sums_of(rows, each)
        if waiting is None:
            told = self._table(arms, counted, parts, marks=marks)
            return told if (sign > 0.0).all() else self._forgiven(state, told, time)
        nothing = replace(rows, reward=np.zeros(len(batch)))
        rest = sums_of(nothing, waiting.each)
        return self._table(arms, counted, parts, rest, marks | waiting.marks)

    def _forgiven(self, state: Table, evidence: Table, time: Time) -> Table:
        """`evidence` that leaves no debt: what is taken back here may weigh more than where it was taught."""
        learnt, arms = state + evidence, list(evidence.arms)
        unit = self._weighing.scale(learnt, time)
        owed = self._form.debts(learnt, unit, arms)
        if owed is None:
            return evidence
        columns, shared = ({name: part / unit for name, part in parts.items()} for parts in owed)
        nothing = {name: np.zeros(len(arms), np.int64) for name in (OBSERVATIONS, CLIPPED)}
        return evidence + self._table(arms, nothing, (columns, shared), marks=dict(learnt.highest))

    def absorb(self, state: Table, evidence: Table) -> Table:
        """Sums add up; of an arm of which everything was taken back nothing is left."""
        learnt = state + evidence
        kept = learnt.per_arm[OBSERVATIONS] != 0
        return learnt if kept.all() else learnt.where(kept)

    def _at(self, state: Table, time: Time) -> tuple[Table, float]:
        """The sums that count at `time`, with what was known before, and what a unit of them weighs."""
        scale = self._weighing.scale(state, time)
        if self._delay is not None:
            state, scale = self._delay.seen(state, scale, time), 1.0
        return with_foreknown(state, scale, self._prior)

    def _told(self, foreknown: Foreknown) -> Table:
        """The sums of rows that were never seen, expanded at the log-odds of the mean context."""
        arms, products, coefficients, rewards = foreknown[:4]
        at = self._rates.offsets(arms) + (products[:, 0] * coefficients).sum(axis=1)
        curved, _ = parabola(np.clip(at, -FARTHEST, FARTHEST), at)
        precision = products * (curved * rewards)[:, None, None]
        parts = self._form.foreknown(precision, coefficients, rewards)
        nothing = np.zeros(len(arms), np.int64)
        return self._table(list(arms), {OBSERVATIONS: nothing, CLIPPED: nothing}, parts)

    def _table(
        self,
        arms: list[str],
        counted: Mapping[str, NDArray[Any]],
        parts: Parts,
        rest: Parts | None = None,
        marks: dict[str, int] | None = None,
    ) -> Table:
        """Counts and sums; those of what is open, where something may be, under names of their own."""
        columns, shared = parts
        if rest is not None:
            columns, shared = (
                plain | {OPEN + name: column for name, column in later.items()}
                for plain, later in zip(parts, rest, strict=True)
            )
        return Table.of(arms, {**counted, **columns}, shared, marks)


def build(options: Options, declaration: Declaration) -> LogisticBelief:
    """The logistic belief of a declaration.

    Raises:
        InvalidDeclaration: rewards that may lie outside of [0, 1], coefficients that cannot be shared, or a
            ridge, a rate or a number of steps that cannot be.
    """
    _refuse_rewards(declaration)
    if not LEAST_RIDGE <= options.ridge <= MOST_RIDGE:
        raise InvalidDeclaration(
            f"policy.belief.ridge must lie between {LEAST_RIDGE:g} and {MOST_RIDGE:g}, "
            f"got {options.ridge:g}"
        )
    if not 0 <= options.repeat <= MOST_REPEATS:
        raise InvalidDeclaration(
            f"policy.belief.repeat must lie in 0..{MOST_REPEATS}, got {options.repeat}"
        )
    refuse_rates(options.rate, options.rates, declaration)
    if options.rates and options.sharing == "shared":
        raise InvalidDeclaration(
            "policy.belief.rates must be empty where arms share every coefficient",
            hint="say  rate,  or  sharing: hybrid",
        )
    full = options.covariance == "full"
    design = design_of(declaration, options.sharing, products=full)
    delay = delay_of(declaration, options.delay)
    foreknown = foreknown_of(options.priors, design.own_names, declaration)
    return LogisticBelief(design, weighing_of(declaration), delay, options, foreknown)


def _refuse_rewards(declaration: Declaration) -> None:
    bounds = declaration.reward.bounds()
    if bounds is None or not 0.0 <= bounds[0] <= bounds[1] <= 1.0:
        got = "any" if bounds is None else f"some within [{bounds[0]:g}, {bounds[1]:g}]"
        raise InvalidDeclaration(
            f"belief logistic needs rewards within [0, 1], but reward.events can make {got}",
            hint="declare  reward: {range: [0, 1]}  so that what lies outside is clipped and counted; "
            "or use belief: linear",
        )
