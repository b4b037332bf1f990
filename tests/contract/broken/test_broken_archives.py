"""Every law of `ArchiveContract` can fail, each alone."""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np
import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.testing import ArchiveContract, single


class ForgetsUnits(MemoryArchive):
    def write(self, stem, observations):
        nobody = np.full(len(observations), None, dtype=np.object_)
        return super().write(stem, dataclasses.replace(observations, unit=nobody))


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
        bandit, _, stem = file.name.split("/")
        file = msgspec.structs.replace(file, name=f"{bandit}/{stem}")
        self._kept[file.name] = observations
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
    def _read(self, file):
        path = self._folder / file.name
        if path.exists():
            path.write_bytes(path.read_bytes()[: file.bytes])
        return super()._read(file)


class StartsEmpty(ParquetArchive):
    def __init__(self, folder):
        super().__init__(folder)
        for file in folder.rglob("*.parquet"):
            file.unlink()


BROKEN = {
    "test_what_is_written_is_read_back": ForgetsUnits,
    "test_batches_come_in_the_manifests_order": ReadsEachOnce,
    "test_a_stem_written_again_replaces_the_file": KeepsTheFirst,
    "test_bandits_and_declarations_have_files_of_their_own": NamesWithoutTheDeclaration,
    "test_no_rows_are_a_bug": WritesNothing,
    "test_a_missing_file_is_corruption": SkipsWhatIsMissing,
    "test_another_number_of_rows_is_corruption": TrustsTheManifest,
    "test_a_torn_or_damaged_file_is_corruption": IgnoresWhatFollows,
    "test_an_archive_made_anew_holds_what_was_written": StartsEmpty,
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
