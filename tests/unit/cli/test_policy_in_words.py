"""A declared policy in words: what is deterministic says that its log evaluates nothing."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console
from towers import declared_towers, towers_of

from tamesu.adapters.artefact.folder import write_towers
from tamesu.base import Declaration
from tamesu.cli.meaning import meanings
from tamesu.cli.report import arms_table
from tamesu.policy import compose, known_kinds
from tamesu.policy.kinds import LEARNT, options_of

REQUIRED = {
    "softmax": {"temperature": 0.1},
    "slate": {"size": 2},
    "per_position": {"size": 2},
    "cascade": {"size": 2},
}


SLOTS = {"title": ["a", "b"], "image": ["x", "y", "z"]}


def said(**declared):
    chosen = {} if "slots" in declared else {"arms": ["a", "b", "c"]}
    data = {"name": "one", **chosen, **declared}
    declaration = Declaration.parse(data)
    rows = meanings(declaration, data, compose(declaration).size)
    return {row.setting: row for row in rows}


def explained(kind, **options):
    belief = "losses" if kind == "exponential_weights" else "beta"
    explorer = {"kind": kind, **REQUIRED.get(kind, {}), **options}
    return said(policy={"belief": belief, "explorer": explorer})


@pytest.mark.parametrize("kind", known_kinds("explorer"))
def test_every_explorer_has_words_and_every_option_a_row(kind):
    module = __import__(f"tamesu.policy.explorers.{kind}", fromlist=["Options"])
    rows = explained(kind)
    assert rows["policy.explorer"].meaning != "how it tries out"
    wanted = {f"policy.explorer.{name}" for name in module.Options.__struct_fields__}
    assert wanted <= rows.keys()


@pytest.mark.parametrize("kind", known_kinds("belief"))
def test_every_belief_has_words_and_every_option_a_row(kind, tmp_path):
    explorer = "exponential_weights" if kind == "losses" else "thompson"
    declared = {"policy": {"belief": kind, "explorer": explorer}}
    if kind in LEARNT:
        towers, folder = towers_of(), tmp_path / "one"
        declared = declared_towers(towers, folder, write_towers(folder, towers), belief=kind)
    rows = said(**declared)
    assert rows["policy.belief"].meaning != "what each arm is worth"
    said_of = {name for name in rows if name.startswith("policy.belief.")}
    assert said_of == {
        f"policy.belief.{name}" for name in options_of("belief", kind).__struct_fields__
    }


def test_what_requests_and_arms_tell_has_rows_and_what_is_not_learnt_from_says_so():
    told = {
        "context": {"device": {"type": "categorical", "values": ["ios", "web"]}, "new": "boolean"},
        "arm_features": {"red": "boolean"},
        "interactions": [["device", "new"], ["new", "red"]],
        "arms": [{"id": arm, "features": {"red": False}} for arm in "abc"],
    }
    shared = said(**told, policy={"belief": {"kind": "linear", "sharing": "shared"}})
    assert shared["context"].value == "device, new"
    assert shared["context"].meaning == "2 features that a request tells, 5 columns"
    assert shared["arm_features"].meaning == "1 feature that an arm tells"
    assert shared["interactions"].value == "device × new, new ×…"
    assert shared["policy.belief.sharing"].declared
    alone = said(**told, policy={"belief": "linear"})
    assert "of no use where arms share nothing" in alone["arm_features"].meaning
    blind = said(**told, policy={"belief": "beta"})
    for setting in ("context", "arm_features"):
        assert blind[setting].meaning.endswith("belief 'beta' learns nothing from it")
    assert not {"context", "arm_features", "interactions"} & said().keys()
    assert "arm_features" not in said(slots=SLOTS)


def test_objectives_are_told_by_their_shares():
    objectives = {"clicks": {"click": 1}, "sales": {"purchase": 1}}
    scalarise = {"weights": {"clicks": 1, "sales": 3}}
    reward = {"objectives": objectives, "scalarise": scalarise}
    rows = said(reward=reward, policy={"belief": "gaussian"})
    assert rows["reward.objectives"].value == "clicks, sales"
    assert rows["reward.scalarise"].meaning.endswith("clicks 0.25, sales 0.75")
    assert rows["reward.scalarise"].declared
    assert "reward.scalarise" not in said()


@pytest.mark.parametrize("kind", known_kinds("layout"))
def test_every_layout_has_words(kind):
    slots = {"slots": SLOTS} if kind == "combination" else {}
    row = said(layout={"kind": kind, **REQUIRED.get(kind, {})}, **slots)["layout"]
    assert "at most" not in row.meaning


def test_slots_stand_where_arms_do_and_say_how_many_combinations_there_are():
    rows = said(slots=SLOTS, infeasible=[{"title": "a", "image": "x"}])
    assert "arms" not in rows
    assert rows["slots"].value == "title (2), image (3)"
    assert "at most 6 combinations" in rows["slots"].meaning
    assert rows["infeasible"].value == "a + x"
    assert (rows["pairwise"].value, rows["pairwise"].declared) == ("false", False)
    assert said(slots=SLOTS, pairwise=True)["pairwise"].value == "true"


@pytest.mark.parametrize("kind", ["ucb", "greedy"])
def test_what_is_deterministic_asks_for_explore(kind):
    row = explained(kind)["policy.explorer.explore"]
    assert "PROPENSITIES ARE 0 OR 1" in row.meaning
    assert "say explore" in row.meaning
    assert "0 OR 1" not in explained(kind, explore=0.1)["policy.explorer.explore"].meaning


def test_what_draws_does_not():
    for kind in ("thompson", "randomized_ucb", "softmax", "uniform", "epsilon_greedy"):
        assert "0 OR 1" not in explained(kind)["policy.explorer.explore"].meaning


def test_what_follows_is_told_as_what_it_is():
    context = {"context": 3, "policy": {"explorer": "ucb", "belief": "linear"}}
    assert said(**context)["policy.explorer.variant"].value == "lin_ucb"
    assert explained("ucb")["policy.explorer.variant"].value == "kl_ucb"
    row = explained("exponential_weights")["policy.explorer.horizon"]
    assert (row.value, row.declared) == ("none", False)
    row = explained("exponential_weights", horizon=10_000)["policy.explorer.horizon"]
    assert (row.value, row.declared) == ("10,000", True)


def test_priors_of_single_arms_are_told():
    def priors(**more):
        row = said(policy={"belief": {"kind": "beta", **more}})["policy.belief.priors"]
        return row.value, row.declared, row.meaning

    own = "with a prior of their own"
    assert priors() == ("none", False, "every arm starts with the same prior")
    assert priors(priors={"a": [2, 3], "b": [4, 5]}) == ("2 arms", True, own)
    assert priors(priors={"a": [2, 3]})[0] == "a"


def test_the_uniform_draw_is_promised_where_there_are_draws():
    declared = {"context": 2, "arm_features": {"new": "boolean"}}
    declared["arms"] = [{"id": arm, "features": {"new": False}} for arm in "abcde"]
    policy = {"belief": {"kind": "linear", "sharing": "hybrid"}}
    policy["explorer"] = {"kind": "thompson", "draws": 19}
    row = said(policy=policy, **declared)["policy.explorer.explore"]
    assert row.meaning == "every arm has at least 0.01 of the first choice"
    row = said(policy={**policy, "belief": "linear"}, **declared)["policy.explorer.explore"]
    assert row.meaning.startswith("no extra chance")


def test_what_newcomers_have_is_not_promised():
    promise = "every arm has at least 0.1 of the first choice"
    policy = {"explorer": {"kind": "thompson", "explore": 0.3}}
    assert said(policy=policy)["policy.explorer.explore"].meaning == promise
    policy["newcomer"] = {"share": 0.05, "until": 20}
    told = said(policy=policy)["policy.explorer.explore"].meaning
    assert told == f"{promise}; newcomers beside known arms may have less"


def test_the_noise_that_is_expected_is_a_quarter_of_the_range():
    reward = {"range": [0, 10], "events": {"buy": {"weight": 1, "aggregate": "sum"}}}
    row = said(policy={"belief": "gaussian"}, reward=reward)["policy.belief.prior"]
    assert row.meaning.endswith("a mean of 5, as sure as after 1 reward, and a noise of about 2.5")
    belief = {"kind": "gaussian", "prior": {"a": 1, "kappa": 3}}
    row = said(policy={"belief": belief}, reward=reward)["policy.belief.prior"]
    assert row.meaning.endswith("as sure as after 3 rewards, and any noise")


def arm(position, **facts):
    told = {"arm": "spring", "observations": 27, "mean": 0.8, "low": 0.6, "high": 0.9, "share": 0.5}
    return {**told, "position": position, **facts}


def lines(arms):
    console = Console(file=StringIO(), width=80)
    console.print(arms_table(arms))
    return console.file.getvalue().splitlines()


def test_a_belief_for_each_position_is_a_row_of_its_own_and_fits_the_screen():
    shown = lines([arm(1, share=0.9), arm(0, share=0.1)])
    assert [line.split()[:2] for line in shown if "spring" in line] == [
        ["0", "spring"],
        ["1", "spring"],
    ]
    assert sum("60.00% to 90.00%" in line for line in shown) == 2
    assert shown[2].startswith(" at ")
    assert lines([arm(None)])[2].startswith(" arm ")


def test_rewards_that_are_no_rates_are_not_told_as_percentages():
    shown = "\n".join(lines([arm(None, mean=25.25, low=-3.5, high=1200.0)]))
    assert "25.25" in shown
    assert "-3.5 to 1,200" in shown
    assert "2525" not in shown


@pytest.mark.parametrize("kind", ["thompson", "greedy", "epsilon_greedy"])
def test_of_objectives_that_are_learnt_apart_mixtures_are_told(kind):
    objectives = {"clicks": {"click": 1}, "sales": {"purchase": 1}}
    reward = {"objectives": objectives, "scalarise": "gini"}
    rows = said(reward=reward, policy={"belief": "gaussian", "explorer": kind})
    assert "best mixture" in rows["policy.explorer"].meaning
    assert "the worst objective first, they weigh 1, 0.5" in rows["reward.scalarise"].meaning
    assert "not what is learnt" in rows["reward.events"].meaning
    assert "the terms add up" in said()["reward.events"].meaning
    assert "0 OR 1" not in rows["policy.explorer.explore"].meaning
    if kind == "thompson":
        assert "at least 0.00" in rows["policy.explorer.explore"].meaning
