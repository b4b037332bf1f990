"""Several objectives over HTTP and on the command line: learnt apart, corrected, told in their own units."""

import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.base import decode_decision
from tamesu.cli.entry import run

PATH = "/v1/bandits/window/decisions"
REVENUE = {"events": {"purchase": {"weight": 1, "aggregate": "sum"}}, "range": [0, 100]}
WINDOW = {
    "name": "window",
    "arms": ["summer", "winter"],
    "policy": {"belief": "gaussian"},
    "reward": {
        "window": "3s",
        "settle": "0s",
        "lateness": "100ms",
        "objectives": {"clicks": {"click": 1}, "revenue": REVENUE},
        "scalarise": "gini",
    },
    "batch": {"size": 1, "every": "10ms"},
    "seed": 7,
}


def event(delivery, type_, value=None):
    fact = {"delivery_id": delivery["delivery_id"], "type": type_}
    return fact if value is None else {**fact, "value": value}


@pytest.fixture
def window(serving, training):
    """A server with an archive and a trainer, and a bandit that wants clicks and revenue."""
    archive = MemoryArchive()
    started = serving(archive=archive)
    training(started, archive)
    status, said = started.post("/v1/bandits", WINDOW)
    assert status == 201, said
    return started


@pytest.fixture
def played(window, until):
    """Six decisions: two are clicked, one of them buys for 30 and later for 90 more; all is learnt."""
    deliveries = [window.post(PATH, {})[1]["deliveries"][0] for _ in range(6)]
    first = [event(deliveries[0], "click"), event(deliveries[0], "purchase", 30)]
    assert window.post("/v1/events", {"events": [*first, event(deliveries[1], "click")]})[0] == 202

    def learnt(count, mean, clipped):
        rows = window.get("/v1/bandits/window/report?period=1d")[1]
        wanted = rows["results"]["wanted"]
        beyond = sum(one["clipped"] for one in rows["arms"])
        known = (rows["observations"], beyond, wanted["left_out"]) == (6, clipped, 0)
        means = [one["mean"] for one in wanted["objectives"]]
        return rows if known and means == pytest.approx([count, mean], abs=1e-3) else None

    until(lambda: learnt(2 / 6, 5, 0))
    assert window.post("/v1/events", {"events": [event(deliveries[0], "purchase", 90)]})[0] == 202
    return deliveries, until(lambda: learnt(2 / 6, 20, 1))


def test_a_report_tells_each_in_its_own_units(played):
    deliveries, told = played
    clicks, revenue = told["results"]["wanted"]["objectives"]
    assert clicks["scaled"] == pytest.approx(1 / 3)
    assert revenue["scaled"] == pytest.approx(0.2, abs=1e-5)
    assert told["results"]["wanted"]["welfare"] == pytest.approx((0.2 + 1 / 3 / 2) / 1.5, abs=1e-5)
    had = {one["arm"]: one for one in told["results"]["arms"]}
    buyer = had[deliveries[0]["arm"]]
    assert buyer["objectives"]["revenue"] * buyer["observed"] == pytest.approx(120, abs=1e-3)
    believed = {one["arm"]: one for one in told["arms"]}
    assert sum(one["clipped"] for one in believed.values()) == 1
    assert believed[deliveries[0]["arm"]]["objectives"]["revenue"]["mean"] > 5
    assert sum(one["share"] for one in told["arms"]) == pytest.approx(1)


def test_an_explanation_tells_what_a_delivery_came_to_and_makes_it_again(window, played):
    deliveries, _ = played
    decision_id = deliveries[0]["delivery_id"].rpartition("-")[0]
    told = window.get(f"/v1/decisions/{decision_id}")[1]
    rows = told["deliveries"][0]["observations"]
    assert rows[-1]["objectives"] == {"clicks": 1, "revenue": 120}
    assert {row["outcome"] for row in rows} == {"observed"}
    answer = window.post(PATH, {})[1]
    (record,) = [
        decode_decision(entry.body)
        for entry in window.entries("decision")
        if entry.key == answer["decision_id"]
    ]
    assert record.draws == 64
    assert record.deliveries[0].propensity == answer["deliveries"][0]["propensity"]
    again = window.get(f"/v1/decisions/{answer['decision_id']}")[1]
    assert (again["again"]["same"], again["again"]["difference"]) == (True, 0)
    shown = {arm["arm"]: arm for arm in again["arms"]}
    assert set(shown["summer"]["objectives"]) == {"clicks", "revenue"}


def test_the_command_line_shows_them_within_eighty_columns(window, played, capsys):
    deliveries, _ = played
    decision_id = deliveries[0]["delivery_id"].rpartition("-")[0]
    texts = {}
    for words in (["report", "window"], ["bandit", "show", "window"], ["explain", decision_id]):
        capsys.readouterr()
        assert run([*words, "--url", window.url]) == 0
        texts[words[0]] = capsys.readouterr().out
    assert "revenue: 20 each, 20.0% of its range [0, 100]" in texts["report"]
    assert "gini: the worst weighs most" in texts["report"]
    assert "not what gini wants most of" in " ".join(texts["report"].split())
    assert "Earned each, by objective" in texts["report"]
    assert "Believed by objective" in texts["bandit"]
    assert {"clicks 1", "revenue 30", "revenue 120"} <= {
        cell.strip() for line in texts["explain"].splitlines() for cell in line.split("  ")
    }
    assert max(len(line) for text in texts.values() for line in text.splitlines()) <= 80


@pytest.mark.parametrize(
    ("scalarise", "state"),
    [
        ({"kind": "gini", "weights": [1, 0.9]}, "kept"),
        ({"kind": "weighted", "weights": {"clicks": 1, "revenue": 3}}, "warm"),
    ],
)
def test_other_weights_by_rank_keep_what_was_learnt_and_another_kind_starts_warm(
    window, played, until, scalarise, state
):
    changed = {**WINDOW, "reward": {**WINDOW["reward"], "scalarise": scalarise}}
    path = "/v1/bandits/window?warm=true"
    status, said, _ = window.call("PUT", path, changed, headers={"If-Match": '"1"'})
    assert status == 200, said
    assert said["state"] == state

    def declared_anew():
        found = window.get("/v1/bandits/window/report?period=1d")[1]
        known = found["results"]["wanted"]["kind"] == scalarise["kind"]
        return found if known and found["observations"] == 6 else None

    report = until(declared_anew)
    assert report["results"]["wanted"]["objectives"][1]["mean"] == pytest.approx(20, abs=1e-3)


def test_weighed_objectives_are_told_in_their_own_units_too(serving, training, until):
    """Corrected once, the sum is one number, and each objective is known all the same."""
    archive = MemoryArchive()
    started = serving(archive=archive)
    training(started, archive)
    weights = {"weights": {"clicks": 1, "revenue": 3}}
    declared = {**WINDOW, "reward": {**WINDOW["reward"], "scalarise": weights}}
    assert started.post("/v1/bandits", declared)[0] == 201
    first, _ = (started.post(PATH, {})[1]["deliveries"][0] for _ in range(2))

    def told(clicks, revenue):
        results = started.get("/v1/bandits/window/report?period=1d")[1]["results"]
        wanted = results["wanted"]
        means = [one["mean"] for one in wanted["objectives"]]
        is_there = results["observed"] == 2 and means == pytest.approx([clicks, revenue], abs=1e-3)
        return results if is_there else None

    for events, means in (
        ([event(first, "click"), event(first, "purchase", 20)], (0.5, 10)),
        ([event(first, "purchase", 40)], (0.5, 30)),
    ):
        assert started.post("/v1/events", {"events": events})[0] == 202
        results = until(lambda means=means: told(*means))
    assert results["wanted"]["welfare"] == pytest.approx(0.25 * 0.5 + 0.75 * 0.3, abs=1e-5)
    assert results["reward"] == pytest.approx(2 * results["wanted"]["welfare"], abs=1e-5)
    assert not started.get("/v1/bandits/window/report")[1]["arms"][0]["objectives"]


def test_in_contexts_each_objective_has_coefficients_and_decisions_are_made_again(
    serving, training, until
):
    """What suits is a mixture by context; the recorded context makes the same one again."""
    started = serving()
    training(started)
    context = {"member": {"type": "boolean"}, "taste": {"type": "vector", "size": 2}}
    declared = {**WINDOW, "context": context, "policy": {"belief": "linear"}}
    status, said = started.post("/v1/bandits", declared)
    assert status == 201, said
    asked = [{"context": {"member": bool(i % 2), "taste": [i / 9, -1]}} for i in range(8)]
    for one in asked:
        (delivery,) = started.post(PATH, one)[1]["deliveries"]
        events = [event(delivery, "click" if one["context"]["member"] else "purchase", 40)]
        assert started.post("/v1/events", {"events": events})[0] == 202
    until(lambda: started.get("/v1/bandits/window/report")[1]["observations"] == 8)
    answer = until(lambda: (found := started.post(PATH, asked[1])[1])["snapshot"] > 0 and found)
    again = started.get(f"/v1/decisions/{answer['decision_id']}")[1]
    assert again["again"]["same"] is True
    assert again["again"]["difference"] <= 1e-9
    for arm in again["arms"]:
        assert set(arm["objectives"]) == {"clicks", "revenue"}
    assert sum(arm["share"] for arm in again["arms"]) == pytest.approx(1)
    refused, problem = started.post(PATH, {"context": {"member": 1, "taste": [0, 0]}})
    assert (refused, "member" in problem["detail"]) == (400, True)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"layout": {"kind": "slate", "size": 2}}, "layout"),
        ({"policy": {"belief": "gaussian", "explorer": "ucb"}}, "explorer"),
        ({"reward": {**WINDOW["reward"], "default": 1}}, "reward.default"),
        ({"reward": {**WINDOW["reward"], "scalarise": {"kind": "gini", "weights": [1]}}}, "weight"),
    ],
)
def test_what_cannot_be_is_refused_by_name(serving, changes, says):
    status, problem = serving().post("/v1/bandits", {**WINDOW, **changes})
    assert status == 400
    assert says in problem["detail"]
