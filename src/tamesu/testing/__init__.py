"""What tests of Tamesu and of its plug-ins share: contract suites and faults.

A contract suite is a class of laws for one port; bind an adapter to it by a subclass that makes
one. Faults are wrapped around ports. Refuses to name an adapter, and to sleep.
"""

from tamesu.testing.crash import Crash, CrashAfter, When

__all__ = [
    "Crash",
    "CrashAfter",
    "When",
]
