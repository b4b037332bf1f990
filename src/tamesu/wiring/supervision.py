"""A whole installation on one machine: a supervisor over its servers and a trainer.

What can be wrong from the start (another supervisor, the port, the data folder, SQLite) is found here,
once, before any process is started. Refuses to start anything that could not work.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence

import msgspec

from tamesu.watch import FolderLock, Life, Role, StandingFile, Supervisor
from tamesu.wiring.places import (
    clear_meter,
    open_archive,
    open_folder,
    open_keys,
    open_log,
    open_meter,
    open_store,
)
from tamesu.wiring.settings import PREFIX, PROCESS_VARIABLE, Settings

SERVER_PATIENCE_S = 10.0
"""Longest that a server's event loop may stand still: callers have long given up by then."""

TRAINER_PATIENCE_S = 60.0
"""Longest step of a trainer; the widest, with a hundred thousand arms, take a few seconds."""


@contextlib.contextmanager
def supervisor(
    settings: Settings, *, output: int | None = None
) -> Iterator[tuple[Supervisor, str]]:
    """A supervisor, not yet started, and the address that its servers will answer on.

    At the end it is stopped, and the socket and the folder are given back.

    Args:
        settings: where the data is and where to listen.
        output: a file descriptor for what the roles print; our own stdout and stderr without.

    Raises:
        Unavailable: another supervisor has the data folder, it cannot be used, or the port is taken.
        Corrupt: the file of keys is not one; the log is not the one that the store was made from, or cannot be read.
        Denied: the host is not loopback, and there are no keys.
    """
    from tamesu.serve.http import listen

    with contextlib.ExitStack() as held:
        lock = FolderLock.take(open_folder(settings))
        held.callback(lock.close)
        keys = open_keys(settings)
        keyed = keys.stamp() is not None
        keys.all()  # what cannot be read is told now, and not by every server
        listener = held.enter_context(listen(settings.host, settings.port, keyed=keyed))
        _examine(settings)
        settings = msgspec.structs.replace(settings, port=listener.getsockname()[1])
        clear_meter(settings)
        meter = open_meter(settings, "supervisor")
        held.callback(meter.close)
        standing = StandingFile(settings.folder, settings.url)

        def tell(lives: Sequence[Life]) -> None:
            standing.tell(lives)
            meter.level("roles_alive", sum(life.pid is not None for life in lives))

        watch = Supervisor(
            list(_roles(settings)),
            listener=listener,
            output=output,
            environment=_told(settings),
            inherited=[lock.descriptor],
            on_end=lambda role, reason: meter.count("restarts_total", role=role, reason=reason),
            on_change=tell,
        )
        held.callback(standing.remove)
        held.callback(watch.stop)
        yield watch, settings.url


def supervise(settings: Settings, *, on_ready: Callable[[str], None] | None = None) -> None:
    """Runs servers and trainer until SIGTERM or SIGINT.

    Args:
        settings: where the data is and where to listen.
        on_ready: called with the address once the socket listens.
    """
    with supervisor(settings) as (watch, url):
        watch.run(on_ready=None if on_ready is None else lambda: on_ready(url))


def _examine(settings: Settings) -> None:
    """Opens the data once, and sees that the log is the one that the store was made from."""
    from tamesu.engine import refuse_shortened
    from tamesu.join import Checkpoint

    with (
        contextlib.closing(open_log(settings)) as log,
        contextlib.closing(open_store(settings)) as store,
    ):
        refuse_shortened(log, Checkpoint.from_bytes(store.progress().checkpoint).marks)
    open_archive(settings)


def _roles(settings: Settings) -> Iterator[Role]:
    data = str(settings.folder.absolute())
    command = [sys.executable, "-m", "tamesu", "run"]
    flags = ["--data", data, "--host", settings.host, "--port", str(settings.port)]
    for number in range(settings.workers):
        yield Role(
            f"server-{number}",
            [*command, "server", *flags],
            listens=True,
            patience_s=SERVER_PATIENCE_S,
            environment={PROCESS_VARIABLE: f"server-{number}"},
        )
    yield Role(
        "trainer",
        [*command, "trainer", "--data", data],
        patience_s=TRAINER_PATIENCE_S,
        environment={PROCESS_VARIABLE: "trainer"},
    )
    if settings.sync:
        yield Role(
            "sync", [*command, "sync", "--data", data], environment={PROCESS_VARIABLE: "sync"}
        )


def _told(settings: Settings) -> dict[str, str]:
    """Every setting as the roles are to have it: they read no file that was changed meanwhile."""
    values = msgspec.structs.asdict(settings) | {
        "data": settings.folder.absolute(),
        "cache": settings.cache_kind,
    }
    if settings.sync:
        values["sync"] = msgspec.json.encode(settings.sync).decode()
    said = {name: value for name, value in values.items() if value not in (None, ())}
    return {f"{PREFIX}{name.upper()}": str(value) for name, value in said.items()}
