"""Combinations in memory: slots instead of arms, one option of each."""

import numpy as np
import pytest

from tamesu import Bandit
from tamesu.base import Conflict, InvalidDeclaration, InvalidInput, NotFound

SLOTS = {"title": ["a", "b", "c"], "image": ["x", "y"]}


def bandit_of(**fields):
    return Bandit(slots=SLOTS, pairwise=True, seed=7, **fields)


def test_a_decision_has_an_option_of_each_slot():
    d = bandit_of().decide()
    assert d.arm == ",".join(f"{slot}={option}" for slot, option in d.options.items())
    assert list(d.options) == ["title", "image"]
    assert 0 < d.propensity <= 1
    assert d.draws == 64


def test_an_arm_has_no_options():
    with pytest.raises(AttributeError, match="no combination"):
        _ = Bandit(arms=["a"], seed=1).decide().options


def test_many_are_as_one_by_one():
    one, many = bandit_of(), bandit_of()
    ds = many.decide_many(n=20)
    alone = [one.decide() for _ in range(20)]
    assert [d.arm for d in alone] == ds.arms.tolist()
    assert [d.propensity for d in alone] == ds.propensities.tolist()
    for number, d in enumerate(alone):
        one.learn(d, reward=float(number % 2))
    many.learn_many(ds, np.arange(20) % 2)
    assert np.allclose(
        [row.mean for row in one.summary()], [row.mean for row in many.summary()], rtol=1e-9
    )


def test_it_finds_what_goes_best_together():
    """A pair that is worth more than its options: after 600 visits it is most of what is shown."""
    bandit = bandit_of()
    luck = np.random.default_rng(1)
    for _ in range(12):
        ds = bandit.decide_many(n=50)
        bandit.learn_many(ds, luck.random(50) < np.where(ds.arms == "title=b,image=y", 0.8, 0.1))
    assert np.mean(bandit.decide_many(n=200).arms == "title=b,image=y") > 0.9


def test_the_report_has_a_row_for_each_option_and_counts_a_combination_once():
    bandit = bandit_of()
    bandit.learn_many(bandit.decide_many(n=10), np.ones(10))
    told = bandit.report()
    assert (told.observations, told.rewards) == (10, 10.0)
    for slot in SLOTS:
        mine = [row for row in told.arms if str(row.arm).startswith(slot)]
        assert sum(row.observations for row in mine) == 10
        assert sum(row.rewards for row in mine) == 10.0
        assert sum(row.share for row in mine) == pytest.approx(1.0)


def test_it_goes_on_out_of_bytes():
    bandit = bandit_of(infeasible=[{"title": "a", "image": "x"}])
    bandit.learn(bandit.decide(), reward=1.0)
    again = Bandit.from_bytes(bandit.to_bytes())
    assert again.decide().deliveries == bandit.decide().deliveries
    assert again.report().rewards == 1.0


def test_a_decision_is_explained_by_its_options():
    bandit = bandit_of()
    d = bandit.decide()
    told = bandit.explain(d)
    assert (told.same, told.difference) == (True, 0.0)
    assert {row.arm for row in told.arms if row.delivered == 0} == set(d.arm.split(","))


def test_a_context_changes_what_is_shown():
    bandit = Bandit(
        slots=SLOTS, context={"member": "boolean"}, interactions=[["member", "title"]], seed=3
    )
    luck = np.random.default_rng(2)
    for _ in range(12):
        members = luck.random(50) < 0.5
        ds = bandit.decide_many([{"member": bool(one)} for one in members])
        titles = np.array([str(arm).partition(",")[0] for arm in ds.arms])
        right = titles == np.where(members, "title=a", "title=c")
        bandit.learn_many(ds, luck.random(50) < np.where(right, 0.9, 0.1))
    for member, title in ((True, "title=a"), (False, "title=c")):
        shares = dict(zip(bandit.arms, bandit.propensities({"member": member}), strict=True))
        assert shares[title] > 0.8


def test_logged_combinations_are_learnt():
    bandit = bandit_of(explorer="greedy")
    bandit.learn_logged(["title=c,image=x"] * 20 + ["title=a,image=y"] * 20, [1] * 20 + [0] * 20)
    assert bandit.decide().options == {"title": "c", "image": "x"}
    for unknown in ("title=c", "image=x,title=c", "title=q,image=x", "c"):
        with pytest.raises(NotFound) as refused:
            bandit.learn_logged([unknown], [1.0])
        assert f"no such combination: {unknown!r}\nhint: name an option of each slot" in str(
            refused.value
        )
        assert "in their order, as in 'title=a,image=x'" in str(refused.value)


def test_options_come_and_go_while_a_combination_is_left():
    bandit = bandit_of()
    bandit.retire_arm("image=x")
    assert {d.options["image"] for d in (bandit.decide() for _ in range(20))} == {"y"}
    with pytest.raises(Conflict, match="keep a combination"):
        bandit.retire_arm("image=y")
    bandit.add_arm("image=x")
    with pytest.raises(InvalidInput, match="option of a slot"):
        bandit.add_arm("image=q")


@pytest.mark.parametrize("fields", [{"arms": ["a"]}, {"layout": "slate", "size": 2}])
def test_slots_stand_instead_of_arms(fields):
    with pytest.raises(InvalidDeclaration, match="slots"):
        Bandit(slots=SLOTS, **fields)


def test_a_logistic_belief_combines_too():
    bandit = bandit_of(belief="logistic", explorer="greedy")
    bandit.learn_logged(["title=c,image=x"] * 30 + ["title=a,image=y"] * 30, [1] * 30 + [0] * 30)
    assert bandit.decide().options == {"title": "c", "image": "x"}
    thompson = bandit_of(belief="logistic")
    d = thompson.decide()
    thompson.learn(d, reward=1.0)
    assert thompson.explain(thompson.decide()).same
