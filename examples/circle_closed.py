"""The circle closed: serve, log, judge, learn, judge again, promote, serve.

A shop of 40 films serves with a policy that learns as it goes, and explores. Its log then says what three others would
have earned that never ran: one that explores less, one that always shows what is newest, and itself. From the first
part of the log a two-tower policy is learnt, doubly robust; the second part, which it has not seen, says what it would
earn. It is promoted: the same bandit, declared anew, serves it. Films that come later are served without learning
again. Needs the extra `learn`, and takes some twenty seconds. Run it:

    python examples/circle_closed.py
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np

import tamesu
from tamesu.base import NoSupport, NotFound
from tamesu.client import Client
from tamesu.learn import Plan
from tamesu.wiring import Settings, load_settings, open_decisions, supervisor, write_learnt

GENRES = ("drama", "crime", "comedy", "nature")
FILMS: dict[str, dict[str, Any]] = {
    f"{genre}-{number}": {"genre": genre, "age": 3.0 * number}
    for genre in GENRES
    for number in range(10)
}
GENRE = {"type": "categorical", "values": list(GENRES)}
AGE = {"type": "numeric", "range": [0, 30]}
SHOP: dict[str, Any] = {
    "name": "films",
    "arms": [{"id": film, "features": told} for film, told in FILMS.items()],
    "context": {"liked": GENRE, "likes_new": {"type": "numeric", "range": [0, 1]}},
    "arm_features": {"genre": GENRE, "age": AGE},
    "policy": {
        "belief": {"kind": "linear", "sharing": "shared"},
        "explorer": {"kind": "epsilon_greedy", "epsilon": 0.6},
    },
    "reward": {"window": "1s", "lateness": "100ms", "events": {"click": 1}},
    "seed": 1,
}
KEENER = {
    **SHOP,
    "policy": {**SHOP["policy"], "explorer": {"kind": "epsilon_greedy", "epsilon": 0.1}},
}
LATE: dict[str, dict[str, Any]] = {
    "drama-new": {"genre": "drama", "age": 0.0},
    "nature-new": {"genre": "nature", "age": 0.0},
}
"""Films that nobody knew when the policy was learnt."""

VISITS, AT_ONCE = 3_000, 1_000


def rate(visitor: dict[str, Any], film: str) -> float:
    """How likely a visitor clicks; nobody but the visitors knows it.

    Who likes new films likes them new, the others old, and all like a genre most: the two go together in a way that no
    sum of features tells.
    """
    told = {**FILMS, **LATE}[film]
    age = float(told["age"]) / 30.0
    likes_new: float = visitor["likes_new"]
    suits = likes_new * (1.0 - age) + (1.0 - likes_new) * age
    return (0.08 if told["genre"] != visitor["liked"] else 0.3) + 0.4 * suits


def newest(context: dict[str, Any], arms: list[str]) -> str:
    """Whatever is newest of the genre, for everybody."""
    return min(arms, key=lambda arm: (FILMS[arm]["genre"] != context["liked"], FILMS[arm]["age"]))


def visits(client: Client, count: int, luck: np.random.Generator) -> list[tuple[str, float]]:
    """People come, see a film and click; the films, and how likely each click was."""
    seen: list[tuple[str, float]] = []
    for _ in range(0, count, AT_ONCE):
        people = [
            {"liked": str(luck.choice(GENRES)), "likes_new": float(luck.random())}
            for _ in range(AT_ONCE)
        ]
        decisions = client.decide_many("films", [{"context": person} for person in people])
        for person, decision in zip(people, decisions, strict=True):
            chance = rate(person, decision.arm)
            seen.append((decision.arm, chance))
            if luck.random() < chance:
                client.track(decision, "click")
        client.flush()
    return seen


def archived(data: str, client: Client, count: int) -> None:
    """Waits until all windows have closed, and the archive tells of so many decisions."""
    while client.conservation("films")["deliveries"]["observed"] < count:
        sleep(0.2)
    while _told(data) < count:
        sleep(0.5)


def _told(data: str) -> int:
    try:
        with open_decisions(load_settings({"data": data}), "films") as decisions:
            return len(decisions.logged())
    except (NoSupport, NotFound):
        return 0


def value(policy: Any, data: str, **asked: Any) -> tuple[float, float, float]:
    """What `policy` would have earned, by the log: doubly robust, with its interval."""
    (found,) = tamesu.judge("films", policy, data=data, estimators=["dr"], **asked).estimates
    return found.value, *found.interval


def learnt(data: str, until: str, out: Path) -> dict[str, Any]:
    """A two-tower policy, of what was known at a moment, in `out`; how a declaration names it.

    As `tamesu learn two-tower films --until … --out …` does.
    """
    from tamesu.learn.gradients import learnt_from  # noqa: PLC0415 - PyTorch, for who learns

    with open_decisions(load_settings({"data": data}), "films") as decisions:
        rounds = decisions.logged(None, tamesu.base.Time.parse(until)).rounds()
        declared = decisions.declaration
    found = learnt_from(
        rounds,
        Plan(estimator="dr", dim=8, query=(32,), item=(32,), ids=False, epochs=15),
        context=declared.context,
        arm_features=declared.arm_features,
    )
    digest = write_learnt(out, found.policy)
    return {"kind": "two_tower", "folder": str(out.resolve()), "digest": digest}


def main() -> dict[str, Any]:
    """Clicks per visit: served at first, promised of each candidate with an interval, and served at last."""
    luck = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as name, (Path(name) / "log").open("wb") as out:
        settings = Settings(data=f"{name}/data", port=0)
        data = str(settings.folder)
        with supervisor(settings, output=out.fileno()) as (watch, url):
            watch.start()
            with Client(url) as client:
                return _closed(client, data, Path(name) / "learnt", luck)


def _closed(client: Client, data: str, out: Path, luck: np.random.Generator) -> dict[str, Any]:
    client.create(SHOP)
    visits(client, VISITS, luck)
    archived(data, client, VISITS)
    between = datetime.now(UTC).isoformat()
    before = visits(client, VISITS, luck)
    archived(data, client, 2 * VISITS)
    told: dict[str, Any] = {
        "served": float(np.mean([chance for _, chance in before])),
        "itself": value("logging", data, since=between),
        "keener": value(KEENER, data, since=between),
        "newest": value(newest, data, since=between),
    }
    belief = learnt(data, between, out)
    told["two towers"] = value(out, data, since=between)
    client.update(
        {**SHOP, "policy": {"belief": belief, "explorer": {"kind": "retrieve"}}}, number=1
    )
    for film, features in LATE.items():
        client.add_arm("films", film, features=features)
    after = visits(client, VISITS, luck)
    told["promoted"] = float(np.mean([chance for film, chance in after if film not in LATE]))
    late = [chance for film, chance in after if film in LATE]
    told["late"] = float(np.mean(late))
    told["late shown"] = len(late) / len(after)
    return told


if __name__ == "__main__":
    for what, came in main().items():
        shown = came if isinstance(came, tuple) else (came,)
        print(f"{what:12}" + "  ".join(f"{number:.3f}" for number in shown))
