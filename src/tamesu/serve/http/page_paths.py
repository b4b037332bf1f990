"""The description of a server, and pages to read and try it: `/openapi.json` and `/docs`.

The pages are Swagger UI, out of a package that brings its files: nothing is fetched from elsewhere, and
a browser is told to fetch nothing. Refuses files that the pages do not need.
"""

from __future__ import annotations

import asyncio
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from starlette.types import Scope

from tamesu.base import NotFound
from tamesu.base.errors import listing
from tamesu.serve.core.wire import write
from tamesu.serve.http.resource import Answer

_FILES = {
    "swagger-ui.css": b"text/css; charset=utf-8",
    "swagger-ui-bundle.js": b"text/javascript; charset=utf-8",
    "favicon-32x32.png": b"image/png",
}
_START = "start.js"
_MAY_FETCH = (
    # Swagger UI styles its parts in place, and draws its signs as data.
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _MAY_FETCH),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_PAGE = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tamesu: API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
</head>
<body>
<div id="page"></div>
<noscript>This page needs JavaScript; <a href="openapi.json">the description itself</a> needs none.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_STARTING = b"""SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#page",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  validatorUrl: null,
});
"""


class PagePaths:
    """Handlers that need no service."""

    async def openapi(self, _: Scope, __: bytes) -> Answer:
        """GET /openapi.json."""
        return Answer(await asyncio.to_thread(_description))

    async def docs(self, _: Scope, __: bytes) -> Answer:
        """GET /docs."""
        _bundled()
        return Answer(_PAGE, media_type=b"text/html; charset=utf-8", headers=_HEADERS)

    async def file(self, scope: Scope, _: bytes) -> Answer:
        """GET /docs/{file}."""
        name = scope["path_params"]["file"]
        if name == _START:
            return Answer(_STARTING, media_type=b"text/javascript; charset=utf-8", headers=_HEADERS)
        media_type = _FILES.get(name)
        if media_type is None:
            raise NotFound(f"the pages have no file {name[:80]!r} (known: {listing(_FILES)})")
        body = await asyncio.to_thread((_bundled() / name).read_bytes)
        return Answer(body, media_type=media_type, headers=_HEADERS)


@cache
def _description() -> bytes:
    from tamesu.serve.http.openapi import document  # noqa: PLC0415 - loads every kind of policy

    return write(document())


@cache
def _bundled() -> Path:
    """The folder of Swagger UI's files; the package that brings them is never imported.

    Raises:
        NotFound: it is not installed.
    """
    spec = find_spec("swagger_ui")
    if spec is None or not spec.submodule_search_locations:
        raise NotFound(
            "the pages of /docs need the extra 'pages', which is not installed here",
            hint="pip install 'tamesu[pages]'; the description itself is /openapi.json",
        )
    return Path(spec.submodule_search_locations[0]) / "static"
