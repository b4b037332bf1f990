"""Options that several commands share, worded once. Refuses to hold defaults that settings own."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[
    bool, typer.Option("--json", help="Print JSON with stable names instead of tables.")
]

Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Folder of log, store and archive.",
        show_default="'data' in tamesu.toml, else ./data",
    ),
]

Host = Annotated[
    str | None,
    typer.Option(
        "--host", metavar="ADDRESS", help="Address to listen on.", show_default="127.0.0.1"
    ),
]

Port = Annotated[
    int | None,
    typer.Option(
        "--port", metavar="PORT", min=1, max=65535, help="Port to listen on.", show_default="8000"
    ),
]

Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="NUMBER",
        min=1,
        max=64,
        help="Server processes behind the one port.",
        show_default="1",
    ),
]

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        envvar="TAMESU_URL",
        help="Where the server answers.",
        show_default="host and port of tamesu.toml",
    ),
]
