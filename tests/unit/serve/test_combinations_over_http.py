"""Combinations over HTTP: one delivery with an option of each slot; options are the arms."""

from urllib.parse import quote

import pytest

from tamesu.base import decode_decision
from tamesu.base.slots import options_of
from tamesu.client import Client
from tamesu.policy.combination import Combining

PATH = "/v1/bandits/hero/decisions"
HERO = {
    "name": "hero",
    "slots": {"title": ["a", "b"], "image": ["x", "y", "z"]},
    "pairwise": True,
    "infeasible": [{"title": "a", "image": "x"}],
    "context": {"member": "boolean"},
    "interactions": [["member", "title"]],
    "fallback": ["title=a", "image=x"],
    "reward": {"window": "3s", "settle": "0s", "lateness": "100ms"},
    "batch": {"size": 1, "every": "10ms"},
    "seed": 7,
}
ALL = {
    "title=a,image=y",
    "title=a,image=z",
    "title=b,image=x",
    "title=b,image=y",
    "title=b,image=z",
}
MEMBER = {"context": {"member": True}}


@pytest.fixture
def hero(serving):
    started = serving()
    status, said = started.post("/v1/bandits", HERO)
    assert status == 201, said
    return started


@pytest.fixture
def learnt(until):
    """The report of a server, once so many observations are in it."""

    def told(server, count):
        report = server.get("/v1/bandits/hero/report")[1]
        return report if report["observations"] >= count else None

    return lambda server, count: until(lambda: told(server, count))


def test_a_decision_is_one_delivery_with_an_option_of_each_slot(hero):
    status, answer = hero.post(PATH, MEMBER)
    assert status == 200, answer
    (delivery,) = answer["deliveries"]
    assert delivery["arm"] in ALL
    assert delivery["arm"] == ",".join(f"{slot}={one}" for slot, one in delivery["options"].items())
    assert 1 / 65 / 5 <= delivery["propensity"] < 1
    (entry,) = hero.entries("decision")
    record = decode_decision(entry.body)
    assert record.draws == 64
    assert record.deliveries[0].features == delivery["options"]


def test_the_client_gives_its_options(hero):
    with Client(hero.url) as client:
        decided = client.decide("hero", context={"member": True})
    assert decided[0].options == options_of(decided.arm)


def test_what_came_of_it_is_learnt_by_every_option(hero, training, learnt):
    training(hero)
    answers = [hero.post(PATH, MEMBER)[1] for _ in range(8)]
    clicks = [
        {"delivery_id": one["deliveries"][0]["delivery_id"], "type": "click"} for one in answers
    ]
    assert hero.post("/v1/events", {"events": clicks[:4]})[0] == 202
    told = learnt(hero, 8)
    rows = {row["arm"]: row for row in told["arms"]}
    assert list(rows) == ["title=a", "title=b", "image=x", "image=y", "image=z"]
    for slot in HERO["slots"]:
        mine = [row for arm, row in rows.items() if arm.startswith(slot)]
        assert sum(row["observations"] for row in mine) == 8
        assert sum(row["share"] for row in mine) == pytest.approx(1.0)


def test_explain_shows_its_options_and_makes_it_again(hero, training, learnt):
    training(hero)
    hero.post(PATH, MEMBER)
    learnt(hero, 1)
    answer = hero.post(PATH, MEMBER)[1]
    assert answer["snapshot"] >= 1
    told = hero.get(f"/v1/decisions/{answer['decision_id']}")[1]
    assert told["again"]["same"] is True
    assert told["again"]["difference"] <= 1e-9
    assert told["deliveries"][0]["active"] is True
    delivered = {row["arm"] for row in told["arms"] if row["delivered"] == 0}
    options = answer["deliveries"][0]["options"]
    assert delivered == {f"{slot}={one}" for slot, one in options.items()}


def test_eligible_options_leave_the_others_out(hero):
    eligible = ["title=a", "image=x", "image=y"]
    answer = hero.post(PATH, {**MEMBER, "eligible": eligible})[1]
    assert answer["deliveries"][0]["arm"] == "title=a,image=y"
    assert answer["deliveries"][0]["propensity"] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("eligible", "status", "says"),
    [
        (["title=a"], 400, "slot 'image' has none"),
        (["title=a", "image=x"], 400, "not infeasible"),
        (["title=a", "image=q"], 404, "image=q"),
        (["title=a,image=y"], 404, "title=a,image=y"),
    ],
)
def test_options_that_leave_no_combination_are_refused(hero, eligible, status, says):
    got, problem = hero.post(PATH, {**MEMBER, "eligible": eligible})
    assert got == status
    assert says in problem["detail"]


def test_an_option_can_go_while_a_combination_is_left(hero, training):
    training(hero)
    arms = "/v1/bandits/hero/arms"
    assert hero.call("DELETE", f"{arms}/{quote('title=a')}")[0] == 200
    assert hero.post(PATH, MEMBER)[1]["deliveries"][0]["options"]["title"] == "b"
    status, problem, _ = hero.call("DELETE", f"{arms}/{quote('title=b')}")
    assert (status, problem["code"]) == (409, "conflict")
    assert hero.call("PUT", f"{arms}/{quote('title=a')}", {})[0] == 200
    status, problem, _ = hero.call("PUT", f"{arms}/{quote('title=q')}", {})
    assert status == 400
    assert "under slots" in problem["hint"]


def test_a_declaration_with_other_slots_starts_anew_and_one_with_other_pairs_goes_on(
    hero, training, learnt
):
    training(hero)
    hero.post(PATH, MEMBER)
    learnt(hero, 1)
    changed = {**HERO, "infeasible": []}
    said = hero.call("PUT", "/v1/bandits/hero", changed, headers={"if-match": '"1"'})[1]
    assert said["state"] == "kept"
    more = {**HERO, "slots": {**HERO["slots"], "title": ["a", "b", "c"]}}
    said = hero.call("PUT", "/v1/bandits/hero", more, headers={"if-match": '"2"'})[1]
    assert said["state"] == "new"
    assert hero.post(PATH, MEMBER)[0] == 200


def test_a_sticky_unit_keeps_its_combination(serving):
    server = serving()
    assert server.post("/v1/bandits", {**HERO, "sticky": {"ttl": "1s"}})[0] == 201
    first, again = (server.post(PATH, {**MEMBER, "unit": "u1"})[1] for _ in range(2))
    assert again["sticky"] is True
    assert again["deliveries"] == first["deliveries"]


def test_the_fallback_takes_listed_options_as_far_as_they_go(hero, monkeypatch):
    """title=a is listed first, and image=x cannot stand beside it: any of the two others does."""

    def fails(*_):
        raise RuntimeError

    monkeypatch.setattr(Combining, "choose", fails)
    for _ in range(5):
        answer = hero.post(PATH, MEMBER)[1]
        assert answer["fallback"] is True
        (delivery,) = answer["deliveries"]
        assert delivery["arm"] in {"title=a,image=y", "title=a,image=z"}
        assert delivery["propensity"] == 0.5
