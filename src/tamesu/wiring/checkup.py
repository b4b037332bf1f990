"""What the doctor looks at in this installation: settings, supervisor, SQLite, data, what answers.

Refuses to repair.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tamesu.watch import Finding, clock_steps, examine, folder_holder, read_standing
from tamesu.wiring import integrity
from tamesu.wiring.places import open_bandit_folder
from tamesu.wiring.settings import CONFIG_VARIABLE, FILE, Settings


def doctor(settings: Settings) -> Iterator[Finding]:
    """Findings about this installation, one by one."""
    yield Finding("settings", well=True, found=_settings(settings))
    yield from examine(
        settings.folder,
        f"{settings.host}:{settings.port}",
        workers=settings.workers,
        listen=lambda: _listen(settings),
        answers=lambda: _answers(settings),
        more={
            "supervisor": lambda: _supervisor(settings),
            "sqlite": _sqlite,
            "store": lambda: integrity.store(settings),
            "log": lambda: integrity.log(settings),
            "cache": lambda: integrity.cache(settings),
            "features": lambda: integrity.features(settings),
            "data": lambda: integrity.agreement(settings),
            "what comes in": lambda: integrity.what_comes_in(settings),
            "clock": lambda: integrity.clock(settings),
            "clock steps": lambda: _clock_steps(settings),
            "open bandit data": _open_bandit,
        },
    )


def _settings(settings: Settings) -> str:
    named = Path(os.environ.get(CONFIG_VARIABLE) or FILE)
    source = str(named) if named.is_file() else f"no {FILE}, defaults"
    return (
        f"{source}; data {settings.data}, workers {settings.workers}, cache {settings.cache_kind}"
    )


def _supervisor(settings: Settings) -> str:
    holder = folder_holder(settings.folder)
    return "none runs here" if holder is None else f"process {holder}; see  tamesu status"


def _clock_steps(settings: Settings) -> str | Finding | None:
    """None since the supervisor started; it alone can know."""
    standing = read_standing(settings.folder)
    if standing is None or folder_holder(settings.folder) is None:
        return None
    return clock_steps(standing) or "none since the supervisor started"


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
