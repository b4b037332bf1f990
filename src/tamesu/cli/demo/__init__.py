"""`tamesu demo`: the whole loop on this machine, on real clicks, in about a minute.

A stage (the processes), a player (the traffic), a summary (what came of it). Refuses to fake
anything: what it shows is what the server and the store say.
"""

from tamesu.cli.demo.command import demo

__all__ = ["demo"]
