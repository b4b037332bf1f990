"""Decisions of real processes are explained from the shell, across restarts, arms and retention."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from tamesu.cli.entry import run
from tamesu.client import Client

BANDIT = """
name: shop
arms: [a, b, c, d]
layout: {kind: slate, size: 2}
policy: {explorer: {kind: thompson, explore: 0.1}}
reward: {anchor: decision, window: 300ms, lateness: 100ms}
batch: {size: 10, every: 100ms}
"""


class Served:
    """`tamesu serve` with two workers on a folder that outlives it."""

    def __init__(self, folder, port):
        self._folder, self._port = folder, port
        self.url = f"http://127.0.0.1:{port}"
        self._process = None

    def start(self):
        words = [sys.executable, "-m", "tamesu", "serve", "--json", "--workers", "2"]
        words += ["--data", str(self._folder / "data"), "--port", str(self._port)]
        with (self._folder / "messages").open("a") as messages:
            self._process = subprocess.Popen(
                words, stdout=subprocess.PIPE, stderr=messages, text=True, start_new_session=True
            )
        impatient = threading.Timer(60, self.kill)
        impatient.start()
        assert json.loads(self._process.stdout.readline())["url"] == self.url
        impatient.cancel()

    def kill(self):
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process.stdout.close()
            self._process = None


@pytest.fixture(scope="module")
def served(tmp_path_factory, free_port):
    one = Served(tmp_path_factory.mktemp("explained"), free_port())
    one.start()
    yield one
    one.kill()


@pytest.fixture(scope="module")
def decided(served, tmp_path_factory, until):
    """Decisions of many snapshots, the arms changed on the way, everything killed in the middle."""
    file = tmp_path_factory.mktemp("shop") / "shop.yaml"
    file.write_text(BANDIT)
    made = []
    with Client(served.url) as client:
        client.create(file)
        for turn in range(7):
            for d in client.decide_many("shop", 8):
                made.append(d)
                client.track_many(
                    [
                        {"delivery_id": one.delivery_id, "type": "click"}
                        for one in d
                        if one.arm == "b"
                    ]
                )
            made.append(client.decide("shop", eligible=["c", "b", "a"]))
            before = client.report("shop")["snapshot"]
            until(lambda before=before: client.report("shop")["snapshot"] > before)
            if turn == 2:
                client.retire_arm("shop", "a")
                client.add_arm("shop", "e")
                made.append(client.decide("shop", eligible=["e", "d"]))
                client.add_arm("shop", "a")
            if turn == 4:
                served.kill()
                served.start()
        client.retire_arm("shop", "d")
    return made


def told(capsys, *words):
    assert run([*words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def test_every_decision_of_every_snapshot_is_made_again_bit_for_bit(served, decided):
    versions = set()
    with Client(served.url) as client:
        for d in decided:
            explained = client.explain(d.decision_id)
            assert explained["again"]["same"] is True
            assert explained["again"]["difference"] == 0.0
            assert [one["arm"] for one in explained["deliveries"]] == [one.arm for one in d]
            assert explained["snapshot"]["version"] == d.snapshot
            versions.add(d.snapshot)
    assert len(versions) >= 6


def test_the_shell_says_what_was_decided_and_why(served, decided, capsys):
    last = decided[-1]
    capsys.readouterr()
    assert run(["explain", last[1].delivery_id, "--url", served.url]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert last.decision_id in out
    for piece in ("the same, bit for bit", "position 0", "position 1", "not eligible"):
        assert piece in out
    explained = told(capsys, "explain", last.decision_id, "--url", served.url)
    assert explained["eligible"] == ["c", "b", "a"]


def test_what_came_of_a_decision_is_told_to_the_end(served, decided, capsys, until):
    d = next(d for d in decided if any(one.arm == "b" for one in d))
    clicked = next(one for one in d if one.arm == "b")

    def final():
        explained = told(capsys, "explain", d.decision_id, "--url", served.url)
        return explained if explained["deliveries"][0]["stage"] == "final" else None

    explained = until(final)
    assert [(one["type"], one["class"]) for one in explained["events"]] == [("click", "joined")]
    assert explained["events"][0]["position"] == clicked.position
    for delivery in explained["deliveries"]:
        (row,) = delivery["observations"]
        assert row["reward"] == (1.0 if delivery["position"] == clicked.position else 0.0)
        assert (row["outcome"], row["state"], row["late"]) == ("observed", "made", False)
        assert row["learnt_by"] is not None
    assert explained["not_looked_at"] == []
    assert run(["explain", d.decision_id, "--url", served.url]) == 0
    out, _ = capsys.readouterr()
    for piece in (
        "What came, and how long after the decision",
        "What was observed",
        "joined",
        "final; what comes too late corrects",
    ):
        assert piece in out


def test_arms_are_those_of_then(served, decided, capsys):
    first = told(capsys, "explain", decided[0].decision_id, "--url", served.url)
    assert {arm["arm"]: arm["active"] for arm in first["arms"]} == {
        "a": True,
        "b": True,
        "c": True,
        "d": False,
    }
    # The first of them was asked for while a was retired.
    middle = next(d for d in decided if {one.arm for one in d} == {"e", "d"})
    then = told(capsys, "explain", middle.decision_id, "--url", served.url)
    assert {arm["arm"] for arm in then["arms"]} == {"b", "c", "d", "e"}
    assert then["snapshot"]["roster"] > 0


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (lambda i: i[:-1] + ("0" if i[-1] != "0" else "1"), 1, "is not in the log"),
        (lambda i: i.replace("shop", "shp"), 1, "no bandit named 'shp'"),
        (lambda i: i[:7] + "019" + "0" * 9 + i[19:], 1, "the log begins at"),
        (lambda _: "nonsense", 2, "a decision id must look like"),
    ],
)
def test_what_is_not_there_is_said_with_its_reason(served, decided, capsys, change, code, message):
    capsys.readouterr()
    assert run(["explain", change(decided[0].decision_id), "--url", served.url]) == code
    err = capsys.readouterr().err
    assert message in err
