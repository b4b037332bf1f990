"""A suite that cannot fail proves nothing: here each law meets an adapter that breaks it, and it alone.

An adapter that fails on several laws shows only that one of them works; so every broken adapter must
be caught on its own law and obey all others.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tamesu.base import TamesuError

BROKEN = (AssertionError, pytest.fail.Exception, ExceptionGroup, ValueError, TamesuError)
"""How a law fails on an adapter; a TypeError, say, is a mistake of the broken adapter itself."""


def names_of(suite):
    return sorted(name for name in dir(suite) if name.startswith("test_"))


def cases(law):
    """The arguments of each case of a law, from its `parametrize` marks."""
    tables = []
    for mark in getattr(law, "pytestmark", ()):
        names, values = mark.args
        names = [name.strip() for name in names.split(",")] if isinstance(names, str) else names
        tables.append([dict(zip(names, v if len(names) > 1 else [v], strict=True)) for v in values])
    for chosen in itertools.product(*tables):
        yield {name: value for case in chosen for name, value in case.items()}


def failure(suite, name, folder):
    """What the law fails with on the suite's adapter, none if it holds."""
    law = getattr(suite, name)
    for number, arguments in enumerate(cases(law)):
        place = Path(folder, f"{name}-{number}")
        place.mkdir()
        wants = "tmp_path" in law.__code__.co_varnames[: law.__code__.co_argcount]
        try:
            law(**arguments, **({"tmp_path": place} if wants else {}))
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - whatever it is, it failed
            return error
    return None


@pytest.fixture(scope="module", autouse=True)
def no_shrinking():
    """That a drawn law fails, and soon, is enough here; nobody reads the smallest example."""
    before = settings.default
    settings.register_profile("broken", parent=before, phases=[Phase.generate], max_examples=24)
    settings.load_profile("broken")
    yield
    settings.register_profile("as before", parent=before)
    settings.load_profile("as before")


@pytest.fixture
def caught_on(tmp_path):
    """Holds every law of a suite against a broken adapter: one must fail, and no other may."""

    def check(suite, law):
        found = {name: failure(suite, name, tmp_path) for name in names_of(suite)}
        caught = found.pop(law)
        assert isinstance(caught, BROKEN), f"{law} holds" if caught is None else repr(caught)
        others = {name: repr(error)[:200] for name, error in found.items() if error is not None}
        assert not others, "it breaks other laws too"

    return check


@pytest.fixture
def laws_of():
    """The names of a suite's laws."""
    return lambda suite: set(names_of(suite))
