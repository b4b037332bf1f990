"""Both clients, to be held to the same tests: `AsyncClient` says the words of `Client`."""

import asyncio
import inspect
import threading

import pytest

from tamesu.client import AsyncClient, Client


class Awaited:
    """An `AsyncClient` in an event loop of its own, to be called as a `Client` is."""

    def __init__(self, *args, **options):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        try:
            self._client = self._run(self._make(*args, **options))
        except BaseException:
            self._stop()
            raise

    @staticmethod
    async def _make(*args, **options):
        return AsyncClient(*args, **options)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self, *args, **options):
        if self._thread.is_alive():
            try:
                self._run(self._client.close(*args, **options))
            finally:
                self._stop()

    def _stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, awaitable):
        return asyncio.run_coroutine_threadsafe(awaitable, self._loop).result()

    @property
    def waiting(self):
        return self._client.waiting

    def __getattr__(self, name):
        method = getattr(self._client, name)

        async def call(*args, **options):
            told = method(*args, **options)
            return await told if inspect.isawaitable(told) else told

        return lambda *args, **options: self._run(call(*args, **options))


@pytest.fixture(params=[Client, Awaited], ids=["threads", "tasks"])
def connect(request):
    """Makes a client of either kind."""
    return request.param
