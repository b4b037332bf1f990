"""Archives: `parquet` files, `memory` for one process; and open data sets (`open_bandit`).

Refuses to import any until asked for.
"""
