"""The doctor says what is wrong and what to do, and raises nothing."""

from __future__ import annotations

import pytest

from tamesu.base import Denied, NotFound, Unavailable
from tamesu.watch import examine


def findings(tmp_path, *, listen=lambda: None, answers=False, more=None, folder=None):
    found = examine(
        folder or tmp_path / "data",
        "127.0.0.1:8000",
        workers=1,
        listen=listen,
        answers=lambda: answers,
        more=more or {},
    )
    return {finding.check: finding for finding in found}


def refusal(error):
    def listen():
        raise error

    return listen


def test_a_sound_machine_is_well(tmp_path):
    found = findings(tmp_path, more={"driver": lambda: "version 1"})
    assert all(finding.well for finding in found.values())
    assert found["driver"].found == "version 1"
    assert not (tmp_path / "data").exists(), "it looks and does not make"
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_is_ill_unless_it_is_our_own_server(tmp_path):
    taken = refusal(Unavailable("the port must be free", hint="choose another: --port"))
    stranger = findings(tmp_path, listen=taken)["port"]
    assert (stranger.well, stranger.found) == (False, "the port must be free")
    assert "--port" in stranger.hint
    assert findings(tmp_path, listen=taken, answers=True)["port"].well


@pytest.mark.parametrize("answers", [True, False])
def test_where_no_server_would_listen_is_ill(tmp_path, answers):
    wide = refusal(Denied("loopback only", hint="use 127.0.0.1"))
    found = findings(tmp_path, listen=wide, answers=answers)["port"]
    assert (found.well, found.found, found.hint) == (False, "loopback only", "use 127.0.0.1")


def test_a_folder_that_cannot_be_written_is_ill(tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    found = findings(tmp_path, folder=in_the_way / "data")["data folder"]
    assert not found.well
    assert found.hint


def test_what_a_check_raises_is_its_finding(tmp_path):
    def missing():
        raise NotFound("there is none", hint="make one")

    found = findings(tmp_path, more={"thing": missing})["thing"]
    assert (found.well, found.found, found.hint) == (False, "there is none", "make one")
