"""One supervisor for one data folder, until the last of its roles is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tamesu.base import Unavailable
from tamesu.watch import FolderLock, folder_holder
from tamesu.watch.folder_lock import is_alive

HOLDS = """
import subprocess, sys
from pathlib import Path
from tamesu.watch import FolderLock
lock = FolderLock.take(Path(sys.argv[1]))
role = subprocess.Popen(["sleep", "1000"], pass_fds=[lock.descriptor])
print(role.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process with the lock, and its role's process id."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        role = int(process.stdout.readline())
        yield process, role
        for pid in (process.pid, role):
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)


def test_a_free_folder_is_taken_and_given_back(tmp_path):
    assert folder_holder(tmp_path) is None
    for _ in range(2):
        lock = FolderLock.take(tmp_path)
        assert folder_holder(tmp_path) == os.getpid()
        lock.close()
        lock.close()
        assert folder_holder(tmp_path) is None


def test_a_living_supervisor_is_named_and_the_second_refused(tmp_path, other):
    process, _ = other
    with pytest.raises(Unavailable, match=f"process {process.pid} has") as refused:
        FolderLock.take(tmp_path)
    assert f"kill {process.pid}" in refused.value.hint
    assert folder_holder(tmp_path) == process.pid


def test_who_follows_a_killed_one_waits_for_its_roles(tmp_path, other):
    process, role = other
    process.kill()
    process.wait()
    with pytest.raises(Unavailable, match="must end before another starts"):
        FolderLock.take(tmp_path, patience_s=0.2)
    assert folder_holder(tmp_path) == process.pid, "the dead one's, while its role lives"
    os.kill(role, signal.SIGKILL)
    lock = FolderLock.take(tmp_path)
    assert folder_holder(tmp_path) == os.getpid()
    lock.close()


def test_what_stands_in_a_free_lock_is_no_matter(tmp_path):
    (tmp_path / "supervisor.lock").write_text("1\n")
    assert folder_holder(tmp_path) is None
    FolderLock.take(tmp_path).close()
    (tmp_path / "supervisor.lock").write_text("no number")
    FolderLock.take(tmp_path).close()


def test_a_folder_that_cannot_have_one_is_refused(tmp_path):
    with pytest.raises(Unavailable, match="must be writable"):
        FolderLock.take(tmp_path / "nowhere")
    (tmp_path / "supervisor.lock").mkdir()
    with pytest.raises(Unavailable, match="must be writable"):
        FolderLock.take(tmp_path)
