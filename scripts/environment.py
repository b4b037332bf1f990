"""Makes an environment ready: a venv, the locked set, and this checkout as an editable install.

Run by `make install` and `make test`. Nothing is resolved here: pip takes exactly the hashed lines
of `requirements/<set>.txt`, without looking at what they depend on, and `pip check` proves
afterwards that nothing is missing. The build backend is in the set, so that installing the checkout
needs no network. PyTorch, for the development set alone, comes unhashed and with what its build asks for, from whatever index
this machine's pip is set to: builds for other processors are other files of the same version. Refuses
to touch anything outside the venv.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETS = {"install": ("install",), "dev": ("dev", "install")}
"""Which stamps a set earns: the development set holds all of the other, at the same versions."""


def main() -> int:
    """Makes the environment ready and stamps it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("venv", type=Path)
    parser.add_argument("set", choices=sorted(SETS))
    asked = parser.parse_args()
    python = _python_of(asked.venv.absolute())
    if not _runs(python):
        print(f"making {asked.venv} with Python {sys.version.split()[0]}", flush=True)
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", asked.venv], check=False)
        if made.returncode:
            print(
                "Python could not make a virtual environment\n"
                "hint: on Debian and Ubuntu, install the package python3-venv"
            )
            return 1
    lock = ROOT / "requirements" / f"{asked.set}.txt"
    torch = lock.with_name("torch.txt")
    learns = asked.set == "dev"
    print(f"installing requirements/{lock.name}{f' and {torch.name}' * learns}", flush=True)
    steps = (
        ["install", "--no-deps", "--require-hashes", "--requirement", str(lock)],
        *([["install", "--requirement", str(torch)]] if learns else []),
        ["install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)],
        ["check"],
    )
    for step in steps:
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
        done = subprocess.run([*pip, *step], check=False, cwd=ROOT)
        if done.returncode:
            print(f"pip {step[0]} failed (exit {done.returncode}); the reason stands above")
            return 1
    for stamp in SETS[asked.set]:
        (asked.venv / f".tamesu-{stamp}").touch()
    return 0


def _python_of(venv: Path) -> Path:
    windows = venv / "Scripts" / "python.exe"
    return windows if windows.exists() else venv / "bin" / "python"


def _runs(python: Path) -> bool:
    """Whether the environment is there and still works: an upgrade of Python breaks links."""
    if not python.exists():
        return False
    tried = subprocess.run(
        [str(python), "-m", "pip", "--version"], check=False, capture_output=True
    )
    return tried.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
