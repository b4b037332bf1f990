"""`import tamesu` is light."""

from __future__ import annotations

import subprocess
import sys

import pytest

import tamesu

HEAVY = {"numpy", "scipy", "polars", "sqlalchemy", "msgspec", "starlette", "typer", "tamesu.base"}


def loaded_by(statement):
    script = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_the_root_loads_nothing_heavy():
    assert not loaded_by("import tamesu; tamesu.__version__; dir(tamesu)") & HEAVY


def test_every_command_is_known_before_anything_heavy_is_loaded():
    """`tamesu --help` answers at once."""
    heavy = HEAVY - {"typer", "msgspec", "tamesu.base"}
    assert not loaded_by("from tamesu.cli.app import command_line; command_line()") & heavy


def test_neither_a_bandit_nor_the_command_line_loads_what_an_extra_brings():
    extras = {"torch", "sklearn", "usearch", "matplotlib"}
    whole = "import tamesu; tamesu.Bandit(arms=['a', 'b'], seed=1).decide()"
    loaded = loaded_by(f"{whole}\nimport tamesu.cli, tamesu.evaluate, tamesu.wiring")
    assert "numpy" in loaded
    assert not loaded & extras


def test_what_the_root_offers_is_there():
    for name in tamesu.__all__:
        assert getattr(tamesu, name)


def test_an_unknown_name_is_refused_as_python_does():
    with pytest.raises(AttributeError, match="no attribute 'Bandid'"):
        tamesu.Bandid  # noqa: B018 - the look-up is the test
