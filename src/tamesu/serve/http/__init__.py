"""HTTP in front of the core: Starlette routes, msgspec bodies, uvicorn underneath.

`listen` for a socket, `run` a service on it, a `Guard` before it. Refuses to hold rules: they are the core's.
"""

from tamesu.serve.http.allowance import Allowances
from tamesu.serve.http.application import application
from tamesu.serve.http.guard import Guard
from tamesu.serve.http.listener import is_local, listen
from tamesu.serve.http.runner import run

__all__ = ["Allowances", "Guard", "application", "is_local", "listen", "run"]
