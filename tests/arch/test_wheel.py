"""The wheel is what users get: it is built here, unpacked elsewhere, and asked who it is."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import Parser

import pytest

import tamesu


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    """The wheel, built by the locked backend with no network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=root,
        check=True,
        capture_output=True,
    )
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel):
    """A folder that holds the wheel's files and nothing of this checkout."""
    folder = wheel.parent / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run_beside(installed, *command):
    """Runs Python with the wheel's files first on its path, outside this checkout."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=installed,
        env={"PYTHONPATH": str(installed), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_holds_the_package_its_types_and_its_licence(wheel, package):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "tamesu/py.typed" in names
    assert {source.name.removeprefix("src/") for source in package} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    strangers = {name.split("/")[0] for name in names} - {"tamesu"}
    assert strangers == {f"tamesu-{tamesu.__version__}.dist-info"}


def test_its_version_is_the_package_s_own(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("dist-info/METADATA"))
        facts = Parser().parsestr(archive.read(name).decode())
    assert facts["Version"] == tamesu.__version__
    assert facts["License-Expression"] == "Apache-2.0"
    assert facts["Requires-Python"] == ">=3.11"


def test_it_imports_from_where_it_is_installed(installed):
    done = run_beside(installed, "-c", "import tamesu.base; print(tamesu.base.__file__)")
    assert done.stdout.strip() == str(installed / "tamesu/base/__init__.py"), done.stderr


def test_its_command_says_its_version(installed):
    done = run_beside(installed, "-c", "from tamesu.cli import main; main()", "--version")
    assert done.returncode == 0, done.stderr
    assert tamesu.__version__ in done.stdout
