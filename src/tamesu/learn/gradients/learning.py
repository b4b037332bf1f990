"""The way through the room: rounds and a plan in, a policy out.

Refuses rounds without a context, negative rewards for likelihood, and to let a reward model be asked of rounds that
it learnt from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import torch

from tamesu.base import InvalidInput, NoSupport
from tamesu.base.feature import POSITION, Categorical, Hashed, Schema, Vector, width_of
from tamesu.evaluate import RewardModel, Rounds, Shares, cross_fitted
from tamesu.learn.gradients.checkpoint import Checkpoint
from tamesu.learn.gradients.expecting import expecting
from tamesu.learn.gradients.held_out import Places, apart, by_estimate, by_loss
from tamesu.learn.gradients.learnt import Learnt
from tamesu.learn.gradients.rows import Floats, Rows, rows_of
from tamesu.learn.gradients.training import Guess, Judge, Trained, trained
from tamesu.learn.plan import Plan
from tamesu.learn.progress import Tell, silent
from tamesu.policy.towers import TwoTower


def learnt_from(  # noqa: PLR0913 - what may be known of rounds
    rounds: Rounds,
    plan: Plan,
    *,
    context: Schema | None = None,
    arm_features: Schema | None = None,
    model: RewardModel | None = None,
    tell: Tell = silent,
    checkpoints: Path | None = None,
) -> Learnt:
    """A policy that climbed what `plan` says in those rounds.

    Args:
        rounds: as logged, with a context.
        plan: how.
        context: the schema of their columns, whose categories are embedded; none for numbers.
        arm_features: that of the arms' columns.
        model: of rewards, for doubly robust; none for two towers by regression. It is cross-fitted either way.
        tell: is told of each epoch.
        checkpoints: a folder; learning that was cut short goes on there.

    Raises:
        NoSupport: no context, or too few rounds to hold some out.
        InvalidInput: rewards or a schema that do not fit.
    """
    context, arm_features = _schemas(rounds, context, arm_features)
    rounds = _narrowed(rounds, context, arm_features)
    _refuse_unfit(rounds, plan)
    rows = rows_of(rounds, plan, _fields(context), _fields(arm_features))
    learnt, held = apart(rounds, plan.held_out)
    mine, others = rows.take(torch.as_tensor(learnt)), rows.take(torch.as_tensor(held))
    checkpoint = None
    if checkpoints is not None:
        checkpoint = Checkpoint(checkpoints, _digest(rounds, plan, rows))
    guess, predicted = _model(rounds, plan, learnt, mine, model, tell, checkpoint)
    climb = partial(trained, rows=mine, seed=plan.seed, tell=tell, checkpoint=checkpoint)
    if plan.estimator == "regression":
        found = climb("policy", plan=plan, judge=by_loss(others))
    else:
        judge = by_estimate(rounds.take(held), predicted)
        ways = plan.climbed().items()
        tried = [climb(name, plan=way, judge=judge, guess=guess) for name, way in ways]
        if plan.twice:
            start = climb("start", plan=plan.as_regression(), judge=by_loss(others)).towers
            again = partial(climb, judge=judge, guess=guess, start=start)
            tried += [again(f"{name} from it", plan=way) for name, way in ways]
        served = (_sharpened(one, plan, judge) for one in tried)
        found = max(served, key=lambda one: one.judged.worth)
    policy = _arrays(found, rounds, plan, context, arm_features)
    return Learnt(policy, plan, found.judged, found.epoch, found.stopped)


def _model(  # noqa: PLR0913, PLR0917 - what may be known of rounds
    rounds: Rounds,
    plan: Plan,
    learnt: Places,
    mine: Rows,
    model: RewardModel | None,
    tell: Tell,
    checkpoint: Checkpoint | None,
) -> tuple[Guess | None, Shares | None]:
    """What is expected of rounds that are learnt from, and of those that are held out."""
    if plan.estimator != "dr":
        return None, None
    if model is None:
        towers = expecting(rounds.take(learnt), mine, plan, tell, checkpoint)
        if len(mine) * mine.arms > MOST_HELD:
            return towers.guess, towers.of_others
        parts = torch.arange(len(mine), device=plan.device).split(plan.batch)  # type: ignore[no-untyped-call]  # PyTorch has no type for it
        table = torch.cat([towers.guess(part, None) for part in parts])
        return _tabled(table), towers.of_others
    expected = cross_fitted(rounds.take(learnt), model, plan.folds) / mine.unit
    table = torch.as_tensor(expected.astype(np.float32), device=plan.device)
    return _tabled(table), model(rounds.take(learnt))


MOST_HELD = 1 << 25
"""Expected rewards that are kept, 128 MiB; beyond they are asked for, batch by batch."""


def _tabled(table: torch.Tensor) -> Guess:
    """Looks it up."""

    def guess(rows: torch.Tensor, arms: torch.Tensor | None) -> torch.Tensor:
        return table[rows] if arms is None else table[rows[:, None], arms]

    return guess


def _schemas(
    rounds: Rounds, context: Schema | None, arm_features: Schema | None
) -> tuple[Schema, Schema]:
    """Those given, or one vector of numbers each."""
    width, told = rounds.context.shape[1], rounds.features.shape[1]
    if not width:
        raise NoSupport(
            "a policy over contexts needs rounds with a context, got none",
            hint="without one the best policy is the arm with the best mean",
        )
    context = {POSITION: Vector(size=width)} if context is None else context
    if arm_features is None:
        arm_features = {POSITION: Vector(size=told)} if told else {}
    return context, arm_features


def _narrowed(rounds: Rounds, context: Schema, arm_features: Schema) -> Rounds:
    """Without columns of interactions, which stand last: layers make their own."""
    wide, told = (sum(map(width_of, schema.values())) for schema in (context, arm_features))
    if rounds.context.shape[1] < wide or rounds.features.shape[1] < told:
        raise InvalidInput(
            f"rounds must have the columns of the schema, {wide} of a context and {told} of an arm, "
            f"got {rounds.context.shape[1]} and {rounds.features.shape[1]}"
        )
    return replace(rounds, context=rounds.context[:, :wide], features=rounds.features[:, :told])


def _refuse_unfit(rounds: Rounds, plan: Plan) -> None:
    if plan.estimator == "likelihood" and (rounds.reward < 0).any():
        raise InvalidInput(
            f"likelihood needs rewards of at least 0, got {rounds.reward.min():g}",
            hint="weigh events by numbers of at least 0, or take ips or dr",
        )
    if len(rounds.arms) < 2:  # noqa: PLR2004 - nothing to choose
        raise NoSupport(f"a policy needs at least 2 arms, got {len(rounds.arms)}")
    _refuse_far("a context", rounds.context)
    _refuse_far("an arm", rounds.features)
    try:
        torch.empty(0, device=plan.device)
    except (RuntimeError, AssertionError) as problem:
        raise InvalidInput(
            f"device must be one that PyTorch has here, got {plan.device!r}",
            hint="cpu is always there",
        ) from problem


def _refuse_far(what: str, columns: Floats) -> None:
    """Raises where single precision could not tell the values of a column apart."""
    centre, spread = np.abs(columns.mean(axis=0)), columns.std(axis=0)
    varies = columns.max(axis=0) > columns.min(axis=0)
    far = (np.abs(columns).max(axis=0) > LARGEST) | (varies & (centre > FAR * spread))
    if far.any():
        raise InvalidInput(
            f"the columns of {what} must lie within {LARGEST:g} and vary by more than {1 / FAR:g} of "
            f"what they are, column {int(far.argmax())} does not",
            hint="take its mean away, or declare its range: encoded numbers lie in [-1, 1]",
        )


LARGEST = 1e15
"""Of a column: its square is far from the largest number in single precision."""

FAR = 1e4
"""How many deviations a column's mean may be from 0: 1,000 steps of single precision are left for one."""


def _fields(schema: Schema) -> tuple[slice, ...]:
    """Where the columns of categories are."""
    return tuple(_categories(schema))


def _categories(schema: Schema) -> Iterator[slice]:
    at = 0
    for feature in schema.values():
        width = width_of(feature)
        if isinstance(feature, Categorical | Hashed):
            yield slice(at, at + width)
        at += width


SHARPER = (1.0, 0.5, 0.25, 0.1)
"""Shares of a temperature that are tried when all is learnt."""


def _sharpened(found: Trained, plan: Plan, judge: Judge) -> Trained:
    """At the temperature that what is held out likes best; as it is where one was named."""
    if plan.temperature is not None:
        return found
    heat, tried = found.towers.temperature, []
    for share in SHARPER:
        found.towers.temperature = heat * share
        tried.append((found._replace(judged=judge(found.towers)), heat * share))
    best, found.towers.temperature = max(tried, key=lambda one: one[0].judged.worth)
    return best


def _arrays(
    found: Trained, rounds: Rounds, plan: Plan, context: Schema, arm_features: Schema
) -> TwoTower:
    towers = found.towers
    with torch.no_grad():
        embeddings = towers.items().cpu().numpy().astype(np.float32)
    return TwoTower(
        context=context,
        arm_features=arm_features,
        query=towers.query.arrays(),
        item=None if towers.item is None else towers.item.arrays(),
        arms=rounds.arms,
        embeddings=embeddings,
        temperature=plan.heat(warm=False) if plan.estimator == "regression" else towers.temperature,
        learnt={
            "estimator": plan.estimator,
            "seed": plan.seed,
            "rounds": len(rounds),
            "epoch": found.epoch,
            "held_out": found.judged.value,
        },
    )


def _digest(rounds: Rounds, plan: Plan, rows: Rows) -> str:
    """Of what is learnt from what."""
    told = hashlib.sha256(msgspec.json.encode(plan))
    told.update(repr((rounds.arms, rows.fields, rows.arm_fields)).encode())
    eligible = np.empty(0) if rounds.eligible is None else rounds.eligible
    one_by_one = rounds.chosen, rounds.reward, rounds.propensity, rounds.cluster
    for column in (*one_by_one, rounds.context, rounds.features, eligible):
        told.update(np.ascontiguousarray(column).tobytes())
    return told.hexdigest()
