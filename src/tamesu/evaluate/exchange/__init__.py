"""Rounds in the forms of other packages, and back: dictionaries of arrays, tables, Vowpal Wabbit's `dsjson`.

Refuses to open files, and to make up what a form does not say: a log without propensities is refused by name.
"""

from tamesu.evaluate.exchange.arrays import arrays_of, rounds_of_arrays
from tamesu.evaluate.exchange.dsjson import rounds_of_dsjson
from tamesu.evaluate.exchange.dsjson_written import dsjson_of
from tamesu.evaluate.exchange.forms import Form, not_held, slates_not_held
from tamesu.evaluate.exchange.slate_arrays import slate_arrays_of, slates_of_arrays
from tamesu.evaluate.exchange.table import rounds_of_table, table_of
from tamesu.evaluate.exchange.told import Read

__all__ = [
    "Form",
    "Read",
    "arrays_of",
    "dsjson_of",
    "not_held",
    "rounds_of_arrays",
    "rounds_of_dsjson",
    "rounds_of_table",
    "slate_arrays_of",
    "slates_not_held",
    "slates_of_arrays",
    "table_of",
]
