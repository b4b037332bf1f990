"""The unit for systemd: it says what exists, and systemd reads it."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

UNIT = Path(__file__).parents[3] / "deploy/systemd/tamesu.service"


def test_the_unit_runs_a_command_that_exists_and_stops_it_as_a_supervisor_wants():
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str
    unit.read_string(UNIT.read_text())
    service = unit["Service"]
    program, *words = service["ExecStart"].split()
    assert Path(program).name == "tamesu"
    told = subprocess.run(
        [sys.executable, "-m", "tamesu", words[0], "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert all(word in told for word in words[1:])
    assert (service["KillMode"], service["Restart"]) == ("mixed", "always")
    assert int(service["TimeoutStopSec"]) > 30
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_systemd_reads_it(tmp_path):
    """Where systemd is not installed, the names of its sections and settings are all that is held."""
    text = UNIT.read_text().replace("/usr/local/tamesu/bin/tamesu", "/bin/true")
    here = tmp_path / "tamesu.service"
    here.write_text(text.replace("User=tamesu", "User=root").replace("Group=tamesu", "Group=root"))
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        assert {"[Unit]", "[Service]", "[Install]"} <= set(text.splitlines())
        return
    read = subprocess.run(
        [analyze, "verify", "--man=no", str(here)], capture_output=True, text=True, check=False
    )
    assert "tamesu.service" not in read.stderr, read.stderr
    assert read.returncode == 0
