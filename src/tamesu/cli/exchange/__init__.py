"""Logs in files, in the forms that other packages read and write. Refuses to guess a form: a name's ending says it."""

from tamesu.cli.exchange.command import export
from tamesu.cli.exchange.reading import read_file
from tamesu.cli.exchange.writing import write_file

__all__ = ["export", "read_file", "write_file"]
