"""Nothing of the machine it was made on, and no registry, stands in the repository."""

from __future__ import annotations

import re
from pathlib import Path

TEXT = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".json", ".cfg", ".sh", ".svg", ""}
REGISTRY = re.compile(r"pypi[.]|pythonhosted|--(extra-)?index-url|--find-links|[.]whl#")
MACHINE = re.compile(r"/(work|root|opt|Users)/|/home/[a-z]")


def lines(tracked, root):
    for path in tracked:
        if path.suffix in TEXT and path.name not in {"LICENSE", Path(__file__).name}:
            text = path.read_text(encoding="utf-8")
            for number, line in enumerate(text.splitlines(), 1):
                yield f"{path.relative_to(root)}:{number}: {line[:100]}", line


def test_no_registry_stands_anywhere(tracked, root):
    assert not [place for place, line in lines(tracked, root) if REGISTRY.search(line)]


def test_no_path_of_a_machine_stands_anywhere(tracked, root):
    assert not [place for place, line in lines(tracked, root) if MACHINE.search(line)]


def test_every_locked_line_is_pinned_and_hashed(root):
    for lock in sorted((root / "requirements").glob("*.txt")):
        if lock.name == "torch.txt":  # one version, built for many machines
            assert re.fullmatch(r"torch==[0-9.]+\n", lock.read_text(encoding="utf-8"))
            continue
        blocks = re.split(r"\n(?=[a-z0-9])", lock.read_text(encoding="utf-8"))
        loose = [
            block.splitlines()[0]
            for block in blocks
            if not re.match(r"[a-z0-9._\[\]-]+==\S+", block) or "--hash=sha256:" not in block
        ]
        assert not loose, lock.name
