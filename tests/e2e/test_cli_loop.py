"""The whole loop from the shell: serve, create, decide, track, learn, show, stop."""

from __future__ import annotations

import json
import re
import time

import pytest
from serving import serving

from tamesu.cli.entry import run

BANDIT = """
name: shop
arms: [a, b, c]
reward: {window: 1s, lateness: 100ms}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory, free_port):
    """The address of `tamesu serve` on a folder of its own."""
    with serving(tmp_path_factory.mktemp("served"), free_port()) as url:
        yield url


@pytest.fixture(scope="module")
def shop(served, tmp_path_factory):
    file = tmp_path_factory.mktemp("shop") / "shop.yaml"
    file.write_text(BANDIT)
    assert run(["bandit", "create", str(file), "--url", served]) == 0
    return file


def told(capsys, *words: str):
    assert run([*words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def test_a_click_told_from_the_shell_is_learnt_from(served, shop, capsys):
    capsys.readouterr()
    decided = told(capsys, "decide", "shop", "--eligible", "b", "--url", served)
    (delivery,) = decided["deliveries"]
    assert (delivery["arm"], delivery["propensity"]) == ("b", 1.0)
    tracked = told(
        capsys, "track", delivery["delivery_id"], "click", "--event-id", "e1", "--url", served
    )
    assert tracked == {"accepted": 1}
    told(capsys, "track", delivery["delivery_id"], "click", "--event-id", "e1", "--url", served)
    deadline = time.monotonic() + 30
    while True:
        shown = told(capsys, "bandit", "show", "shop", "--url", served)
        if shown["report"]["observations"] or time.monotonic() > deadline:
            break
    arms = {arm["arm"]: arm for arm in shown["report"]["arms"]}
    assert arms["b"]["observations"] == 1
    assert arms["b"]["mean"] == pytest.approx(2 / 3)
    assert shown["conservation"]["difference"] == 0
    assert shown["conservation"]["events"]["duplicate"] == 1
    # The first decision that knows of it says how fresh it is.
    assert run(["decide", "shop", "--url", served]) == 0
    assert run(["bandit", "show", "shop", "--url", served]) == 0
    out, _ = capsys.readouterr()
    assert re.search(r"^freshness \d+\.\d\d s, learning delay \d+\.\d\d s ", out, re.MULTILINE)


def test_tables_show_the_same(served, shop, capsys):
    assert run(["bandit", "list", "--url", served]) == 0
    assert run(["bandit", "show", "shop", "--url", served]) == 0
    assert run(["decide", "shop", "-n", "3", "--url", served]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "What it believes" in out
    assert "all accounted for" in out
    # Every id stands in one piece, however narrow the terminal.
    assert len(set(re.findall(r"shop\.1\.[0-9a-f]{32}-0(?= *$)", out, re.MULTILINE))) == 3


@pytest.mark.parametrize(
    ("words", "code", "message", "hint"),
    [
        (["bandit", "show", "shp"], 1, "no bandit named 'shp'", "did you mean 'shop'?"),
        (["decide", "shop", "--eligible", "x"], 1, "no such arm: 'x'", "known: 'a', 'b', 'c'"),
        (["track", "nonsense", "click"], 2, "a delivery id must look like", ""),
    ],
)
def test_a_refusal_of_the_server_is_an_error_with_a_hint(
    served, shop, capsys, words, code, message, hint
):
    capsys.readouterr()
    assert run([*words, "--url", served]) == code
    err = capsys.readouterr().err
    assert message in err
    assert hint in err


def test_the_same_name_twice_is_refused(served, shop, capsys):
    capsys.readouterr()
    assert run(["bandit", "create", str(shop), "--url", served]) == 1
    assert "exists already" in capsys.readouterr().err


def test_the_doctor_sees_the_server(served, tmp_path, capsys):
    port = served.rsplit(":", 1)[1]
    run(["doctor", "--json", "--data", str(tmp_path), "--port", port])
    found = {f["check"]: f for f in json.loads(capsys.readouterr().out)["findings"]}
    assert found["port"]["well"]
    assert "answers" in found["port"]["found"]


def test_a_port_that_is_taken_is_one_clear_message(served, tmp_path, capsys):
    port = served.rsplit(":", 1)[1]
    assert run(["serve", "--data", str(tmp_path), "--port", port]) == 1
    err = capsys.readouterr().err
    assert port in err
    assert "hint: " in err


def test_no_server_is_said_at_once(capsys, free_port):
    url = f"http://127.0.0.1:{free_port()}"
    assert run(["bandit", "list", "--url", url]) == 1
    assert "tamesu serve" in capsys.readouterr().err
