"""`tamesu doctor`: what is right and wrong here, and what to do. Refuses to repair."""

from __future__ import annotations

import typer

from tamesu.cli.options import Data, Host, Json, Port


def doctor(*, data: Data = None, host: Host = None, port: Port = None, json: Json = False) -> None:
    """Check this installation and say what to do.

    Looks at Python, SQLite, the data folder and its disk, the port, and the demo's data set. Ends
    with exit code 1 if something is wrong.
    """
    from tamesu.cli.findings import show_findings
    from tamesu.cli.output import write_json
    from tamesu.wiring import doctor as examine
    from tamesu.wiring import load_settings

    findings = list(examine(load_settings({"data": data, "host": host, "port": port})))
    wrong = [finding for finding in findings if not finding.well]
    if json:
        write_json({"well": not wrong, "findings": [finding._asdict() for finding in findings]})
    else:
        show_findings(findings)
    if wrong:
        raise typer.Exit(1)
