"""Loaded by Python itself, at the start of a process that has this folder on its path.

The time of day is then off by as many seconds as a file says, from moment to moment.
"""

import os
import time
from pathlib import Path

_OFF = Path(os.environ["TAMESU_TEST_CLOCK"])
_time_ns = time.time_ns


def _stepped_ns():
    return _time_ns() + int(_OFF.read_text(encoding="ascii")) * 1_000_000_000


time.time_ns = _stepped_ns
time.time = lambda: _stepped_ns() / 1e9
