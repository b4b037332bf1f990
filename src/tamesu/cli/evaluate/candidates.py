"""Policies by their names on the command line, where a log says no more than its rounds.

Refuses to make up what a policy would do: a table has a row for each round, or one for all of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, NoSupport, NotFound
from tamesu.evaluate import Evenly, Rounds, Shares, always

UNIFORM, ARM = "uniform", "arm:"


def candidate(
    name: str, arms: tuple[str, ...], rounds: int, columns: tuple[str, ...] = ()
) -> Shares:
    """The policy of that name, over `arms`, in so many rounds whose contexts have columns called so.

    `uniform` over eligible arms; `arm:ID`, that arm always; `module:function`, which gives (m, K) of rounds; a file with
    a table of probabilities; a folder that `tamesu learn two-tower` wrote.

    Raises:
        InvalidInput: a name that means nothing here.
        NotFound: no such arm, module or file.
    """
    if name == UNIFORM:
        return Evenly()
    if name.startswith(ARM):
        return always(name.removeprefix(ARM), arms)
    path = Path(name)
    if path.is_dir():
        from tamesu.wiring import learnt_target

        return learnt_target(path, columns=columns)
    if path.suffix in {".csv", ".npy"}:
        return _tabled(path, arms, rounds)
    if ":" in name:
        return function_of(name)
    raise InvalidInput(
        f"no policy is known by {name!r} here",
        hint="say uniform, arm:ID, module:function, a table of probabilities (.csv, .npy), or a folder that was "
        "learnt; declarations, snapshots and logging are judged by a bandit's own archive",
    )


def function_of(name: str) -> Shares:
    """The function that `module:function` names, from the folder one is in or from what is installed.

    Raises:
        NotFound, Unavailable: there is none that can be imported.
        NoSupport: when it is asked: it raised an error.
    """
    from tamesu.wiring import named_function

    found = named_function(name)

    def shares(rounds: Rounds) -> NDArray[np.float64]:
        try:
            return np.asarray(found(rounds), dtype=np.float64)
        except Exception as problem:
            raise NoSupport(
                f"{name!r} must give the probability of each arm in each round, it raised "
                f"{type(problem).__name__}",
                hint="call it yourself with rounds to see why; a context and arms are what a bandit's own archive gives",
            ) from problem

    return shares


def _tabled(path: Path, arms: tuple[str, ...], rounds: int) -> Shares:
    """A row of probabilities for all rounds, or one for each; a CSV has the arms as its header."""
    table = _read(path, arms)
    if table.ndim == 1:
        table = table[None, :]
    if table.ndim != 2 or table.shape[1] != len(arms):  # noqa: PLR2004 - rows and columns
        raise InvalidInput(
            f"{path} must have a column for each of {len(arms)} arms, got {table.shape}"
        )
    if len(table) not in {1, rounds}:
        raise InvalidInput(
            f"{path} must have one row for all rounds, or one for each of {rounds:,}, got {len(table):,}"
        )

    def shares(some: Rounds) -> NDArray[np.float64]:
        if len(table) == 1:
            return np.repeat(table, len(some), axis=0)
        mine: NDArray[np.float64] = table[some.row]
        return mine

    return shares


def _read(path: Path, arms: tuple[str, ...]) -> NDArray[np.float64]:
    import polars as pl

    if not path.is_file():
        raise NotFound(f"no file {path}", hint="a table of probabilities, .csv or .npy")
    try:
        if path.suffix == ".npy":
            return np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
        rows = pl.read_csv(path, infer_schema=False)
        missing = [arm for arm in arms if arm not in rows.columns]
        if missing or len(rows.columns) != len(arms):
            raise InvalidInput(
                f"{path} must have a column for each arm and no other, got none for {missing[:3]}"
                if missing
                else f"{path} must have a column for each arm and no other, got {len(rows.columns)}"
            )
        numbers = rows.select(pl.col(arms).str.strip_chars().cast(pl.Float64))
        return np.asarray(numbers.to_numpy(), dtype=np.float64)
    except (OSError, ValueError, EOFError, pl.exceptions.PolarsError) as problem:
        why = str(problem).strip().partition("\n")[0]
        raise InvalidInput(f"{path} must be a table of numbers: {why}") from problem
