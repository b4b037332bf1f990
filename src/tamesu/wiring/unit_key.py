"""The key with which units are hashed: drawn once, kept beside the data, its owner's alone.

Refuses to replace a key: everybody would be a stranger from then on.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from tamesu.base import Corrupt, Unavailable

FILE = "unit.key"
KEY_BYTES = 32


def unit_key(folder: Path) -> bytes:
    """The key of the installation in `folder`, drawn if it has none.

    Of several processes that draw at once, one key is everybody's.

    Raises:
        Unavailable: it cannot be read or written.
        Corrupt: the file is not one of ours.
    """
    path = folder / FILE
    try:
        if not path.exists():
            _draw(path)
        text = path.read_text("ascii").strip()
        key = bytes.fromhex(text)
    except OSError as error:
        raise Unavailable(
            f"the key of units must be readable in {path}: {error.strerror}",
            hint="run as the user that owns the data folder",
        ) from error
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise Corrupt(
            f"{path} must hold {2 * KEY_BYTES} hexadecimal digits, it does not",
            hint="restore it: with another key every unit is a stranger",
        )
    return key


def _draw(path: Path) -> None:
    new = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor made with its mode
            file.write(secrets.token_hex(KEY_BYTES).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # who links first has drawn for all
            path.hardlink_to(new)
    finally:
        new.unlink()
