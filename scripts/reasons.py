"""Why each default is what it is: the column of `docs/reference/declaration.md` that no code holds."""

from __future__ import annotations

REQUIRED = "no default could be right"

DECLARATION = {
    "name": REQUIRED,
    "description": "for people; nothing depends on it",
    "arms": REQUIRED,
    "layout.kind": "one arm for each request is what most start with",
    "fallback": "nobody's arm is favoured while the policy cannot answer",
    "policy.belief.kind": "the event happened or it did not: the conjugate model of a rate",
    "policy.explorer.kind": "nothing to tune, and its propensities are exact",
    "policy.newcomer": (
        "costs regret where good arms come late; see "
        "[what was measured](../adr/0020-newcomers-are-capped-when-asked.md)"
    ),
    "reward.anchor": (
        "single arms are shown when they are decided; in a slate, positions that nobody saw must "
        "teach nothing"
    ),
    "reward.window": (
        "what people do about a page, they do within minutes; `{gap: 30m, cap: 4h}` makes it a "
        "session, which ends `gap` after the newest event that counted"
    ),
    "reward.range": "it follows from weights and caps, or nobody needs it",
    "reward.impression_within": (
        "a page shown later than that is another visit; only with `anchor: impression`"
    ),
    "reward.lateness": "a batching client sends within seconds",
    "reward.late": "a phone may be offline for days, seldom for weeks; older clocks are wrong clocks",
    "reward.settle": (
        "what is learnt within a minute cannot be missed for long; what comes later corrects. "
        "`settle` = the longest window is unbiased at every moment, `0s` the freshest"
    ),
    "reward.events": "a click is the event that nearly every product has",
    "reward.default": "nothing happened, nothing earned",
    "policy.forgetting.half_life": "what was true stays true, until a team knows better",
    "reward.unseen": "an event without an impression is a fault of the front end: counted, not learnt",
    "reward.examined": "the layout says it: below the click of a cascade nobody looked",
    "sticky.ttl": "every request is a decision of its own; at most half of `reward.window`, of a session half its gap",
    "context": "context-free; a number n is short for one vector `x` of n numbers",
    "arm_features": "arms are told apart by their ids alone",
    "interactions": "none: each multiplies the number of columns, and costs data",
    "slots": "arms are chosen as they are",
    "pairwise": "options that add up need least data; say true where the best title depends on the image",
    "infeasible": "every option goes with every other",
    "batch.size": "one commit for 500 observations costs each of them little",
    "batch.every": "half a second is fresh, and two commits a second are cheap",
    "seed": "drawn at creation, so that bandits do not explore in step",
}

SAID = {
    "name": "required",
    "arms": "required",
    "reward.anchor": "`decision`; `impression` for a slate and its like",
    "reward.range": "it follows from weights and caps, or nobody needs it",
    "reward.impression_within": "= `window`",
    "reward.settle": "`1m`, or the longest window if that is shorter",
    "reward.examined": "`all`; `until_click` in a cascade",
    "sticky.ttl": "not sticky",
    "context": "context-free",
    "arm_features": "none",
    "interactions": "none",
    "slots": "none",
    "pairwise": "false",
    "infeasible": "none",
    "seed": "drawn",
}
"""Defaults that no single value spells out."""

EVENT_TERM = {
    "weight": REQUIRED + "; `click: 0.1` is short for `click: {weight: 0.1}`",
    "aggregate": "a second click on the same thing says little more than the first",
    "cap": "`any` needs none",
    "within": "most types matter as long as the others",
}

OBJECTIVE = {
    "events": REQUIRED + "; `clicks: {click: 1}` is short for `clicks: {events: {click: 1}}`",
    "range": "it follows from weights and caps",
}

SCALARISE = {
    "kind": "a sum is what most teams mean, and its weights can be told",
    "weights": "what nobody weighed weighs alike",
}

ARM = {
    "id": REQUIRED + "; `a` is short for `{id: a}`",
    "metadata": "nothing: an id may say enough",
    "features": "nothing: without `arm_features` nobody asks",
}

OPTIONS = {
    "belief beta": {
        "prior": "the uniform distribution: every rate as likely as any other",
        "priors": "all arms start alike",
    },
    "belief gaussian": {
        "prior": "rewards spread over their bounds; one reward already weighs as much",
        "priors": "all arms start alike",
    },
    "belief linear": {
        "sharing": "arms need nothing in common; `shared` learns faster where features tell them apart",
        "ridge": "columns lie about between -1 and 1, and so do coefficients",
        "intercept": "arms differ less by themselves than in a context; measured on four worlds",
        "mean": "rewards may lie anywhere; a prior around 0 would pull arms of few rewards there",
        "noise": "nobody knows it beforehand",
        "noise_weight": "a few rewards of an arm outweigh what is thought of its noise before",
        "priors": "all arms start alike; `tamesu bandit priors` writes them from a log",
    },
    "belief logistic": {
        "sharing": "it needs no features of arms, and arms need not be alike",
        "covariance": "it is what explores well; some hundred columns are no trouble",
        "ridge": "columns lie about between -1 and 1, and few coefficients are larger than 2",
        "rate": "nobody knows it beforehand; say 0.02 where one in fifty clicks, and new arms are not overrated",
        "rates": "all arms start alike",
        "priors": "all arms start alike; `tamesu bandit priors` writes them from a log",
        "repeat": "three or four settle it; more are not made",
        "delay": "what has not come when a delivery is learnt from has not come; where windows are short, that is so",
    },
    "belief two_tower": {
        "folder": REQUIRED,
        "digest": REQUIRED,
        "index": "all arms that a bandit may have are looked at in some milliseconds",
    },
    "belief neural_linear": {
        "folder": REQUIRED,
        "digest": REQUIRED,
        **dict.fromkeys(
            ["ridge", "intercept", "mean", "noise", "noise_weight"], "as of the belief `linear`"
        ),
    },
    "explorer retrieve": {
        "explore": "what lies outside of the retrieved has a share, so that a log can say something of it",
        "most": "softmax seldom reaches further",
        "temperature": "as it was learnt",
    },
    "explorer epsilon_greedy": {
        "explore": "`epsilon` does the same; one of the two is enough",
        "epsilon": "the share that most comparisons use",
    },
    "belief losses": {
        "gamma": "about half of a learning rate after ten thousand decisions, as its author takes it",
    },
    "explorer exponential_weights": {
        "explore": "it explores by itself; raise it for evaluation",
        "scale": "as published; 2 often loses less",
        "delay": "feedback at once; say it where rewards come late, or it trusts the past too soon",
        "horizon": "nobody knows how long a bandit runs",
        "baseline": "as published, with a guarantee against any opponent; `best` where arms come and go",
    },
    "explorer inverse_gap": {
        "explore": "every arm keeps a share by itself",
        "scale": "greedy enough after some hundred observations",
        "exponent": "the square root of the time is what the bound on its regret asks for",
    },
    "explorer greedy": {"explore": "whoever wants none gets none; the log then evaluates nothing"},
    "explorer randomized_ucb": {
        "explore": "it explores by itself; raise it for evaluation",
        "points": "two neighbouring heights seldom differ in who wins",
        "width": "greater heights are seldom drawn and cost more than they find; measured on ten worlds",
    },
    "explorer softmax": {
        "explore": "its propensities are positive by themselves, where means lie close",
        "temperature": "no default could be right: it is a difference of rewards",
    },
    "explorer ucb": {
        "explore": "as published; the log then evaluates nothing: raise it for evaluation",
        "variant": (
            "`kl_ucb` is never worse than `ucb1`, and for rates as good as can be; counts of an arm "
            "say nothing of contexts"
        ),
        "scale": "as published; smaller ones often lose less, and may lock onto the wrong arm",
    },
    "explorer thompson": {
        "explore": "Thompson sampling explores by itself; raise it for evaluation",
        "draws": "one decision in 65 goes to the uniform draw, and regret hardly knows it from more",
    },
    "explorer uniform": {"explore": "it is all exploration anyway"},
    "layout single": {},
    "layout combination": {},
    "layout cascade": {"size": REQUIRED},
    "layout per_position": {"size": REQUIRED},
    "layout slate": {
        "size": REQUIRED,
        "examination": "impressions say what was seen; say it where many see and do not look",
    },
}

_TOLD = "whoever fits it says so"

SURROGATE = {
    "later": _TOLD,
    "within": _TOLD,
    "window": _TOLD,
    "fitted": _TOLD,
    "since": _TOLD,
    "until": _TOLD,
    "rows": _TOLD,
    "constant": _TOLD,
    "ridge": _TOLD,
    "r2": _TOLD,
    "r2_error": _TOLD,
    "calibration": "for people; nothing depends on it",
    "differing": "none was found to",
}

SETTINGS = {
    "data": "beside the settings, easy to find and to remove",
    "host": "this machine only: wider needs keys",
    "keys": "with the data whose owner it protects",
    "port": "the usual one for a service under development",
    "workers": "one core is enough for most; more share the port and the log",
    "units": "whoever looks for the decisions of a unit finds them; an id should be no name anyway",
    "cache": "the fastest that keeps the promise: `memory` for one worker, `sqlite` for more",
    "max_age": "a store that is back within that long costs nobody a server",
    "retention": "as long as late events still correct",
    "archive_retention": "replays and evaluations want all that there was",
    "segment_bytes": "small enough that room comes back soon, large enough that files are few",
    "sync": "whoever has a source says so",
    "segment_age": "what is retired goes by whole files: at most so much longer than `retention`",
}
