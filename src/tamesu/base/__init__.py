"""The nouns of Tamesu: declarations, records, observations, ids, times, errors.

Everything else imports this room and it imports nothing of Tamesu. Refuses input and output, clocks
and randomness.
"""

from tamesu.base.arm import Arm
from tamesu.base.arms_change import ArmsChange, WantedArm
from tamesu.base.aside import Aside, SetAside
from tamesu.base.clauses import Batch, Forgetting, Newcomer, Part, Sticky
from tamesu.base.command import Command, Effect, Refusal
from tamesu.base.correction import Correction
from tamesu.base.declaration import Declaration
from tamesu.base.errors import (
    Backpressure,
    Bug,
    Conflict,
    Corrupt,
    Denied,
    InvalidDeclaration,
    InvalidInput,
    MissingExtra,
    NoSupport,
    NotFound,
    NumberMissing,
    Outdated,
    ShapeMismatch,
    TamesuError,
    Throttled,
    TooLarge,
    Unavailable,
    Unidentified,
    Unsent,
    WrongMediaType,
)
from tamesu.base.grid import GRID
from tamesu.base.ids import (
    RANDOM_BYTES,
    DecisionId,
    DeliveryId,
    decision_id,
    delivery_id,
    is_bandit_name,
    parse_decision_id,
    parse_delivery_id,
    uuid7,
)
from tamesu.base.key import Key, Scope, Secret
from tamesu.base.observation import Observation, Outcome
from tamesu.base.observations import Observations
from tamesu.base.records import (
    TICK,
    Decision,
    Delivery,
    Draft,
    Entry,
    Event,
    Kind,
    Snapshot,
    Status,
    Tick,
    decode_decision,
    decode_event,
    encode,
)
from tamesu.base.reward import (
    IMPRESSION,
    Aggregate,
    Anchor,
    EventTerm,
    Examined,
    Reward,
    Unseen,
)
from tamesu.base.roster import Changed, Roster
from tamesu.base.shapes import convert, plain
from tamesu.base.statuses import GRPC_STATUS, HTTP_STATUS
from tamesu.base.sums import Sum
from tamesu.base.times import Duration, Time

__all__ = [
    "GRID",
    "GRPC_STATUS",
    "HTTP_STATUS",
    "IMPRESSION",
    "RANDOM_BYTES",
    "TICK",
    "Aggregate",
    "Anchor",
    "Arm",
    "ArmsChange",
    "Aside",
    "Backpressure",
    "Batch",
    "Bug",
    "Changed",
    "Command",
    "Conflict",
    "Correction",
    "Corrupt",
    "Decision",
    "DecisionId",
    "Declaration",
    "Delivery",
    "DeliveryId",
    "Denied",
    "Draft",
    "Duration",
    "Effect",
    "Entry",
    "Event",
    "EventTerm",
    "Examined",
    "Forgetting",
    "InvalidDeclaration",
    "InvalidInput",
    "Key",
    "Kind",
    "MissingExtra",
    "Newcomer",
    "NoSupport",
    "NotFound",
    "NumberMissing",
    "Observation",
    "Observations",
    "Outcome",
    "Outdated",
    "Part",
    "Refusal",
    "Reward",
    "Roster",
    "Scope",
    "Secret",
    "SetAside",
    "ShapeMismatch",
    "Snapshot",
    "Status",
    "Sticky",
    "Sum",
    "TamesuError",
    "Throttled",
    "Tick",
    "Time",
    "TooLarge",
    "Unavailable",
    "Unidentified",
    "Unseen",
    "Unsent",
    "WantedArm",
    "WrongMediaType",
    "convert",
    "decision_id",
    "decode_decision",
    "decode_event",
    "delivery_id",
    "encode",
    "is_bandit_name",
    "parse_decision_id",
    "parse_delivery_id",
    "plain",
    "uuid7",
]
