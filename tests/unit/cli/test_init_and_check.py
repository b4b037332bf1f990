"""The first two files, and what a declaration means."""

from __future__ import annotations

import json

import pytest

from tamesu.base import Declaration
from tamesu.cli.entry import run
from tamesu.cli.meaning import meanings
from tamesu.client.arguments import read_declaration
from tamesu.policy import compose
from tamesu.wiring import load_settings


def test_init_writes_two_files_that_work_as_they_are(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "new" / "shop"
    assert run(["init", str(folder)]) == 0
    assert f"cd {folder}" in capsys.readouterr().out
    monkeypatch.chdir(folder)
    assert load_settings(environment={}).folder == folder / "data"
    assert run(["bandit", "check", "bandit.yaml"]) == 0
    assert "home-banner is valid" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["tamesu.toml", "bandit.yaml"])
def test_init_never_overwrites(name, tmp_path, capsys):
    (tmp_path / name).write_text("mine")
    assert run(["init", str(tmp_path)]) == 1
    assert name in capsys.readouterr().err
    assert (tmp_path / name).read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_init_into_a_file_is_refused(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert run(["init", str(tmp_path / "file" / "deeper")]) == 1
    assert "must be a folder that can be written" in capsys.readouterr().err


def test_init_in_json_names_the_files_and_what_to_do_next(tmp_path, capsys):
    assert run(["init", str(tmp_path / "x"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [name.rsplit("/", 1)[1] for name in told["files"]] == ["tamesu.toml", "bandit.yaml"]
    assert any("tamesu serve" in step for step in told["next"])


def test_check_spells_out_the_declaration_in_json(tmp_path, capsys):
    file = tmp_path / "b.yaml"
    file.write_text("{name: shop, arms: [a, b], layout: {kind: slate, size: 2}}")
    assert run(["bandit", "check", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["valid"] is True
    assert Declaration.parse(told["declaration"]).plain() == told["declaration"]
    declared = {row["setting"]: row["declared"] for row in told["settings"]}
    assert declared["layout"] is declared["arms"] is True
    assert declared["reward.window"] is declared["seed"] is False


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{name: shop, arms: [a], descripton: x}", "did you mean 'description'?"),
        ("{name: shop, arms: [a], policy: {belief: bta}}", "did you mean 'beta'?"),
        ("{name: shop, arms: [a], policy: {explorer: {kind: thompson, exlore: 1}}}", "explore"),
        ("{name: shop, arms: [a], sticky: {ttl: 9m}}", "within half the window"),
        ("[1, 2]", "must hold a mapping, got list"),
        ("", "must hold a mapping, got nothing"),
        ("a: [", "must be a readable YAML or JSON file"),
    ],
)
def test_check_refuses_with_exit_code_2_and_says_what_to_do(text, words, tmp_path, capsys):
    file = tmp_path / "b.yaml"
    file.write_text(text)
    assert run(["bandit", "check", str(file)]) == 2
    assert words in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("name", "words"), [("nope.yaml", "No such file"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_read_is_refused_in_words(name, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["bandit", "check", name]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "Errno" not in told
    assert "hint: tamesu init" in told


@pytest.mark.parametrize(
    "text",
    [
        "name: x\narms: [a, b]\nreward: {events: {click: 1, click: 5}}",
        '{"name": "x", "arms": ["a"], "reward": {"events": {"click": 1, "click": 5}}}',
    ],
)
def test_a_key_that_stands_twice_is_refused_and_no_value_of_it_dropped(text, tmp_path, capsys):
    file = tmp_path / "b.yaml"
    file.write_text(text)
    assert run(["bandit", "check", str(file)]) == 2
    told = capsys.readouterr().err
    assert "b.yaml must be" in told
    assert "'click' stands twice" in told


def test_what_is_taken_from_elsewhere_in_the_file_may_be_said_anew(tmp_path):
    file = tmp_path / "b.yaml"
    file.write_text("a: &a {x: 1, y: 2}\nb: &b {<<: *a, x: 3}\nc: {<<: *b, y: 4}\n")
    assert read_declaration(file)["c"] == {"x": 3, "y": 4}


def rows(text: str, tmp_path):
    file = tmp_path / "b.yaml"
    file.write_text(text)
    data = read_declaration(file)
    declaration = Declaration.parse(data)
    return {row.setting: row for row in meanings(declaration, data, compose(declaration).size)}


def test_meanings_follow_from_the_declaration(tmp_path):
    found = rows(
        """
        name: shop
        arms: [a, b, c, d]
        layout: {kind: slate, size: 3}
        policy:
          belief: {kind: beta, prior: [2, 98]}
          explorer: {kind: thompson, explore: 0.2}
        reward: {window: 3s, lateness: 1s}
        """,
        tmp_path,
    )
    assert "3 different arms" in found["layout"].meaning
    assert "about 0.02" in found["policy.belief.prior"].meaning
    assert "at least 0.05" in found["policy.explorer.explore"].meaning
    assert "final 7s after" in found["reward.lateness"].meaning
    assert found["reward.impression_within"].value == "3s"
    assert not found["reward.impression_within"].declared


def test_a_part_named_in_short_has_declared_no_options(tmp_path):
    found = rows("{name: shop, arms: [a], policy: {belief: beta}}", tmp_path)
    assert found["policy.belief"].declared
    assert not found["policy.belief.prior"].declared
    assert not found["policy.explorer"].declared
    assert "reward.impression_within" not in found


def test_check_says_when_a_delivery_is_learnt_from_and_until_when_it_is_corrected(tmp_path):
    early = rows("{name: shop, arms: [a], reward: {window: 1h}}", tmp_path)
    assert (early["reward.settle"].value, early["reward.settle"].declared) == ("1m", False)
    assert "events that come later correct it" in early["reward.settle"].meaning
    assert "corrects until 30d after" in early["reward.late"].meaning
    whole = rows("{name: shop, arms: [a], reward: {window: 1h, settle: 1h}}", tmp_path)
    assert "once its window and the lateness are over" in whole["reward.settle"].meaning


def test_check_tells_sessions_windows_of_types_and_implied_impressions(tmp_path):
    found = rows(
        """
        name: shop
        arms: [a, b]
        layout: {kind: slate, size: 2}
        fallback: [b]
        sticky: {ttl: 15m}
        reward:
          window: {gap: 30m, cap: 4h}
          events: {buy: {weight: 1, within: 7d}}
          unseen: imply
        """,
        tmp_path,
    )
    assert found["reward.window"].value == "30m / 4h"
    assert "until nothing counted for 30m, 4h at most" in found["reward.window"].meaning
    assert found["reward.events.buy.within"].declared
    assert "reward.events.click.within" not in rows("{name: shop, arms: [a]}", tmp_path)
    assert "says that it was shown" in found["reward.unseen"].meaning
    assert "reward.unseen" not in rows("{name: shop, arms: [a]}", tmp_path)
    assert (found["fallback"].value, found["sticky"].value) == ("b", "15m")
    assert "must name its unit" in found["sticky"].meaning


def test_long_lists_of_arms_are_cut(tmp_path):
    found = rows("{name: shop, arms: [" + ", ".join(f"arm-{i}" for i in range(50)) + "]}", tmp_path)
    assert found["arms"].value.endswith("…")
    assert "50" in found["arms"].meaning
