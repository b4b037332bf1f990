"""`Pending`: what has become final and waits for the next commit, a micro-batch in the making.

It is due when any bandit has `batch.size` observations or its oldest has waited `batch.every`; one
commit then takes all there is. Refuses to know the time: it is an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tamesu.base import Batch, Observations, Time


class Pending:
    """Observations per bandit and declaration since the last commit."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, int], list[Observations]] = {}
        self._since: dict[str, Time] = {}
        self._sizes: dict[str, int] = {}

    def __len__(self) -> int:
        """How many observations wait, over all bandits."""
        return sum(self._sizes.values())

    def add(self, emitted: Iterable[Observations], now: Time) -> None:
        """Takes what the join gave at `now`."""
        for group in emitted:
            if len(group):
                self._groups.setdefault((group.bandit, group.declaration), []).append(group)
                self._since.setdefault(group.bandit, now)
                self._sizes[group.bandit] = self._sizes.get(group.bandit, 0) + len(group)

    def is_due(self, now: Time, batch: Callable[[str], Batch]) -> bool:
        """Whether the micro-batch closes at `now`; a clock that stepped back closes it too.

        Args:
            now: the time.
            batch: the rule of a bandit, by name.
        """
        return any(
            size >= batch(bandit).size or not 0 <= now - self._since[bandit] < batch(bandit).every
            for bandit, size in self._sizes.items()
        )

    def groups(self) -> list[Observations]:
        """All that waits, one batch per bandit and declaration, by name and number.

        Rows stay in the order in which they were given.
        """
        return [Observations.concatenate(parts) for _, parts in sorted(self._groups.items())]
