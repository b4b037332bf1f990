"""`tamesu arms history`: who changed the arms of a bandit, when, and what.

It reads the store of this machine. Refuses to tell what another server has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamesu.cli.options import Data, Json

if TYPE_CHECKING:
    from tamesu.base import Command

KINDS = ("arms", "declare")
"""Commands that change arms: changes of them, and declarations, which list them anew."""

COUNTS = ("added", "changed", "revived", "retired")


def history(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The bandit's name.")],
    *,
    command: Annotated[
        int | None,
        typer.Option("--command", metavar="NUMBER", help="Name every arm of that one change."),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="NUMBER", min=1, help="The newest changes to show.")
    ] = 20,
    data: Data = None,
    json: Json = False,
) -> None:
    """List the changes of a bandit's arms, the newest last: when, from where, and how many.

    Reads the data folder; servers may run or not.
    """
    from tamesu.base import NotFound
    from tamesu.cli.output import console, table, write_json
    from tamesu.wiring import load_settings, open_kept

    with open_kept(load_settings({"data": data})) as (store, _):
        known = store.declarations()
        if name not in known:
            raise NotFound.bandit(name, known)
        found = [one for one in store.commands(name) if one.kind in KINDS]
    if command is not None:
        found = [one for one in found if one.number == command]
        if not found:
            raise NotFound(
                f"no change of the arms of {name!r} has the number {command}",
                hint=f"list them:  tamesu arms history {name}",
            )
    rows = [_told(one, in_full=command is not None) for one in found[-limit:]]
    if json:
        write_json({"bandit": name, "changes": rows})
        return
    out = console()
    out.print(
        table(
            "",
            [">command", "when (UTC)", "what", "from"],
            [
                (str(row["command"]), row["applied"][:19].replace("T", " "), _what(row), _from(row))
                for row in rows
            ],
        )
    )
    for what in ("add", "retire"):
        for row in rows:
            if row.get(what):
                out.print(f"{what}: {', '.join(row[what])}", markup=False, soft_wrap=True)


def _told(command: Command, *, in_full: bool) -> dict[str, Any]:
    effect, body = command.effect, command.body
    if effect is None:  # a store lists those that took effect
        return {}
    told: dict[str, Any] = {
        "command": command.number,
        "kind": command.kind,
        "applied": effect.at.text(),
        "source": body.get("source", ""),
        "roster": effect.roster,
        **{what: effect.told.get(what, 0) for what in COUNTS},
        "refused": "" if effect.refusal is None else effect.refusal.detail,
    }
    if in_full:
        wanted = body.get("add") or body.get("sync") or []
        told["add"] = [arm["id"] for arm in wanted]
        told["retire"] = list(body.get("retire", ()))
    return told


def _what(row: dict[str, Any]) -> str:
    if row["refused"]:
        return f"refused: {row['refused']}"
    done = [f"{what} {row[what]:,}" for what in COUNTS if row[what]]
    return ", ".join(done) or "nothing"


def _from(row: dict[str, Any]) -> str:
    return row["source"] or ("declared anew" if row["kind"] == "declare" else "")
