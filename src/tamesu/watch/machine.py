"""What the doctor looks at on the machine: Python, packages, the folder's disk, limits, cores.

Each check gives a finding and none raises. Refuses to know what an installation keeps there.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import sys
import time
from importlib import metadata
from pathlib import Path

from tamesu.watch.finding import Finding

LEAST_PYTHON = (3, 11)
LEAST_FREE_BYTES = 1 << 30
LEAST_FILES = 4096
SLOW_SYNC_S = 0.05

NETWORK = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "glusterfs", "gpfs", "lustre", "nfs", "nfs4", "smb3"}
)
"""File systems on which locks and shared memory do not hold between processes as SQLite needs them."""

MEMORY = frozenset({"ramfs", "tmpfs"})
"""File systems that a restart of the machine empties."""


def python() -> Finding:
    """The interpreter is one that Tamesu runs on."""
    version = ".".join(map(str, sys.version_info[:3]))
    well = sys.version_info >= LEAST_PYTHON
    return Finding("python", well, version, "" if well else "install Python 3.11 or newer")


def installation() -> Finding:
    """The package is installed with everything it needs."""
    check = "installation"
    reinstall = "install it again:  pip install --force-reinstall tamesu"
    try:
        needs = metadata.requires("tamesu") or []
        version = metadata.version("tamesu")
    except metadata.PackageNotFoundError:
        return Finding(check, well=False, found="tamesu is not installed", hint=reinstall)
    names = [re.split(r"[^\w.-]", need, maxsplit=1)[0] for need in needs if "extra" not in need]
    missing = [name for name in names if not _is_installed(name)]
    if missing:
        found = f"tamesu {version} lacks {', '.join(missing)}"
        return Finding(check, well=False, found=found, hint=reinstall)
    return Finding(check, well=True, found=f"tamesu {version}, all {len(names)} packages it needs")


def folder(place: Path) -> Finding:
    """The data folder can be written, and what is written there can be synced."""
    check = "data folder"
    near = nearest(place)
    probe = near / f".tamesu-doctor-{os.getpid()}"
    try:
        try:
            with probe.open("wb") as file:
                file.write(b"\0" * 4096)
                file.flush()
                began = time.perf_counter()
                os.fsync(file.fileno())
                took_s = time.perf_counter() - began
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        return Finding(
            check,
            well=False,
            found=f"{place} cannot be written: {error.strerror}",
            hint="mend its permissions or its disk, or choose another with --data",
        )
    hint = "appends wait for that; a faster disk answers sooner" if took_s > SLOW_SYNC_S else ""
    return Finding(check, True, f"{place} can be written, synced in {1e3 * took_s:.1f} ms", hint)


def disk(place: Path) -> Finding:
    """There is room."""
    try:
        free = shutil.disk_usage(nearest(place)).free
    except OSError as error:
        return Finding("disk", False, f"cannot be looked at: {error.strerror}", "see its mount")
    well = free >= LEAST_FREE_BYTES
    hint = "" if well else "make room, or choose another folder with --data"
    return Finding("disk", well, f"{free / 2**30:.1f} GiB free", hint)


def file_system(place: Path, mounts: Path = Path("/proc/self/mountinfo")) -> Finding:
    """The folder's file system is local and outlasts a restart.

    Args:
        place: the data folder.
        mounts: the list of mounts, as Linux gives it.
    """
    check = "file system"
    try:
        lines = mounts.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return Finding(check, True, "unknown on this system", "it must be a local disk")
    path = nearest(place).resolve()
    kind, mount = "", Path()
    for line in lines:
        before, _, after = line.partition(" - ")
        point = Path(_unescaped(before.split()[4]))
        # Of two mounts on one point the later one is seen.
        if path.is_relative_to(point) and len(point.parts) >= len(mount.parts):
            kind, mount = after.split()[0], point
    found = f"{kind or 'unknown'}, mounted on {mount}"
    if kind in NETWORK:
        hint = "choose a folder on a local disk: data that several processes write needs its locks"
        return Finding(check, False, found, hint)
    if kind in MEMORY:
        return Finding(check, True, found, "it lies in memory: a restart of the machine empties it")
    if kind.startswith("fuse"):
        return Finding(check, True, found, "see that it is a local disk; others lose data")
    if kind == "overlay":
        return Finding(check, True, found, "it goes with its container: use a volume to keep it")
    return Finding(check, True, found)


def open_files() -> Finding:
    """Processes may have enough files and connections open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    well = most == resource.RLIM_INFINITY or most >= LEAST_FILES
    hint = (
        "" if well else f"raise it to {LEAST_FILES} or more:  ulimit -n, or LimitNOFILE= of systemd"
    )
    number = "without a limit" if most == resource.RLIM_INFINITY else f"at most {most:,}"
    return Finding("open files", well, number, hint)


def cores(workers: int) -> Finding:
    """There are no more workers than cores to run them on."""
    found = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    many = workers > found
    hint = "more workers than cores answer no faster:  --workers, or workers in tamesu.toml"
    return Finding(
        "cores", True, f"{found} for workers: {workers}, and a trainer", hint if many else ""
    )


def raise_open_files() -> None:
    """Lets this process open as many files as it may; connections are files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def nearest(place: Path) -> Path:
    """The folder itself, or its closest parent that exists."""
    place = place.absolute()
    while not place.exists():
        place = place.parent
    return place


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _unescaped(text: str) -> str:
    """A path of the list of mounts, where blanks are written as octal numbers."""
    return re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), text)
