"""Wiring: settings become objects. The one place that knows every adapter, and imports it lazily.

Refuses to hold any rule of the loop: it only joins what others built.
"""

from tamesu.wiring.checkup import doctor
from tamesu.wiring.overview import status
from tamesu.wiring.places import (
    open_archive,
    open_bandit_folder,
    open_log,
    open_store,
)
from tamesu.wiring.roles import run_server, run_trainer
from tamesu.wiring.settings import Settings, load_settings
from tamesu.wiring.supervision import supervise, supervisor

__all__ = [
    "Settings",
    "doctor",
    "load_settings",
    "open_archive",
    "open_bandit_folder",
    "open_log",
    "open_store",
    "run_server",
    "run_trainer",
    "status",
    "supervise",
    "supervisor",
]
