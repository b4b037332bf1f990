"""`tamesu learn surrogate` on a data folder whose truth is known: weights, warnings, refusals, what it writes."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from datetime import datetime

import polars as pl
import pytest
import yaml
from long_run import ARMS, CARTS, CLICKS, DECLARED, PER_CART, PER_CLICK, LongRun

from tamesu import Bandit
from tamesu.base import Declaration, Time, parse_decision_id
from tamesu.base.times import DAY_US
from tamesu.cli.entry import run
from tamesu.policy import compose
from tamesu.serve import UnitNames
from tamesu.wiring.unit_key import unit_key

WITHIN = ("--within", "10d")


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A world in which arms change purchases by way of clicks and baskets alone; most users come again."""
    life = LongRun(days=6, a_day=400, units=1_200)
    life.folder = life.install(tmp_path_factory.mktemp("lived"))
    return life


@pytest.fixture
def learn(lived, capsys):
    def command(*words, code=0, folder=lived.folder):
        capsys.readouterr()
        assert run(["learn", "surrogate", "shop", *words, "--data", str(folder)]) == code
        out, err = capsys.readouterr()
        if code == 2 or (code == 1 and not out):
            return err
        return json.loads(out) if "--json" in words else out

    return command


def weights(told):
    return {event["type"]: event["weight"] for event in told["events"]}


def test_what_early_events_are_worth_is_found(learn, lived):
    told = learn("--later", "purchase", *WITHIN, "--json")
    assert told["power"]
    found = weights(told)
    assert found["click"] == pytest.approx(PER_CLICK, abs=0.04)
    assert found["cart"] == pytest.approx(PER_CART, abs=0.12)
    assert told["surrogate"]["constant"] == pytest.approx(0.0, abs=0.04)
    assert not any(arm["differs"] for arm in told["arms"])
    assert sorted(arm["arm"] for arm in told["arms"]) == sorted(ARMS)
    rows, left_out = told["surrogate"]["rows"], sum(told["left_out"].values())
    assert rows + left_out == len(lived.decisions)
    assert rows > 1_900
    assert told["strangers"] == 0


def test_the_arm_that_promises_most_is_not_the_one_that_keeps_most(learn):
    """By clicks the bait is best; by the reward that was fitted, the last."""
    told = learn("--later", "purchase", *WITHIN, "--json")
    arms = {arm["arm"]: arm for arm in told["arms"]}
    assert max(arms, key=lambda arm: arms[arm]["expected"]) == "solid"
    assert max(arms, key=lambda arm: arms[arm]["later"]) == "solid"


def _plays(file, rewards, rounds=800):
    """How often each arm is chosen at last by a bandit that learns these rewards of early events."""
    bandit, draw = Bandit.from_config(file), random.Random(3)
    chosen = Counter()
    for number in range(rounds):
        decision = bandit.decide()
        arm = ARMS.index(decision.arm)
        clicks = draw.random() < CLICKS[arm]
        carts = (draw.random() < CARTS[arm]) * draw.randint(1, 3)
        bandit.learn(decision, reward=rewards["click"] * clicks + rewards["cart"] * carts)
        chosen[decision.arm] += number >= rounds - 200
    return chosen


def test_who_learns_clicks_ends_with_the_bait_and_who_learns_the_surrogate_with_what_pays(
    learn, tmp_path
):
    """The bait is clicked most and worth least: better early, worse late."""
    clicks, later = tmp_path / "clicks.yaml", tmp_path / "later.yaml"
    clicks.write_text(yaml.safe_dump(DECLARED))
    told = learn("--later", "purchase", *WITHIN, "--output", str(later), "--json")
    # Seeded: the shares are always the same.
    assert _plays(clicks, {"click": 1.0, "cart": 0.0})["bait"] > 150
    assert _plays(later, weights(told))["solid"] > 150


def test_what_it_writes_is_a_declaration_with_its_reward(learn, tmp_path):
    file = tmp_path / "shop.yaml"
    told = learn("--later", "purchase", *WITHIN, "--output", str(file), "--json")
    assert told["written"] == str(file)
    written = yaml.safe_load(file.read_text())
    assert written == told["declaration"]
    declaration = Declaration.parse(written)
    assert compose(declaration).bounds == pytest.approx((0.0, declaration.reward.range[1]))
    terms = declaration.reward.events
    assert terms["click"].weight == pytest.approx(weights(told)["click"], rel=1e-5)
    assert terms["cart"].cap == 3.0
    assert (terms["purchase"].weight, declaration.reward.default) == (0.0, 0.0)
    assert declaration.surrogate.rows == told["surrogate"]["rows"]
    assert declaration.arm_ids == ARMS
    assert declaration.seed == DECLARED["seed"]


def test_arms_start_with_what_their_early_events_were_worth(learn, lived):
    told = learn("--later", "purchase", *WITHIN, "--strength", "50", "--json")
    belief = told["declaration"]["policy"]["belief"]
    assert sorted(belief["priors"]) == sorted(ARMS)
    declaration = Declaration.parse(told["declaration"])
    policy = compose(declaration)
    means = {row.arm: row.mean for row in policy.summary(policy.init(), ARMS, Time(0))}
    arms = {arm["arm"]: arm for arm in told["arms"]}
    constant = told["surrogate"]["constant"]
    for arm in ARMS:  # a prior of one reward in the middle of the range, then fifty
        expected = (50 * (arms[arm]["expected"] - constant) + declaration.reward.range[1] / 2) / 51
        assert means[arm] == pytest.approx(expected, abs=0.01)


def test_priors_of_another_reward_are_left_out(learn, tmp_path):
    declared = {**DECLARED, "policy": {"belief": {"kind": "gaussian", "prior": {"mean": 0.5}}}}
    folder = LongRun(days=4, a_day=300, declared=declared).install(tmp_path)
    told = learn("--later", "purchase", *WITHIN, "--json", folder=folder)
    assert told["declaration"]["policy"]["belief"] == {"kind": "gaussian"}


def test_few_deliveries_are_refused(learn, tmp_path):
    folder = LongRun(days=4, a_day=100).install(tmp_path)
    err = learn("--later", "purchase", *WITHIN, code=2, folder=folder)
    assert "there must be 500 deliveries of 100 units or decisions" in err


def test_a_bandit_of_rates_is_told_which_beliefs_learn_numbers(learn, tmp_path):
    declared = {**DECLARED, "reward": {**DECLARED["reward"], "events": {"click": 1, "purchase": 0}}}
    declared["policy"] = {"belief": "beta"}
    folder = LongRun(days=4, a_day=300, declared=declared).install(tmp_path)
    err = learn("--later", "purchase", *WITHIN, code=2, folder=folder)
    assert "--belief gaussian" in err
    told = learn(
        "--later", "purchase", *WITHIN, "--belief", "gaussian", "--json", "--force", folder=folder
    )
    assert told["declaration"]["policy"]["belief"] == "gaussian"


def test_bandit_check_says_what_the_reward_stands_for(learn, tmp_path, capsys):
    file = tmp_path / "shop.yaml"
    learn("--later", "purchase", *WITHIN, "--output", str(file))
    assert run(["bandit", "check", str(file), "--json"]) == 0
    settings = {row["setting"]: row for row in json.loads(capsys.readouterr().out)["settings"]}
    assert settings["reward.surrogate"]["value"] == "sum of purchase within 10d"
    assert "R² 0." in settings["reward.surrogate"]["meaning"]
    assert "reward.surrogate.differing" not in settings


def test_for_people(learn):
    out = learn("--later", "purchase", *WITHIN)
    assert "sum of purchase within 10d, told from the events of the first 1h" in out
    assert "R² out of sample: 0." in out
    assert "no arm is seen to differ" in out
    assert "seen too rarely" in out  # nobody buys within the hour
    assert "--output FILE" in out


def test_the_same_purchases_in_a_file_say_the_same(learn, lived, tmp_path):
    by_log = learn("--later", "purchase", *WITHIN, "--json")
    file = tmp_path / "orders.csv"
    _write(
        file, "delivery", [(f"{key}-0", moment, value) for key, _, moment, value in lived.bought]
    )
    start = Time(lived.decisions[0][3]).text()
    end = Time(lived.decisions[0][3] + 40 * DAY_US).text()
    words = ("--later", str(file), *WITHIN, "--since", start, "--until", end, "--json")
    by_file = learn(*words)
    # The log knows of fewer deliveries what became of them in ten days: it ends sooner.
    assert by_file["surrogate"]["rows"] >= by_log["surrogate"]["rows"]
    assert weights(by_file)["cart"] == pytest.approx(weights(by_log)["cart"], abs=0.04)
    # What the last day came to is in the file; its deliveries are open.
    last = lived.decisions[-1][3] - DAY_US
    late = [key for key, *_ in lived.bought if parse_decision_id(key).decided > last]
    assert by_file["strangers"] == len(late)


def test_a_file_by_unit_tells_each_delivery_all_that_its_unit_bought(learn, lived, tmp_path):
    file = tmp_path / "orders.csv"
    rows = [(unit, moment, value) for _, unit, moment, value in lived.bought]
    _write(file, "unit", [*rows, ("stranger", rows[0][1], 1.0)])
    told = learn("--later", str(file), *WITHIN, "--json")
    assert 1 <= told["strangers"] < 0.1 * len(rows)  # who came on the last day alone is open yet
    assert told["left_out"]["untold"] > 0
    # Whoever comes again has other baskets: the constant holds what those bring.
    assert weights(told)["cart"] == pytest.approx(PER_CART, abs=0.15)
    assert told["surrogate"]["constant"] > 0.1


def _write(path, key, rows):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([key, "time", "value"])
        writer.writerows((whose, Time(moment).text(), value) for whose, moment, value in rows)


def test_an_arm_that_keeps_what_its_events_do_not_promise_is_told_loudly(tmp_path, learn):
    life = LongRun(days=4, a_day=500, direct=(0.25, 0.0, 0.0))
    folder = life.install(tmp_path)
    told = learn("--later", "purchase", *WITHIN, "--json", folder=folder)
    bait = next(arm for arm in told["arms"] if arm["arm"] == "bait")
    assert bait["differs"]
    assert bait["left"] > 5 * bait["error"]
    assert "bait" in told["declaration"]["reward"]["surrogate"]["differing"]
    assert [one["part"] for one in told["quarters"]][-1] == "last quarter"
    assert not any(one["differs"] for one in told["quarters"])
    out = learn("--later", "purchase", *WITHIN, folder=folder)
    assert "come to something else than their early events say: " in out


@pytest.mark.parametrize(
    ("other", "stays"),
    [
        (
            {"context": {"member": {"type": "boolean"}}, "policy": {"belief": "linear"}},
            ("context", "policy", "arms"),
        ),
        (
            {"slots": {"title": ["a", "b"], "image": ["x", "y"]}, "layout": "combination"},
            ("slots", "layout", "pairwise"),
        ),
        ({"layout": {"kind": "slate", "size": 2}, "policy": {"belief": "gaussian"}}, ("layout",)),
    ],
)
def test_all_else_of_a_declaration_stays(learn, tmp_path, other, stays):
    """Whatever its layout, belief and context: they are not what is fitted."""
    file = tmp_path / "other.yaml"
    declared = {name: value for name, value in DECLARED.items() if name not in other}
    if "slots" in other:
        declared = {name: declared[name] for name in ("name", "reward", "seed")}
    declared["reward"] = {**declared["reward"], "anchor": "decision"}
    file.write_text(yaml.safe_dump({**declared, **other}))
    told = learn("--later", "purchase", *WITHIN, "--declaration", str(file), "--json")
    before = Declaration.parse(yaml.safe_load(file.read_text())).plain()
    after = Declaration.parse(told["declaration"]).plain()
    assert {name: after[name] for name in stays} == {name: before[name] for name in stays}
    assert weights(told)["cart"] == pytest.approx(PER_CART, abs=0.12)


def test_old_deliveries_may_be_left_out(learn, lived):
    since = lived.decisions[400][3]
    told = learn("--later", "purchase", *WITHIN, "--since", Time(since).text(), "--json")
    assert told["left_out"]["older"] == 400
    assert Time.parse(told["surrogate"]["since"]) == since


def test_a_fit_is_fitted_again(learn, tmp_path):
    """What it wrote is as good a beginning as any; the old fit goes with its weights."""
    file, again = tmp_path / "shop.yaml", tmp_path / "again.yaml"
    learn("--later", "purchase", *WITHIN, "--output", str(file))
    written = yaml.safe_load(file.read_text())
    longer = {**written, "reward": {**written["reward"], "window": "2h"}}
    again.write_text(yaml.safe_dump(longer))
    told = learn("--later", "purchase", *WITHIN, "--declaration", str(again), "--json")
    assert told["surrogate"]["window"] == "2h"
    same = learn("--later", "purchase", *WITHIN, "--declaration", str(file), "--json")
    assert same["declaration"] == written


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("", "that can be read"),
        ("unit,time,value\n", "must have rows"),
        ("unit,delivery,time\nx,y,2026-01-01T00:00:00Z\n", "one of delivery and unit"),
        ("unit,value\nx,3\n", "must have the columns time"),
        ("unit,time,value\nx,2026-01-01,3\n", "in orders.csv a time must be RFC 3339"),
        ("unit,time,value\nx,2026-01-01T00:00:00Z,nan\n", "a value within"),
        ("unit,time,value\nx,2026-01-01T00:00:00Z,1e300\n", "a value within"),
        ("unit,time,value\n,2026-01-01T00:00:00Z,1\n", "must have a unit"),
        ("unit,time\nx,2026-01-01T00:00:00Z\nx,\n", "must have a time"),
        (
            "delivery,time\nx,2025-12-01T00:00:00Z\ny,2026-03-01T00:00:00Z\n",
            "2 rows of the file belong to none",
        ),
    ],
)
def test_files_that_say_nothing_are_refused(learn, tmp_path, rows, why):
    file = tmp_path / "orders.csv"
    file.write_text(rows)
    assert why in learn("--later", str(file), *WITHIN, code=2)


def test_moments_of_no_time_zone_are_not_taken_for_any(learn, tmp_path):
    file, noon = tmp_path / "orders.parquet", datetime(2026, 1, 3, 12)  # noqa: DTZ001 - the point
    pl.DataFrame({"unit": ["u"], "time": [noon]}).write_parquet(file)
    assert "orders.parquet must be of a time zone" in learn("--later", str(file), *WITHIN, code=2)


def test_units_that_are_kept_as_hashes_are_found_by_their_names(learn, tmp_path, monkeypatch):
    """A file has units as requests send them, whatever the log calls them."""
    folder = tmp_path / "data"
    life = LongRun(days=4, a_day=300, units=500, declared=DECLARED)
    life.unit_names = UnitNames(unit_key(_made(folder)))
    life.install(folder)
    monkeypatch.setenv("TAMESU_UNITS", "hashed")
    file = tmp_path / "orders.csv"
    rows = [(unit, moment, value) for _, unit, moment, value in life.bought]
    _write(file, "unit", rows)
    start = Time(life.decisions[0][3]).text()
    words = ("--later", str(file), *WITHIN, "--since", start, "--json", "--force")
    told = learn(*words, folder=folder)
    assert told["strangers"] < 0.1 * len(rows)  # who came on the last day alone is open yet
    assert told["surrogate"]["rows"] > 500


def _made(folder):
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--later", "purchase", "--within", "1h"), "--within must be longer than the window"),
        (("--later", "purchase", "--within", "soon"), "a duration must be"),
        (("--later", "order", *WITHIN), "--later must be one of 'cart', 'click', 'purchase', or a"),
        (("--later", "purchace", *WITHIN), "did you mean 'purchase'?"),
        (
            ("--later", "purchase", *WITHIN, "--aggregate", "most"),
            "--aggregate must be one of 'any', 'count', 'first', 'sum', got 'most'",
        ),
        (("--later", "purchase", *WITHIN, "--until", "2026-01-01T00:00:00Z"), "speaks of a file"),
        (("--later", "purchase", *WITHIN, "--since", "2027-01-01T00:00:00Z"), "older"),
        (("--later", "nowhere.csv", *WITHIN), "that can be read"),
        (("--later", "purchase", *WITHIN, "--strength", "0"), "a number of rewards above 0"),
        (
            ("--later", "purchase", *WITHIN, "--strength", "9", "--belief", "linear"),
            "--strength fills the priors of belief gaussian, got linear",
        ),
        (("--later", "purchase", *WITHIN, "--belief", "beta"), "the reward becomes a number"),
        (("--later", "purchase", "--within", "300d"), "must be known until 300d after"),
        (("--later", "purchase", *WITHIN, "--declaration", "nowhere.yaml"), "readable YAML"),
    ],
)
def test_what_cannot_be_is_refused(learn, words, why):
    assert why in learn(*words, code=2)


def test_a_file_that_could_not_be_written_is_refused_before_the_log_is_read(learn):
    """That nothing is as old as 300 days is said by whoever read it."""
    words = ("--later", "purchase", "--within", "300d", "--output", "/nowhere/shop.yaml")
    assert "cannot be written to /nowhere/shop.yaml" in learn(*words, code=1)


def test_a_file_that_ends_before_it_begins_is_refused(learn, tmp_path):
    file = tmp_path / "orders.csv"
    file.write_text("unit,time\nu,2026-01-03T00:00:00Z\n")
    span = ("--since", "2026-01-03T00:00:00Z", "--until", "2026-01-02T00:00:00Z")
    assert "--until must be later than --since, got 2026-01-02" in learn(
        "--later", str(file), *WITHIN, *span, code=2
    )


def test_later_values_that_nothing_tells_are_not_written_unless_they_must(learn, lived, tmp_path):
    """Amounts that came of nothing: a file shuffled among deliveries."""
    file, out = tmp_path / "orders.csv", tmp_path / "shop.yaml"
    rows = [
        (f"{key}-0", moment + DAY_US, float(number % 7))
        for number, (key, _, _, moment) in enumerate(lived.decisions)
    ]
    _write(file, "delivery", rows)
    end = Time(lived.decisions[0][3] + 40 * DAY_US).text()
    words = ("--later", str(file), *WITHIN, "--until", end, "--output", str(out))
    told = learn(*words, "--json", code=1)
    assert not told["power"]
    assert told["written"] is None
    assert not out.exists()
    assert "is chance; nothing is written" in learn(*words, code=1)
    learn(*words, "--force")
    assert Declaration.parse(yaml.safe_load(out.read_text())).surrogate is not None
