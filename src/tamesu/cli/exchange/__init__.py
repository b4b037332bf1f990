"""Logs in files, in the forms that other packages read and write. Refuses to guess a form: a name's ending says it.

`reading` and `writing` load what they need when somebody asks for them, and this does not: every command starts here.
"""

from tamesu.cli.exchange.command import export

__all__ = ["export"]
