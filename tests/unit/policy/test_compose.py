"""A declaration becomes a policy, or an error that says why not."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tamesu.base import GRID, Bug, Corrupt, Declaration, InvalidDeclaration, Time
from tamesu.policy import compose, known_kinds
from tamesu.policy.contract import Batch

NOW = Time(0)


def declared(**fields):
    return Declaration.parse({"name": "one", "arms": ["a", "b", "c"], "seed": 1, **fields})


def refusal(**fields):
    with pytest.raises(InvalidDeclaration) as caught:
        compose(declared(**fields))
    return caught.value


@pytest.mark.parametrize(
    ("fields", "message", "hint"),
    [
        ({"policy": {"belief": "bete"}}, "unknown belief 'bete'", "did you mean 'beta'?"),
        ({"policy": {"explorer": "tompson"}}, "unknown explorer 'tompson'", "'thompson'"),
        ({"layout": "slat"}, "unknown layout 'slat'", "did you mean 'slate'?"),
        ({"layout": "__init__"}, "unknown layout '__init__'", "single"),
        (
            {"policy": {"belief": {"kind": "beta", "priorr": [1, 1]}}},
            "unknown field 'priorr' in policy.belief (beta)",
            "did you mean 'prior'?",
        ),
        (
            {"policy": {"explorer": {"kind": "uniform", "newcomer": {}}}},
            "unknown field 'newcomer' in policy.explorer (uniform)",
            "explore",
        ),
        ({"layout": {"kind": "single", "size": 2}}, "unknown field 'size' in layout (single)", ""),
        ({"layout": {"kind": "slate"}}, "missing required field `size` - at `layout (slate)`", ""),
        (
            {"policy": {"belief": {"kind": "linear", "sharing": "sharde"}}},
            "policy.belief (linear).sharing must be one of 'hybrid', 'per_arm', 'shared', got 'sharde'",
            "did you mean 'shared'?",
        ),
        ({"layout": {"kind": "slate", "size": 0}}, "between 1 and the number of arms (3)", ""),
        ({"layout": {"kind": "slate", "size": 4}}, "got 4", ""),
        ({"policy": {"explorer": {"kind": "thompson", "explore": 1}}}, "lie in [0, 1), got 1", ""),
        ({"policy": {"explorer": {"kind": "uniform", "explore": -0.1}}}, "got -0.1", ""),
        (
            {"policy": {"belief": {"kind": "beta", "prior": [0, 1]}}},
            "1e-06 and 1e+09, got [0, 1]",
            "1, 99",
        ),
        ({"policy": {"belief": {"kind": "beta", "prior": [1e-7, 1]}}}, "got [1e-07, 1]", ""),
        ({"policy": {"belief": {"kind": "beta", "prior": [1, 2e9]}}}, "got [1, 2e+09]", ""),
        ({"policy": {"belief": {"kind": "beta", "prior": [1]}}}, "policy.belief (beta).prior", ""),
        (
            {"policy": {"belief": {"kind": "beta", "priors": {"b": [1, float("inf")]}}}},
            "policy.belief.priors.b must be two numbers within 1e-06 and 1e+09",
            "",
        ),
        (
            {
                "arms": ["popular", "recent"],
                "policy": {"belief": {"kind": "beta", "priors": {"populer": [1, 1]}}},
            },
            "got 'populer'",
            "did you mean 'popular'?",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_the_close_match(fields, message, hint):
    error = refusal(**fields)
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("reward", "some"),
    [
        ({"events": {"click": 0.1}}, "0, 0.1"),
        ({"events": {"click": 1, "enroll": 1}}, "0, 1, 2"),
        ({"events": {"click": -1}}, "-1, 0"),
        ({"events": {"click": {"weight": 1, "aggregate": "sum"}}}, "more than can be listed"),
        ({"events": {"click": 1}, "default": 0.5}, "0, 0.5, 1"),
    ],
)
def test_beta_refuses_a_reward_that_is_not_of_zeros_and_ones(reward, some):
    error = refusal(reward=reward)
    assert f"belief beta needs rewards of 0 and 1, but reward.events can make {some}" in str(error)
    assert error.hint


@pytest.mark.parametrize(
    ("reward", "possible"),
    [
        ({"events": {"click": 1}}, {0, 1}),
        ({"events": {"click": {"weight": 1, "aggregate": "count", "cap": 1}}}, {0, 1}),
        ({"events": {"click": 1, "view": 0}}, {0, 1}),
        ({"events": {"leave": 0}, "default": 1}, {0, 1}),
    ],
)
def test_beta_takes_every_spelling_of_zero_and_one_and_learns_it(reward, possible):
    declaration = declared(reward=reward)
    assert declaration.reward.possible() == possible
    policy = compose(declaration)
    rewards = np.array(sorted(possible), dtype=np.int64) * GRID
    n = len(rewards)
    batch = Batch(
        arm=np.full(n, "a", dtype=object),
        reward=rewards,
        position=np.zeros(n, np.int64),
        propensity=np.ones(n),
        decided=np.zeros(n, np.int64),
    )
    state = policy.absorb(policy.init(), policy.evidence(policy.init(), batch))
    (row,) = policy.summary(state, ("a",), NOW)
    assert (row.observations, row.mean) == (n, (1 + sum(possible)) / (2 + n))


def test_a_policy_says_how_many_it_delivers():
    assert compose(declared()).size == 1
    assert compose(declared(layout={"kind": "slate", "size": 3})).size == 3


def test_a_policy_without_a_seed_validates_but_cannot_choose():
    policy = compose(Declaration.parse({"name": "one", "arms": ["a"]}))
    with pytest.raises(Bug, match="seed"):
        policy.prepare(policy.init(), ("a",), NOW)


def test_a_state_of_another_policy_is_refused():
    policy = compose(declared())
    good = policy.encode(policy.init())
    for bad in (b"", b"\x00", good[:-1], good + b"\x00", good.replace(b"beta", b"bota")):
        with pytest.raises(Corrupt):
            policy.decode(bad)


def test_the_summary_is_the_posterior():
    prior = {"prior": [1, 3], "priors": {"c": [30, 10]}}
    policy = compose(declared(policy={"belief": {"kind": "beta", **prior}}))
    rows = policy.summary(policy.init(), ("c", "a"), NOW)
    assert [row.arm for row in rows] == ["c", "a"]
    assert [row.mean for row in rows] == [0.75, 0.25]
    assert [row.observations for row in rows] == [0, 0]
    assert sum(row.share for row in rows) == pytest.approx(1)
    assert all(row.low < row.mean < row.high for row in rows)
    # The 2.5 % quantile of Beta(1, 3) is 1 - 0.975^(1/3).
    assert rows[1].low == pytest.approx(1 - 0.975 ** (1 / 3))
    assert policy.summary(policy.init(), (), NOW) == []


@pytest.mark.timeout(20)
def test_a_prior_for_each_of_many_arms_is_read_in_seconds():
    """Looking each one up among all arms would take the better part of a minute."""
    arms = [f"arm-{i}" for i in range(60_000)]
    priors = {arm: [1, 9] for arm in arms}
    policy = compose(declared(arms=arms, policy={"belief": {"kind": "beta", "priors": priors}}))
    assert policy.summary(policy.init(), arms[:1], NOW)[0].mean == pytest.approx(0.1)


MODULE = """
import msgspec, numpy as np
class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    explore: float = 0.0
class Last:
    families = None
    def __init__(self, explore): self.explore = explore
    def draws(self, marginals): return None
    def over(self, marginals):
        return lambda rows, uniforms: (np.arange(len(rows)) == len(rows) - 1).astype(float)
def build(options, declaration): return Last(options.explore)
"""


def test_a_kind_of_another_package_comes_by_entry_point(tmp_path, monkeypatch):
    (tmp_path / "strange_kinds.py").write_text(MODULE)
    info = tmp_path / "strange_kinds-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange-kinds\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tamesu.explorers]\nlast = strange_kinds\n")
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert "last" in known_kinds("explorer")
        policy = compose(declared(policy={"explorer": {"kind": "last", "explore": 0.3}}))
    finally:
        sys.modules.pop("strange_kinds", None)
    prepared = policy.prepare(policy.init(), ("a", "b", "c"), NOW)
    assert prepared.propensities() == pytest.approx([0.1, 0.1, 0.8])


def test_our_own_kinds_are_known():
    assert "beta" in known_kinds("belief")
    assert {"thompson", "uniform"} <= set(known_kinds("explorer"))
    assert {"single", "slate"} <= set(known_kinds("layout"))


def test_no_folder_is_looked_through_for_what_was_composed_before(monkeypatch):
    declaration = Declaration.parse({"name": "b", "arms": ["a", "b"], "seed": 1})
    compose(declaration)

    def looked(*_):
        pytest.fail("it looks through a folder: servers compose at each snapshot of each bandit")

    monkeypatch.setattr("pkgutil.iter_modules", looked)
    compose(declaration)
