"""Finds a belief, an explorer or a layout by its name.

A kind is a module of `tamesu.policy.beliefs`, `.explorers` or `.layouts`, or an entry point of the
group `tamesu.beliefs`, `tamesu.explorers` or `tamesu.layouts`, with `Options` and
`build(options, declaration)`; how it is found: `tamesu.base.kinds`. A few beliefs are partly files that were learnt
elsewhere: these are in `tamesu.wiring.beliefs`, found in the same way. Refuses to compose them, and to read a file.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tamesu.base import Declaration, Part, convert
from tamesu.base.kinds import kinds_in, load_kind

LEARNT = ("neural_linear", "two_tower")
"""Beliefs that need what was learnt elsewhere, by the digest of its bytes."""


def known_kinds(what: str) -> tuple[str, ...]:
    """Names of every kind of `what` (`belief`, `explorer` or `layout`), rising."""
    learnt = LEARNT if what == "belief" else ()
    return tuple(sorted({*kinds_in(*_places(what)), *learnt}))


def build_part(what: str, part: Part, declaration: Declaration, where: str) -> Any:
    """The belief, explorer or layout that `part` of a declaration names.

    Args:
        what: `belief`, `explorer` or `layout`.
        part: its kind and options.
        declaration: the whole declaration, for parts that need to know it.
        where: what to call the part in messages.

    Raises:
        InvalidDeclaration: an unknown kind, an unknown option, or a value that cannot be.
    """
    return _load(what, part.kind).build(read_options(what, part, where), declaration)


def same_part(what: str, one: Part, other: Part) -> bool:
    """Whether two parts are of one kind with the same options, however they are spelt out.

    Where a folder has a digest, that says what it is: it may lie elsewhere by now.

    Raises:
        InvalidDeclaration: as `build_part`.
    """
    if one.kind != other.kind:
        return False
    options = [read_options(what, part, what) for part in (one, other)]
    if what == "belief" and one.kind in LEARNT:
        options = [msgspec.structs.replace(each, folder="") for each in options]
    return bool(options[0] == options[1])


def options_of(what: str, kind: str) -> type:
    """The struct of the options of a kind.

    Raises:
        InvalidDeclaration: an unknown kind.
    """
    options: type = _load(what, kind).Options
    return options


def read_options(what: str, part: Part, where: str) -> Any:
    """The options of `part`, as the struct of its kind.

    Raises:
        InvalidDeclaration: an unknown kind, an unknown option or a wrong type.
    """
    return convert(part.options, _load(what, part.kind).Options, f"{where} ({part.kind})")


def _load(what: str, name: str) -> Any:
    if what == "belief" and name in LEARNT:
        return load_kind(("tamesu.wiring.beliefs", _places(what)[1]), what, name)
    return load_kind(_places(what), what, name, more=LEARNT if what == "belief" else ())


def _places(what: str) -> tuple[str, str]:
    """The folder and the group of a kind."""
    return f"tamesu.policy.{what}s", f"tamesu.{what}s"
