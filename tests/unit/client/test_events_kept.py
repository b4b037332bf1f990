"""Events as they are kept: in memory with their age, in a file, in an error."""

import pickle
import time
from pathlib import Path

import pytest

from tamesu.base import InvalidInput, Time, Unsent
from tamesu.base.reward import SKEW_US
from tamesu.base.times import SECOND_US
from tamesu.client import Batching, load_events, save_events
from tamesu.client.outbox import Waiting

ID = "front.1.01a203070567769987b41df0fcb675cb"


@pytest.mark.parametrize("line", ['{"delivery_id": "x", "ty', "[]", '{"type": "click"}', "\x00"])
def test_a_file_that_was_not_saved_whole_is_refused_by_line(tmp_path, line):
    path = tmp_path / "unsent.jsonl"
    save_events(path, [{"delivery_id": f"{ID}-0", "type": "click"}])
    path.write_text(path.read_text("utf-8") + line, "utf-8")
    with pytest.raises(InvalidInput, match="line 2"):
        load_events(path)


def test_an_event_that_waited_says_when_it_happened():
    event = {"delivery_id": f"{ID}-0", "type": "click", "event_id": "e"}
    assert Waiting(0, event, time.monotonic()).said() == event
    kept = Waiting(0, event, time.monotonic() - 60).said()
    now = Time(time.time_ns() // 1_000)
    assert {name: kept[name] for name in event} == event
    assert now - 120_000_000 < Time.parse(kept["time"]) < now - 30_000_000
    own = {**event, "time": "2026-01-01T00:00:00Z"}
    assert Waiting(0, own, time.monotonic() - 60).said(is_kept=True) == own


@pytest.mark.parametrize(
    "wrong", [{"size": 0}, {"size": 1001}, {"every_s": -1.0}, {"most": 10}, {"patience_s": -1.0}]
)
def test_batching_that_cannot_be_is_refused(wrong):
    with pytest.raises(InvalidInput, match="batching must have"):
        Batching(**wrong)


def test_the_how_to_says_the_defaults():
    page = Path(__file__).parents[3] / "docs/how-to/use-the-python-client.md"
    said = " ".join(page.read_text("utf-8").split())
    usual = Batching()
    assert f"when {usual.size} wait or the first has waited {usual.every_s:g} s" in said
    assert f"{usual.most:,} events wait for a server" in said
    assert f"`flush` takes too long ({usual.patience_s:g} s)" in said
    assert f"`close` takes too long ({usual.patience_s:g} s)" in said
    assert f"Events that wait longer than {SKEW_US / SECOND_US:g} s" in said


def test_what_came_back_survives_the_way_to_another_process():
    unsent = Unsent("m", hint="h", events=[{"event_id": "e"}], refusals=[{"index": 0}], count=1)
    again = pickle.loads(pickle.dumps(unsent))
    assert (str(again), again.facts) == (str(unsent), {"count": 1})
    assert (again.events, again.refusals) == (unsent.events, unsent.refusals)
