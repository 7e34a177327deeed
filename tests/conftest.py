"""How the tests run: fixed examples of hypothesis, workers, Ctrl-C, and shared fixtures.

Hypothesis tries the same examples every time, as long as they take. Ctrl-C works: a job in the
background has it ignored, and so would all that the tests start.
"""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "fixed",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# pytest --hypothesis-profile=explore looks for examples that nobody has seen yet.
settings.register_profile(
    "explore", settings.get_profile("fixed"), derandomize=False, max_examples=2000
)
settings.load_profile("fixed")

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_WORKERS = 8
"""Each imports numpy, grpcio and more; beyond these there is little left to share out."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--engines``, which names the engines whose environments are made where missing."""
    parser.addoption(
        "--engines",
        default="",
        metavar="all|NAME,NAME",
        help="test these engines in environments of their own, which it makes (some GB for all)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Pass ``--engines`` on."""
    if config.getoption("--engines"):
        from tests.support.engines import ask_for

        ask_for(config.getoption("--engines"))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many processes run the tests: none beside pytest's own for single files."""
    asked = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS", "")
    if asked.isdecimal():
        return int(asked)
    if all(Path(name.partition("::")[0]).is_file() for name in config.args):
        return 0
    try:
        processors = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        processors = os.cpu_count() or 1
    return min(processors, MOST_WORKERS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse names of tests that each process would have differently."""
    for item in items:
        if " at 0x" in item.nodeid:
            raise pytest.UsageError(f"a name with an address: {item.nodeid}")


def pytest_collection_finish() -> None:
    """Leave tests and modules out of garbage collection: thousands of them stay to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def restored() -> Iterator[None]:
    """Forget, after a test, which codecs and protocols it registered."""
    from tensorwire import registry

    before = dict(registry._registered)
    yield
    registry._registered.clear()
    registry._registered.update(before)


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
