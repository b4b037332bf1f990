"""The bytes of every record version are frozen: what was ever written can be read for ever."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.adapters.store.sql import SqlStore
from tamesu.base import (
    TICK,
    Arm,
    Command,
    Correction,
    Decision,
    Declaration,
    Delivery,
    Effect,
    Event,
    Observation,
    Outcome,
    Refusal,
    Roster,
    Snapshot,
    Status,
    Time,
    decode_decision,
    decode_event,
    encode,
)
from tamesu.base.records import Tick
from tamesu.base.shapes import from_wire
from tamesu.join import Checkpoint, Mark
from tamesu.ports import ArchiveFile, Commit, Declared, Deferred, Holds

HERE = Path(__file__).parent
ID = "home.1.018bcfe568007000800000000000002a"

DECISION = Decision(
    decision_id=ID,
    snapshot=3,
    deliveries=(
        Delivery(position=0, arm="a", propensity=0.75, score=0.1),
        Delivery(position=1, arm="ü", propensity=1e-09, score=-2.5),
    ),
    unit="person-1",
    request_id="r-1",
    context={"hour": 9, "taste": [0.5, None], "member": True},
    eligible=("a", "b", "ü"),
    draws=1000,
    fallback=True,
)
DECISION_V1 = (
    b'{"decision_id":"home.1.018bcfe568007000800000000000002a","snapshot":3,"deliveries":'
    b'[{"position":0,"arm":"a","propensity":0.75,"score":0.1},'
    b'{"position":1,"arm":"\xc3\xbc","propensity":1e-9,"score":-2.5}],'
    b'"experiment":null,"variant":null,"unit":"person-1","request_id":"r-1",'
    b'"context":{"hour":9,"taste":[0.5,null],"member":true},"eligible":["a","b","\xc3\xbc"],'
    b'"draws":1000,"fallback":true,"v":1}'
)

EVENT = Event(
    event_id="e-1",
    delivery_id=f"{ID}-1",
    type="click",
    value=2.5,
    time=Time(1_700_000_000_123_456),
)
EVENT_V1 = (
    b'{"event_id":"e-1","delivery_id":"home.1.018bcfe568007000800000000000002a-1",'
    b'"type":"click","value":2.5,"time":"2023-11-14T22:13:20.123456Z","v":1}'
)

SNAPSHOT = Snapshot(
    bandit="home",
    declaration=1,
    version=7,
    state=b"\x00\xffstate",
    created=Time(1_700_000_000_000_000),
    watermark=Time(1_699_999_999_000_000),
    observations=12,
    ready=Time(1_699_999_998_500_000),
)
SNAPSHOT_V1_AT_FIRST = (
    b'{"bandit":"home","declaration":1,"version":7,"state":"AP9zdGF0ZQ==",'
    b'"created":"2023-11-14T22:13:20.000000Z","watermark":"2023-11-14T22:13:19.000000Z",'
    b'"observations":12,"ready":"2023-11-14T22:13:18.500000Z","accepted":null,"v":1}'
)
SNAPSHOT_V1 = SNAPSHOT_V1_AT_FIRST.replace(
    b'"v":1}',
    b'"roster":0,"status":"learning","since":0,"learns_from":1,"read":[],"v":1}',
)
FROZEN = msgspec.structs.replace(
    SNAPSHOT, version=9, roster=2, status=Status.FROZEN, since=9, learns_from=2, read=(12, 0)
)
FROZEN_V1 = SNAPSHOT_V1_AT_FIRST.replace(b'"version":7', b'"version":9').replace(
    b'"v":1}',
    b'"roster":2,"status":"frozen","since":9,"learns_from":2,"read":[12,0],"v":1}',
)

DECLARATION = Declaration.parse(
    {
        "name": "home",
        "arms": ["a", "b"],
        "layout": {"kind": "slate", "size": 2},
        "policy": {"belief": {"kind": "beta", "prior": [1, 99]}},
        "reward": {"window": "3s", "lateness": "1s", "events": {"click": 0.5}},
        "seed": 7,
    }
)
DECLARATION_V1_AT_FIRST = (
    b'{"name":"home","description":"","layout":{"kind":"slate","size":2},'
    b'"arms":[{"id":"a"},{"id":"b"}],'
    b'"policy":{"belief":{"kind":"beta","prior":[1,99]},"explorer":{"kind":"thompson"}},'
    b'"reward":{"anchor":"impression","window":"3s","impression_within":"3s","lateness":"1s",'
    b'"late":"30d","settle":"3s","events":{"click":{"weight":0.5,"aggregate":"any","cap":null}},'
    b'"default":0.0},"batch":{"size":500,"every":"500ms"},"seed":7}'
)

DECLARATION_V1 = (
    DECLARATION_V1_AT_FIRST.replace(b'"policy"', b'"fallback":"random","policy"')
    .replace(b'"default":0.0', b'"default":0.0,"unseen":"drop"')
    .replace(b'{"kind":"thompson"}', b'{"kind":"thompson"},"newcomer":"off"')
)
FULL = Declaration.parse(
    {
        "name": "home",
        "arms": ["a", "b"],
        "layout": {"kind": "slate", "size": 2},
        "fallback": ["b"],
        "policy": {"newcomer": {"share": 0.25, "until": 200}},
        "reward": {
            "window": {"gap": "5m", "cap": "1h"},
            "events": {"click": 1, "view": {"weight": 0, "within": "2h", "cap": 3}},
            "unseen": "imply",
        },
        "sticky": {"ttl": "7m"},
        "seed": 7,
    }
)
FULL_V1 = (
    b'{"name":"home","description":"","layout":{"kind":"slate","size":2},'
    b'"arms":[{"id":"a"},{"id":"b"}],"fallback":["b"],'
    b'"policy":{"belief":{"kind":"beta"},"explorer":{"kind":"thompson"},'
    b'"newcomer":{"share":0.25,"until":200}},'
    b'"reward":{"anchor":"impression","window":{"gap":"5m","cap":"1h"},'
    b'"impression_within":"1h","lateness":"10s","late":"30d","settle":"1m",'
    b'"events":{"click":{"weight":1.0,"aggregate":"any","cap":null},'
    b'"view":{"weight":0.0,"aggregate":"any","cap":3.0,"within":"2h"}},'
    b'"default":0.0,"unseen":"imply"},"sticky":{"ttl":"7m"},'
    b'"batch":{"size":500,"every":"500ms"},"seed":7}'
)

ROSTER = Roster(
    bandit="home",
    number=2,
    created=Time(1_700_000_000_000_001),
    active=(Arm(id="b"), Arm(id="ü", metadata={"price": 2.5, "tags": ["x", None]})),
    retired=(Arm(id="a"),),
)
ROSTER_V1 = (
    b'{"bandit":"home","number":2,"created":"2023-11-14T22:13:20.000001Z",'
    b'"active":[{"id":"b"},{"id":"\xc3\xbc","metadata":{"price":2.5,"tags":["x",null]}}],'
    b'"retired":[{"id":"a"}],"v":1}'
)

COMMAND = Command(
    number=7,
    bandit="home",
    kind="arms",
    body={"add": [{"id": "\u00fc"}], "retire": ["a"]},
    asked=Time(1_700_000_000_000_000),
)
COMMAND_V1 = (
    b'{"number":7,"bandit":"home","kind":"arms","body":{"add":[{"id":"\xc3\xbc"}],"retire":["a"]},'
    b'"asked":"2023-11-14T22:13:20.000000Z","effect":null,"v":1}'
)
OBEYED = msgspec.structs.replace(
    COMMAND,
    effect=Effect(
        at=Time(1_700_000_000_000_001),
        snapshot=8,
        roster=2,
        read=(12, 0),
        told={"added": 1, "changed": 0, "revived": 0, "retired": 1},
    ),
)
OBEYED_V1 = COMMAND_V1.replace(
    b"null",
    b'{"at":"2023-11-14T22:13:20.000001Z","snapshot":8,"roster":2,"read":[12,0],'
    b'"told":{"added":1,"changed":0,"revived":0,"retired":1},"refusal":null}',
)
REFUSED = msgspec.structs.replace(
    COMMAND,
    effect=Effect(
        at=Time(1_700_000_000_000_001),
        snapshot=8,
        roster=2,
        read=(),
        refusal=Refusal(code="conflict", detail="too few", hint="add"),
    ),
)
REFUSED_V1 = COMMAND_V1.replace(
    b"null",
    b'{"at":"2023-11-14T22:13:20.000001Z","snapshot":8,"roster":2,"read":[],"told":{},'
    b'"refusal":{"code":"conflict","detail":"too few","hint":"add"}}',
)

CHECKPOINT = Checkpoint(
    marks=(Mark(low=3, read=12, newest=1_700_000_000_000), Mark()),
    watermark=1_699_999_999_000_000,
)
CHECKPOINT_V1 = (
    b'{"marks":[{"low":3,"read":12,"newest":1700000000000},{"low":0,"read":0,"newest":null}],'
    b'"watermark":1699999999000000,"v":1}'
)

CORRECTION = Correction(
    bandit="home",
    declaration=2,
    observation=Observation(
        decision_id=ID,
        position=1,
        correction=1,
        experiment=None,
        variant=None,
        unit="person-1",
        arm="\u00fc",
        context={"hour": 9},
        eligible=("a", "\u00fc"),
        propensity=0.25,
        score=0.1,
        draws=None,
        fallback=False,
        outcome=Outcome.OBSERVED,
        reward=1 << 20,
        previous_reward=None,
        terms={"click": 1 << 20},
        decided=Time(1_700_000_000_000_000),
        shown=Time(1_700_000_000_000_001),
        closed=Time(1_700_000_004_000_000),
        snapshot=3,
    ),
    accepted=Time(1_700_000_004_000_000),
    moved={"events_late": -1, "events_corrected": 1},
    found=Time(1_700_000_005_000_000),
)
CORRECTION_V1 = (
    b'{"bandit":"home","declaration":2,"observation":'
    b'{"decision_id":"home.1.018bcfe568007000800000000000002a","position":1,"correction":1,'
    b'"experiment":null,"variant":null,"unit":"person-1","arm":"\xc3\xbc","context":{"hour":9},'
    b'"eligible":["a","\xc3\xbc"],"propensity":0.25,"score":0.1,"draws":null,"fallback":false,'
    b'"outcome":0,"reward":1048576,"previous_reward":null,"terms":{"click":1048576},'
    b'"decided":"2023-11-14T22:13:20.000000Z","shown":"2023-11-14T22:13:20.000001Z",'
    b'"closed":"2023-11-14T22:13:24.000000Z","snapshot":3,"absorbed":0},'
    b'"accepted":"2023-11-14T22:13:24.000000Z",'
    b'"moved":{"events_late":-1,"events_corrected":1},'
    b'"found":"2023-11-14T22:13:25.000000Z","read":null,"snapshot":0,"v":1}'
)
TAKEN = msgspec.structs.replace(CORRECTION, read=(12, 0), snapshot=9)
TAKEN_V1 = CORRECTION_V1.replace(b'"read":null,"snapshot":0', b'"read":[12,0],"snapshot":9')

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
    """Snapshots without rosters and a status, declarations without fallback, newcomer and unseen."""
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


FILE_V1 = ArchiveFile(
    name="observations-v1.parquet",
    bandit="home",
    rows=2,
    bytes=8652,
    digest="aabd7dc9675a1e2d9c542df9836dc9fa",
)
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


@pytest.mark.parametrize("schema", [1, 2, 3])
def test_every_schema_of_the_store_is_read(schema, tmp_path):
    """The databases beside this test were written once and are never written again."""
    path = tmp_path / "store.sqlite3"
    path.write_bytes((HERE / f"store-schema-{schema}.sqlite3").read_bytes())
    with closing(SqlStore(path)) as store:
        assert store.declared("home", 1) == DECLARATION
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
    assert store.declared("home", 2) == FULL
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
