"""Stores that keep the past, the manifest or corrections wrongly, each by the law that it breaks."""

from __future__ import annotations

import time

import msgspec

from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import Conflict

LONG_S = 0.01
"""Between looking and writing, where nothing locks: others come in between."""


class ListsStatesToo(MemoryStore):
    def snapshots(self, bandit):
        return [self.snapshot(bandit, each.version) for each in super().snapshots(bandit)]


class ThinsTheNewest(MemoryStore):
    def thin(self, lease, bandit, versions):
        newest = self.versions().get(bandit)
        gone = super().thin(lease, bandit, versions)
        if newest in versions:
            del self._snapshots[bandit][newest]
        return gone


class ThinsForTheStale(MemoryStore):
    def thin(self, lease, bandit, versions):
        return super().thin(self._lease, bandit, versions)


class PinsWhatIsNotThere(MemoryStore):
    def pin(self, bandit, version, *, pinned):
        if version in self._snapshots.get(bandit, {}):
            super().pin(bandit, version, pinned=pinned)


class NeverLetsGo(MemoryStore):
    def commit(self, commit):
        kept = [each for each in commit.deferred if each.state]
        super().commit(msgspec.structs.replace(commit, deferred=kept))


class NumbersAnew(MemoryStore):
    """A declaration that comes by a commit gets the next number, whatever it says."""

    def commit(self, commit):
        next_ = [
            each._replace(number=len(self._declared[each.declaration.name]) + 1)
            for each in commit.declarations
        ]
        super().commit(msgspec.structs.replace(commit, declarations=next_))


class DeclaresAgainUnderAnyNumber(MemoryStore):
    def declare(self, declaration, now, number=1):
        if number != 1:
            number = len(self._declared.get(declaration.name, ())) + 1
        return super().declare(declaration, now, number)


class ListsCommandsThatWait(MemoryStore):
    def commands(self, bandit=None):
        return [each for each in self._commands.values() if bandit in (None, each.bandit)]


class MixesKinds(MemoryStore):
    def files(self, holds=None):
        return super().files()


class KeepsWhatIsRemoved(MemoryStore):
    def arrange(self, lease, add, remove, archived=None):
        super().arrange(lease, add, remove, archived)
        self._files |= {file.name: file for file in remove}


class ArrangesByHalves(MemoryStore):
    def arrange(self, lease, add, remove, archived=None):
        try:
            super().arrange(lease, add, remove, archived)
        except Conflict:
            self._archived = dict(enumerate(archived))
            raise


class ForgetsWhatIsArchived(MemoryStore):
    def arrange(self, lease, add, remove, archived=None):
        super().arrange(lease, add, remove, archived)
        if archived is None:
            self._archived = {}


class TakesNoneForZero(MemoryStore):
    def corrections(self, *, waiting, most=None):
        found = super().corrections(waiting=waiting, most=most)
        return [
            msgspec.structs.replace(
                each,
                observation=msgspec.structs.replace(
                    each.observation, previous_reward=each.observation.previous_reward or 0
                ),
            )
            for each in found
        ]


class JudgesOneBanditAtATime(MemoryStore):
    def correct(self, lease, found, judged=None):
        if judged:
            self._judged = {}
        return super().correct(lease, found, judged)


class OverwritesCorrections(MemoryStore):
    def correct(self, lease, found, judged=None):
        kept = super().correct(lease, found, judged)
        self._corrections |= {each.key: each for each in found}
        return kept


class WaitsByName(MemoryStore):
    def corrections(self, *, waiting, most=None):
        found = super().corrections(waiting=waiting)
        return sorted(found, key=lambda each: each.key)[:most]


class FindsTheOneAfterToo(MemoryStore):
    def corrections_of(self, bandit, after, until):
        return super().corrections_of(bandit, after - 1, until)


class TakesAnyCorrection(MemoryStore):
    def commit(self, commit):
        waits = {each.key for each in self.corrections(waiting=True)}
        taken = [each for each in commit.corrections if each.key in waits]
        super().commit(msgspec.structs.replace(commit, corrections=taken))


class KeepsForTheStale(MemoryStore):
    def correct(self, lease, found, judged=None):
        return super().correct(self._lease, found, judged)


class KeepsWithoutALock(MemoryStore):
    """Looks which are new, lets others run, and keeps them."""

    def correct(self, lease, found, judged=None):
        self._refuse_stale(lease)
        new = {each.key for each in found} - self._corrections.keys()
        time.sleep(LONG_S)
        super().correct(lease, found, judged)
        return len(new)


BROKEN_PASTS = {
    "test_kept_snapshots_are_listed_without_their_states": ListsStatesToo,
    "test_thinning_spares_the_newest_and_the_pinned": ThinsTheNewest,
    "test_a_stale_trainer_thins_nothing": ThinsForTheStale,
    "test_a_pin_holds_until_it_is_taken_away": PinsWhatIsNotThere,
    "test_what_was_deferred_is_replaced_and_let_go": NeverLetsGo,
    "test_declarations_are_numbered_one_after_another": NumbersAnew,
    "test_a_name_is_declared_again_under_its_next_number": DeclaresAgainUnderAnyNumber,
    "test_commands_that_took_effect_are_listed": ListsCommandsThatWait,
    "test_files_are_listed_by_what_they_hold": MixesKinds,
    "test_arranging_puts_files_in_the_place_of_others": KeepsWhatIsRemoved,
    "test_a_refused_arrangement_changes_nothing": ArrangesByHalves,
    "test_archived_offsets_change_when_told": ForgetsWhatIsArchived,
    "test_a_correction_is_kept_to_the_bit": TakesNoneForZero,
    "test_a_correction_is_kept_once": OverwritesCorrections,
    "test_corrections_wait_in_their_order_until_taken": WaitsByName,
    "test_what_snapshots_of_a_bandit_took_is_found": FindsTheOneAfterToo,
    "test_a_correction_is_taken_once": TakesAnyCorrection,
    "test_up_to_where_was_judged_is_kept_with_what_was_found": JudgesOneBanditAtATime,
    "test_a_stale_job_keeps_nothing": KeepsForTheStale,
    "test_of_many_that_keep_the_same_at_once_one_does": KeepsWithoutALock,
}
