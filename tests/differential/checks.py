"""The kinds of checks, and how often each is tried."""

from tests.differential import again, damaged, deep, exact, peek, transcode
from tests.differential.run import Check

CHECKS: dict[str, tuple[Check, int]] = {
    "again": (again.check, 20),
    "transcode": (transcode.check, 20),
    "peek": (peek.check, 20),
    "damaged": (damaged.check, 30),
    "deep": (deep.check, 2),
    "exact": (exact.check, 25),
}
