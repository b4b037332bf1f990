"""`Control`: the calls that set bandits up and look at them. Refuses to decide and to track."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from tamesu.client.control_calls import ControlCalls
from tamesu.client.exchange import Exchange

T = TypeVar("T")


class Control:
    """What a client does beside its two calls.

    Each raises what the server refused as the error that it was, and `Unavailable` after the last
    retry.
    """

    def __init__(self, calls: ControlCalls) -> None:
        self._control = calls

    @abstractmethod
    def _perform(self, exchange: Exchange[T]) -> T:
        """What `exchange` comes to."""

    def create(self, declaration: Mapping[str, Any] | str | Path) -> dict[str, Any]:
        """Creates a bandit from its declaration, or from a YAML or JSON file that holds one."""
        return self._perform(self._control.create(declaration))

    def bandits(self) -> list[dict[str, Any]]:
        """Every bandit in short."""
        return self._perform(self._control.bandits())

    def bandit(self, name: str) -> dict[str, Any]:
        """A bandit with its whole declaration."""
        return self._perform(self._control.bandit(name))

    def conservation(self, name: str) -> dict[str, Any]:
        """Where all records of a bandit are; `difference` is 0 unless some are missing."""
        return self._perform(self._control.bandit(name, "/conservation"))

    def report(self, name: str, period: str | None = None) -> dict[str, Any]:
        """What a bandit has learnt, arm by arm.

        Args:
            name: of the bandit.
            period: such as `30d`: with `results`, what the archive says of decisions made since.
        """
        return self._perform(self._control.report(name, period))

    def convergence(
        self,
        name: str,
        *,
        window: str | None = None,
        windows: int | None = None,
        size: int | None = None,
    ) -> dict[str, Any]:
        """How fast the top of a bandit's ranking moves, window by window, the oldest first.

        Args:
            name: of the bandit.
            window: length of each, such as `1h`; none for a length that suits the bandit's age.
            windows: how many at most, 24 if absent.
            size: how many arms the top has; none for as many as a decision delivers.
        """
        return self._perform(self._control.convergence(name, window, windows, size))

    def explain(self, decision_id: str) -> dict[str, Any]:
        """What was decided and why, the same again, and what came of it.

        Per delivery its stage, until when it may change, and every observation and correction; beside
        them each event with its class and why, and what was not looked at.

        Args:
            decision_id: of a decision, or of one of its deliveries.
        """
        return self._perform(self._control.explain(decision_id))

    # Lifecycle ----------------------------------------------------------------------------------
    #
    # Each waits for the trainer as long as a call may take. The answer's `status` is the bandit's own
    # then, or `pending`: it will be taken, and `command` tells later what became of it.

    def update(
        self, declaration: Mapping[str, Any] | str | Path, number: int, *, warm: bool = False
    ) -> dict[str, Any]:
        """Declares a bandit anew, under its next number; what was learnt stays where it still fits.

        Where nothing is different nothing is changed.

        Args:
            declaration: the whole of it, or a YAML or JSON file that holds it.
            number: of the declaration that it is to follow, as `bandit` tells it; `Outdated` is
                raised where that is no longer the newest, so that nobody's change is lost.
            warm: where the state cannot stay, begin from what was archived and not from the prior.
        """
        return self._perform(self._control.update(declaration, number, warm=warm))

    def freeze(self, name: str) -> dict[str, Any]:
        """Lets a bandit decide by what it has learnt so far; what comes in waits for `resume`."""
        return self._perform(self._control.freeze(name))

    def resume(self, name: str) -> dict[str, Any]:
        """Lets a bandit that is frozen or rolled back learn again, with what waited."""
        return self._perform(self._control.resume(name))

    def rollback(self, name: str, version: int) -> dict[str, Any]:
        """Lets a bandit decide by what an older snapshot had learnt.

        What comes of decisions from then on waits for `resume`; what was decided before teaches no
        more.

        Args:
            name: of the bandit.
            version: of a kept snapshot, see `snapshots`; 0 is the prior.
        """
        return self._perform(self._control.rollback(name, version))

    def delete(self, name: str) -> dict[str, Any]:
        """Deletes a bandit: it decides no more. Its records stay, and the name may be used again."""
        return self._perform(self._control.delete(name))

    # Snapshots ----------------------------------------------------------------------------------

    def snapshots(self, name: str, limit: int = 100, before: int | None = None) -> dict[str, Any]:
        """The kept snapshots of a bandit under `snapshots`, the newest first; `more` if there are.

        Args:
            name: of the bandit.
            limit: how many, at most 1,000.
            before: only versions below it: the last of a list, to read on.
        """
        return self._perform(self._control.snapshots(name, limit, before))

    def snapshot(self, name: str, version: int) -> dict[str, Any]:
        """A kept snapshot, and what it believes of each arm."""
        return self._perform(self._control.snapshot(name, version))

    def pin(self, name: str, version: int) -> dict[str, Any]:
        """Keeps a snapshot for ever."""
        return self._perform(self._control.pin(name, version, pinned=True))

    def unpin(self, name: str, version: int) -> dict[str, Any]:
        """Keeps a snapshot no longer than others."""
        return self._perform(self._control.pin(name, version, pinned=False))

    # Features of units --------------------------------------------------------------------------

    def put_features(
        self, key: str, features: Mapping[str, Any], entity: str = "unit"
    ) -> dict[str, Any]:
        """Keeps what is known of a unit: every decision for it has it in its context from then on.

        It takes the place of what was kept before, whole.

        Args:
            key: what requests send as `unit`.
            features: names and numbers, texts, booleans or short lists of these; 4 KiB as JSON.
            entity: of what; only units so far.
        """
        return self._perform(self._control.put_features(entity, key, features))

    def features(self, key: str, entity: str = "unit") -> dict[str, Any]:
        """What is kept of a unit.

        Raises:
            NotFound: nothing is.
        """
        return self._perform(self._control.features(entity, key))

    def delete_features(self, key: str, entity: str = "unit") -> bool:
        """Forgets what is kept of a unit; gives whether anything was."""
        return self._perform(self._control.delete_features(entity, key))

    # Arms ---------------------------------------------------------------------------------------

    def arms(self, name: str) -> dict[str, Any]:
        """The arms of a bandit, active and retired."""
        return self._perform(self._control.bandit(name, "/arms"))

    def add_arm(
        self,
        name: str,
        arm: str,
        metadata: Mapping[str, Any] | None = None,
        features: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Adds an arm; changes what is said of one that is there; revives one that was retired.

        Waits for the trainer as long as a call may take; after that the answer's `status` is
        `pending`, and `command` tells later what became of it.

        A new arm starts from the prior, a revived one from what was learnt of it.

        Args:
            name: of the bandit.
            arm: its id.
            metadata: what to keep with it, plain data; absent, an arm keeps what it has.
            features: what it tells of itself, as `arm_features` of its declaration asks; absent, it
                goes on to tell what it did.
        """
        return self._perform(self._control.add_arm(name, arm, metadata, features))

    def retire_arm(self, name: str, arm: str) -> dict[str, Any]:
        """Retires an arm: it is decided for no more, and what was learnt of it is kept."""
        return self._perform(self._control.change_arms(name, retire=[arm]))

    def change_arms(
        self,
        name: str,
        add: Iterable[str | Mapping[str, Any]] | None = None,
        retire: Iterable[str] | None = None,
        roster: int | None = None,
        source: str = "",
    ) -> dict[str, Any]:
        """Adds (or changes, or revives) some arms and retires others, in one command.

        Args:
            name: of the bandit.
            add: ids, or mappings with `id`, `metadata` and `features`.
            retire: ids.
            roster: the number of the roster that it was made for, as `arms` gives it: refused with
                `Outdated` where another is the newest by then.
            source: where it comes from, in words; told in the bandit's history.
        """
        return self._perform(self._control.change_arms(name, add, retire, roster, source))

    def sync_arms(
        self, name: str, arms: Iterable[str | Mapping[str, Any]], *, force: bool = False
    ) -> dict[str, Any]:
        """Makes `arms` the whole set: what is missing is added or revived, what is beside it retired.

        Args:
            name: of the bandit.
            arms: ids, or mappings with `id`, `metadata` and `features`.
            force: also where more than half would be retired, which is refused else.
        """
        return self._perform(self._control.sync_arms(name, arms, force=force))

    def command(self, number: int) -> dict[str, Any]:
        """What became of a command: `status` is `pending`, `applied` or `refused`."""
        return self._perform(self._control.command(number))
