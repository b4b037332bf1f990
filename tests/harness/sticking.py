"""Servers of one sticky bandit, over one log, one store and one cache: asked, stopped, made again."""

from __future__ import annotations

import asyncio

from tamesu.adapters.cache.sqlite import SqliteCache
from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.base.times import MINUTE_US
from tamesu.serve import Service
from tamesu.serve.core import DecisionRequest

TTL_US = 5 * MINUTE_US


class Servers:
    """Runs servers one after the other; what they leave in log, store and cache stays.

    Args:
        ports: theirs, but for meter and cache.
        declaration: of the bandit `colours`; it is made sticky.
        place: of the cache that they share.
    """

    def __init__(self, ports, declaration, place):
        self.ports = ports
        self._declaration = {
            **declaration,
            "reward": {"window": "10m"},
            "sticky": {"ttl": "5m"},
        }
        self._place = place

    def __call__(self, act, number=1, cache=None):
        """Starts `number` of them, runs `act(services)`, closes them."""
        asyncio.run(self._run(act, number, cache))

    async def _run(self, act, number, cache):
        services = [self._made(cache) for _ in range(number)]
        for service in services:
            await service.start()
        try:
            if not services[0].catalogue.held():
                await services[0].control.create(self._declaration)
            await act(services)
        finally:
            self.ports["log"].gate.set()
            for service in services:
                await service.close()

    def _made(self, cache):
        cache = SqliteCache(self._place) if cache is None else cache
        return Service(
            **{**self.ports, "meter": MemoryMeter(), "cache": cache},
            deadline_s=5.0,
        )


def of(unit="u-1", **more):
    """A request for a unit."""
    return DecisionRequest(unit=unit, **more)


def decided(log):
    """The ids of the decisions in the log."""
    return [entry.key for entry in log.entries("decision")]


def told(answer):
    """What makes two answers the same decision."""
    return answer.decision_id, answer.deliveries


async def ask(service, request=None):
    """One decision of the bandit."""
    return await service.decider.decide("colours", request or of())
