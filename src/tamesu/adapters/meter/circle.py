"""`Circle`: the processes that measure together, seen from one of them.

Refuses to fail: a folder that cannot be used costs what the others would have seen, and says so once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import structlog

from tamesu.adapters.meter.measured import Measured
from tamesu.adapters.meter.pages import Page, Pages

_log = structlog.get_logger("tamesu.meter")


class Circle:
    """One process among those that measure in `folder`. Safe from many threads.

    Attributes:
        process: what it is called there: as asked, or with a number where another lives by that name.
        inherited: what was counted by that name before; no levels.
    """

    def __init__(self, folder: Path, process: str) -> None:
        self.process = process
        self.inherited = Measured()
        self._pages = Pages(folder)
        self._page: Page | None = None
        self._lock = threading.Lock()
        self._failing = False
        try:
            self._page = Page(folder, process)
        except OSError as error:
            _log.warning("no page to measure on: other processes do not see us", reason=str(error))
        else:
            self.process = self._page.name
            self.inherited = self._page.inherited

    def others(self) -> Iterator[Measured]:
        """What each of the others measured."""
        return self._pages.others(None if self._page is None else self._page.name)

    def tell(self, measured: Measured) -> bool:
        """Has the others see `measured` in place of what was told before; whether they can."""
        with self._lock:
            if self._page is None:
                return False
            try:
                self._page.write(measured)
            except OSError as error:
                if not self._failing:
                    _log.warning("others cannot be told what is measured", reason=str(error))
                self._failing = True
            else:
                if self._failing:
                    _log.info("others can be told again what is measured")
                self._failing = False
            return not self._failing

    def close(self) -> None:
        """Leaves: what was told stays, but for the levels. A second call does nothing."""
        with self._lock:
            page, self._page = self._page, None
            if page is not None:
                page.close()
