"""A bandit with contexts from the shell and from Python, against a real server with a trainer."""

import json
import logging

import pytest
import structlog

from tamesu.base import InvalidInput
from tamesu.cli.entry import run

SHOP = {
    "name": "shop",
    "arms": [{"id": "tea", "features": {"price": 1}}, {"id": "milk", "features": {"price": 2}}],
    "context": {"device": {"type": "categorical", "values": ["ios", "web"]}},
    "arm_features": {"price": {"type": "numeric", "range": [0, 10]}},
    "policy": {"belief": {"kind": "linear", "sharing": "shared"}},
    "reward": {"window": "2s", "settle": "0s", "lateness": "100ms", "anchor": "decision"},
    "seed": 3,
}


@pytest.fixture
def told(server, trainer, capsys):
    """What a command says, its exit code being as expected; server and trainer are silent."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    assert server.post("/v1/bandits", SHOP)[0] == 201

    def command(*words, code=0):
        capsys.readouterr()
        assert run([*words, "--url", server.url]) == code
        out, err = capsys.readouterr()
        return err if code else json.loads(out) if "--json" in words else out

    return command


def features(told):
    return {arm["arm"]: arm["features"] for arm in told("arms", "list", "shop", "--json")["arms"]}


def test_a_decision_in_a_context_is_asked_for_and_explained(told):
    context = ("--context", '{"device": "ios"}')
    decided = told("decide", "shop", *context, "--json")
    shown = told("explain", decided["decision_id"])
    assert 'in the context device = "ios"' in shown
    assert "What the context changed" in shown
    assert "the same, bit for bit" in shown
    assert len(told("decide", "shop", *context, "-n", "3", "--json")["decisions"]) == 3
    assert "must be one of" in told("decide", "shop", "--context", '{"device": "tv"}', code=2)
    assert "--context must be a JSON object" in told("decide", "shop", "--context", "ios", code=2)
    assert "got list" in told("decide", "shop", "--context", "[1]", code=2)
    twice = '{"device": "ios", "device": "web"}'
    assert "'device' stands twice" in told("decide", "shop", "--context", twice, code=2)


def test_whoever_creates_a_bandit_is_told_which_context_it_needs(told, tmp_path):
    file = tmp_path / "bandit.json"
    for name, feature, needed in [
        ("needs", "boolean", """ --context '{"new": …}'"""),
        ("fills", {"type": "boolean", "missing": False}, ""),
    ]:
        file.write_text(json.dumps({"name": name, "arms": ["a", "b"], "context": {"new": feature}}))
        shown = told("bandit", "create", str(file))
        assert shown.splitlines()[1] == f"ask it:  tamesu decide {name}{needed}"


def test_arms_are_added_and_changed_with_features(told):
    told("arms", "add", "shop", "cake", "--features", '{"price": 3}')
    told("arms", "add", "shop", "tea", "--features", '{"price": 4}', "--metadata", '{"a": 1}')
    assert features(told) == {"tea": {"price": 4}, "milk": {"price": 2}, "cake": {"price": 3}}
    shown = told("arms", "list", "shop")
    assert "features" in shown
    assert '{"price": 4}' in shown
    assert "must have 'price'" in told("arms", "add", "shop", "pie", code=2)
    assert "must be in [0, 10]" in told(
        "arms", "add", "shop", "x", "--features", '{"price": 99}', code=2
    )


def test_an_update_says_which_arms_tell_something_else(told, tmp_path):
    path = tmp_path / "shop.json"
    changed = [{**arm, "features": {"price": 5}} for arm in SHOP["arms"][:1]] + SHOP["arms"][1:]
    path.write_text(json.dumps({**SHOP, "arms": changed}))
    update = told("bandit", "update", str(path), "--yes", "--json")
    assert [one["setting"] for one in update["changes"]] == ["arms with other features"]
    assert update["state"] == "kept"
    assert features(told)["tea"] == {"price": 5}
    wider = {**SHOP["context"], "member": "boolean"}
    path.write_text(json.dumps({**SHOP, "arms": changed, "context": wider}))
    assert told("bandit", "update", str(path), "--yes", "--json")["state"] == "new"


def test_a_sync_reads_texts_as_the_declaration_asks(told, tmp_path):
    """Columns of the declaration's names, or of features; and the same file again changes nothing."""
    path = tmp_path / "arms.csv"
    path.write_text("id,price,title\ntea,1,Tea\nmilk,2.5,Milk\n")
    once = told("arms", "sync", "shop", "--from", str(path), "--json")
    assert once["changed"] == 2
    assert features(told) == {"tea": {"price": 1}, "milk": {"price": 2.5}}
    again = told("arms", "sync", "shop", "--from", str(path), "--json")
    assert [again[what] for what in ("added", "changed", "revived", "retired")] == [0] * 4
    path.write_text("id,features.price,title\ntea,7,Tea\nmilk,2.5,Milk\n")
    assert told("arms", "sync", "shop", "--from", str(path), "--json")["changed"] == 1
    assert features(told)["tea"] == {"price": 7}
    path.write_text("id,price\ntea,dear\nmilk,2.5\n")
    assert "'tea'" in told("arms", "sync", "shop", "--from", str(path), code=2)


def test_a_client_adds_an_arm_with_features_and_decides_in_a_context(server, trainer, connect):
    assert server.post("/v1/bandits", SHOP)[0] == 201
    with connect(server.url) as client:
        assert client.add_arm("shop", "cake", features={"price": 3})["added"] == 1
        assert client.add_arm("shop", "cake", metadata={"a": 1})["changed"] == 1
        assert client.arms("shop")["arms"][-1]["features"] == {"price": 3}
        decided = client.decide("shop", context={"device": "web"})
        told = client.explain(decided.decision_id)
        assert told["context"] == {"device": "web"}
        assert told["columns"] == {"device=ios": 0.0, "device=web": 1.0}
        with pytest.raises(InvalidInput, match="no feature 'divice'"):
            client.decide("shop", context={"divice": "web"})
