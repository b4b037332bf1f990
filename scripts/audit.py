"""Whether what is installed is what was locked, and the lock says it exactly: run by `make audit`.

Without a network: each requirement pinned to one version, held by SHA-256, from a registry and not from
an address; nothing of it installed in another version. PyTorch, whose builds differ by machine, is pinned
without a hash, and alone in that. With `--advisories` the known
vulnerabilities are looked up too, which needs a network and says so where there is none. Refuses to
take "could not look" for "nothing found".
"""

from __future__ import annotations

import argparse
import importlib.metadata
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = "dev.txt"
"""The widest set; what is installed here is part of it."""

LOCKS = ("install.txt", HERE, "lock.txt", "audit.txt")
UNHASHED = ("torch.txt", re.compile(r"torch==[0-9.]+\n"))
"""What comes without a hash, and all that may stand there."""
_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)(?:\s*;[^\\]*)?")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def main() -> int:
    """Says what is wrong, and whether anything is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--advisories", action="store_true", help="look up known vulnerabilities")
    wanted = parser.parse_args()
    pins: dict[str, set[str]] = {}
    here: dict[str, set[str]] = {}
    wrong = []
    for name in LOCKS:
        text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
        wrong += [f"requirements/{name}: {line}" for line in faults(text, pins)]
        if name == HERE:
            here = dict(pins)
    wrong += unhashed(here)
    wrong += drift(here)
    for line in wrong:
        print(line)
    print(f"{len(pins)} locked packages, {len(wrong)} faults; without hashes: {UNHASHED[0]}")
    if wanted.advisories:
        return advisories() or bool(wrong)
    print(
        "known vulnerabilities: not looked up; that needs a network:  make audit ARGS=--advisories"
    )
    return bool(wrong)


def faults(text: str, pins: dict[str, set[str]]) -> Iterator[str]:
    """What a lock leaves open; its versions by name are added to `pins`."""
    for line in text.replace("\\\n", " ").splitlines():
        said = line.split(" #")[0].strip()
        if not said or said.startswith("#"):
            continue
        requirement, *options = re.split(r"\s+(?=--)", said)
        found = _PIN.fullmatch(requirement.strip())
        if found is None:
            yield f"must be a name pinned by ==, got {requirement[:60]!r}"
            continue
        pins.setdefault(_spelt(found[1]), set()).add(found[2])
        if not options or any(_HASH.fullmatch(each.strip()) is None for each in options):
            yield f"{found[1]} must be held by SHA-256 hashes and nothing else"


def unhashed(pins: dict[str, set[str]]) -> Iterator[str]:
    """What the one lock without hashes says beyond PyTorch's version, which is added to `pins`."""
    name, form = UNHASHED
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    if form.fullmatch(text):
        package, version = text.strip().split("==")
        pins[package] = {version}
    else:
        yield f"requirements/{name} must be torch pinned by == and nothing else, got {text[:60]!r}"


def drift(pins: dict[str, set[str]]) -> Iterator[str]:
    """What is installed here in another version than the locked; what is locked nowhere is nobody's."""
    for package in importlib.metadata.distributions():
        name = _spelt(package.metadata["Name"])
        # A build's own label, as in 2.0+cpu, is no other version.
        if name in pins and package.version.partition("+")[0] not in pins[name]:
            locked = " or ".join(sorted(pins[name]))
            yield f"installed: {name} {package.version}, locked {locked}"


def advisories() -> int:
    """Looks up known vulnerabilities of what an installation needs, with a tool of its own."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        tool, lock = (ROOT / "requirements" / name for name in ("audit.txt", "install.txt"))
        pip = [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", "--require-hashes"]
        if subprocess.run([*pip, "-r", str(tool)], check=False).returncode:
            print("known vulnerabilities: not looked up, the tool for it cannot be installed")
            return 1
        # Strict: what could not be looked up fails, and does not count as clean.
        look = [f"{folder}/bin/pip-audit", "--strict", "--require-hashes", "--disable-pip"]
        look += ["-r", str(lock)]
        done = subprocess.run(look, check=False, capture_output=True, text=True)
    print(done.stdout.strip())
    if done.returncode:
        print(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "")
        print("known vulnerabilities: some were found, or they could not be looked up; see above")
    return done.returncode


def _spelt(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
