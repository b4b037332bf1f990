"""The page of limits: numbers that are fixed in this version, read from the code, with their reasons."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from pieces import NOTE, table

from tamesu.adapters.cache.memory import CLAIMS as ONE_WORKER
from tamesu.adapters.cache.sqlite import CLAIMS as MANY_WORKERS
from tamesu.adapters.eventlog.sqlite import PATIENCE_S as LOG_PATIENCE_S
from tamesu.adapters.eventlog.sqlite import SEGMENT_BYTES, SEGMENT_MS
from tamesu.base import Duration
from tamesu.base.arm import MAX_ARMS, MAX_FEATURES_BYTES, MAX_ID_CHARS, MAX_METADATA_BYTES
from tamesu.base.feature import MAX_WIDTH
from tamesu.base.reward import AHEAD_US, CLOCK_SKEW_US, SKEW_US
from tamesu.base.roster import MAX_ALL_BYTES, MOST_RETIRED
from tamesu.base.slots import MAX_OPTIONS, MAX_SLOTS
from tamesu.base.times import MILLISECOND_US, SECOND_US
from tamesu.engine.learner import LEASE_US
from tamesu.engine.remade import MOST_LOOKED_AT
from tamesu.evaluate.assembled import MOST_COMBINATIONS
from tamesu.evaluate.tabled import MOST_NUMBERS as MOST_TABLED
from tamesu.policy.features.numbers import LARGEST, LARGEST_FACTOR
from tamesu.ports.store import MOST_WAITING
from tamesu.serve.core import MAX_BATCH, MAX_NESTING, Appender
from tamesu.serve.core.catalogue import POLL_S
from tamesu.serve.core.claims import FRESH_US, LASTS_US
from tamesu.serve.core.commands import PATIENCE_S
from tamesu.serve.core.contexts import MOST_CHARS
from tamesu.serve.core.feature_rules import MOST_BYTES, MOST_LISTED
from tamesu.serve.core.health import MAX_AGE_S
from tamesu.serve.core.records import MOST_FILES, MOST_FOUND, MOST_READ
from tamesu.serve.core.refill import LOOK_S, MOST_UNITS
from tamesu.serve.core.telling import MOST_EVENTS
from tamesu.serve.core.unit_features import PATIENCE_S as FEATURES_PATIENCE_S
from tamesu.serve.core.unit_features import POLL_S as FEATURES_POLL_S
from tamesu.serve.core.wire import MAX_TEXT
from tamesu.serve.http.doorman import MOST_CONNECTIONS, SPARE_FILES
from tamesu.serve.http.guard import POLL_S as KEYS_POLL_S
from tamesu.serve.http.protocol import MAX_HEAD, MAX_HEADERS, Patience
from tamesu.serve.http.resource import MAX_ARMS_BODY, MAX_BODY
from tamesu.sim.listed import MOST as LISTED
from tamesu.watch.life import LONGEST_REST_S
from tamesu.watch.supervisor import GRACE_S
from tamesu.wiring.key_file import MOST_KEYS
from tamesu.wiring.supervision import SERVER_PATIENCE_S, TRAINER_PATIENCE_S

_APPENDER = {
    name: parameter.default for name, parameter in inspect.signature(Appender).parameters.items()
}
_PATIENCE = Patience()
_MEBIBYTE = 1 << 20


def _length(us: float) -> str:
    return Duration(us).text()


_TIMES: tuple[tuple[str, str, str], ...] = (
    (
        "before its decision or its impression an event still counts as at it",
        _length(SKEW_US),
        "clocks of front ends and servers differ; an order of a few seconds means nothing",
    ),
    (
        "a client's time may lie ahead of its arrival",
        _length(AHEAD_US),
        "further ahead its clock is wrong, and the moment of arrival counts",
    ),
    (
        "a decision's id and its arrival may differ",
        _length(CLOCK_SKEW_US),
        "further apart a server's clock is wrong: the record is poison, and closes no window",
    ),
    (
        "a `request_id` gives the same decision",
        _length(LASTS_US),
        "longer than anybody retries",
    ),
    (
        "a lost cache is noticed",
        _length(LOOK_S * SECOND_US),
        "then what it held is read back from the log; until then a request may be decided anew",
    ),
    (
        "a decision waits for its unit's features",
        _length(FEATURES_PATIENCE_S * SECOND_US),
        "at most; then it is made without, and counted",
    ),
    (
        "the first features of an installation are noticed",
        _length(FEATURES_POLL_S * SECOND_US),
        "by servers that did not take them; while there are none, nothing is looked up",
    ),
    (
        "a decision may be so old when the log's writer comes to it",
        _length(FRESH_US),
        "else 503: a batch that takes longer is too large, and its ids would no longer be true",
    ),
    (
        "the log must take a record",
        _length(_APPENDER["deadline_s"] * SECOND_US),
        "else 503: a caller with a page to show waits no longer",
    ),
    (
        "the log's other writers may hold it",
        _length(int(LOG_PATIENCE_S * SECOND_US)),
        "then an append is refused with the process that hangs; who waited for it has been answered",
    ),
    (
        "a tick is written once the newest record is so old",
        _length(_APPENDER["tick_s"] * SECOND_US),
        "windows close where nobody writes",
    ),
    (
        "the head of a request may take",
        _length(int(_PATIENCE.head * SECOND_US)),
        "from its first byte, however they drip; else 408",
    ),
    (
        "the body of a request may take",
        _length(int(_PATIENCE.body * SECOND_US)),
        "from the end of its head; else 408",
    ),
    (
        "an answer may take, the reading of it included",
        _length(int(_PATIENCE.exchange * SECOND_US)),
        "far above what any needs; then the connection ends",
    ),
    (
        "a connection may be silent between two requests",
        _length(int(_PATIENCE.idle * SECOND_US)),
        "longer than proxies keep one, or they would send into a closed one",
    ),
    (
        "a server looks for changes of the keys",
        _length(int(KEYS_POLL_S * SECOND_US)),
        "a revoked key is refused within a second",
    ),
    (
        "a server asks for new snapshots",
        _length(POLL_S * SECOND_US),
        "part of freshness; asking costs one short read",
    ),
    (
        "a change of arms waits for the trainer",
        _length(PATIENCE_S * SECOND_US),
        "longer than a step of it; then the answer is `pending`, and the change comes all the same",
    ),
    (
        "the store may be out of reach",
        _length(MAX_AGE_S * SECOND_US),
        "a server goes on with what it has; then it says that it is not ready",
    ),
    (
        "a trainer may be silent",
        _length(LEASE_US),
        "then another may take its place; until one does, it goes on",
    ),
    (
        "a server's event loop may stand still",
        _length(SERVER_PATIENCE_S * SECOND_US),
        "then it is taken for hanging and replaced; callers have given up by then",
    ),
    (
        "a trainer's step may take",
        _length(TRAINER_PATIENCE_S * SECOND_US),
        "then it is taken for hanging and replaced; the widest steps take a few seconds",
    ),
    (
        "a process that ends again and again rests",
        _length(LONGEST_REST_S * SECOND_US),
        "at most, and is tried again for ever; whoever mends the cause need not wait long",
    ),
    (
        "processes may drain at a stop",
        _length(GRACE_S * SECOND_US),
        "then they are killed; what was acknowledged is on the disk",
    ),
)
_SIZES: tuple[tuple[str, str, str], ...] = (
    ("bytes of a body", f"{MAX_BODY // _MEBIBYTE} MiB", "a full batch has room; else 413"),
    (
        "bytes of a body that lists a bandit's arms",
        f"{MAX_ARMS_BODY // _MEBIBYTE} MiB",
        "100,000 arms have room; else 413",
    ),
    (
        "commands that wait for the trainer",
        f"{MOST_WAITING}",
        "a trainer that is gone does not fill the store; else 429",
    ),
    (
        "retired arms that a roster lists",
        f"{MOST_RETIRED:,}",
        "the longest retired leave the list; what was learnt of them stays",
    ),
    (
        "requests, or events, of one call",
        f"{MAX_BATCH:,}",
        "one call does not hold up the others; the Python client divides larger ones",
    ),
    ("objects and lists within each other", f"{MAX_NESTING}", "no product needs more; else 413"),
    (
        "a segment of the log",
        f"{SEGMENT_BYTES >> 20} MiB, or {_length(SEGMENT_MS * MILLISECOND_US)}",
        "what is old goes by whole segments: small enough to go soon, large enough to be few",
    ),
    (
        "records that wait for the log",
        f"{_APPENDER['most_waiting']:,}",
        "memory stays bounded where the disk is slow; else 429",
    ),
    (
        "`request_id`s, and units of sticky bandits, that are remembered",
        f"{ONE_WORKER:,}; {MANY_WORKERS:,} with several workers",
        "half a kilobyte each; the oldest are forgotten first",
    ),
    (
        "units that are read back from the log",
        f"{MOST_UNITS:,}",
        "a start stays a matter of seconds; those with the newest decisions",
    ),
    (
        "bytes of a unit's features",
        f"{MOST_BYTES // 1024} KiB",
        "they stand in every decision for it; else 413",
    ),
    (
        "members of a list among them",
        f"{MOST_LISTED}",
        "a context is known at a glance, and no table",
    ),
    ("arms of a bandit", f"{MAX_ARMS:,}", "their distribution is computed for every snapshot"),
    (
        "bytes of an arm's metadata",
        f"{MAX_METADATA_BYTES // 1024} KiB",
        "every roster holds all of it; large things have a place of their own",
    ),
    (
        "bytes of an arm's features",
        f"{MAX_FEATURES_BYTES // 1024} KiB",
        "every roster holds all of them, and every delivery of the arm too",
    ),
    (
        "bytes of metadata and features of all active arms",
        f"{MAX_ALL_BYTES // _MEBIBYTE} MiB",
        "every change of arms writes them anew",
    ),
    (
        "characters of a text in a context",
        f"{MOST_CHARS:,}",
        "it is recorded as it came, with every decision",
    ),
    (
        "columns that features and their interactions make",
        f"{MAX_WIDTH:,}",
        "coefficients by arm keep the square of them; a list of values that long wants `hashed`",
    ),
    (
        "a column, and one that is multiplied by others",
        f"{LARGEST:.0e} and {LARGEST_FACTOR:.0e}",
        "a hundred million squares of them can be added up",
    ),
    (
        "slots of a combination, and options of all of them",
        f"{MAX_SLOTS} and {MAX_OPTIONS:,}",
        "the options of two slots make a column for each of their pairs",
    ),
    (
        "combinations in a simulated world",
        f"{LISTED:,}",
        "it knows what each is worth; a bandit may have any number",
    ),
    ("characters of an arm's id", f"{MAX_ID_CHARS}", "it stands in every record"),
    (
        "a request's line and headers",
        f"{MAX_HEAD // 1024} KiB, {MAX_HEADERS} headers",
        "far above what clients and proxies send; else 431",
    ),
    (
        "connections of one server",
        f"{MOST_CONNECTIONS:,}, or {SPARE_FILES} fewer than it may open files",
        "then those that ask nothing go first; the log and the store keep files to open",
    ),
    (
        "keys of an installation",
        f"{MOST_KEYS:,}",
        "each has a place where its rate is counted",
    ),
    (
        "characters of a `unit`, a `request_id`, an `event_id`",
        f"{MAX_TEXT}",
        "it stands in a record, and for a while in memory",
    ),
    (
        "records of the log, not archived yet, that are read through to explain a decision",
        f"{MOST_READ:,}",
        "a second of work; what was not looked at is said in the answer",
    ),
    (
        "archive files searched for late records of a decision to explain",
        f"{MOST_FILES}, and those of the day begun",
        "seconds of work; what was not looked at is said in the answer",
    ),
    (
        "records of one decision that an explanation goes by, and events that it lists",
        f"{MOST_FOUND:,} and {MOST_EVENTS:,}",
        "nobody reads more; how many there are more is said",
    ),
    (
        "combinations that are judged by a log",
        f"{MOST_COMBINATIONS:,}",
        "each is an arm then; of more a log says little",
    ),
    (
        "decisions times arms of a candidate that is another at every decision",
        f"{MOST_TABLED:,}",
        "2 GiB of probabilities; a shorter time, by `--since`, is judged as well",
    ),
    (
        "decisions that are made again to see whether a log is right",
        f"{MOST_LOOKED_AT}",
        "a second of work; whoever is judged, it comes first",
    ),
)


def limits() -> Iterator[str]:
    """Every fixed number that somebody may run into."""
    yield from ["# Limits", "", NOTE.replace("reasons.py", "limits.py"), ""]
    yield "Fixed in this version: no setting changes them. What goes by bandit stands in its"
    yield "[declaration](declaration.md)."
    for title, rows in (("Time", _TIMES), ("Size", _SIZES)):
        yield from ["", f"## {title}", ""]
        yield from table(("what", "limit", "why"), rows)
