"""The Open Bandit Dataset as a log: real clicks, and real propensities. Refuses to know who looked twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tamesu.base import InvalidInput
from tamesu.cli.data import fetched, thompson_prior
from tamesu.cli.evaluate.source import Case, Source, of_rounds
from tamesu.cli.logs import Where
from tamesu.evaluate import Rounds, Shares

POSITIONS = 3


def open_bandit(where: Where) -> Source:
    """What a policy logged in a campaign; `random` and `bts` can be judged, besides what can be in any log.

    Raises:
        InvalidInput: no such campaign, or policy.
        Unavailable: it is not there, and cannot be fetched.
    """
    from tamesu.adapters.archive import open_bandit as adapter

    campaign, policy = where.campaign or "all", where.logged_by or "random"
    rows = adapter.load(fetched(), campaign, policy)
    told = [name for name in rows.columns if name.startswith("user_feature_")]
    columns = rows.select(told).to_dummies(separator="=")
    items = int(rows["item_id"].max()) + 1  # type: ignore[arg-type]  # of whole numbers
    rounds = Rounds.of(
        rows["item_id"].to_numpy(),
        rows["click"].to_numpy(),
        rows["propensity_score"].to_numpy(),
        among=range(items),
        contexts=columns.to_numpy(),
        positions=rows["position"].to_numpy() - 1,
        decided=rows["timestamp"].dt.epoch("us").to_numpy(),
    )

    names = tuple(columns.columns)
    plain = of_rounds(rounds, names=names)

    def case(name: str) -> Case:
        if name == "random":
            return replace(plain("uniform"), policy=name)
        if name == "bts":
            return Case(policy=name, rounds=rounds, target=_thompson(campaign, rounds.arms))
        return plain(name)

    return Source(
        about=f"Open Bandit Dataset, {campaign}, logged by {policy}",
        case=case,
        bounds=(0.0, 1.0),
        most_weight=float(items) if policy == "random" else None,
        names=names,
    )


def _thompson(campaign: str, arms: tuple[str, ...]) -> Shares:
    """Thompson sampling as it began in that campaign: exact shares of each position."""
    from tamesu.policy.ranks import rank_shares

    prior = thompson_prior(campaign)
    if len(prior) != len(arms):
        raise InvalidInput(
            f"the prior of {campaign} must have an item for each of {len(arms)} arms, got {len(prior)}"
        )
    alpha, beta = (prior[name].to_numpy() for name in ("alpha", "beta"))
    shares = np.ascontiguousarray(rank_shares(alpha, beta, POSITIONS).T)
    return lambda rounds: shares[rounds.position]
