"""A room's `__init__` is its shop window: what it is for, what it offers, and nothing else."""

from __future__ import annotations

import ast
import importlib
import re

ROOT_INIT = "src/tamesu/__init__.py"  # lazy by design (PEP 562); test_lazy.py looks after it


def windows(package):
    return [s for s in package if s.path.name == "__init__.py" and s.name != ROOT_INIT]


def module_of(source):
    return source.name.removeprefix("src/").removesuffix("/__init__.py").replace("/", ".")


def test_every_folder_is_a_room_with_a_window(package):
    folders = {source.path.parent for source in package}
    bare = [folder.as_posix() for folder in folders if not (folder / "__init__.py").exists()]
    assert not bare


def test_a_window_holds_a_docstring_imports_and_all_and_nothing_else(package):
    offenders = []
    for source in windows(package):
        first, *rest = source.tree.body or [None]
        if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)):
            offenders.append(f"{source.name}: no docstring")
        for node in rest:
            listing = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
            if not (listing or isinstance(node, ast.Import | ast.ImportFrom)):
                offenders.append(f"{source.name}:{node.lineno}: {ast.unparse(node)[:60]}")
    assert not offenders


def test_a_window_says_what_the_room_refuses_to_do(package):
    silent = [
        source.name
        for source in windows(package)
        if not re.search(r"\b([Rr]efuses?|nothing else)\b", ast.get_docstring(source.tree) or "")
    ]
    assert not silent


def test_all_is_sorted_and_true(package):
    offenders = []
    for source in windows(package):
        room = importlib.import_module(module_of(source))
        imported = {
            name.asname or name.name
            for node in source.tree.body
            if isinstance(node, ast.ImportFrom) and node.module != "__future__"
            for name in node.names
        }
        offered = getattr(room, "__all__", [])
        missing = [name for name in offered if not hasattr(room, name)]
        if missing or set(offered) != imported:
            offenders.append(f"{source.name}: {sorted(set(offered) ^ imported) or missing}")
        if list(offered) != sorted(offered, key=isort_key):
            offenders.append(f"{source.name}: __all__ is not sorted")
    assert not offenders


def isort_key(name):
    """CONSTANTS, then Classes, then functions: ruff's own order (RUF022)."""
    kind = 0 if name.isupper() else 1 if name[:1].isupper() else 2
    return kind, name
