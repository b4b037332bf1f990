"""`run`: a service behind HTTP until it is told to stop.

On SIGTERM or SIGINT it stops accepting, finishes what is in flight, drains the log's writer and
returns. Refuses to die with what was acknowledged unwritten.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial

import structlog
import uvicorn

from tamesu.base import Bug
from tamesu.serve.core import Service
from tamesu.serve.http.application import application
from tamesu.serve.http.doorman import Doorman, Place, most_connections
from tamesu.serve.http.guard import Guard
from tamesu.serve.http.guests import Guests
from tamesu.serve.http.listener import BACKLOG
from tamesu.serve.http.protocol import Patience, Speaking

GRACE_S = 10
"""Longest wait for requests in flight at the end."""

BEAT_S = 0.1
"""How often the event loop shows that it turns."""

_log = structlog.get_logger("tamesu.serve.http")


async def run(  # noqa: PLR0913 - what is served where, and who is told
    service: Service,
    listener: socket.socket,
    place: Place,
    *,
    guard: Guard | None = None,
    patience: Patience | None = None,
    bench: bool = False,
    on_ready: Callable[[], None] | None = None,
    stop: asyncio.Event | None = None,
) -> bool:
    """Serves until a signal comes or `stop` is set; whether everything submitted was written.

    Args:
        service: not yet started; closed afterwards. Its ports stay open.
        listener: from `listen`, or handed down by a supervisor; closed afterwards.
        place: among the servers behind that listener.
        guard: who may call; without one everybody on this machine.
        patience: how long a connection may take for each of its parts.
        bench: with the path that does nothing.
        on_ready: called when requests are taken.
        stop: ends it, where no signal can.

    Raises:
        Bug: the log's writer died, and a new process is needed.
    """
    guard, patience = guard or Guard(), patience or Patience()
    config = uvicorn.Config(
        application(service, guard, bench=bench),
        http=Speaking,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # what is no HTTP is counted: a line for each would be a way to fill a disk
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=math.ceil(patience.idle),
        timeout_graceful_shutdown=GRACE_S,
    )
    connection = partial(Speaking, meter=service.meter, patience=patience)
    server = _Server(config, listener, place, connection, on_ready)
    beating = asyncio.create_task(_beat(service, server, place))
    watching = asyncio.create_task(guard.watch())
    stopping = asyncio.create_task(_set_when(stop, server)) if stop is not None else None
    try:
        await service.start()
        # What is loaded by now stays: a full collection that looks at it again takes 15 to 100 ms.
        gc.collect()
        gc.freeze()
        with _signals(server):
            await server.serve(sockets=[])
        if service.appender.died:
            raise Bug(
                "the thread that writes into the log ended: this server can record nothing",
                hint="start it again, as a supervisor does, and report what stands above in the messages",
            )
    finally:
        place.say_ready(ready=False)
        if stopping is not None:
            stopping.cancel()
        drained = await service.close()
        beating.cancel()
        watching.cancel()
        _log.info("stopped", drained=drained)
    return drained


class _Server(uvicorn.Server):
    """uvicorn's server, with two things left to others.

    Signals are `run`'s: after them there is a log to drain. Accepting is the doorman's: there are other
    servers behind the same socket.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        listener: socket.socket,
        place: Place,
        connection: Callable[..., Speaking],
        on_ready: Callable[[], None] | None,
    ) -> None:
        super().__init__(config)
        self._listener, self._place, self._on_ready = listener, place, on_ready
        self._connection = connection
        self._doorman: Doorman | None = None
        self._sweeping: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether connections are taken."""
        return self._doorman is not None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to accept, then says so."""
        await super().startup(sockets)
        protocol = partial(
            self._connection,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        guests = self.server_state.connections = Guests(self._place)
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = most_connections(files)
        self._doorman = Doorman(self._listener, protocol, guests, self._place, most=most)
        self._doorman.open()
        self._sweeping = asyncio.create_task(guests.sweep())
        if self._on_ready is not None:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops to accept, and answers what is in flight."""
        if self._doorman is not None:
            await self._doorman.close()
            self._doorman = None
        self._listener.close()
        await super().shutdown(sockets)
        if self._sweeping is not None:
            self._sweeping.cancel()


async def _beat(service: Service, server: _Server, place: Place) -> None:
    while True:
        place.beat()
        if service.appender.died:
            server.should_exit = True
        place.say_ready(ready=server.is_open and service.health.readiness().ready)
        await asyncio.sleep(BEAT_S)


@contextlib.contextmanager
def _signals(server: uvicorn.Server) -> Iterator[None]:
    """Tells `server` to finish on SIGTERM and SIGINT, where this thread may hear them."""
    loop = asyncio.get_running_loop()
    heard = (signal.SIGTERM, signal.SIGINT)

    def finish() -> None:
        server.should_exit = True

    try:
        for number in heard:
            loop.add_signal_handler(number, finish)
    except (ValueError, RuntimeError):  # not the main thread: `stop` is the way
        yield
        return
    try:
        yield
    finally:
        for number in heard:
            loop.remove_signal_handler(number)


async def _set_when(stop: asyncio.Event, server: uvicorn.Server) -> None:
    await stop.wait()
    server.should_exit = True
