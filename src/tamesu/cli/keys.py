"""`tamesu keys`: who may call this installation. Refuses to show a secret twice: nobody keeps it."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamesu.cli.asking import consent
from tamesu.cli.group import group
from tamesu.cli.options import Data, Json

if TYPE_CHECKING:
    from tamesu.base import Key

app = group("Keys: who may call the servers of this installation, for what, how often.")


class ScopeName(StrEnum):
    """What a key may be used for; a test holds it to `tamesu.base.Scope`, which is slow to load."""

    DECIDE = "decide"
    TRACK = "track"
    ADMIN = "admin"
    METRICS = "metrics"


Name = Annotated[str, typer.Argument(metavar="NAME", help="The key's name.")]


@app.command()
def add(
    name: Name,
    *,
    scope: Annotated[
        list[ScopeName], typer.Option("--scope", help="What it may do; may be said several times.")
    ],
    rate: Annotated[
        str | None,
        typer.Option(
            metavar="N/s", help="Most calls a second, as in 100/s.", show_default="no limit"
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Add a key, and print its secret: once, for nobody keeps it.

    decide asks for decisions, track tells events, admin reads and changes everything else, metrics reads
    metrics. The first key closes the installation: from then on every call needs one, from this machine
    too. Running servers know within a second.
    """
    from tamesu.base import Scope
    from tamesu.wiring import load_settings, open_keys

    keys = open_keys(load_settings({"data": data}))
    scopes = [Scope(each.value) for each in scope]
    secret = keys.add(name, scopes, _rate(rate))
    _tell(secret, {"name": name, "scopes": [each.value for each in scopes]}, json=json)


@app.command("list")
def list_(*, data: Data = None, json: Json = False) -> None:
    """List the keys: what for, how often, since when, and until when if they were rotated."""
    from tamesu.cli.output import console, table, write_json
    from tamesu.wiring import load_settings, open_keys

    source = open_keys(load_settings({"data": data}))
    keys = source.all()
    if json:
        write_json({"closed": source.stamp() is not None, "keys": [_shown(key) for key in keys]})
        return
    out = console()
    if not keys:
        closed = source.stamp() is not None
        out.print("no key: nobody gets in" if closed else "no key: open to this machine alone")
        return
    rows = [row for key in keys for row in _rows(_shown(key))]
    out.print(table("", ("key", "scopes", ">rate", "secret", "made (UTC)", "until"), rows))


@app.command()
def rotate(
    name: Name,
    *,
    grace: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="How long the secret before stays valid; 0s: not at all."
        ),
    ] = "24h",
    data: Data = None,
    json: Json = False,
) -> None:
    """Draw a key's secret anew, and print it: once. The one before stays valid for a while.

    Give the new one to whoever calls, within that time; then nobody is refused on the way.
    """
    from tamesu.base import Duration
    from tamesu.wiring import load_settings, open_keys

    keys = open_keys(load_settings({"data": data}))
    lasts = Duration.parse(grace)
    secret = keys.rotate(name, lasts)
    _tell(secret, {"name": name, "grace": lasts.text()}, json=json)


@app.command()
def revoke(
    name: Name,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Take a key away, with all its secrets: running servers refuse it within a second."""
    from tamesu.cli.output import write_json
    from tamesu.wiring import load_settings, open_keys

    keys = open_keys(load_settings({"data": data}))
    if not consent(f"Refuse everybody who calls with key {name}?", yes=yes):
        return
    left = keys.revoke(name)
    if json:
        write_json({"name": name, "left": left})
        return
    typer.echo(f"revoked {name}; {left} left")
    if not left:
        typer.echo(
            f"nobody gets in now: add a key, or delete {keys.path} and start the servers anew "
            "to be open to this machine alone"
        )


def _rate(text: str | None) -> int | None:
    """Calls a second, out of `100/s`.

    Raises:
        InvalidInput: it is not written so.
    """
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,9})/s", text)
    if found is None:
        from tamesu.base import InvalidInput

        raise InvalidInput(f"a rate must be written as in 100/s, got {text[:40]!r}")
    return int(found[1])


def _tell(secret: str, told: dict[str, Any], *, json: bool) -> None:
    """Prints a secret: alone on stdout, so that it can be piped to where it is kept."""
    from tamesu.cli.output import write_json

    if json:
        write_json({**told, "secret": secret})
        return
    typer.echo(secret)
    typer.echo(
        "keep it now: it is not shown again. Send it as  Authorization: Bearer SECRET,  or set "
        "TAMESU_KEY for the client and for  tamesu",
        err=True,
    )


def _shown(key: Key) -> dict[str, Any]:
    """A key as people may see it: no digest."""
    from tamesu.base import plain

    told: dict[str, Any] = plain(key)
    secrets = [{name: each[name] for name in ("id", "made", "until")} for each in told["secrets"]]
    return {name: told[name] for name in ("name", "scopes", "rate")} | {"secrets": secrets}


def _rows(shown: dict[str, Any]) -> list[tuple[str, ...]]:
    """A row for each secret; what is the key's own stands in the first alone."""
    rate = "" if shown["rate"] is None else f"{shown['rate']}/s"
    first = (shown["name"], " ".join(shown["scopes"]), rate)
    return [
        (
            *(first if number == 0 else ("", "", "")),
            secret["id"],
            _moment(secret["made"]),
            "" if secret["until"] is None else _moment(secret["until"]),
        )
        for number, secret in enumerate(shown["secrets"])
    ]


def _moment(text: str) -> str:
    """A moment to the minute, in UTC."""
    return f"{text[:10]} {text[11:16]}"
