"""The join: decisions and events become observations, as a fold of the log.

What counts follows from record fields alone, never from batching, arrival or engine. `tell` says
it slowly and obviously of one decision, and `oracle` of a whole log; `Fold` does it as the log comes
in, and equals the oracle. Refuses to read a log, to know what time it is, and to learn.
"""

from tamesu.join.checkpoint import Checkpoint, Mark
from tamesu.join.concerns import Concern, concerns
from tamesu.join.conservation import SATURATED, UNFIT, Table, table
from tamesu.join.course import Course, Row, Stage
from tamesu.join.emitted import Emitted
from tamesu.join.fold import Fold
from tamesu.join.oracle import OracleResult, oracle
from tamesu.join.record import Lookup
from tamesu.join.story import Story, Unread, tell
from tamesu.join.verdict import Heard, Verdict

__all__ = [
    "SATURATED",
    "UNFIT",
    "Checkpoint",
    "Concern",
    "Course",
    "Emitted",
    "Fold",
    "Heard",
    "Lookup",
    "Mark",
    "OracleResult",
    "Row",
    "Stage",
    "Story",
    "Table",
    "Unread",
    "Verdict",
    "concerns",
    "oracle",
    "table",
    "tell",
]
