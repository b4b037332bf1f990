"""Every operation of a server: what it takes, what it answers, what it is for.

A test holds the list to the routes there are, and every answer of a real server to what is said here.
Refuses to do any of it.
"""

from __future__ import annotations

from tamesu.base import Aside
from tamesu.serve.core import DecisionAnswer, DecisionRequest, DecisionRequests, EventRequests
from tamesu.serve.core.health import Readiness
from tamesu.serve.core.track import Tracked
from tamesu.serve.http.openapi import answers, moving, reported
from tamesu.serve.http.openapi.bandit_operations import BANDIT_OPERATIONS
from tamesu.serve.http.openapi.explained import Explained
from tamesu.serve.http.openapi.operation import BANDIT, BODY, Operation, Parameter, limit

_ASIDES = (
    Parameter(
        "why", {"enum": [why.value for why in Aside]}, "Only those set aside for this reason."
    ),
    limit("records"),
    Parameter("after", {"type": "string"}, "What the page before said as `next`."),
)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="post",
        path=f"{BANDIT}/decisions",
        id="decide",
        tag="decisions",
        summary="Make a decision",
        details="In the log before it is answered. After a `503` the outcome is unknown: ask again with "
        "the same `request_id`. An empty body asks for nothing in particular.",
        body=DecisionRequest,
        bare=True,
        answers={200: DecisionAnswer},
        problems=(*BODY, 404, 409),
    ),
    Operation(
        method="post",
        path=f"{BANDIT}/decisions/batch",
        id="decideMany",
        tag="decisions",
        summary="Make many decisions",
        details="Answered in the order of the requests; all of them or none.",
        body=DecisionRequests,
        answers={200: answers.Decisions},
        problems=(*BODY, 404, 409),
    ),
    Operation(
        method="get",
        path="/v1/decisions/{id}",
        id="explain",
        tag="decisions",
        summary="Explain a decision",
        details="What was decided, from what, the same once more, and what came of it. A `404` has a "
        "`reason`: `not-recorded`, `retired`, `set-aside` or `other-installation`.",
        answers={200: Explained},
        problems=(400, 404),
    ),
    Operation(
        method="post",
        path="/v1/events",
        id="track",
        tag="events",
        summary="Track events",
        details="All of them or none; with `partial` the good ones, and `results` says of each what "
        "became of it. An `event_id` makes a retry safe.",
        parameters=(
            Parameter("partial", {"type": "boolean", "default": False}, "Take the good members."),
        ),
        body=EventRequests,
        answers={200: Tracked, 202: Tracked},
        problems=(*BODY, 404),
    ),
    *BANDIT_OPERATIONS,
    Operation(
        method="get",
        path=f"{BANDIT}/report",
        id="report",
        tag="reports",
        summary="Report what a bandit has learnt",
        details="With a `period` also what the archive says of decisions made since: by arm, by window, "
        "beside uniform choice, and how late rewards come. All rows of that time are read for it.",
        parameters=(
            Parameter(
                "period", {"type": "string", "examples": ["30d"]}, "How far back, from 1s on."
            ),
        ),
        answers={200: reported.Report},
        problems=(400, 404),
    ),
    Operation(
        method="get",
        path=f"{BANDIT}/convergence",
        id="convergence",
        tag="reports",
        summary="Tell how fast a bandit's ranking moves",
        details="Window by window, the oldest first, how much of the set at its top changed. By default "
        "the windows fill the bandit's life, and the top has as many arms as a decision delivers.",
        parameters=(
            Parameter(
                "window", {"type": "string", "examples": ["1h"]}, "Length of each, 1s to 366d."
            ),
            Parameter(
                "windows",
                {"type": "integer", "minimum": 1, "maximum": 200, "default": 24},
                "How many windows at most.",
            ),
            Parameter("size", {"type": "integer", "minimum": 1}, "How many arms the top has."),
        ),
        answers={200: moving.Moved},
        problems=(400, 404),
    ),
    Operation(
        method="get",
        path=f"{BANDIT}/conservation",
        id="conservation",
        tag="reports",
        summary="Tell where every record is",
        answers={200: reported.Classes},
        problems=(404,),
    ),
    Operation(
        method="get",
        path=f"{BANDIT}/asides",
        id="listAsides",
        tag="reports",
        summary="List a bandit's records that were set aside",
        parameters=_ASIDES,
        answers={200: reported.Asides},
        problems=(400, 404),
    ),
    Operation(
        method="get",
        path="/v1/asides",
        id="listAllAsides",
        tag="reports",
        summary="List all records that were set aside",
        details="Those of deleted bandits too, and those that name none.",
        parameters=_ASIDES,
        answers={200: reported.Asides},
        problems=(400,),
    ),
    Operation(
        method="get",
        path="/v1/features/{entity}/{key}",
        id="findFeatures",
        tag="features",
        summary="Tell what is kept of a unit",
        answers={200: answers.Features},
        problems=(400, 404),
    ),
    Operation(
        method="put",
        path="/v1/features/{entity}/{key}",
        id="putFeatures",
        tag="features",
        summary="Keep features of a unit",
        details="In place of what was there. From then on each decision for that unit has them in its "
        "context.",
        body=answers.UnitFeatures,
        answers={200: answers.Features},
        problems=(*BODY, 404),
    ),
    Operation(
        method="delete",
        path="/v1/features/{entity}/{key}",
        id="forgetFeatures",
        tag="features",
        summary="Forget what is kept of a unit",
        answers={200: answers.FeaturesForgotten},
        problems=(400, 404),
    ),
    Operation(
        method="get",
        path="/health/live",
        id="live",
        tag="health",
        summary="Tell that the process runs",
        answers={200: answers.Live},
    ),
    Operation(
        method="get",
        path="/health/ready",
        id="ready",
        tag="health",
        summary="Tell whether it can decide",
        details="`503` with the same body where it cannot.",
        answers={200: Readiness, 503: Readiness},
    ),
    Operation(
        method="get",
        path="/metrics",
        id="metrics",
        tag="health",
        summary="Show what was measured, for Prometheus",
        answers={200: "text/plain"},
    ),
)
"""As they are listed, each once."""
