"""`tamesu serve` and `tamesu run`: all roles of a machine, or one. Refuses to know what a role does."""

from __future__ import annotations

import contextlib
from enum import StrEnum
from typing import Annotated

import typer

from tamesu.cli.options import Data, Host, Json, Port, Workers


class RoleName(StrEnum):
    """The roles that `tamesu run` knows."""

    SERVER = "server"
    TRAINER = "trainer"
    SYNC = "sync"


def serve(
    *,
    data: Data = None,
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Run everything on this machine: the servers that decide, the trainer that learns.

    All run as processes of their own and are started again if they die. What was acknowledged is on
    disk, so even `kill -9` loses nothing. Ctrl-C stops them cleanly.
    """
    from tamesu.cli.messages import set_up_messages
    from tamesu.wiring import load_settings, supervise

    set_up_messages(json=json)
    settings = load_settings({"data": data, "host": host, "port": port, "workers": workers})

    def ready(url: str) -> None:
        # A reader that went away, or a full disk, is no reason not to serve.
        with contextlib.suppress(OSError):
            _say_ready(url, str(settings.folder), json=json)
            if not settings.is_local:
                typer.echo(
                    "note: keys travel in the clear; put a proxy with TLS in front", err=True
                )

    supervise(settings, on_ready=ready)


def run(
    role: Annotated[
        RoleName,
        typer.Argument(
            help="server: decides and tracks, over HTTP. trainer: joins and learns. sync: takes arms "
            "from where the settings say, by their schedule."
        ),
    ],
    *,
    data: Data = None,
    host: Host = None,
    port: Port = None,
    json: Json = False,
) -> None:
    """Run one role in this process, for those who supervise processes themselves.

    A machine needs one server and one trainer on the same data folder; `tamesu serve` runs both.
    """
    from tamesu.cli.messages import set_up_messages
    from tamesu.wiring import load_settings, run_server, run_syncs, run_trainer

    set_up_messages(json=json)
    settings = load_settings({"data": data, "host": host, "port": port})
    if role is RoleName.SERVER:
        run_server(settings)
    elif role is RoleName.SYNC:
        run_syncs(settings)
    else:
        run_trainer(settings)


def _say_ready(url: str, folder: str, *, json: bool) -> None:
    if json:
        from tamesu.cli.output import write_line

        write_line({"url": url, "data": folder})
        return
    typer.echo(f"Tamesu listens on {url}  (data in {folder})")
    typer.echo("declare a bandit:  tamesu bandit create bandit.yaml")
    typer.echo("stop:              Ctrl-C")
