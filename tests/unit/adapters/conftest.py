"""Real trouble: a disk that is full, a folder that is read-only, in a mount namespace of its own.

Root ignores permission bits, so a read-only folder is a file system mounted so. Where no namespace
may be made, these tests are skipped, aloud.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import pytest

NOT_ALLOWED = 77

PREAMBLE = """
import json, subprocess, sys
from pathlib import Path
place = Path(sys.argv[1])
def mount(*arguments):
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        sys.exit(77)
mount("-t", "tmpfs", "-o", "size=" + sys.argv[2], "tmpfs", str(place))
def remount(mode):
    mount("-o", "remount," + mode, str(place))
def fill():
    with open(place / "ballast", "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
def empty():
    (place / "ballast").unlink()
def error(call, *arguments):
    try:
        return ["no error", repr(call(*arguments))[:300]]
    except Exception as problem:
        return [type(problem).__name__, str(problem)]
told = {}
"""


@pytest.fixture
def on_small_disk(tmp_path):
    """Runs a script with `place` a small disk of its own, and gives what it put into `told`."""
    place = tmp_path / "disk"
    place.mkdir()

    def run(script: str, size: str = "2m") -> dict:
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        code = PREAMBLE + textwrap.dedent(script) + "\nprint(json.dumps(told))\n"
        command = ["unshare", "--mount", *user, sys.executable, "-c", code, str(place), size]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip("needs unshare (util-linux) to make a small disk")
        if done.returncode == NOT_ALLOWED or "unshare failed" in done.stderr:
            pytest.skip(f"may not mount a small disk here: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run
