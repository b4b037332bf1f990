"""The engine: drives `join` and `train` over the log and keeps their progress.

`InlineEngine` learns in the caller's thread when asked; `ProcessEngine` is a trainer that runs until
told to stop. Both drive the same `Learner`. `Replay` learns everything again, and `reconcile` holds that
against what is served. Refuses to decide what a record means: that is the join's.
"""

from tamesu.engine.along import Along
from tamesu.engine.archived_decisions import ArchivedDecisions
from tamesu.engine.archived_log import ArchivedLog
from tamesu.engine.bounds import ends_of, most_weight_of
from tamesu.engine.candidate import Candidate, Target
from tamesu.engine.candidates import Candidates
from tamesu.engine.hindsight import Hindsight, LaterEvents, Seen
from tamesu.engine.history import History
from tamesu.engine.inline import InlineEngine
from tamesu.engine.learner import Learner, Step
from tamesu.engine.process import ProcessEngine
from tamesu.engine.reconcile import Difference, reconcile
from tamesu.engine.remade import Remade, as_logged
from tamesu.engine.replay import Replay
from tamesu.engine.rewriting import rewrite
from tamesu.engine.shortened import refuse_shortened
from tamesu.engine.state import read_state
from tamesu.engine.summed import Summed, summed
from tamesu.engine.view import View, view
from tamesu.engine.walk import Source
from tamesu.engine.whole_log import WholeLog

__all__ = [
    "Along",
    "ArchivedDecisions",
    "ArchivedLog",
    "Candidate",
    "Candidates",
    "Difference",
    "Hindsight",
    "History",
    "InlineEngine",
    "LaterEvents",
    "Learner",
    "ProcessEngine",
    "Remade",
    "Replay",
    "Seen",
    "Source",
    "Step",
    "Summed",
    "Target",
    "View",
    "WholeLog",
    "as_logged",
    "ends_of",
    "most_weight_of",
    "read_state",
    "reconcile",
    "refuse_shortened",
    "rewrite",
    "summed",
    "view",
]
