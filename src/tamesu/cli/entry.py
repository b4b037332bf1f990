"""`main`: runs a command and ends the process with its exit code.

0 done, 1 failed, 2 bad usage or configuration, 3 a needed extra is missing, 4 an evaluation
is refused, 130 stopped by Ctrl-C.
Refuses to show a traceback for an error that Tamesu raises on purpose; a bug keeps its own.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

FAILED = 1
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs `tamesu` with `arguments` (the process's own by default) and exits."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if sys.stdout is None:  # closed by whoever started us
        sys.stdout = io.TextIOWrapper(io.FileIO(os.devnull, "w"))
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that cannot show a letter shows its number.
        sys.stdout.reconfigure(errors="backslashreplace")
    code = run(words)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go_of_stdout()
    except OSError as problem:
        code = _unprinted(problem, words)
    sys.exit(code)


def run(words: Sequence[str]) -> int:
    """The exit code of one command line; whatever goes wrong is printed on stderr."""
    from typer.exceptions import Abort, Exit
    from typer.main import get_command

    from tamesu.cli.app import command_line

    try:
        given = get_command(command_line()).main(
            list(words), prog_name="tamesu", standalone_mode=False
        )
    except (KeyboardInterrupt, Abort):
        given = INTERRUPTED
    except Exit as end:
        return end.exit_code
    except BrokenPipeError:
        _let_go_of_stdout()
        return FAILED
    except OSError as problem:
        if problem.errno == errno.ENOSPC and problem.filename is None:
            return _unprinted(problem, words)
        return _unusable(problem, words)
    except Exception as problem:
        from tamesu.cli.failure import failure

        interrupted = _is_interrupted(problem)
        given = INTERRUPTED if interrupted else failure(problem, json=wants_json(words))
        if given is None:
            raise
    # Typer gives the code of an Exit back instead of raising it, and of Ctrl-C too.
    if given == INTERRUPTED:
        # Whoever presses twice gets no second answer from an interpreter that is on its way out.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # One that met `exec`, as a library's import has it, is never forgotten by the interpreter, and
        # it would end by that signal instead of the exit code. Another `exec` makes it forget.
        exec("")  # noqa: S102 - of nothing
        sys.stderr.write("stopped\n")
    return given if isinstance(given, int) else 0


def _is_interrupted(problem: BaseException | None) -> bool:
    """Whether Ctrl-C is behind it: a C extension that is interrupted while it loads says otherwise."""
    while problem is not None:
        if isinstance(problem, KeyboardInterrupt):
            return True
        problem = problem.__cause__ or problem.__context__
    return False


def wants_json(words: Sequence[str]) -> bool:
    """Whether these words ask for JSON; known before they are parsed, for errors in the words."""
    return "--json" in words


def _unprinted(problem: OSError, words: Sequence[str]) -> int:
    """Says that what was asked for cannot be printed, and gives the exit code."""
    from tamesu.cli.failure import report

    _let_go_of_stdout()
    report(
        f"the output must go somewhere, it cannot be written: {problem.strerror}",
        "make room where it is redirected to",
        json=wants_json(words),
    )
    return FAILED


def _unusable(problem: OSError, words: Sequence[str]) -> int:
    """Says which file cannot be used as the command has to, and gives the exit code."""
    from tamesu.cli.failure import report

    what = "a file" if problem.filename is None else os.fspath(problem.filename)
    report(
        f"{what} must be usable, it is not: {problem.strerror or problem}",
        "see that the path is right, and that you may read and write there",
        json=wants_json(words),
    )
    return FAILED


def _let_go_of_stdout() -> None:
    """Whoever read our output went away, as `head` does: what is left has nowhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
