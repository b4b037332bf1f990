"""Beliefs that were learnt elsewhere, as policies: laws, newcomers, and what is refused by name."""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest
from towers import CONTEXTS, batch_of, declared_towers, told, towers_of

from tamesu.adapters.artefact.folder import write_towers
from tamesu.adapters.index.exact import ExactIndex
from tamesu.adapters.index.usearch import UsearchIndex
from tamesu.base import Declaration, InvalidDeclaration, Time
from tamesu.evaluate import Rounds
from tamesu.learn import target_of
from tamesu.policy import compose

NOW = Time(1_700_000_000_000_000)
ROWS = np.stack([columns for _, columns in CONTEXTS])


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    towers = towers_of(arms=300)
    folder = tmp_path_factory.mktemp("towers") / "one"
    return towers, folder, write_towers(folder, towers)


def parsed(kept, layout="single", **more):
    return Declaration.parse({**declared_towers(*kept, **more), "layout": layout})


def prepared(policy, arms, features=None):
    return policy.prepare(policy.init(), arms, NOW, features)


@pytest.mark.parametrize("index", ["exact", "usearch"])
@pytest.mark.parametrize("eligible", [None, 299, 120, 3, 1])
def test_it_is_a_softmax_over_the_highest_and_a_uniform_part(kept, index, eligible):
    """By hand, for all arms, for some, for fewer than are retrieved; what is chosen has that propensity."""
    towers = kept[0]
    policy = compose(parsed(kept, index=index, most=10, explore=0.1))
    ready = prepared(policy, towers.arms)
    rng = np.random.default_rng(1)
    some = None if eligible is None else rng.choice(towers.arms, eligible, replace=False).tolist()
    among = np.array([some is None or arm in some for arm in towers.arms])
    for context in ROWS:
        shares = towers.shares(context[None], eligible=among[None])[0]
        top = np.argsort(-shares)[: min(10, among.sum())]
        due = among * 0.1 / among.sum()
        due[top] += 0.9 * shares[top] / shares[top].sum()
        got = ready.propensities(some, "a.1.x", context=context)
        assert got == pytest.approx(due, abs=2e-6)
        assert got.sum() == pytest.approx(1.0, abs=1e-12)
        for number in range(20):
            choice = ready.choose(f"a.{number}.x", some, context)
            row = towers.arms.index(choice.arms[0])
            assert choice.propensities[0] == got[row] > 0
            score = (towers.query.of(context[None])[0] @ towers.embeddings[row]) / 0.7
            assert choice.scores[0] == pytest.approx(score, abs=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 4.0])
def test_its_temperature_is_in_units_of_the_score(kept, temperature):
    """What was learnt at 1 is served sharper below, and flatter above."""
    policy = compose(parsed(kept, most=10, explore=0.0, temperature=temperature))
    shares = kept[0].shares(ROWS[:1])[0]
    top = np.argsort(-shares)[:10]
    due = np.zeros(len(shares))
    due[top] = shares[top] ** (1.0 / temperature)
    got = prepared(policy, kept[0].arms).propensities(context=ROWS[0])
    assert got == pytest.approx(due / due.sum(), abs=2e-6)


def test_it_chooses_as_often_as_it_says(kept):
    """6 deviations of 4,000 decisions: by chance once in 10^8 for one of 300 arms."""
    policy = compose(parsed(kept, most=5, explore=0.3))
    ready = prepared(policy, kept[0].arms)
    ids = [f"a.{number}.x" for number in range(4_000)]
    chosen = ready.choose_many(ids, None, np.repeat(ROWS[:1], len(ids), axis=0))
    p = ready.propensities(context=ROWS[0])
    found = np.bincount(chosen.rows[:, 0], minlength=len(p)) / len(ids)
    assert (np.abs(found - p) <= 6 * np.sqrt(p / len(ids)) + 20 / len(ids) ** 1.5).all()
    assert chosen.propensities[:, 0] == pytest.approx(p[chosen.rows[:, 0]], abs=1e-12)
    many = ready.propensities_many(ids[:2], None, ROWS)
    assert many[1] == pytest.approx(ready.propensities(context=ROWS[1]), abs=1e-12)


def test_a_slate_is_drawn_from_what_remains(kept):
    arms = kept[0].arms
    policy = compose(parsed(kept, {"kind": "slate", "size": 4}, index="usearch", most=10))
    ready = prepared(policy, arms)
    for number in range(30):
        choice = ready.choose(f"a.{number}.x", None, ROWS[0])
        left = list(arms)
        for arm, propensity in zip(choice.arms, choice.propensities, strict=True):
            p = ready.propensities(left, f"a.{number}.x", context=ROWS[0])[arms.index(arm)]
            assert p == pytest.approx(propensity, abs=1e-12)
            left.remove(arm)
        assert ready.placed(f"a.{number}.x", choice.arms, None, ROWS[0]) == choice.propensities
        assert len(set(choice.arms)) == 4


@pytest.mark.parametrize("index", ["exact", "usearch"])
@pytest.mark.parametrize("size", [0.0, 1e-300, 1e9, 1e60, 1e300])
def test_extreme_contexts_have_a_distribution(kept, index, size):
    policy = compose(parsed(kept, index=index, most=10, explore=0.1))
    ready = prepared(policy, kept[0].arms)
    for context in (ROWS[0] * size, np.full(5, -size)):
        p = ready.propensities(context=context)
        assert np.isfinite(p).all()
        assert p.sum() == pytest.approx(1.0, abs=1e-12)
        choice = ready.choose("a.1.x", None, context)
        assert np.isfinite(choice.scores[0])
        assert choice.propensities[0] == p[kept[0].arms.index(choice.arms[0])]


def test_an_arm_that_comes_is_where_the_item_tower_puts_it(kept):
    """No retraining; and its order among arms is nothing."""
    towers = kept[0]
    policy = compose(parsed(kept, most=400, explore=0.0))
    arms = ("new", *towers.arms[::-1])
    features = {"new": told(7)} | {arm: told(row) for row, arm in enumerate(towers.arms)}
    ready = prepared(policy, arms, features)
    columns = policy.encoder.arms([told(7)])
    all_of_them = np.concatenate([towers.item.of(columns), towers.embeddings[::-1]])
    due = towers.shares(ROWS, all_of_them)
    for context, shares in zip(ROWS, due, strict=True):
        assert ready.propensities(context=context) == pytest.approx(shares, abs=1e-6)


def test_an_arm_that_tells_nothing_is_in_the_middle(tmp_path):
    towers = towers_of(arms=9, item=False)
    kept = towers, tmp_path / "one", write_towers(tmp_path / "one", towers)
    policy = compose(parsed(kept, most=50, explore=0.0))
    ready = prepared(policy, (*towers.arms, "new"), {"new": told(1)})
    middle = towers.embeddings.mean(axis=0, keepdims=True)
    due = towers.shares(ROWS[:1], np.concatenate([towers.embeddings, middle]))[0]
    assert ready.propensities(context=ROWS[0]) == pytest.approx(due, abs=1e-6)


@pytest.mark.parametrize("belief", ["two_tower", "neural_linear"])
def test_evidence_adds_up_and_is_taken_back(kept, belief):
    policy = compose(parsed(kept, belief=belief))
    rng = np.random.default_rng(5)
    whole = batch_of(rng, 400, kept[0].arms)
    half = np.arange(400) < 170
    state = policy.init()
    once = policy.absorb(state, policy.evidence(state, whole))
    twice = state
    for rows in (half, ~half):
        twice = policy.absorb(twice, policy.evidence(twice, whole.take(rows)))
    for one, other in zip(once.parts, twice.parts, strict=True):
        assert one.arms == other.arms
        for name in one.per_arm:
            assert one.per_arm[name] == pytest.approx(other.per_arm[name], rel=1e-9, abs=1e-9)
        for name in one.shared:
            assert one.shared[name] == pytest.approx(other.shared[name], rel=1e-9, abs=1e-9)
    assert policy.encode(policy.decode(policy.encode(once))) == policy.encode(once)
    back = dataclasses.replace(whole, sign=np.full(400, -1))
    nothing = policy.absorb(once, policy.evidence(once, back))
    assert policy.encode(nothing) == policy.encode(policy.init())
    rows = policy.summary(once, kept[0].arms[:3], NOW)
    assert sum(row.observations for row in policy.summary(once, kept[0].arms, NOW)) == 400
    assert all(np.isfinite([row.mean, row.low, row.high]).all() for row in rows)


def test_neural_linear_is_the_linear_belief_on_what_the_tower_says(kept):
    """Told f(x) by hand, the plain one says the same; and it learns, where two_tower stays as it was."""
    towers = kept[0]
    arms = towers.arms[:4]
    behind = compose(parsed(kept, belief="neural_linear"))
    plain = compose(
        Declaration.parse(
            {
                "name": "plain",
                "arms": list(towers.arms),
                "context": 4,
                "seed": 7,
                "policy": {"belief": "linear"},
            }
        )
    )
    batch = batch_of(np.random.default_rng(6), 600, arms)
    by_hand = dataclasses.replace(
        batch, context=towers.query.of(batch.context).astype(float), features=np.empty((600, 0))
    )
    states = [
        policy.absorb(policy.init(), policy.evidence(policy.init(), each))
        for policy, each in ((behind, batch), (plain, by_hand))
    ]
    one, other = (
        policy.prepare(state, arms, NOW)
        for policy, state in zip((behind, plain), states, strict=True)
    )
    points = towers.query.of(ROWS).astype(float)
    assert one.contextual
    for context, point in zip(ROWS, points, strict=True):
        choices = one.choose("a.1.x", None, context), other.choose("a.1.x", None, point)
        assert choices[0].arms == choices[1].arms
        assert choices[0].scores == pytest.approx(choices[1].scores, abs=1e-5)
    many = one.choose_many(["a.1.x", "a.2.x"], None, ROWS)
    assert [arms[row] for row in many.rows[:, 0]] == [
        one.choose(id_, None, context).arms[0]
        for id_, context in zip(["a.1.x", "a.2.x"], ROWS, strict=True)
    ]


REFUSED = {
    "a relative path": ({"folder": "towers"}, "absolute path"),
    "no such folder": ({"folder": "/nowhere/at/all"}, r"manifest\.json"),
    "a path beyond all names": ({"folder": "/" + "a" * 5_000}, "can be read"),
    "a path of no system": ({"folder": "/a\0b"}, r"manifest\.json"),
    "a path that no bytes spell": ({"folder": "/\ud800"}, r"manifest\.json"),
    "a file": ({"folder": "/dev/null"}, r"manifest\.json"),
    "another digest": ({"digest": "0" * 64}, "must be that of the folder"),
    "an unknown index": ({"index": "fast"}, "index"),
    "an unknown option": ({"foldr": "x"}, "foldr"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_it_is_refused_by_name(kept, why):
    change, match = REFUSED[why]
    data = declared_towers(*kept)
    data["policy"]["belief"] |= change
    with pytest.raises(InvalidDeclaration, match=match):
        compose(Declaration.parse(data)).check()


def test_other_features_are_refused_by_name(kept):
    data = declared_towers(*kept)
    data["context"]["device"]["values"] = ["web", "ios"]
    with pytest.raises(InvalidDeclaration, match=r"context must be what the towers learnt.*device"):
        compose(Declaration.parse(data)).check()
    data = declared_towers(*kept)
    data["interactions"] = [["device", "x"]]
    with pytest.raises(InvalidDeclaration, match="reads 5 columns"):
        compose(Declaration.parse(data)).check()
    data = declared_towers(*kept)
    data["arm_features"] = {name: data["arm_features"][name] for name in ("age", "genre")}
    with pytest.raises(InvalidDeclaration, match=r"arm_features must be.*in that order"):
        compose(Declaration.parse(data)).check()


def test_two_artefacts_in_one_folder_are_not_mixed(kept, tmp_path):
    """Another learning takes the folder's place: whoever declared the first is refused, by both digests."""
    folder = tmp_path / "here"
    towers = towers_of(5, arms=300)
    first = write_towers(folder, towers)
    compose(Declaration.parse(declared_towers(towers, folder, first))).check()
    shutil.rmtree(folder)
    second = write_towers(folder, towers_of(6, arms=300))
    compose(Declaration.parse(declared_towers(towers, folder, second))).check()
    data = declared_towers(towers, folder, kept[2])
    with pytest.raises(InvalidDeclaration) as refused:
        compose(Declaration.parse(data)).check()
    assert second in refused.value.message
    assert kept[2] in refused.value.message


@pytest.mark.parametrize("item", [True, False])
def test_arms_are_judged_where_they_are_served(tmp_path, item):
    """Those that were there, those that came since, and those that came and tell nothing a tower reads."""
    towers = towers_of(arms=9, item=item)
    kept = towers, tmp_path / "one", write_towers(tmp_path / "one", towers)
    policy = compose(parsed(kept, most=50, explore=0.0))
    arms = (*towers.arms[3:], "new", "newer")
    features = {arm: told(row) for row, arm in enumerate(arms)}
    ready = prepared(policy, arms, features)
    rounds = Rounds.of(
        arms[:2],
        [1.0, 0.0],
        [0.5, 0.5],
        among=arms,
        contexts=ROWS,
        features=policy.encoder.arms([features[arm] for arm in arms]),
    )
    judged = target_of(towers)(rounds)
    for context, shares in zip(ROWS, judged, strict=True):
        assert ready.propensities(context=context) == pytest.approx(shares, abs=1e-6)


@pytest.mark.parametrize("missing", [0, 3, 1_500])
def test_equal_arms_are_equal_whatever_their_order(tmp_path, missing):
    """Arms that tell the same are at one point: all of them are retrieved, or none."""
    rng = np.random.default_rng(8)
    points = rng.normal(size=(40, 4)).astype(np.float32)
    whose = rng.integers(40, size=2_003)
    arms = tuple(f"arm-{number}" for number in range(len(whose)))
    towers = dataclasses.replace(towers_of(), arms=arms, embeddings=points[whose])
    kept = towers, tmp_path / "one", write_towers(tmp_path / "one", towers)
    policy = compose(parsed(kept, most=90, explore=0.1))
    order = rng.permutation(len(arms))
    ready = prepared(policy, arms)
    turned = prepared(policy, tuple(arms[row] for row in order), {arm: told(0) for arm in arms})
    some = [arms[row] for row in np.sort(rng.permutation(len(arms))[missing:])]
    for context in ROWS:
        p = ready.propensities(some, context=context)
        assert p.sum() == pytest.approx(1.0, abs=1e-12)
        assert turned.propensities(some, context=context) == pytest.approx(p[order], rel=1e-9)
        among = np.isin(arms, some)
        for point in range(40):
            same = p[(whose == point) & among]
            assert same == pytest.approx(np.full(len(same), same.mean()), rel=1e-9)
        assert (
            90
            <= (p > 0.1 / len(some) * (1 + 1e-9)).sum()
            < 90 + (whose[:, None] == range(40)).sum(axis=0).max()
        )


@pytest.mark.parametrize("index", ["exact", "usearch"])
def test_a_slate_asks_the_index_once(kept, index, monkeypatch):
    kind = {"exact": ExactIndex, "usearch": UsearchIndex}[index]
    asked, nearest = [], kind.nearest

    def counted(self, query, most):
        asked.append(most)
        return nearest(self, query, most)

    monkeypatch.setattr(kind, "nearest", counted)
    policy = compose(parsed(kept, {"kind": "slate", "size": 4}, index=index, most=10))
    ready = prepared(policy, kept[0].arms)
    assert len(ready.choose("a.1.x", None, ROWS[0]).arms) == 4
    assert len(asked) == 1
