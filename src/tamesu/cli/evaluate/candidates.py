"""Policies by their names on the command line, where a log says no more than its rounds.

Refuses to make up what a policy would do: a table has a row for each round, or one for all of them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, NoSupport, NotFound, Unavailable
from tamesu.evaluate import Rounds, Shares

UNIFORM, ARM = "uniform", "arm:"


def candidate(name: str, arms: tuple[str, ...]) -> Shares:
    """The policy of that name, over `arms`.

    `uniform` over eligible arms; `arm:ID`, that arm always; `module:function`, which gives (m, K) of rounds; a file with
    a table of probabilities; a folder that `tamesu learn two-tower` wrote.

    Raises:
        InvalidInput: a name that means nothing here.
        NotFound: no such arm, module or file.
    """
    if name == UNIFORM:
        return _uniform
    if name.startswith(ARM):
        return _always(name.removeprefix(ARM), arms)
    path = Path(name)
    if path.is_dir():
        from tamesu.wiring import learnt_target

        return learnt_target(path)
    if path.suffix in {".csv", ".npy"}:
        return _tabled(path, arms)
    if ":" in name:
        return function_of(name)
    raise InvalidInput(
        f"no policy is known by {name!r} here",
        hint="say uniform, arm:ID, module:function, or a table of probabilities (.csv, .npy)",
    )


def function_of(name: str) -> Shares:
    """The function that `module:function` names, from the folder one is in or from what is installed.

    Raises:
        NotFound: there is none that can be imported.
        NoSupport: when it is asked: it raised an error.
    """
    module, _, function = name.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found = getattr(import_module(module), function)
    except Exception as problem:
        raise NotFound(
            f"{name!r} must name a function that can be imported: {type(problem).__name__}: {problem}",
            hint="module:function, the module in this folder or installed",
        ) from problem
    if not callable(found):
        raise InvalidInput(f"{name!r} must be a function of rounds, got {type(found).__name__}")

    def shares(rounds: Rounds) -> NDArray[np.float64]:
        try:
            return np.asarray(found(rounds), dtype=np.float64)
        except Exception as problem:
            raise NoSupport(
                f"{name!r} must give the probability of each arm in each round, it raised "
                f"{type(problem).__name__}",
                hint="call it yourself with rounds to see why",
            ) from problem

    return shares


def _uniform(rounds: Rounds) -> NDArray[np.float64]:
    n, k = len(rounds), len(rounds.arms)
    if rounds.eligible is None:
        return np.full((n, k), 1.0 / k)
    shares: NDArray[np.float64] = rounds.eligible / rounds.eligible.sum(axis=1, keepdims=True)
    return shares


def _always(arm: str, arms: tuple[str, ...]) -> Shares:
    if arm not in arms:
        raise NotFound.arms([arm], dict.fromkeys(arms))
    shares = np.array([float(one == arm) for one in arms])
    return lambda rounds: np.tile(shares, (len(rounds), 1))


def _tabled(path: Path, arms: tuple[str, ...]) -> Shares:
    """A row of probabilities for all rounds, or one for each; a CSV has the arms as its header."""
    table = _read(path, arms)
    if table.ndim == 1:
        table = table[None, :]
    if table.ndim != 2 or table.shape[1] != len(arms):  # noqa: PLR2004 - rows and columns
        raise InvalidInput(
            f"{path} must have a column for each of {len(arms)} arms, got {table.shape}"
        )

    def shares(rounds: Rounds) -> NDArray[np.float64]:
        if len(table) == 1:
            return np.repeat(table, len(rounds), axis=0)
        if int(rounds.row.max(initial=0)) >= len(table):
            raise InvalidInput(
                f"{path} must have one row for all rounds, or one for each of them, got {len(table):,}"
            )
        mine: NDArray[np.float64] = table[rounds.row]
        return mine

    return shares


def _read(path: Path, arms: tuple[str, ...]) -> NDArray[np.float64]:
    if not path.is_file():
        raise NotFound(f"no file {path}", hint="a table of probabilities, .csv or .npy")
    try:
        if path.suffix == ".npy":
            return np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
        import polars as pl

        rows: Any = pl.read_csv(path)
        missing = [arm for arm in arms if arm not in rows.columns]
        if missing or len(rows.columns) != len(arms):
            raise InvalidInput(
                f"{path} must have a column for each arm and no other, got none for {missing[:3]}"
                if missing
                else f"{path} must have a column for each arm and no other, got {len(rows.columns)}"
            )
        return np.asarray(rows.select(arms).to_numpy(), dtype=np.float64)
    except (OSError, ValueError) as problem:
        raise Unavailable(f"{path} must be a table of numbers: {problem}") from problem
