"""Where arms come from: files, databases, programs.

Modules: `csv`, `jsonlines`, `parquet` (files), `sql` (a query of any database that SQLAlchemy reads),
`function` (a Python callable), and `rows`, what all make arms of. Refuses to import any until asked for.
"""
