"""The Parquet archive: what its files look like to others, and what becomes of broken ones."""

from __future__ import annotations

import hashlib

import msgspec
import polars as pl
import pytest

from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.base import Corrupt, Unavailable
from tamesu.testing import difference, single


def said(file, path):
    """What a manifest would say of the file as it is now."""
    content = path.read_bytes()
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    return msgspec.structs.replace(file, bytes=len(content), digest=digest)


@pytest.fixture
def archive(tmp_path):
    return ParquetArchive(tmp_path)


def test_a_file_explains_itself(archive, tmp_path):
    file = archive.write("2-10-20", single("home", 3))
    assert file.name == "home/3/2-10-20.parquet"
    assert file.bytes == (tmp_path / file.name).stat().st_size
    footer = pl.read_parquet_metadata(tmp_path / file.name)
    assert (footer["v"], footer["bandit"], footer["declaration"]) == ("1", "home", "3")
    frame = pl.read_parquet(tmp_path / file.name)
    assert frame.select("arm", "terms.click", "draws", "context").rows() == [
        ("a", 1 << 20, None, None)
    ]


def test_only_whole_files_lie_in_the_folder(archive, tmp_path):
    file = archive.write("1-0-1", single())
    archive.write("1-0-1", single(position=4))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / file.name]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_torn_file_is_corrupt(archive, tmp_path, share):
    file = archive.write("1-0-1", single())
    path = tmp_path / file.name
    path.write_bytes(path.read_bytes()[: int(share * file.bytes)])
    with pytest.raises(Corrupt, match="hint: restore it"):
        list(archive.read([file]))


@pytest.mark.parametrize("start", [0, 200, -60])
def test_a_damaged_file_of_the_right_length_is_corrupt(archive, tmp_path, start):
    file = archive.write("1-0-1", single())
    path = tmp_path / file.name
    content = bytearray(path.read_bytes())
    content[start : start + 60 or None] = b"\xff" * 60
    path.write_bytes(content)
    with pytest.raises(Corrupt):
        list(archive.read([file]))


def test_a_file_of_another_program_is_corrupt(archive, tmp_path):
    file = archive.write("1-0-1", single())
    path = tmp_path / file.name
    path.write_bytes(b"PAR1" + bytes(100) + b"PAR1")
    with pytest.raises(Corrupt, match="readable observations"):
        list(archive.read([said(file, path)]))


def test_another_layout_is_corrupt(archive, tmp_path):
    file = archive.write("1-0-1", single())
    path = tmp_path / file.name
    pl.read_parquet(path).write_parquet(path, metadata={"v": "2", "bandit": "home"})
    now = said(file, path)
    with pytest.raises(Corrupt, match="layout v 1"):
        list(archive.read([now]))


def test_a_missing_column_is_corrupt(archive, tmp_path):
    file = archive.write("1-0-1", single())
    path = tmp_path / file.name
    footer = {"v": "1", "bandit": "home", "declaration": "1"}
    pl.read_parquet(path).drop("reward").write_parquet(path, metadata=footer)
    now = said(file, path)
    with pytest.raises(Corrupt, match="reward"):
        list(archive.read([now]))


def test_a_full_disk_leaves_no_half_file_and_the_old_one_stays(on_small_disk):
    told = on_small_disk("""
        from tamesu.adapters.archive.parquet import ParquetArchive
        from tamesu.testing import single
        archive = ParquetArchive(place / "archive")
        kept = archive.write("1-0-1", single())
        fill()
        told["again"] = error(archive.write, "1-0-1", single(position=7))
        told["other"] = error(archive.write, "1-1-2", single())
        told["files"] = [path.name for path in (place / "archive").rglob("*") if path.is_file()]
        told["old"] = [int(batch.position[0]) for batch in archive.read([kept])]
        empty()
        told["freed"] = error(archive.write, "1-1-2", single())[0]
    """)
    for which in ("again", "other"):
        kind, message = told[which]
        assert kind == "Unavailable"
        assert "No space left" in message
        assert "hint: see that its folder" in message
    assert told["files"] == ["1-0-1.parquet"]
    assert told["old"] == [0]
    assert told["freed"] == "no error"


def test_a_read_only_folder_is_unavailable(on_small_disk):
    told = on_small_disk("""
        from tamesu.adapters.archive.parquet import ParquetArchive
        from tamesu.testing import single
        archive = ParquetArchive(place / "archive")
        kept = archive.write("1-0-1", single())
        remount("ro")
        told["write"] = error(archive.write, "1-1-2", single())
        told["read"] = error(lambda: len(list(archive.read([kept]))))
    """)
    assert told["write"][0] == "Unavailable"
    assert "Read-only" in told["write"][1]
    assert told["read"] == ["no error", "1"]


def test_a_file_in_the_way_of_a_folder_is_unavailable(archive, tmp_path):
    (tmp_path / "home").write_text("in the way")
    with pytest.raises(Unavailable):
        archive.write("1-0-1", single())


def test_the_same_rows_make_the_same_bytes(archive, tmp_path):
    """A batch repeated after a crash leaves what the first try would have left."""
    first = archive.write("1-0-1", single())
    content = (tmp_path / first.name).read_bytes()
    again = archive.write("1-0-1", single())
    assert (tmp_path / again.name).read_bytes() == content
    (read,) = archive.read([again])
    assert difference(read, single()) == ""
