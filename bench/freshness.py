"""From a delivery being due to the first decision that knows of it: server and trainer at work.

Due is when the window and the lateness have passed; the clock then runs through the tick or record
that moves the watermark, the micro-batch, the commit, the poll of the server and the next decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from figures import Figure, held, show
from installation import NAME, installation
from load import pace, request

SECONDS = 30.0
RATE = 300.0
REACH = "≤ 2"


def measure() -> Iterator[Figure]:
    """The median and the 95th percentile over every snapshot of half a minute."""
    with installation(window="1s", lateness="200ms") as here:
        path = f"/v1/bandits/{NAME}/decisions"
        load = pace(here.port, (request(path, b"{}") for _ in count()), SECONDS, RATE)
        if load.refused:
            raise SystemExit(f"{load.refused} decisions were refused")
        found = here.report()["freshness_s"]
    for quantile, reach in (("p50", ""), ("p95", REACH)):
        yield Figure(
            name=f"freshness {quantile}, one machine, {RATE:.0f} decisions/s",
            value=found[quantile],
            unit="s",
            reach=reach,
            held=not reach or held(found[quantile], reach),
        )


if __name__ == "__main__":
    show(measure)
