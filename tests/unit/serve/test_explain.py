"""A decision is explained: made again from the log and the store, whatever was learnt since."""

import msgspec
import pytest
from explaining import SLATE, House, explained
from served import Served

from tamesu.base import (
    Corrupt,
    Delivery,
    InvalidInput,
    NotFound,
    decision_id,
    encode,
)
from tamesu.base.reward import CLOCK_SKEW_US
from tamesu.base.times import HOUR_US
from tamesu.policy.explanation import MOST_ARMS
from tamesu.ports import Commit, Declared, roster_of
from tamesu.serve.core.hot import heat


@pytest.fixture
def house():
    return House()


def test_every_decision_is_made_again_bit_for_bit_whatever_was_learnt_since(house):
    decisions = [house.decide()]
    for arm in ("red", "red", "blue", "black", "red"):
        house.learn([arm] * 20, [1, 0] * 10 if arm == "red" else [0] * 20)
        decisions += [house.decide(), house.decide(["black", "red", "blue"])]
    for decision in decisions:
        told = house.explain(decision.decision_id)
        assert told["again"]["same"] is True
        assert told["again"]["difference"] == 0.0
        assert told["snapshot"]["version"] == decision.snapshot
        assert [one["arm"] for one in told["deliveries"]] == [
            one.arm for one in decision.deliveries
        ]
        assert told["again"]["deliveries"] == [*msgspec.to_builtins(decision.deliveries)]


def test_what_was_believed_then_is_told_and_not_what_is_believed_now(house):
    house.learn(["red"] * 8, [1, 1, 1, 0, 0, 0, 0, 0])
    decision = house.decide(["red", "blue", "green"])
    house.learn(["red"] * 100, [1] * 100)
    told = house.explain(decision.decision_id)
    arms = {arm["arm"]: arm for arm in told["arms"]}
    assert [arm["delivered"] for arm in told["arms"]][:2] == [0, 1]
    assert arms["red"]["observations"] == 8
    assert arms["red"]["mean"] == pytest.approx(0.4)
    assert arms["red"]["low"] < 0.4 < arms["red"]["high"]
    assert arms["black"]["eligible"] is False
    assert arms["black"]["share"] == 0
    assert sum(arm["share"] for arm in told["arms"]) == pytest.approx(1)
    first = told["deliveries"][0]
    assert arms[first["arm"]]["share"] == first["propensity"]
    assert told["snapshot"]["observations"] == 8
    assert (told["unit"], told["request_id"]) == ("somebody", "r-1")


def test_the_prior_of_an_older_declaration_was_made_when_that_was(house):
    house.clock.move(5_000_000)
    decision = house.decide()
    house.clock.move(5_000_000)
    now = house.clock.now()
    other = msgspec.structs.replace(house.declared.declaration, description="another")
    lease = house.store.lease("test", now, 5_000_000)
    house.store.commit(
        Commit(lease=lease, checkpoint=b"", counts={}, declarations=[Declared(2, other, now)])
    )
    told = house.explain(decision.decision_id)
    assert told["snapshot"]["version"] == 0
    assert told["snapshot"]["created"] == house.declared.created.text()
    assert told["again"]["same"] is True


def test_of_a_slate_each_position_is_made_again_given_those_before_it(house):
    house.learn(["red", "blue"] * 10, [1, 0] * 10)
    decision = house.decide()
    told = house.explain(decision.decision_id)
    again = told["again"]["deliveries"]
    assert [one["propensity"] for one in again] == [one.propensity for one in decision.deliveries]
    assert again[0]["arm"] != again[1]["arm"]


def test_a_delivery_id_will_do(house):
    decision = house.decide()
    told = house.explain(f"{decision.decision_id}-1")
    assert told["decision_id"] == decision.decision_id
    assert told["deliveries"][1]["delivery_id"] == f"{decision.decision_id}-1"


def test_arms_are_those_of_the_snapshot_and_retired_ones_are_marked(house):
    house.learn(["red"] * 4, [1, 0, 1, 0], roster=["red", "green", "white"])
    old = house.decide()
    house.learn(["red"], [1], roster=["green", "white", "grey"])
    new = house.decide()
    before, after = house.explain(old.decision_id), house.explain(new.decision_id)
    assert {arm["arm"]: arm["active"] for arm in before["arms"]} == {
        "red": False,
        "green": True,
        "white": True,
    }
    assert {arm["arm"] for arm in after["arms"]} == {"green", "white", "grey"}
    assert before["again"]["difference"] == after["again"]["difference"] == 0.0
    assert (before["snapshot"]["roster"], after["snapshot"]["roster"]) == (1, 2)
    reds = [one["active"] for one in before["deliveries"] if one["arm"] == "red"]
    assert not any(reds)


def test_a_fallback_is_made_again_as_a_fallback(house):
    house.learn(["red"] * 200, [1] * 200)
    decision = house.decide(fallback=True)
    told = house.explain(decision.decision_id)
    assert told["fallback"] is True
    assert told["again"]["same"] is True
    assert told["deliveries"][0]["propensity"] == 0.25
    assert {arm["share"] for arm in told["arms"]} == {0.25}
    assert max(arm["observations"] for arm in told["arms"]) == 200


def moved(decision, by):
    first, *rest = decision.deliveries
    return (msgspec.structs.replace(first, propensity=first.propensity + by), *rest)


def test_what_differs_is_not_the_same(house):
    honest = house.decide()
    told = house.explain(house.decide(deliveries=moved(honest, 0.01)).decision_id)
    assert told["again"]["same"] is False
    off = house.decide(draws=64)
    assert house.explain(off.decision_id)["again"]["same"] is False


def test_a_difference_of_another_machine_is_borne_and_told(house):
    decision = house.decide(deliveries=())
    hot = heat(house.declared, None, roster_of(house.store, house.declared, None))
    choice = hot.prepared.choose(decision.decision_id)
    rows = zip(choice.arms, choice.propensities, choice.scores, strict=True)
    deliveries = tuple(Delivery(place, *row) for place, row in enumerate(rows))
    for by, same in ((5e-10, True), (2e-9, False)):
        told_house = House()
        changed = msgspec.structs.replace(
            decision, deliveries=moved(msgspec.structs.replace(decision, deliveries=deliveries), by)
        )
        told_house.append(decision.decision_id, encode(changed))
        again = told_house.explain(decision.decision_id)["again"]
        assert again["same"] is same
        assert again["difference"] == pytest.approx(by, rel=1e-6)


def test_other_arms_have_no_difference_to_tell(house):
    decision = house.decide(deliveries=(Delivery(0, "gone", 0.5, 0.5),))
    told = house.explain(decision.decision_id)
    assert told["again"]["same"] is False
    assert told["again"]["difference"] is None


def test_a_snapshot_that_is_not_kept_is_said_to_be_so(house):
    decision = house.decide(snapshot=12)
    told = house.explain(decision.decision_id)
    assert told["again"]["same"] is None
    assert "snapshot 12 is no longer kept" in told["again"]["why"]
    assert told["arms"] == []
    assert told["deliveries"][0]["arm"] == decision.deliveries[0].arm


def test_a_snapshot_that_cannot_be_read_is_said_to_be_so(house):
    good, house.policy.encode = house.policy.encode, lambda _: b"no state"
    house.learn(["red"], [1])
    house.policy.encode = good
    plain = house.decide(fallback=True)
    assert house.explain(plain.decision_id)["again"]["same"] is True
    record = msgspec.structs.replace(plain, fallback=False)
    identity = decision_id("colours", 1, house.ids.uuid7(house.clock.now()))
    house.append(identity, encode(msgspec.structs.replace(record, decision_id=identity)))
    told = house.explain(identity)
    assert told["again"]["same"] is None
    assert "cannot be read" in told["again"]["why"]


def test_many_arms_are_listed_the_delivered_and_the_likeliest_first():
    arms = [f"a{number}" for number in range(MOST_ARMS + 500)]
    house = House({"name": "many", "arms": arms, "layout": {"kind": "slate", "size": 3}, "seed": 7})
    house.learn(["a1400"] * 50, [1] * 50)
    decision = house.decide()
    told = house.explain(decision.decision_id)
    assert len(told["arms"]) == MOST_ARMS
    assert told["arms_omitted"] == 500
    assert [arm["arm"] for arm in told["arms"][:3]] == [one.arm for one in decision.deliveries]
    rest = [arm["share"] for arm in told["arms"][3:]]
    assert rest == sorted(rest, reverse=True)
    assert "a1400" in {arm["arm"] for arm in told["arms"]}


def refusal(house, identity):
    with pytest.raises(NotFound) as caught:
        house.explain(identity)
    return caught.value


def test_a_decision_that_is_not_there_says_why_it_may_be(house):
    house.decide()
    uuid = house.ids.uuid7(house.clock.now())
    never = refusal(house, f"colours.1.{uuid}")
    assert never.facts["reason"] == "not-recorded"
    assert "is not in the log" in never.message
    assert refusal(house, f"colour.1.{uuid}").facts["reason"] == "other-installation"
    assert refusal(house, f"colours.2.{uuid}").facts["reason"] == "other-installation"


def test_a_delivery_that_the_decision_has_not_is_not_there(house):
    decision_id = house.decide().decision_id
    missing = refusal(house, f"{decision_id}-2")
    assert "no delivery at position 2" in missing.message
    assert missing.facts["reason"] == "not-recorded"


def test_a_decision_of_before_the_log_is_retired(house):
    long_ago = f"colours.1.{house.ids.uuid7(house.clock.now())}"
    assert "is empty" in refusal(house, long_ago).message
    house.clock.move(CLOCK_SKEW_US + 1_000_000)
    house.decide()
    gone = refusal(house, long_ago)
    assert gone.facts["reason"] == "retired"
    assert "the log begins at 2026-01-01T00:01:01.000000Z" in gone.message
    assert "retention" in gone.hint


@pytest.mark.parametrize(
    "uuid", ["ffffffffffff7fffbfffffffffffffff", "7f0000000000700080000000000000ab"]
)
def test_an_id_from_the_future_is_not_of_here(house, uuid):
    assert refusal(house, f"colours.1.{uuid}").facts["reason"] == "other-installation"


def test_an_id_from_the_beginning_of_time_is_looked_for(house):
    house.decide()
    assert refusal(house, "colours.1.00000000000070008000000000000000").facts["reason"] == "retired"


@pytest.mark.parametrize("identity", ["", "colours", "colours.1.x", "colours.1.x-0"])
def test_what_is_no_id_is_refused(house, identity):
    with pytest.raises(InvalidInput, match="uuid7"):
        house.explain(identity)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"decision_id": 1}', b"\xff"])
def test_a_record_that_does_not_read_is_corrupt(house, body):
    identity = f"colours.1.{house.ids.uuid7(house.clock.now())}"
    house.append(identity, body)
    with pytest.raises(Corrupt, match="does not read"):
        house.explain(identity)


def test_partitions_are_all_looked_through():
    house = House(partitions=4)
    for decision in [house.decide() for _ in range(12)]:
        assert house.explain(decision.decision_id)["again"]["same"] is True


# Over HTTP ----------------------------------------------------------------------------------------


def test_a_served_decision_is_explained_over_http(server):
    _, decided = server.post(
        "/v1/bandits/colours/decisions", {"eligible": ["blue", "red", "green"]}
    )
    status, told = server.get(f"/v1/decisions/{decided['decision_id']}")
    assert status == 200
    assert told["again"]["difference"] == 0.0
    assert told["eligible"] == ["blue", "red", "green"]
    assert [one["propensity"] for one in told["deliveries"]] == [
        one["propensity"] for one in decided["deliveries"]
    ]
    assert server.get(f"/v1/decisions/{decided['deliveries'][1]['delivery_id']}")[1] == told


def test_problems_over_http(server):
    status, problem = server.get("/v1/decisions/colours.1.00000000000070008000000000000000")
    assert (status, problem["reason"]) == (404, "retired")
    assert server.get("/v1/decisions/nonsense")[0] == 400
    assert server.post("/v1/decisions/nonsense", {})[0] == 405


def test_what_was_rolled_back_is_told_as_it_served_and_not_as_forgotten_since():
    """It serves as of its own time: means are the scores that were told when it decided."""
    soon = {"window": "5s", "settle": "1s", "lateness": "1s"}
    belief = {"belief": "gaussian", "forgetting": {"half_life": "10m"}}
    forgetful = {**SLATE, "policy": belief, "reward": soon}
    one = Served(forgetful, lambda _, arm: 0.2 if arm == "red" else 0.9)
    one.serve(60, every=20)
    one.rest(HOUR_US // 2)
    one.store.ask(one.name, "rollback", {"version": 2}, one.now())
    one.learn()
    told = explained(one.log, one.store, one.clock, one.decide())
    assert told["snapshot"]["version"] == one.store.snapshot(one.name).version > 2
    assert told["again"]["same"] is True
    believed = {arm["arm"]: arm["mean"] for arm in told["arms"]}
    assert {one["arm"]: one["score"] for one in told["deliveries"]}.items() <= believed.items()
