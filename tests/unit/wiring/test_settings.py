"""Settings: flags before the environment before the file before the defaults; nothing unknown."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tamesu.adapters.clock import system
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog import sqlite as eventlog
from tamesu.base import Draft, InvalidInput
from tamesu.base.times import SECOND_US
from tamesu.serve.core.health import MAX_AGE_S
from tamesu.wiring import Settings, load_settings, open_log, supervision


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_without_anything_the_defaults_hold():
    assert load_settings({}, {}) == Settings(data="data", host="127.0.0.1", port=8000)


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path):
    (tmp_path / "tamesu.toml").write_text('data = "a"\nport = 1\nhost = "localhost"\n')
    found = load_settings({"port": 3, "host": None}, {"TAMESU_PORT": "2", "TAMESU_HOST": "::1"})
    assert (found.port, found.host) == (3, "::1")


def test_a_relative_folder_is_relative_to_the_file_that_names_it(tmp_path):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "mine.toml").write_text('data = "here"\n')
    named = {"TAMESU_CONFIG": "conf/mine.toml"}
    assert load_settings({}, named).folder == tmp_path / "conf" / "here"
    assert load_settings({}, {**named, "TAMESU_DATA": "there"}).data == "there"


def test_the_default_folder_lies_beside_the_settings_too(tmp_path):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "mine.toml").write_text("port = 1\n")
    found = load_settings({}, {"TAMESU_CONFIG": "conf/mine.toml"})
    assert found.folder == tmp_path / "conf" / "data"


@pytest.mark.parametrize(("file", "environment"), [('data = ""\n', {}), ("", {"TAMESU_DATA": ""})])
def test_an_empty_folder_is_no_folder(tmp_path, file, environment):
    """And not the one that a command happens to start in."""
    (tmp_path / "tamesu.toml").write_text(file)
    with pytest.raises(InvalidInput, match="data must name a folder"):
        load_settings({}, environment)


@pytest.mark.parametrize(
    ("file", "environment"),
    [("prt = 1\n", {}), ("", {"TAMESU_PRT": "1"})],
)
def test_an_unknown_name_is_refused_with_the_close_match(tmp_path, file, environment):
    (tmp_path / "tamesu.toml").write_text(file)
    with pytest.raises(InvalidInput, match="unknown field 'prt'") as refused:
        load_settings({}, environment)
    assert "did you mean 'port'?" in refused.value.hint


@pytest.mark.parametrize("text", ["port = 'x'\n", "port = \n", "port = true\n"])
def test_a_wrong_value_says_where_it_stands(tmp_path, text):
    (tmp_path / "tamesu.toml").write_text(text)
    with pytest.raises(InvalidInput, match=r"tamesu\.toml"):
        load_settings({}, {})


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_no_machine_has_is_refused(port):
    with pytest.raises(InvalidInput, match="port must lie in"):
        load_settings({"port": port}, {})


def test_a_named_file_that_is_not_there_is_refused():
    with pytest.raises(InvalidInput, match="must exist"):
        load_settings({}, {"TAMESU_CONFIG": "nowhere.toml"})


def test_variables_of_tests_and_of_our_own_processes_are_no_settings():
    environment = {"TAMESU_TEST_PORT": "1", "TAMESU_HOLDER": "x", "TAMESU_CI": "1", "OTHER": "1"}
    assert load_settings({}, environment) == Settings()


def test_the_cache_goes_with_the_number_of_workers():
    assert load_settings({}, {}).cache_kind == "memory"
    assert load_settings({}, {"TAMESU_WORKERS": "2"}).cache_kind == "sqlite"
    assert load_settings({"cache": "sqlite"}, {}).cache_kind == "sqlite"


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"workers": 0}, "workers must lie in 1..64"),
        ({"workers": 65}, "workers must lie in 1..64"),
        ({"cache": "redis"}, "cache must be one of memory, sqlite"),
        ({"cache": "memory", "workers": 2}, "'memory' is for one worker"),
        ({"max_age": "999ms"}, "max_age must be 1s at least"),
        ({"max_age": "soon"}, "a duration must be"),
        ({"retention": "0s"}, "retention must be 15m at least"),
        ({"retention": "899s"}, "retention must be 15m at least"),
        ({"retention": "a month"}, "a duration must be"),
        ({"segment_bytes": 1_048_575}, "segment_bytes must be 1048576"),
        ({"segment_age": "999ms"}, "segment_age must be 1s at least"),
        ({"segment_age": "soon"}, "a duration must be"),
    ],
)
def test_a_value_that_no_installation_can_have_is_refused(flags, says):
    with pytest.raises(InvalidInput, match=says):
        load_settings(flags, {})


def test_a_size_in_the_environment_is_a_number():
    assert load_settings({}, {"TAMESU_SEGMENT_BYTES": "1048576"}).segment_bytes == 1_048_576


def test_max_age_is_as_long_as_a_server_keeps_it_without_settings():
    assert load_settings({}, {}).max_age_s == MAX_AGE_S
    assert load_settings({"max_age": "90s"}, {}).max_age_s == 90


def test_retention_is_a_length_of_time():
    assert load_settings({}, {"TAMESU_RETENTION": "1h"}).retention_ms == 3_600_000


def test_without_a_word_segments_are_as_large_as_the_log_makes_them():
    """The one default that has two homes: the log can be used without settings."""
    settings = load_settings({}, {})
    assert settings.segment_bytes == eventlog.SEGMENT_BYTES
    assert settings.segment_ms == eventlog.SEGMENT_MS


@pytest.mark.parametrize(
    ("segments", "bodies"),
    [({"segment_age": "1s"}, [b"small"] * 2), ({"segment_bytes": 1 << 20}, [bytes(1 << 20)] * 2)],
)
def test_the_log_that_is_opened_rolls_over_as_set(tmp_path, monkeypatch, segments, bodies):
    clock = ManualClock()
    monkeypatch.setattr(system, "SystemClock", lambda: clock)
    log = open_log(Settings(data=str(tmp_path), **segments))
    for body in bodies:
        log.append([Draft("key", "kind", body)])
        clock.move(SECOND_US)
    log.close()
    assert len(list((tmp_path / "log").glob("*.sqlite3"))) == len(bodies)


@pytest.mark.parametrize("name", ["TAMESU_WORKERS", "TAMESU_PORT"])
@pytest.mark.parametrize("text", ["x", "", "2.5", "-1", "\u0662"])
def test_a_variable_that_is_no_whole_number_is_refused_by_its_name(name, text):
    with pytest.raises(InvalidInput, match=f"{name} must be a whole number"):
        load_settings({}, {name: text})


@pytest.mark.parametrize("written", ["port = 99999", "no TOML", "wokers = 2", 'data = "elsewhere"'])
def test_a_role_goes_by_what_its_supervisor_was_told_whatever_the_file_says_now(tmp_path, written):
    """Else a role that died would not come back, or elsewhere, while somebody edits the settings."""
    settings = load_settings({"workers": 2, "port": 8001, "data": "here"}, {})
    (tmp_path / "tamesu.toml").write_text(written)
    roles = list(supervision._roles(settings))
    assert [role.name for role in roles] == ["server-0", "server-1", "trainer"]
    for role in roles:
        told = load_settings({}, {**supervision._told(settings), **role.environment})
        assert told == replace(settings, data=str(tmp_path / "here"), cache="sqlite")
