"""Every law of `ArmSourceContract` can fail, and catches what breaks it alone."""

from __future__ import annotations

import json

import pytest

from tamesu.adapters.armsource.jsonlines import JsonLinesArmSource
from tamesu.base import InvalidInput, NotFound, WantedArm
from tamesu.testing import ArmSourceContract


class Sorts(JsonLinesArmSource):
    def read(self):
        return sorted(super().read(), key=lambda arm: arm.id)


class LosesMetadata(JsonLinesArmSource):
    def read(self):
        return [
            arm
            if arm.metadata is None or arm.features is not None
            else WantedArm(id=arm.id, metadata={})
            for arm in super().read()
        ]


class LosesFeaturesInColumns(JsonLinesArmSource):
    def read(self):
        return [
            arm if arm.metadata else WantedArm(id=arm.id, metadata=arm.metadata)
            for arm in super().read()
        ]


class LosesFeaturesBesideMetadata(JsonLinesArmSource):
    def read(self):
        return [
            WantedArm(id=arm.id, metadata=arm.metadata) if arm.metadata else arm
            for arm in super().read()
        ]


class ForgetsMetadataThatItWasNotTold(JsonLinesArmSource):
    def read(self):
        return [
            arm if arm.features is not None else WantedArm(id=arm.id, metadata=arm.metadata or {})
            for arm in super().read()
        ]


class TakesNothingForAnAnswer(JsonLinesArmSource):
    def read(self):
        try:
            return super().read()
        except InvalidInput as error:
            if "holds none" not in error.message:
                raise
        return []


class TakesTheFirst(JsonLinesArmSource):
    def read(self):
        try:
            return super().read()
        except InvalidInput as error:
            if "stand once" not in error.message:
                raise
        ids = dict.fromkeys(json.loads(line)["id"] for line in self._path.read_text().splitlines())
        return [WantedArm(id=each, metadata=None) for each in ids]


class LeavesOutWhatIsWrong(JsonLinesArmSource):
    def read(self):
        try:
            return super().read()
        except InvalidInput as error:
            if "got nothing" not in error.message:
                raise
        return []


class Remembers(JsonLinesArmSource):
    _read = None

    def read(self):
        self._read = self._read or super().read()
        return self._read


class SaysItIsWrongWhereItIsMissing(JsonLinesArmSource):
    def read(self):
        try:
            return super().read()
        except NotFound as error:
            raise InvalidInput(error.message) from error


class HasANameThatRings(JsonLinesArmSource):
    @property
    def name(self):
        return f"{super().name}\x07"


BROKEN = {
    "test_arms_come_in_the_sources_order": Sorts,
    "test_other_columns_are_metadata": LosesMetadata,
    "test_columns_of_features_are_no_metadata": LosesFeaturesInColumns,
    "test_features_may_stand_in_one_column": LosesFeaturesBesideMetadata,
    "test_ids_alone_say_nothing_of_metadata": ForgetsMetadataThatItWasNotTold,
    "test_a_source_without_arms_is_refused": TakesNothingForAnAnswer,
    "test_an_arm_that_stands_twice_is_refused_with_both_places": TakesTheFirst,
    "test_a_row_that_is_no_arm_is_refused_with_its_place": LeavesOutWhatIsWrong,
    "test_it_is_read_anew_each_time": Remembers,
    "test_what_is_not_there_is_told_so": SaysItIsWrongWhereItIsMissing,
    "test_its_name_is_a_line_that_people_read": HasANameThatRings,
}


@pytest.mark.parametrize("law", sorted(BROKEN))
def test_the_law_catches_what_breaks_it_and_no_other_law_does(law, caught_on):
    class Bound(ArmSourceContract):
        def make(self, place, rows):
            (place / "arms.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
            return BROKEN[law](place / "arms.jsonl")

        def missing(self, place):
            return BROKEN[law](place / "none.jsonl")

    caught_on(Bound(), law)


def test_every_law_was_broken(laws_of):
    assert laws_of(ArmSourceContract) == set(BROKEN)
