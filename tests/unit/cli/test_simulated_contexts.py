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


def hero(tmp_path, name, more=""):
    path = tmp_path / f"{name}.yaml"
    path.write_text(
        "{name: hero, slots: {title: [a, b, c], image: [x, y]}, context: {member: boolean}, "
        f"batch: {{size: 100}}, policy: {{explorer: {{kind: thompson, draws: 8}}}}{more}}}"
    )
    return str(path)


def test_combinations_are_played_in_the_world_of_the_first_file(tmp_path, capsys):
    pairs = hero(tmp_path, "pairs", ", pairwise: true, interactions: [[member, title]]")
    alone = hero(tmp_path, "alone")
    words = ("--world", "combination:slope=3,crossed=5", "--rounds", "200", "--seeds", "2")
    words = (*words, "--jobs", "1")
    both = told(capsys, pairs, alone, *words)["policies"]
    for found in (both, told(capsys, pairs, *words)["policies"]):
        assert found[-1]["regret"] == both[-1]["regret"]
        assert found[0]["regret"]["mean"] < found[-1]["regret"]["mean"]
    assert told(capsys, alone, pairs, *words)["policies"][-1]["regret"] != both[-1]["regret"]
    assert both[-1]["effective"]["mean"] == pytest.approx(1)


def test_explorers_of_combinations_are_swept(tmp_path, capsys):
    words = ("--world", "combination", "--rounds", "100", "--seeds", "1", "--jobs", "1")
    (swept, *_) = told(capsys, hero(tmp_path, "hero"), *words, "--sweep", "explorer")["values"]
    assert swept["value"] == "thompson"


def test_where_arms_that_are_alike_are_worth_alike_coefficients_are_shared(tmp_path, capsys):
    """Forty arms of which each tells all that it is worth, and a context that says who likes which."""
    arms = ", ".join(
        f"{{id: a{n}, features: {{kind: k{n % 4}, price: {n / 40}}}}}" for n in range(40)
    )
    paths = []
    for sharing in ("shared", "per_arm"):
        path = tmp_path / f"{sharing}.yaml"
        path.write_text(
            f"{{name: shop, arms: [{arms}], arm_features: {{price: {{type: numeric, range: [0, 1]}}, "
            "kind: {type: categorical, values: [k0, k1, k2, k3]}}, context: {taste: {type: vector, size: 2}}, "
            "interactions: [[taste, kind], [taste, price]], batch: {size: 50}, "
            f"policy: {{belief: {{kind: linear, sharing: {sharing}}}}}}}"
        )
        paths.append(str(path))
    words = ("--world", "logistic:shared=1", "--rounds", "800", "--seeds", "2", "--jobs", "1")
    shared, own, _ = told(capsys, *paths, *words)["policies"]
    assert shared["regret"]["mean"] < 0.7 * own["regret"]["mean"]


def test_a_cascade_in_contexts_is_played(tmp_path, capsys):
    path = tmp_path / "page.yaml"
    path.write_text(
        "{name: page, arms: [a, b, c, d], layout: {kind: cascade, size: 2}, context: 3, "
        "batch: {size: 50}, policy: {belief: logistic}}"
    )
    words = (
        "--world",
        "cascade:0.1..0.3,slope=2",
        "--rounds",
        "800",
        "--seeds",
        "2",
        "--jobs",
        "1",
    )
    learnt, uniform = told(capsys, str(path), *words)["policies"]
    assert learnt["regret"]["mean"] < 0.4 * uniform["regret"]["mean"]


def test_contexts_and_worlds_that_do_not_fit_are_refused(tmp_path, file, capsys):
    seeing, cascade = contextual(tmp_path), tmp_path / "cascade.yaml"
    cascade.write_text(
        "{name: shop, arms: [a, b], layout: {kind: cascade, size: 2}, context: 2, "
        "policy: {belief: linear, explorer: randomized_ucb}}"
    )
    other = contextual(tmp_path, context="2", name="other")
    slots, clash = (
        hero(tmp_path, "slots"),
        hero(tmp_path, "clash", ", infeasible: [{title: a, image: x}]"),
    )
    blind = tmp_path / "blind.yaml"
    blind.write_text("{name: shop, arms: [a, b], context: 2, policy: {belief: beta}}")
    for words, said in (
        (
            [file, "--world", "linear"],
            "error: a world with a context needs columns of one, and the declaration has none hint: declare",
        ),
        ([file, "--world", "objectives"], "error: in an objectives world single deliveries"),
        ([seeing], "in a bernoulli world there are no contexts, and the declaration asks for one"),
        ([seeing, other, "--world", "linear"], "must have the same context"),
        ([seeing, "--world", "linear:slope=-1"], "slope of a world must lie between 0"),
        ([seeing, "--world", "logistic:1.5"], "a rate must lie in"),
        (
            [str(cascade), "--world", "linear"],
            "error: in a world with contexts each delivery earns",
        ),
        ([slots], "in a bernoulli world there are no combinations, and the declaration has slots"),
        ([seeing, "--world", "combination"], "and the declaration has no slots"),
        ([slots, "--world", "combination:0.1"], "takes a range of rates"),
        ([slots, clash, "--world", "combination"], "must have the same arms"),
        ([str(blind), "--world", "linear"], "error: in a linear world a belief must learn rewards"),
    ):
        assert run(["simulate", *words, "--seeds", "1", "--rounds", "10"]) == 2
        assert said in " ".join(capsys.readouterr().err.split())
