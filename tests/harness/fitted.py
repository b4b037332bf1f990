"""A surrogate clause as it is written."""

SURROGATE = {
    "later": "sum of purchase",
    "within": "10d",
    "window": "15m",
    "fitted": "2026-02-01T00:00:00Z",
    "since": "2026-01-01T00:00:00Z",
    "until": "2026-01-20T00:00:00Z",
    "rows": 3000,
    "constant": 0.1,
    "ridge": 0.01,
    "r2": 0.3,
    "r2_error": 0.02,
}
