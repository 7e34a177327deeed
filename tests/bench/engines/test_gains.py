"""How many times as fast: planted truths, whatever the unit and the noise."""

import pytest

from bench.engines.gains import FASTER, NOTHING, SLOWER, UNCLEAR, Line, decisive, lines
from bench.engines.scenario import BY_HAND, LATENCY, P99, WITH_TENSORWIRE
from tests.support.engine_runs import cells


def line(times: float, noise: float = 0.01, *, rate: bool = True) -> Line:
    """Return a case whose truth is known."""
    (found,) = lines(cells("Swift", "one", times, 3.0, noise=noise, rate=rate))
    return found


@pytest.mark.parametrize("rate", [True, False])
@pytest.mark.parametrize(
    ("times", "noise", "verdict"),
    [
        (15.0, 0.01, FASTER),
        (15.0, 0.4, FASTER),
        (1.2, 0.01, FASTER),
        (1.1, 0.15, NOTHING),
        (1.2, 0.5, UNCLEAR),
        (1.0, 0.6, UNCLEAR),
        (1.0, 0.01, NOTHING),
        (1.03, 0.001, NOTHING),
        (1.0, 0.05, NOTHING),
        (0.97, 0.001, NOTHING),
        (0.8, 0.01, SLOWER),
        (1.6, 0.6, UNCLEAR),
    ],
)
def test_what_a_ratio_is_worth(times: float, noise: float, verdict: str, *, rate: bool) -> None:
    """Only what all rounds agree on is a gain or a loss; more is better of a rate, less of time."""
    gain = line(times, noise, rate=rate).gain
    assert gain is not None
    assert gain.low <= gain.middle <= gain.high
    assert gain.verdict == verdict
    if noise <= 0.01:
        assert gain.middle == pytest.approx(times, rel=0.02)


def test_ratios_are_of_one_round() -> None:
    """What slows a whole round down, slows all arms down, and no ratio."""
    found = line(2.0)
    arms = {
        arm: cell.__class__(
            **{
                **vars(cell),
                "samples": [s * (place + 1) for place, s in enumerate(cell.samples)],
            }
        )
        for arm, cell in found.arms.items()
    }
    assert found._replace(arms=arms).gain == pytest.approx(found.gain)


def test_what_cannot_be_compared() -> None:
    """Without an arm, or with a sample of nothing, there is no ratio."""
    found = line(2.0)
    assert found.by_hand is not None
    without = {arm: cell for arm, cell in found.arms.items() if arm != BY_HAND}
    assert found._replace(arms=without).by_hand is None
    (silent,) = lines(cells("Swift", "one", 0.0))
    assert silent.gain is None


def test_failures_are_no_gain() -> None:
    """What is answered sooner while more requests fail is no gain, and no loss either."""
    found = line(15.0)
    assert found.verdict == FASTER
    ours = found.arms[WITH_TENSORWIRE]
    for failures, verdict in ((5, FASTER), (50, UNCLEAR)):
        failing = ours.__class__(**{**vars(ours), "failures": failures})
        changed = found._replace(arms={**found.arms, WITH_TENSORWIRE: failing})
        assert changed.verdict == verdict
        assert changed.failed(WITH_TENSORWIRE) == failures / 1000


def test_the_first_metric_of_a_case_decides() -> None:
    """Others are shown, and the answer does not stand on them."""
    first = cells("Swift", "one", 2.0, rate=False)
    more = [cell.__class__(**{**vars(cell), "metric": P99}) for cell in first]
    other = cells("Swift", "two", 2.0)
    found = lines([*first, *more, *other])
    assert [each.metric for each in found[:2]] == [LATENCY, P99]
    assert [(each.case, each.metric) for each in decisive(found)] == [
        ("one", LATENCY),
        ("two", found[2].metric),
    ]
