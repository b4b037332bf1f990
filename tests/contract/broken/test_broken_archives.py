"""Every law of `ArchiveContract` can fail, each alone."""

from __future__ import annotations

import dataclasses
import hashlib

import msgspec
import numpy as np
import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.base import Time
from tamesu.ports import Holds, Kept
from tamesu.testing import ArchiveContract, single


class ForgetsUnits(MemoryArchive):
    def write(self, stem, observations):
        nobody = np.full(len(observations), None, dtype=np.object_)
        return super().write(stem, dataclasses.replace(observations, unit=nobody))


class WritesTheFirstAgain(MemoryArchive):
    def write_all(self, stem, groups):
        files = super().write_all(stem, groups)
        for file in files:
            self._kept[file.name] = groups[0]
        return files


class ReadsEachOnce(MemoryArchive):
    def read(self, files):
        return super().read({file.name: file for file in files}.values())


class KeepsTheFirst(MemoryArchive):
    def write(self, stem, observations):
        kept = dict(self._kept)
        file = super().write(stem, observations)
        self._kept |= kept
        return file


class NamesWithoutTheDeclaration(MemoryArchive):
    def write(self, stem, observations):
        file = super().write(stem, observations)
        if stem != "1-0-9":
            return file  # so that what is merged is of one folder only where it should be
        bandit, _, stem = file.name.split("/")
        file = msgspec.structs.replace(file, name=f"{bandit}/0/{stem}", rows=len(observations))
        self._kept[file.name] = self._kept.pop(f"{bandit}/{observations.declaration}/{stem}")
        return file


class WritesNothing(MemoryArchive):
    def write(self, stem, observations):
        return super().write(stem, observations if len(observations) else single())


class SkipsWhatIsMissing(MemoryArchive):
    def read(self, files):
        there = [file for file in files if file.name in self._kept]
        return super().read(there if self._kept else files)


class TrustsTheManifest(MemoryArchive):
    def read(self, files):
        for file in files:
            found = self._kept.get(file.name)
            rows = file.rows if found is None else len(found)
            yield from super().read([msgspec.structs.replace(file, rows=rows)])


class IgnoresWhatFollows(ParquetArchive):
    def read(self, files):
        for file in files:
            path = self._folder / file.name
            if path.exists():
                path.write_bytes(path.read_bytes()[: file.bytes])
            yield from super().read([file])


class StartsEmpty(ParquetArchive):
    def __init__(self, folder):
        super().__init__(folder)
        for file in folder.rglob("*.parquet"):
            file.unlink()


class ForgetsWhenTheyWereReceived(MemoryArchive):
    def read_records(self, files, keys=None):
        for entries in super().read_records(files, keys):
            yield [entry._replace(received=1) for entry in entries]


class ReadsWhateverTheKey(MemoryArchive):
    def read_records(self, files, keys=None):
        return super().read_records(files, None if keys else keys)


class OutlinesFirstRowsAlone(MemoryArchive):
    def outlines(self, files):
        return (outline.take(slice(1)) for outline in super().outlines(files))


class SamplesWhoseNameBeginsAlike(MemoryArchive):
    def sampled(self, files, bandit, ending):
        for entries in self.read_records(files):
            yield [
                one for one in entries if one.key.startswith(bandit) and one.key.endswith(ending)
            ]


class HearsDecisions(MemoryArchive):
    def heard(self, file, since, until):
        (entries,) = self.read_records([file])
        moments = ((one.key, one.received * 1000) for one in entries)
        return {key: moment for key, moment in moments if since <= moment < until}


class SaysNothingOfTime(MemoryArchive):
    def write_records(self, stem, records):
        return msgspec.structs.replace(super().write_records(stem, records), newest=Time(0))


class TakesAnyRecords(MemoryArchive):
    def write_records(self, stem, records):
        one = {entry.offset: entry for entry in records if entry.partition == records[0].partition}
        return super().write_records(stem, [one[offset] for offset in sorted(one)])


class BelievesWhatItFinds(ParquetArchive):
    def read_records(self, files, keys=None):
        for file in files:
            path = self._folder / file.name
            if keys is not None and path.exists():
                content = path.read_bytes()
                digest = hashlib.blake2b(content, digest_size=16).hexdigest()
                file = msgspec.structs.replace(file, bytes=len(content), digest=digest)  # noqa: PLW2901 - what it believes
            yield from super().read_records([file], keys)


class ForgetsWhy(MemoryArchive):
    def read_aside(self, files):
        for kept in super().read_aside(files):
            yield [Kept(msgspec.structs.replace(one.aside, reason=""), one.entry) for one in kept]


class SaysNothingOfTimeAside(MemoryArchive):
    def write_aside(self, stem, kept):
        return msgspec.structs.replace(super().write_aside(stem, kept), newest=Time(0))


class TakesTheFirstBandit(MemoryArchive):
    def write_aside(self, stem, kept):
        mine = [one for one in kept if one.aside.bandit == kept[0].aside.bandit]
        return super().write_aside(stem, mine)


class GivesWhatIsThere(MemoryArchive):
    def read_aside(self, files):
        for file in files:
            yield self._content(file)


class MergesBackwards(MemoryArchive):
    def merge(self, stem, files):
        file = super().merge(stem, files)
        if file.holds is Holds.ASIDE:
            self._kept[file.name].reverse()
        return file


class MergesAsNamed(MemoryArchive):
    def merge(self, stem, files):
        file = super().merge(stem, files)
        if file.holds is Holds.RECORDS:
            self._kept[file.name] = [row for part in self.read_records(files) for row in part]
        return file


class ForgetsOtherTerms(MemoryArchive):
    def merge(self, stem, files):
        file = super().merge(stem, files)
        if file.holds is Holds.OBSERVATIONS:
            (first, *_) = self.read(files)
            kept = self._kept[file.name]
            terms = {name: kept.terms[name] for name in first.terms}
            self._kept[file.name] = dataclasses.replace(kept, terms=terms)
        return file


class MergesAndRemoves(MemoryArchive):
    def merge(self, stem, files):
        file = super().merge(stem, files)
        if len(files) == 3 and file.holds is Holds.RECORDS:
            self.remove([one.name for one in files])
        return file


class MergesTheFirstFolder(MemoryArchive):
    def merge(self, stem, files):
        return super().merge(stem, [one for one in files if one.folder == files[0].folder])


class NamesOneKind(MemoryArchive):
    def names(self):
        return {name for name in super().names() if not name.startswith("_")}


class RemovesNothing(MemoryArchive):
    def __init__(self):
        super().__init__()
        self._gone = set()

    def remove(self, names):
        there = (set(names) & set(self._kept)) - self._gone
        self._gone |= there
        return len(there) if super().remove([n for n in names if n not in self._kept]) == 0 else 0


class RemovesAnything(MemoryArchive):
    def remove(self, names):
        return sum(self._kept.pop(name, None) is not None for name in names)


class NamesStrangers(ParquetArchive):
    def names(self):
        found = self._folder.rglob("*")
        return {path.relative_to(self._folder).as_posix() for path in found if path.is_file()}


BROKEN = {
    "test_what_is_written_is_read_back": ForgetsUnits,
    "test_many_are_written_as_each_is": WritesTheFirstAgain,
    "test_an_outline_is_that_of_what_is_read": OutlinesFirstRowsAlone,
    "test_batches_come_in_the_manifests_order": ReadsEachOnce,
    "test_a_stem_written_again_replaces_the_file": KeepsTheFirst,
    "test_bandits_and_declarations_have_files_of_their_own": NamesWithoutTheDeclaration,
    "test_no_rows_are_a_bug": WritesNothing,
    "test_a_missing_file_is_corruption": SkipsWhatIsMissing,
    "test_another_number_of_rows_is_corruption": TrustsTheManifest,
    "test_a_torn_or_damaged_file_is_corruption": IgnoresWhatFollows,
    "test_an_archive_made_anew_holds_what_was_written": StartsEmpty,
    "test_records_are_read_back_in_log_order": ForgetsWhenTheyWereReceived,
    "test_only_the_records_of_some_keys_are_read": ReadsWhateverTheKey,
    "test_a_sample_is_of_one_bandit_and_of_decisions_that_end_alike": SamplesWhoseNameBeginsAlike,
    "test_keys_are_known_by_when_their_events_were_received": HearsDecisions,
    "test_a_file_of_records_says_which_part_of_the_log_it_has": SaysNothingOfTime,
    "test_what_is_no_part_of_the_log_is_a_bug": TakesAnyRecords,
    "test_a_damaged_file_of_records_is_corruption": BelievesWhatItFinds,
    "test_what_was_set_aside_is_read_back": ForgetsWhy,
    "test_a_file_of_what_was_set_aside_says_of_whom": SaysNothingOfTimeAside,
    "test_what_was_set_aside_of_two_bandits_is_a_bug": TakesTheFirstBandit,
    "test_a_file_of_another_kind_is_a_bug": GivesWhatIsThere,
    "test_merged_files_read_as_they_did_one_after_another": MergesBackwards,
    "test_records_are_merged_into_log_order": MergesAsNamed,
    "test_terms_that_one_of_them_lacks_are_nothing": ForgetsOtherTerms,
    "test_merging_leaves_what_was_merged": MergesAndRemoves,
    "test_only_files_of_one_folder_are_merged": MergesTheFirstFolder,
    "test_what_was_written_lies_there": NamesOneKind,
    "test_what_is_removed_is_gone": RemovesNothing,
    "test_what_it_would_not_write_it_does_not_remove": RemovesAnything,
    "test_half_a_file_is_ours_and_a_strangers_is_not": NamesStrangers,
}


class InMemory(ArchiveContract):
    durable = False

    def make(self, _place):
        return self.broken()

    def path(self, _place, _file):
        return None


class InFiles(ArchiveContract):
    def make(self, place):
        return self.broken(place)

    def path(self, place, file):
        return place / file.name


@pytest.mark.parametrize("law", sorted(BROKEN))
def test_the_law_fails_on_what_breaks_it_and_no_other_does(law, caught_on):
    suite = InFiles() if issubclass(BROKEN[law], ParquetArchive) else InMemory()
    suite.broken = BROKEN[law]
    caught_on(suite, law)


def test_every_law_was_broken(laws_of):
    assert laws_of(ArchiveContract) == set(BROKEN)
