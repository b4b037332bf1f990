"""What is answered of how a bandit does, and of where its records are, as structs.

Refuses what `answers` refuses.
"""

from __future__ import annotations

from tamesu.base import Status, Time
from tamesu.join import Concern
from tamesu.policy import ArmSummary
from tamesu.serve.core.results import Results
from tamesu.serve.http.openapi.answers import Told


class Classes(Told):
    """Where all records are, by class.

    Attributes:
        decisions, deliveries, events: how many ended in each class.
        difference: how many are missing or too many; anything but 0 is a bug.
    """

    decisions: dict[str, int]
    deliveries: dict[str, int]
    events: dict[str, int]
    difference: int


class ShownAside(Told):
    r"""A record that was set aside.

    Attributes:
        received: when the log took it.
        why: the class of reasons; see `reason` for the words.
        reason: in words.
        bandit: whose; none where that cannot be read.
        key, kind: of the entry in the log.
        body: its beginning as text; bytes that are no UTF-8 stand in it as `\xff`.
        body_bytes: how many there are in all.
        place: where it stands among all.
    """

    received: Time
    why: str
    reason: str
    bandit: str | None
    key: str
    kind: str
    body: str
    body_bytes: int
    place: str


class Asides(Told):
    """Records that were set aside, the newest first.

    Attributes:
        bandit: whose; none for those of all.
        asides: they.
        next: ask with `after` this for the following ones; none at the end.
    """

    bandit: str | None
    asides: list[ShownAside]
    next: str | None


class Quantiles(Told):
    """Of all servers, in seconds; none where nothing was measured."""

    p50: float | None
    p95: float | None


class Report(Told):
    """What a bandit has learnt.

    Attributes:
        bandit, status, declaration, snapshot: what is served.
        watermark: the moment up to which the log has been read; none for the prior.
        observations: learnt.
        concerns: what is wrong with how records come in, the worst first.
        arms: what is believed of each.
        freshness_s: from an observation being due to the first decision that knows of it.
        learning_delay_s: from an event being accepted to that decision.
        counts: of deliveries and events, by how they ended.
        results: what the archive says of the period that was asked for; none without one.
    """

    bandit: str
    status: Status
    declaration: int
    snapshot: int
    watermark: Time | None
    observations: int
    concerns: list[Concern]
    arms: list[ArmSummary]
    freshness_s: Quantiles
    learning_delay_s: Quantiles
    counts: dict[str, int]
    results: Results | None
