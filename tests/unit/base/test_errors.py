"""What an error says: what must hold, what was got, where; and what to do."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import (
    Backpressure,
    Conflict,
    InvalidDeclaration,
    InvalidInput,
    MissingExtra,
    NotFound,
    TamesuError,
    Unavailable,
)
from tamesu.base.errors import close_match, listing


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            NotFound.bandit("home-unit", ["home-units", "banner"]),
            (
                "no bandit named 'home-unit' (known: 'banner', 'home-units')\n"
                "hint: did you mean 'home-units'?"
            ),
        ),
        (
            NotFound.bandit("x", []),
            "no bandit named 'x' (known: none)\nhint: create it:  tamesu bandit create FILE, or POST /v1/bandits",
        ),
        (
            NotFound.arms(["pop", "zz"], ["popular"]),
            "no such arm: 'pop', 'zz'\nhint: did you mean 'popular'?",
        ),
        (
            InvalidInput.unknown_field("windo", ["window", "late"], "reward"),
            "unknown field 'windo' in reward\nhint: did you mean 'window'?",
        ),
        (
            InvalidInput.unknown_field("q", ["window", "late"], "reward"),
            "unknown field 'q' in reward\nhint: known here: 'late', 'window'",
        ),
        (
            InvalidDeclaration.unknown_kind("belief", "bata", ["beta"]),
            "unknown belief 'bata'\nhint: did you mean 'beta'?",
        ),
        (
            Conflict.exists("home"),
            (
                "a bandit named 'home' exists already\n"
                "hint: choose another name, or read it with GET /v1/bandits/home"
            ),
        ),
        (
            MissingExtra.of("plots", "plot"),
            "plots needs packages that are not installed\nhint: pip install 'tamesu[plot]'",
        ),
        (TamesuError("so it is"), "so it is"),
    ],
    ids=["bandit", "no-bandits", "arms", "field", "far-field", "kind", "exists", "extra", "plain"],
)
def test_the_wording(error, text):
    assert str(error) == text


@given(st.lists(st.text(max_size=5), unique=True, max_size=30), st.integers(1, 15))
def test_a_listing_names_the_first_and_counts_the_rest(names, most):
    text = listing(names, most)
    assert text.startswith(repr(min(names)) if names else "none")
    assert ("more)" in text) == (len(names) > most)


def test_a_listing_of_very_many_stays_short():
    assert listing((f"arm-{i}" for i in range(10_000)), 2) == "'arm-0', 'arm-1' (+9998 more)"


def test_nothing_like_it_is_no_match():
    assert close_match("zzz", ["home", "banner"]) is None


def test_an_error_survives_the_way_to_another_process():
    for error in (
        NotFound.bandit("a", ["b"]),
        Unavailable("down", retry_after_s=2.5, cause="disk"),
    ):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.facts) == (type(error), str(error), error.facts)
        assert getattr(again, "retry_after_s", None) == getattr(error, "retry_after_s", None)


def test_backpressure_is_a_way_of_being_unavailable():
    error = Backpressure("queue full")
    assert isinstance(error, Unavailable)
    assert error.retriable
    assert error.retry_after_s == 1.0
