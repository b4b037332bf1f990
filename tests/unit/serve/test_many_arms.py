"""100,000 arms: synced, changed, learnt of and served; the tests' time limit is the only clock."""

from __future__ import annotations

import contextlib

import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.store.sql import SqlStore
from tamesu.base import Declaration, NotFound
from tamesu.engine import InlineEngine
from tamesu.serve.core import Catalogue
from tamesu.train import KINDS

MANY = 100_000
WHO = "big.1.00000000000070008000000000000000"


@pytest.mark.timeout(60)
def test_a_hundred_thousand_arms_come_and_change_and_are_served(tmp_path):
    ids = [f"arm-{n:06}" for n in range(MANY)]
    clock = ManualClock()
    with contextlib.closing(SqlStore(tmp_path / "store.sqlite3")) as store:
        few = {"name": "big", "arms": ids[:10], "layout": {"kind": "slate", "size": 3}, "seed": 7}
        store.declare(Declaration.parse(few), clock.now())
        engine = InlineEngine(MemoryEventLog(clock=clock), store, MemoryArchive(), clock)

        def change(data):
            number = store.ask("big", "arms", KINDS["arms"].parse(data), clock.now()).number
            engine.step()
            return store.command(number).effect

        assert change({"sync": ids}).told["added"] == MANY - 10
        assert change({"retire": [ids[5]], "add": ["one-more"]}).refusal is None
        assert change({"add": [ids[5]]}).refusal.code == "invalid-input", "one too many"
        assert store.snapshot("big").roster == 2
        catalogue = Catalogue(store, poll_s=3600)
        catalogue.start()
        try:
            hot = catalogue.find("big")
        finally:
            catalogue.close()
        assert len(hot.arms) == MANY
        assert hot.arms == {*ids, "one-more"} - {ids[5]}
        assert len(set(hot.prepared.choose(WHO).arms)) == 3
        chosen = hot.prepared.choose(WHO, sorted(hot.arms))
        assert chosen.propensities[0] == pytest.approx(1 / MANY)
        assert set(hot.prepared.choose(WHO, ids[:3]).arms) == set(ids[:3])
        with pytest.raises(NotFound, match=ids[5]):
            hot.prepared.choose(WHO, [ids[5]])
