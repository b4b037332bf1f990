"""Gradients are those of the estimates that they are named after; candidates stand for a whole catalogue."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from tamesu.evaluate import Rounds, contrast_of, estimator_of, value
from tamesu.learn import Plan
from tamesu.learn.gradients.candidates import Candidates, Catalogue, log_shares
from tamesu.learn.gradients.objectives import OBJECTIVES, Level, Seen, regularised
from tamesu.learn.gradients.rows import rows_of

N, ARMS = 40, 4


def logged():
    rng = np.random.default_rng(0)
    rounds = Rounds.of(
        rng.integers(ARMS, size=N),
        rng.random(N),
        rng.uniform(0.1, 1.0, N),
        among=range(ARMS),
        contexts=rng.normal(size=(N, 2)),
    )
    return rounds, rng.random((N, ARMS)), rng.normal(size=(N, ARMS))


def gradient(name, scores, rounds, guess, plan=None, **more):
    """(n, K) in which direction scores are pushed, and the loss."""
    leaf = torch.tensor(scores, requires_grad=True)
    mine = torch.as_tensor(rounds.chosen)
    shares = log_shares(leaf, Candidates(None, mine, None), None)
    seen = Seen(
        shares,
        mine,
        torch.as_tensor(rounds.reward),
        torch.as_tensor(rounds.propensity),
        torch.as_tensor(guess),
    )
    plan = plan or Plan(**more)
    level = Level()
    loss = regularised(OBJECTIVES[name](seen, plan, level), seen, plan)
    torch.autograd.backward(loss)
    return -leaf.grad.numpy(), level


def estimate(name, scores, rounds, guess):
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return value(estimator_of(name).contributions(contrast_of(rounds, shares, guess)))


@pytest.mark.parametrize("name", ["ips", "snips", "dr"])
def test_a_step_goes_where_the_estimate_rises(name):
    rounds, guess, scores = logged()
    pushed, _ = gradient(name, scores, rounds, guess)
    step = 1e-6
    for row, arm in itertools.product(range(0, N, 9), range(ARMS)):
        up, down = scores.copy(), scores.copy()
        up[row, arm] += step
        down[row, arm] -= step
        slope = estimate(name, up, rounds, guess) - estimate(name, down, rounds, guess)
        assert pushed[row, arm] == pytest.approx(slope / (2 * step), abs=1e-7)


def test_clipped_weights_bound_a_push():
    rounds, guess, scores = logged()
    free, _ = gradient("ips", scores, rounds, guess)
    held, _ = gradient("ips", scores, rounds, guess, clip=0.5)
    mine = np.arange(N), rounds.chosen
    weight = np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))[mine]
    weight /= rounds.propensity
    assert held[mine] == pytest.approx(free[mine] * np.minimum(weight, 0.5) / weight)


def test_top_k_leaves_alone_who_is_sure_to_be_there():
    rounds, guess, scores = logged()
    scores[0, rounds.chosen[0]] = 30.0
    one, _ = gradient("ips", scores, rounds, guess)
    three, _ = gradient("ips", scores, rounds, guess, top_k=3)
    mine = np.arange(N), rounds.chosen
    share = np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))[mine]
    assert three[mine] == pytest.approx(one[mine] * 3 * (1 - share) ** 2, abs=1e-12)
    assert three[0] == pytest.approx(np.zeros(ARMS), abs=1e-12)


def test_where_several_are_shown_a_step_goes_where_being_among_them_is_worth_most():
    """With k arms shown, 1 - (1 - pi)^k stands for pi in both parts: by differences, where no weight is clipped."""
    rounds, guess, scores = logged()

    def worth(name, scores):
        shares = np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))
        among = 1 - (1 - shares) ** 3
        mine = np.arange(N), rounds.chosen
        told = guess if name == "dr" else np.zeros_like(guess)
        missed = among[mine] / rounds.propensity * (rounds.reward - told[mine])
        return ((among * told).sum(axis=1) + missed).mean()

    for name in ("ips", "dr"):
        pushed, _ = gradient(name, scores, rounds, guess, top_k=3, clip=1e9)
        step = 1e-6
        for row, arm in itertools.product(range(0, N, 9), range(ARMS)):
            up, down = scores.copy(), scores.copy()
            up[row, arm] += step
            down[row, arm] -= step
            slope = (worth(name, up) - worth(name, down)) / (2 * step)
            assert pushed[row, arm] == pytest.approx(slope, abs=1e-7)


def test_prices_are_those_of_entropy_and_of_leaving_who_logged():
    """By differences of H(pi) and of KL(logging, pi), with every arm logged as often as it was likely."""
    rng = np.random.default_rng(2)
    theirs = rng.dirichlet(np.ones(ARMS))
    scores = np.tile(rng.normal(size=ARMS), (ARMS, 1))
    leaf = torch.tensor(scores, requires_grad=True)
    shares = log_shares(leaf, Candidates(None, torch.arange(ARMS), None), None)
    seen = Seen(shares, torch.arange(ARMS), torch.zeros(ARMS), torch.as_tensor(theirs), None)
    # Rows stand for arms in the proportion of the logging policy: a mean of ARMS rows, weighed.
    each = [
        regularised(torch.zeros(()), _row(seen, row), Plan(entropy=0.3, logging=0.7))
        for row in range(ARMS)
    ]
    torch.autograd.backward(sum(share * one for share, one in zip(theirs, each, strict=True)))
    pushed = -leaf.grad.numpy().sum(axis=0)

    def worth(of):
        log = of - np.logaddexp.reduce(of)
        return -0.3 * (np.exp(log) * log).sum() - 0.7 * (theirs * (np.log(theirs) - log)).sum()

    for arm in range(ARMS):
        step = 1e-6 * np.eye(ARMS)[arm]
        slope = (worth(scores[0] + step) - worth(scores[0] - step)) / 2e-6
        assert pushed[arm] == pytest.approx(slope, abs=1e-7)


def _row(seen, row):
    one = slice(row, row + 1)
    return Seen(seen.log_shares[one], seen.mine[one], seen.reward[one], seen.propensity[one], None)


def test_likelihood_looks_at_no_propensity():
    rounds, guess, scores = logged()
    other = Rounds.of(
        rounds.chosen, rounds.reward, np.ones(N), among=range(ARMS), contexts=rounds.context
    )
    first, _ = gradient("likelihood", scores, rounds, guess)
    again, _ = gradient("likelihood", scores, other, guess)
    assert (first == again).all()


def test_entropy_spreads_and_the_logging_price_holds_back():
    rounds, guess, scores = logged()
    plain, _ = gradient("ips", scores, rounds, guess)
    spread, _ = gradient("ips", scores, rounds, guess, entropy=0.5)
    best = np.arange(N), scores.argmax(axis=1)
    assert ((spread - plain)[best] < 0).all()
    held, _ = gradient("ips", scores, rounds, guess, logging=0.5)
    mine = np.arange(N), rounds.chosen
    assert ((held - plain)[mine] > 0).all()


def test_running_means_become_those_of_all_that_was_seen():
    level = Level()
    rng = np.random.default_rng(0)
    for _ in range(400):
        weight, reward = torch.as_tensor(rng.random(50)), torch.as_tensor(rng.random(50))
        mass, of = level.take(weight, reward)
    assert mass == pytest.approx(0.5, abs=0.05)
    assert of == pytest.approx(0.5, abs=0.05)
    other = Level()
    other.restore(level.kept())
    assert other.take(weight, reward) == level.take(weight, reward)


def catalogue(arms=6, sampled=2):
    rng = np.random.default_rng(1)
    chosen = np.minimum(rng.geometric(0.4, size=200) - 1, arms - 1)
    rounds = Rounds.of(
        chosen,
        np.ones(200),
        np.full(200, 0.5),
        among=range(arms),
        contexts=rng.normal(size=(200, 2)),
    )
    rows = rows_of(rounds, Plan())
    return rows, Catalogue(rows, sampled), torch.as_tensor(rng.normal(size=arms))


@pytest.mark.parametrize("size", [3, 2, 1])
def test_candidates_stand_for_all_arms_whatever_the_batch(size):
    """The last batch of an epoch is smaller than the others."""
    rows, drawn, score = catalogue()
    luck = torch.Generator().manual_seed(0)
    first = 0  # one round, whose denominator is looked at
    times, found = 3_000, []
    for _ in range(times):
        others = torch.randint(len(rows), (size - 1,), generator=luck)
        batch = rows.take(torch.cat([torch.tensor([first]), others]))
        candidates = drawn.of(batch, luck)
        scores = score[candidates.arms].expand(size, -1)
        shares = log_shares(scores, candidates, None)
        found.append(float(torch.exp(score[batch.chosen[0]] - shares[0, candidates.mine[0]])))
    whole = float(score.exp().sum())
    error = np.std(found) / times**0.5
    # Five standard errors: one false alarm in two million.
    assert abs(np.mean(found) - whole) < 5 * error
    assert error < 0.06 * whole


def test_without_the_correction_the_popular_would_be_too_few():
    rows, drawn, _ = catalogue(sampled=200)
    often = torch.bincount(rows.chosen, minlength=6)
    candidates = drawn.of(rows.take(torch.arange(3)), torch.Generator().manual_seed(0))
    assert candidates.arms.tolist() == [*range(6)]
    lift = candidates.lift
    # Who is logged often is drawn often, and stands for itself; who is not stands for many.
    assert (lift.argsort() == torch.argsort(-often, stable=True)).all()
    assert (lift > 0).all()


def test_who_was_not_eligible_is_never_chosen_and_never_pushed():
    scores = torch.zeros((2, 3), requires_grad=True)
    eligible = torch.tensor([[True, True, False], [True, True, True]])
    candidates = Candidates(None, torch.tensor([0, 2]), None)
    shares = log_shares(scores, candidates, eligible)
    assert shares.exp()[0].tolist() == [0.5, 0.5, 0.0]
    torch.autograd.backward(shares[0, 0])
    assert scores.grad[0, 2] == 0.0
    # The same where all arms but one have to be looked at by their places.
    some = Candidates(torch.tensor([0, 2]), torch.tensor([0, 1]), torch.zeros(2))
    assert log_shares(torch.zeros((2, 2)), some, eligible).exp()[0].tolist() == [1.0, 0.0]
