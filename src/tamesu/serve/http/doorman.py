"""The doorman: takes connections off the shared socket in turn with the other servers behind it.

Every server waits on the one socket, and whichever wakes first takes all that knock: left alone, one
worker may hold nearly every long-lived connection of a client's pool while its siblings idle. So a
server that holds notably more than the emptiest of its siblings stands back for a moment, and takes what
nobody else has taken by then. Nobody waits longer than `PAUSE_S` × `TURNS` for fairness. Refuses to
read or answer anything.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Protocol

import structlog

PAUSE_S = 0.002
"""How long a fuller server leaves the door to the others: a turn or two of their loops."""

SLACK = 1
"""How many connections more than the emptiest sibling's make nobody stand back: one is about to go."""

TURNS = 10
"""How often it does so before it takes whoever still waits."""

EXHAUSTED_S = 0.1
"""Rest after the system had no file descriptor or memory for another connection."""

MOST_CONNECTIONS = 16_384
"""Most connections of one server, if it may open files for so many: each takes some kilobytes."""

SPARE_FILES = 512
"""Open files that are left to the log, the store and the rest when connections are counted."""

EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

_log = structlog.get_logger("tamesu.serve.http")


class Place(Protocol):
    """A server's place among its siblings: where it shows how it does and sees how they do."""

    def beat(self) -> None:
        """The event loop turned just now."""
        ...

    def hold(self, connections: int) -> None:
        """So many connections are held here."""
        ...

    def leave(self) -> None:
        """No more connections are taken here."""
        ...

    def say_ready(self, *, ready: bool) -> None:
        """Whether decisions can be made here."""
        ...

    def is_fullest(self, connections: int) -> bool:
        """Whether a living sibling holds fewer than `connections`."""
        ...


class Crowd(Protocol):
    """The connections that are open."""

    def __len__(self) -> int:
        """How many."""
        ...

    def make_room(self) -> bool:
        """Ends some that ask nothing; whether there were any."""
        ...


def most_connections(open_files: int) -> int:
    """How many a process may hold that may open so many files."""
    return max(64, min(MOST_CONNECTIONS, open_files - SPARE_FILES))


class Doorman:
    """Accepts from `open` to `close`.

    Args:
        listener: a socket that listens and does not block; closed by whoever made it.
        protocol: makes what speaks with a connection.
        guests: where a protocol enters its connection, and takes it out.
        most: connections held; one more makes others go that ask nothing, and waits if all ask.
        place: among the servers behind that socket.
    """

    def __init__(
        self,
        listener: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        guests: Crowd,
        place: Place,
        *,
        most: int = MOST_CONNECTIONS,
    ) -> None:
        self._most = most
        self._is_full = False
        self._listener, self._protocol, self._place = listener, protocol, place
        self._guests = guests
        self._loop = asyncio.get_running_loop()
        self._entering: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        self._turns = TURNS
        self._last_knock = 0.0

    @property
    def held(self) -> int:
        """How many connections are open here or about to be."""
        return len(self._guests) + len(self._entering)

    def open(self) -> None:
        """Starts to accept."""
        self._place.hold(self.held)
        self._loop.add_reader(self._listener, self._knock)

    async def close(self) -> None:
        """Stops to accept; who had come in is in, and is no matter to the siblings any more."""
        self._place.leave()
        if self._pause is None:
            self._loop.remove_reader(self._listener)
        else:
            self._pause.cancel()
            self._pause = None
        if self._entering:
            await asyncio.wait(self._entering)

    def _knock(self) -> None:
        now = self._loop.time()
        if now - self._last_knock > 2 * PAUSE_S:
            self._turns = TURNS
        self._last_knock = now
        while not (self._turns and self._place.is_fullest(self.held - SLACK)):
            if not self._accept():
                return
            self._turns = TURNS
        self._turns -= 1
        self._rest(PAUSE_S)

    def _accept(self) -> bool:
        """Whether another may be waiting."""
        if self.held >= self._most and not self._guests.make_room():
            if not self._is_full:
                _log.warning("no more connections are taken: all that are held ask", held=self.held)
            self._is_full = True
            self._rest(EXHAUSTED_S)
            return False
        self._is_full = False
        try:
            accepted, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False
        except OSError as error:
            if error.errno not in EXHAUSTED:
                raise
            _log.warning("no more connections can be taken", reason=error.strerror, held=self.held)
            self._rest(EXHAUSTED_S)
            return False
        accepted.setblocking(False)
        task = self._loop.create_task(self._enter(accepted))
        self._entering.add(task)
        task.add_done_callback(self._entering.discard)
        self._place.hold(self.held)
        return True

    async def _enter(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, accepted)
        except OSError:  # gone before it said a word
            accepted.close()

    def _rest(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener)
        self._pause = self._loop.call_later(seconds, self._return)

    def _return(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listener, self._knock)
