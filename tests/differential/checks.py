"""The kinds of checks, and how often each is tried."""

from tests.differential import again, damaged, deep, exact, peek, transcode
from tests.differential.run import Check

CHECKS: dict[str, tuple[Check, int]] = {
    "again": (again.check, 24),
    "transcode": (transcode.check, 24),
    "peek": (peek.check, 20),
    "damaged": (damaged.check, 24),
    "deep": (deep.check, 4),
    "exact": (exact.check, 24),
}
