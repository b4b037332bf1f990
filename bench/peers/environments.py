"""The environments of the peers: each its own venv, outside the repository, made on first use.

Each takes exactly the hashed lines of `requirements/<module>.txt`. Where `TAMESU_BENCH_CACHE` is set
it is the folder of all; else it is `tamesu/bench` in the user's cache. Refuses to install anything
into the environment that runs this.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = (
    "mabwiser",
    "river",
    "obp",
    "pybandits",
    "bayesianbandits",
    "contextualbandits",
    "coba",
    "gittins",
    "vowpal_wabbit",
    "vowpal_wabbit_next",
)
"""Peers, by their module of `players/`. `ours` and `plain_numpy` run in this environment."""


def cache() -> Path:
    """The folder of environments and results."""
    named = os.environ.get("TAMESU_BENCH_CACHE")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else home / "tamesu" / "bench"


def requirements(module: str) -> Path:
    """The lines that an environment is made of."""
    return HERE / "requirements" / f"{module}.txt"


def python_of(module: str) -> Path:
    """The interpreter of a peer's environment, made or made anew where its lines have changed.

    Raises:
        RuntimeError: it does not install; says what pip said last.
    """
    if module not in MODULES:
        return Path(sys.executable)
    lines = requirements(module).read_bytes() + sys.version.encode()
    place = cache() / "environments" / f"{module}-{hashlib.sha256(lines).hexdigest()[:12]}"
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (place / ".ready").exists():
        print(f"making the environment of {module}", file=sys.stderr, flush=True)
        _run([sys.executable, "-m", "venv", "--clear", str(place)])
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
        wanted = ["--no-deps", "--require-hashes", "--requirement", str(requirements(module))]
        _run([*pip, "install", *wanted])
        (place / ".ready").touch()
    return python


def versions(module: str) -> str:
    """The peer and its version, as locked: the first line of its requirements."""
    return requirements(module).read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise RuntimeError(said[-1] if said else f"exit {done.returncode}")


if __name__ == "__main__":
    for name in sys.argv[1:] or MODULES:
        print(name, python_of(name))
