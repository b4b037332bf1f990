"""The generated pages of the reference are what the code would write today."""

from __future__ import annotations

import ast
import importlib.util
import sys

import pytest

from tamesu.adapters.meter.metrics import METRICS


@pytest.fixture(scope="module")
def pages(root):
    folder = root / "scripts"
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location("reference", folder / "reference.py")
        reference = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(reference)
        return reference.pages()
    finally:
        sys.path.remove(str(folder))


def test_generated_pages_are_fresh(pages, root):
    stale = [
        name
        for name, text in pages.items()
        if (root / "docs/reference" / name).read_text(encoding="utf-8") != text
    ]
    assert not stale, "run `make reference` and commit"


def test_the_declaration_page_says_why_of_each_default(pages):
    rows = [line for line in pages["declaration.md"].splitlines() if line.startswith("| `")]
    assert len(rows) > 20
    for row in rows:
        cells = [cell.strip() for cell in row.strip("| ").split(" | ")]
        assert len(cells) == 4, row
        assert all(len(cell) > 2 for cell in cells), row


def test_every_metric_of_the_table_is_measured_somewhere(package):
    named = {
        node.value
        for source in package
        if source.path.stem != "metrics" and "testing" not in source.path.parts
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not METRICS.keys() - named, "a metric that nobody measures stays 0 and says all is well"
