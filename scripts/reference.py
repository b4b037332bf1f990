"""Writes the generated pages of `docs/reference`: run by `make reference`, held fresh by a test.

Names, types and defaults come from the structs, meanings from their docstrings, reasons from
`reasons.py`. A field without a meaning or a reason is an error.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import reasons
from commanded import commands
from declared import declaration
from limits import limits
from pieces import NOTE, meanings, spelt, table

from tamesu.adapters.meter.metrics import METRICS, MetricKind
from tamesu.base import GRPC_STATUS, HTTP_STATUS, TamesuError
from tamesu.cli.serve import serve
from tamesu.wiring import Settings

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"


def main() -> int:
    """Writes every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"docs/reference/{name}")
    return 0


def pages() -> dict[str, str]:
    """Every generated page, by file name."""
    made = {
        "commands.md": commands(),
        "declaration.md": declaration(),
        "errors.md": errors(),
        "limits.md": limits(),
        "metrics.md": metrics(),
        "settings.md": settings(),
    }
    return {name: "\n".join([*lines, ""]) for name, lines in made.items()}


def errors() -> Iterator[str]:
    """The error tree as a table."""
    yield from ["# Errors", "", NOTE, ""]
    yield "Over HTTP an error is `application/problem+json` with `code`, `detail`, `hint` and the facts;"
    yield "in Python an exception of `tamesu.base`; on the command line two lines and an exit code. A"
    yield "message says what must hold, what was got and where, the hint what to do."
    yield ""
    yield from table(
        ("`code`", "class", "HTTP", "gRPC", "exit code", "try again?", "means"),
        (
            (
                f"`{kind.code}`",
                f"`{kind.__name__}`",
                str(HTTP_STATUS[kind]),
                GRPC_STATUS[kind],
                str(kind.exit_code),
                "yes" if kind.retriable else "no",
                inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].replace("\n", " "),
            )
            for kind in HTTP_STATUS
            if kind is not TamesuError
        ),
    )


def metrics() -> Iterator[str]:
    """Every metric that `/metrics` shows."""
    yield from ["# Metrics", "", NOTE, ""]
    yield "`GET /metrics` of any server shows them for Prometheus, of all processes together: counters and"
    yield "histograms added up, of a gauge what the last column says."
    yield "[How to watch it](../how-to/watch-with-prometheus.md)."
    yield ""
    yield from table(
        ("name", "kind", "labels", "says", "of several processes"),
        (
            (
                f"`tamesu_{name}`",
                row.kind.value,
                ", ".join(f"`{label}`" for label in row.labels) or "-",
                row.help,
                row.of.value if row.kind is MetricKind.GAUGE else "added",
            )
            for name, row in METRICS.items()
        ),
    )


def settings() -> Iterator[str]:
    """Every setting of an installation."""
    yield from ["# Settings", "", NOTE, ""]
    yield "One file, `tamesu.toml` in the folder where a command starts, or where `TAMESU_CONFIG` points;"
    yield "each value overridable by its variable and, where it has one, by its flag of `tamesu serve`."
    yield "`tamesu init` writes a commented one."
    yield ""
    means = meanings(Settings)
    flags = inspect.signature(serve).parameters
    yield from table(
        ("setting", "variable", "flag", "default", "means", "why this default"),
        (
            (
                f"`{field.name}`",
                f"`TAMESU_{field.name.upper()}`",
                f"`--{field.name}`" if field.name in flags else "-",
                spelt(field.default),
                means[field.name],
                reasons.SETTINGS[field.name],
            )
            for field in msgspec.structs.fields(Settings)
        ),
    )
    yield ""
    yield "Also read: `TAMESU_CONFIG` (another settings file), `TAMESU_OPEN_BANDIT` (where the Open Bandit"
    yield "Dataset lies), and, by whoever calls a server, `TAMESU_URL` (where the command line finds it)"
    yield "and `TAMESU_KEY` (the secret by which it knows us)."


if __name__ == "__main__":
    sys.exit(main())
