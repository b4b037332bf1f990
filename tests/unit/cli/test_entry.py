"""One command line in, one exit code out; every error said twice over: what, and what to do."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys

import pytest

from tamesu import __version__
from tamesu.base import (
    Bug,
    Conflict,
    InvalidDeclaration,
    MissingExtra,
    NotFound,
    TamesuError,
    Unavailable,
)
from tamesu.cli.entry import run
from tamesu.cli.failure import failure
from tamesu.cli.output import console, table

COMMANDS = [
    [],
    ["demo"],
    ["init"],
    ["serve"],
    ["run"],
    ["bandit"],
    ["bandit", "check"],
    ["bandit", "create"],
    ["bandit", "list"],
    ["bandit", "show"],
    ["arms"],
    ["arms", "list"],
    ["arms", "add"],
    ["arms", "retire"],
    ["arms", "revive"],
    ["decide"],
    ["track"],
    ["data"],
    ["data", "open-bandit"],
    ["doctor"],
]


def tamesu(*words: str, **more) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tamesu", *words],
        capture_output=True,
        text=True,
        check=False,
        **more,
    )


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(words, capsys):
    assert run([*words, "--help"]) == 0
    told = capsys.readouterr().out
    assert "Usage: " + " ".join(["tamesu", *words]) in told
    assert "--help" in told


@pytest.mark.parametrize(
    "words", [w for w in COMMANDS if w not in ([], ["arms"], ["bandit"], ["data"])]
)
def test_every_command_takes_json(words, capsys):
    assert run([*words, "--help"]) == 0
    assert "--json" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["bandit"], ["data"]], ids=str)
def test_a_group_without_a_command_shows_its_help(words, capsys):
    assert run(words) == 0
    assert "Commands" in (told := capsys.readouterr().out) or "First steps" in told


def test_the_version_is_said(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"tamesu {__version__}\n"


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["demp"], "No such command 'demp'. Did you mean 'demo'?", "tamesu --help"),
        (["bandit", "chek"], "No such command 'chek'.", "tamesu bandit --help"),
        (["decide"], "Missing argument 'NAME'.", "tamesu decide --help"),
        (["decide", "x", "--nope"], "No such option: --nope", "tamesu decide --help"),
        (["run", "cook"], "'cook' is not one of 'server', 'trainer'", "tamesu run --help"),
        (["demo", "--seconds", "1"], "--seconds", "tamesu demo --help"),
        (["serve", "--port", "0"], "--port", "tamesu serve --help"),
    ],
)
def test_bad_usage_exits_2_and_says_where_help_is(words, message, hint, capsys):
    assert run(words) == 2
    out, err = capsys.readouterr()
    error, *more = err.splitlines()
    assert out == ""
    assert error.startswith("error: ")
    assert message in error
    assert more == [f"hint: {hint}"]


def test_with_json_an_error_is_one_object_on_stderr(capsys):
    assert run(["demp", "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err) == {
        "code": "usage",
        "detail": "No such command 'demp'. Did you mean 'demo'?",
        "hint": "tamesu --help",
    }


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidDeclaration("a", hint="b"), 2),
        (NotFound.bandit("shp", ["shop"]), 1),
        (Conflict("a"), 1),
        (Unavailable("a"), 1),
        (Bug("a"), 1),
        (MissingExtra.of("plots", "plot"), 3),
    ],
    ids=lambda value: value.code if isinstance(value, TamesuError) else str(value),
)
def test_every_error_has_its_exit_code_and_both_forms(error, code, capsys):
    assert failure(error, json=False) == code
    lines = [f"error: {error.message}"] + ([f"hint: {error.hint}"] if error.hint else [])
    assert capsys.readouterr().err.splitlines() == lines
    assert failure(error, json=True) == code
    told = json.loads(capsys.readouterr().err)
    assert told == {**error.facts, "code": error.code, "detail": error.message, "hint": error.hint}


def test_what_was_not_raised_on_purpose_is_left_alone(capsys):
    assert failure(ValueError("x"), json=False) is None
    assert capsys.readouterr().err == ""


def test_python_m_tamesu_is_the_same_command():
    done = tamesu("--version")
    assert (done.returncode, done.stdout) == (0, f"tamesu {__version__}\n")


def test_no_traceback_reaches_the_user():
    done = tamesu("bandit", "check", "nowhere.yaml")
    assert done.returncode == 2
    assert "nowhere.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_and_bad_usage_load_no_heavy_library():
    script = (
        "import sys\n"
        "from tamesu.cli.entry import run\n"
        "run(['--help']), run(['demo', '--help']), run(['demp'])\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    heavy = {"numpy", "scipy", "polars", "sqlalchemy", "uvicorn", "httpx2", "structlog", "msgspec"}
    assert not heavy & set(done.stderr.split())


def test_a_reader_that_goes_away_is_no_error():
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "tamesu", "--help"],
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.stderr == ""


@pytest.mark.parametrize("words", [[], ["--json"]], ids=["table", "json"])
def test_a_terminal_without_unicode_gets_every_answer(tmp_path, words):
    (tmp_path / "b.yaml").write_text("name: b\narms: [日本, été]\n", "utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = tamesu("bandit", "check", str(tmp_path / "b.yaml"), *words, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    if words:
        assert [arm["id"] for arm in json.loads(done.stdout)["declaration"]["arms"]] == [
            "日本",
            "été",
        ]
    else:
        assert "\\u65e5" in done.stdout


@pytest.mark.parametrize("width", [30, 60, 80])
def test_a_narrow_terminal_cuts_no_word_off(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    cells = ["home-banner", "learning", "2026-11-22 13:00", "Which banner stands on top"]
    console().print(table("", ["name", "status", ">created", "description"], [cells]))
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= width
    shown = sorted(told.split("─")[-1].replace(" ", "").replace("\n", ""))
    assert shown == sorted("".join(cells).replace(" ", ""))


def test_a_help_says_the_defaults_that_are_no_values(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    assert run(["serve", "--help"]) == 0
    told = capsys.readouterr().out
    assert "8000" in told
    assert "./data" in told


def test_the_paragraphs_of_a_help_fill_their_lines(capsys, monkeypatch):
    """And do not break where the source does."""
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["demo", "--help"]) == 0
    about = capsys.readouterr().out.split("╭")[0].split("\n" + " " * 80 + "\n")
    for paragraph in about:
        lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
        for line, after in itertools.pairwise(lines):
            assert len(line) + 1 + len(after.split()[0]) > 78


@pytest.mark.parametrize("words", [[], ["--json"]], ids=["table", "json"])
def test_an_output_with_nowhere_to_go_is_no_traceback(tmp_path, words):
    (tmp_path / "b.yaml").write_text("name: b\narms: [x, y]\n")
    command = [sys.executable, "-m", "tamesu", "bandit", "check", tmp_path / "b.yaml", *words]
    full = ["sh", "-c", 'exec "$@" > /dev/full', "sh", *command]
    done = subprocess.run(full, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "No space left" in done.stderr
    closed = ["sh", "-c", 'exec "$@" >&-', "sh", *command]
    done = subprocess.run(closed, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_stop_in_the_middle_of_an_exec_has_the_exit_code_of_a_stop(tmp_path):
    """Libraries make classes by `exec` while they are imported."""
    (tmp_path / "interrupted.py").write_text(
        "from tamesu.cli import app, entry\n"
        "app.command_line = lambda: exec('raise KeyboardInterrupt')\n"
        "entry.main([])\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, "stopped\n")
