"""The core of a server, without transport: decide, track, control, health.

Every transport is a thin translation of this. Refuses to import any adapter or any transport.
"""

from tamesu.serve.core.appender import Appender
from tamesu.serve.core.bodies import MAX_NESTING
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.claims import Claims
from tamesu.serve.core.health import Readiness
from tamesu.serve.core.service import Service
from tamesu.serve.core.terms import Terms
from tamesu.serve.core.track import Tracked
from tamesu.serve.core.unit_names import UnitNames
from tamesu.serve.core.wire import (
    MAX_BATCH,
    DecisionAnswer,
    DecisionRequest,
    DecisionRequests,
    DeliveryAnswer,
    EventRequest,
    EventRequests,
)

__all__ = [
    "MAX_BATCH",
    "MAX_NESTING",
    "Appender",
    "Catalogue",
    "Claims",
    "DecisionAnswer",
    "DecisionRequest",
    "DecisionRequests",
    "DeliveryAnswer",
    "EventRequest",
    "EventRequests",
    "Readiness",
    "Service",
    "Terms",
    "Tracked",
    "UnitNames",
]
