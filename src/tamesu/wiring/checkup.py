"""What the doctor looks at in this installation: settings, SQLite, data, and what answers.

Refuses to repair.
"""

from __future__ import annotations

from collections.abc import Iterator

from tamesu.watch import Finding, examine
from tamesu.wiring.places import open_bandit_folder
from tamesu.wiring.settings import Settings


def doctor(settings: Settings) -> Iterator[Finding]:
    """Findings about this installation, one by one."""
    yield from examine(
        settings.folder,
        f"{settings.host}:{settings.port}",
        listen=lambda: _listen(settings),
        answers=lambda: _answers(settings),
        more={"sqlite": _sqlite, "open bandit data": _open_bandit},
    )


def _listen(settings: Settings) -> None:
    from tamesu.serve.http import listen

    listen(settings.host, settings.port).close()


def _answers(settings: Settings) -> bool:
    import httpx2

    try:
        answer = httpx2.get(f"{settings.url}/health/live", timeout=2.0)
    except httpx2.HTTPError:
        return False
    return answer.status_code == 200  # noqa: PLR2004 - HTTP's own number


def _sqlite() -> str:
    from tamesu.adapters import sqlite

    sqlite.refuse_old()
    return f"version {sqlite.driver.sqlite_version}"


def _open_bandit() -> str:
    from tamesu.adapters.archive import open_bandit

    folder = open_bandit_folder()
    if open_bandit.is_complete(folder):
        return f"there, in {folder}"
    return "not fetched yet; only the demo needs it, and fetches it"
