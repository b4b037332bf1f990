"""A whole installation on one machine: a supervisor over a server and a trainer.

What can be wrong from the start (the port, the data folder, SQLite) is found here, once, before any
process is started. Refuses to start anything that could not work.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable

import msgspec

from tamesu.watch import Role, Supervisor
from tamesu.wiring.places import open_archive, open_log_to_write, open_store
from tamesu.wiring.settings import Settings


def supervisor(
    settings: Settings, *, output: int | None = None
) -> tuple[Supervisor, socket.socket]:
    """A supervisor, not yet started, and the socket that it holds; whoever asked closes it.

    Args:
        settings: where the data is and where to listen.
        output: a file descriptor for what the roles print; our own stdout and stderr without.

    Raises:
        Unavailable: the port is taken, the data folder cannot be used, or another server uses it.
        Denied: the host is not loopback.
    """
    from tamesu.serve.http import listen

    listener = listen(settings.host, settings.port)
    try:
        for opened in (open_log_to_write(settings), open_store(settings)):
            opened.close()
        open_archive(settings)
    except BaseException:
        listener.close()
        raise
    data = str(settings.folder.absolute())
    port = listener.getsockname()[1]
    flags = ["--data", data, "--host", settings.host, "--port", str(port)]
    command = [sys.executable, "-m", "tamesu", "run"]
    roles = [
        Role("server", [*command, "server", *flags], listens=True),
        Role("trainer", [*command, "trainer", "--data", data]),
    ]
    return Supervisor(roles, listener=listener, output=output), listener


def supervise(settings: Settings, *, on_ready: Callable[[str], None] | None = None) -> None:
    """Runs server and trainer until SIGTERM or SIGINT.

    Args:
        settings: where the data is and where to listen.
        on_ready: called with the address once the socket listens.
    """
    watch, listener = supervisor(settings)
    url = msgspec.structs.replace(settings, port=listener.getsockname()[1]).url
    with listener:
        watch.run(on_ready=None if on_ready is None else lambda: on_ready(url))
