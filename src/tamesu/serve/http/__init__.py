"""HTTP in front of the core: Starlette routes, msgspec bodies, uvicorn underneath.

`listen` for a socket, `run` a service on it. Refuses to hold rules: they are the core's.
"""

from tamesu.serve.http.application import application
from tamesu.serve.http.runner import listen, run

__all__ = ["application", "listen", "run"]
