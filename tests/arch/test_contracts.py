"""The import contracts cover the house: nothing stands outside them."""

from __future__ import annotations

import ast
import tomllib

import pytest

PURE = {"base", "policy", "join", "train", "experiment", "evaluate", "sim"}
# Builtins and modules by which a room would touch the world, beyond what TID251 bans by name.
TOUCHING = {"open", "print", "input", "exec", "eval", "breakpoint"}


@pytest.fixture(scope="module")
def settings(root):
    with (root / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["tool"]


@pytest.fixture(scope="module")
def rooms(root):
    return {path.parent.name for path in (root / "src/tamesu").glob("*/__init__.py")}


def contract(settings, name):
    return next(c for c in settings["importlinter"]["contracts"] if c["id"] == name)


def test_the_purity_contract_names_every_pure_room(settings, rooms):
    named = {
        module.removeprefix("tamesu.") for module in contract(settings, "pure")["source_modules"]
    }
    assert named == PURE & rooms


def test_ruffs_bans_hold_in_the_same_rooms(settings):
    (pattern,) = (
        pattern
        for pattern, rules in settings["ruff"]["lint"]["per-file-ignores"].items()
        if "TID251" in rules
    )
    assert set(pattern.split("{")[1].split("}")[0].split(",")) == PURE


def test_pure_rooms_touch_nothing(package):
    offenders = [
        f"{source.name}:{node.lineno}: {node.func.id}()"
        for source in package
        if source.name.split("/")[2] in PURE
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in TOUCHING
    ]
    assert not offenders


def test_the_picture_in_architecture_md_shows_every_room(root, rooms):
    picture = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    missing = [room for room in rooms if f"`{room}`" not in picture]
    assert not missing
