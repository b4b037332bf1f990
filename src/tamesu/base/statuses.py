"""What each error means over HTTP and gRPC: one total table a transport.

Refuses to know a transport beyond its numbers and names; a test counts the rows.
"""

from __future__ import annotations

from tamesu.base.errors import (
    Backpressure,
    Bug,
    Conflict,
    Corrupt,
    Denied,
    InvalidDeclaration,
    InvalidInput,
    MissingExtra,
    NoSupport,
    NotFound,
    NumberMissing,
    Outdated,
    ShapeMismatch,
    TamesuError,
    Throttled,
    TooLarge,
    Unavailable,
    Unidentified,
    Unsent,
    WrongMediaType,
)

HTTP_STATUS: dict[type[TamesuError], int] = {
    TamesuError: 500,
    InvalidInput: 400,
    InvalidDeclaration: 400,
    ShapeMismatch: 400,
    TooLarge: 413,
    WrongMediaType: 415,
    NoSupport: 422,
    NotFound: 404,
    Conflict: 409,
    Outdated: 412,
    NumberMissing: 428,
    Unavailable: 503,
    Backpressure: 429,
    Throttled: 429,
    Corrupt: 500,
    MissingExtra: 500,
    Denied: 403,
    Unidentified: 401,
    Unsent: 500,
    Bug: 500,
}

GRPC_STATUS: dict[type[TamesuError], str] = {
    TamesuError: "INTERNAL",
    InvalidInput: "INVALID_ARGUMENT",
    InvalidDeclaration: "INVALID_ARGUMENT",
    ShapeMismatch: "INVALID_ARGUMENT",
    TooLarge: "INVALID_ARGUMENT",
    WrongMediaType: "INVALID_ARGUMENT",
    NoSupport: "FAILED_PRECONDITION",
    NotFound: "NOT_FOUND",
    Conflict: "ABORTED",
    Outdated: "ABORTED",
    NumberMissing: "ABORTED",
    Unavailable: "UNAVAILABLE",
    Backpressure: "RESOURCE_EXHAUSTED",
    Throttled: "RESOURCE_EXHAUSTED",
    Corrupt: "DATA_LOSS",
    MissingExtra: "INTERNAL",
    Denied: "PERMISSION_DENIED",
    Unidentified: "UNAUTHENTICATED",
    Unsent: "INTERNAL",
    Bug: "INTERNAL",
}
