"""Clients and the ends of things: programs, processes, event loops, tasks."""

import asyncio
import subprocess
import sys
import textwrap

import pytest

from tamesu.base import InvalidInput
from tamesu.client import AsyncClient, Batching

ID = "front.1.01a203070567769987b41df0fcb675cb"
START = f"""
import asyncio, os, sys
from tamesu.client import AsyncClient, Batching, Client
url, ID = sys.argv[1], "{ID}"
later = Batching(every_s=3600.0)
"""


@pytest.fixture
def program(scripted):
    """Runs a program against the server; gives what it said on standard error."""
    scripted.otherwise = lambda said: (202, {"accepted": len(said["events"])}, {})

    def run(text):
        done = subprocess.run(
            [sys.executable, "-c", START + textwrap.dedent(text), scripted.url],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    return run


@pytest.fixture
def arrived(scripted):
    return lambda: [event["event_id"] for _, said in scripted.asked for event in said["events"]]


@pytest.mark.parametrize(
    "text",
    [
        """
        client = Client(url, batching=later)
        client.track(ID + "-0", "click", event_id="e")
        """,
        """
        async def main():
            client = AsyncClient(url, batching=later)
            client.track(ID + "-0", "click", event_id="e")
            await asyncio.sleep(0)
        asyncio.run(main())
        """,
    ],
    ids=["threads", "tasks"],
)
def test_a_program_that_ends_without_closing_has_sent_its_events(program, arrived, scripted, text):
    assert program(text) == ""
    assert arrived() == ["e"]
    scripted.otherwise = (403, {"code": "denied", "detail": "no key"}, {})
    assert "client was not closed when the program ended; events were not delivered" in program(
        text
    )


def test_after_a_fork_each_process_sends_its_own_events_once(program, arrived):
    """Also where the parent's thread is busy with its connections and locks."""
    program(
        """
        client = Client(url, batching=Batching(size=10, every_s=0.0))
        for number in range(100):
            client.track(ID + "-0", "click", event_id=f"before-{number}")
        child = os.fork()
        side = "child" if child == 0 else "parent"
        for number in range(100):
            client.track(ID + "-0", "click", event_id=f"{side}-{number}")
        client.close()
        if child == 0:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        """
    )
    expected = {f"{side}-{n}" for side in ("before", "child", "parent") for n in range(100)}
    assert sorted(arrived()) == sorted(expected)


def test_calls_after_a_fork_have_connections_of_their_own(program, scripted):
    scripted.otherwise = lambda _: (200, {"bandits": []}, {})
    program(
        """
        client = Client(url)
        client.bandits()
        child = os.fork()
        for _ in range(10):
            client.bandits()
        if child == 0:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        """
    )
    assert len(scripted.asked) == 21


def test_an_async_client_belongs_to_one_loop(scripted):
    scripted.otherwise = (200, {"bandits": []}, {})

    async def made():
        client = AsyncClient(scripted.url)
        await client.bandits()
        return client

    with asyncio.Runner() as first:
        client = first.run(made())
        with (
            asyncio.Runner() as second,
            pytest.raises(InvalidInput, match="within one event loop, its first, got another"),
        ):
            second.run(client.bandits())
        with pytest.raises(InvalidInput, match="got none"):
            client.track(f"{ID}-0", "click")
        assert client.waiting == 0
        first.run(client.close())


def test_a_cancelled_call_ends_at_once_and_the_client_goes_on(scripted):
    scripted.script = ["hang"]
    scripted.otherwise = (200, {"bandits": []}, {})

    async def main():
        async with AsyncClient(scripted.url, timeout=60) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await client.bandits()
            return await client.bandits()

    assert asyncio.run(main()) == []


def test_events_of_a_cancelled_task_are_not_lost(scripted, until):
    """What was on its way when everything was cancelled is sent again."""
    scripted.script = ["hang"]
    scripted.otherwise = lambda said: (202, {"accepted": len(said["events"])}, {})

    async def main():
        client = AsyncClient(scripted.url, timeout=60, batching=Batching(size=1))
        client.track(f"{ID}-0", "click", event_id="e")
        await asyncio.to_thread(until, lambda: scripted.asked)
        return client

    client = asyncio.run(main())
    assert client.waiting == 1
    asyncio.run(client.close())
    assert [said["events"][0]["event_id"] for _, said in scripted.asked] == ["e", "e"]
