"""Processes are killed again and again under load; every promise holds.

Twenty times on each run of the tests, two hundred times in `make soak`: servers, the trainer, several
at once, and now and then the supervisor itself. Meanwhile the log's segments follow each other by the
second, and arms come and go.
"""

from __future__ import annotations

import random
from collections import Counter
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace

import pytest
from callers import calling
from keeper import keeping
from machine import Machine
from promises import check, check_retired, everything_final, one_roster_each

from tamesu.adapters.clock.system import SystemClock
from tamesu.client import Client
from tamesu.join import Checkpoint
from tamesu.ports import Holds
from tamesu.wiring import Settings, open_archive, open_log, open_store

BANDIT = {
    "name": "front",
    "layout": {"kind": "slate", "size": 2},
    "arms": ["a", "b", "c", "d"],
    "reward": {"window": "1s", "lateness": "500ms"},
    "batch": {"every": "100ms"},
    "seed": 11,
}
IN_CONTEXTS = {
    **BANDIT,
    "context": {
        "device": {"type": "categorical", "values": ["ios", "web"]},
        "hour": {"type": "cyclic", "period": 24},
        "taste": {"type": "vector", "size": 2, "missing": [0, 0]},
    },
    "arm_features": {"fresh": {"type": "numeric", "range": [0, 1], "missing": 0.5}},
    "interactions": [["device", "fresh"]],
    "policy": {"belief": {"kind": "linear", "sharing": "hybrid"}},
}
CASCADE = {
    **IN_CONTEXTS,
    "layout": {"kind": "cascade", "size": 3},
    "reward": {**BANDIT["reward"], "anchor": "decision", "settle": "300ms"},
}
COMBINATION = {
    "name": "front",
    "slots": {"title": ["a", "b"], "image": ["x", "y", "z"], "order": ["1", "2"]},
    "pairwise": True,
    "infeasible": [{"title": "a", "image": "x"}],
    "context": IN_CONTEXTS["context"],
    "interactions": [["device", "title"], ["taste", "image"]],
    **{key: BANDIT[key] for key in ("reward", "batch", "seed")},
}
WISHES = {
    **BANDIT,
    "layout": "single",
    "policy": {"belief": "gaussian"},
    "reward": {
        **BANDIT["reward"],
        "settle": "0s",
        "objectives": {
            "clicks": {"click": 1},
            "sales": {"events": {"buy": {"weight": 1, "aggregate": "sum"}}, "range": [0, 2]},
        },
        "scalarise": "gini",
    },
}


@dataclass(frozen=True)
class Plan:
    """How much is killed.

    Attributes:
        kills: how many processes in all.
        workers, callers: how many.
        at_once: most that are killed together.
        supervisor: probability that the next is the supervisor.
        between: most rounds that are answered between two kills.
        retires: whether beginnings of the log go meanwhile; without them no clean run can be made.
    """

    kills: int
    workers: int
    callers: int
    at_once: int
    supervisor: float
    between: int = 25
    retires: bool = False


DAILY = Plan(kills=20, workers=2, callers=2, at_once=1, supervisor=0.0)
FEW = replace(DAILY, kills=6)
SOAK = Plan(kills=200, workers=4, callers=6, at_once=3, supervisor=0.04)
SOAK_RETIRING = replace(SOAK, kills=100, retires=True)


@pytest.mark.timeout(300)
def test_twenty_kills_lose_nothing_and_count_nothing_twice(tmp_path, free_port, until):
    killed = kill_and_check(DAILY, installation(DAILY, tmp_path, free_port, until), until)
    assert set(killed) == {"server-0", "server-1", "trainer"}


@pytest.mark.timeout(300)
def test_decisions_in_contexts_outlive_kills_and_are_explained_to_the_last_digit(
    tmp_path, free_port, until
):
    machine = installation(FEW, tmp_path, free_port, until)
    kill_and_check(FEW, machine, until, bandit=IN_CONTEXTS, asks=somewhere)


@pytest.mark.timeout(300)
def test_a_cascade_outlives_kills_and_what_lies_below_a_click_is_taken_back(
    tmp_path, free_port, until
):
    """Clicks come after 300 ms too, when all of a decision was learnt as looked at and left."""
    machine = installation(FEW, tmp_path, free_port, until)
    kill_and_check(FEW, machine, until, bandit=CASCADE, asks=somewhere)
    with closing(open_store(Settings(data=str(machine.data)))) as store:
        assert store.progress().counts["front"]["deliveries_unexamined"] > 0


@pytest.mark.timeout(300)
def test_combinations_in_contexts_outlive_kills(tmp_path, free_port, until):
    """Their options are the arms; nobody adds any meanwhile, for new ones are a new declaration."""
    machine = installation(FEW, tmp_path, free_port, until)
    kill_and_check(FEW, machine, until, bandit=COMBINATION, asks=somewhere, keeps=False)


@pytest.mark.timeout(300)
def test_objectives_that_are_learnt_apart_outlive_kills(tmp_path, free_port, until):
    """Some are bought when they were learnt as clicked alone: a correction takes back what each came to."""
    machine = installation(FEW, tmp_path, free_port, until)
    kill_and_check(FEW, machine, until, bandit=WISHES, kinds=("click", "buy"))
    settings = Settings(data=str(machine.data))
    with closing(open_store(settings)) as store:
        archive = open_archive(settings)
        files = store.files(Holds.OBSERVATIONS)
        rows = [row for part in archive.read(files) for row in part.rows()]
    assert any(row.previous_terms for row in rows)
    assert all(set(row.terms) == {"click", "buy"} for row in rows)


@pytest.mark.soak
@pytest.mark.parametrize("bandit", [CASCADE, COMBINATION])
@pytest.mark.timeout(3600)
def test_two_hundred_kills_of_every_layout(tmp_path, free_port, until, bandit):
    machine = installation(SOAK, tmp_path, free_port, until)
    keeps = bandit is CASCADE
    kill_and_check(SOAK, machine, until, bandit=bandit, asks=somewhere, keeps=keeps)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_two_hundred_kills_in_contexts(tmp_path, free_port, until):
    machine = installation(SOAK, tmp_path, free_port, until)
    kill_and_check(SOAK, machine, until, bandit=IN_CONTEXTS, asks=somewhere)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_two_hundred_kills_lose_nothing_and_count_nothing_twice(tmp_path, free_port, until):
    killed = kill_and_check(SOAK, installation(SOAK, tmp_path, free_port, until), until)
    servers = {f"server-{number}" for number in range(SOAK.workers)}
    assert set(killed) == {*servers, "trainer", "supervisor"}


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_hundred_kills_lose_nothing_while_the_log_goes_by_segments(tmp_path, free_port, until):
    machine = installation(SOAK_RETIRING, tmp_path, free_port, until)
    assert "supervisor" in kill_and_check(SOAK_RETIRING, machine, until)


def installation(plan, tmp_path, free_port, until):
    """One whose segments are as small as they may be."""
    data = tmp_path / "data"
    return Machine(data, free_port(), until, workers=plan.workers, segment_age="1s")


def retire(data):
    """As the trainer does each minute with what is past its retention, which is longer than a soak.

    What is younger than a minute stays: until then the join may meet it again.
    """
    settings = Settings(data=str(data))
    with closing(open_log(settings)) as log, closing(open_store(settings)) as store:
        marks = Checkpoint.from_bytes(store.progress().checkpoint).marks
        older_than_ms = SystemClock().now() // 1_000 - 1_000
        for mark in marks:
            log.retire(0, mark.low, older_than_ms)


def somewhere(draw):
    """What a request tells: now and then nothing of its taste."""
    context = {"device": draw.choice(("ios", "web")), "hour": draw.randrange(24)}
    return {"context": context | ({"taste": [draw.random(), -1]} if draw.random() < 0.5 else {})}


def kill_and_check(
    plan, machine, until, seed=2026, *, bandit=BANDIT, asks=None, keeps=True, kinds=("click",)
):
    with machine, Client(machine.url, timeout=90) as client:
        client.create(bandit)
        with (
            keeping(machine.url, "front", bandit["arms"]) if keeps else nullcontext() as keeper,
            calling(machine.url, "front", plan.callers, asks=asks, kinds=kinds) as callers,
        ):
            killed = kill_at_random(plan, machine, client, callers, until, random.Random(seed))
        everything_final(client, "front", callers.told, until)
        for decision in random.Random(seed).sample(sorted(callers.told.decisions.values()), 20):
            assert client.explain(decision)["again"]["same"] is True
        assert machine.end() == 0
    assert sum(killed.values()) >= plan.kills
    least = min if plan.kills >= DAILY.kills else max
    if keeper is not None:
        assert least(keeper.done.values()) > 0, "arms were added, retired and revived"
    one_roster_each(machine.data, "front")
    if plan.retires:
        check_retired(machine.data, "front", callers.told)
    else:
        assert len(list((machine.data / "log").glob("*.sqlite3"))) > plan.kills // 4
        check(machine.data, "front", callers.told)
    return killed


def kill_at_random(plan, machine, client, callers, until, draw):
    """Kills some roles, each as soon as some work was done since the last; gives how often whom."""
    killed = Counter()
    names = [*(f"server-{number}" for number in range(plan.workers)), "trainer"]
    while sum(killed.values()) < plan.kills:
        callers.go_on(draw.randrange(1, plan.between), until)
        if draw.random() < plan.supervisor:
            machine.kill()
            machine.start()
            killed["supervisor"] += 1
        else:
            chosen = draw.sample(names, draw.randint(1, plan.at_once))
            pids = {name: machine.kill_role(name) for name in chosen}
            killed.update(chosen)
            for name, pid in pids.items():
                until(lambda name=name, pid=pid: machine.is_back(name, pid))
        if plan.retires:
            retire(machine.data)
        assert client.conservation("front")["difference"] == 0
    return killed
