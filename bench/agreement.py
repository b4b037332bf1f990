"""Part: how far estimates are from the reference implementation's, on the same arrays.

Synthetic logs, ours and its own, and the small version of the Open Bandit Dataset: what uniform choice logged judged for Thompson
sampling, and the other way. The reference runs in its own environment. Refuses to measure time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np

from figures import Figure, held, show

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))

from environments import python_of, versions

from tamesu.adapters.archive import open_bandit
from tamesu.evaluate import (
    Again,
    Rounds,
    Runs,
    Slates,
    contrast_of,
    estimator_of,
    slate_contrast_of,
    slate_estimator_of,
    value,
)
from tamesu.evaluate.rerun import rerun
from tamesu.wiring.places import open_bandit_folder

OPTIONS = {
    "ips": ("clip", (1.0, 3.0, 10.0, 1e3)),
    "dr": ("clip", (1.0, 3.0, 10.0, 1e3)),
    "switch_dr": ("threshold", (0.5, 3.0, 10.0, 1e3)),
    "dr_os": ("shrinkage", (0.5, 10.0, 1e3, 1e6)),
    "ips_sg": ("correction", (0.0, 0.01, 0.1, 0.5)),
    "dr_sg": ("correction", (0.0, 0.01, 0.1, 0.5)),
}
REACH = "≤ 0.000000001"


def synthetic(n: int, k: int, seed: int) -> dict[str, Any]:
    """A log of a policy with heavy weights, a guess of rewards, arms that tell alike in pairs."""
    rng = np.random.default_rng(seed)
    logging, target = rng.dirichlet(np.full(k, 0.5), n), rng.dirichlet(np.full(k, 0.3), n)
    logging = 0.98 * logging + 0.02 / k
    # In every third round the target policy knows what it wants: replay needs that.
    target[::3] = np.eye(k)[rng.integers(0, k, len(target[::3]))]
    action = (logging.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=k - 1)
    worth = rng.random((n, k))
    return {
        "action": action,
        "reward": (rng.random(n) < worth[np.arange(n), action]).astype(float),
        "pscore": logging[np.arange(n), action],
        "target": target,
        "predicted": worth + rng.normal(0, 0.2, (n, k)),
        "logging": logging,
        "kin": np.arange(k) // 2,
    }


def open_bandit_worlds(folder: Path) -> dict[str, dict[str, Any]]:
    """Both ways between uniform choice and Thompson sampling, each item at each position by its mean propensity."""
    worlds = {}
    for campaign in open_bandit.CAMPAIGNS:
        logs = {policy: open_bandit.load(folder, campaign, policy) for policy in ("random", "bts")}
        k = 1 + max(int(log["item_id"].to_numpy().max()) for log in logs.values())
        for policy, other in (("random", "bts"), ("bts", "random")):
            log = logs[policy]
            item = log["item_id"].to_numpy().astype(int)
            position = log["position"].to_numpy().astype(int) - 1
            table = np.full((k, 3), 1.0 / k)
            if other == "bts":
                at = logs[other]["item_id"].to_numpy(), logs[other]["position"].to_numpy() - 1
                sums, counts = np.zeros((k, 3)), np.zeros((k, 3))
                np.add.at(sums, at, logs[other]["propensity_score"].to_numpy())
                np.add.at(counts, at, 1)
                table = sums / np.maximum(counts, 1)
                table /= table.sum(axis=0)
            clicks = log["click"].to_numpy().astype(float)
            rate = (np.bincount(item, clicks, k) + 1) / (np.bincount(item, minlength=k) + 200)
            worlds[f"{campaign}, logged by {policy}, judged for {other}"] = {
                "action": item,
                "reward": clicks,
                "pscore": log["propensity_score"].to_numpy(),
                "target": table.T[position],
                "predicted": np.tile(rate, (len(item), 1)),
            }
    return worlds


def slates(n: int, k: int, size: int, seed: int) -> dict[str, Any]:
    """Slates without repeats drawn arm by arm, and how likely either policy brings an arm to its position."""
    rng = np.random.default_rng(seed)
    every = np.array(list(permutations(range(k), size)))

    def given_above(strength: Any, rows: Any) -> Any:
        """(..., L, K) distributions at each position of slates (..., L)."""
        left = np.ones((len(rows), k))
        shares = []
        for at in range(size):
            share = strength * left
            shares.append(share / share.sum(axis=1, keepdims=True))
            left[np.arange(len(rows)), rows[:, at]] = 0.0
        return np.stack(shares, axis=1)

    def at_chosen(shares: Any, rows: Any) -> Any:
        return np.take_along_axis(shares, rows[:, :, None], axis=2)[:, :, 0]

    logging, target = rng.random(k) + 0.1, rng.random(k) + 0.1
    of_each = {}
    for name, strength in (("marginal", logging), ("placed", target)):
        often = at_chosen(given_above(strength, every), every).prod(axis=1)
        table = np.zeros((size, k))
        for at in range(size):
            np.add.at(table[at], every[:, at], often)
        of_each[name] = table
    weighed = at_chosen(given_above(logging, every), every).prod(axis=1)
    action = every[rng.choice(len(every), n, p=weighed / weighed.sum())]
    wanted = given_above(target, action)
    return {
        "action": action,
        "reward": rng.random((n, size)) * (rng.random((n, size)) < 0.3),
        "propensity": at_chosen(given_above(logging, action), action),
        "wanted": at_chosen(wanted, action),
        "target": wanted,
        "predicted": rng.normal(0.3, 0.3, (n, size, k)),
        "marginal": of_each["marginal"][np.arange(size), action],
        "placed": of_each["placed"][np.arange(size), action],
    }


def ours_of_rounds(world: dict[str, Any]) -> dict[str, float]:
    """What our estimators say, by the names that the reference's are told under."""
    k = world["target"].shape[1]
    features = world["kin"][:, None] if "kin" in world else None
    rounds = Rounds.of(
        world["action"], world["reward"], world["pscore"], among=range(k), features=features
    )
    contrast = contrast_of(
        rounds, world["target"], world["predicted"], logging=world.get("logging")
    )
    plain = ("ips", "snips", "dm", "dr", "sndr", "replay", *(("mips",) if "kin" in world else ()))
    found = {name: value(estimator_of(name).contributions(contrast)) for name in plain}
    for name, (option, numbers) in OPTIONS.items():
        for number in numbers:
            one = estimator_of(name, {option: number})
            found[f"{name} {number:g}"] = value(one.contributions(contrast))
        tuned = estimator_of(name, {option: numbers})
        found[f"{name} slope"] = value(tuned.contributions(contrast))
    if np.isnan(found["replay"]):
        found["replay"] = 0.0  # the reference's word for that no round matches
    return found


def ours_of_slates(world: dict[str, Any]) -> dict[str, float]:
    """Likewise."""
    k = world["target"].shape[2]
    logged = Slates.of(
        world["action"],
        world["reward"],
        world["propensity"],
        among=range(k),
        marginals=world["marginal"],
    )
    contrast = slate_contrast_of(
        logged, world["target"], world["predicted"], placed=world["placed"]
    )
    names = ("standard", "reward_interaction", "item_position")
    every = (*names, *(f"sn_{name}" for name in names), "cascade_dr")
    return {name: value(slate_estimator_of(name).contributions(contrast)) for name in every}


class Drawn:
    """Slates drawn arm by arm, each as likely as the exponential of its logit among those left."""

    def __init__(self, logits: Any) -> None:
        self._logits = logits

    def below(self, some: Slates, above: Any) -> Any:
        """(m, K)."""
        free = np.exp(self._logits[some.row])
        for at in range(above.shape[1]):
            np.put_along_axis(free, above[:, at : at + 1], 0.0, axis=1)
        return free / free.sum(axis=1, keepdims=True)


def marginals(name: str, world: dict[str, Any]) -> Figure:
    """How far marginals that are made by running both policies again are from those that the reference enumerates."""
    logged = Slates.of(
        world["action"],
        world["reward"],
        world["propensity"],
        among=range(world["target"].shape[2]),
    )
    both = Again(Drawn(world["logits"]).below, Drawn(world["wished"]).below, Runs())
    made = rerun(logged, slate_contrast_of(logged, world["target"]), both).contrast
    assert made.marginal is not None
    assert made.placed is not None
    off = max(
        float(np.abs(made.marginal - world["marginal"]).max()),
        float(np.abs(made.placed - world["placed"]).max()),
    )
    return Figure(
        name=f"{name}: marginals of both policies, run again over all orders, largest difference",
        value=off,
        unit="",
        against=f"{versions('obp')}, as it enumerates them",
        reach=REACH,
        held=held(off, REACH),
    )


def asked(script: str, *words: str) -> str:
    """What a script says in the reference's environment."""
    place = Path(__file__).resolve().parent / "peers" / script
    command = [str(python_of("obp")), "-W", "ignore", str(place), *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"the reference failed: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout


def compared(folder: Path) -> list[Figure]:
    """A figure for each world: the largest relative difference of all estimators, and whose it is."""
    worlds = {
        "synthetic, 10,000 rounds of 10 arms": synthetic(10_000, 10, 1),
        "synthetic, 300 rounds of 50 arms": synthetic(300, 50, 2),
        "slates of 3 of 6 arms, 5,000": slates(5_000, 6, 3, 3),
        "slates of 2 of 10 arms, 1,000": slates(1_000, 10, 2, 4),
        **open_bandit_worlds(folder),
    }
    with tempfile.TemporaryDirectory() as place:
        theirs = Path(place) / "theirs.npz"
        asked("reference_worlds.py", str(theirs))
        with np.load(theirs) as arrays:
            for told in arrays.files:
                world, column = told.split("/")
                worlds.setdefault(world, {})[column] = arrays[told]
        file = Path(place) / "worlds.npz"
        np.savez(file, **{f"{w}/{c}": table for w, cs in worlds.items() for c, table in cs.items()})
        options = json.dumps({name: numbers for name, (_, numbers) in OPTIONS.items()})
        found = json.loads(asked("estimates.py", str(file), options).splitlines()[-1])
    figures = [difference(name, world, found[name]) for name, world in worlds.items()]
    figures += [marginals(name, world) for name, world in worlds.items() if "logits" in world]
    return figures


def difference(name: str, world: dict[str, Any], theirs: dict[str, float]) -> Figure:
    """How far our estimates of a world are from theirs at most."""
    ours = ours_of_slates(world) if "propensity" in world else ours_of_rounds(world)
    assert set(ours) == set(theirs)
    off = {
        one: abs(ours[one] - them) / max(abs(them), 1e-300) if ours[one] != them else 0.0
        for one, them in theirs.items()
    }
    worst = max(off, key=lambda one: off[one])
    return Figure(
        name=f"{name}: {len(off)} estimates, largest relative difference ({worst})",
        value=off[worst],
        unit="",
        against=f"{versions('obp')}: {theirs[worst]:.6g}",
        reach=REACH,
        held=held(off[worst], REACH),
    )


if __name__ == "__main__":
    show(lambda: compared(open_bandit.fetch(open_bandit_folder())))
