"""The laws of an event log, as `tamesu.ports.EventLog` states them.

Refuses to hold what `sharing_contract` and `retention_contract` do.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamesu.base import Draft, Entry, Kind, Unavailable
from tamesu.testing.eventlog_bound import all_of, draft
from tamesu.testing.retention_contract import RetentionLaws
from tamesu.testing.sharing_contract import SharingLaws


class EventLogContract(SharingLaws, RetentionLaws):
    """Bind an adapter by a subclass that defines `make`, and say what it can do.

    Attributes:
        durable: what was appended is there when the log is made anew at the same place.
        elsewhere: `module:callable` that makes a log of a place in another process, none where
            processes cannot share one. Its arguments are the place and a clock.
        retires: it drops what it is told to; else `retire` drops nothing.
    """

    # Empty --------------------------------------------------------------------------------------

    def test_a_new_log_is_empty(self, tmp_path: Path) -> None:
        """Empty case: an empty answer, at once; start and end are 0."""
        with self.log(tmp_path) as (log, _):
            assert log.partitions >= 1
            for partition in range(log.partitions):
                assert list(log.read(partition, 0, 10)) == []
                assert log.end(partition) == 0
                assert log.start(partition) == 0

    def test_no_drafts_have_no_effect(self, tmp_path: Path) -> None:
        """Empty case: no drafts, no effect, an empty answer."""
        with self.log(tmp_path) as (log, _):
            assert list(log.append([])) == []
            assert all_of(log) == []

    # Order --------------------------------------------------------------------------------------

    def test_what_is_appended_is_read_back(self, tmp_path: Path) -> None:
        """One receipt per draft says where it landed; bytes and order are kept, whatever they are."""
        places = (tmp_path / str(number) for number in count())
        text = st.text(st.characters(codec="utf-8"), max_size=6)
        drafts = st.builds(Draft, text, st.sampled_from([k.value for k in Kind]), st.binary())

        @settings(max_examples=20)
        @given(st.lists(st.lists(drafts, min_size=1, max_size=5), max_size=5))
        def law(drawn: list[list[Draft]]) -> None:
            # Each draft is its own: repeats have a law of theirs.
            batches = [
                [
                    draft._replace(key=f"{draft.key}{place}/{number}")
                    for place, draft in enumerate(batch)
                ]
                for number, batch in enumerate(drawn)
            ]
            with self.log(next(places)) as (log, _):
                told = [
                    Entry(*receipt, *draft)
                    for batch in batches
                    for receipt, draft in zip(log.append(batch), batch, strict=True)
                ]
                assert all_of(log) == sorted(told, key=lambda entry: entry[:2])
                # Order: of what came later, the offset is greater.
                assert sorted(told, key=lambda entry: entry[:2]) == sorted(
                    told, key=lambda entry: entry[0]
                )

        law()

    def test_records_of_one_key_lie_in_one_partition(self, tmp_path: Path) -> None:
        """However they were appended."""
        with self.log(tmp_path) as (log, _):
            for number in range(60):
                log.append([draft(f"key-{number % 7}"), draft(f"key-{number % 5}")])
            homes: dict[str, set[int]] = {}
            for entry in all_of(log):
                homes.setdefault(entry.key, set()).add(entry.partition)
            assert all(len(partitions) == 1 for partitions in homes.values())

    def test_the_same_draft_again_is_a_new_entry(self, tmp_path: Path) -> None:
        """Duplicate case: the join drops repeats, never the log."""
        with self.log(tmp_path) as (log, _):
            once, again = log.append([draft("a"), draft("a")])
            (later,) = log.append([draft("a")])
            assert once.offset < again.offset < later.offset
            assert len(all_of(log)) == 3

    def test_a_large_body_is_kept(self, tmp_path: Path) -> None:
        """A megabyte, and nothing at all."""
        bodies = [bytes(range(256)) * 4096, b""]
        with self.log(tmp_path) as (log, _):
            log.append([Draft("a", Kind.DECISION.value, body) for body in bodies])
            assert [entry.body for entry in all_of(log)] == bodies

    # Time ---------------------------------------------------------------------------------------

    def test_received_is_the_clocks_millisecond(self, tmp_path: Path) -> None:
        """Stamped by the log, in whole milliseconds."""
        with self.log(tmp_path) as (log, clock):
            clock.set(1_700_000_000_123_999)
            (receipt,) = log.append([draft("a")])
            assert receipt.received == 1_700_000_000_123

    def test_received_never_falls(self, tmp_path: Path) -> None:
        """max(now, last received), when the clock steps back, and across a reopening."""
        with self.log(tmp_path) as (log, clock):
            (before,) = log.append([draft("a")])
            clock.move(-3_600_000_000)
            (after,) = log.append([draft("a")])
            assert after.received == before.received
        with self.log(tmp_path) as (log, clock):
            clock.move(-3_600_000_000)
            (anew,) = log.append([draft("a")])
            assert (anew.received == before.received) is self.durable

    # Reading ------------------------------------------------------------------------------------

    def test_reading_starts_where_it_is_told_and_stops_at_most(self, tmp_path: Path) -> None:
        """From `offset` inclusive, up to `most`; beyond the end nothing."""
        with self.log(tmp_path) as (log, _):
            receipts = log.append([draft("a") for _ in range(5)])
            partition, first, _ = receipts[0]
            offsets = [receipt.offset for receipt in receipts]

            def read(offset: int, most: int) -> list[int]:
                return [entry.offset for entry in log.read(partition, offset, most)]

            assert read(first, 100) == offsets
            assert read(offsets[2], 100) == offsets[2:]
            assert read(first, 2) == offsets[:2]
            assert read(first, 0) == []
            assert log.end(partition) == offsets[-1] + 1
            assert read(log.end(partition), 100) == []
            assert read(log.end(partition) + 100, 100) == []

    def test_the_entries_of_keys_are_those_read_and_picked(self, tmp_path: Path) -> None:
        """Between two offsets, in order, of any number of keys, whatever lies around them."""
        with self.log(tmp_path) as (log, _):
            for number in range(40):
                log.append([draft(f"key-{number % 7}"), draft(f"other-{number}")])
            for partition in range(log.partitions):
                there = log.read(partition, 0, 1_000)
                for keys in ({"key-1", "key-4", "never"}, {f"other-{n}" for n in range(1_500)}):
                    for start, end in ((0, 1_000), (5, 33), (33, 5), (7, 7)):
                        picked = [e for e in there if e.key in keys and start <= e.offset < end]
                        assert list(log.entries_of(partition, keys, start, end)) == picked
                assert list(log.entries_of(partition, [], 0, 1_000)) == []

    def test_upkeep_changes_nothing(self, tmp_path: Path) -> None:
        """Before the first append, and after some."""
        with self.log(tmp_path) as (log, _):
            log.upkeep()
            log.append([draft("a")])
            before = all_of(log)
            log.upkeep()
            assert all_of(log) == before
            log.append([draft("b")])
            assert all_of(log)[:-1] == before

    # Closing -------------------------------------------------------------------------------------

    def test_a_closed_log_refuses(self, tmp_path: Path) -> None:
        """A second close does nothing; an append is refused, not lost."""
        with self.log(tmp_path) as (log, _):
            log.append([draft("a")])
            log.close()
            log.close()
            with pytest.raises(Unavailable):
                log.append([draft("a")])
