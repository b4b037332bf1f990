"""What the doctor says of a machine."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from tamesu.watch import machine

MOUNT = "{number} 1 0:{number} / {point} rw,relatime shared:1 - {kind} source rw\n"


@pytest.fixture
def mounts(tmp_path):
    """A list of mounts, each given as point and kind."""

    def write(*points):
        lines = [
            MOUNT.format(number=number, point=str(point).replace(" ", r"\040"), kind=kind)
            for number, (point, kind) in enumerate(points, 20)
        ]
        path = tmp_path / "mountinfo"
        path.write_text("".join(lines))
        return path

    return write


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "ceph"])
def test_a_disk_of_another_machine_is_wrong(tmp_path, mounts, kind):
    found = machine.file_system(tmp_path / "data", mounts(("/", "ext4"), (tmp_path, kind)))
    assert (found.well, bool(found.hint)) == (False, True)
    assert kind in found.found


@pytest.mark.parametrize("kind", ["tmpfs", "overlay", "fuse.something"])
def test_one_that_may_not_last_is_a_note(tmp_path, mounts, kind):
    found = machine.file_system(tmp_path, mounts(("/", "ext4"), (tmp_path, kind)))
    assert (found.well, bool(found.hint)) == (True, True)


def test_the_innermost_and_latest_mount_counts(tmp_path, mounts):
    inner = tmp_path / "with a blank"
    inner.mkdir()
    under = mounts(("/", "nfs"), (inner, "nfs"), (inner, "xfs"), (tmp_path / "with", "nfs"))
    found = machine.file_system(inner / "data", under)
    assert found == ("file system", True, f"xfs, mounted on {inner}", "")


def test_a_system_that_does_not_tell_is_no_trouble(tmp_path):
    assert machine.file_system(tmp_path, tmp_path / "none").well


def test_too_few_files_are_wrong_and_what_may_be_had_is_taken():
    script = (
        "import resource as r\n"
        "from tamesu.watch import machine\n"
        "r.setrlimit(r.RLIMIT_NOFILE, (64, 512))\n"
        "assert not machine.open_files().well\n"
        "machine.raise_open_files()\n"
        "print(*r.getrlimit(r.RLIMIT_NOFILE))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert told.stdout.split() == [b"512", b"512"]


def test_the_limits_of_this_process_are_told():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert machine.open_files().well == (most < 0 or most >= machine.LEAST_FILES)


def test_more_workers_than_cores_are_a_note():
    assert machine.cores(1).hint == ""
    many = machine.cores(64)
    assert many.well
    assert "--workers" in many.hint


def test_a_folder_that_is_not_there_is_looked_at_where_it_would_be(tmp_path):
    assert machine.folder(tmp_path / "a" / "b").well
    assert machine.disk(tmp_path / "a" / "b").found.endswith("free")
    assert list(tmp_path.iterdir()) == []
