"""Tamesu (試す, to try out): self-service contextual bandits for recommendation.

`tamesu.Bandit` is a bandit in memory; `tamesu.client` speaks to a server; `tamesu.judge` says what a policy would
have earned that never ran. Loads nothing until asked.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tamesu.bandit import Bandit
    from tamesu.wiring import judge

__all__ = ["Bandit", "__version__", "judge"]
__version__ = "0.1.0"

_HOMES = {"Bandit": "tamesu.bandit", "judge": "tamesu.wiring"}


def __getattr__(name: str) -> Any:
    """Loads a public name from its room on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'tamesu' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
