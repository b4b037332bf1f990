"""The key of units: drawn once, the same for all who draw at once, its owner's alone."""

import stat
import threading

import pytest

from tamesu.base import Corrupt
from tamesu.wiring.unit_key import unit_key


def test_it_is_drawn_once_and_kept(tmp_path):
    key = unit_key(tmp_path)
    assert (len(key), unit_key(tmp_path)) == (32, key)
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert unit_key(tmp_path) == bytes.fromhex(file.read_text())


def test_of_several_that_draw_at_once_one_has_drawn_for_all(tmp_path):
    drawn, together = [], threading.Barrier(8)

    def draw():
        together.wait()
        drawn.append(unit_key(tmp_path))

    threads = [threading.Thread(target=draw) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drawn) == 8
    assert set(drawn) == {unit_key(tmp_path)}


@pytest.mark.parametrize("text", [b"", b"abc", b"00" * 31, b"zz" * 32, b"\xff" * 64])
def test_a_file_of_something_else_is_corrupt_and_stays(tmp_path, text):
    (tmp_path / "unit.key").write_bytes(text)
    with pytest.raises(Corrupt):
        unit_key(tmp_path)
    assert (tmp_path / "unit.key").read_bytes() == text
