"""`wrap`: something that stands for a port, and lets a fault see each call before the port does.

Refuses to know any fault, and any port.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar, cast

Port = TypeVar("Port")


class Fault(Protocol):
    """Whatever is to go wrong between a caller and a port."""

    def call(self, port: object, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """What the caller gets from the method `name` of `port`; the fault calls it, or does not."""
        ...


def wrap(port: Port, fault: Fault) -> Port:
    """`port`, with every call of a public method given to `fault`. Plain attributes pass through."""
    return cast("Port", _Wrapped(port, fault))


class _Wrapped:
    """Stands for a port."""

    def __init__(self, port: object, fault: Fault) -> None:
        self._port = port
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name.startswith("_") or not callable(found):
            return found

        def seen(*args: Any, **options: Any) -> Any:
            return self._fault.call(self._port, name, args, options)

        return seen
