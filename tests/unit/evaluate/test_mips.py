"""Marginalised weights: arms that tell alike of themselves count as one."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.base import InvalidInput, NoSupport
from tamesu.evaluate import Rounds, contrast_of, estimator_of, value

ARMS = 6
GENRE = np.array([[0.0], [1.0], [1.0], [0.0], [2.0], [2.0]])


def logged(n, seed=0, features=GENRE):
    """Rounds with rewards that depend on the genre alone, the distributions of both policies, the truth."""
    rng = np.random.default_rng(seed)
    logging, target = rng.dirichlet(np.ones(ARMS), n), rng.dirichlet(np.ones(ARMS), n)
    arms = (logging.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=ARMS - 1)
    worth = np.array([0.2, 0.5, 0.9])[GENRE[:, 0].astype(int)]
    rewards = rng.random(n) < worth[arms]
    chosen = logging[np.arange(n), arms]
    rounds = Rounds.of(arms, rewards, chosen, among=range(ARMS), features=features)
    return rounds, logging, target, float((target @ worth).mean())


def estimated(name, rounds, target, logging):
    return value(estimator_of(name).contributions(contrast_of(rounds, target, logging=logging)))


def test_weights_are_sums_over_arms_that_tell_alike():
    rounds = Rounds.of([0, 1], [1.0, 1.0], [0.1, 0.6], among=[0, 1, 2], features=[[5], [7], [5]])
    logging = np.array([[0.1, 0.6, 0.3]] * 2)
    target = np.array([[0.0, 0.2, 0.8], [0.5, 0.3, 0.2]])
    contrast = contrast_of(rounds, target, logging=logging)
    assert contrast.marginal == pytest.approx([0.8 / 0.4, 0.3 / 0.6], abs=1e-15)


def test_arms_with_features_of_their_own_make_it_the_plain_one():
    rounds, logging, target, _ = logged(300, features=np.arange(ARMS)[:, None])
    assert estimated("mips", rounds, target, logging) == pytest.approx(
        estimated("ips", rounds, target, logging), abs=1e-12
    )


def test_arms_that_are_all_alike_make_it_the_logged_mean():
    rounds, logging, target, _ = logged(300, features=np.ones((ARMS, 2)))
    mean = rounds.reward.mean()
    assert estimated("mips", rounds, target, logging) == pytest.approx(mean, abs=1e-12)


def test_over_all_arms_it_is_exact_where_features_tell_all():
    _, logging, target, _ = logged(1)
    worth = np.array([0.2, 0.5, 0.9])[GENRE[:, 0].astype(int)]
    rounds = Rounds.of(range(ARMS), worth, logging[0], among=range(ARMS), features=GENRE)
    each = np.tile(target, (ARMS, 1)), np.tile(logging, (ARMS, 1))
    contrast = contrast_of(rounds, each[0], logging=each[1])
    found = logging[0] @ estimator_of("mips").contributions(contrast).plain
    assert found == pytest.approx(float(target[0] @ worth), abs=1e-12)


def test_an_arm_that_was_never_logged_is_judged_by_its_kin():
    logging = np.tile([1.0, 0.0], (4, 1))
    rounds = Rounds.of([0] * 4, [1, 0, 1, 1], [1.0] * 4, among=[0, 1], features=[[3.0], [3.0]])
    target = np.tile([0.0, 1.0], (4, 1))
    assert estimated("ips", rounds, target, logging) == 0.0
    assert estimated("mips", rounds, target, logging) == 0.75


def test_it_varies_less():
    """400 logs of 500 rounds; the ratio of standard deviations is .67 +- .035, above .9 by luck below 1e-6."""
    found = {"ips": [], "mips": []}
    for seed in range(400):
        rounds, logging, target, truth = logged(500, seed)
        for name, errors in found.items():
            errors.append(estimated(name, rounds, target, logging) - truth)
    assert np.std(found["mips"]) < 0.9 * np.std(found["ips"])


def test_without_what_it_needs_it_is_refused_by_name():
    rounds, _, target, _ = logged(10)
    with pytest.raises(NoSupport, match=r"^mips needs features of arms"):
        estimated("mips", rounds, target, None)
    with pytest.raises(NoSupport, match=r"^mips needs features of arms"):
        estimated("mips", rounds.take(slice(0)), target[:0], None)
    bare = Rounds.of([0, 1], [1.0, 0.0], [0.5, 0.5])
    with pytest.raises(NoSupport):
        estimated("mips", bare, np.full((2, 2), 0.5), np.full((2, 2), 0.5))


def test_a_logging_policy_that_is_another_one_is_refused():
    rounds, logging, target, _ = logged(10)
    with pytest.raises(InvalidInput, match=r"their logged propensities, .* in row 0 \(\d+ such"):
        contrast_of(rounds, target, logging=np.roll(logging, 1, axis=0))
    with pytest.raises(InvalidInput, match="a logging policy's probabilities must lie"):
        contrast_of(rounds, target, logging=2 * logging)


def test_another_logging_policy_is_seen_where_propensities_are_tiny():
    """Ten times as likely, or never: both lie within a millionth of what was logged."""
    rounds = Rounds.of([0, 1], [1.0, 1.0], [1e-7, 1 - 1e-7], among=[0, 1], features=[[0.0], [1.0]])
    for tiny in (0.0, 1e-6):
        logging = np.tile([tiny, 1 - tiny], (2, 1))
        with pytest.raises(InvalidInput, match=r"got .* for 1e-07 in row 0 \(1 such"):
            contrast_of(rounds, np.full((2, 2), 0.5), logging=logging)
