"""What has become final and waits for the next commit: a micro-batch in the making.

It is due when any bandit has `batch.size` observations or its oldest has waited `batch.every`; one
commit then takes all there is. Refuses to know the time: it is an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tamesu.base import Batch, Observations, Time


class Pending:
    """Observations per bandit and declaration since the last commit."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, int], list[Observations]] = {}
        self._since: dict[str, Time] = {}
        self._sizes: dict[str, int] = {}

    def __len__(self) -> int:
        return sum(self._sizes.values())

    def add(self, emitted: Sequence[Observations], now: Time) -> None:
        """Takes what the join emitted at `now`."""
        for group in emitted:
            self._groups.setdefault((group.bandit, group.declaration), []).append(group)
            self._since.setdefault(group.bandit, now)
            self._sizes[group.bandit] = self._sizes.get(group.bandit, 0) + len(group)

    def is_due(self, now: Time, batch: Callable[[str], Batch]) -> bool:
        """Whether the batch closes at `now`; a clock that stepped back closes it too."""
        return any(
            size >= batch(bandit).size or not 0 <= now - self._since[bandit] < batch(bandit).every
            for bandit, size in self._sizes.items()
        )

    def groups(self) -> list[Observations]:
        """One batch per bandit and declaration, by name and number."""
        return [Observations.concatenate(parts) for _, parts in sorted(self._groups.items())]
