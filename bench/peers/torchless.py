"""The reference implementation without torch, which its estimators and data sets do not use and which weighs gigabytes.

Its packages load it all the same, so they are passed over: found where they lie, with nothing of their own run. Runs in
its environment; refuses to know what of it is asked for.
"""

from __future__ import annotations

import importlib.util
import sys
import types


def passed_over(*packages: str) -> None:
    """Packages, whose modules can be loaded afterwards though torch is not in the environment."""
    sys.modules["torch"] = types.ModuleType("torch")
    vars(sys.modules["torch"]).update(tensor=None, Tensor=type(None))
    for package in packages:
        module = types.ModuleType(package)
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.submodule_search_locations is not None
        module.__path__ = list(spec.submodule_search_locations)
        sys.modules[package] = module
