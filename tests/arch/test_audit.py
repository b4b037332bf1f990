"""The locks say exactly what is installed; what does not is found."""

import importlib.metadata
import runpy
from typing import ClassVar

import pytest

HASH = "--hash=sha256:" + "0" * 64


@pytest.fixture(scope="module")
def audit(root):
    return runpy.run_path(str(root / "scripts" / "audit.py"))


def test_every_lock_pins_and_hashes_all_that_it_names(root, audit):
    pins = {}
    for name in audit["LOCKS"]:
        text = (root / "requirements" / name).read_text(encoding="utf-8")
        assert list(audit["faults"](text, pins)) == [], name
    assert {"msgspec", "uvicorn", "pytest", "uv", "pip-audit"} <= set(pins)


@pytest.mark.parametrize(
    "line",
    [
        "a",
        "a>=1",
        "a==1",
        f"a>=1 {HASH}",
        "a==1 --hash=md5:00",
        f"a @ file:///somewhere {HASH}",
        "git+ssh://somewhere/a",
        "-e .",
        "-r other.txt",
        "--pre",
        f"a==1 {HASH} --global-option=x",
    ],
)
def test_what_leaves_something_open_is_a_fault(audit, line):
    assert list(audit["faults"](f"ok==1 \\\n    {HASH}\n{line}\n", {}))


def test_a_pin_with_a_marker_and_several_hashes_is_none(audit):
    pins = {}
    text = f"A.b[x]==1.2 ; sys_platform != 'win32' \\\n    {HASH} \\\n    {HASH}\n    # via c\n"
    assert list(audit["faults"](text, pins)) == []
    assert pins == {"a-b": {"1.2"}}


def test_another_version_than_the_locked_is_found(audit):
    assert list(audit["drift"]({"pytest": {"0.0.1"}, "not-installed": {"1"}})) == [
        f"installed: pytest {pytest.__version__}, locked 0.0.1"
    ]


def test_a_build_s_own_label_is_no_other_version(audit, monkeypatch):
    class Built:
        metadata: ClassVar = {"Name": "Torch"}
        version = "2.13.0+cpu"

    monkeypatch.setattr(importlib.metadata, "distributions", lambda: [Built])
    assert list(audit["drift"]({"torch": {"2.13.0"}})) == []
    assert list(audit["drift"]({"torch": {"2.12.0"}})) == [
        "installed: torch 2.13.0+cpu, locked 2.12.0"
    ]


def test_what_comes_unhashed_is_one_version_of_one_package(audit, tmp_path):
    pins = {}
    assert list(audit["unhashed"](pins)) == []
    assert set(pins) == {"torch"}
    held = audit["unhashed"].__globals__
    (tmp_path / "requirements").mkdir()
    for text in ["torch==2.13.0\nother==1\n", "torch>=2\n", "torch==2.13.0 --pre\n", ""]:
        (tmp_path / "requirements/torch.txt").write_text(text)
        was, held["ROOT"] = held["ROOT"], tmp_path
        assert "must be torch pinned" in next(audit["unhashed"]({}))
        held["ROOT"] = was
