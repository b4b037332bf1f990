"""Resolves the peers into the hashed sets of `requirements/`, with uv from `requirements/lock.txt`.

    python bench/peers/lock.py [MODULE ...]

Like `make lock`: universal files, no header, no index address. The first line of each, a comment,
names the peer's own version. Run it to take newer versions; results with the old ones are kept apart.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from environments import MODULES, requirements

PACKAGES = {
    "vowpal_wabbit": "vowpalwabbit",
    "vowpal_wabbit_next": "vowpal-wabbit-next",
    "obp": "sb-obp",
}
"""Where a peer is not called like its module."""
LEFT_OUT = {"obp": ["torch"]}
"""What a peer asks for and its player never loads; `players/obp.py` says why."""


def main() -> int:
    """Writes the sets asked for; gives uv's exit code where it fails."""
    for module in sys.argv[1:] or MODULES:
        package = PACKAGES.get(module, module)
        with tempfile.TemporaryDirectory() as folder:
            wanted = Path(folder) / "wanted.in"
            wanted.write_text(f"{package}\nnumpy\n", encoding="utf-8")
            less = Path(folder) / "less.txt"
            out = [f"{name} ; python_version < '3'\n" for name in LEFT_OUT.get(module, ())]
            less.write_text("".join(out), encoding="utf-8")
            done = subprocess.run(
                [
                    *(str(Path(sys.executable).parent / "uv"), "pip", "compile", "--quiet"),
                    *("--universal", "--generate-hashes", "--no-header", "--no-annotate"),
                    *("--system-certs", "--python-version", "3.11", "--override", str(less)),
                    *(str(wanted), "--output-file", str(Path(folder) / "locked.txt")),
                ],
                check=False,
            )
            if done.returncode:
                return done.returncode
            text = (Path(folder) / "locked.txt").read_text(encoding="utf-8")
        own = next(line for line in text.splitlines() if line.startswith(f"{package}=="))
        head = "# " + own.split()[0].replace("==", " ")
        requirements(module).write_text(f"{head}\n{text}", encoding="utf-8")
        print(module, head)
    return 0


if __name__ == "__main__":
    sys.exit(main())
