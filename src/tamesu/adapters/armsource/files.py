"""A file of arms, opened. Refuses one that is not there, is no file, or cannot be read."""

from __future__ import annotations

from pathlib import Path

from tamesu.base import InvalidInput, NotFound, Unavailable


def bytes_of(path: Path) -> bytes:
    """The whole of `path`.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it is something else than a file.
        Unavailable: it cannot be read now.
    """
    if path.exists() and not path.is_file():
        raise InvalidInput(f"a source of arms must be a file, {str(path)!r} is none")
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(
            f"the file {str(path)!r} must exist, it does not",
            hint="paths on the command line are relative to the folder you are in, those of "
            "tamesu.toml to its own",
        ) from error
    except OSError as error:
        raise Unavailable(f"{str(path)!r} must be readable: {error.strerror}") from error


def text_of(path: Path) -> str:
    """The whole of `path`, a text in UTF-8; a mark at its beginning is no part of it.

    Raises:
        InvalidInput: it is in another encoding.
        TamesuError: as `bytes_of`.
    """
    data = bytes_of(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(
            f"line {line:,} of {path.name}: it must be UTF-8, it is not",
            hint="export it in UTF-8; spreadsheets call it  CSV UTF-8",
        ) from error
