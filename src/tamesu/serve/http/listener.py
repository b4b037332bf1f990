"""The socket that servers listen on.

Refuses to listen anywhere but on loopback without keys: anyone who reaches it could decide.
"""

from __future__ import annotations

import errno
import ipaddress
import socket

from tamesu.base import Denied, InvalidInput, Unavailable

BACKLOG = 2048
"""Callers that may wait to be accepted, as while a dead server is replaced."""


def listen(host: str, port: int, *, keyed: bool = False) -> socket.socket:
    """A socket that listens on `host` and `port` (0 takes a free one).

    Args:
        host: an address of this machine, or `localhost`.
        port: where.
        keyed: whether callers need keys.

    Raises:
        Denied: `host` is not loopback, and callers need no keys.
        Unavailable: the port is taken, or the address is not this machine's.
    """
    address = _address(host)
    if not address.is_loopback and not keyed:
        raise Denied(
            f"without keys a server listens on loopback only, got host {host!r}: anyone who reaches it "
            "could decide and track",
            hint="add keys first:  tamesu keys add NAME --scope decide;  or use 127.0.0.1",
        )
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET  # noqa: PLR2004 - IPv6
    # Named as TCP, so that the event loop turns Nagle's delay off for what it accepts.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((str(address), port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise Unavailable(
                f"port {port} on {host} must be free, another program listens there",
                hint=f"stop it, or choose another port: --port {port + 1}",
                port=port,
            ) from error
        raise Unavailable(
            f"cannot listen on {host} port {port}: {error.strerror}",
            hint="choose another --host or --port",
            port=port,
        ) from error
    listener.setblocking(False)
    return listener


def is_local(listener: socket.socket) -> bool:
    """Whether nobody but this machine can connect to `listener`."""
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    name = "127.0.0.1" if host == "localhost" else host.strip("[]")
    try:
        address = ipaddress.ip_address(name)
    except ValueError as error:
        raise InvalidInput(
            f"host must be an address or localhost, got {host[:80]!r}", hint="use 127.0.0.1"
        ) from error
    return address
