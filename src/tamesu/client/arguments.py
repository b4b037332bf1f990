"""What the calls that set bandits up are given: declarations, arms, numbers.

Refuses what is something else before anything is sent: it reaches whoever made the mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any

import yaml

from tamesu.base import InvalidDeclaration, InvalidInput
from tamesu.base.shapes import MOST_VALUES, once, values_in


class _Once(yaml.SafeLoader):
    """YAML in whose mappings a key stands once: the parser would let the last of two count."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        once((key.value, None) for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        return node


def read_declaration(declaration: Mapping[str, Any] | str | Path) -> dict[str, Any]:
    """A declaration as plain data, read from a YAML or JSON file where it is a path.

    Raises:
        InvalidDeclaration: it is neither; the file cannot be read, or holds no mapping.
    """
    if isinstance(declaration, Mapping):
        return dict(declaration)
    if not isinstance(declaration, str | PathLike):
        raise InvalidDeclaration(
            "a declaration must be a mapping, or the path of a file that holds one, got "
            f"{type(declaration).__name__}"
        )
    try:
        data = yaml.load(Path(declaration).read_text("utf-8"), _Once)  # noqa: S506 - a safe one
    except (OSError, ValueError, RecursionError, yaml.YAMLError, InvalidInput) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise InvalidDeclaration(
            f"{declaration} must be a readable YAML or JSON file: {why}",
            hint="tamesu init writes one to start from",
        ) from error
    if not isinstance(data, dict):
        got = "nothing" if data is None else type(data).__name__
        raise InvalidDeclaration(f"{declaration} must hold a mapping, got {got}")
    if values_in(data) > MOST_VALUES:
        raise InvalidDeclaration(
            f"{declaration} may stand for {MOST_VALUES:,} values, it names what stands in it for more"
        )
    return data


def arms_of(arms: Iterable[str | Mapping[str, Any]], field: str) -> list[str | Mapping[str, Any]]:
    """`arms`, as ids or mappings, in a list.

    Raises:
        InvalidInput: it is one arm and not several: letters of its id would be taken for arms.
    """
    if isinstance(arms, str | Mapping) or not isinstance(arms, Iterable):
        raise InvalidInput(
            f"{field} must hold several arms, got {type(arms).__name__}",
            hint="write one as a list: ['spring']",
        )
    return list(arms)


def whole_number(number: int, name: str) -> int:
    """A number of ours, from 0.

    Raises:
        InvalidInput: it is none.
    """
    if isinstance(number, bool) or not isinstance(number, Integral) or number < 0:
        raise InvalidInput(f"{name} must be a whole number from 0, got {number!r}", field=name)
    return int(number)
