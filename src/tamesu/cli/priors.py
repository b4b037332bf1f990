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

    from tamesu.policy.warm_start import Logged


def priors(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A declaration in YAML or JSON.")],
    *,
    log: Annotated[
        Path,
        typer.Option(
            "--from", metavar="LOG", help="CSV or Parquet with the columns arm and reward."
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
    log of another time or place should not outweigh what your own users do. Arms that are not in
    the log keep their prior. Send the output into a new file and create it as usual.
    """
    import yaml

    from tamesu.base import Declaration
    from tamesu.cli.output import progress_console, write_json
    from tamesu.client.arguments import read_declaration
    from tamesu.policy import compose
    from tamesu.policy.warm_start import priors_from

    written = read_declaration(file)
    declaration = Declaration.parse(written)
    bounds = compose(declaration).bounds
    counts = declaration.belief.kind == "beta"
    known, left_out = _logged(log, declaration.arm_ids, bounds, counts=counts)
    belief = declaration.belief.plain()
    belief = {"kind": belief} if isinstance(belief, str) else belief
    belief = {**belief, "priors": priors_from(declaration, known, strength)}
    made = {**written, "policy": {**(written.get("policy") or {}), "belief": belief}}
    compose(Declaration.parse(made))
    if json:
        write_json({"declaration": made, "arms": len(known), "rows_left_out": left_out})
    else:
        typer.echo(yaml.safe_dump(made, sort_keys=False, allow_unicode=True), nl=False)
    told = progress_console()
    told.print(f"{len(known)} of {len(declaration.arm_ids)} arms are in the log", markup=False)
    if left_out:
        told.print(f"left out {left_out:,} rows of arms that are not declared", style="yellow")


def _logged(
    log: Path, arms: tuple[str, ...], bounds: tuple[float, float] | None, *, counts: bool
) -> tuple[dict[str, Logged], int]:
    """What `log` says of each of `arms` that is in it, and how many rows are of others.

    Where `counts` is set, rewards are 0 or 1.
    """
    import polars as pl

    from tamesu.base import InvalidInput
    from tamesu.policy.warm_start import Logged

    frame = _read(log)
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
    if counts:
        between = frame.filter(~pl.col("reward").is_in([0.0, 1.0])).height
        if between:
            raise InvalidInput(
                f"every reward in {log.name} must be 0 or 1 for belief beta, {between:,} are not",
                hint="one row for each delivery, not one for each arm",
            )
    mine = frame.filter(pl.col("arm").is_in(list(arms)))
    rows = mine.group_by("arm").agg(
        pl.len().alias("rewards"),
        pl.col("reward").mean().alias("mean"),
        pl.col("reward").var(ddof=0).alias("variance"),
    )
    found = {arm: Logged(*rest) for arm, *rest in rows.iter_rows()}
    return {arm: found[arm] for arm in arms if arm in found}, frame.height - mine.height


def _read(log: Path) -> pl.DataFrame:
    """The columns arm, as text, and reward, as a float; none where it is no number."""
    import polars as pl

    from tamesu.base import InvalidInput

    try:
        if log.suffix == ".parquet":
            frame = pl.read_parquet(log)
        else:
            frame = pl.read_csv(log, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as problem:
        raise InvalidInput(
            f"{log} must be a CSV or Parquet file that can be read: {problem}"
        ) from problem
    for column in ("arm", "reward"):
        if column not in frame.columns:
            raise InvalidInput(
                f"{log.name} must have the columns arm and reward, {column} is missing",
                hint=f"its columns are: {', '.join(frame.columns)}",
            )
    return frame.select(
        pl.col("arm").cast(pl.String), pl.col("reward").cast(pl.Float64, strict=False)
    )
