"""What a file of observations is called, in every archive alike.

Refuses a batch of no rows: there is nothing to name.
"""

from __future__ import annotations

from tamesu.base import Bug, Observations


def name_of(stem: str, observations: Observations) -> str:
    """`<bandit>/<declaration>/<stem>.parquet`; refuses no rows at all as a bug."""
    if not len(observations):
        raise Bug(
            f"a file of observations must hold at least one row, got none for "
            f"{observations.bandit!r}, {stem!r}"
        )
    return f"{observations.bandit}/{observations.declaration}/{stem}.parquet"
