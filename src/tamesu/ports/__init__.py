"""What the outside must offer: one Protocol per port, its edge cases written out.

A port is defined by its edge cases; the contract suites of `tamesu.testing` hold every adapter to
them. Refuses to know any adapter.
"""

from tamesu.ports.aggregates import Aggregates, Group
from tamesu.ports.archive import Archive, ArchiveFile, Holds, Kept
from tamesu.ports.armsource import ArmSource
from tamesu.ports.cache import Cache, Claim, Wanted
from tamesu.ports.clock import Clock, IdSource
from tamesu.ports.commit import Commit, Declared, Deferred, Lease, Progress
from tamesu.ports.eventlog import EventLog, Receipt
from tamesu.ports.features import Features
from tamesu.ports.index import Index
from tamesu.ports.meter import Meter, SharedMeter
from tamesu.ports.store import Store, roster_of

__all__ = [
    "Aggregates",
    "Archive",
    "ArchiveFile",
    "ArmSource",
    "Cache",
    "Claim",
    "Clock",
    "Commit",
    "Declared",
    "Deferred",
    "EventLog",
    "Features",
    "Group",
    "Holds",
    "IdSource",
    "Index",
    "Kept",
    "Lease",
    "Meter",
    "Progress",
    "Receipt",
    "SharedMeter",
    "Store",
    "Wanted",
    "roster_of",
]
