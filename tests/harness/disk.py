"""A small disk of its own, to be mistreated, in a mount namespace of its own.

Whoever is to see it is started through `enter`; the test itself sees it through `seen`. The kernel
unmounts it when the last process that sees it has ended, whatever fails. Refuses to touch the
machine's own mounts.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from machine import USER

_KEEP = 'mount "$@" && echo mounted && exec cat'


class Mounted:
    """A disk at `folder`, which exists; it is there from `with` to its end.

    Args:
        folder: where it is mounted.
        mount: what is mounted and how, as mount takes it.
        user: what `unshare` needs besides.
    """

    def __init__(self, folder, mount, user=()):
        self._folder, self._user = Path(folder), list(user)
        self._mount = [*mount, str(self._folder)]
        self._keeper = None

    def __enter__(self):
        self._keeper = subprocess.Popen(
            ["unshare", "--mount", *self._user, "sh", "-c", _KEEP, "sh", *self._mount],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if self._keeper.stdout.readline() != "mounted\n":
            pytest.skip(f"may not mount a small disk here: {self._keeper.communicate()[1].strip()}")
        return self

    def __exit__(self, *_):
        self._keeper.communicate()

    @property
    def enter(self):
        """What runs a command where the disk is mounted."""
        user = ["--user", "--preserve-credentials"] if self._user else []
        return ["nsenter", "--target", str(self._keeper.pid), "--mount", *user]

    def seen(self, path):
        """A path where the disk is mounted, for the test, which stands outside."""
        return Path(f"/proc/{self._keeper.pid}/root{Path(path).absolute()}")

    def copy(self, folder, to):
        """Copies a folder of the disk to where SQLite, which resolves every path, can read it."""
        return shutil.copytree(self.seen(folder), to)

    def remount(self, mode):
        """Makes it `ro` or `rw`, and says whether: `ro` not while anybody has a file open to write."""
        return self._run("mount", "-o", f"remount,{mode}", str(self._folder)).returncode == 0

    def _run(self, *command):
        return _run(*self.enter, *command)


class Disk(Mounted):
    """One that fills and empties.

    Args:
        folder: where it is mounted.
        size: as mount takes it, such as `8m`.
    """

    def __init__(self, folder, size):
        super().__init__(folder, ["-t", "tmpfs", "-o", f"size={size}", "tmpfs"], USER)

    def fill(self):
        """Takes all the room there is."""
        ballast = self.seen(self._folder) / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 16))

    def empty(self):
        """Gives the room back."""
        (self.seen(self._folder) / "ballast").unlink()


class FailingDisk(Mounted):
    """One whose file system, ext4 on a file, the kernel turns read-only under open files.

    Only root may mount such a one.

    Args:
        folder: where it is mounted.
        image: the file, which is made; it lies elsewhere.
        size_bytes: its size.
    """

    def __init__(self, folder, image, size_bytes):
        self._image = Path(image)
        with self._image.open("wb") as file:
            file.truncate(size_bytes)
        _well(_run(_tool("mkfs.ext4"), "-q", "-F", str(self._image)))
        # The loop device lets go of the file by itself when it is unmounted.
        super().__init__(folder, ["-t", "ext4", "-o", "loop,errors=remount-ro", str(self._image)])

    def fail(self):
        """The kernel meets an error and gives up writing at once, open files or not."""
        mounts = Path(f"/proc/{self._keeper.pid}/mounts").read_text(encoding="utf-8")
        device = re.search(
            rf"^/dev/(\w+) {re.escape(str(self._folder))} ext4 ", mounts, re.MULTILINE
        )
        Path(f"/sys/fs/ext4/{device[1]}/trigger_fs_error").write_text("x", encoding="ascii")

    def mend(self):
        """Unmounts it, which nobody may see any more, checks it as at a start, and mounts it."""
        _well(self._run("umount", str(self._folder)))
        _well(
            _run(_tool("fsck.ext4"), "-p", str(self._image)), {0, 1}
        )  # 1: it had to mend something
        _well(self._run("mount", *self._mount))


def _tool(name):
    """Where it is: people's paths often leave the administrator's programs out."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"needs {name}, of the package e2fsprogs")
    return found


def _run(*command):
    return subprocess.run(command, check=False, capture_output=True, text=True)


def _well(done, fine=frozenset({0})):
    said = f"{done.stdout}{done.stderr}".strip()
    assert done.returncode in fine, f"{done.args} ended with {done.returncode}: {said}"
