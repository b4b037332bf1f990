"""The service: answers decisions, takes events, and has both in the log before it says so.

`Service` is the core, put together from ports; `tamesu.serve.http` speaks HTTP in front of it. Refuses
to know any adapter: `tamesu.wiring` brings them.
"""

from tamesu.serve.core import Service, UnitNames

__all__ = ["Service", "UnitNames"]
