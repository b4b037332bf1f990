"""The laws of commands and rosters, a part of those of a store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tamesu.base import Arm, Backpressure, Command, Conflict, Effect, Refusal, Roster, Time
from tamesu.ports import Store
from tamesu.ports.store import MOST_WAITING
from tamesu.testing.commits import LASTS_US, NOW, THREADS, commit_of, snapshot_of, together

BODY = {"add": ["a", {"id": "ü", "metadata": {"deep": [1, 2.5, None, {"x": True}]}}]}


class CommandsContract:
    """What servers ask and the trainer answers, and the rosters that come of it."""

    def make(self, place: Path) -> Store:
        """A store at the path `place`, new if nothing is there."""
        raise NotImplementedError

    def test_a_command_waits_until_its_effect_is_committed(self, tmp_path: Path) -> None:
        """As it was asked, to the bit; afterwards it shows its effect and waits no more."""
        with self._store(tmp_path) as store:
            assert list(store.waiting()) == []
            assert store.command(1) is None
            asked = store.ask("home", "arms", BODY, NOW)
            assert asked == Command(number=1, bandit="home", kind="arms", body=BODY, asked=NOW)
            assert list(store.waiting()) == [asked]
            assert store.command(1) == asked
            done = [_done(asked, told={"added": 2})]
            store.commit(commit_of(store.lease("one", NOW, LASTS_US), commands=done))
            assert list(store.waiting()) == []
            assert store.command(1) == done[0]

    def test_commands_are_numbered_as_they_were_asked(self, tmp_path: Path) -> None:
        """From 1, over all bandits, also after some are done; and they wait in that order."""
        with self._store(tmp_path) as store:
            asked = [store.ask(f"b-{n % 3}", "arms", {}, Time(NOW - n)) for n in range(5)]
            assert [command.number for command in asked] == [1, 2, 3, 4, 5]
            assert list(store.waiting()) == asked
            lease = store.lease("one", NOW, LASTS_US)
            store.commit(commit_of(lease, commands=[_done(asked[4]), _done(asked[1])]))
            assert list(store.waiting()) == [asked[0], asked[2], asked[3]]
            assert store.ask("home", "arms", {}, NOW).number == 6

    def test_of_many_that_ask_at_once_each_has_a_number(self, tmp_path: Path) -> None:
        """Concurrent case: none is lost, none has another's."""
        with self._store(tmp_path) as store:

            def ask(caller: int) -> list[Command]:
                return [store.ask(f"b-{caller}", "arms", {"n": n}, NOW) for n in range(5)]

            asked = [command for theirs in together(ask) for command in theirs]
            assert sorted(command.number for command in asked) == list(range(1, 5 * THREADS + 1))
            assert list(store.waiting()) == sorted(asked, key=lambda command: command.number)

    def test_an_effect_is_given_once(self, tmp_path: Path) -> None:
        """Refused whole: for a command that has one, and for one that nobody asked."""
        with self._store(tmp_path) as store:
            lease = store.lease("one", NOW, LASTS_US)
            done = _done(store.ask("home", "arms", BODY, NOW))
            store.commit(commit_of(lease, commands=[done]))
            waits = store.ask("home", "arms", BODY, NOW)
            other = _done(done, refusal=Refusal(code="conflict", detail="too late"))
            for wrong in (other, msgspec.structs.replace(other, number=7)):
                new = [snapshot_of("home", 1)]
                with pytest.raises(Conflict):
                    store.commit(commit_of(lease, snapshots=new, commands=[_done(waits), wrong]))
            assert store.command(done.number) == done
            assert list(store.waiting()) == [waits]
            assert store.snapshot("home") is None

    def test_only_so_many_may_wait(self, tmp_path: Path) -> None:
        """One more is refused and not kept, until the trainer has taken one."""
        with self._store(tmp_path) as store:
            asked = [store.ask("home", "arms", {}, NOW) for _ in range(MOST_WAITING)]
            with pytest.raises(Backpressure):
                store.ask("home", "arms", {}, NOW)
            assert len(store.waiting()) == MOST_WAITING
            lease = store.lease("one", NOW, LASTS_US)
            store.commit(commit_of(lease, commands=[_done(asked[0])]))
            store.ask("home", "arms", {}, NOW)
            with pytest.raises(Backpressure):
                store.ask("home", "arms", {}, NOW)

    def test_a_roster_is_kept_to_the_bit(self, tmp_path: Path) -> None:
        """Arms, their order and their metadata, beside the snapshot that names it."""
        with self._store(tmp_path) as store:
            assert store.roster("home", 1) is None
            rosters = [roster_of("home", 1), roster_of("home", 2), roster_of("away", 1)]
            snapshot = msgspec.structs.replace(snapshot_of("home", 1), roster=2)
            lease = store.lease("one", NOW, LASTS_US)
            store.commit(commit_of(lease, snapshots=[snapshot], rosters=rosters))
            assert store.snapshot("home") == snapshot
            assert [store.roster(one.bandit, one.number) for one in rosters] == rosters
            assert store.roster("home", 0) is None
            assert store.roster("away", 2) is None

    def test_a_roster_number_is_taken_once(self, tmp_path: Path) -> None:
        """Refused whole: what a snapshot names never changes."""
        with self._store(tmp_path) as store:
            lease = store.lease("one", NOW, LASTS_US)
            store.commit(commit_of(lease, rosters=[roster_of("home", 1)]))
            asked = store.ask("home", "arms", BODY, NOW)
            other = msgspec.structs.replace(roster_of("home", 1), retired=())
            with pytest.raises(Conflict):
                store.commit(
                    commit_of(lease, rosters=[roster_of("home", 2), other], commands=[_done(asked)])
                )
            assert store.roster("home", 1) == roster_of("home", 1)
            assert store.roster("home", 2) is None
            assert list(store.waiting()) == [asked]

    @contextlib.contextmanager
    def _store(self, place: Path) -> Iterator[Store]:
        with contextlib.closing(self.make(place / "store")) as store:
            yield store


def roster_of(bandit: str, number: int) -> Roster:
    """A roster of two active arms and a retired one."""
    return Roster(
        bandit=bandit,
        number=number,
        created=Time(NOW + number),
        active=(Arm(id="z"), Arm(id="ü", metadata={"deep": [1, 2.5, None, {"x": True}]})),
        retired=(Arm(id=f"old-{number}"),),
    )


def _done(command: Command, *, told: object = None, refusal: Refusal | None = None) -> Command:
    effect = Effect(at=NOW, snapshot=1, roster=1, read=(3, 0), told={"told": told}, refusal=refusal)
    return msgspec.structs.replace(command, effect=effect)
