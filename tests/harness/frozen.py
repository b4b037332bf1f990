"""Records of every kind, and the bytes that they had when they were first written.

What stands here is never changed: a later form is added beside it.
"""

from __future__ import annotations

import msgspec

from tamesu.base import (
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
)
from tamesu.join import Checkpoint, Mark
from tamesu.ports import ArchiveFile

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
    b'"roster":0,"status":"learning","since":0,"learns_from":1,"learns_after":"1970-01-01T00:00:00.000000Z","read":[],"v":1}',
)
FROZEN = msgspec.structs.replace(
    SNAPSHOT,
    version=9,
    roster=2,
    status=Status.FROZEN,
    since=9,
    learns_from=2,
    read=(12, 0),
    learns_after=Time(1_699_999_998_000_000),
)
FROZEN_V1 = SNAPSHOT_V1_AT_FIRST.replace(b'"version":7', b'"version":9').replace(
    b'"v":1}',
    b'"roster":2,"status":"frozen","since":9,"learns_from":2,"learns_after":"2023-11-14T22:13:18.000000Z","read":[12,0],"v":1}',
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
        "sticky": {"ttl": "2m"},
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
    b'"default":0.0,"unseen":"imply"},"sticky":{"ttl":"2m"},'
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
    b'"closed":"2023-11-14T22:13:24.000000Z","snapshot":3,"absorbed":0,"features":null,'
    b'"previous_terms":null},'
    b'"accepted":"2023-11-14T22:13:24.000000Z",'
    b'"moved":{"events_late":-1,"events_corrected":1},'
    b'"found":"2023-11-14T22:13:25.000000Z","read":null,"snapshot":0,"v":1}'
)
CORRECTION_V1_OF_ONE_NUMBER = CORRECTION_V1.replace(b',"previous_terms":null', b"")
"""Before objectives were learnt apart."""
CORRECTION_V1_AT_FIRST = CORRECTION_V1_OF_ONE_NUMBER.replace(b',"features":null', b"")
"""Before arms had features."""
TAKEN = msgspec.structs.replace(CORRECTION, read=(12, 0), snapshot=9)
TAKEN_V1 = CORRECTION_V1.replace(b'"read":null,"snapshot":0', b'"read":[12,0],"snapshot":9')

FILE_V1 = ArchiveFile(
    name="observations-v1.parquet",
    bandit="home",
    rows=2,
    bytes=8652,
    digest="aabd7dc9675a1e2d9c542df9836dc9fa",
)
