"""What a query says. Refuses parameters that it does not know."""

from __future__ import annotations

from tamesu.base import InvalidInput


def flag(query: bytes, name: str) -> bool:
    """A flag of the query: absent or `false`, or `true`.

    Raises:
        InvalidInput: another parameter, or another value.
    """
    if not query:
        return False
    key, _, value = query.decode("latin-1").partition("=")
    if key != name:
        raise InvalidInput.unknown_field(key[:80], [name], "the query")
    if value not in ("true", "false"):
        raise InvalidInput(f"{name} must be true or false, got {value[:80]!r}", field=name)
    return value == "true"
