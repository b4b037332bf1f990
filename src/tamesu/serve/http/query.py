"""What a query and the end of a path say. Refuses parameters that it does not know, and one twice."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote_to_bytes

from starlette.types import Scope

from tamesu.base import InvalidInput

_MOST = 1 << 62
"""No number of ours is larger."""


def parameters(query: bytes, *known: str) -> dict[str, str]:
    """Every parameter by name; empty without a query.

    Raises:
        InvalidInput: one that is not among `known`, or is there twice.
    """
    said: dict[str, str] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name not in known:
            raise InvalidInput.unknown_field(name[:80], known, "the query")
        if name in said:
            raise InvalidInput(f"{name} must be in the query once, it is twice", field=name)
        said[name] = value
    return said


def flag(said: dict[str, str], name: str) -> bool:
    """A parameter that is absent or `false`, or `true`.

    Raises:
        InvalidInput: another value.
    """
    value = said.get(name, "false")
    if value not in ("true", "false"):
        raise InvalidInput(f"{name} must be true or false, got {value[:80]!r}", field=name)
    return value == "true"


def number(said: dict[str, str], name: str) -> int | None:
    """A parameter that is a whole number from 0; none where it is absent.

    Raises:
        InvalidInput: another value.
    """
    value = said.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) <= 19 and int(value) < _MOST):  # noqa: PLR2004 - digits of 2^62
        raise InvalidInput(f"{name} must be a whole number from 0, got {value[:80]!r}", field=name)
    return int(value)


def path_end(scope: Scope, after: int, what: str) -> str:
    """What follows the first `after` slashes of a path, as it was sent.

    A route would take `red%0A` for `red`, and bytes that are no UTF-8 for other letters.

    Raises:
        InvalidInput: it is no UTF-8.
    """
    sent: bytes = scope["raw_path"]
    try:
        path = unquote_to_bytes(sent).decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{what} in a path must be UTF-8, percent-encoded, got {sent[-80:].decode('latin-1')!r}"
        ) from error
    return path.split("/", after)[-1]
