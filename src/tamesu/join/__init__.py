"""The join: decisions and events become observations, as a fold of the log.

What counts follows from record fields alone, never from batching, arrival or engine. `oracle` says
it slowly and obviously; `Fold` does it as the log comes in, and equals the oracle. Refuses to read
a log, to know what time it is, and to learn.
"""

from tamesu.join.checkpoint import Checkpoint, Mark
from tamesu.join.conservation import Table, table
from tamesu.join.emitted import Emitted, SetAside
from tamesu.join.fold import Fold
from tamesu.join.oracle import OracleResult, oracle
from tamesu.join.record import Lookup

__all__ = [
    "Checkpoint",
    "Emitted",
    "Fold",
    "Lookup",
    "Mark",
    "OracleResult",
    "SetAside",
    "Table",
    "oracle",
    "table",
]
