"""What a report says of a period: as a slow look at every row says it, and as the world's truth is."""

import asyncio
from collections import Counter

import numpy as np
import pytest
from random_lives import World

from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.base import GRID, Declaration, Outcome, Time
from tamesu.base.times import HOUR_US, MINUTE_US, SECOND_US, Duration
from tamesu.engine import InlineEngine
from tamesu.experiment import Spans
from tamesu.ports import Holds
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.earned import Earned, Sizes
from tamesu.serve.core.report import Reporter
from tamesu.sim import DelayedWorld
from tamesu.testing.installation import Installation
from tamesu.testing.journal import Journal
from tamesu.testing.rehearsal import Rehearsal

RATES = np.array([0.1, 0.2, 0.3, 0.4])
LONG = Duration(365 * 24 * HOUR_US)


def report(one, name, clock, period=LONG):
    catalogue = Catalogue(one.store)
    catalogue.start()
    reporter = Reporter(
        log=one.log,
        store=one.store,
        catalogue=catalogue,
        meter=MemoryMeter(),
        clock=clock,
        archive=one.archive,
    )
    told = asyncio.run(reporter.report(name, period))
    catalogue.close()
    return told


@pytest.fixture(scope="module")
def journal():
    """An installation that has learnt a journal to its end."""
    one = Installation.new()
    for _ in Journal(5, steps=300).write(one.log, one.clock):
        InlineEngine(one.log, one.store, one.archive, one.clock).catch_up()
    one.clock.move(2 * HOUR_US)
    InlineEngine(one.log, one.store, one.archive, one.clock).catch_up()
    return one


@pytest.mark.parametrize("name", ["slates", "singles", "visits", "falls", "wishes"])
def test_it_is_what_the_rows_come_to_one_by_one(journal, name):
    """Slates and single ones, sessions, corrections, fallbacks: the last word on each delivery."""
    results = report(journal, name, journal.clock)["results"]
    last = {}
    files = journal.store.files(Holds.OBSERVATIONS)
    rows = [row for part in journal.archive.read(files) for row in part.rows()]
    for row in sorted(rows, key=lambda row: row.correction):
        if row.decision_id.startswith(f"{name}."):
            last[row.decision_id, row.position] = row
    made = Counter(row.arm for row in last.values())
    seen = [row for row in last.values() if row.outcome == Outcome.OBSERVED and not row.fallback]
    observed = Counter(row.arm for row in seen)
    assert made
    assert {one.arm: one.deliveries for one in results.arms} == made
    assert {one.arm: one.observed for one in results.arms if one.observed} == observed
    reward = sum(row.reward for row in seen) / GRID
    assert results.reward == pytest.approx(reward, abs=1e-6)
    assert results.deliveries == sum(made.values())
    assert sum(window.observed for window in results.windows) == len(seen) == results.observed
    tops = [row for row in seen if row.position == 0]
    assert results.compared.observed == len(tops)
    mean = sum(row.reward for row in tops) / GRID / len(tops)
    assert results.compared.ours.mean == pytest.approx(mean)


def test_each_objective_is_told_in_its_own_units_as_the_last_word_on_each_delivery_says(journal):
    """A click is worth 1 of clicks; what was bought, so much of sales; by arm, and as one number."""
    results = report(journal, "wishes", journal.clock)["results"]
    files = [one for one in journal.store.files(Holds.OBSERVATIONS) if one.bandit == "wishes"]
    last = {}
    for row in sorted(
        (row for part in journal.archive.read(files) for row in part.rows()),
        key=lambda row: row.correction,
    ):
        last[row.decision_id] = row
    seen = [row for row in last.values() if row.outcome == Outcome.OBSERVED and not row.fallback]
    assert any(row.correction for row in seen)
    assert any(row.terms["buy"] for row in seen)
    clicks, sales = results.wanted.objectives
    assert clicks.mean == pytest.approx(np.mean([row.terms["click"] * 2 / GRID for row in seen]))
    assert sales.mean == pytest.approx(np.mean([row.terms["buy"] * 4 / GRID for row in seen]))
    assert (sales.range, sales.scaled) == ((0, 2), pytest.approx(sales.mean / 2))
    worst, best = sorted([clicks.scaled, sales.scaled])
    assert results.wanted.welfare == pytest.approx((worst + best / 2) / 1.5)
    assert (results.wanted.kind, results.wanted.left_out) == ("gini", 0)
    for one in results.arms:
        mine = [row.terms["click"] * 2 / GRID for row in seen if row.arm == one.arm]
        assert one.objectives["clicks"] == pytest.approx(np.mean(mine))
    assert report(journal, "singles", journal.clock)["results"].wanted is None


def test_a_bandit_that_is_declared_anew_is_told_of_from_its_first_decision_on():
    """Decided minutes before anything was learnt; whoever had its name before it is not told of."""
    world = World()
    plain = {"name": "unit", "arms": ["a", "b"], "seed": 1, "reward": {"window": "5m"}}
    number = 0
    for life in range(2):
        number += 1
        world.store.declare(Declaration.parse(plain), world.clock.now(), number)
        for _ in range(7):
            world.decide("unit", "a")
        for after_us in (0, 6 * MINUTE_US):
            world.move(after_us)
            world.engine.catch_up()
        changed = Declaration.parse({**plain, "description": "another"}).plain()
        asked = world.ask("unit", "declare", {"declaration": changed, "number": number})
        world.engine.catch_up()
        number += 1
        assert world.effect(asked).told["number"] == number
        results = report(world, "unit", world.clock)["results"]
        assert (results.deliveries, results.observed) == (7, 7)
        if not life:
            world.ask("unit", "delete")
            world.move(HOUR_US)
            world.engine.catch_up()


@pytest.fixture(scope="module")
def rehearsed():
    """6,000 decisions in 25 hours."""
    return rehearsal_of(6_000)


def rehearsal_of(decisions, **reward):
    """Four arms, a click after ten minutes in the mean, a window of five."""
    declaration = Declaration.parse(
        {
            "name": "late",
            "arms": [f"arm-{row}" for row in range(4)],
            "seed": 3,
            "policy": {"belief": "beta", "explorer": {"kind": "thompson", "explore": 0.4}},
            "reward": {"window": "5m", "settle": "5m", **reward},
        }
    )
    rehearsal = Rehearsal(declaration, DelayedWorld(RATES, 10 * MINUTE_US))
    rng = np.random.default_rng(11)
    steps = rehearsal.play(
        decisions, every=100, pace_us=15 * SECOND_US, uniforms=lambda m: rng.random((m, 2))
    )
    for _ in steps:
        pass
    rehearsal.rest(HOUR_US)
    return rehearsal


def test_what_uniform_choice_would_have_had_is_what_the_world_says(rehearsed):
    """Within five standard errors: a false alarm below 1e-6. Ours is more, as it was played."""
    clock = ManualClock(rehearsed.store.snapshot("late").created)
    told = report(rehearsed, "late", clock)["results"].compared
    truth = float(DelayedWorld(RATES, 10 * MINUTE_US).within(5 * MINUTE_US).rates.mean())
    error = (told.uniform.high - told.uniform.low) / 2 / 1.96
    assert told.uniform.mean == pytest.approx(truth, abs=5 * error)
    assert error < 0.01
    assert told.doubts == ()
    assert told.gain.low > 0


def test_propensities_that_come_from_draws_are_compared_like_any_others():
    """A decision is drawn from what was logged, whatever that was made of. Within five standard errors."""
    drawn = rehearsal_of(2_000, objectives={"clicks": {"click": 1}}, scalarise="gini")
    files = drawn.store.files(Holds.OBSERVATIONS)
    rows = [row for part in drawn.archive.read(files) for row in part.rows()]
    assert {row.draws for row in rows} == {64}
    clock = ManualClock(drawn.store.snapshot("late").created)
    results = report(drawn, "late", clock)["results"]
    told = results.compared
    assert told.observed == results.observed > 1_500
    truth = float(DelayedWorld(RATES, 10 * MINUTE_US).within(5 * MINUTE_US).rates.mean())
    error = (told.uniform.high - told.uniform.low) / 2 / 1.96
    assert told.uniform.mean == pytest.approx(truth, abs=5 * error)
    assert error < 0.02


def test_the_curve_sees_what_came_after_the_window(rehearsed):
    """5 minutes catch .39 of clicks that come after 10 in the mean, 60 minutes .9975, 30 only .95."""
    clock = ManualClock(rehearsed.store.snapshot("late").created)
    delay = report(rehearsed, "late", clock)["results"].delay
    assert (delay.window, delay.sampled) == ("5m", 1.0)
    assert delay.events > 500
    shares = {point.age: point.share for point in delay.points}
    # Binomial, five standard errors of .022 at most.
    for age, share in (("5m", 0.393), ("10m", 0.632), ("30m", 0.950), ("1h", 0.9975)):
        assert shares[age] == pytest.approx(share, abs=0.11)
    assert delay.inside == shares["5m"]
    assert delay.suggested in ("1h", "2h")


def test_a_period_is_of_decisions(rehearsed):
    clock = ManualClock(rehearsed.store.snapshot("late").created)
    short = report(rehearsed, "late", clock, Duration(10 * HOUR_US))["results"]
    assert short.deliveries == pytest.approx(9 * 240, abs=60)  # an hour of rest at the end
    assert report(rehearsed, "late", clock, None)["results"] is None


def test_a_period_begins_and_ends_where_it_says(rehearsed):
    """Also one that no whole number of windows fills; of the newest decisions none is missing."""
    clock = ManualClock(rehearsed.store.snapshot("late").created)
    files = rehearsed.store.files(Holds.OBSERVATIONS)
    first = [row for part in rehearsed.archive.read(files) for row in part.rows()]
    decided = [row.decided for row in first if not row.correction]
    for period in (max(decided) // 1000, 73_123_456_789, 7_000_000_000):
        since = clock.now() - period
        told = report(rehearsed, "late", clock, Duration(period))["results"]
        assert told.deliveries == sum(moment >= since for moment in decided)
        assert told.until == clock.now()
        assert told.since >= since
        assert told.windows[0].since == told.since
        assert sum(window.deliveries for window in told.windows) == told.deliveries
    clock = ManualClock(max(decided) + 1)
    assert report(rehearsed, "late", clock)["results"].deliveries == len(decided)


def test_what_arms_had_is_told_by_position_where_each_has_a_belief(journal):
    """As the rows say: an arm's deliveries at the top are not those below."""
    declared = journal.store.declared("slates", 1)
    spans = Spans(journal.clock.now(), LONG, 1)
    earned = Earned(spans, Sizes(journal.store, declared, []), Time(0), 2)
    files = [one for one in journal.store.files(Holds.OBSERVATIONS) if one.bandit == "slates"]
    for outline in journal.archive.outlines(files):
        earned.add(outline)
    rows = [row for part in journal.archive.read(files) for row in part.rows()]
    made = Counter((row.arm, row.position) for row in rows if not row.correction)
    told = earned.results(None).arms
    assert {(one.arm, one.position): one.deliveries for one in told} == made
    assert {one.position for one in told} == {0, 1}
