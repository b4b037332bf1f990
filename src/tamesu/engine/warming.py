"""`Warming`: states warmed up from the archive, a slice at a time, before the command that asks for one.

An archive of months takes longer to read than a trainer may be silent, so that the command waits, not the
others. Refuses to read a row twice: where files were merged meanwhile, it begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from tamesu.base import Command, Corrupt, Declaration, Reward
from tamesu.policy import compose
from tamesu.ports import Archive, ArchiveFile, Holds, Store
from tamesu.train import Standing, WarmUp, first_number, warms_up

SLICE_ROWS = 50_000
"""Rows after which a slice reads no further file."""

_log = structlog.get_logger("tamesu.engine")


@dataclass
class _Begun:
    """A state in the making, the files that are in it, and why it cannot be finished."""

    declaration: Declaration
    since: int
    warm: WarmUp
    files: set[str] = field(default_factory=set)
    problem: Corrupt | None = None


class Warming:
    """The states that waiting commands ask for."""

    def __init__(self, store: Store, archive: Archive) -> None:
        self._store, self._archive = store, archive
        self._begun: dict[int, _Begun] = {}
        self._wanted: dict[int, tuple[Declaration, Declaration | None]] = {}

    def ready(
        self, waiting: Sequence[Command], standing: Callable[[str], Standing | None]
    ) -> list[Command]:
        """Those of `waiting` that may be applied now; does one slice for each that may not.

        Commands of a bandit stay in their order: behind one that must wait, all of its wait.

        Args:
            waiting: by number.
            standing: of a bandit, by its name; none where there is no such bandit.
        """
        numbers = {command.number for command in waiting}
        self._begun = {n: begun for n, begun in self._begun.items() if n in numbers}
        self._wanted = {n: wanted for n, wanted in self._wanted.items() if n in numbers}
        taken: list[Command] = []
        held: set[str] = set()
        for command in waiting:
            if command.bandit in held:
                continue
            wanted = self._wants(command, standing)
            if wanted is not None:
                # What stands before it may change what it asks for.
                is_first = all(one.bandit != command.bandit for one in taken)
                if not (is_first and self._slice(command, wanted)):
                    held.add(command.bandit)
                    continue
            taken.append(command)
        return taken

    def made(self, declaration: Declaration) -> WarmUp:
        """What the policy of `declaration` makes of the archive as it is now.

        Raises:
            Corrupt: a file of it cannot be read.
        """
        begun = self._found(declaration)
        while self._read(begun):
            pass
        if begun.problem is not None:
            raise begun.problem
        return begun.warm

    def _found(self, declaration: Declaration) -> _Begun:
        for begun in self._begun.values():
            if begun.declaration == declaration and not self._lacks(begun):
                return begun
        return self._begin(declaration)

    def _wants(
        self, command: Command, standing: Callable[[str], Standing | None]
    ) -> Declaration | None:
        """What `command` must be warmed up for, judged once for each declaration that it finds."""
        if command.kind != "declare":
            return None
        found = standing(command.bandit)
        if found is None:
            return None
        judged = self._wanted.get(command.number)
        if judged is None or judged[0] is not found.declaration:
            judged = found.declaration, warms_up(found, command.body)
            self._wanted[command.number] = judged
        return judged[1]

    def _slice(self, command: Command, declaration: Declaration) -> bool:
        """Whether everything that is archived is in it, or never will be."""
        begun = self._begun.get(command.number)
        if begun is None or begun.declaration != declaration or self._lacks(begun):
            begun = self._begun[command.number] = self._begin(declaration)
            _log.info("warming up", bandit=command.bandit, command=command.number)
        return not self._read(begun)

    def _begin(self, declaration: Declaration) -> _Begun:
        since = first_number(self._store.commands(declaration.name))
        return _Begun(declaration, since, self._warm(declaration))

    def _warm(self, declaration: Declaration) -> WarmUp:
        def clauses(number: int) -> Reward | None:
            found = self._store.declared(declaration.name, number)
            return None if found is None else found.declaration.reward

        return WarmUp(compose(declaration), clauses)

    def _read(self, begun: _Begun) -> bool:
        """Takes some more files, or what they made wait for the last of them; whether there is more."""
        missing, rows = self._missing(begun), 0
        if not missing:
            return begun.problem is None and begun.warm.settle(SLICE_ROWS)
        while missing and rows < SLICE_ROWS and begun.problem is None:
            file = missing.pop()
            rows += file.rows
            try:
                for group in self._archive.read([file]):
                    if group.declaration >= begun.since:
                        begun.warm.take(group)
            except Corrupt as problem:
                begun.problem = problem  # to be told by the command, not to stop the trainer
            begun.files.add(file.name)
        return begun.problem is None

    def _missing(self, begun: _Begun) -> list[ArchiveFile]:
        return [file for file in self._files(begun) if file.name not in begun.files]

    def _lacks(self, begun: _Begun) -> bool:
        """Whether a file that is in it was merged into another, whose rows would count twice."""
        return not begun.files <= {file.name for file in self._files(begun)}

    def _files(self, begun: _Begun) -> list[ArchiveFile]:
        bandit = begun.declaration.name
        return [file for file in self._store.files(Holds.OBSERVATIONS) if file.bandit == bandit]
