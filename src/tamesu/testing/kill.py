"""A process that is killed in the middle of its work.

It prints a line for each thing that it was told is done; `SIGKILL` then takes it without a word.
Refuses to wait by the clock: how long it lives is counted in lines.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence


def lines_until_killed(module: str, arguments: Sequence[str], lines: int) -> list[str]:
    """Runs `python -m module arguments`, kills it after `lines` lines, gives all it printed.

    Raises:
        AssertionError: it ended by itself before; the message holds what it said.
    """
    (printed,) = lines_until_all_killed(module, [arguments], lines)
    return printed


def lines_until_all_killed(
    module: str, arguments: Sequence[Sequence[str]], lines: int
) -> list[list[str]]:
    """As `lines_until_killed`, with several processes, killed when each has printed so many.

    So the last one to start has done its work beside all others.
    """
    running = [_Running(module, mine, lines) for mine in arguments]
    for each in running:
        each.done.wait()
    for each in running:
        each.process.kill()
    return [each.printed_in_all() for each in running]


class _Running:
    """One process, and the thread that reads what it prints."""

    def __init__(self, module: str, arguments: Sequence[str], lines: int) -> None:
        command = [sys.executable, "-m", module, *arguments]
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.done = threading.Event()
        self._lines = lines
        self._printed: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def printed_in_all(self) -> list[str]:
        """Its lines, once it has ended."""
        self._reader.join()
        _, said = self.process.communicate()
        if len(self._printed) < self._lines:
            raise AssertionError(f"it ended after {len(self._printed)} lines: {said}")
        return self._printed

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._printed.append(line.strip())
            if len(self._printed) == self._lines:
                self.done.set()
        self.done.set()
