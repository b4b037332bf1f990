"""The bytes of every record version are frozen: what was ever written can be read for ever."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from frozen import (
    CHECKPOINT,
    CHECKPOINT_V1,
    COMMAND,
    COMMAND_V1,
    CORRECTION,
    CORRECTION_V1,
    CORRECTION_V1_AT_FIRST,
    CORRECTION_V1_OF_ONE_NUMBER,
    DECISION,
    DECISION_V1,
    DECLARATION,
    DECLARATION_V1,
    DECLARATION_V1_AT_FIRST,
    EVENT,
    EVENT_V1,
    FILE_V1,
    FROZEN,
    FROZEN_V1,
    FULL,
    FULL_V1,
    ID,
    OBEYED,
    OBEYED_V1,
    REFUSED,
    REFUSED_V1,
    ROSTER,
    ROSTER_V1,
    SNAPSHOT,
    SNAPSHOT_V1,
    SNAPSHOT_V1_AT_FIRST,
    TAKEN,
    TAKEN_V1,
)

from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.base import (
    TICK,
    Command,
    Correction,
    Decision,
    Declaration,
    Event,
    Observation,
    Outcome,
    Roster,
    Snapshot,
    Time,
    decode_decision,
    decode_event,
    encode,
)
from tamesu.base.records import Tick
from tamesu.base.shapes import from_wire
from tamesu.join import Checkpoint

HERE = Path(__file__).parent

_snapshot = msgspec.json.Decoder(Snapshot, dec_hook=from_wire).decode
_roster = msgspec.json.Decoder(Roster, dec_hook=from_wire).decode
_command = msgspec.json.Decoder(Command, dec_hook=from_wire).decode
_correction = msgspec.json.Decoder(Correction, dec_hook=from_wire).decode


@pytest.mark.parametrize(
    ("record", "content", "decode"),
    [
        pytest.param(DECISION, DECISION_V1, decode_decision, id="decision"),
        pytest.param(EVENT, EVENT_V1, decode_event, id="event"),
        pytest.param(Tick(), b'{"v":1}', msgspec.json.Decoder(Tick).decode, id="tick"),
        pytest.param(SNAPSHOT, SNAPSHOT_V1, _snapshot, id="snapshot"),
        pytest.param(FROZEN, FROZEN_V1, _snapshot, id="snapshot-frozen"),
        pytest.param(CORRECTION, CORRECTION_V1, _correction, id="correction"),
        pytest.param(TAKEN, TAKEN_V1, _correction, id="correction-taken"),
        pytest.param(ROSTER, ROSTER_V1, _roster, id="roster"),
        pytest.param(COMMAND, COMMAND_V1, _command, id="command"),
        pytest.param(OBEYED, OBEYED_V1, _command, id="command-applied"),
        pytest.param(REFUSED, REFUSED_V1, _command, id="command-refused"),
        pytest.param(CHECKPOINT, CHECKPOINT_V1, Checkpoint.from_bytes, id="checkpoint"),
    ],
)
def test_version_1_of_each_record_has_these_bytes_and_is_read_from_them(record, content, decode):
    assert encode(record) == content
    assert decode(content) == record
    newer = content[:-1] + b',"a_later_field":[1]}'
    assert decode(newer) == record, "unknown fields are ignored"


def test_what_an_earlier_version_wrote_is_read():
    """Snapshots without rosters and a status, declarations without fallback, newcomer and unseen,
    corrections without the features of an arm."""
    assert _correction(CORRECTION_V1_AT_FIRST) == CORRECTION
    assert _correction(CORRECTION_V1_OF_ONE_NUMBER) == CORRECTION
    assert _snapshot(SNAPSHOT_V1_AT_FIRST) == SNAPSHOT
    assert Declaration.parse(msgspec.json.decode(DECLARATION_V1_AT_FIRST)) == DECLARATION
    assert SNAPSHOT.roster == 0


def test_the_least_that_a_decision_and_an_event_may_say():
    """Fields with defaults may be missing from what an old version wrote."""
    least = decode_decision(b'{"decision_id":"x","snapshot":0,"deliveries":[]}')
    assert least == Decision(decision_id="x", snapshot=0, deliveries=())
    event = decode_event(b'{"event_id":"e","delivery_id":"d","type":"t"}')
    assert event == Event(event_id="e", delivery_id="d", type="t")


def test_the_tick_has_these_bytes():
    assert TICK == ("", "tick", b'{"v":1}')


@pytest.mark.parametrize(
    ("declaration", "content"),
    [
        pytest.param(DECLARATION, DECLARATION_V1, id="plain"),
        pytest.param(FULL, FULL_V1, id="full"),
    ],
)
def test_a_declaration_has_these_bytes_and_is_read_from_them(declaration, content):
    assert msgspec.json.encode(declaration.plain()) == content
    assert Declaration.parse(msgspec.json.decode(content)) == declaration


OBSERVATIONS_V1 = [
    Observation(
        decision_id=ID,
        position=0,
        correction=0,
        experiment=None,
        variant=None,
        unit="person-1",
        arm="a",
        context={"hour": 9, "taste": [0.5, None]},
        eligible=("a", "b"),
        propensity=0.75,
        score=0.1,
        draws=None,
        fallback=False,
        outcome=Outcome.OBSERVED,
        reward=(1 << 62) + 1,
        previous_reward=None,
        terms={"click": (1 << 62) + 1, "buy": 0},
        decided=Time(1_700_000_000_000_000),
        shown=Time(1_700_000_000_000_001),
        closed=Time(1_700_000_004_000_000),
        snapshot=3,
    ),
    Observation(
        decision_id=ID,
        position=1,
        correction=2,
        experiment="prices",
        variant="b",
        unit=None,
        arm="ü",
        context=None,
        eligible=None,
        propensity=1e-9,
        score=-2.5,
        draws=1_000,
        fallback=True,
        outcome=Outcome.UNSHOWN,
        reward=-5,
        previous_reward=7,
        terms={"click": -5, "buy": 0},
        decided=Time(1_700_000_000_000_000),
        shown=None,
        closed=Time(1_700_000_004_000_000),
        snapshot=0,
    ),
]


def test_version_1_of_an_observations_file_is_read():
    """The file beside this test was written once and is never written again."""
    (read,) = ParquetArchive(HERE).read([FILE_V1])
    assert (read.bandit, read.declaration) == ("home", 1)
    assert list(read.rows()) == OBSERVATIONS_V1
    assert read.accepted.tolist() == [1_700_000_002_000_000, -1]


def test_a_declared_arm_may_have_metadata():
    data = {"name": "home", "arms": ["a", {"id": "b", "metadata": {"x": [1]}}], "seed": 7}
    written = msgspec.json.encode(Declaration.parse(data).plain())
    assert b'"arms":[{"id":"a"},{"id":"b","metadata":{"x":[1]}}]' in written
    assert Declaration.parse(msgspec.json.decode(written)) == Declaration.parse(data)
