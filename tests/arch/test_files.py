"""One concept, one file, one name."""

from __future__ import annotations

import re
import warnings

import pytest

MOST_LINES = 400
WELCOME_LINES = 250
NO_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "stuff", "lib"}


def test_no_file_holds_two_ideas(python):
    long = {s.name: s.text.count("\n") for s in python if s.text.count("\n") > MOST_LINES}
    assert not long, f"over {MOST_LINES} lines, so two ideas: {long}"


def test_the_package_keeps_to_the_welcome_length(package):
    long = {s.name: s.text.count("\n") for s in package if s.text.count("\n") > WELCOME_LINES}
    if long:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(f"over {WELCOME_LINES} lines: {long}", stacklevel=1)
    assert len(long) <= 0.1 * len(package), f"over {WELCOME_LINES} lines: {long}"


def test_no_file_is_a_drawer(tracked):
    drawers = [path.as_posix() for path in tracked if path.stem in NO_NAMES]
    assert not drawers


def test_every_module_is_named_by_a_word_of_the_glossary(package, root):
    words = set(re.findall(r"`([^`]+)`", (root / "GLOSSARY.md").read_text(encoding="utf-8")))
    strangers = sorted(
        source.name
        for source in package
        if source.path.stem not in {"__init__", "__main__"} and source.path.stem not in words
    )
    assert not strangers, "name the concept, or give the word its line in GLOSSARY.md"


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "LICENSE"])
def test_the_front_pages_are_there(root, page):
    assert (root / page).read_text(encoding="utf-8").strip()
