"""`tamesu doctor`: what is right and wrong here, and what to do. Refuses to repair."""

from __future__ import annotations

import typer

from tamesu.cli.options import Data, Host, Json, Port


def doctor(*, data: Data = None, host: Host = None, port: Port = None, json: Json = False) -> None:
    """Check this installation and say what to do.

    Looks at Python, SQLite, the data folder and its disk, the port, and the demo's data set. Ends
    with exit code 1 if something is wrong.
    """
    from tamesu.cli.output import console, table, write_json
    from tamesu.wiring import doctor as examine
    from tamesu.wiring import load_settings

    findings = list(examine(load_settings({"data": data, "host": host, "port": port})))
    wrong = [finding for finding in findings if not finding.well]
    if json:
        write_json({"well": not wrong, "findings": [finding._asdict() for finding in findings]})
    else:
        from rich.text import Text

        marks = {True: Text("ok", style="green"), False: Text("wrong", style="bold red")}
        rows = [(marks[f.well], f.check, f.found) for f in findings]
        out = console()
        out.print(table("", ["", "check", "found"], rows))
        for finding in wrong:
            if finding.hint:
                out.print(f"{finding.check}: {finding.hint}", soft_wrap=True, markup=False)
        out.print("all is well" if not wrong else f"{len(wrong)} of {len(findings)} are wrong")
    if wrong:
        raise typer.Exit(1)
