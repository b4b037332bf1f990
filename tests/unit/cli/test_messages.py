"""A message that cannot be written stops nobody's work."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import os, sys
import structlog
from tamesu.cli.messages import set_up_messages
set_up_messages()
log = structlog.get_logger("test")
log.warning("heard")
{trouble}
log.warning("unheard")
log.warning("unheard")
print("still at work")
"""


def run(trouble):
    return subprocess.run(
        [sys.executable, "-c", SCRIPT.format(trouble=trouble)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_messages_are_json_lines_where_nobody_looks():
    done = run("")
    assert done.stderr.count('"event": "unheard"') == 2


def test_a_full_disk_behind_stderr_stops_nothing():
    done = run("os.dup2(os.open('/dev/full', os.O_WRONLY), 2)")
    assert done.stdout == "still at work\n"


def test_a_reader_that_went_away_stops_nothing():
    done = run("read, write = os.pipe(); os.close(read); os.dup2(write, 2)")
    assert done.stdout == "still at work\n"


def test_a_closed_stderr_stops_nothing():
    done = run("sys.stderr.close()")
    assert done.stdout == "still at work\n"
