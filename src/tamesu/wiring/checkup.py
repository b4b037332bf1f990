"""What the doctor looks at in this installation: settings, supervisor, SQLite, data, what answers.

Refuses to repair.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from tamesu.watch import Finding, clock_steps, examine, folder_holder, read_standing
from tamesu.wiring import integrity
from tamesu.wiring.places import open_bandit_folder, open_keys
from tamesu.wiring.settings import CONFIG_VARIABLE, FILE, Settings
from tamesu.wiring.syncing import syncs


def doctor(settings: Settings) -> Iterator[Finding]:
    """Findings about this installation, one by one."""
    from tamesu.adapters.clock.system import SystemClock

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
            "learnt": lambda: integrity.learnt(settings),
            "what comes in": lambda: integrity.what_comes_in(settings),
            "keys": lambda: _keys(settings),
            "clock": lambda: integrity.clock(settings),
            "clock steps": lambda: _clock_steps(settings),
            "open bandit data": _open_bandit,
        },
    )
    yield from syncs(settings, SystemClock().now())


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


def _keys(settings: Settings) -> str | Finding:
    """How many there are, and whether others can read their digests."""
    keys = open_keys(settings)
    if keys.stamp() is None:
        return "none: open to this machine alone"
    many = len(keys.all())
    mode = stat.S_IMODE(keys.path.stat().st_mode)
    if mode & 0o077:
        return Finding(
            "keys",
            well=False,
            found=f"{keys.path} must be its owner's alone, its mode is {mode:03o}",
            hint=f"chmod 600 {keys.path}",
        )
    return f"{many} in {keys.path}" if many else f"none in {keys.path}: nobody gets in"


def _listen(settings: Settings) -> None:
    from tamesu.serve.http import listen

    keyed = open_keys(settings).stamp() is not None
    listen(settings.host, settings.port, keyed=keyed).close()


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
