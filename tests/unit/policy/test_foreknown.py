"""Priors of the coefficients of single arms: rows that were never seen."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.base import GRID, Declaration, InvalidDeclaration, Time
from tamesu.policy import Batch, compose
from tamesu.policy.contract import Arms

ARMS = ("a", "b", "c")
NAMES = ("1", "x[0]", "x[1]", "x[2]")
DAY = 86_400_000_000


def policy_of(kind="linear", priors=None, half_life=None, **belief):
    belief = {"kind": kind, **belief, **({} if priors is None else {"priors": priors})}
    given = {
        "name": "x",
        "seed": 1,
        "arms": [{"id": arm, "features": {"f": place / 2}} for place, arm in enumerate(ARMS)],
        "arm_features": {"f": {"type": "numeric", "range": [0, 1]}},
        "context": 3,
        "reward": {"range": [0, 1]} if kind == "logistic" else {},
        "policy": {
            "belief": belief,
            **({"forgetting": {"half_life": half_life}} if half_life else {}),
        },
    }
    return compose(Declaration.parse(given))


def rows_of(seed, n, kind="linear", arms="ab", time=0):
    rng = np.random.default_rng(seed)
    arm, x = rng.choice(list(arms), n), rng.normal(size=(n, 3)) + 0.5
    worth = x @ [0.5, -0.2, 0.1] + (arm == "b")
    reward = worth + 0.5 * rng.normal(size=n)
    if kind == "logistic":
        reward = rng.random(n) < 1 / (1 + np.exp(1 - worth))
    return Batch(
        arm=arm.astype(object),
        reward=np.rint(reward * GRID).astype(np.int64),
        position=np.zeros(n, np.int64),
        propensity=np.ones(n),
        decided=np.full(n, time, np.int64),
        context=x,
        features=np.array([[ARMS.index(one) / 2] for one in arm]),
    )


def learnt(policy, *batches):
    state = policy.init()
    for batch in batches:
        state = policy.absorb(state, policy.evidence(state, batch))
    return state


def priors_of(rows):
    """What `rows` say, by least squares of each arm's own."""
    made = {}
    for arm in sorted(set(rows.arm)):
        mine = rows.arm == arm
        z = np.column_stack([np.ones(mine.sum()), rows.context[mine]])
        reward, n = rows.reward[mine] / GRID, int(mine.sum())
        theta = np.linalg.lstsq(z, reward, rcond=None)[0]
        made[arm] = {
            "rewards": n,
            "coefficients": dict(zip(NAMES, theta.tolist(), strict=True)),
            "products": [row[: i + 1] for i, row in enumerate((z.T @ z / n).tolist())],
            "noise": float(np.mean((reward - z @ theta) ** 2)),
        }
    return made


def told(policy, state, context=(0.3, -0.2, 1.0), time=0):
    arms = Arms(ARMS, np.array([[0.0], [0.5], [1.0]]))
    (belief,), (part,) = policy._beliefs, state.parts
    return belief.reading(part, arms, Time(time)).at(np.array(context))


def assert_alike(one, other, rel=1e-9):
    for mine, theirs in (
        (one.family.mean(), other.family.mean()),
        (one.family.deviation(), other.family.deviation()),
    ):
        assert mine == pytest.approx(theirs, rel=rel)


@pytest.mark.parametrize(
    "belief", [{}, {"noise": 0.25}, {"mean": 0.4}, {"mean": 0.1, "noise": 1.0}]
)
def test_what_a_log_says_is_what_it_would_have_taught(belief):
    """Alone, and with all that is learnt later: nothing is counted as an observation."""
    seen, later = rows_of(1, 120), rows_of(2, 60, arms="abc")
    plain, warm = policy_of(**belief), policy_of(priors=priors_of(seen), **belief)
    assert_alike(told(warm, warm.init()), told(plain, learnt(plain, seen)))
    assert_alike(told(warm, learnt(warm, later)), told(plain, learnt(plain, seen, later)))
    assert told(warm, warm.init()).observations.tolist() == [0, 0, 0]
    assert told(warm, learnt(warm, later)).total == 60
    assert warm.encode(warm.init()) == plain.encode(plain.init())


def test_a_prior_does_not_fade():
    """Thirty half-lives later what was learnt is gone, and the prior is not."""
    warm = policy_of(priors=priors_of(rows_of(1, 120)), half_life="1d")
    start, state = told(warm, warm.init()), learnt(warm, rows_of(3, 50))
    assert told(warm, state).family.mean() != pytest.approx(start.family.mean(), rel=1e-3)
    assert_alike(told(warm, state, time=40 * DAY), start, rel=1e-6)


def test_written_by_hand_each_column_stands_alone():
    """k rewards at theta, with a mean square of 1 in each column: the mean is theta k / (k + ridge)."""
    prior = {"rewards": 30, "coefficients": {"1": 2.0, "x[1]": -1.0}}
    warm = policy_of(priors={"b": prior}, intercept=1, mean=0, noise=1)
    found = told(warm, warm.init())
    assert found.family.mean() == pytest.approx([0.0, (2.0 + 0.2) * 30 / 31, 0.0])
    each = 1 + 0.3**2 + 0.2**2 + 1
    assert found.family.deviation() == pytest.approx(np.sqrt([each, each / 31, each]))


@pytest.mark.parametrize("covariance", ["full", "diagonal"])
@pytest.mark.parametrize("sharing", ["per_arm", "hybrid"])
def test_log_odds_are_expected_beyond_those_of_the_rate(covariance, sharing):
    """100 rewards at log-odds t weigh 100 sigma(t) (1 - sigma(t)) beside the ridge."""
    prior = {"rewards": 100, "coefficients": {"1": 1.5}}
    policy = policy_of("logistic", {"b": prior}, covariance=covariance, sharing=sharing, rate=0.1)
    family = told(policy, policy.init(), (0.0, 0.0, 0.0)).family
    offset = np.log(1 / 9)
    chance = 1 / (1 + np.exp(-offset - 1.5))
    weight = 100 * chance * (1 - chance)
    assert family.location[1] - family.location[0] == pytest.approx(1.5 * weight / (weight + 1))
    own = 1 / (weight + 1)
    shared = {"per_arm": 0.0, "hybrid": 1 + 0.5**2}[sharing]
    assert family.scale[1] == pytest.approx(np.sqrt(own + shared))


def test_logistic_batches_are_expanded_where_the_prior_says():
    """Told what a log of 3,000 rows says of each arm, it stays there while what it learns agrees."""
    plain = policy_of("logistic", repeat=40)
    state = learnt(plain, rows_of(5, 6_000, "logistic"))
    (table,) = state.parts
    priors = {}
    for row, arm in enumerate(table.arms):
        precision, n = table.per_arm["precision"][row], int(table.per_arm["observations"][row])
        theta = np.linalg.solve(precision, table.per_arm["moment"][row])
        products = (precision / precision[0, 0]).tolist()
        priors[arm] = {
            "rewards": n,
            "coefficients": dict(zip(NAMES, theta.tolist(), strict=True)),
            "products": [each[: i + 1] for i, each in enumerate(products)],
        }
    warm = policy_of("logistic", priors, repeat=40)
    start, learns = told(warm, warm.init()), told(plain, state)
    assert start.family.location[:2] == pytest.approx(learns.family.location[:2], abs=0.01)
    assert start.family.scale[:2] == pytest.approx(learns.family.scale[:2], rel=0.15)
    more = rows_of(6, 300, "logistic")
    both, whole = (
        told(warm, learnt(warm, more)),
        told(plain, learnt(plain, more, rows_of(5, 6_000, "logistic"))),
    )
    assert both.family.location[:2] == pytest.approx(whole.family.location[:2], abs=0.05)


@pytest.mark.parametrize(
    ("prior", "says"),
    [
        ({"z": {"rewards": 1}}, "must name declared arms, got 'z'"),
        ({"a": {"rewards": 0}}, "priors.a.rewards must lie above 0"),
        ({"a": {"rewards": 1, "noise": -1}}, "priors.a.noise must lie between 0"),
        ({"a": {"rewards": 1, "coefficients": {"x[3]": 1}}}, r"got 'x\[3\]' \(known: 1, x\[0\]"),
        ({"a": {"rewards": 1, "coefficients": {"1": 1e13}}}, "coefficients.1 must lie between"),
        ({"a": {"rewards": 1, "products": [[1], [0, 1]]}}, "must have 4 rows of 1, 2"),
        (
            {"a": {"rewards": 1, "products": [[1], [2, 1], [0, 0, 1], [0, 0, 0, 1]]}},
            "of no sum of columns may the square be below 0",
        ),
        ({"a": {"reward": 1}}, "reward"),
    ],
)
@pytest.mark.parametrize("kind", ["linear", "logistic"])
def test_what_cannot_be_known_is_refused(kind, prior, says):
    with pytest.raises(InvalidDeclaration, match=says):
        policy_of(kind, prior)


@pytest.mark.parametrize("kind", ["linear", "logistic"])
def test_arms_that_share_every_coefficient_have_no_priors_of_their_own(kind):
    with pytest.raises(InvalidDeclaration, match="must be empty where arms share"):
        policy_of(kind, {"a": {"rewards": 1}}, sharing="shared")
