"""Writes the Grafana dashboard of `deploy/grafana`: run by `make dashboard`, held fresh by a test."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent.parent / "deploy" / "grafana" / "tamesu.json"
_WIDE, _HIGH = 12, 8
_HERE = '{instance="$instance"}'
_BANDIT = '{instance="$instance",bandit=~"$bandit"}'


def _rate(metric: str, where: str, by: str) -> str:
    return f"sum by ({by}) (rate({metric}{where}[$__rate_interval]))"


def _quantile(metric: str, where: str, share: float, by: str = "") -> str:
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, {_rate(f'{metric}_bucket', where, labels)})"


ROWS: tuple[tuple[str, str, str, tuple[tuple[str, str], ...]], ...] = (
    # title, what it means, unit, (expression, legend)...
    (
        "Decisions",
        "Made and answered, by bandit.",
        "reqps",
        ((_rate("tamesu_decisions_total", _BANDIT, "bandit"), "{{bandit}}"),),
    ),
    (
        "Events",
        "Accepted, by bandit.",
        "reqps",
        ((_rate("tamesu_events_total", _BANDIT, "bandit"), "{{bandit}}"),),
    ),
    (
        "How fast a decision is",
        "From request to answer; of it the append, sync included, is the disk's share.",
        "s",
        (
            (_quantile("tamesu_decision_seconds", _HERE, 0.5), "decision, half"),
            (_quantile("tamesu_decision_seconds", _HERE, 0.99), "decision, 99 %"),
            (_quantile("tamesu_append_seconds", _HERE, 0.99), "append, 99 %"),
        ),
    ),
    (
        "How fresh",
        "From an observation being due to the first decision that knows of it.",
        "s",
        ((_quantile("tamesu_freshness_seconds", _BANDIT, 0.95, "bandit"), "{{bandit}}, 95 %"),),
    ),
    (
        "Refused and answered otherwise",
        "Refusals by their code; decisions of the fallback.",
        "reqps",
        (
            (_rate("tamesu_refused_total", _HERE, "code"), "{{code}}"),
            (_rate("tamesu_fallbacks_total", _BANDIT, "bandit"), "fallback of {{bandit}}"),
        ),
    ),
    (
        "Where records ended",
        "Deliveries and events by class, as folded from the log.",
        "short",
        (
            (
                f'sum by (class) (tamesu_conservation_records{_BANDIT[:-1]},class!~"decisions_.*"}})',
                "{{class}}",
            ),
        ),
    ),
    (
        "Records that ended nowhere",
        "Anything but 0 is a defect.",
        "short",
        ((f"tamesu_conservation_difference{_BANDIT}", "{{bandit}}"),),
    ),
    (
        "Learning",
        "Records that wait for the trainer, and how far it lies behind the clock.",
        "short",
        (
            (f"tamesu_lag_records{_HERE}", "records that wait"),
            (f"tamesu_watermark_age_seconds{_HERE}", "seconds behind"),
        ),
    ),
    (
        "Age of what decides",
        "Of the snapshot that serves, at the server that is furthest behind.",
        "s",
        ((f"tamesu_snapshot_age_seconds{_BANDIT}", "{{bandit}}"),),
    ),
    (
        "How the ranking moves",
        "Share of the top that changed in the last hour: step by step, and from its start to its end.",
        "percentunit",
        (
            (f"tamesu_ranking_change_rate{_BANDIT}", "{{bandit}}, from step to step"),
            (f"tamesu_ranking_turnover{_BANDIT}", "{{bandit}}, over the hour"),
        ),
    ),
    (
        "Processes",
        "Alive, and started again.",
        "short",
        (
            (f"tamesu_roles_alive{_HERE}", "alive"),
            (
                f"sum by (role, reason) (increase(tamesu_restarts_total{_HERE}[10m]))",
                "restarts of {{role}} ({{reason}})",
            ),
        ),
    ),
    (
        "Memory",
        "Resident, by process.",
        "bytes",
        ((f"tamesu_memory_bytes{_HERE}", "{{process}}"),),
    ),
    (
        "Processors",
        "Cores in use, by process.",
        "short",
        ((_rate("tamesu_cpu_seconds_total", _HERE, "process"), "{{process}}"),),
    ),
)


def main() -> int:
    """Writes the file."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(text(), encoding="utf-8")
    print(f"deploy/grafana/{FILE.name}")
    return 0


def text() -> str:
    """The dashboard as JSON."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


def dashboard() -> dict[str, Any]:
    """The dashboard: two panels a row, the most asked for first."""
    assert all(one[0] != other[0] for one, other in pairwise(ROWS))
    return {
        "title": "Tamesu",
        "uid": "tamesu",
        "tags": ["tamesu"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "source",
                    "label": "Prometheus",
                    "type": "datasource",
                    "query": "prometheus",
                },
                _variable(
                    "instance", "Installation", "label_values(tamesu_log_end_offset, instance)"
                ),
                _variable(
                    "bandit",
                    "Bandit",
                    'label_values(tamesu_conservation_difference{instance="$instance"}, bandit)',
                    several=True,
                ),
            ]
        },
        "panels": [_panel(place, *row) for place, row in enumerate(ROWS)],
    }


def _variable(name: str, label: str, query: str, *, several: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": {"type": "prometheus", "uid": "${source}"},
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
        "multi": several,
        "includeAll": several,
        **({"allValue": ".*", "current": {"text": "All", "value": "$__all"}} if several else {}),
    }


def _panel(
    place: int, title: str, means: str, unit: str, asked: tuple[tuple[str, str], ...]
) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    return {
        "id": place + 1,
        "type": "timeseries",
        "title": title,
        "description": means,
        "datasource": source,
        "gridPos": {
            "x": place % 2 * _WIDE,
            "y": place // 2 * _HIGH,
            "w": _WIDE,
            "h": _HIGH,
        },
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [
            {
                "refId": chr(ord("A") + turn),
                "expr": expression,
                "legendFormat": legend,
                "datasource": source,
            }
            for turn, (expression, legend) in enumerate(asked)
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
