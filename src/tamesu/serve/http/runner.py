"""`run`: a service behind HTTP until it is told to stop.

On SIGTERM or SIGINT it stops accepting, finishes what is in flight, drains the log's writer and
returns. Refuses to listen anywhere but on loopback without keys: anyone who reaches it could decide.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import ipaddress
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import structlog
import uvicorn

from tamesu.base import Bug, Denied, InvalidInput, Unavailable
from tamesu.serve.core import Service
from tamesu.serve.http.application import application
from tamesu.serve.http.doorman import Doorman, Guests, Place
from tamesu.serve.http.guard import Guard
from tamesu.serve.http.protocol import speaking

BACKLOG = 2048
"""Callers that may wait to be accepted, as while a dead server is replaced."""

GRACE_S = 10
"""Longest wait for requests in flight at the end."""

BEAT_S = 0.1
"""How often the event loop shows that it turns."""

_log = structlog.get_logger("tamesu.serve.http")


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


async def run(  # noqa: PLR0913 - what is served where, and who is told
    service: Service,
    listener: socket.socket,
    place: Place,
    *,
    guard: Guard | None = None,
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
        bench: with the path that does nothing.
        on_ready: called when requests are taken.
        stop: ends it, where no signal can.

    Raises:
        Bug: the log's writer died, and a new process is needed.
    """
    guard = guard or Guard()
    config = uvicorn.Config(
        application(service, guard, bench=bench),
        http=speaking(service.meter),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = _Server(config, listener, place, on_ready)
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
        on_ready: Callable[[], None] | None,
    ) -> None:
        super().__init__(config)
        self._listener, self._place, self._on_ready = listener, place, on_ready
        self._doorman: Doorman | None = None

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
        speaker: Any = self.config.http_protocol_class  # its own signature is not its base's
        protocol = partial(
            speaker,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        guests = self.server_state.connections = Guests(self._place)
        self._doorman = Doorman(self._listener, protocol, guests, self._place)
        self._doorman.open()
        if self._on_ready is not None:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops to accept, and answers what is in flight."""
        if self._doorman is not None:
            await self._doorman.close()
            self._doorman = None
        self._listener.close()
        await super().shutdown(sockets)


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


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    name = "127.0.0.1" if host == "localhost" else host.strip("[]")
    try:
        address = ipaddress.ip_address(name)
    except ValueError as error:
        raise InvalidInput(
            f"host must be an address or localhost, got {host[:80]!r}", hint="use 127.0.0.1"
        ) from error
    return address
