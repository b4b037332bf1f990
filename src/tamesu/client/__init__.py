"""The Python client: decide, track, and what sets them up, over HTTP.

Retries are safe: what is sent has its id from the first try on. Imports the nouns alone; refuses to
know how a server works.
"""

from tamesu.client.client import Client, Tracked
from tamesu.client.decided import Decided, Delivered

__all__ = ["Client", "Decided", "Delivered", "Tracked"]
