"""What an archive says of a bandit's decisions, and what candidates would have done in them."""

from __future__ import annotations

import numpy as np
import pytest
from served import SHOP_IN_CONTEXTS, Served, archived, drawn

from tamesu.base import Declaration, Draft, InvalidInput, NoSupport, NotFound, Time
from tamesu.engine import (
    Along,
    Candidates,
    Remade,
    as_logged,
)
from tamesu.evaluate import (
    Frozen,
    Tabled,
    contrast_of,
    estimator_of,
    normal,
    table_of,
    value,
)
from tamesu.policy import compose

ARMS = ["a", "b", "c"]
WORTH = {"a": (0.3, 0.0), "b": (0.0, 0.3), "c": (-0.1, 0.1)}


def chance(context, arm):
    """Of a click."""
    return 0.4 + float(np.dot(WORTH[arm], context["x"]))


@pytest.fixture(scope="module")
def shop():
    """Two thousand decisions of a bandit that learns."""
    served = Served(SHOP_IN_CONTEXTS, chance, drawn)
    served.serve(2_000)
    served.rest()
    return served


def tabled(logged, candidate):
    return table_of(logged, candidate.pieces())


def estimates(logged, target, *names):
    contrast = contrast_of(logged.rounds(), target)
    return [value(estimator_of(name).contributions(contrast)) for name in names]


def test_every_decision_is_told_as_it_was(shop):
    logged = archived(shop).logged()
    assert len(logged) == 2_000
    assert sum(logged.left_out.values()) == 0
    rounds = logged.rounds()
    assert rounds.arms == tuple(ARMS)
    for row in range(0, 2_000, 97):
        known = shop.truth[logged.ids[row]]
        assert rounds.arms[rounds.chosen[row]] == known["arms"][0]
        assert rounds.propensity[row] == known["propensities"][0]
        assert rounds.reward[row] == known["clicked"][0]
        assert rounds.context[row].tolist() == known["context"]["x"]
    assert (np.diff(rounds.decided) > 0).all()


def test_the_logging_policy_has_weights_of_exactly_one(shop):
    """Made again from the snapshots that decided, it is what was logged to the bit."""
    logged = archived(shop).logged()
    remade = Remade(logged, shop.store, shop.archive, "shop")
    table = tabled(logged, remade)
    assert as_logged(logged, table).max() == 0.0
    assert remade.gone == 0
    contrast = contrast_of(logged.rounds(), Tabled(table))
    assert contrast.weight.tolist() == [1.0] * 2_000
    mean = logged.rounds().reward.mean()
    assert estimates(logged, Tabled(table), "ips", "snips") == [mean, mean]


def test_a_better_policy_is_found_to_be_better(shop):
    """Frozen at a prior that knows the truth: its value lies in its interval, above what the log earned."""
    logged = archived(shop).logged()

    class Knowing:
        arms = tuple(ARMS)

        def propensities_many(self, ids, eligible, contexts):
            worth = contexts @ np.array([WORTH[arm] for arm in ARMS]).T
            return np.eye(3)[worth.argmax(axis=1)] * 0.9 + 0.1 / 3

    target = Frozen(logged, compose(Declaration.parse(SHOP_IN_CONTEXTS)), Knowing())
    contexts = np.array([known["context"]["x"] for known in shop.truth.values()])
    worth = 0.4 + contexts @ np.array([WORTH[arm] for arm in ARMS]).T
    true = (0.9 * worth.max(axis=1) + 0.1 * worth.mean(axis=1)).mean()
    rounds = logged.rounds()
    for name in ("ips", "snips"):
        statistic = estimator_of(name).contributions(contrast_of(rounds, target))
        low, high = normal(statistic, rounds.cluster, 1 - 1e-6)
        assert low < true < high
        assert value(statistic) > rounds.reward.mean()


def test_what_learns_along_the_log_knows_nothing_of_what_is_to_come(shop):
    """Of the first decisions it knows as little as its prior; and later outcomes change nothing before them."""
    decisions = archived(shop)
    logged = decisions.logged()
    declaration = decisions.declaration
    whole = decisions.observations(decisions.known)
    along = Along(logged, declaration, whole, dict(decisions.rewards), every=100)
    table = tabled(logged, along)
    half = Time(int(logged.decided[1_000]))
    known = [rows.take(rows.closed < half) for rows in whole]
    other = Along(logged, declaration, known, dict(decisions.rewards), every=100)
    again = tabled(logged, other)
    assert np.array_equal(table[:1_100], again[:1_100])
    assert not np.array_equal(table[1_100:], again[1_100:])
    policy = compose(declaration)
    prior = Frozen(logged, policy, policy.prepare(policy.init(), ARMS, Time(0)))
    assert np.array_equal(table[:10], prior(logged.rounds())[:10])
    assert 1_500 < along.learnt < 2_000


def test_a_candidate_must_be_able_to_stand_there(shop):
    logged = archived(shop).logged()

    def frozen(**changes):
        policy = compose(Declaration.parse({**SHOP_IN_CONTEXTS, **changes}))
        return Frozen(
            logged, policy, policy.prepare(policy.init(), policy.declaration.arm_ids, Time(0))
        )

    with pytest.raises(NoSupport, match="these never were: 'd'"):
        frozen(arms=[*ARMS, "d"])
    with pytest.raises(NoSupport, match="as many arms as the bandit, 1, got 2"):
        frozen(layout={"kind": "slate", "size": 2})
    with pytest.raises(NoSupport, match=r"contexts must be among what was recorded: .*'y'"):
        frozen(context={"y": {"type": "vector", "size": 2}})
    some = frozen(arms=["a", "c"])(logged.rounds())
    assert np.abs(some.sum(axis=1) - 1).max() < 1e-12
    assert some[:, 1].max() == 0.0


@pytest.fixture(scope="module")
def candidates(shop):
    decisions = archived(shop)
    return Candidates(decisions, decisions.logged())


def judged(candidate, name="ips"):
    rounds = candidate.logged.rounds()
    statistic = estimator_of(name).contributions(contrast_of(rounds, candidate.target))
    return value(statistic), normal(statistic, rounds.cluster, 1 - 1e-6)


def test_the_logging_policy_is_a_candidate(candidates):
    logging = candidates.logging()
    assert logging.told == {"apart": 0.0, "gone": 0}
    assert judged(logging)[0] == logging.logged.rounds().reward.mean()


def test_a_snapshot_is_judged_by_what_came_after_it(shop, candidates):
    version = shop.store.versions()["shop"] // 2
    snapshot = candidates.snapshot(version)
    watermark = shop.store.snapshot("shop", version).watermark
    assert snapshot.logged.decided.min() > watermark
    assert len(snapshot.logged) + snapshot.logged.left_out["before"] == 2_000
    assert 500 < len(snapshot.logged) < 1_500
    declared = candidates.declared(Declaration.parse(SHOP_IN_CONTEXTS), version)
    rounds = snapshot.logged.rounds()
    assert np.array_equal(snapshot.target(rounds), declared.target(rounds))
    assert (
        declared.told
        == snapshot.told
        == {
            "snapshot": version,
            "observations": shop.store.snapshot("shop", version).observations,
        }
    )
    with pytest.raises(NoSupport, match="made after what the candidate has learnt from"):
        candidates.snapshot()
    with pytest.raises(NotFound, match="no snapshot 9999 of bandit 'shop'"):
        candidates.snapshot(9_999)
    other = Declaration.parse(
        {**SHOP_IN_CONTEXTS, "policy": {"belief": {"kind": "linear", "ridge": 3.0}}}
    )
    with pytest.raises(NoSupport, match=f"snapshot {version} has learnt"):
        candidates.declared(other, version)


def saying(answer):
    """A candidate that answers the same, or raises it."""

    def policy(context, arms):
        if isinstance(answer, Exception):
            raise answer
        return answer

    return policy


def test_a_function_may_answer_in_three_ways(candidates):
    for answer in ("a", {"a": 1}, [1.0, 0, 0]):
        one = candidates.called(saying(answer), "mine:policy")
        rounds = one.logged.rounds()
        assert one.target(rounds).tolist() == [[1.0, 0.0, 0.0]] * len(rounds)


def test_a_function_knows_the_context(shop, candidates):
    def best(context, arms):
        return max(arms, key=lambda arm: chance(context, arm))

    estimate, (low, high) = judged(candidates.called(best, "best"))
    contexts = np.array([known["context"]["x"] for known in shop.truth.values()])
    true = (0.4 + contexts @ np.array([WORTH[arm] for arm in ARMS]).T).max(axis=1).mean()
    assert low < true < high
    assert estimate > candidates.logging().logged.rounds().reward.mean()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("nobody", r"among the arms that it is given, got 'nobody'"),
        ([0.5, 0.5], "for each of 3 arms, got 2"),
        ([0.5, 0.4, 0.0], "sum of 0.9"),
        ([1.5, -0.5, 0.0], r"lie in \[0, 1\]"),
        ([float("nan")] * 3, "sum of nan"),
        (None, "got NoneType"),
        (True, "got bool"),
        (["x", "y", "z"], "got list"),
        (KeyError(), "it raised KeyError"),
    ],
)
def test_a_function_that_answers_nonsense_is_told_so(candidates, answer, message):
    candidate = candidates.called(saying(answer), "mine:policy")
    with pytest.raises(InvalidInput, match=f"mine:policy must .*{message}"):
        candidate.target(candidate.logged.rounds())


def test_distributions_of_snapshots_that_are_gone_are_refused(shop):
    candidates = Candidates(archived(shop), archived(shop).logged())
    candidate = candidates.logging()
    candidate.logged.version[:3] = 999_999
    with pytest.raises(NoSupport, match="of 3 of 2,000 its snapshot is gone"):
        candidates.distributions(candidate)


def worth(logged):
    """(n, 3) expected rewards of the arms in the contexts of these decisions."""
    contexts = np.array([context["x"] for context in logged.contexts])
    return 0.4 + contexts @ np.array([WORTH[arm] for arm in ARMS]).T


KEENER = {
    "greedy": {"belief": "linear", "explorer": {"kind": "greedy", "explore": 0.1}},
    "drawn": {"belief": {"kind": "linear", "sharing": "hybrid"}, "explorer": "thompson"},
    "logistic": {"belief": "logistic", "explorer": "randomized_ucb"},
    "even": {"belief": "beta", "explorer": "uniform"},
}


@pytest.mark.parametrize("name", KEENER)
@pytest.mark.parametrize("at", ["along", "prior"])
def test_what_a_declaration_would_have_earned_is_met_within_its_error(candidates, name, at):
    """The truth is that of what it would have chosen, decision by decision, whatever it had learnt by then."""
    features = {"f": {"type": "vector", "size": 3}}
    arms = [
        {"id": arm, "features": {"f": row}}
        for arm, row in zip(ARMS, np.eye(3).tolist(), strict=True)
    ]
    declared = {**SHOP_IN_CONTEXTS, "policy": KEENER[name]}
    if name == "drawn":
        declared |= {"arm_features": features, "arms": arms, "interactions": [["x", "f"]]}
    declaration = Declaration.parse(declared)
    if at == "along":
        candidate = candidates.along(declaration, every=100)
    else:
        candidate = candidates.declared(declaration)
    shares = candidate.target(candidate.logged.rounds())
    true = (shares * worth(candidate.logged)).sum(axis=1).mean()
    for estimator in ("ips", "snips"):
        low, high = judged(candidate, estimator)[1]
        assert low < true < high
    weights = contrast_of(candidate.logged.rounds(), candidate.target).weight
    assert abs(weights.mean() - 1.0) < 5.5 * weights.std() / len(weights) ** 0.5


@pytest.fixture(scope="module")
def drawing():
    """A bandit whose every decision has draws, and so a distribution, of its own."""
    features = {"f": {"type": "vector", "size": 3}}
    arms = [
        {"id": arm, "features": {"f": row}}
        for arm, row in zip(ARMS, np.eye(3).tolist(), strict=True)
    ]
    declared = {
        **SHOP_IN_CONTEXTS,
        "arm_features": features,
        "arms": arms,
        "interactions": [["x", "f"]],
    }
    declared["policy"] = {
        "belief": {"kind": "linear", "sharing": "hybrid"},
        "explorer": {"kind": "thompson", "draws": 8},
    }
    one = Served(declared, chance, drawn)
    one.serve(1_000)
    one.rest()
    return one, declared


def test_draws_are_those_of_the_decision(drawing):
    """Made again to the last bits; another policy that draws from the same stream has weights of the mean 1."""
    one, declared = drawing
    decisions = archived(one)
    logged = decisions.logged()
    candidates = Candidates(decisions, logged)
    logging = candidates.logging()
    assert logging.told["apart"] < 1e-12
    assert contrast_of(logged.rounds(), logging.target).weight.tolist() == [1.0] * 1_000
    explorer = {"kind": "thompson", "draws": 5}
    other = {**declared, "policy": {**declared["policy"], "explorer": explorer}}
    version = one.store.versions()["shop"] // 3
    for seed in (7, 8):
        candidate = candidates.declared(Declaration.parse({**other, "seed": seed}), version)
        rounds = candidate.logged.rounds()
        weights = contrast_of(rounds, candidate.target).weight
        assert len(rounds) > 500
        assert abs(weights.mean() - 1.0) < 5.5 * weights.std() / len(weights) ** 0.5
        shares = candidate.target(rounds)
        true = (shares * worth(candidate.logged)).sum(axis=1).mean()
        low, high = judged(candidate)[1]
        assert low < true < high


def test_a_decision_that_was_recorded_again_is_one():
    """As servers do where a sticky unit, or a request that was sent again, gets its decision again."""
    one = Served({**SHOP_IN_CONTEXTS, "context": {}, "policy": {"belief": "beta"}}, lambda *_: 0.5)
    one.serve(20)
    again = [entry for entry in one.log.read(0, 0, 1_000) if entry.kind == "decision"][:7]
    one.log.append([Draft(entry.key, entry.kind, entry.body) for entry in again])
    one.rest()
    logged = archived(one).logged()
    assert len(logged) == 20
    assert sum(logged.left_out.values()) == 0


def test_what_a_candidate_cannot_learn_is_counted():
    """A click was worth a half: a belief in rates learns who did not click, and nobody who did."""
    half = {**SHOP_IN_CONTEXTS["reward"], "events": {"click": 0.5}}
    one = Served(
        {**SHOP_IN_CONTEXTS, "context": {}, "policy": {"belief": "gaussian"}, "reward": half},
        lambda *_: 0.5,
    )
    one.serve(100)
    one.rest()
    one.serve(1)
    one.rest()
    decisions = archived(one)
    rates = {**SHOP_IN_CONTEXTS, "context": {}, "policy": {"belief": "beta"}}
    learner = Candidates(decisions, decisions.logged()).along(Declaration.parse(rates), every=1)
    clicks = sum(known["clicked"][0] for known in list(one.truth.values())[:100])
    assert learner.told == {"observations": 100 - clicks, "unlearnt": clicks}
