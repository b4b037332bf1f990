"""Rounds into files that others read: whole or not at all. Refuses other endings of a name."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tamesu.base import Bug, InvalidInput
from tamesu.base.errors import listing
from tamesu.cli.exchange.reading import GZIP, form_of
from tamesu.cli.exports import whole
from tamesu.cli.output import refuse_unwritable
from tamesu.evaluate import Rounds, Slates
from tamesu.evaluate.exchange import Form, arrays_of, dsjson_of, slate_arrays_of, table_of

Tell = Callable[[int], Any]
"""Is told how many rounds are written."""

STEP = 1_000
"""Lines between two times that it is told."""


@dataclass(frozen=True, kw_only=True)
class Telling:
    """A log, and what is known of it by name.

    Attributes:
        rounds: n of them, or slates.
        ids: (n,) of their decisions, if known.
        contexts: (n,) what was known before, as it was recorded.
        features: what arms tell of themselves.
        names: of the columns of contexts.
        arm_names: of what arms tell.
    """

    rounds: Rounds | Slates
    ids: Sequence[str] | None = None
    contexts: Sequence[Mapping[str, Any] | None] | None = None
    features: Mapping[str, Mapping[str, Any]] | None = None
    names: Sequence[str] = ()
    arm_names: Sequence[str] = ()


def refuse_slates(path: Path) -> None:
    """Raises where `path` would not hold slates.

    Raises:
        InvalidInput: as said.
    """
    if form_to(path) is not Form.ARRAYS:
        raise InvalidInput(
            f"slates are written as arrays (.npz), got {path.name!r}",
            hint="other forms have one propensity for each arm, and a slate's hang on what stands above",
        )


def form_to(path: Path) -> Form:
    """In which form `path` would be written.

    Raises:
        InvalidInput: in none.
        Unavailable: there is no such folder.
    """
    form = _FORMS.get(form_of(path))
    if form is None:
        raise InvalidInput(
            f"the file must end with one of {listing(_FORMS)}, got {path.name!r}",
            hint="the ending says in which form it is written",
        )
    if form is not Form.DSJSON and path.suffix.lower() == GZIP:
        raise InvalidInput(f"lines alone are packed, got {path.name!r}", hint="leave out .gz")
    refuse_unwritable(path, "the log")
    return form


def write_file(path: Path, told: Telling, tell: Tell) -> None:
    """Writes them to `path`, in the form that its ending says; the file appears once it is whole.

    Raises:
        InvalidInput: another ending.
        Unavailable: the file cannot be written.
    """
    form = form_to(path)
    if isinstance(told.rounds, Slates):
        refuse_slates(path)
    with whole(path) as draft:
        _WRITERS[form](draft, path, told, tell)
    tell(len(told.rounds))


def _rounds(told: Telling) -> Rounds:
    if isinstance(told.rounds, Slates):
        raise Bug("slates were refused")
    return told.rounds


def _arrays(draft: Path, path: Path, told: Telling, tell: Tell) -> None:
    del path, tell
    names = {"context_names": told.names, "action_context_names": told.arm_names}
    log = told.rounds
    arrays = slate_arrays_of(log) if isinstance(log, Slates) else arrays_of(log)
    arrays |= {name: list(one) for name, one in names.items() if one}
    # A list of texts that is empty has no type of its own.
    texts = {
        name: np.array(one, dtype=np.str_) for name, one in arrays.items() if isinstance(one, list)
    }
    with draft.open("wb") as file:
        np.savez(file, **{**arrays, **texts})


def _table(draft: Path, path: Path, told: Telling, tell: Tell) -> None:
    import polars as pl

    del tell
    columns = table_of(_rounds(told))
    rows = pl.DataFrame({**columns, "item_id": pl.Series(columns["item_id"], dtype=pl.String)})
    if form_of(path) == ".parquet":
        rows.write_parquet(draft)
    else:
        rows.write_csv(draft)


def _lines(draft: Path, path: Path, told: Telling, tell: Tell) -> None:
    lines = dsjson_of(_rounds(told), ids=told.ids, contexts=told.contexts, features=told.features)
    packed = path.suffix.lower() == GZIP
    opened: Any = gzip.open if packed else open
    with opened(draft, "wb") as file:
        for number, line in enumerate(lines, start=1):
            file.write(line)
            if number % STEP == 0:
                tell(number)


_FORMS = {
    ".npz": Form.ARRAYS,
    ".csv": Form.TABLE,
    ".parquet": Form.TABLE,
    ".dsjson": Form.DSJSON,
    ".json": Form.DSJSON,
}
_WRITERS = {Form.ARRAYS: _arrays, Form.TABLE: _table, Form.DSJSON: _lines}
