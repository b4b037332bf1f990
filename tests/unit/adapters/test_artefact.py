"""What a two-tower policy has learnt comes back from its folder as it was, or is refused by name."""

from __future__ import annotations

import hashlib
import io
import json

import numpy as np
import pytest
from towers import towers_of

from tamesu.adapters.artefact.folder import read_manifest, read_towers, write_towers
from tamesu.base import Conflict, Corrupt, InvalidInput, NotFound


@pytest.mark.parametrize("item", [True, False])
def test_it_comes_back_as_it_was(tmp_path, item):
    towers = towers_of(item=item)
    digest = write_towers(tmp_path / "deep" / "one", towers)
    again = read_towers(tmp_path / "deep" / "one")
    assert again.context == towers.context
    assert again.arm_features == towers.arm_features
    assert again.arms == towers.arms
    assert again.learnt == towers.learnt
    assert again.temperature == towers.temperature
    assert (again.item is None) is not item
    rows = np.random.default_rng(0).normal(size=(9, 5))
    assert np.array_equal(again.shares(rows), towers.shares(rows))
    assert read_manifest(tmp_path / "deep" / "one").digest == digest


def test_the_same_has_the_same_digest_and_another_has_another(tmp_path):
    digests = [
        write_towers(tmp_path / str(number), towers_of(seed))
        for number, seed in enumerate([3, 3, 4])
    ]
    assert digests[0] == digests[1] != digests[2]


def test_what_is_there_is_never_written_over(tmp_path):
    write_towers(tmp_path / "one", towers_of())
    with pytest.raises(Conflict, match="'one' is"):
        write_towers(tmp_path / "one", towers_of(4))
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_files_of_two_cannot_be_mixed(tmp_path):
    for seed in (3, 4):
        write_towers(tmp_path / str(seed), towers_of(seed))
    names = sorted(path.name for path in (tmp_path / "3").iterdir())
    mixed = set()
    for name in names:
        mine = tmp_path / "3" / name
        kept = mine.read_bytes()
        other = (tmp_path / "4" / name).read_bytes()
        if other == kept:
            continue
        mine.write_bytes(other)
        # Whose manifest it is, the first file that is not its own is named.
        with pytest.raises(Corrupt, match=r"\.npy must be" if name == "manifest.json" else name):
            read_towers(tmp_path / "3")
        mine.write_bytes(kept)
        mixed.add(name)
    assert mixed == {name for name in names if name != "arms.json"}
    read_towers(tmp_path / "3")


@pytest.mark.parametrize(
    "name", ["arms.json", "items.npy", "query.0.weight.npy", "item.1.bias.npy"]
)
def test_a_flipped_bit_and_a_missing_file_are_named(tmp_path, name):
    write_towers(tmp_path / "one", towers_of())
    place = tmp_path / "one" / name
    data = bytearray(place.read_bytes())
    data[-1] ^= 1
    place.write_bytes(data)
    with pytest.raises(Corrupt, match=name):
        read_towers(tmp_path / "one")
    place.unlink()
    with pytest.raises(Corrupt, match=name):
        read_towers(tmp_path / "one")


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 9.0},
        {"form": 2},
        {"files": {}},
        {"digest": "0" * 64},
        {"more": 1},
        {"files": {"../../secret": "0" * 64}},
    ],
)
def test_a_manifest_that_somebody_changed_is_refused(tmp_path, change):
    write_towers(tmp_path / "one", towers_of())
    place = tmp_path / "one" / "manifest.json"
    place.write_text(json.dumps({**json.loads(place.read_bytes()), **change}))
    with pytest.raises(Corrupt):
        read_towers(tmp_path / "one")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"9" * 5_000])
def test_what_is_no_manifest_is_refused(tmp_path, data):
    (tmp_path / "manifest.json").write_bytes(data)
    with pytest.raises(Corrupt, match=r"manifest\.json"):
        read_towers(tmp_path)


def test_a_folder_without_a_manifest_is_none(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NotFound, match=r"manifest\.json"):
            read_towers(folder)


def test_numbers_that_are_none_are_not_written(tmp_path):
    towers = towers_of()
    towers.embeddings[2, 1] = np.nan
    with pytest.raises(InvalidInput, match="finite"):
        write_towers(tmp_path / "one", towers)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("change", [{"temperature": float("nan")}, {"learnt": {"x": float("inf")}}])
def test_a_manifest_with_numbers_that_are_none_is_refused(tmp_path, change):
    write_towers(tmp_path / "one", towers_of())
    place = tmp_path / "one" / "manifest.json"
    place.write_text(json.dumps({**json.loads(place.read_bytes()), **change}))
    with pytest.raises(Corrupt, match=r"manifest\.json"):
        read_towers(tmp_path / "one")


def forged(folder, name, data, **change):
    """Another file in an artefact, and a manifest that vouches for it."""
    (folder / name).write_bytes(data)
    place = folder / "manifest.json"
    plain = {**json.loads(place.read_bytes()), **change}
    del plain["digest"]
    plain["files"][name] = hashlib.sha256(data).hexdigest()
    canonical = json.dumps(plain, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    place.write_text(json.dumps({"digest": digest, **plain}))


def saved(array):
    held = io.BytesIO()
    np.save(held, array, allow_pickle=array.dtype == object)
    return held.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("items.npy", saved(np.full((7, 4), np.nan, np.float32))),
        ("items.npy", saved(np.ones((7, 4)))),
        ("items.npy", saved(np.ones((6, 4), np.float32))),
        ("items.npy", saved(np.ones((7, 4), np.float32))[:-1]),
        ("items.npy", saved(np.ones((7, 4), object))),
        ("items.npy", b""),
        ("query.0.weight.npy", saved(np.float32(1))),
        ("query.0.bias.npy", saved(np.full(8, np.inf, np.float32))),
        ("item.1.weight.npy", saved(np.ones((6, 3), np.float32))),
        ("arms.json", b'["a", "a", "b", "c", "d", "e", "f"]'),
        ("arms.json", b"[1, 2, 3, 4, 5, 6, 7]"),
        ("arms.json", b"[]"),
    ],
)
def test_what_does_not_fit_is_refused_whoever_vouches_for_it(tmp_path, name, data):
    write_towers(tmp_path / "one", towers_of())
    forged(tmp_path / "one", name, data)
    with pytest.raises(Corrupt):
        read_towers(tmp_path / "one")


@pytest.mark.parametrize(
    "change",
    [{"query": 0}, {"query": -1}, {"query": 3}, {"item": 1}, {"temperature": 0.0}, {"context": 3}],
)
def test_layers_that_are_not_there_are_refused(tmp_path, change):
    write_towers(tmp_path / "one", towers_of())
    forged(tmp_path / "one", "arms.json", (tmp_path / "one" / "arms.json").read_bytes(), **change)
    with pytest.raises(Corrupt):
        read_towers(tmp_path / "one")


def test_who_has_read_it_keeps_it_whatever_is_written_over_it(tmp_path):
    """Another learning copied into the same files: no process that runs meets half of it."""
    for seed in (3, 4):
        write_towers(tmp_path / str(seed), towers_of(seed))
    rows = np.random.default_rng(0).normal(size=(9, 5))
    held = read_towers(tmp_path / "3")
    before = held.shares(rows)
    for mine in (tmp_path / "3").iterdir():
        with mine.open("r+b") as opened:
            opened.truncate(0)
            opened.write((tmp_path / "4" / mine.name).read_bytes())
    assert np.array_equal(held.shares(rows), before)
    assert not np.array_equal(read_towers(tmp_path / "3").shares(rows), before)
