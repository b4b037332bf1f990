"""Bandits declared anew, frozen, rolled back, resumed, deleted, with a trainer beside the server."""

import json

import pytest

from tamesu.base import Declaration, Unavailable

PATH = "/v1/bandits/colours"


@pytest.fixture
def put(server):
    """Declares the bandit anew, for the newest number or another."""

    def send(declaration, number=None, query="", headers=None):
        if headers is None:
            headers = {"if-match": f'"{number or server.get(PATH)[1]["number"]}"'}
        return server.call("PUT", f"{PATH}{query}", declaration, headers=headers)

    return send


def delivered(answer):
    return {delivery["arm"] for delivery in answer["deliveries"]}


def test_the_number_is_the_tag(server, declaration):
    _, told, headers = server.call("GET", PATH)
    assert (told["number"], headers["etag"]) == (1, '"1"')
    assert headers["cache-control"] == "no-store", "the rest of it changes with every snapshot"
    _, _, headers = server.call("POST", "/v1/bandits", {**declaration, "name": "others"})
    assert headers["etag"] == '"1"'


def test_a_next_declaration_is_served_at_once(server, trainer, put, declaration):
    status, said, headers = put({**declaration, "arms": ["red", "white", "pink"]})
    assert status == 200, said
    assert (
        said.items()
        >= {
            "kind": "declare",
            "bandit": "colours",
            "status": "learning",
            "number": 2,
            "state": "kept",
            "snapshot": 1,
            "roster": 1,
            "added": 2,
            "retired": 3,
        }.items()
    )
    assert headers["etag"] == '"2"'
    assert said["declaration"]["arms"][1]["id"] == "white"
    decided = server.post(f"{PATH}/decisions", {"eligible": ["white", "pink"]})[1]
    assert delivered(decided) == {"white", "pink"}
    assert decided["decision_id"].startswith("colours.2.")
    told = server.get(PATH)[1]
    assert (told["number"], told["status"], told["arms"]) == (2, "learning", 3)
    arms = {arm["arm"]: arm["status"] for arm in server.get(f"{PATH}/arms")[1]["arms"]}
    assert arms == dict.fromkeys(["red", "white", "pink"], "active") | dict.fromkeys(
        ["green", "blue", "black"], "retired"
    )


def test_name_and_seed_may_be_left_out_and_stay(server, trainer, put, declaration):
    less = {key: value for key, value in declaration.items() if key not in ("name", "seed")}
    status, said, _ = put({**less, "description": "new"})
    assert status == 200, said
    told = server.get(PATH)[1]["declaration"]
    assert (told["name"], told["seed"], told["description"]) == ("colours", 7, "new")


def test_the_same_declaration_again_changes_nothing(server, trainer, put, declaration):
    for _ in range(2):
        status, said, headers = put(declaration)
        assert (status, said["number"], said["state"], headers["etag"]) == (200, 1, "kept", '"1"')
        assert Declaration.parse(said["declaration"]) == Declaration.parse(declaration)
    assert server.get(f"{PATH}/snapshots")[1]["snapshots"] == []


def test_another_belief_starts_anew(server, trainer, put, declaration):
    belief = {"kind": "beta", "prior": [1, 9]}
    status, said, _ = put({**declaration, "policy": {"belief": belief}})
    assert (status, said["state"], said["number"]) == (200, "new", 2)
    means = {row["mean"] for row in server.get(f"{PATH}/report")[1]["arms"]}
    assert means == {0.1}


def test_warm_is_a_parameter(server, trainer, put, declaration):
    belief = {"kind": "beta", "prior": [1, 9]}
    status, said, _ = put({**declaration, "policy": {"belief": belief}}, query="?warm=true")
    assert (status, said["state"], said["observations"]) == (200, "warm", 0)
    status, problem, _ = put(declaration, query="?warm=yes")
    assert (status, problem["field"]) == (400, "warm")
    assert put(declaration, query="?worm=true")[0] == 400


@pytest.mark.parametrize("headers", [{}, {"if-match": "*"}, {"if-match": ""}], ids=str)
def test_a_change_must_say_for_which_declaration_it_is_made(server, put, declaration, headers):
    status, problem, _ = put(declaration, headers=headers)
    assert (status, problem["code"], problem["newest"]) == (428, "number-missing", 1)
    assert 'If-Match: "1"' in problem["hint"]


@pytest.mark.parametrize("number", [0, 2, 10**17])
def test_a_change_made_for_another_declaration_is_refused(server, put, declaration, number):
    status, problem, _ = put(declaration, headers={"if-match": f'"{number}"'})
    assert (status, problem["code"], problem["newest"]) == (412, "outdated", 1)
    assert server.get("/v1/commands/1")[0] == 404, "it was not even asked"


@pytest.mark.parametrize("text", ['"a"', "-1", 'W/"1"', '"1", "2"', '"', '"1', "1" * 30], ids=repr)
def test_a_tag_that_is_no_number_is_refused(put, declaration, text):
    status, problem, _ = put(declaration, headers={"if-match": text})
    assert (status, problem["code"]) == (400, "invalid-input")
    assert "If-Match must hold the number" in problem["detail"]


def test_a_bare_number_will_do(server, trainer, put, declaration):
    assert put({**declaration, "description": "new"}, headers={"if-match": "1"})[0] == 200


def test_of_two_changes_for_one_declaration_the_second_is_refused(server, training, put, until):
    """The server could not know: the first was not applied when the second came."""
    server.service.commands._patience_s = 0.05
    declaration = server.get(PATH)[1]["declaration"]
    for text in ("first", "second"):
        status, said, headers = put({**declaration, "description": text}, 1)
        assert (status, said["status"]) == (202, "pending")
        assert headers["location"] == f"/v1/commands/{said['command']}"
    training(server)
    second = until(lambda: ended(server, 2))
    assert (second["status"], second["error"]["code"]) == ("refused", "outdated")
    assert server.get("/v1/commands/1")[1]["status"] == "applied"
    assert server.get(PATH)[1]["declaration"]["description"] == "first"


def ended(server, number):
    said = server.get(f"/v1/commands/{number}")[1]
    return said if said["status"] != "pending" else None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "others"}, "must be of bandit 'colours', got one of 'others'"),
        ({"layuot": "single"}, "unknown field 'layuot'"),
        ({"arms": []}, "arms must hold"),
        ({"arms": ["red"]}, "2"),
        ({"policy": {"belief": "betta"}}, "unknown belief 'betta'"),
    ],
    ids=str,
)
def test_a_declaration_that_cannot_be_is_refused_before_it_is_asked(
    server, put, declaration, change, says
):
    status, problem, _ = put({**declaration, **change})
    assert status == 400
    assert says in problem["detail"]
    assert server.get("/v1/commands/1")[0] == 404


@pytest.mark.parametrize("body", [[], "text", 5, None], ids=repr)
def test_a_body_that_is_no_declaration_is_refused(server, body):
    raw = json.dumps(body).encode()
    status, _, _ = server.call("PUT", PATH, raw=raw, headers={"if-match": "1"})
    assert status == 400


def test_frozen_it_decides_on_and_resumed_it_learns(server, trainer):
    status, said = server.post(f"{PATH}/freeze")
    assert (status, said["kind"], said["status"], said["snapshot"]) == (200, "freeze", "frozen", 1)
    assert server.get(PATH)[1]["status"] == "frozen"
    assert server.get("/v1/bandits")[1]["bandits"][0]["status"] == "frozen"
    assert server.get(f"{PATH}/report")[1]["status"] == "frozen"
    assert server.get(f"{PATH}/snapshots")[1]["snapshots"][0]["status"] == "frozen"
    assert server.post(f"{PATH}/decisions")[0] == 200
    assert server.post(f"{PATH}/freeze")[1]["status"] == "frozen", "again is no mistake"
    status, said = server.post(f"{PATH}/resume", {})
    assert (status, said["status"], said["snapshot"]) == (200, "learning", 2)
    status, problem = server.post(f"{PATH}/resume")
    assert (status, problem["code"]) == (409, "conflict")
    assert "must be frozen or rolled back" in problem["detail"]


def test_a_frozen_bandit_is_not_declared_anew(server, trainer, put, declaration):
    server.post(f"{PATH}/freeze")
    status, problem, _ = put({**declaration, "description": "new"})
    assert (status, problem["code"]) == (409, "conflict")
    assert "tamesu bandit resume colours" in problem["hint"]


def test_rolled_back_it_serves_an_older_state(server, trainer):
    server.call("PUT", f"{PATH}/arms/white", {})
    status, said = server.post(f"{PATH}/rollback", {"version": 1})
    assert (status, said["status"], said["version"], said["snapshot"]) == (
        200,
        "rolled_back",
        1,
        2,
    )
    assert server.post(f"{PATH}/decisions")[1]["snapshot"] == 2
    assert server.post(f"{PATH}/rollback", {"version": 0})[1]["status"] == "rolled_back"
    assert server.post(f"{PATH}/resume")[1]["status"] == "learning"


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"version": 9}, 404, "no snapshot 9"),
        ({"version": -1}, 400, "version"),
        ({"version": "1"}, 400, "version"),
        ({"version": 1 << 70}, 400, "version"),
        ({}, 400, "version"),
        (None, 400, "version"),
        ({"verison": 1}, 400, "did you mean 'version'"),
        ([1], 400, ""),
    ],
    ids=repr,
)
def test_a_rollback_that_cannot_be_is_refused(server, trainer, body, status, says):
    got, problem = server.post(f"{PATH}/rollback", body)
    assert got == status, problem
    assert says in problem["detail"] + problem["hint"]
    assert server.get(PATH)[1]["status"] == "learning"


def test_what_takes_no_body_refuses_one(server):
    for path in ("freeze", "resume"):
        status, problem = server.post(f"{PATH}/{path}", {"version": 1})
        assert (status, problem["code"]) == (400, "invalid-input")


def test_deleted_it_is_no_more_but_its_events_still_come_in(server, trainer, declaration):
    decided = server.post(f"{PATH}/decisions")[1]
    status, said, _ = server.call("DELETE", PATH)
    assert (status, said["kind"], said["status"]) == (200, "delete", "deleted")
    for method, path in (
        ("GET", PATH),
        ("DELETE", PATH),
        ("POST", f"{PATH}/decisions"),
        ("POST", f"{PATH}/freeze"),
        ("GET", f"{PATH}/arms"),
        ("GET", f"{PATH}/report"),
        ("GET", f"{PATH}/snapshots"),
        ("PUT", f"{PATH}/arms/white"),
    ):
        status, problem, _ = server.call(method, path, {} if method in ("POST", "PUT") else None)
        assert (status, problem["code"]) == (404, "not-found"), path
        assert "was deleted" in problem["detail"]
    assert server.get("/v1/bandits") == (200, {"bandits": []})
    event = {"delivery_id": decided["deliveries"][0]["delivery_id"], "type": "click"}
    assert server.post("/v1/events", {"events": [event]})[0] == 202


def test_a_name_is_used_again_and_starts_over(server, trainer, declaration, until):
    server.call("PUT", f"{PATH}/arms/white", {})
    server.call("DELETE", PATH)
    status, made, headers = server.call("POST", "/v1/bandits", {**declaration, "arms": ["a", "b"]})
    assert (status, made["number"], made["status"], made["snapshot"]) == (201, 2, "learning", 0)
    assert headers["etag"] == '"2"'
    decided = server.post(f"{PATH}/decisions")[1]
    assert delivered(decided) == {"a", "b"}
    assert decided["decision_id"].startswith("colours.2.")
    assert server.post("/v1/bandits", declaration)[0] == 409
    status, said, _ = server.call("PUT", f"{PATH}/arms/c", {})
    assert (status, said["added"]) == (200, 1)
    assert server.get(f"{PATH}/arms")[1]["arms"][-1]["arm"] == "c"
    assert len(server.get("/v1/bandits")[1]["bandits"]) == 1
    server.call("DELETE", PATH)
    assert server.call("POST", "/v1/bandits", declaration)[1]["number"] == 3


@pytest.fixture
def other(server, serving):
    """Another server over the same store and log."""
    return serving(store=server.ports["store"], log=server.ports["log"])


def test_every_server_knows(server, other, trainer, put, declaration, until):
    put({**declaration, "arms": ["white", "pink"]})
    assert other.get(PATH)[1]["number"] == 2, "what is asked by name is read anew"
    until(lambda: delivered(other.post(f"{PATH}/decisions")[1]) == {"white", "pink"})
    server.post(f"{PATH}/freeze")
    assert other.get(PATH)[1]["status"] == "frozen"
    server.call("DELETE", PATH)
    until(lambda: other.post(f"{PATH}/decisions")[0] == 404)
    server.post("/v1/bandits", declaration)
    assert other.post(f"{PATH}/decisions")[0] == 200
    assert [one["number"] for one in other.get("/v1/bandits")[1]["bandits"]] == [3]


def test_events_of_an_older_declaration_are_judged_by_it(server, trainer, put, declaration):
    decided = server.post(f"{PATH}/decisions")[1]
    put({**declaration, "reward": {**declaration["reward"], "events": {"purchase": 1}}})
    old = decided["deliveries"][0]["delivery_id"]
    new = server.post(f"{PATH}/decisions")[1]["deliveries"][0]["delivery_id"]
    takes = {
        (delivery, kind): server.post(
            "/v1/events", {"events": [{"delivery_id": delivery, "type": kind}]}
        )[0]
        for delivery in (old, new)
        for kind in ("click", "purchase")
    }
    assert takes == {
        (old, "click"): 202,
        (old, "purchase"): 400,
        (new, "click"): 400,
        (new, "purchase"): 202,
    }


def test_a_store_that_is_down_changes_nothing_and_decides_on(server, put, declaration, monkeypatch):
    def down(*_):
        raise Unavailable("the store is down")

    for call in ("versions", "ask", "declarations", "snapshot", "declared"):
        monkeypatch.setattr(server.ports["store"], call, down)
    assert server.call("PUT", PATH, declaration, headers={"if-match": "1"})[0] == 503
    assert server.call("DELETE", PATH)[0] == 503
    for path in ("freeze", "resume"):
        assert server.post(f"{PATH}/{path}")[0] == 503
    assert server.post(f"{PATH}/rollback", {"version": 0})[0] == 503
    assert server.get(PATH)[0] == 503
    assert server.post(f"{PATH}/decisions")[0] == 200
