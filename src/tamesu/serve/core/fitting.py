"""`check`: whether a bandit can take a request, whatever its context.

Refuses what does not fit by name, and leaves to the policy what only the policy can judge.
"""

from __future__ import annotations

from tamesu.base import NotFound
from tamesu.base.errors import listing
from tamesu.serve.core.again import named
from tamesu.serve.core.hot import Hot
from tamesu.serve.core.wire import DecisionRequest, check_text


def check(hot: Hot, request: DecisionRequest) -> None:
    """Refuses what the bandit cannot take; its policy judges the rest of `eligible`, and its context.

    Raises:
        InvalidInput: a unit or request id that is no id; no unit where the bandit is sticky.
        NotFound: an eligible arm that was retired.
    """
    if hot.declared.declaration.sticky is not None:
        named(request, hot)
    if request.unit is not None:
        check_text(request.unit, "unit")
    if request.request_id is not None:
        check_text(request.request_id, "request_id")
    if request.eligible is not None and not hot.retired.isdisjoint(request.eligible):
        retired = [arm for arm in request.eligible if arm in hot.retired]
        name = hot.declared.declaration.name
        raise NotFound(
            f"arms of bandit {name!r} must be active to be eligible, retired: {listing(retired)}",
            hint=f"leave them out, or revive them:  tamesu arms revive {name} ARM",
            arms=retired[:100],
        )
