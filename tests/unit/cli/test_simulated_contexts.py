"""Simulations in worlds with contexts, from the shell."""

from __future__ import annotations

import json

import pytest

from tamesu.cli.entry import run

SCHEMA = "{hour: {type: cyclic, period: 24}, device: {type: categorical, values: [ios, web]}}"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text("{name: shop, arms: [a, b, c], batch: {size: 40}}")
    return str(path)


def told(capsys, *words):
    assert run(["simulate", *words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def contextual(tmp_path, belief="linear", context=SCHEMA, name="seeing"):
    path = tmp_path / f"{name}.yaml"
    policy = f"{{belief: {belief}, explorer: randomized_ucb}}"
    path.write_text(
        f"{{name: shop, arms: [a, b, c], context: {context}, reward: {{range: [-9, 9]}}, policy: {policy}}}"
    )
    return str(path)


@pytest.mark.parametrize("world", ["linear:slope=2", "logistic:0.1..0.4,slope=4"])
def test_in_a_world_with_contexts_who_sees_them_loses_less(tmp_path, capsys, world):
    files = (contextual(tmp_path), contextual(tmp_path, "gaussian", name="blind"))
    words = ("--world", world, "--rounds", "400", "--seeds", "2", "--every", "20", "--jobs", "1")
    seeing, blind, uniform = told(capsys, *files, *words)["policies"]
    assert seeing["regret"]["mean"] < 0.7 * blind["regret"]["mean"]
    assert uniform["effective"]["mean"] == pytest.approx(1)
    assert 0 <= seeing["never"]["mean"] < 1


def test_contexts_and_worlds_that_do_not_fit_are_refused(tmp_path, file, capsys):
    seeing, cascade = contextual(tmp_path), tmp_path / "cascade.yaml"
    cascade.write_text(
        "{name: shop, arms: [a, b], layout: {kind: cascade, size: 2}, context: 2, "
        "policy: {belief: linear, explorer: randomized_ucb}}"
    )
    other = contextual(tmp_path, context="2", name="other")
    blind = tmp_path / "blind.yaml"
    blind.write_text("{name: shop, arms: [a, b], context: 2, policy: {belief: beta}}")
    for words, said in (
        ([file, "--world", "linear"], "needs columns of one, and the declaration has none"),
        ([seeing], "in a bernoulli world there are no contexts, and the declaration asks for one"),
        ([seeing, other, "--world", "linear"], "must have the same context"),
        ([seeing, "--world", "linear:slope=-1"], "slope of a world must lie between 0"),
        ([seeing, "--world", "logistic:1.5"], "a rate must lie in"),
        ([str(cascade), "--world", "linear"], "error: where contexts matter each delivery earns"),
        ([str(blind), "--world", "linear"], "error: in a linear world a belief must learn rewards"),
    ):
        assert run(["simulate", *words, "--seeds", "1", "--rounds", "10"]) == 2
        assert said in " ".join(capsys.readouterr().err.split())
