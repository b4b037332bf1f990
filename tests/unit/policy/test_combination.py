"""Combinations: counted exactly, searched well, drawn as often as their propensity says."""

import itertools

import numpy as np
import pytest
from combinations import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from tamesu.base import GRID, Declaration, InvalidDeclaration, InvalidInput, NotFound, Time
from tamesu.base.slots import combination_id
from tamesu.policy import Batch, Choice, compose, explain
from tamesu.policy.combination.appraisal import Appraisal
from tamesu.policy.combination.search import Weights, ascended
from tamesu.policy.combination.space import Among, Space

NOW = Time(1_700_000_000_000_000)
SLOTS = {"title": ["a", "b", "c"], "image": ["x", "y"], "order": ["1", "2", "3", "4"]}
HERO = {
    "name": "hero",
    "slots": SLOTS,
    "pairwise": True,
    "infeasible": [{"title": "a", "image": "x"}, {"image": "y", "order": "4"}],
    "context": {"member": "boolean", "x": {"type": "vector", "size": 2}},
    "interactions": [["member", "title"], ["x", "order"]],
    "seed": 7,
}
CONTEXT = np.array([1.0, 0.5, -2.0])


def policy_of(**changes):
    return compose(Declaration.parse({**HERO, **changes}))


def feasible(slots=SLOTS, infeasible=HERO["infeasible"]):
    every = (dict(zip(slots, each, strict=True)) for each in itertools.product(*slots.values()))
    return [one for one in every if not any(pair.items() <= one.items() for pair in infeasible)]


def batch_of(policy, options, rewards, contexts):
    n = len(options)
    return Batch(
        arm=np.array([combination_id(one) for one in options], dtype=object),
        reward=np.asarray(rewards) * GRID,
        position=np.zeros(n, np.int64),
        propensity=np.ones(n),
        decided=np.full(n, int(NOW)),
        context=contexts,
        features=policy.encoder.arms(options),
    )


def taught(policy, n=300):
    rng = np.random.default_rng(3)
    every = feasible()
    options = [every[i] for i in rng.integers(0, len(every), n)]
    good = [0.1 + 0.5 * (one["title"] == "b" and one["image"] == "y") for one in options]
    batch = batch_of(policy, options, rng.random(n) < good, rng.normal(size=(n, 3)))
    return policy.absorb(policy.init(), policy.evidence(policy.init(), batch))


@settings(max_examples=80, deadline=None)
@given(spaces(), st.randoms(use_true_random=False))
def test_combinations_are_counted_as_a_list_of_them_would_be(space_of, random):
    slots, infeasible = space_of
    space = Space(slots, infeasible)
    rows = np.array([row for row in range(len(space.ids)) if random.random() < 0.9], dtype=np.intp)
    left = {space.ids[row] for row in rows}
    every = [
        one
        for one in feasible(slots, infeasible)
        if all(f"{slot}={option}" in left for slot, option in one.items())
    ]
    if not every:
        with pytest.raises(InvalidInput):
            Among(space, rows)
        return
    among = Among(space, rows)
    assert among.count == len(every)
    names = {combination_id(one) for one in every}
    even = np.zeros(len(space.ids))
    for one in every:
        even[space.places(one)] += 1 / len(every)
    assert np.allclose(among.even, even, atol=1e-12)
    drawn = [among.draw([random.random() for _ in slots]) for _ in range(5)]
    assert {space.named(one) for one in [*drawn, *among.starts]} <= names


def test_every_combination_is_drawn_equally_often():
    """A grid of uniforms, so that nothing is left to chance: counts differ by the grid's edges alone."""
    space = Space(SLOTS, HERO["infeasible"])
    among = Among(space, np.arange(9))
    grid = (np.arange(12) + 0.5) / 12
    counts = {}
    for uniforms in itertools.product(grid, grid, grid):
        name = space.named(among.draw(uniforms))
        counts[name] = counts.get(name, 0) + 1
    share = np.array(list(counts.values())) / 12**3
    assert len(counts) == among.count == len(feasible())
    assert np.abs(share * among.count - 1).max() < 0.25


def test_infeasible_pairs_that_entangle_too_many_slots_are_refused():
    slots = {f"s{i}": [str(j) for j in range(20)] for i in range(12)}
    pairs = [{one: "0", other: "1"} for one, other in itertools.permutations(slots, 2)]
    with pytest.raises(InvalidDeclaration, match="counted"):
        compose(Declaration.parse({"name": "x", "slots": slots, "infeasible": pairs}))


def test_weights_say_what_the_columns_say():
    """The worth of combinations by weights and by joint columns differs by the same number for all."""
    policy = policy_of()
    combiner = policy.combiner
    rng = np.random.default_rng(1)
    coefficients = rng.normal(size=(2, policy.encoder.joint_width))
    rows = np.array([combiner.space.places(one) for one in feasible()])
    columns = combiner.appraisal.columns(rows, CONTEXT)
    told = policy.encoder.joint(np.tile(CONTEXT, (len(rows), 1)), policy.encoder.arms(feasible()))
    assert np.array_equal(columns, told)
    option = combiner.appraisal.options(coefficients, CONTEXT)
    pair = combiner.appraisal.paired(coefficients)
    for draw in range(2):
        worth = option[draw][rows].sum(axis=1)
        for one, other in itertools.combinations(range(3), 2):
            worth += pair[draw][rows[:, one], rows[:, other]]
        apart = columns @ coefficients[draw] - worth
        assert np.abs(apart - apart[0]).max() < 1e-12


def test_an_option_alone_is_the_mean_over_what_stands_beside_it():
    policy = policy_of(infeasible=[])
    appraisal, space = policy.combiner.appraisal, policy.combiner.space
    every = feasible(infeasible=[])
    rows = np.array([space.places(one) for one in every])
    columns = appraisal.columns(rows, CONTEXT)
    for row, name in enumerate(space.ids):
        slot, _, option = name.partition("=")
        mine = [place for place, one in enumerate(every) if one[slot] == option]
        assert np.allclose(appraisal.alone(CONTEXT)[row], columns[mine].mean(axis=0), atol=1e-12)


@pytest.mark.parametrize("explorer", ["thompson", "greedy", "epsilon_greedy", "uniform"])
@pytest.mark.parametrize("explore", [0.0, 0.2])
def test_propensities_of_all_combinations_add_up_to_one(explorer, explore):
    """And those of options to one in every slot; a choice has the propensity that its distribution says."""
    policy = policy_of(policy={"explorer": {"kind": explorer, "explore": explore}})
    names = [combination_id(one) for one in feasible()]
    for state in (policy.init(), taught(policy, 5), taught(policy)):
        prepared = policy.prepare(state, policy.declaration.arm_ids, NOW)
        for number in range(4):
            identity = f"hero.1.{number}"
            among = (1 << len(prepared.arms)) - 1
            found = prepared.found(identity, among, CONTEXT)
            rows = [tuple(policy.combiner.space.places(one)) for one in feasible()]
            shares = dict(zip(names, map(found.propensity, rows), strict=True))
            assert abs(sum(shares.values()) - 1.0) <= 1e-12
            assert min(shares.values()) >= explore / len(names) - 1e-15
            assert min(shares.values()) >= prepared.least - 1e-15
            choice = prepared.choose(identity, None, CONTEXT)
            assert choice.propensities == (shares[choice.arms[0]],)
            options = prepared.propensities(None, identity, 0, CONTEXT)
            for option, share in zip(prepared.arms, options, strict=True):
                mine = sum(p for name, p in shares.items() if option in name.split(","))
                assert share == pytest.approx(mine, abs=1e-12)


def weights_of_the_even_choice(policy, prepared, n, contexts):
    count = len(feasible())
    return np.array(
        [
            1.0
            / (count * prepared.choose(f"hero.1.{number}", None, contexts[number]).propensities[0])
            for number in range(n)
        ]
    )


def test_the_mean_weight_of_the_even_choice_is_one():
    """Over 1,500 decisions within 5 standard errors (false alarm 6e-7), as their propensities are true."""
    policy = policy_of()
    prepared = policy.prepare(taught(policy), policy.declaration.arm_ids, NOW)
    contexts = np.random.default_rng(5).normal(size=(1_500, 3))
    weights = weights_of_the_even_choice(policy, prepared, 1_500, contexts)
    error = weights.std() / np.sqrt(len(weights))
    assert abs(weights.mean() - 1.0) <= 5 * error


def test_combinations_are_chosen_as_often_as_they_say():
    """Sum over decisions of the propensity of each against its count, within 5.5 deviations each (1e-6)."""
    policy = policy_of(context={}, interactions=[])
    prepared = policy.prepare(policy.init(), policy.declaration.arm_ids, NOW)
    n = 3_000
    choices = prepared.choose_many([f"hero.1.{number}" for number in range(n)])
    counts = np.bincount(choices.rows[:, 0], minlength=len(choices.names))
    expected, variance = np.zeros(len(counts)), np.zeros(len(counts))
    space, among = policy.combiner.space, (1 << len(prepared.arms)) - 1
    rows = [
        tuple(space.places(dict(part.split("=") for part in name.split(","))))
        for name in choices.names
    ]
    for number in range(n):
        found = prepared.found(f"hero.1.{number}", among, np.empty(0))
        shares = np.array([found.propensity(row) for row in rows])
        expected += shares
        variance += shares * (1 - shares)
    assert np.abs((counts - expected) / np.sqrt(variance)).max() <= 5.5


def test_many_are_as_one_by_one_and_the_same_id_chooses_the_same():
    policy = policy_of()
    arms = policy.declaration.arm_ids
    state = taught(policy)
    ids = [f"hero.1.{number}" for number in range(30)]
    contexts = np.random.default_rng(6).normal(size=(30, 3))
    many = policy.prepare(state, arms, NOW).choose_many(ids, None, contexts)
    other = policy.prepare(policy.decode(policy.encode(state)), arms, NOW)
    for number, identity in enumerate(ids):
        one = other.choose(identity, None, contexts[number])
        assert many.names[many.rows[number, 0]] == one.arms[0]
        assert many.propensities[number, 0] == one.propensities[0]


def test_explain_shows_the_options_of_what_was_delivered():
    policy = policy_of()
    state = taught(policy)
    prepared = policy.prepare(state, policy.declaration.arm_ids, NOW)
    choice = prepared.choose("hero.1.x", None, CONTEXT)
    told = explain(
        policy=policy,
        state=state,
        prepared=prepared,
        time=NOW,
        decision_id="hero.1.x",
        eligible=None,
        delivered=Choice(choice.arms, choice.propensities, choice.scores, choice.draws),
        context=CONTEXT,
    )
    assert told.same
    assert [row.arm for row in told.arms if row.delivered == 0] == choice.arms[0].split(",")


def test_evidence_adds_up_and_a_correction_takes_back():
    policy = policy_of()
    rng = np.random.default_rng(8)
    every = feasible()
    options = [every[i] for i in rng.integers(0, len(every), 60)]
    contexts = rng.normal(size=(60, 3))
    rewards = rng.integers(0, 2, 60)
    init = policy.init()

    def of(rows, values):
        return policy.evidence(
            init, batch_of(policy, [options[i] for i in rows], values, contexts[rows])
        )

    whole = of(np.arange(60), rewards)
    parts = of(np.arange(20), rewards[:20]) + of(np.arange(20, 60), rewards[20:])
    wrong = rewards.copy()
    wrong[7] = 1 - wrong[7]
    late = of(np.arange(60), wrong) + (
        of(np.array([7]), rewards[[7]]) - of(np.array([7]), wrong[[7]])
    )
    arms = policy.declaration.arm_ids
    means = [
        policy.means(policy.absorb(init, evidence), arms, NOW) for evidence in (whole, parts, late)
    ]
    assert np.allclose(means[0], means[1], rtol=1e-10)
    assert np.allclose(means[0], means[2], rtol=1e-10)


def test_it_learns_which_combination_is_best():
    policy = policy_of(context={}, interactions=[], policy={"explorer": "greedy"})
    rng = np.random.default_rng(9)
    every = feasible()
    options = [every[i] for i in rng.integers(0, len(every), 2_000)]
    good = [one["title"] == "c" and one["image"] == "y" and one["order"] == "2" for one in options]
    batch = batch_of(policy, options, np.asarray(good) * 1, np.empty((2_000, 0)))
    state = policy.absorb(policy.init(), policy.evidence(policy.init(), batch))
    choice = policy.prepare(state, policy.declaration.arm_ids, NOW).choose("hero.1.x")
    assert choice.arms == ("title=c,image=y,order=2",)
    assert choice.propensities == (1.0,)


def test_a_million_combinations_are_never_listed():
    """Six slots of ten options with all pairs: chosen with the propensity, of which an even share is 1e-6."""
    slots = {f"s{i}": [str(j) for j in range(10)] for i in range(6)}
    policy = policy_of(slots=slots, infeasible=[], context={}, interactions=[])
    prepared = policy.prepare(policy.init(), policy.declaration.arm_ids, NOW)
    choice = prepared.choose("hero.1.x")
    share = choice.propensities[0] - 1e-6 / 65
    assert share * 65 == pytest.approx(round(share * 65), abs=1e-9)
    assert round(share * 65) in range(65)


@pytest.mark.parametrize(
    ("eligible", "error"),
    [
        ([], InvalidInput),
        (["title=a"], InvalidInput),
        (["title=a", "image=x", "order=1"], InvalidInput),
        (["title=a", "title=a", "image=y", "order=1"], InvalidInput),
        (["title=a", "image=q", "order=1"], NotFound),
    ],
)
def test_options_that_leave_no_combination_are_refused(eligible, error):
    policy = policy_of()
    prepared = policy.prepare(policy.init(), policy.declaration.arm_ids, NOW)
    with pytest.raises(error):
        prepared.choose("hero.1.x", eligible, CONTEXT)


@pytest.mark.parametrize("size", [1e-150, 1e150])
def test_extreme_coefficients_give_finite_propensities(size):
    space = Space(SLOTS, [])
    among = Among(space, np.arange(9))
    option = np.random.default_rng(0).normal(size=(4, 9)) * size
    ends = ascended(Weights(option, None), space.slot_of, among.allowed, None, among.starts)
    best = [option[:, :3].argmax(1), 3 + option[:, 3:5].argmax(1), 5 + option[:, 5:].argmax(1)]
    assert np.array_equal(ends.best(), np.stack(best, axis=1))


def test_pairs_come_in_any_order():
    """An interaction that names a later slot first, and one of slots alone, without `pairwise`."""
    policy = policy_of(pairwise=False, interactions=[["order", "title"], ["member", "image"]])
    rows = np.array([policy.combiner.space.places(one) for one in feasible()])
    told = policy.encoder.joint(np.tile(CONTEXT, (len(rows), 1)), policy.encoder.arms(feasible()))
    assert np.array_equal(policy.combiner.appraisal.columns(rows, CONTEXT), told)
    assert isinstance(policy.combiner.appraisal, Appraisal)


@pytest.mark.parametrize("explorer", ["thompson", "greedy", "uniform"])
def test_a_combination_is_as_likely_as_it_is_drawn_with(explorer):
    """All of them add up to 1; what cannot be delivered has nothing."""
    policy = policy_of(policy={"explorer": {"kind": explorer, "explore": 0.1}})
    prepared = policy.prepare(taught(policy), policy.declaration.arm_ids, NOW)
    every = [combination_id(one) for one in feasible()]
    for id_ in ("hero.1.a", "hero.1.b"):
        choice = prepared.choose(id_, None, CONTEXT)
        assert prepared.placed(id_, choice.arms, None, CONTEXT) == choice.propensities
        shares = [prepared.placed(id_, [one], None, CONTEXT)[0] for one in every]
        assert sum(shares) == pytest.approx(1.0, abs=1e-12)
        options = prepared.propensities_many([id_], None, CONTEXT[None])
        assert options[0].tolist() == prepared.propensities(None, id_, 0, CONTEXT).tolist()
    some = [one for one in policy.declaration.arm_ids if one != "title=c"]
    nothing = ["title=c,image=x,order=1", "title=a,image=x,order=1", "title=b", "of another kind"]
    for one in nothing:
        assert prepared.placed("hero.1.a", [one], some, CONTEXT) == (0.0,)
