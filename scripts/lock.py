"""Resolves `pyproject.toml` into the hashed sets of `requirements/`.

Run by `make lock`, with uv from `requirements/lock.txt`. Each set is universal: one file for every
platform and Python, with markers. No header, no index address and no path of this machine gets into
a file. `ARGS="--upgrade"` takes the newest versions; without it what is locked stays. PyTorch, whose
builds differ by machine, stays out of the hashed sets: its version is written by hand, unhashed, in
`requirements/torch.txt`; what it needs of its own is locked like all else.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_SERVING = ("evaluate", "index", "pages", "plot", "testing")
_TORCH = ["--no-emit-package", "torch", "--constraint", "requirements/torch.txt"]
SETS = {
    # The widest first: the others are held to its versions.
    "dev": ["--all-extras", "--group", "dev", *_TORCH],
    # What a demo and a server can need: PyTorch is as large as all else together.
    "install": [
        *(word for extra in _SERVING for word in ("--extra", extra)),
        *("--group", "build", "--constraint", "requirements/dev.txt"),
    ],
    "lock": ["--group", "lock"],
    "audit": ["--group", "audit"],
}


def main() -> int:
    """Writes every set; gives uv's exit code where it fails."""
    uv = Path(sys.executable).parent / "uv"
    for name, wanted in SETS.items():
        sources = [] if name in ("lock", "audit") else ["pyproject.toml"]
        command = [
            *(str(uv), "pip", "compile", "--quiet", "--universal", "--generate-hashes"),
            *(
                "--no-header",
                "--system-certs",
                "--python-version",
                "3.11",
                *sources,
                *wanted,
                *sys.argv[1:],
            ),
            *("--output-file", f"requirements/{name}.txt"),
        ]
        done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
        if done.returncode:
            return done.returncode
        print(f"requirements/{name}.txt")
    return 0


if __name__ == "__main__":
    sys.exit(main())
