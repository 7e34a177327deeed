"""The kinds of checks, and how often each is tried."""

from tests.differential import damaged, exact, nesting, peek, reencode, transcode
from tests.differential.run import Check

CHECKS: dict[str, tuple[Check, int]] = {
    "reencode": (reencode.check, 20),
    "transcode": (transcode.check, 20),
    "peek": (peek.check, 20),
    "damaged": (damaged.check, 30),
    "nesting": (nesting.check, 2),
    "exact": (exact.check, 25),
}
