"""Examples in docstrings run and give what they say."""

from __future__ import annotations

import doctest
from importlib import import_module

import numpy as np


def test_every_example_in_a_docstring_is_true(package, root):
    tried = 0
    for source in package:
        if ">>>" not in source.text:
            continue
        name = ".".join(source.path.relative_to(root / "src").with_suffix("").parts)
        said = doctest.testmod(import_module(name), extraglobs={"np": np})
        assert not said.failed, name
        tried += said.attempted
    assert tried > 10
