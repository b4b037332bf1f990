"""Kinds: modules of a folder of ours, or of other packages, by name.

A kind is a module of the folder, or an entry point of the folder's group that names a module (or any object). So
a new kind is a new file, here or in another package. Our own win over entry points of the same name. Refuses to
load what nobody names, and to know what a kind offers.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from tamesu.base.errors import InvalidDeclaration, InvalidInput
from tamesu.base.shapes import convert


def kinds_in(folder: str, group: str) -> tuple[str, ...]:
    """Names of every kind of a folder (`tamesu.policy.beliefs`) and a group (`tamesu.beliefs`), rising."""
    return tuple(sorted(_ours(folder) | set(entry_points(group=group).names)))


def load_kind(
    places: tuple[str, str],
    what: str,
    name: str,
    error: type[InvalidInput] = InvalidDeclaration,
    more: Iterable[str] = (),
) -> Any:
    """The module, or whatever an entry point names, of a kind.

    Args:
        places: the folder of modules and the group of entry points where it is looked for.
        what: to call it in a message.
        name: which.
        error: the error to raise.
        more: names that are known elsewhere, for its message.

    Raises:
        InvalidInput: there is none of that name.
    """
    folder, group = places
    if name in _ours(folder):
        return import_module(f"{folder}.{name}")
    found = entry_points(group=group, name=name)
    if not found:
        raise error.unknown_kind(what, name, sorted({*kinds_in(folder, group), *more}))
    return next(iter(found)).load()


def made_kind(
    places: tuple[str, str], what: str, name: str, options: Mapping[str, Any] | None
) -> Any:
    """What `build` of a kind makes of its `Options`: of kinds that no declaration names.

    Args:
        places: as of `load_kind`.
        what: to call it in a message.
        name: which.
        options: plain data; none for its defaults.

    Raises:
        InvalidInput: an unknown name, an unknown option or a value that cannot be.
    """
    kind = load_kind(places, what, name, InvalidInput)
    return kind.build(convert(dict(options or {}), kind.Options, f"{what} ({name})", InvalidInput))


@cache
def _ours(folder: str) -> frozenset[str]:
    """Our own modules: a folder is looked through once, not for every snapshot that is served."""
    room = import_module(folder)
    return frozenset(module.name for module in pkgutil.iter_modules(room.__path__))
