"""The file of keys: what is told, what is kept, and who may read it."""

import itertools
import stat
import threading

import pytest

from tamesu.base import Conflict, Corrupt, InvalidInput, NotFound, Scope, Time
from tamesu.base.key import PREFIX, is_secret, spell, spelt
from tamesu.cli.keys import ScopeName
from tamesu.wiring.key_file import KeyFile

HOUR_US = 3_600_000_000


@pytest.fixture
def keys(tmp_path):
    """A file of keys that is not there yet, and a clock that moves a second with every look."""
    ticks = itertools.count(1_800_000_000_000_000, 1_000_000)
    return KeyFile(tmp_path / "keys.json", lambda: Time(next(ticks)))


def valid(keys, text):
    """The key that a secret is one of, as of its digest."""
    identity, random = spelt(text.encode())
    for key in keys.all():
        for secret in key.secrets:
            if secret.id.encode() == identity and is_secret(random, bytes.fromhex(secret.digest)):
                return key
    return None


def test_a_secret_is_told_once_and_only_its_digest_is_kept(keys):
    assert (keys.stamp(), keys.all()) == (None, ())
    text = keys.add("shop", [Scope.DECIDE, Scope.TRACK, Scope.DECIDE], rate=100)
    (key,) = keys.all()
    assert (key.name, key.scopes, key.rate) == ("shop", ("decide", "track"), 100)
    assert valid(keys, text) == key
    assert text.startswith(PREFIX)
    assert text.split("_", 2)[2] not in keys.path.read_text()
    assert valid(keys, text[:-1] + ("A" if text[-1] != "A" else "B")) is None


def test_the_file_is_its_owners_alone_whatever_the_umask(keys):
    keys.add("a", [Scope.ADMIN])
    keys.rotate("a", 0)
    for path in keys.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_every_change_has_a_stamp_of_its_own(keys):
    stamps = []
    for name in "abcdef":
        keys.add(name, [Scope.ADMIN])
        stamps.append(keys.stamp())
    keys.rotate("a", HOUR_US)
    stamps.append(keys.stamp())
    keys.revoke("b")
    stamps.append(keys.stamp())
    assert all(one != next_ for one, next_ in itertools.pairwise(stamps))


def test_a_rotated_key_has_both_secrets_until_the_grace_is_over(keys):
    first = keys.add("a", [Scope.TRACK])
    second = keys.rotate("a", HOUR_US)
    before, after = keys.all()[0].secrets
    assert before.until == after.made + HOUR_US
    assert after.until is None
    assert valid(keys, first)
    assert valid(keys, second)


def test_a_second_rotation_leaves_nobody_longer_than_the_first_promised(keys):
    keys.add("a", [Scope.TRACK])
    keys.rotate("a", HOUR_US)
    promised = keys.all()[0].secrets[0].until
    keys.rotate("a", 9 * HOUR_US)
    first, second, third = keys.all()[0].secrets
    assert first.until == promised
    assert second.until == third.made + 9 * HOUR_US


def test_without_a_grace_the_secret_before_goes_at_once(keys):
    first = keys.add("a", [Scope.TRACK])
    keys.rotate("a", HOUR_US)
    last = keys.rotate("a", 0)
    assert valid(keys, first) is None
    assert valid(keys, last)
    assert len(keys.all()[0].secrets) == 1


def test_what_is_over_is_forgotten_at_the_next_rotation(keys):
    keys.add("a", [Scope.TRACK])
    keys.rotate("a", 1)
    keys.rotate("a", HOUR_US)
    assert len(keys.all()[0].secrets) == 2


def test_a_revoked_key_is_gone_and_its_place_is_free(keys):
    keys.add("a", [Scope.TRACK])
    text = keys.add("b", [Scope.TRACK])
    keys.add("c", [Scope.TRACK])
    assert keys.revoke("b") == 2
    assert valid(keys, text) is None
    keys.add("d", [Scope.TRACK])
    assert sorted(key.place for key in keys.all()) == [0, 1, 2]


def test_the_last_key_leaves_a_file_behind(keys):
    keys.add("a", [Scope.ADMIN])
    assert keys.revoke("a") == 0
    assert keys.stamp() is not None
    assert keys.all() == ()


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", "a" * 64, "a\n", "tamesu_x"])
def test_a_name_that_cannot_be_is_refused(keys, name):
    with pytest.raises(InvalidInput):
        keys.add(name, [Scope.ADMIN])


@pytest.mark.parametrize("rate", [0, -1, 1_000_001])
def test_a_rate_that_cannot_be_is_refused(keys, rate):
    with pytest.raises(InvalidInput):
        keys.add("a", [Scope.ADMIN], rate)


def test_a_key_without_scope_twice_or_unknown_is_refused(keys):
    with pytest.raises(InvalidInput):
        keys.add("a", [])
    keys.add("home", [Scope.ADMIN])
    with pytest.raises(Conflict):
        keys.add("home", [Scope.TRACK])
    with pytest.raises(NotFound, match="did you mean 'home'"):
        keys.revoke("hom")
    with pytest.raises(NotFound):
        keys.rotate("other", 0)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"version": 2, "keys": []}',
        b'{"version": 1, "keys": [{"name": "a"}]}',
        b'{"version": 1, "keys": [], "more": 1}',
        b'{"version": 1, "keys": [{"name": "a", "scopes": ["all"], "place": 0}]}',
        b'{"version": 1, "keys": [{"name": "a", "scopes": ["admin"], "place": 5000}]}',
        b'{"version": 1, "keys": [{"name": "a", "scopes": ["admin"], "place": 0, "rate": 0}]}',
        (
            b'{"version": 1, "keys": [{"name": "a", "scopes": ["admin"], "place": 0, "secrets": '
            b'[{"id": "i", "digest": "zz", "made": "2026-11-22T21:18:15.471873Z"}]}]}'
        ),
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_a_file_of_something_else_is_corrupt_and_is_not_written_over(keys, text):
    keys.path.write_bytes(text)
    with pytest.raises(Corrupt):
        keys.all()
    with pytest.raises(Corrupt):
        keys.add("a", [Scope.ADMIN])
    assert keys.path.read_bytes() == text


def test_changes_at_once_wait_for_each_other(tmp_path):
    def add(worker):
        keys = KeyFile(tmp_path / "keys.json", lambda: Time(1))
        for number in range(10):
            keys.add(f"k{worker}-{number}", [Scope.TRACK])

    threads = [threading.Thread(target=add, args=[worker]) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = KeyFile(tmp_path / "keys.json", lambda: Time(1)).all()
    assert len({key.name for key in keys}) == 40
    assert sorted(key.place for key in keys) == list(range(40))


@pytest.mark.parametrize("text", [b"", b"tamesu_", b"tamesu__x", b"tamesu_a_", b"x", b"tamesu"])
def test_what_is_no_secret_is_none(text):
    assert spelt(text) is None
    assert spelt(spell("a", "b_-c").encode()) == (b"a", b"b_-c")
    assert spelt(spell("a", "b" * 200).encode()) is None


def test_the_command_line_knows_every_scope():
    assert [each.value for each in ScopeName] == [each.value for each in Scope]
