"""Writes the generated pages of `docs/reference`: run by `make reference`, held fresh by a test.

Names, types and defaults come from the structs, meanings from their docstrings, reasons from
`reasons.py`. A field without a meaning or a reason is an error.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import reasons

from tamesu.adapters.meter.metrics import METRICS
from tamesu.base import (
    GRPC_STATUS,
    HTTP_STATUS,
    Arm,
    Declaration,
    EventTerm,
    Reward,
    TamesuError,
)
from tamesu.policy.kinds import known_kinds
from tamesu.wiring import Settings

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE = "<!-- written by `make reference`; edit the structs or scripts/reasons.py instead -->"


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
        "declaration.md": declaration(),
        "errors.md": errors(),
        "metrics.md": metrics(),
        "settings.md": settings(),
    }
    return {name: "\n".join([*lines, ""]) for name, lines in made.items()}


# Declaration --------------------------------------------------------------------------------------


def declaration() -> Iterator[str]:
    """Every field of a declaration."""
    yield from ["# A bandit, declared", "", NOTE, ""]
    yield "The same shape in YAML, JSON, over HTTP and in Python. An unknown key is refused by name."
    yield "`tamesu bandit check FILE` says what a declaration means, defaults spelt out."
    yield ""
    yield from table(("field", "default", "means", "why this default"), _declaration_rows())
    yield from ["", "## An arm, under `arms`", ""]
    yield from _struct(Arm, reasons.ARM)
    yield from ["", "## An event type, under `reward.events`", ""]
    yield "Its term of the reward is `weight × min(cap, aggregate)`; `click: 0.1` is short for"
    yield "`click: {weight: 0.1}`. The reward is the sum of the terms, or `default` if no event counted."
    yield ""
    yield from _struct(EventTerm, reasons.EVENT_TERM)
    for what in ("layout", "belief", "explorer"):
        for kind in known_kinds(what):
            yield from ["", f"## {what}: `{kind}`", ""]
            yield from _kind(what, kind)


def _declaration_rows() -> Iterator[tuple[str, ...]]:
    shortest = Declaration.parse({"name": "x", "arms": ["x"]})
    defaults = dict(_flat(shortest.plain()))
    means = {
        **meanings(Declaration),
        **{f"reward.{name}": text for name, text in meanings(Reward).items()},
        "name": "how ids and requests call it: 1 to 63 of `a-z`, `0-9` and `-`",
        "seed": "64 bits; with a decision's id it fixes the draw",
        "batch.size": "observations that close a micro-batch",
        "batch.every": "time after which one closes, whichever is first",
        "description": "what the decision is about",
        "layout.kind": "how many arms a decision delivers",
        "policy.belief.kind": "what is thought of each arm",
        "policy.explorer.kind": "how that becomes a distribution",
    }
    fields = [name for name in reasons.DECLARATION if not name.startswith("reward.")]
    fields[fields.index("batch.size") : fields.index("batch.size")] = [
        f"reward.{field.encode_name}" for field in msgspec.structs.fields(Reward)
    ]
    known = {*_names(shortest.plain()), "reward.impression_within", "seed"}
    missing = known - set(fields) | set(fields) - known
    if missing:
        raise SystemExit(f"scripts/reasons.py and the declaration disagree about {sorted(missing)}")
    for name in fields:
        default = reasons.SAID.get(name) or spelt(defaults.get(name))
        yield f"`{name}`", default, means[name], reasons.DECLARATION[name]


def _names(plain: Mapping[str, Any]) -> Iterator[str]:
    for name, _ in _flat(plain):
        yield name


def _flat(plain: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in plain.items():
        name = f"{where}{key}"
        if isinstance(value, dict) and key != "events":
            yield from _flat(value, f"{name}.")
        else:
            yield name, value


def _kind(what: str, kind: str) -> Iterator[str]:
    module = sys.modules.get(f"tamesu.policy.{what}s.{kind}") or __import__(
        f"tamesu.policy.{what}s.{kind}", fromlist=["Options"]
    )
    yield from _about(module)
    yield ""
    if msgspec.structs.fields(module.Options):
        yield from _struct(module.Options, reasons.OPTIONS[f"{what} {kind}"])
    else:
        yield "It has no options."


def _about(module: Any) -> Iterator[str]:
    """The docstring of the class that a kind builds, its first paragraphs."""
    (made,) = (
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and value.__module__ == module.__name__
        and not issubclass(value, msgspec.Struct)
    )
    text = inspect.cleandoc(made.__doc__ or "").split("\n\n")
    plain = [part for part in text if not re.match(r"\w+:\n", part)]
    yield from "\n\n".join(plain).splitlines()


# The other pages ----------------------------------------------------------------------------------


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
    yield "`GET /metrics` shows them for Prometheus."
    yield ""
    yield from table(
        ("name", "kind", "labels", "says"),
        (
            (
                f"`tamesu_{name}`",
                row.kind.value,
                ", ".join(f"`{label}`" for label in row.labels) or "-",
                row.help,
            )
            for name, row in METRICS.items()
        ),
    )


def settings() -> Iterator[str]:
    """Every setting of an installation."""
    yield from ["# Settings", "", NOTE, ""]
    yield "One file, `tamesu.toml` in the folder where a command starts, or where `TAMESU_CONFIG` points;"
    yield "each value overridable by its variable and by its flag. `tamesu init` writes a commented one."
    yield ""
    means = meanings(Settings)
    yield from table(
        ("setting", "variable", "flag", "default", "means", "why this default"),
        (
            (
                f"`{field.name}`",
                f"`TAMESU_{field.name.upper()}`",
                f"`--{field.name}`",
                spelt(field.default),
                means[field.name],
                reasons.SETTINGS[field.name],
            )
            for field in msgspec.structs.fields(Settings)
        ),
    )
    yield ""
    yield "Also read: `TAMESU_CONFIG` (another settings file) and `TAMESU_OPEN_BANDIT` (where the Open"
    yield "Bandit Dataset lies)."


# Pieces -------------------------------------------------------------------------------------------


def _struct(shape: type[msgspec.Struct], why: Mapping[str, str]) -> Iterator[str]:
    means = meanings(
        *(kind for kind in reversed(shape.__mro__) if kind not in (object, msgspec.Struct))
    )
    yield from table(
        ("field", "default", "means", "why this default"),
        (
            (
                f"`{field.encode_name}`",
                "required" if field.required else spelt(_default(field)),
                means[field.name],
                why[field.encode_name],
            )
            for field in msgspec.structs.fields(shape)
        ),
    )


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def meanings(*shapes: type) -> dict[str, str]:
    """Field to meaning, from the `Attributes` of docstrings; later shapes win."""
    found: dict[str, str] = {}
    for shape in shapes:
        _, _, listed = inspect.cleandoc(shape.__doc__ or "").partition("Attributes:\n")
        for entry in re.split(r"\n(?=    \S)", "\n" + listed.split("\n\n")[0]):
            names, colon, text = entry.partition(":")
            if colon:
                for name in names.split(","):
                    found[name.strip()] = " ".join(text.split()).removesuffix(".")
    return found


def spelt(value: Any) -> str:
    """A default as it would be written."""
    if value is None:
        return "none"
    if value == "":
        return "empty"
    plain = msgspec.to_builtins(value, enc_hook=lambda other: other.text())
    text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
    return f"`{text}`"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A Markdown table."""
    for row in (head, ("---",) * len(head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


if __name__ == "__main__":
    sys.exit(main())
