"""What a declaration names by a folder and a digest, read once by each process.

The digest makes it one thing for ever: another folder of the same digest says the same, another digest is refused by
name. Refuses to look for a folder that is not told, and to be told where by a path that depends on who reads it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from tamesu.adapters.artefact.folder import read_manifest, read_towers
from tamesu.base import Corrupt, Declaration, InvalidDeclaration, NotFound, Unavailable
from tamesu.base.feature import Schema, plain_schema
from tamesu.policy.features import encoder_of
from tamesu.policy.towers import TwoTower

MOST_HELD = 64
"""Artefacts that a process holds; the others are read again."""


class Folder:
    """What a declaration names: looked for when somebody first needs it, and held from then on.

    So whoever makes a policy of a declaration needs no file: a server answers by the fallback while there is none, and
    a trainer waits.

    Args:
        folder, digest: as declared.
        declaration: whose contexts the query tower must read.
        arms: whether the item tower must read what its arms tell.

    Raises:
        InvalidDeclaration: a path that depends on who reads it.
    """

    def __init__(
        self, folder: str, digest: str, declaration: Declaration, *, arms: bool = True
    ) -> None:
        _refuse_relative(folder)
        self._named = folder, digest, declaration, arms
        self._found: TwoTower | None = None

    def check(self) -> TwoTower:
        """Both towers, looked for.

        Raises:
            InvalidDeclaration: they are not there, or do not fit.
        """
        found = self._found = _towers_of(*self._named)
        return found

    def __call__(self) -> TwoTower:
        """Both towers, as they were found.

        Raises:
            Unavailable: they are not there, or do not fit.
        """
        if self._found is not None:
            return self._found
        try:
            return self.check()
        except InvalidDeclaration as problem:
            raise Unavailable(problem.message, hint=problem.hint) from problem


def _towers_of(folder: str, digest: str, declaration: Declaration, arms: bool) -> TwoTower:  # noqa: FBT001 - as `Folder`
    """What `folder` holds, if it is what `digest` says and reads what `declaration` tells; of `arms` too.

    Raises:
        InvalidDeclaration: no artefact there, one that was changed, of another digest or of other features.
    """
    try:
        towers = _read(folder, digest)
    except (Corrupt, NotFound) as problem:
        raise InvalidDeclaration(
            f"policy.belief.folder must hold what was learnt: {problem.message}", hint=problem.hint
        ) from problem
    except OSError as problem:
        raise InvalidDeclaration(
            f"policy.belief.folder must be a folder that can be read, it cannot: {problem.strerror}"
        ) from problem
    _refuse_unfit(towers, declaration, arms=arms)
    return towers


def _refuse_relative(folder: str) -> None:
    """Raises `InvalidDeclaration` where a path depends on who reads it."""
    if not Path(folder).is_absolute():
        raise InvalidDeclaration(
            f"policy.belief.folder must be an absolute path, got {folder!r}",
            hint="every process of an installation must find the same",
        )


@lru_cache(maxsize=MOST_HELD)
def _read(folder: str, digest: str) -> TwoTower:
    manifest = read_manifest(Path(folder))
    if manifest.digest != digest:
        raise InvalidDeclaration(
            f"policy.belief.digest must be that of the folder ({manifest.digest}), got {digest[:80]!r}",
            hint="an artefact of another learning: name its folder, or declare this one by its digest",
        )
    return read_towers(Path(folder), manifest)


def _refuse_unfit(towers: TwoTower, declaration: Declaration, *, arms: bool) -> None:
    """Raises where requests or arms tell other things than the towers read."""
    _refuse_others("context", towers.context, declaration.context)
    if arms and towers.item is not None:
        _refuse_others("arm_features", towers.arm_features, declaration.arm_features)
    encoder = encoder_of(declaration)
    if encoder.width != towers.query.width:
        raise InvalidDeclaration(
            f"the query tower reads {towers.query.width} columns, this context makes {encoder.width}",
            hint="leave interactions out: the tower makes its own",
        )


def _refuse_others(where: str, learnt: Schema, declared: Schema) -> None:
    learnt_plain, declared_plain = plain_schema(learnt), plain_schema(declared)
    if list(learnt_plain.items()) == list(declared_plain.items()):
        return
    names = {*learnt_plain, *declared_plain}
    other = sorted(
        name for name in names if learnt_plain.get(name) != declared_plain.get(name)
    ) or sorted(names)
    raise InvalidDeclaration(
        f"{where} must be what the towers learnt from, in that order; other: {', '.join(other)[:200]}",
        hint=f"{where} of the artefact's manifest.json",
    )
