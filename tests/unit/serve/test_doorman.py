"""Servers behind one socket hold about as many connections each, and nobody is left waiting."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading

import pytest

from tamesu.serve.http import listen
from tamesu.serve.http.doorman import Doorman, most_connections
from tamesu.serve.http.guests import Guests
from tamesu.watch import Board, Seat


class Greeter(asyncio.Protocol):
    """Enters its connection among the guests and says one byte: its server's number."""

    def __init__(self, guests, number):
        self._guests, self._number = guests, number

    def connection_made(self, transport):
        self._guests.add(self)
        transport.write(b"%d" % self._number)

    def connection_lost(self, error):
        self._guests.discard(self)


class Server(threading.Thread):
    """A doorman on an event loop of its own, in a thread of its own."""

    def __init__(self, listener, seat, number):
        super().__init__()
        self._listener, self._number, self.seat = listener, number, seat
        self.is_open, self._loop = threading.Event(), None

    def run(self):
        asyncio.run(self._serve())

    async def _serve(self):
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        guests = Guests(self.seat)
        doorman = Doorman(self._listener, lambda: Greeter(guests, self._number), guests, self.seat)
        doorman.open()
        self.is_open.set()
        while not self._ending.is_set():
            self.seat.beat()
            await asyncio.sleep(0.01)
        await doorman.close()

    def end(self):
        self._loop.call_soon_threadsafe(self._ending.set)
        self.join()


@pytest.fixture
def behind():
    """Starts servers behind one socket; gives the port and their board."""
    started, sockets = [], []
    board = Board.make(4)

    def start(count):
        sockets.append(listen("127.0.0.1", 0))
        for number in range(count):
            started.append(Server(sockets[0], Seat(board, number), number))
            started[-1].start()
            started[-1].is_open.wait(30)
        return sockets[0].getsockname()[1], started

    yield start, board
    for server in started:
        if server.is_alive():
            server.end()
    for listener in sockets:
        listener.close()
    board.close()


def callers(port, count):
    """Connections, and which server greeted each."""
    made = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(count)]
    return made, [int(connection.recv(1)) for connection in made]


def hang_up(made):
    for connection in made:
        connection.close()


@pytest.mark.parametrize("servers", [2, 4])
def test_connections_that_stay_are_shared(behind, servers):
    start, _ = behind
    port, _ = start(servers)
    made, greeted = callers(port, 64)
    shares = [greeted.count(number) for number in range(servers)]
    hang_up(made)
    # Left alone, one server takes nearly all of them.
    assert min(shares) >= 64 / servers / 2


def test_one_server_alone_takes_everybody(behind):
    start, board = behind
    port, _ = start(1)
    made, greeted = callers(port, 20)
    assert greeted == [0] * 20
    assert board.held(0) == 20
    hang_up(made)


def test_who_hangs_up_is_counted_out(behind, until):
    start, board = behind
    port, _ = start(1)
    made, _ = callers(port, 5)
    hang_up(made)
    until(lambda: board.held(0) == 0)


def test_a_sibling_that_stands_still_keeps_nobody_waiting(behind):
    """It holds none, says it lives, and takes none: the others take them in the end."""
    start, board = behind
    port, _ = start(1)
    board.hold(1, 0)
    board.beat(1)
    made, greeted = callers(port, 5)
    assert greeted == [0] * 5
    hang_up(made)


def test_who_closed_the_door_is_no_matter_to_the_others(behind):
    start, board = behind
    port, (first, _) = start(2)
    first.end()
    assert board.held(0) is None
    made, greeted = callers(port, 10)
    assert greeted == [1] * 10
    hang_up(made)


OUT_OF_FILES = """
import asyncio, os, resource, socket, sys
from tamesu.serve.http.doorman import Doorman, most_connections
from tamesu.serve.http.guests import Guests
from tamesu.watch import Seat

async def main():
    listener = socket.socket(fileno=int(sys.argv[1]))
    listener.setblocking(False)
    seat = Seat.take()
    guests = Guests(seat)

    class Greeter(asyncio.Protocol):
        def connection_made(self, transport):
            guests.add(self)
            transport.write(b"x")
        def connection_lost(self, error):
            guests.discard(self)

    spare = os.dup(0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (spare + 3, spare + 3))
    os.close(spare)
    Doorman(listener, Greeter, guests, seat).open()
    print("open", flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


def test_out_of_files_is_waited_out():
    """Who cannot be taken now is taken when somebody has left."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        subprocess.Popen(
            [sys.executable, "-c", OUT_OF_FILES, str(listener.fileno())],
            pass_fds=[listener.fileno()],
            stdout=subprocess.PIPE,
        ) as process,
    ):
        assert b"open" in process.stdout.readline()
        made = [socket.create_connection(listener.getsockname(), timeout=30) for _ in range(8)]
        assert made[0].recv(1) == b"x"
        made[7].settimeout(0.3)
        with pytest.raises(TimeoutError):
            made[7].recv(1)
        hang_up(made[:7])
        made[7].settimeout(30)
        assert made[7].recv(1) == b"x"
        hang_up(made[7:])
        process.kill()


class Asking(Greeter):
    """Asks something from the moment it is in, or nothing."""

    def __init__(self, guests, number, asks):
        super().__init__(guests, number)
        self._asks = asks

    def connection_made(self, transport):
        self.until = asyncio.get_running_loop().time()
        self._transport = transport
        super().connection_made(transport)

    @property
    def is_idle(self):
        return not self._asks

    def expire(self):
        self._transport.close()


@pytest.mark.parametrize("asks", [False, True])
def test_where_the_house_is_full_who_asks_nothing_goes_and_who_asks_stays(asks):
    async def run():
        listener = listen("127.0.0.1", 0)
        guests = Guests(Seat.take())
        doorman = Doorman(listener, lambda: Asking(guests, 1, asks), guests, Seat.take(), most=100)
        doorman.open()
        port = listener.getsockname()[1]
        callers = []
        for _ in range(100):
            callers.append(await asyncio.open_connection("127.0.0.1", port))
            assert await callers[-1][0].read(1) == b"1"
        reader, _ = late = await asyncio.open_connection("127.0.0.1", port)
        callers.append(late)
        if asks:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.2)
            callers[0][1].close()  # one of them is done: now it is the newcomer's turn
        assert await asyncio.wait_for(reader.read(1), 10) == b"1"
        assert doorman.held <= 100
        await doorman.close()
        for _, writer in callers:
            writer.close()
        listener.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("files", "most"), [(64, 64), (1_024, 512), (20_000, 16_384), (1 << 20, 16_384)]
)
def test_connections_leave_open_files_to_the_rest(files, most):
    assert most_connections(files) == most
