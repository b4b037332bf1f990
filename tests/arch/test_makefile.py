"""The front door: `make` lists what it opens, and an interpreter too old is told so."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest


def make(root, *words):
    return subprocess.run(
        [shutil.which("make"), "--no-print-directory", *words],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def makefile(root):
    return (root / "Makefile").read_text(encoding="utf-8")


def test_make_alone_lists_every_target_that_says_what_it_is_for(root, makefile):
    listed = make(root)
    assert listed.returncode == 0
    for target, about in re.findall(r"^([a-z]+):.*## (.+)$", makefile, re.MULTILINE):
        assert re.search(rf"make {target} +{re.escape(about)}", listed.stdout)


@pytest.mark.parametrize(
    "target", ["install", "demo", "test", "check", "soak", "bench", "lock", "clean"]
)
def test_the_targets_that_docs_and_ci_rely_on_are_there(root, target):
    assert make(root, "--dry-run", target).returncode == 0


def test_every_target_without_a_file_is_phony(makefile):
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert set(phony.split()) == set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


def test_an_old_interpreter_is_refused_with_what_to_do(root, tmp_path):
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.10.9" && exit 0\nexit 1\n')
    old.chmod(0o755)
    said = make(root, "install", f"PYTHON={old}", f"VENV={tmp_path}/venv")
    assert said.returncode != 0
    assert "Tamesu needs Python 3.11 or newer, got: Python 3.10.9" in said.stdout
    assert "hint: make PYTHON=/path/to/python3.11 install" in said.stdout


def test_ci_is_check_and_test_with_no_skip_allowed(root):
    run = (root / ".ci/run").read_text(encoding="utf-8")
    assert "make check test" in run
    assert "export TAMESU_CI=1" in run
