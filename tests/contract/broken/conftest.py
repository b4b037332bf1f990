"""A suite that cannot fail proves nothing: here each law meets an adapter that breaks it."""

from __future__ import annotations

import pytest

from tamesu.base import TamesuError


@pytest.fixture
def must_fail(tmp_path):
    """Holds one law of a suite against its broken adapter; it must not pass."""

    def check(suite: object, law: str) -> None:
        run = getattr(suite, law)
        broken = (AssertionError, pytest.fail.Exception, ExceptionGroup, ValueError, TamesuError)
        arguments = [tmp_path] if "tmp_path" in run.__code__.co_varnames else []
        with pytest.raises(broken):
            run(*arguments)

    return check


@pytest.fixture
def laws_of():
    """The names of a suite's laws."""
    return lambda suite: {name for name in dir(suite) if name.startswith("test_")}
