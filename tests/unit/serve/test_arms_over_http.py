"""Arms over HTTP, with a trainer beside the server: what a change does, and what refuses it."""

from urllib.parse import quote

import pytest

from tamesu.base import Command, Unavailable

ARMS = "/v1/bandits/colours/arms"
DECISIONS = "/v1/bandits/colours/decisions"


@pytest.fixture
def listed(server):
    def arms():
        status, said = server.get(ARMS)
        assert status == 200
        return {arm["arm"]: arm["status"] for arm in said["arms"]}

    return arms


def delivered(answer):
    return {delivery["arm"] for delivery in answer["deliveries"]}


def test_the_declared_arms_are_roster_0(server):
    status, said = server.get(ARMS)
    assert status == 200
    assert said == {
        "bandit": "colours",
        "snapshot": 0,
        "roster": 0,
        "arms": [
            {"arm": arm, "status": "active", "metadata": {}, "features": {}}
            for arm in ("red", "green", "blue", "black")
        ],
    }


def test_an_added_arm_is_served_at_once(server, trainer):
    """By the worker that took the call: no poll lies between."""
    status, said, _ = server.call("PUT", f"{ARMS}/white", {"metadata": {"hex": "fff"}})
    assert status == 200, said
    assert said["status"] == "applied"
    assert (said["snapshot"], said["roster"]) == (1, 1)
    assert [said[name] for name in ("added", "changed", "revived", "retired")] == [1, 0, 0, 0]
    status, decision = server.post(DECISIONS, {"eligible": ["white", "red"]})
    assert status == 200
    assert decision["snapshot"] == 1
    assert delivered(decision) == {"white", "red"}
    assert server.get(ARMS)[1]["arms"][-1] == {
        "arm": "white",
        "status": "active",
        "metadata": {"hex": "fff"},
        "features": {},
    }
    assert server.get("/v1/bandits/colours")[1]["arms"] == 5
    assert [row["arm"] for row in server.get("/v1/bandits/colours/report")[1]["arms"]][
        -1
    ] == "white"


def test_the_same_put_twice_changes_nothing_the_second_time(server, trainer):
    first = server.call("PUT", f"{ARMS}/white", {"metadata": {"a": 1}})[1]
    again = server.call("PUT", f"{ARMS}/white", {"metadata": {"a": 1}})[1]
    assert (again["snapshot"], again["roster"]) == (first["snapshot"], first["roster"]) == (1, 1)
    assert [again[name] for name in ("added", "changed", "revived", "retired")] == [0, 0, 0, 0]
    changed = server.call("PUT", f"{ARMS}/white", {"metadata": {}})[1]
    assert (changed["changed"], changed["roster"]) == (1, 2)


def test_a_retired_arm_is_chosen_no_more_and_comes_back_as_it_was(server, trainer, listed):
    server.call("PUT", f"{ARMS}/red", {"metadata": {"a": 1}})
    status, said, _ = server.call("DELETE", f"{ARMS}/red")
    assert (status, said["retired"]) == (200, 1)
    assert listed() == {
        "green": "active",
        "blue": "active",
        "black": "active",
        "red": "retired",
    }
    status, problem = server.post(DECISIONS, {"eligible": ["red", "blue"]})
    assert (status, problem["code"], problem["arms"]) == (404, "not-found", ["red"])
    assert "retired: 'red'" in problem["detail"]
    assert "tamesu arms revive colours" in problem["hint"]
    for _ in range(20):
        assert "red" not in delivered(server.post(DECISIONS)[1])
    assert server.call("DELETE", f"{ARMS}/red")[1]["retired"] == 0
    assert server.call("PUT", f"{ARMS}/red")[1]["revived"] == 1
    (red,) = [arm for arm in server.get(ARMS)[1]["arms"] if arm["arm"] == "red"]
    assert red == {"arm": "red", "status": "active", "metadata": {"a": 1}, "features": {}}


def test_many_change_at_once_or_none_does(server, trainer, listed):
    status, said = server.post(ARMS, {"add": ["white", {"id": "grey"}, 7], "retire": ["red"]})
    assert status == 200
    assert (said["added"], said["retired"]) == (3, 1)
    before = listed()
    status, problem = server.post(ARMS, {"add": ["pink"], "retire": ["nowhere", "blue"]})
    assert (status, problem["code"]) == (404, "not-found")
    assert "'nowhere'" in problem["detail"]
    assert listed() == before


def test_a_sync_is_the_exact_full_set(server, trainer, listed):
    status, said = server.post(ARMS, {"sync": ["green", "red", "white", "blue"]})
    assert status == 200
    assert (said["added"], said["retired"]) == (1, 1)
    active = [arm for arm, status in listed().items() if status == "active"]
    assert active == ["red", "green", "blue", "white"], "those that stay keep their order"
    status, said = server.post(ARMS, {"sync": ["white", "blue", "green", "red"]})
    assert (status, said["roster"]) == (200, 1), "the same set is no change"


def test_a_sync_that_would_retire_more_than_half_needs_force(server, trainer):
    status, problem = server.post(ARMS, {"sync": ["red", "x", "y"]})
    assert (status, problem["code"]) == (409, "conflict")
    assert "3 of 4" in problem["detail"]
    assert "force" in problem["hint"]
    assert server.post(ARMS, {"sync": ["red", "green"]})[0] == 200, "half may go"
    assert server.post(ARMS, {"sync": ["x", "y"], "force": True})[0] == 200


def test_fewer_active_arms_than_a_decision_delivers_are_refused(server, trainer):
    assert server.post(ARMS, {"retire": ["red", "green"]})[0] == 200
    status, problem, _ = server.call("DELETE", f"{ARMS}/blue")
    assert (status, problem["code"]) == (409, "conflict")
    assert "keep 2 active arms" in problem["detail"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "must hold add, retire or sync"),
        ([], "object"),
        ({"add": ["a"], "sync": ["b"]}, "stands alone"),
        ({"add": ["a"], "force": True}, "force belongs to sync"),
        ({"add": ["a", "a"]}, "'a' twice"),
        ({"add": ["a"], "retire": ["a"]}, "'a' twice"),
        ({"add": [""]}, "printable characters"),
        ({"add": ["a\nb"]}, "printable characters"),
        ({"add": ["a" * 201]}, "printable characters"),
        ({"add": [None]}, "expected"),
        ({"add": "abc"}, "expected"),
        ({"retire": [{"id": "a"}]}, "expected"),
        ({"sync": [{"id": "a", "colour": 1}]}, "unknown field 'colour'"),
        ({"sync": ["a"] * 100_001}, "1 to 100,000 ids, got 100,001"),
        ({"retire": ["a"] * 100_001}, "1 to 100,000 ids, got 100,001"),
        ({"ad": ["a"]}, "unknown field 'ad'"),
        ({"add": [{"id": "a", "metadata": {"x": "y" * 4_096}}]}, "4,096 bytes"),
        ({"add": [{"id": "a", "metadata": [1]}]}, "expected"),
        ({"add": [{"id": "a", "metadata": {"x": 1e999}}]}, "JSON"),
    ],
)
def test_what_can_be_no_change_is_refused_before_it_is_asked(server, body, says):
    """No trainer is needed for that, and no command is left behind."""
    status, problem = server.post(ARMS, body)
    assert status == 400, problem
    assert says in problem["detail"]
    assert server.get("/v1/commands/1")[0] == 404


def test_an_unknown_bandit_or_command_is_not_found(server):
    for method, path in (
        ("GET", "/v1/bandits/nowhere/arms"),
        ("POST", "/v1/bandits/nowhere/arms"),
        ("PUT", "/v1/bandits/nowhere/arms/a"),
        ("DELETE", "/v1/bandits/nowhere/arms/a"),
        ("GET", "/v1/commands/7"),
    ):
        body = {"add": ["a"]} if method == "POST" else {} if method == "PUT" else None
        assert server.call(method, path, body)[0] == 404
    for number in ("seven", "0", "9" * 30):
        assert server.get(f"/v1/commands/{number}")[0] == 404


@pytest.mark.parametrize("arm", ["a/b", "a b", "ü", "100%", "?", "a#b", "retire"])
def test_an_arm_may_have_any_printable_name(server, trainer, listed, arm):
    path = f"{ARMS}/{quote(arm, safe='')}"
    assert server.call("PUT", path, {})[1]["added"] == 1
    assert listed()[arm] == "active"
    assert server.call("DELETE", path)[1]["retired"] == 1


@pytest.mark.parametrize("sent", ["red%0A", "%0A", "%FF", "red%C3"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_an_id_in_a_path_is_not_taken_for_another(server, trainer, listed, method, sent):
    """`red` and a line break is not `red`, and bytes that are no letters are none that look odd."""
    before = listed()
    status, problem, _ = server.call(method, f"{ARMS}/{sent}")
    assert (status, problem["code"]) == (400, "invalid-input")
    assert "an arm id" in problem["detail"]
    assert listed() == before


def test_without_a_trainer_a_command_is_pending_and_applied_when_there_is_one(
    server, training, until
):
    """202, and where to look; the trainer takes commands in their order."""
    server.service.commands._patience_s = 0.1
    status, said, headers = server.call("PUT", f"{ARMS}/white", {})
    assert (status, said["status"], said["command"]) == (202, "pending", 1)
    assert headers["location"] == "/v1/commands/1"
    assert server.call("DELETE", f"{ARMS}/white")[0] == 202
    assert server.get("/v1/commands/2")[1]["status"] == "pending"
    training(server)
    until(lambda: server.get("/v1/commands/2")[1]["status"] == "applied")
    first, second = (server.get(f"/v1/commands/{number}")[1] for number in (1, 2))
    assert (first["added"], second["retired"]) == (1, 1)
    assert first["snapshot"] == second["snapshot"] == 1, "together they are one snapshot"
    assert first["applied"] >= first["asked"]
    assert server.get(ARMS)[1]["arms"][-1]["status"] == "retired"


def test_a_refused_command_is_shown_as_such(server, trainer):
    status, problem, _ = server.call("DELETE", f"{ARMS}/nowhere")
    assert status == 404
    said = server.get(f"/v1/commands/{problem['command']}")[1]
    assert said["status"] == "refused"
    assert said["error"]["code"] == "not-found"
    assert "nowhere" in said["error"]["detail"]


def test_more_commands_than_may_wait_are_refused(server):
    """A trainer that is gone must not fill the store."""
    store = server.ports["store"]
    for _ in range(100):
        assert isinstance(store.ask("colours", "arms", {"add": ["x"]}, 1), Command)
    status, problem, headers = server.call("PUT", f"{ARMS}/white", {})
    assert (status, problem["code"]) == (429, "backpressure")
    assert headers["retry-after"]


def test_a_change_made_elsewhere_is_listed_at_once(server, trainer, serving):
    """Another server over the same store: its list reads the store, whatever it holds."""
    other = serving(store=server.ports["store"], log=server.ports["log"])
    assert server.call("PUT", f"{ARMS}/white", {})[0] == 200
    assert other.get(ARMS)[1]["arms"][-1]["arm"] == "white"


@pytest.fixture
def unpolled(server, serving, monkeypatch):
    """Another server over the same store, which does not hear of news by itself."""
    other = serving(store=server.ports["store"], log=server.ports["log"])
    monkeypatch.setattr(other.service.catalogue, "refresh", lambda: None)
    return other


@pytest.mark.parametrize("path", [DECISIONS, f"{DECISIONS}/batch"])
def test_an_arm_that_a_server_has_not_heard_of_is_looked_up_once(server, unpolled, trainer, path):
    request = {"eligible": ["white", "red"]}
    body = {"requests": [{}, request]} if path.endswith("batch") else request
    assert unpolled.post(path, body)[0] in (400, 404)
    assert server.call("PUT", f"{ARMS}/white", {})[0] == 200
    status, answer = unpolled.post(path, body)
    assert status == 200
    decided = answer["decisions"] if path.endswith("batch") else [answer]
    assert delivered(decided[-1]) == {"white", "red"}
    assert {each["snapshot"] for each in decided} == {1}


def test_an_arm_that_a_server_has_not_heard_of_is_no_404_while_the_store_is_down(
    server, unpolled, monkeypatch
):
    """It cannot know: 503 says that trying again may help."""

    def down():
        raise Unavailable("the store is down")

    monkeypatch.setattr(unpolled.ports["store"], "versions", down)
    assert unpolled.post(DECISIONS, {"eligible": ["white", "red"]})[0] == 503
    assert unpolled.post(DECISIONS, {"eligible": ["green", "red"]})[0] == 200


def test_a_retry_gets_its_first_decision_though_an_arm_it_names_was_retired_since(server, trainer):
    asked = {"eligible": ["red", "green"], "request_id": "r-1"}
    first = server.post(DECISIONS, asked)[1]
    assert server.call("DELETE", f"{ARMS}/red")[0] == 200
    assert server.post(DECISIONS, asked) == (200, first)
    status, said = server.post(f"{DECISIONS}/batch", {"requests": [{}, asked, {}, asked]})
    assert status == 200, said
    assert [said["decisions"][place] for place in (1, 3)] == [first, first]
    assert len({decision["decision_id"] for decision in said["decisions"]}) == 3
    assert server.post(f"{DECISIONS}/batch", {"requests": [asked]})[1]["decisions"] == [first]
    assert server.post(DECISIONS, {**asked, "request_id": "r-2"})[0] == 404
    assert server.post(DECISIONS, {"eligible": asked["eligible"]})[0] == 404
    assert server.post(f"{DECISIONS}/batch", {"requests": [asked, {"eligible": ["red"]}]})[0] == 400
