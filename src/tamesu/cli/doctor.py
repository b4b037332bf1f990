"""`tamesu doctor`: what is right and wrong here, and what to do. Refuses to repair."""

from __future__ import annotations

import typer

from tamesu.cli.options import Data, Host, Json, Port


def doctor(*, data: Data = None, host: Host = None, port: Port = None, json: Json = False) -> None:
    """Check this installation and say what to do.

    Looks at the settings, Python and its packages, the data folder with its disk and file system,
    limits, cores, the port, SQLite, whether store, log, cache and archive are whole and belong
    together, the clock, and the demo's data set. Changes nothing. Ends with exit code 1 if something
    is wrong.
    """
    from tamesu.base import InvalidInput
    from tamesu.cli.findings import show_findings
    from tamesu.cli.output import write_json
    from tamesu.watch import Finding
    from tamesu.wiring import doctor as examine
    from tamesu.wiring import load_settings

    try:
        findings = list(examine(load_settings({"data": data, "host": host, "port": port})))
    except InvalidInput as error:
        findings = [Finding("settings", well=False, found=error.message, hint=error.hint)]
    wrong = [finding for finding in findings if not finding.well]
    if json:
        write_json({"well": not wrong, "findings": [finding._asdict() for finding in findings]})
    else:
        show_findings(findings)
    if wrong:
        raise typer.Exit(1)
