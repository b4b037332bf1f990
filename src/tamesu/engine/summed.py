"""`summed`: a bandit's archive summed up, and the state that this makes against the one that is served.

Two ways to one state: the trainer learns row by row, in batches, with corrections; here rows are counted,
and the counts learnt at once. Refuses to compare where the two are not to be the same, and says why.
"""

from __future__ import annotations

from dataclasses import dataclass

from tamesu.base import Bug, NotFound, Snapshot, Status, Sum, Unavailable
from tamesu.engine.aggregation import aggregate, outdated
from tamesu.policy import compose
from tamesu.ports import Aggregates, Archive, Group, Holds, Store
from tamesu.train import added, is_counted, state_of

TRIES = 20
"""How often store and archive are looked at again, where the trainer commits in between."""


@dataclass(frozen=True)
class Summed:
    """What a bandit's archive adds up to.

    Attributes:
        bandit: its name.
        sums: by declaration, by hour and arm.
        version: of the snapshot it was held against; 0 is the prior.
        is_equal: whether both states are the same, bit for bit; none where they are not to be.
        why: why they are not to be; empty otherwise.
    """

    bandit: str
    sums: dict[int, list[Sum]]
    version: int
    is_equal: bool | None
    why: str


def summed(store: Store, archive: Archive, aggregates: Aggregates, bandit: str) -> Summed:
    """Brings the sums of `bandit` up to date and holds them against what is served.

    Safe beside a running trainer: what is compared is what was so at one moment.

    Raises:
        NotFound: there never was a bandit of this name.
        Unavailable: the trainer commits faster than this can look; or a port is down.
        Corrupt: a file cannot be read.
    """
    known = store.declarations()
    if bandit not in known:
        raise NotFound.bandit(bandit, known)
    for _ in range(TRIES):
        before = store.snapshot(bandit)
        stale = {
            group: files
            for group, files in outdated(store, aggregates).items()
            if group.bandit == bandit
        }
        wanted = sum(file.rows for file in store.files(Holds.OBSERVATIONS) if file.bandit == bandit)
        if _version(store.snapshot(bandit)) != _version(before):
            continue
        for group, files in stale.items():
            for _ in aggregate(archive, aggregates, group, files):
                pass
        groups = [group for group in aggregates.rows() if group.bandit == bandit]
        if sum(aggregates.rows()[group] for group in groups) < wanted:
            raise Bug(f"the sums of {bandit!r} must be of {wanted} rows at least, they are not")
        if _version(store.snapshot(bandit)) == _version(before):
            sums = _by_declaration(aggregates, groups)
            return _compared(store, bandit, before, sums)
    raise Unavailable(
        f"bandit {bandit!r} learns faster than its archive can be summed up",
        hint="try again when it is calm, or freeze it meanwhile",
    )


def _by_declaration(aggregates: Aggregates, groups: list[Group]) -> dict[int, list[Sum]]:
    sums: dict[int, list[Sum]] = {}
    for group, part in zip(groups, aggregates.read(groups), strict=True):
        sums.setdefault(group.declaration, []).extend(part)
    return {number: added(sums[number]) for number in sorted(sums)}


def _compared(
    store: Store, bandit: str, snapshot: Snapshot | None, sums: dict[int, list[Sum]]
) -> Summed:
    newest = store.declarations()[bandit].number
    if snapshot is None or (snapshot.status is Status.DELETED and newest > snapshot.declaration):
        return Summed(bandit, sums, _version(snapshot), None, "nothing was learnt yet")
    declared = store.declared(bandit, snapshot.declaration)
    if declared is None:
        raise Bug(f"declaration {snapshot.declaration} of {bandit!r} must be there, it is not")
    declaration = declared.declaration
    why = (
        _why_not(store, snapshot)
        if is_counted(declaration)
        else "its state is more than counts by arm"
    )
    if why:
        return Summed(bandit, sums, snapshot.version, None, why)
    by_arm: dict[str, Sum] = {}
    for number, parts in sums.items():
        for part in parts if number >= snapshot.learns_from else ():
            by_arm[part.arm] = by_arm[part.arm] + part if part.arm in by_arm else part
    policy = compose(declaration)
    is_equal = policy.encode(state_of(policy, by_arm)) == snapshot.state
    return Summed(bandit, sums, snapshot.version, is_equal, "")


def _why_not(store: Store, snapshot: Snapshot) -> str:
    """Why what is served is not all that was observed; empty if it is to be."""
    if snapshot.status is not Status.LEARNING:
        return f"it is {snapshot.status.value.replace('_', ' ')} and does not learn"
    why = ""
    for command in store.commands(snapshot.bandit):
        effect = command.effect
        if effect is None or effect.refusal is not None:
            continue
        if command.kind == "rollback":
            why = f"it was rolled back at snapshot {effect.snapshot}"
        elif command.kind == "delete" or effect.told.get("state") == "new":
            why = ""
        elif effect.told.get("state") == "warm":
            why = f"it began warm at snapshot {effect.snapshot}"
    return why


def _version(snapshot: Snapshot | None) -> int:
    return 0 if snapshot is None else snapshot.version
