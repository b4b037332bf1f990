"""An evaluation as one page that needs nothing else: no network, no script, no other file.

Refuses to show numbers that the verdict refuses, unless somebody wants them anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from tamesu.cli.evaluate import drawing
from tamesu.cli.evaluate.question import Question
from tamesu.cli.evaluate.running import Judged
from tamesu.cli.evaluate.source import Source
from tamesu.cli.evaluate.telling import MEANINGS, before, figure, numbers, of_log
from tamesu.cli.exports import whole
from tamesu.evaluate import LIMITS, Diagnostics

MOST_ARMS = 100

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2730; background: #fff; max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; } .log { color: #5b6b7b; white-space: pre-line; }
table { border-collapse: collapse; margin: .5rem 0; } td, th { padding: .2rem .8rem .2rem 0; text-align: left;
  border-bottom: 1px solid #e4e9ee; vertical-align: top; } td.n, th.n { text-align: right;
  font-variant-numeric: tabular-nums; } .verdict { padding: .7rem 1rem; border-left: .35rem solid; margin: 1rem 0; }
.trustworthy { background: #eaf6f0; border-color: #1b7f5c; } .weak { background: #fdf6e3; border-color: #b8860b; }
.refuse { background: #fbeceb; border-color: #c0392b; } .verdict ul { margin: .4rem 0 0; padding-left: 1.2rem; }
.why { color: #5b6b7b; } figure { margin: 1rem 0; } figcaption { color: #5b6b7b; font-size: .9rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 0 1.5rem; }
figure, .verdict { break-inside: avoid; print-color-adjust: exact; }
svg { max-width: 100%; height: auto; } h1, h2, details td:first-child { overflow-wrap: anywhere; } details { margin: 1rem 0; }
""".strip()


def write(path: Path, source: Source, judged: Sequence[Judged], asked: Question) -> None:
    """Writes the page to `path`, whole or not at all.

    Raises:
        Unavailable: it cannot be written there.
    """
    text = page(source, judged, anyway=asked.anyway)
    with whole(path) as draft:
        draft.write_text(text, "utf-8", errors="backslashreplace")


def page(source: Source, judged: Sequence[Judged], *, anyway: bool) -> str:
    """The page as text."""
    told = [one for one in judged if anyway or not one.found.refused]
    logs = {of_log(one) for one in judged}
    parts = [f"<h1>{escape(source.about)}</h1>"]
    # Else each has its own, told with it.
    parts += [_of_log(one) for one in logs if len(logs) == 1]
    if len(judged) > 1:
        parts += ["<h2>All policies</h2>", _side_by_side(judged, told)]
        if told:
            parts.append(_estimates(told, "What each would have earned, with intervals"))
    parts += [
        _of_one(one, shown=one in told, alone=len(judged) == 1, log=len(logs) > 1) for one in judged
    ]
    title = escape(", ".join(one.case.policy for one in judged))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width">\n<style>\n{STYLE}\n</style>\n</head>\n'
        f"<body>\n{chr(10).join(parts)}\n</body>\n</html>\n"
    )


def _of_one(one: Judged, *, shown: bool, alone: bool, log: bool) -> str:
    found, seen = one.found, one.found.diagnostics
    parts = [
        f"<h2>{escape(one.case.policy)}</h2>",
        _of_log(of_log(one)) if log else "",
        _verdict(one),
        "<h3>What the log can tell</h3>",
        _table(["", ">", ""], before(seen)),
    ]
    if shown:
        share = f">{found.confidence * 100:g} %, {found.interval}"
        head = ["per", "by", ">reward", share]
        parts += ["<h3>What it would have earned</h3>", _table(head, numbers(found))]
        if alone:
            parts.append(_estimates([one], "Estimates, with intervals"))
    else:
        parts.append("<p>Its numbers are not shown: they are refused.</p>")
    pictures = [
        (drawing.weights(seen), "Weights. Few rounds that carry much are luck."),
        (drawing.over_time(seen, target=shown), "The log in parts of equal size."),
        (
            drawing.arms(seen),
            "Arms: how often they were chosen, and how often this policy wants them.",
        ),
        (
            drawing.propensities(seen),
            "Propensities. Of each arm, what it stood for over what it should: 1 where they are right.",
        ),
    ]
    figures = "".join(_figure(*each) for each in pictures)
    parts += [f'<div class="pictures">{figures}</div>', _arms(seen)]
    return "\n".join(parts)


def _estimates(told: Sequence[Judged], caption: str) -> str:
    """A picture for each estimand: what was logged is another number in each."""
    named = [(one.case.policy, one.found) for one in told]
    return "".join(
        _figure(drawing.estimates(named, logged.estimand), f"{caption}; grey: what was logged.")
        for logged in told[0].found.logged
    )


def _verdict(one: Judged) -> str:
    verdict = one.found.verdict
    reasons = "".join(
        f'<li>{escape(reason.told)}<br><span class="why">{escape(LIMITS[reason.what].why)}</span></li>'
        for reason in verdict.reasons
    )
    listed = f"<ul>{reasons}</ul>" if reasons else ""
    meaning = escape(MEANINGS[verdict.trust])
    return f'<div class="verdict {verdict.trust.value}"><b>{meaning}</b>{listed}</div>'


def _side_by_side(judged: Sequence[Judged], told: Sequence[Judged]) -> str:
    rows = []
    for one in judged:
        first = one.found.estimates[0]
        value = figure(first.value) if one in told else "not shown"
        worth = f"{one.found.diagnostics.weights.effective:,.0f}"
        by = f"{first.estimator}, per {first.estimand.value}"
        rows.append((one.case.policy, one.found.verdict.trust.value, worth, value, by))
    return _table(["policy", "verdict", ">decisions it is worth", ">reward", "by"], rows)


def _arms(found: Diagnostics) -> str:
    ordered = sorted(found.calibration.arms, key=lambda one: (-one.wanted, -one.chosen))
    rows = [
        (
            one.arm,
            f"{one.chosen:,}",
            f"{one.stood_for / one.rounds:.3f} ± {one.error / one.rounds:.2g}"
            if one.rounds
            else "",
            f"{one.wanted:.2%}",
            figure(one.reward) if one.chosen else "",
        )
        for one in ordered[:MOST_ARMS]
    ]
    more = len(ordered) - len(rows)
    head = ["arm", ">chosen", ">stood for", ">wanted", ">earned each time"]
    rest = f"<p>{more:,} more</p>" if more else ""
    return f"<details><summary>Every arm</summary>{_table(head, rows)}{rest}</details>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    kinds = [' class="n"' if name.startswith(">") else "" for name in head]
    names = "".join(
        f"<th{kind}>{escape(name.removeprefix('>'))}</th>"
        for name, kind in zip(head, kinds, strict=True)
    )
    top = f"<tr>{names}</tr>" if any(name.strip(">") for name in head) else ""
    body = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{escape(cell)}</td>" for cell, kind in zip(row, kinds, strict=True))
        + "</tr>"
        for row in rows
    )
    return f"<table>{top}{body}</table>"


def _of_log(text: str) -> str:
    return f'<p class="log">{escape(text)}</p>'


def _figure(picture: str, caption: str) -> str:
    return f"<figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>"
