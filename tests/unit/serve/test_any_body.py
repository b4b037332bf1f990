"""Whatever is sent, the answer is an answer or a problem, never a mistake of ours."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
NAMES = st.sampled_from(
    [
        "unit",
        "context",
        "eligible",
        "request_id",
        "requests",
        "events",
        "delivery_id",
        "type",
        "value",
        "time",
        "event_id",
        "name",
        "arms",
        "layout",
        "policy",
        "reward",
        "batch",
        "seed",
        "kind",
        "size",
        "window",
        "click",
        "id",
        "red",
        "impression",
        "colours",
    ]
)
DATA = st.recursive(
    LEAVES | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
PATHS = st.sampled_from(
    [
        "/v1/bandits",
        "/v1/bandits/colours/decisions",
        "/v1/bandits/colours/decisions/batch",
        "/v1/events",
        "/v1/events?partial=true",
    ]
)


def test_any_json_is_answered_or_refused(server):
    deliveries = server.post("/v1/bandits/colours/decisions", {})[1]["deliveries"]
    ids = st.sampled_from([delivery["delivery_id"] for delivery in deliveries])
    events = st.fixed_dictionaries(
        {"delivery_id": ids | DATA, "type": st.just("click") | DATA},
        optional={"value": DATA, "time": DATA, "event_id": DATA},
    )
    shapes = (
        DATA
        | st.fixed_dictionaries({"events": st.lists(events, max_size=3)})
        | st.fixed_dictionaries({"requests": st.lists(DATA, max_size=3)})
        | st.fixed_dictionaries(
            {"name": st.just("others"), "arms": st.lists(DATA, max_size=3)},
            optional={"layout": DATA, "policy": DATA, "reward": DATA, "batch": DATA, "seed": DATA},
        )
    )

    @settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
    @given(PATHS, shapes)
    def law(path, body):
        status, told = server.post(path, raw=json.dumps(body).encode())
        assert status in (200, 201, 202, 400, 404, 409, 413), told

    law()


def test_any_bytes_are_answered_or_refused(server):
    @settings(max_examples=200)
    @given(PATHS, st.binary(max_size=60))
    def law(path, body):
        status, told = server.post(path, raw=body)
        assert status in (200, 201, 202, 400, 404, 413), told

    law()
