"""The roles: what one process of an installation runs, from settings to the end.

A role started by the supervisor finds its socket, its holder id and its lifeline in the
environment; started by hand it does without. Linear algebra gets one thread, set before NumPy
loads. Refuses to restart anything: a supervisor does.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from tamesu.ports import Store
from tamesu.watch import (
    HOLDER_VARIABLE,
    SOCKET_VARIABLE,
    THREADS,
    Seat,
    hold_lifeline,
    raise_open_files,
)
from tamesu.wiring.kept import open_aggregates
from tamesu.wiring.places import (
    open_allowances,
    open_archive,
    open_cache,
    open_features,
    open_keys,
    open_log,
    open_meter,
    open_store,
    open_unit_names,
)
from tamesu.wiring.settings import PROCESS_VARIABLE, Settings

if TYPE_CHECKING:
    from tamesu.engine.archived_log import ArchivedLog
    from tamesu.engine.history import History

NICENESS = 10
"""How much a trainer gives way to servers on its machine; it still gets what they leave."""


def run_server(settings: Settings, *, on_ready: Callable[[], None] | None = None) -> None:
    """Decides and tracks until SIGTERM or SIGINT; what was acknowledged is in the log.

    Raises:
        Unavailable: the port is taken, or the data folder cannot be used.
        Denied: the host is not loopback, and there are no keys.
        Corrupt: the file of keys is not one.
    """
    seat = _settle_in()
    import uvloop

    from tamesu.adapters.clock.system import SystemClock, SystemIds
    from tamesu.serve import Service
    from tamesu.serve.http import Guard, is_local, listen, run

    keys = open_keys(settings)
    inherited = os.environ.pop(SOCKET_VARIABLE, None)
    listener = (
        listen(settings.host, settings.port, keyed=keys.stamp() is not None)
        if inherited is None
        else socket.socket(fileno=int(inherited))
    )
    log, store, cache = open_log(settings), open_store(settings), open_cache(settings)
    features = open_features(settings)
    meter = open_meter(settings, os.environ.get(PROCESS_VARIABLE, "server"))
    try:
        service = Service(
            log=log,
            store=store,
            cache=cache,
            features=features,
            clock=SystemClock(),
            ids=SystemIds(),
            meter=meter,
            unit_names=open_unit_names(settings),
            archive=open_archive(settings),
            archived=lambda: _open_archived(settings, store),
            past=lambda: _open_past(settings, store),
            max_age_s=settings.max_age_s,
        )
        guard = Guard(keys, open_allowances(settings), is_local=is_local(listener))
        bench = os.environ.get("TAMESU_TEST_NOOP") == "1"
        uvloop.run(run(service, listener, seat, guard=guard, bench=bench, on_ready=on_ready))
    finally:
        log.close()
        store.close()
        cache.close()
        features.close()
        meter.close()


def _open_archived(settings: Settings, store: Store) -> ArchivedLog:
    """What the archive has of the log; a server that is never asked loads nothing for it."""
    from tamesu.engine.archived_log import ArchivedLog

    return ArchivedLog(store, open_archive(settings))


def _open_past(settings: Settings, store: Store) -> History:
    """What makes snapshots again that are not kept; as above."""
    from tamesu.engine.history import History

    return History(store, open_archive(settings))


def run_trainer(settings: Settings) -> None:
    """Learns until SIGTERM or SIGINT, then commits what is ready.

    Raises:
        Unavailable: the data folder cannot be used.
    """
    seat = _settle_in()
    give_way()
    from tamesu.adapters.clock.system import SystemClock
    from tamesu.engine import ProcessEngine

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log, store = open_log(settings), open_store(settings)
    meter = open_meter(settings, os.environ.get(PROCESS_VARIABLE, "trainer"))
    try:
        holder = os.environ.get(HOLDER_VARIABLE)
        engine = ProcessEngine(
            log,
            store,
            open_archive(settings),
            SystemClock(),
            meter,
            holder=holder or f"trainer-{socket.gethostname()}-{os.getpid()}",
            succeeds=holder is not None,
            beat=seat.beat,
            aggregates=open_aggregates(settings),
            retention_ms=settings.retention_ms,
            archive_retention_us=settings.archive_retention_us,
        )
        engine.run(stop)
    finally:
        log.close()
        store.close()
        meter.close()


def give_way() -> None:
    """Lets whoever answers people on this machine go first: a trainer far behind is no hurry."""
    os.nice(NICENESS)


def _settle_in() -> Seat:
    """What every role does first; gives its seat on the supervisor's board."""
    # Asked by SIGUSR1, as a supervisor does before it kills who hangs, a role says where it stands.
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    hold_lifeline()
    raise_open_files()
    for name, value in THREADS.items():
        os.environ.setdefault(name, value)
    return Seat.take()
