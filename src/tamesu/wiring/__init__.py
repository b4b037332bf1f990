"""Wiring: settings become objects. The one place that knows every adapter, and imports it lazily.

Refuses to hold any rule of the loop: it only joins what others built.
"""

from tamesu.wiring.checkup import doctor
from tamesu.wiring.judging import candidate_of, judge, named_function, open_decisions
from tamesu.wiring.kept import open_aggregates, open_asides, open_kept, open_past
from tamesu.wiring.learning import learnt_target, read_learnt, refuse_taken, write_learnt
from tamesu.wiring.overview import status
from tamesu.wiring.places import (
    open_archive,
    open_bandit_folder,
    open_keys,
    open_log,
    open_store,
    open_unit_names,
)
from tamesu.wiring.rebuilding import Rebuilding, RecordsFrom, rebuilding, refuse_existing
from tamesu.wiring.roles import run_server, run_trainer
from tamesu.wiring.settings import Settings, load_settings
from tamesu.wiring.sources import open_source
from tamesu.wiring.supervision import supervise, supervisor
from tamesu.wiring.syncing import run_syncs

__all__ = [
    "Rebuilding",
    "RecordsFrom",
    "Settings",
    "candidate_of",
    "doctor",
    "judge",
    "learnt_target",
    "load_settings",
    "named_function",
    "open_aggregates",
    "open_archive",
    "open_asides",
    "open_bandit_folder",
    "open_decisions",
    "open_kept",
    "open_keys",
    "open_log",
    "open_past",
    "open_source",
    "open_store",
    "open_unit_names",
    "read_learnt",
    "rebuilding",
    "refuse_existing",
    "refuse_taken",
    "run_server",
    "run_syncs",
    "run_trainer",
    "status",
    "supervise",
    "supervisor",
    "write_learnt",
]
