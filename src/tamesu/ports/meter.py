"""The meter: counts, levels and times, for whoever watches.

Refuses to fail the work that it measures.
"""

from __future__ import annotations

from typing import Protocol


class Meter(Protocol):
    """Measures by name. Names and labels are declared once, in the adapter's table; an unknown name
    is a bug. Concurrent case: safe from many threads. A meter never raises on a value.
    """

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Adds `amount` (≥ 0) to a counter; another is set aside, and counted as ignored."""
        ...

    def level(self, name: str, value: float, **labels: str) -> None:
        """Sets a gauge."""
        ...

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Adds one value (≥ 0) to a histogram; another is set aside, and counted as ignored."""
        ...

    def quantile(self, name: str, share: float, **labels: str) -> float | None:
        """The value below which `share` (in [0, 1]) of what a histogram was given lies.

        Over all label sets that hold `labels`; good to the width of a bucket. Empty case: none.
        """
        ...

    def expose(self) -> tuple[str, bytes]:
        """Media type and bytes of everything measured, for a scrape."""
        ...


class SharedMeter(Meter, Protocol):
    """A meter of several processes: each of them shows what all measured.

    Counters and histograms add up, of the dead too: a counter never goes back because its process
    ended, and who follows under the same name goes on where it was. Levels are those of the living,
    put together as the table says of each metric: added, the greatest, the least, the newest. What a
    process measured since it last told is shown by none but itself, and dies with it; what one of them
    exposed, all do. Concurrent case: two processes of one name are two. A place that cannot be used
    costs what the others would have seen, never the work.
    """

    def write(self) -> None:
        """Tells the others now. It also happens by itself, several times a second, and at a scrape."""
        ...

    def close(self) -> None:
        """Tells the others a last time and leaves; from then on it measures for itself alone.

        Repeated case: does nothing.
        """
        ...
