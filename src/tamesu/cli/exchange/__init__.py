"""Logs in files, in the forms that other packages read and write. Refuses to guess a form: a name's ending says it."""

from tamesu.cli.exchange.command import export
from tamesu.cli.exchange.reading import read_rounds
from tamesu.cli.exchange.writing import write_rounds

__all__ = ["export", "read_rounds", "write_rounds"]
