"""Features of units, kept: `memory` for one process, `sqlite` for those of one machine.

Refuses to import SQLite until asked for.
"""
