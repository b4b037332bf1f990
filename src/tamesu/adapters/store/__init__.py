"""Stores: `memory` for one process, `sql` for one machine and, later, for several.

Refuses to import either until asked for.
"""
