"""The engine: drives `join` and `train` over the log and keeps their progress.

`InlineEngine` learns in the caller's thread when asked; `ProcessEngine` is a trainer that runs until
told to stop. Both drive the same `Learner`. `ArchivedLog` reads what the archive has of a log. Refuses to decide what a record means: that is the
join's.
"""

from tamesu.engine.archived_log import ArchivedLog
from tamesu.engine.inline import InlineEngine
from tamesu.engine.learner import Learner, Step
from tamesu.engine.process import ProcessEngine
from tamesu.engine.shortened import refuse_shortened

__all__ = ["ArchivedLog", "InlineEngine", "Learner", "ProcessEngine", "Step", "refuse_shortened"]
