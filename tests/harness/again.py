"""A decision made at a state, and made again from the state's bytes."""

from __future__ import annotations

from tamesu.policy import Choice, explain

DECISION = "law.1.x"
AMONG = ("c", "a", "h", "b")


def made_again(policy, state, arms, now, context=None):
    """The choice among `AMONG` of `arms`, and its explanation by a state out of bytes; the same to the bit."""
    choice = policy.prepare(state, arms, now).choose(DECISION, AMONG, context)
    again = policy.decode(policy.encode(state))
    assert again == state
    explained = explain(
        policy=policy,
        state=again,
        prepared=policy.prepare(again, arms, now),
        time=now,
        decision_id=DECISION,
        eligible=sorted(AMONG),
        delivered=Choice(choice.arms, choice.propensities, choice.scores, choice.draws),
        context=context,
    )
    assert (explained.same, explained.difference) == (True, 0.0)
    return choice, explained
