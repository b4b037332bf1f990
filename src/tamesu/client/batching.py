"""`Batching`: when tracked events go, and how many may wait. Refuses what could never send any."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real

from tamesu.base import InvalidInput
from tamesu.client.outbound import MOST


@dataclass(frozen=True, kw_only=True)
class Batching:
    """When events go: so many wait, or the oldest has waited so long.

    Attributes:
        size: events that are sent without waiting for more, 1 to 1,000.
        every_s: longest wait for more, in seconds.
        most: events that may be without acknowledgement; more are refused with `Backpressure`.
        patience_s: how long `flush` and `close` wait for acknowledgement, unless they are told.
    """

    size: int = 500
    every_s: float = 0.2
    most: int = 10_000
    patience_s: float = 10.0

    @classmethod
    def of(cls, batching: Batching | None) -> Batching:
        """`batching`, or the usual one.

        Raises:
            InvalidInput: it is none.
        """
        if batching is not None and not isinstance(batching, cls):
            raise InvalidInput(
                f"batching must be a Batching, got {type(batching).__name__}",
                hint="for example  Client(url, batching=Batching(size=100))",
            )
        return batching or cls()

    def __post_init__(self) -> None:
        for name in ("size", "every_s", "most", "patience_s"):
            value = getattr(self, name)
            kinds = Integral if name in ("size", "most") else Real
            if isinstance(value, bool) or not isinstance(value, kinds):
                raise InvalidInput(
                    f"{name} of a batching must be a number, got {type(value).__name__}", field=name
                )
        enough = self.every_s >= 0 and self.patience_s >= 0 and self.most >= self.size
        if not (1 <= self.size <= MOST and enough):
            raise InvalidInput(
                f"batching must have 1 <= size <= {MOST}, every_s >= 0, patience_s >= 0 and most >= "
                f"size, got {self}"
            )
