"""Finds a belief, an explorer or a layout by its name.

A kind is a module of `tamesu.policy.beliefs`, `.explorers` or `.layouts`, or an entry point of the
group `tamesu.beliefs`, `tamesu.explorers` or `tamesu.layouts` that names a module (or any object)
with `Options` and `build(options, declaration)`. So a new kind is a new file, here or in another
package. Our own modules win over entry points of the same name. Refuses to load what nobody names.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from tamesu.base import Declaration, InvalidDeclaration, Part, convert


def known_kinds(what: str) -> tuple[str, ...]:
    """Names of every kind of `what` (`belief`, `explorer` or `layout`), rising."""
    return tuple(sorted(_ours(what) | set(entry_points(group=f"tamesu.{what}s").names)))


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

    Raises:
        InvalidDeclaration: as `build_part`.
    """
    return one.kind == other.kind and read_options(what, one, what) == read_options(
        what, other, what
    )


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


@cache
def _ours(what: str) -> frozenset[str]:
    """Our own modules: a folder is looked through once, not for every snapshot that is served."""
    room = import_module(f"tamesu.policy.{what}s")
    return frozenset(module.name for module in pkgutil.iter_modules(room.__path__))


def _load(what: str, name: str) -> Any:
    if name in _ours(what):
        return import_module(f"tamesu.policy.{what}s.{name}")
    found = entry_points(group=f"tamesu.{what}s", name=name)
    if not found:
        raise InvalidDeclaration.unknown_kind(what, name, known_kinds(what))
    return next(iter(found)).load()
