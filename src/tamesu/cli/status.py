"""`tamesu status`: how supervisor, servers and trainer do. Refuses to change any of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from tamesu.cli.options import Data, Host, Json, Port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from tamesu.watch import Standing


def status(*, data: Data = None, host: Host = None, port: Port = None, json: Json = False) -> None:
    """Show how the installation does now: supervisor, roles, server and learning.

    Each line that is not as it should be says what to do. Ends with exit code 1 if there is one.
    """
    import msgspec

    from tamesu.cli.findings import show_findings
    from tamesu.cli.output import console, write_json
    from tamesu.wiring import load_settings
    from tamesu.wiring import status as overview

    found = overview(load_settings({"data": data, "host": host, "port": port}))
    if json:
        findings = [finding._asdict() for finding in found.findings]
        write_json({**msgspec.structs.asdict(found), "findings": findings})
    else:
        if found.standing is not None and found.supervisor is not None:
            console().print(roles_table(found.standing))
        show_findings(found.findings)
    if not found.well:
        raise typer.Exit(1)


def roles_table(standing: Standing) -> Table:
    """How each role stands, in one line of a terminal of 80 columns."""
    from tamesu.cli.output import table

    columns = ["role", ">process", ">restarts", ">beat", ">connections", "since (UTC)"]
    return table("", columns, _rows(standing))


def _rows(standing: Standing) -> Iterator[tuple[str, ...]]:
    for role in standing.roles:
        beat = "-" if role.beat_age_s is None else f"{role.beat_age_s:.1f} s ago"
        connections = "-" if role.connections is None else str(role.connections)
        since = role.since.text()[:19].replace("T", " ")
        process = "-" if role.pid is None else str(role.pid)
        yield role.name, process, str(role.restarts), beat, connections, since
