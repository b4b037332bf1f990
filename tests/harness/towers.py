"""Made-up two-tower policies, and declarations that serve them."""

from __future__ import annotations

import itertools

import numpy as np

from tamesu.base import GRID
from tamesu.base.feature import plain_schema, read_schema
from tamesu.policy import Batch
from tamesu.policy.towers import Tower, TwoTower

CONTEXT = {
    "device": {"type": "categorical", "values": ["ios", "web"]},
    "x": {"type": "vector", "size": 3},
}
FEATURES = {
    "genre": {"type": "categorical", "values": ["a", "b"]},
    "age": {"type": "numeric", "range": [0, 9]},
}
CONTEXTS = [
    ({"device": "ios", "x": [0.5, -1.0, 2.0]}, np.array([1.0, 0.0, 0.5, -1.0, 2.0])),
    ({"device": "web", "x": [-0.5, 0.0, 0.25]}, np.array([0.0, 1.0, -0.5, 0.0, 0.25])),
]
"""Contexts, and the columns that they become."""


def tower_of(rng, *widths):
    pairs = list(itertools.pairwise(widths))
    return Tower(
        tuple((rng.normal(size=pair) / pair[0] ** 0.5).astype(np.float32) for pair in pairs),
        tuple(rng.normal(size=out).astype(np.float32) / 4 for _, out in pairs),
    )


def towers_of(seed=3, arms=7, *, item=True, dim=4):
    rng = np.random.default_rng(seed)
    return TwoTower(
        context=read_schema(CONTEXT, "context"),
        arm_features=read_schema(FEATURES, "arm_features"),
        query=tower_of(rng, 5, 8, dim),
        item=tower_of(rng, 3, 6, dim) if item else None,
        arms=tuple(f"arm-{number}" for number in range(arms)),
        embeddings=rng.normal(size=(arms, dim)).astype(np.float32),
        temperature=0.7,
        learnt={"estimator": "dr", "seed": 1, "held_out": {"value": 0.3}},
    )


def told(number):
    """What an arm tells of itself."""
    return {"genre": "ab"[number % 2], "age": number % 10}


def declared_towers(towers, folder, digest, *, index="exact", belief="two_tower", **explorer):
    """A declaration that serves them."""
    kinds = {"two_tower": {"index": index}, "neural_linear": {}}
    return {
        "name": "front",
        "arms": [{"id": arm, "features": told(row)} for row, arm in enumerate(towers.arms)],
        "context": plain_schema(towers.context),
        "arm_features": plain_schema(towers.arm_features),
        "policy": {
            "belief": {"kind": belief, "folder": str(folder), "digest": digest, **kinds[belief]},
            **({"explorer": {"kind": "retrieve", **explorer}} if explorer else {}),
        },
        "reward": {"window": "3s", "settle": "0s", "lateness": "1s", "anchor": "decision"},
        "seed": 7,
    }


def batch_of(rng, n, arms):
    """What was observed of them, by luck."""
    return Batch(
        arm=np.array(rng.choice(arms, n), dtype=object),
        reward=rng.integers(0, 2, n) * GRID,
        position=np.zeros(n, np.int64),
        propensity=np.ones(n),
        decided=np.full(n, 1_700_000_000_000_000),
        context=rng.normal(size=(n, 5)),
        features=rng.random((n, 3)),
    )
