"""Keys over HTTP: who is let through, for what, how often, and what the others are told."""

import asyncio
import json
import time

import pytest

from tamesu.base import Corrupt, Key, Scope, Secret, TamesuError, Time
from tamesu.base.key import digest, spell
from tamesu.serve.http import Allowances, Guard

PATH = "/v1/bandits/colours/decisions"
LATER = Time(4_000_000_000_000_000)
OVER = Time(1)


class Ring:
    """Keys that a test can change, in the place of a file."""

    def __init__(self, *keys, version=1):
        self.keys, self.version = keys, version

    def stamp(self):
        return self.version

    def all(self):
        if isinstance(self.keys, Exception):
            raise self.keys
        return self.keys

    def change(self, *keys):
        self.keys = keys
        self.version += 1


def key(name, *scopes, rate=None, place=0, secrets=None):
    """A key whose secret is its name."""
    if secrets is None:
        secrets = (Secret(id=f"id{name}", digest=digest(f"s-{name}"), made=Time(0)),)
    return Key(name=name, scopes=scopes, rate=rate, place=place, secrets=secrets)


def bearer(name):
    return {"authorization": f"Bearer {spell(f'id{name}', f's-{name}')}"}


ALL = (
    key("decider", Scope.DECIDE),
    key("tracker", Scope.TRACK),
    key("admin", Scope.ADMIN),
    key("watcher", Scope.METRICS),
)


@pytest.fixture
def ring():
    return Ring(*ALL)


@pytest.fixture
def closed(serving, ring, declaration):
    """A server that needs keys, with one bandit."""
    server = serving(guard=Guard(ring))
    assert server.call("POST", "/v1/bandits", declaration, headers=bearer("admin"))[0] == 201
    return server


CALLS = {
    ("POST", PATH): "decider",
    ("POST", f"{PATH}/batch"): "decider",
    ("POST", "/v1/events"): "tracker",
    ("GET", "/v1/bandits"): "admin",
    ("POST", "/v1/bandits"): "admin",
    ("GET", "/v1/bandits/colours"): "admin",
    ("PUT", "/v1/bandits/nobody"): "admin",
    ("DELETE", "/v1/bandits/nobody"): "admin",
    ("HEAD", "/v1/bandits/colours"): "admin",
    ("GET", "/v1/bandits/colours/report"): "admin",
    ("PUT", "/v1/bandits/nobody/arms/red"): "admin",
    ("GET", "/v1/decisions/x"): "admin",
    ("PUT", "/v1/features/unit/u"): "admin",
    ("GET", "/v1/features/unit/u"): "admin",
    ("GET", "/v1/asides"): "admin",
    ("GET", "/v1/commands/1"): "admin",
}


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_call_needs_its_own_scope_and_no_other(closed, method, path):
    body = {} if method in ("POST", "PUT") else None
    status, told, headers = closed.call(method, path, body)
    assert status == 401
    assert headers["www-authenticate"] == "Bearer"
    assert method == "HEAD" or told["code"] == "unidentified"
    for each in ALL:
        status, told, _ = closed.call(method, path, body, headers=bearer(each.name))
        if each.name != CALLS[method, path]:
            assert status == 403, each.name
            assert method == "HEAD" or told["code"] == "denied"
    status, *_ = closed.call(method, path, body, headers=bearer(CALLS[method, path]))
    assert status not in (401, 403)


def test_probes_need_no_key(closed):
    assert closed.get("/health/live")[0] == 200
    assert closed.get("/health/ready")[0] == 200
    assert closed.call("OPTIONS", PATH)[0] == 200
    assert closed.get("/nothing/here")[0] == 404


def test_metrics_are_open_to_this_machine_and_to_nobody_behind_a_proxy_of_it(closed):
    assert closed.get("/metrics")[0] == 200
    for name in ("X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "Via"):
        assert closed.call("GET", "/metrics", headers={name: "10.1.1.1"})[0] == 401
        for holder, status in {"watcher": 200, "admin": 200, "decider": 403}.items():
            sent = {name: "10.1.1.1", **bearer(holder)}
            assert closed.call("GET", "/metrics", headers=sent)[0] == status


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer tamesu_iddecider_s-decide",
        "Bearer tamesu_iddecider_s-decider ",
        "Bearer tamesu_iddecider_s-decider, Bearer x",
        "Bearer tamesu_iddecider_" + "x" * 20_000,
        "Bearer tamesu_iddecider_s-d\xe9cider",
        "Bearer tamesu_idtracker_s-decider",
        "Bearer tamesu__s-decider",
        "bearer\ttamesu_iddecider_s-decider",
        "tamesu_iddecider_s-decider",
    ],
)
def test_what_is_no_valid_key_is_401_and_is_not_repeated(closed, sent):
    status, told, _ = closed.call("POST", PATH, {}, headers={"authorization": sent})
    if sent.endswith("s-decider "):
        assert status == 200  # spaces around a value are no part of it
        return
    assert (status, told["code"]) == (401, "unidentified")
    assert "s-d" not in json.dumps(told)


def test_the_kind_of_authorization_is_read_in_any_case(closed):
    for kind in ("bearer", "BEARER"):
        sent = {"authorization": bearer("decider")["authorization"].replace("Bearer", kind)}
        assert closed.call("POST", PATH, {}, headers=sent)[0] == 200


def test_a_refusal_is_counted_and_its_body_is_not_read(closed):
    before = closed.meter.value("refused_total", code="unidentified")
    status, _, headers = closed.call("POST", "/v1/bandits", raw=b" " * 2_000_000)
    assert status == 401
    assert headers["connection"] == "close"
    assert closed.meter.value("refused_total", code="unidentified") == before + 1


def test_changes_of_the_keys_are_taken_over_within_two_seconds(closed, ring, until):
    ring.change(key("other", Scope.DECIDE))
    until(lambda: closed.call("POST", PATH, {}, headers=bearer("decider"))[0] == 401)
    assert closed.call("POST", PATH, {}, headers=bearer("other"))[0] == 200


def test_a_secret_is_valid_until_its_time_is_over(serving, declaration):
    both = (
        Secret(id="idold", digest=digest("s-old"), made=Time(0), until=OVER),
        Secret(id="idlate", digest=digest("s-late"), made=Time(0), until=LATER),
        Secret(id="idnew", digest=digest("s-new"), made=Time(0)),
    )
    server = serving(guard=Guard(Ring(key("shop", Scope.ADMIN, secrets=both))))
    statuses = {
        name: server.call("GET", "/v1/bandits", headers=bearer(name))[0]
        for name in ("old", "late", "new")
    }
    assert statuses == {"old": 401, "late": 200, "new": 200}


# The guard alone ---------------------------------------------------------------------------------


def call(headers=(), client="127.0.0.1"):
    return {"headers": list(headers), "client": (client, 1)}


def with_key(name):
    return call([(b"authorization", bearer(name)["authorization"].encode())])


def refused(guard, asked, scope=Scope.DECIDE):
    """The code with which a call is refused; none if it is let through."""
    try:
        guard.admit(asked, scope)
    except TamesuError as error:
        return error.code
    return None


def test_without_a_place_for_keys_this_machine_may_do_everything():
    guard = Guard()
    for scope in Scope:
        assert refused(guard, call(), scope) is None


def test_without_keys_nothing_is_open_where_others_can_connect():
    guard = Guard(is_local=False)
    assert refused(guard, call()) == "unidentified"


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        (b"localhost", True),
        (b"LOCALHOST:8000", True),
        (b"app.localhost:8000", True),
        (b"127.0.0.1:8000", True),
        (b"127.9.9.9", True),
        (b"[::1]:8000", True),
        (b"[::1]", True),
        (b"", True),
        (b"evil.example", False),
        (b"evil.example:8000", False),
        (b"localhost.evil.example", False),
        (b"127.0.0.1.evil.example", False),
        (b"evil-localhost", False),
        (b"10.0.0.1:8000", False),
        (b"localhost:8000:evil", False),
        (b"\xff", False),
    ],
)
def test_without_keys_a_page_from_elsewhere_is_refused_by_the_name_it_calls(host, is_here):
    assert refused(Guard(), call([(b"host", host)])) == (None if is_here else "denied")


def test_keys_that_come_close_an_open_server_and_their_end_does_not_open_it():
    ring = Ring(version=None)
    guard = Guard(ring)
    assert guard.is_open
    ring.version = 1
    ring.change(key("a", Scope.DECIDE))
    guard.look()
    assert refused(guard, call()) == "unidentified"
    assert refused(guard, with_key("a")) is None
    ring.change()
    guard.look()
    assert refused(guard, with_key("a")) == "unidentified"
    assert refused(guard, call()) == "unidentified"


def test_a_file_that_is_deleted_or_broken_leaves_the_keys_as_they_were():
    ring = Ring(key("a", Scope.DECIDE))
    guard = Guard(ring)
    ring.version = None
    guard.look()
    assert refused(guard, with_key("a")) is None
    assert refused(guard, call()) == "unidentified"
    ring.version, ring.keys = 7, Corrupt("half of it is missing")
    guard.look()
    assert refused(guard, with_key("a")) is None
    ring.change(key("b", Scope.DECIDE))
    guard.look()
    assert [refused(guard, with_key(name)) for name in "ab"] == ["unidentified", None]


def test_a_broken_file_closes_an_open_server():
    ring = Ring(version=None)
    guard = Guard(ring)
    ring.version, ring.keys = 7, Corrupt("nonsense")
    guard.look()
    assert refused(guard, call()) == "unidentified"


def test_two_authorizations_are_none():
    guard = Guard(Ring(key("a", Scope.DECIDE)))
    asked = with_key("a")
    asked["headers"] *= 2
    assert refused(guard, asked) == "unidentified"


def test_watching_goes_on_after_what_it_did_not_expect():
    seen = asyncio.Event()

    class Odd(Ring):
        looks = 0

        def stamp(self):
            self.looks += 1
            if self.looks == 2:
                raise OSError("a disk that hangs")
            if self.looks == 4:
                seen.set()
            return self.version

    ring = Odd(key("a", Scope.DECIDE))
    guard = Guard(ring, poll_s=0.001)

    async def watch():
        task = asyncio.create_task(guard.watch())
        await asyncio.wait_for(seen.wait(), 10)
        task.cancel()

    asyncio.run(watch())
    assert refused(guard, with_key("a")) is None


# Rates -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [1, 3, 100, 1_000_000])
def test_a_key_may_call_as_often_at_once_as_in_a_second(rate, monkeypatch):
    now = 10**18
    monkeypatch.setattr(time, "monotonic_ns", lambda: now)
    allowances = Allowances()
    most = min(rate, 2_000)
    assert all(allowances.wait_s(0, rate) == 0.0 for _ in range(most))
    if most == rate:
        wait_s = allowances.wait_s(0, rate)
        assert wait_s == pytest.approx(1 / rate)
        now += round(wait_s * 1e9) + 1
        assert allowances.wait_s(0, rate) == 0.0
        assert allowances.wait_s(0, rate) > 0.0


def test_in_the_long_run_a_key_calls_at_its_rate(monkeypatch):
    now = 10**18
    monkeypatch.setattr(time, "monotonic_ns", lambda: now)
    allowances = Allowances()
    passed = 0
    for _ in range(20_000):  # twenty seconds, a thousand tries in each
        now += 1_000_000
        passed += allowances.wait_s(5, 50) == 0.0
    assert passed == 50 + 999  # the first at once, then one in 20 ms of 19.999 s


def test_servers_that_share_a_page_count_together_and_keys_apart():
    page = bytearray(Allowances.BYTES)
    one, other = Allowances(page), Allowances(page)
    assert [one.wait_s(3, 2), other.wait_s(3, 2)] == [0.0, 0.0]
    assert one.wait_s(3, 2) > 0
    assert other.wait_s(3, 2) > 0
    assert other.wait_s(4, 2) == 0.0


def test_moments_of_before_this_machine_started_hold_nobody_up():
    page = bytearray(Allowances.BYTES)
    memoryview(page).cast("q")[0] = 2**62
    allowances = Allowances(page)
    assert allowances.wait_s(0, 1) == 0.0
    assert allowances.wait_s(0, 1) > 0.0


def test_a_key_that_calls_too_often_is_429_and_told_when(serving, declaration):
    ring = Ring(key("admin", Scope.ADMIN, place=1), key("slow", Scope.DECIDE, rate=1))
    server = serving(guard=Guard(ring))
    server.call("POST", "/v1/bandits", declaration, headers=bearer("admin"))
    answers = [server.call("POST", PATH, {}, headers=bearer("slow")) for _ in range(4)]
    assert answers[0][0] == 200
    status, told, headers = next(answer for answer in answers if answer[0] != 200)
    assert (status, told["code"], told["key"], told["rate"]) == (429, "throttled", "slow", 1)
    assert 0 < told["retry_after_s"] <= 1
    assert headers["retry-after"] == "1"
    assert server.call("GET", "/v1/bandits", headers=bearer("admin"))[0] == 200
