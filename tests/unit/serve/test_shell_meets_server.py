"""The commands that change a bandit, against a real server with and without a trainer."""

import json
import logging
import os
import pty
import subprocess
import sys

import pytest
import structlog

from tamesu.cli import remote
from tamesu.cli.entry import run

BANDIT = """
name: shop
arms: [a, b, {id: c, metadata: {price: 3}}]
reward: {window: 2s, lateness: 100ms}
"""


@pytest.fixture
def file(tmp_path):
    """Writes a declaration, and gives where."""

    def write(text=BANDIT):
        path = tmp_path / "shop.yaml"
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def told(server, capsys, file):
    """What a command says, its exit code being as expected; server and trainer are silent."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    assert run(["bandit", "create", file(), "--url", server.url]) == 0

    def command(*words, code=0):
        capsys.readouterr()
        assert run([*words, "--url", server.url]) == code
        out, err = capsys.readouterr()
        return err if code else json.loads(out) if "--json" in words else out

    return command


@pytest.fixture
def shop(server):
    return lambda: server.get("/v1/bandits/shop")[1]


def test_an_update_is_shown_before_it_is_asked_for(told, file, shop, trainer):
    changed = (
        BANDIT.replace("[a, b", "[a, d").replace("price: 3", "price: 4") + "batch: {size: 9}\n"
    )
    path = file(changed)
    shown = told("bandit", "update", path, "--dry-run")
    for line in ("batch.size", "arms to be active", "arms to be retired", "arms with other"):
        assert line in shown
    assert "what was learnt stays" in shown
    assert shop()["number"] == 1
    assert "nobody can be asked" in told("bandit", "update", path, code=2)
    assert shop()["number"] == 1
    assert "declaration 2, served by snapshot 1" in told("bandit", "update", path, "--yes")
    assert shop()["number"] == 2
    assert "declared so already, as number 2" in told("bandit", "update", path)


def test_an_update_in_json_says_the_same(told, file, trainer):
    path = file(BANDIT.replace("window: 2s", "window: 3s"))
    said = told("bandit", "update", path, "--dry-run", "--json")
    changes = [
        {"setting": "reward.window", "now": "2s", "then": "3s"},
        {"setting": "reward.settle", "now": "2s", "then": "3s"},
    ]
    assert said == {"bandit": "shop", "number": 1, "state": "kept", "changes": changes}
    assert json.loads(told("bandit", "update", path, "--json", code=2))["code"] == "invalid-input"
    said = told("bandit", "update", path, "--yes", "--json")
    assert (said["status"], said["number"], said["changes"]) == ("learning", 2, changes)


def test_an_update_says_what_becomes_of_what_was_learnt(told, file, trainer):
    path = file(BANDIT + "policy: {belief: {kind: beta, prior: [1, 9]}}\n")
    said = told("bandit", "update", path, "--dry-run")
    assert "does NOT stay" in said
    assert "what a reward is worth" in said, "the belief alone is not to blame"
    assert "the archive teaches it" in told("bandit", "update", path, "--dry-run", "--warm")
    assert told("bandit", "update", path, "--yes", "--warm", "--json")["state"] == "warm"


def test_arms_that_came_later_are_part_of_what_would_change(told, file, trainer):
    told("arms", "add", "shop", "later")
    said = told("bandit", "update", file(), "--dry-run", "--json")
    assert said["changes"] == [{"setting": "arms to be retired", "now": "-", "then": "later"}]


def test_freeze_resume_and_rollback_say_what_decides_now(told, shop, trainer):
    assert "decides by snapshot 1" in told("bandit", "freeze", "shop")
    assert "it learns nothing" in told("bandit", "show", "shop")
    assert "frozen" in told("bandit", "list")
    assert "learns again, served by snapshot 2" in told("bandit", "resume", "shop")
    assert "nothing to do" in told("bandit", "resume", "shop", code=1)
    assert "snapshot 1 had learnt, as snapshot 3" in told("bandit", "rollback", "shop", "1")
    assert "learns nothing already" in told("bandit", "freeze", "shop")
    assert shop()["status"] == "rolled_back"
    assert told("bandit", "resume", "shop", "--json")["status"] == "learning"
    assert "no snapshot 99" in told("bandit", "rollback", "shop", "99", code=1)
    told("bandit", "rollback", "shop", "-1", code=2)
    assert told("bandit", "rollback", "shop", "0", "--json")["status"] == "rolled_back"


def test_kept_snapshots_are_listed_and_pinned(told, trainer):
    assert "no snapshots yet" in told("bandit", "snapshots", "shop")
    for arm in ("d", "e", "f"):
        told("arms", "add", "shop", arm)
    said = told("bandit", "snapshots", "shop", "--pin", "1", "--pin", "2", "--json")
    assert [(one["version"], one["pinned"]) for one in said["snapshots"]] == [
        (3, False),
        (2, True),
        (1, True),
    ]
    shown = told("bandit", "snapshots", "shop", "--unpin", "2", "--limit", "2")
    assert "--before 2" in shown
    assert "pinned" not in shown
    assert "pinned" in told("bandit", "snapshots", "shop", "--before", "2")
    assert "no snapshot 9" in told("bandit", "snapshots", "shop", "--pin", "9", code=1)


def test_a_deletion_is_confirmed(told, shop, trainer):
    assert "nobody can be asked" in told("bandit", "delete", "shop", code=2)
    assert shop()["status"] == "learning"
    assert "shop is deleted" in told("bandit", "delete", "shop", "--yes")
    assert "was deleted at" in told("bandit", "show", "shop", code=1)
    assert "shop" not in told("bandit", "list")


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1), ("", 1)], ids=repr)
def test_on_a_terminal_it_is_asked_for(server, told, shop, trainer, answer, code):
    leader, follower = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "tamesu", "bandit", "delete", "shop", "--url", server.url],
            stdin=follower,
            stdout=subprocess.PIPE,
            stderr=follower,
        )
        os.write(leader, f"{answer}\n".encode())
        out, _ = process.communicate(timeout=30)
        said = os.read(leader, 65_536).decode()
    finally:
        os.close(leader)
        os.close(follower)
    assert process.returncode == code
    assert "delete shop?" in said
    assert (b"shop is deleted" in out) == (code == 0)
    assert ("nothing was changed" in said) == (code == 1)
    assert server.get("/v1/bandits/shop")[0] == (404 if code == 0 else 200)


@pytest.mark.parametrize(
    "words",
    [
        ["arms", "add", "shop", "d"],
        ["arms", "retire", "shop", "a"],
        ["bandit", "freeze", "shop"],
        ["bandit", "rollback", "shop", "0"],
        ["bandit", "delete", "shop", "--yes"],
    ],
    ids=" ".join,
)
def test_what_waits_for_a_trainer_is_said_and_no_failure(server, told, monkeypatch, words):
    monkeypatch.setattr(remote, "PATIENCE_S", 0.2)
    server.service.commands._patience_s = 0.05
    shown = told(*words)
    assert "not done yet: command 1 is kept" in shown
    assert "tamesu status" in shown
    said = told(*words, "--json")
    assert (said["command"], said["status"]) == (2, "pending")
