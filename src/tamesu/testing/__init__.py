"""What tests of Tamesu and of its plug-ins share: contract suites and faults.

A contract suite is a class of laws for one port; bind an adapter to it by a subclass that makes
one. Faults are wrapped around ports: `CrashAfter`, `Torn`, `Duplicate`, `Reorder`, `Pause`. Refuses
to name an adapter, and to sleep.
"""

from tamesu.testing.aggregates_contract import AggregatesContract
from tamesu.testing.archive_contract import ArchiveContract
from tamesu.testing.armsource_contract import ArmSourceContract
from tamesu.testing.cache_contract import CacheContract
from tamesu.testing.clock_contract import ClockContract, IdSourceContract
from tamesu.testing.crash import Crash, CrashAfter, When
from tamesu.testing.duplicate import Duplicate
from tamesu.testing.engine_contract import EngineContract
from tamesu.testing.eventlog_contract import EventLogContract
from tamesu.testing.features_contract import FeaturesContract
from tamesu.testing.index_contract import IndexContract
from tamesu.testing.meter_contract import MeterContract
from tamesu.testing.observations import difference, observations, single
from tamesu.testing.pause import Pause
from tamesu.testing.reorder import Reorder
from tamesu.testing.shared_meter_contract import SharedMeterContract
from tamesu.testing.store_contract import StoreContract
from tamesu.testing.torn import Torn

__all__ = [
    "AggregatesContract",
    "ArchiveContract",
    "ArmSourceContract",
    "CacheContract",
    "ClockContract",
    "Crash",
    "CrashAfter",
    "Duplicate",
    "EngineContract",
    "EventLogContract",
    "FeaturesContract",
    "IdSourceContract",
    "IndexContract",
    "MeterContract",
    "Pause",
    "Reorder",
    "SharedMeterContract",
    "StoreContract",
    "Torn",
    "When",
    "difference",
    "observations",
    "single",
]
