"""Every law of `ArchiveContract` can fail."""

from __future__ import annotations

import dataclasses

import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.testing import ArchiveContract, single


class ForgetsScores(MemoryArchive):
    def write(self, stem, observations):
        zeros = observations.score * 0
        return super().write(stem, dataclasses.replace(observations, score=zeros))


class ReadsSorted(MemoryArchive):
    def read(self, files):
        return super().read(sorted(files, key=lambda file: file.name))


class KeepsTheFirst(MemoryArchive):
    def write(self, stem, observations):
        kept = dict(self._kept)
        file = super().write(stem, observations)
        self._kept |= kept
        return file


class NamesByStemAlone(MemoryArchive):
    def write(self, stem, observations):
        super().write(stem, observations)
        self._kept[stem] = observations
        return super().write(stem, observations).__replace__(name=stem)


class WritesNothing(MemoryArchive):
    def write(self, stem, observations):
        return super().write(stem, observations if len(observations) else single())


class SkipsWhatIsMissing(MemoryArchive):
    def read(self, files):
        return super().read([file for file in files if file.name in self._kept])


class TrustsTheManifest(MemoryArchive):
    def read(self, files):
        for file in files:
            yield self._kept[file.name]


class SharesOneArchive(MemoryArchive):
    kept: dict = {}  # noqa: RUF012 - that is what is wrong with it

    def __init__(self):
        self._kept = self.kept


BROKEN = {
    "test_what_is_written_is_read_back": ForgetsScores,
    "test_batches_come_in_the_manifests_order": ReadsSorted,
    "test_a_stem_written_again_replaces_the_file": KeepsTheFirst,
    "test_bandits_and_declarations_have_files_of_their_own": NamesByStemAlone,
    "test_no_rows_are_a_bug": WritesNothing,
    "test_a_missing_file_is_corruption": SkipsWhatIsMissing,
    "test_another_number_of_rows_is_corruption": TrustsTheManifest,
    "test_an_archive_made_anew_holds_what_was_written": SharesOneArchive,
}


@pytest.mark.parametrize("law", sorted(BROKEN))
def test_the_law_fails_on_what_breaks_it(law, must_fail):
    class Bound(ArchiveContract):
        durable = False

        def make(self, *_place):
            return BROKEN[law]()

    must_fail(Bound(), law)


def test_every_law_was_broken(laws_of):
    assert laws_of(ArchiveContract) == set(BROKEN)
