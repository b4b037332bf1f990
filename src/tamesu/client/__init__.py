"""The Python client: decide, track, and what sets them up, over HTTP.

Retries are safe: what is sent has its id from the first try on. Imports the nouns alone; refuses to
know how a server works.
"""

from tamesu.client.async_client import AsyncClient
from tamesu.client.batching import Batching
from tamesu.client.client import Client
from tamesu.client.decided import Decided, Delivered
from tamesu.client.tracked import Tracked
from tamesu.client.unsent import load_events, save_events

__all__ = [
    "AsyncClient",
    "Batching",
    "Client",
    "Decided",
    "Delivered",
    "Tracked",
    "load_events",
    "save_events",
]
