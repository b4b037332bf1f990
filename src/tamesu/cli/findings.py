"""Findings as a table, and what to do below it. Refuses to judge them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tamesu.watch import Finding


def show_findings(findings: Sequence[Finding]) -> None:
    """Prints `findings`, then the hints of those that have one, then how many are wrong."""
    from rich.text import Text

    from tamesu.cli.output import console, table

    well, note = Text("ok", style="green"), Text("note", style="yellow")
    wrong = Text("wrong", style="bold red")
    rows = [
        ((note if finding.hint else well) if finding.well else wrong, finding.check, finding.found)
        for finding in findings
    ]
    out = console()
    out.print(table("", ["", "check", "found"], rows))
    for finding in findings:
        if finding.hint:
            out.print(f"{finding.check}: {finding.hint}", soft_wrap=True, markup=False)
    bad = sum(not finding.well for finding in findings)
    out.print(f"wrong: {bad} of {len(findings)}" if bad else "all is well")
