"""No suite without adapters that obey it, and none without adapters that break each of its laws."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import tamesu.testing

HERE = Path(__file__).parent


def suites():
    """Every class of laws in `tamesu.testing` that is no part of another."""
    found = {}
    for module in pkgutil.iter_modules(tamesu.testing.__path__, "tamesu.testing."):
        if module.name.endswith("_contract"):
            members = vars(importlib.import_module(module.name))
            found |= {n: m for n, m in members.items() if n.endswith("Contract")}
    bases = {base for suite in found.values() for base in suite.__mro__[1:]}
    return sorted(name for name, suite in found.items() if suite not in bases)


def used(files):
    """The names that some of `files` import, with the files."""
    return {
        alias.name: path.name
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def calls_of_laws(path):
    """The suites whose laws a file compares with its table of broken adapters."""
    return {
        ast.unparse(node.args[0])
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "laws_of"
    }


def test_there_are_suites():
    assert {"EventLogContract", "StoreContract", "CacheContract", "EngineContract"} <= set(suites())


@pytest.mark.parametrize("suite", suites())
def test_something_obeys_the_suite(suite):
    assert suite in used(HERE.glob("test_*.py"))


@pytest.mark.parametrize("suite", suites())
def test_something_breaks_each_law_of_the_suite(suite):
    """A file of broken adapters names it, and holds its table against all its laws."""
    broken = (HERE / "broken").glob("test_broken_*.py")
    named = used(broken).get(suite)
    assert named, f"no file of broken adapters for {suite}"
    compared = calls_of_laws(HERE / "broken" / named)
    assert compared & {suite, "suite"}, f"{named} does not look whether every law is broken"
