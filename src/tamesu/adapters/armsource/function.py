"""Arms from a Python function of whoever runs this: `module:function`, called without arguments.

It gives ids, or mappings with `id`. Refuses to guess what its errors mean: they may be over next time.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from tamesu.adapters.armsource.rows import arms_of
from tamesu.base import InvalidInput, NotFound, Unavailable, WantedArm
from tamesu.base.arm import MAX_ARMS


class FunctionArmSource:
    """The arms that a function gives. Its module is looked for in the present folder first.

    Args:
        spec: `module:function`.
    """

    def __init__(self, spec: str) -> None:
        self._spec = spec

    @property
    def name(self) -> str:
        """`module:function`."""
        return self._spec

    def read(self) -> list[WantedArm]:
        """Every arm; see `tamesu.ports.ArmSource.read`. Places are what it gave, from 1."""
        function = imported(self._spec)
        try:
            given = function()
            rows = list(islice(given, MAX_ARMS + 1)) if isinstance(given, Iterable) else None
        except (Exception, SystemExit) as error:
            raise Unavailable(
                f"{self.name} must give arms, it raised {type(error).__name__}: {error}"
            ) from error
        if rows is None or isinstance(given, str | bytes | dict):
            raise InvalidInput(
                f"{self.name} must give several arms, got {type(given).__name__}",
                hint="return a list of ids, or of mappings with `id`",
            )
        return arms_of(enumerate(rows, 1), self.name)


def imported(spec: str) -> Callable[..., Any]:
    """The function `module:function`; its module is looked for in the present folder first.

    Raises:
        NotFound: no such module, or no such function in it.
        Unavailable: the module cannot be imported now.
    """
    module_name, _, name = spec.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise NotFound(f"{spec} must be importable: {error}") from error
    except (Exception, SystemExit) as error:
        raise Unavailable(
            f"{spec} must be importable, it raised {type(error).__name__}: {error}"
        ) from error
    function = getattr(module, name, None)
    if not callable(function):
        raise NotFound(f"module {module_name!r} must have a function {name!r}, it has none")
    found: Callable[..., Any] = function
    return found
