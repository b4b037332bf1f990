"""A small disk of its own, that fills, empties and turns read-only, in a mount namespace of its own.

Whoever is to see it is started through `enter`; the test itself sees it through `seen`. Refuses to
touch the machine's own mounts.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path

import pytest
from machine import USER

_MOUNT = 'mount -t tmpfs -o "size=$1" tmpfs "$2" && echo mounted && exec cat'


class Disk:
    """A disk at `folder`, which exists; it is there from `with` to its end.

    Args:
        folder: where it is mounted.
        size: as mount takes it, such as `8m`.
    """

    def __init__(self, folder, size):
        self._folder, self._size = Path(folder), size
        self._keeper = None

    def __enter__(self):
        command = ["unshare", "--mount", *USER, "sh", "-c", _MOUNT, "sh", self._size]
        self._keeper = subprocess.Popen(
            [*command, str(self._folder)],
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
        user = ["--user", "--preserve-credentials"] if USER else []
        return ["nsenter", "--target", str(self._keeper.pid), "--mount", *user]

    def seen(self, path):
        """A path where the disk is mounted, for the test, which stands outside."""
        return Path(f"/proc/{self._keeper.pid}/root{Path(path).absolute()}")

    def copy(self, folder, to):
        """Copies a folder of the disk to where SQLite, which resolves every path, can read it."""
        return shutil.copytree(self.seen(folder), to)

    def fill(self):
        """Takes all the room there is."""
        ballast = self.seen(self._folder) / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 16))

    def empty(self):
        """Gives the room back."""
        (self.seen(self._folder) / "ballast").unlink()

    def remount(self, mode):
        """Makes it `ro` or `rw`, and says whether: `ro` not while anybody has a file open to write."""
        command = [*self.enter, "mount", "-o", f"remount,{mode}", str(self._folder)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
