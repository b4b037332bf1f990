"""`tamesu learn`: what is learnt from the past as a whole, before it becomes a declaration.

Refuses to declare anything: what it writes is read and declared by whoever asked.
"""

from tamesu.cli.learn.command import app

__all__ = ["app"]
