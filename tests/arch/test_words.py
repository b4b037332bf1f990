"""One word per concept: what the glossary rules out names nothing of ours."""

from __future__ import annotations

import ast
import itertools
import re
from fnmatch import fnmatch

import pytest

FOREIGN = {
    # Words of others, where we speak of their things: (word, where): reason.
    ("campaign", "src/tamesu/*open_bandit*"): "the data set's own word for its parts",
    ("campaign", "src/tamesu/cli/*"): "the data set's own word, as an option of its command",
    ("epsilon", "src/tamesu/policy/explorers/epsilon_greedy.py"): "it is that explorer's parameter",
    ("ttl", "src/tamesu/base/clauses.py"): "of a sticky decision, as a declaration writes it",
}
SHAPES = {
    r"get_": "a noun gives, no get_",
    r"(Base|Abstract)[A-Z]": "no Base*, no Abstract*",
    r"\w*(Manager|Helper|Util|Utils|Impl)\b": "says nothing",
}


@pytest.fixture(scope="module")
def ruled_out(root):
    """The words in code in the last column of the glossary's tables of three."""
    rows = re.findall(
        r"^\|[^|]+\|[^|]+\|([^|]+)\|$",
        (root / "GLOSSARY.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    words = {word for cell in rows for word in re.findall(r"`(\w+)`", cell)}
    assert len(words) > 10, "the glossary's tables were not read"
    return words


def named(tree):
    """Every name that a file gives: definitions, arguments, fields, constants."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def words_of(name):
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    parts = [part for part in snake.split("_") if part]
    return {*parts, *(f"{a}_{b}" for a, b in itertools.pairwise(parts))}


def test_no_name_uses_a_word_that_is_ruled_out(package, ruled_out):
    offenders = []
    for source in package:
        foreign = {word for (word, where) in FOREIGN if fnmatch(source.name, where)}
        offenders += [
            f"{source.name}:{line}: {name}"
            for line, name in named(source.tree)
            if words_of(name) & (ruled_out - foreign)
        ]
    assert not offenders


def test_no_name_has_a_shape_that_says_nothing(package):
    offenders = [
        f"{source.name}:{line}: {name} ({why})"
        for source in package
        for line, name in named(source.tree)
        for shape, why in SHAPES.items()
        if re.match(shape, name)
    ]
    assert not offenders


def test_the_parser_of_names_sees_what_it_must():
    tree = ast.parse("def pull(pscore): probs = 1\nclass AgentX:\n    ttl_us: int = 0\n")
    found = set().union(*(words_of(name) for _, name in named(tree)))
    assert {"pull", "pscore", "probs", "agent", "ttl"} <= found
