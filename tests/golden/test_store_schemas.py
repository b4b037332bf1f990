"""A store of every schema is read for ever."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from frozen import (
    COMMAND,
    CORRECTION,
    DECLARATION,
    FILE_V1,
    FROZEN,
    FULL,
    OBEYED,
    ROSTER,
    SNAPSHOT,
    TAKEN,
)

from tamesu.adapters.store.sql import SqlStore
from tamesu.base import (
    Time,
)
from tamesu.ports import ArchiveFile, Commit, Declared, Deferred, Holds

HERE = Path(__file__).parent


@pytest.mark.parametrize("schema", [1, 2, 3])
def test_every_schema_of_the_store_is_read(schema, tmp_path):
    """The databases beside this test were written once and are never written again."""
    path = tmp_path / "store.sqlite3"
    path.write_bytes((HERE / f"store-schema-{schema}.sqlite3").read_bytes())
    with closing(SqlStore(path)) as store:
        assert store.declared("home", 1).declaration == DECLARATION
        assert store.snapshot("home", 7) == SNAPSHOT
        assert store.progress().checkpoint == b"\x00checkpoint"
        assert store.progress().counts == {"home": {"events_read": 3}, "": {"events_poison": 1}}
        assert store.files(Holds.OBSERVATIONS) == [FILE_V1]
        READ[schema](store)


def read_schema_1(store):
    assert store.versions() == {"home": 7}
    assert store.ask("home", "arms", {}, Time(1)).number == 1
    assert store.roster("home", 1) is None


def read_schema_2(store):
    assert store.snapshot("home", 8) == RENAMED
    assert store.roster("home", 2) == ROSTER
    assert store.command(1) == msgspec.structs.replace(OBEYED, number=1)
    assert store.waiting() == [msgspec.structs.replace(COMMAND, number=2)]
    assert store.archived() == ()
    assert store.pinned("home") == frozenset()


def read_schema_3(store):
    assert store.snapshot("home") == FROZEN
    assert [one.version for one in store.snapshots("home")] == [7, 8, 9]
    assert store.pinned("home") == {8}
    assert store.deferred("home") == DEFERRED
    assert store.files(Holds.RECORDS) == [RECORDS_V1]
    assert store.archived() == (12,)
    assert store.corrections(waiting=False) == [TAKEN]
    assert store.corrections(waiting=True) == [LATER]
    assert store.declared("home", 2).declaration == FULL
    assert store.judged() == {"home": Time(1_700_000_006_000_000)}


READ = {1: read_schema_1, 2: read_schema_2, 3: read_schema_3}
DEFERRED = Deferred(bandit="home", state=b"\x00\xffaside", observations=5)
LATER = msgspec.structs.replace(
    CORRECTION, observation=msgspec.structs.replace(CORRECTION.observation, correction=2)
)
RECORDS_V1 = ArchiveFile(
    name="records/0/000001-000000000000-000000000012.parquet",
    bandit="",
    rows=12,
    bytes=34,
    digest="ab",
    holds=Holds.RECORDS,
    end=12,
    newest=Time(1_700_000_004_000_000),
)
RENAMED = msgspec.structs.replace(SNAPSHOT, version=8, roster=2)


def write_schema_2(path):
    """How `store-schema-2.sqlite3` was made, from a copy of the file of schema 1."""
    store = SqlStore(path)
    store.ask("home", COMMAND.kind, COMMAND.body, COMMAND.asked)
    store.ask("home", COMMAND.kind, COMMAND.body, COMMAND.asked)
    lease = store.takeover("golden", Time(1_000), 1)
    before = store.progress()
    store.commit(
        Commit(
            lease=lease,
            checkpoint=before.checkpoint,
            counts={},
            snapshots=[RENAMED],
            rosters=[ROSTER],
            commands=[msgspec.structs.replace(OBEYED, number=1)],
        )
    )
    store.release(lease)
    store.close()


def write_schema_3(path):
    """How `store-schema-3.sqlite3` was made, from a copy of the file of schema 2."""
    store = SqlStore(path)
    lease = store.takeover("golden", Time(2_000), 1)
    store.correct(lease, [CORRECTION, LATER], {"home": Time(1_700_000_006_000_000)})
    store.commit(
        Commit(
            lease=lease,
            checkpoint=store.progress().checkpoint,
            counts={},
            snapshots=[FROZEN],
            declarations=[Declared(2, FULL, Time(6))],
            deferred=[DEFERRED],
            corrections=[TAKEN],
        )
    )
    store.arrange(lease, [RECORDS_V1], [], (12,))
    store.pin("home", 8, pinned=True)
    store.release(lease)
    store.close()
