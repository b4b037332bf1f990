"""Arms from a query of a database, by SQLAlchemy.

The query runs in a transaction that is rolled back. Refuses to make a database that is not there, and
to tell a password: neither its name nor its errors hold one.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from tamesu.adapters.armsource.rows import arms_of, check_columns
from tamesu.base import InvalidInput, MissingExtra, NotFound, Unavailable, WantedArm


class SqlArmSource:
    """The arms that a query gives.

    Args:
        url: SQLAlchemy's, of any database whose driver is installed.
        query: one statement whose columns are those of arms.

    Raises:
        InvalidInput: it is no URL, or of no database that SQLAlchemy knows.
        MissingExtra: the database's driver is not installed.
    """

    def __init__(self, url: str, query: str) -> None:
        try:
            self._url = sa.make_url(url)
            self._url.get_dialect().import_dbapi()
        except sa.exc.ArgumentError as error:
            raise InvalidInput(
                "a source with :// must be a URL as SQLAlchemy spells them, this one is not",
                hint="for example  postgresql://user@host/shop  or  sqlite:///shop.sqlite3",
            ) from error
        except ModuleNotFoundError as error:
            raise MissingExtra(
                f"{self._url.drivername} needs a driver that is not installed: {error.name}",
                hint=f"pip install {error.name}",
            ) from error
        if self._url.drivername.split("+")[0] == "sqlite":
            file = self._url.database or ""
            if not Path(file).is_file():
                raise NotFound(f"the database {file!r} must exist, it does not")
        self._query = query

    @property
    def name(self) -> str:
        """The kind of database, where it is and what it is called."""
        at = self._url
        return f"{at.get_backend_name()}://{at.host or ''}/{at.database or ''}"

    def read(self) -> list[WantedArm]:
        """Every arm; see `tamesu.ports.ArmSource.read`. Places are rows from 1."""
        engine = sa.create_engine(self._url, poolclass=sa.NullPool)
        try:
            with engine.connect() as connection:
                found = connection.execute(sa.text(self._query))
                if not found.returns_rows:
                    raise InvalidInput("the query must give rows, it gives none", field="query")
                check_columns(list(found.keys()), self.name)
                rows = found.mappings()
                return arms_of(enumerate(rows, 1), self.name)
        except sa.exc.OperationalError as error:
            raise Unavailable(f"{self.name} must answer the query: {self._why(error)}") from error
        except sa.exc.DBAPIError as error:
            raise InvalidInput(
                f"{self.name} does not take the query: {self._why(error)}", field="query"
            ) from error
        except sa.exc.StatementError as error:
            raise InvalidInput(
                "the query must be whole, it leaves a place for a value",
                hint=r"a colon that means itself is written  \:",
                field="query",
            ) from error
        finally:
            engine.dispose()

    def _why(self, error: sa.exc.DBAPIError) -> str:
        """The driver's first line, without the password."""
        line = (str(error.orig).splitlines() or [""])[0]
        password = self._url.password
        return line.replace(str(password), "***") if password else line
