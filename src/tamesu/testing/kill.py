"""A process that is killed in the middle of its work.

It prints a line for each thing that it was told is done; `SIGKILL` then takes it without a word.
Refuses to wait by the clock: how long it lives is counted in lines.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence


def lines_until_killed(module: str, arguments: Sequence[str], lines: int) -> list[str]:
    """Runs `python -m module arguments`, kills it after `lines` lines, gives all it printed.

    Raises:
        AssertionError: it ended by itself before; the message holds what it said.
    """
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        assert process.stderr is not None  # noqa: S101 - it is a pipe
        printed = []
        for line in process.stdout:
            printed.append(line.strip())
            if len(printed) == lines:
                process.kill()
        if len(printed) < lines:
            raise AssertionError(f"it ended after {len(printed)} lines: {process.stderr.read()}")
    return printed
