"""Records that were set aside, over HTTP: listed in pages, the newest first, with why and what they say."""

import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.base import Aside, Entry, Time, Unavailable
from tamesu.testing.archive_bound import aside

PATH = "/v1/bandits/colours/asides"
SECOND_MS = 1_000


@pytest.fixture
def archive():
    return MemoryArchive()


@pytest.fixture
def server(serving, declaration, archive):
    started = serving(archive=archive)
    assert started.post("/v1/bandits", declaration)[0] == 201
    return started


@pytest.fixture
def keep(server, archive):
    """Sets records aside: those of one file, given as (second of receipt, reason, bandit)."""
    store = server.ports["store"]
    written = []

    def put(*told, bandit="colours", body=b"{}"):
        kept = [
            aside(Entry(0, second, second * SECOND_MS, f"key-{second}", "event", body), bandit, why)
            for second, why in told
        ]
        lease = store.lease("trainer", Time(0), 1 << 60)
        written.append(archive.write_aside(f"1-{len(written)}", kept))
        store.arrange(lease, written[-1:], [])

    return put


def seconds(page):
    return [int(one["place"].split("-")[2]) for one in page["asides"]]


def test_nothing_is_set_aside_at_first(server):
    nothing = {"bandit": "colours", "asides": [], "next": None}
    assert server.get(PATH) == (200, nothing)
    assert server.get("/v1/asides") == (200, {**nothing, "bandit": None})


def test_each_says_when_why_and_what(server, keep):
    keep((5, Aside.TOO_OLD), body=b'{"type": "\xff"}')
    status, page = server.get(PATH)
    assert status == 200
    assert page["asides"] == [
        {
            "received": "1970-01-01T00:00:05.000000Z",
            "why": "too_old",
            "reason": "",
            "bandit": "colours",
            "key": "key-5",
            "kind": "event",
            "body": '{"type": "\\xff"}',
            "body_bytes": 13,
            "place": "5000-0-5",
        }
    ]


def test_the_newest_come_first_over_all_files_page_by_page(server, keep):
    keep(*((second, Aside.ORPHAN) for second in (9, 3, 7)))
    keep(*((second, Aside.POISON) for second in (2, 8, 10)))
    keep((1, Aside.ORPHAN))
    found, after = [], ""
    while True:
        status, page = server.get(f"{PATH}?limit=2{after}")
        assert status == 200
        found += seconds(page)
        if page["next"] is None:
            break
        assert len(page["asides"]) == 2
        after = f"&after={page['next']}"
    assert found == [10, 9, 8, 7, 3, 2, 1]
    assert seconds(server.get(f"{PATH}?limit=7")[1]) == found
    assert server.get(f"{PATH}?limit=7")[1]["next"] is None


def test_one_reason_and_one_bandit_at_a_time(server, keep):
    keep((1, Aside.ORPHAN), (2, Aside.POISON), (3, Aside.TOO_OLD))
    keep((4, Aside.POISON), bandit="")
    keep((5, Aside.ORPHAN), bandit="deleted-long-ago")
    assert seconds(server.get(f"{PATH}?why=poison")[1]) == [2]
    assert seconds(server.get(PATH)[1]) == [3, 2, 1]
    page = server.get("/v1/asides")[1]
    assert seconds(page) == [5, 4, 3, 2, 1]
    assert [one["bandit"] for one in page["asides"][:2]] == ["deleted-long-ago", None]
    assert seconds(server.get("/v1/asides?why=poison")[1]) == [4, 2]


def test_a_long_body_is_cut_in_a_page(server, keep):
    keep((1, Aside.POISON), body=b"x" * 100_000)
    (one,) = server.get(PATH)[1]["asides"]
    assert (len(one["body"]), one["body_bytes"]) == (2_000, 100_000)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limit=0", "1..1000"),
        ("limit=1001", "1..1000"),
        ("limit=many", "whole number"),
        ("why=poisonous", "'poison'"),
        ("after=yesterday", "next"),
        ("after=1-2", "next"),
        ("before=1", "unknown field"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(server, query, words):
    for path in (PATH, "/v1/asides"):
        status, problem = server.get(f"{path}?{query}")
        assert status == 400
        assert words in problem["detail"] + problem["hint"]


def test_a_bandit_that_is_not_there_is_not_found(server):
    assert server.get("/v1/bandits/colour/asides")[0] == 404


def test_without_the_archive_it_says_so(serving, declaration, archive):
    class Down(MemoryArchive):
        def read_aside(self, files):
            raise Unavailable("the disk is gone")

    bare, down = serving(), serving(archive=Down())
    for server in (bare, down):
        server.post("/v1/bandits", declaration)
        lease = server.ports["store"].lease("trainer", Time(0), 1 << 60)
        file = archive.write_aside("1-0", [aside(Entry(0, 1, 1, "key", "event", b""), "colours")])
        server.ports["store"].arrange(lease, [file], [])
        assert server.get(PATH)[0] == 503
