"""`tamesu bandit priors`: a declaration that starts with what another system's log says of its arms.

Needs no server. Refuses to change the declaration in place, rows that are no rewards, and to be silent
about rows of arms that are not declared.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tamesu.cli.options import Json

if TYPE_CHECKING:
    import polars as pl

    from tamesu.base import Declaration
    from tamesu.policy import Batch
    from tamesu.policy.warm_start import Logged


def priors(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A declaration in YAML or JSON.")],
    *,
    log: Annotated[
        Path,
        typer.Option(
            "--from",
            metavar="LOG",
            help="CSV or Parquet with the columns arm, reward and those of the context.",
        ),
    ],
    strength: Annotated[
        float,
        typer.Option(metavar="N", help="How many logged rewards of an arm count at most."),
    ] = 100.0,
    json: Json = False,
) -> None:
    """Print a declaration whose arms start with what a log says of them.

    The prior of each logged arm becomes as sure as after so many of its logged rewards, at most N: a
    log of another time or place should not outweigh what your own users do. Of linear and logistic
    beliefs those are priors of coefficients: the log then has a column for each feature of the
    context. Arms that are not in the log keep their prior. Send the output into a new file and create it as usual.
    """
    import yaml

    from tamesu.base import Declaration
    from tamesu.cli.output import progress_console, write_json
    from tamesu.client.arguments import read_declaration
    from tamesu.policy import compose
    from tamesu.policy.warm_start import COEFFICIENTS, coefficient_priors_from, priors_from

    written = read_declaration(file)
    declaration = Declaration.parse(written)
    frame, left_out = _rows(log, declaration, compose(declaration).bounds)
    if declaration.belief.kind in COEFFICIENTS:
        told_priors = coefficient_priors_from(
            declaration, _batch(log, declaration, frame), strength
        )
    else:
        told_priors = priors_from(declaration, _logged(frame, declaration), strength)
    known = frame["arm"].n_unique()
    belief = declaration.belief.plain()
    belief = {"kind": belief} if isinstance(belief, str) else belief
    belief = {**belief, "priors": told_priors}
    made = {**written, "policy": {**(written.get("policy") or {}), "belief": belief}}
    compose(Declaration.parse(made))
    if json:
        write_json({"declaration": made, "arms": known, "rows_left_out": left_out})
    else:
        typer.echo(yaml.safe_dump(made, sort_keys=False, allow_unicode=True), nl=False)
    told = progress_console()
    told.print(f"{known} of {len(declaration.arm_ids)} arms are in the log", markup=False)
    unknown = [name for name in declaration.context if name not in frame.columns]
    if unknown:
        told.print(f"not in the log, so taken as missing: {', '.join(unknown)}", style="yellow")
    if left_out:
        told.print(f"left out {left_out:,} rows of arms that are not declared", style="yellow")


def _rows(
    log: Path, declaration: Declaration, bounds: tuple[float, float] | None
) -> tuple[pl.DataFrame, int]:
    """The rows of `log` that are of declared arms, and how many are of others."""
    import polars as pl

    from tamesu.base import InvalidInput

    frame = _read(log, [*declaration.context])
    wrong = frame.filter(~pl.col("reward").is_finite().fill_null(value=False)).height
    if wrong:
        raise InvalidInput(
            f"every reward in {log.name} must be a finite number, {wrong:,} are not",
            hint="a delivery that nobody saw has no row",
        )
    if bounds is not None:
        outside = frame.filter(~pl.col("reward").is_between(*bounds)).height
        if outside:
            raise InvalidInput(
                f"every reward in {log.name} must lie between {bounds[0]:g} and {bounds[1]:g}, as "
                f"declared, {outside:,} do not",
                hint="clip them yourself, or declare another reward.range",
            )
    if declaration.belief.kind == "beta":
        between = frame.filter(~pl.col("reward").is_in([0.0, 1.0])).height
        if between:
            raise InvalidInput(
                f"every reward in {log.name} must be 0 or 1 for belief beta, {between:,} are not",
                hint="one row for each delivery, not one for each arm",
            )
    mine = frame.filter(pl.col("arm").is_in(list(declaration.arm_ids)))
    return mine, frame.height - mine.height


def _logged(frame: pl.DataFrame, declaration: Declaration) -> dict[str, Logged]:
    """What the rows say of each arm that is in them."""
    import polars as pl

    from tamesu.policy.warm_start import Logged

    rows = frame.group_by("arm").agg(
        pl.len().alias("rewards"),
        pl.col("reward").mean().alias("mean"),
        pl.col("reward").var(ddof=0).alias("variance"),
    )
    found = {arm: Logged(*rest) for arm, *rest in rows.iter_rows()}
    return {arm: found[arm] for arm in declaration.arm_ids if arm in found}


def _batch(log: Path, declaration: Declaration, frame: pl.DataFrame) -> Batch:
    """The rows as what they would have taught; each with its context.

    Raises:
        InvalidInput: a context that the declaration does not take.
    """
    import numpy as np

    from tamesu.base import InvalidInput
    from tamesu.base.grid import to_grid_many
    from tamesu.policy import Batch
    from tamesu.policy.features import encoder_of
    from tamesu.sync.features import read_text

    schema, encoder = declaration.context, encoder_of(declaration)
    contexts = [
        {
            name: read_text(schema[name], value) if isinstance(value, str) else value
            for name, value in row.items()
            if value is not None
        }
        for row in frame.drop("arm", "reward").iter_rows(named=True)
    ]
    try:
        context = encoder.contexts(contexts or [{}] * frame.height)
    except InvalidInput as problem:
        raise InvalidInput(
            f"every context in {log.name} must be as declared: {problem.message}", hint=problem.hint
        ) from problem
    arms = frame["arm"].to_list()
    told = {arm.id: arm.features for arm in declaration.arms}
    n = len(arms)
    return Batch(
        arm=np.array(arms, dtype=object),
        reward=to_grid_many(frame["reward"].to_numpy()),
        position=np.zeros(n, np.int64),
        propensity=np.ones(n),
        decided=np.zeros(n, np.int64),
        context=context,
        features=encoder.arms([told[arm] for arm in arms]),
    )


def _read(log: Path, context: list[str]) -> pl.DataFrame:
    """The columns arm, as text, reward, as a float (none where it is no number), and those of the context there are."""
    import polars as pl

    from tamesu.base import InvalidInput
    from tamesu.cli.given import given_table

    frame = given_table(log)
    for column in ("arm", "reward"):
        if column not in frame.columns:
            raise InvalidInput(
                f"{log.name} must have the columns arm and reward, {column} is missing",
                hint=f"its columns are: {', '.join(frame.columns)}",
            )
    return frame.select(
        pl.col("arm").cast(pl.String),
        pl.col("reward").cast(pl.Float64, strict=False),
        *(pl.col(name) for name in context if name in frame.columns),
    )
