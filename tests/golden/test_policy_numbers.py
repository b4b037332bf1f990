"""Golden numbers of the policies: found once, by other means, and never to change."""

from __future__ import annotations

from hashlib import blake2b, shake_128

import numpy as np
import pytest

from tamesu.base import GRID, Declaration, Time
from tamesu.policy import Batch, Policy, State, compose
from tamesu.policy.explorers.inverse_gap import inverse_gap
from tamesu.policy.families.normal import NormalFamily
from tamesu.policy.families.student_t import StudentTFamily
from tamesu.policy.quadrature import Quadrature
from tamesu.policy.uniforms import Uniforms, seed_key

NOW = Time(0)


def taught(counts, **declared) -> tuple[Policy, State, tuple[str, ...]]:
    """A policy that saw `counts`, (ones, zeros) of each arm."""
    arms = tuple("abcdefgh"[: len(counts)])
    policy = compose(Declaration.parse({"name": "golden", "arms": arms, "seed": 7, **declared}))
    rows = [
        (arm, reward)
        for arm, (ones, zeros) in zip(arms, counts, strict=True)
        for reward in [GRID] * ones + [0] * zeros
    ]
    n = len(rows)
    batch = Batch(
        arm=np.array([arm for arm, _ in rows], dtype=object),
        reward=np.array([reward for _, reward in rows], dtype=np.int64),
        position=np.zeros(n, np.int64),
        propensity=np.ones(n),
        decided=np.zeros(n, np.int64),
    )
    state = policy.init()
    return policy, policy.absorb(state, policy.evidence(state, batch)), arms


@pytest.mark.parametrize(
    ("posteriors", "golden"),
    [
        ([(11, 91), (6, 96), (21, 181)], [0.514107, 0.033395, 0.452499]),
        ([(2, 1), (1, 1)], [2 / 3, 1 / 3]),
    ],
)
def test_thompson_on_beta(posteriors, golden):
    policy, state, arms = taught([(a - 1, b - 1) for a, b in posteriors])
    assert policy.prepare(state, arms, NOW).propensities() == pytest.approx(golden, abs=6e-7)


@pytest.mark.parametrize(
    ("counts", "explorer", "golden"),
    [
        # Means 1/3, 2/3, 1/2: 1 - epsilon + epsilon / 3 for the best, epsilon / 3 for others.
        ([(0, 1), (1, 0), (0, 0)], {}, [1 / 30, 28 / 30, 1 / 30]),
        ([(0, 1), (1, 0), (0, 0)], {"epsilon": 0.3}, [0.1, 0.8, 0.1]),
        ([(0, 1), (1, 0), (0, 0)], {"epsilon": 0}, [0, 1, 0]),
        ([(0, 1), (1, 0), (0, 0)], {"epsilon": 1}, [1 / 3, 1 / 3, 1 / 3]),
        # explore e on top: (1 - e) p + e / 3.
        ([(0, 1), (1, 0), (0, 0)], {"epsilon": 0.3, "explore": 0.5}, [13 / 60, 17 / 30, 13 / 60]),
        # Means 1/2 by different counts, and 1/3 twice: ties share.
        ([(0, 0), (3, 3), (0, 1), (1, 3)], {"epsilon": 0.2}, [0.45, 0.45, 0.05, 0.05]),
        ([(0, 0)], {}, [1]),
    ],
)
def test_epsilon_greedy(counts, explorer, golden):
    policy, state, arms = taught(
        counts, policy={"explorer": {"kind": "epsilon_greedy", **explorer}}
    )
    p = policy.prepare(state, arms, NOW).propensities()
    assert p == pytest.approx(golden, abs=1e-15)


def test_inverse_gap():
    golden = [0.879599, 0.076923, 0.043478]
    assert inverse_gap(np.array([0.3, 0.2, 0.1]), 100.0) == pytest.approx(golden, abs=6e-7)


def test_thompson_on_normal():
    family = NormalFamily(np.array([0.1, 0.0, 0.05]), np.array([0.1, 0.2, 0.05]))
    golden = [0.507827, 0.282026, 0.210147]
    assert Quadrature(family).best_of(np.arange(3)) == pytest.approx(golden, abs=6e-7)


def test_thompson_on_student_t():
    family = StudentTFamily(
        np.array([3.0, 5.0, 30.0]), np.array([0.1, 0.0, 0.05]), np.array([0.1, 0.2, 0.05])
    )
    golden = [0.494356, 0.288134, 0.217510]
    assert Quadrature(family).best_of(np.arange(3)) == pytest.approx(golden, abs=6e-7)


def test_the_second_of_a_slate_given_the_first():
    policy, state, arms = taught(
        [(10, 90), (5, 95), (20, 180)], layout={"kind": "slate", "size": 2}
    )
    prepared = policy.prepare(state, arms, NOW)
    second = {"b": 0.078630, "c": 0.921370}
    chosen = [prepared.choose(f"golden.1.{i}") for i in range(40)]
    after_a = [choice for choice in chosen if choice.arms[0] == "a"]
    assert {choice.arms[1] for choice in after_a} == {"b", "c"}
    for choice in after_a:
        assert choice.propensities[0] == pytest.approx(0.514107, abs=6e-7)
        assert choice.propensities[1] == pytest.approx(second[choice.arms[1]], abs=6e-7)


def test_uniforms_by_their_definition():
    seed, decision = 7, "home-units.1.0190163d8694739bb69e0d3d6c2f4b1a"
    for counter in (0, 1, 63, 64, 2**32, 2**32 + 5):
        digest = blake2b(
            decision.encode() + counter.to_bytes(8, "little"), key=seed.to_bytes(8, "little")
        ).digest()
        golden = (int.from_bytes(digest[:8], "little") >> 11) * 2.0**-53
        assert Uniforms(seed_key(seed), decision)(counter) == golden


def test_uniforms_are_these_numbers():
    uniforms = Uniforms(seed_key(7), "demo.1.x")
    assert [uniforms(counter) for counter in (0, 1, 2)] == UNIFORMS
    assert uniforms.stream(3).tolist() == STREAM


def test_a_stream_by_its_definition():
    seed, decision = 7, "home-units.1.0190163d8694739bb69e0d3d6c2f4b1a"
    digest = shake_128(seed.to_bytes(8, "little") + decision.encode()).digest(800)
    words = [int.from_bytes(digest[8 * i : 8 * i + 8], "little") for i in range(100)]
    stream = Uniforms(seed_key(seed), decision).stream(100)
    assert stream.tolist() == [(word >> 12) * 2.0**-52 + 2.0**-53 for word in words]
    assert Uniforms(seed_key(seed), decision).stream(7).tolist() == stream[:7].tolist()


def test_the_bytes_of_a_beta_state():
    policy, state, _ = taught([(2, 1), (0, 0), (0, 300)])
    assert policy.encode(state).hex() == STATE
    assert policy.decode(bytes.fromhex(STATE)) == state


UNIFORMS = [0.04145902147899161, 0.8005208523288097, 0.8084875287918192]
STREAM = [0.5454316239893414, 0.9226417536406916, 0.35552201203309475]
STATE = (
    "9301a462657461919392a161a16382a86661696c7572657393a5696e7436349102c41001000000000000002c"
    "01000000000000a973756363657373657393a5696e7436349102c41002000000000000000000000000000000"
    "80"
)
