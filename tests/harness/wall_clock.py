"""The time of day, as the processes of an installation see it: it may step.

Python itself is told to read it so, in each of them: the preloaded library that does this for any
program, Debian's faketime, makes Python's sleep fail (0.9.10 answers a sleep until a moment of the
steady clock with EINVAL). Refuses to touch the machine's clock, and those that only go forward.
"""

from __future__ import annotations

import os
from pathlib import Path

STEPPED = Path(__file__).with_name("stepped")


class WallClock:
    """The time of day of whatever is started with `environment`.

    Args:
        file: where it is kept how far it is off.
    """

    def __init__(self, file):
        self._file = file
        self.shift(0)

    @property
    def environment(self):
        """What a process must be started with."""
        path = os.pathsep.join(filter(None, [str(STEPPED), os.environ.get("PYTHONPATH")]))
        return {"PYTHONPATH": path, "TAMESU_TEST_CLOCK": str(self._file)}

    def shift(self, seconds):
        """Sets it off from the machine's by so many seconds, at once."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds}\n", encoding="ascii")
        new.replace(self._file)
