"""The scenarios that there are keep to the contract."""

import subprocess
import sys

import pytest

from bench.engines.scenario import PINS, Scenario, scenarios, versions

every = pytest.mark.parametrize("scenario", scenarios(), ids=lambda each: each.name)


@every
def test_what_a_scenario_says(scenario: Scenario) -> None:
    """A question, sentences without an end of their own, and engines that have pins."""
    assert scenario.question.endswith("?")
    assert not scenario.title.endswith(".")
    assert scenario.engines
    assert all((PINS / f"{engine}.txt").is_file() for engine in scenario.engines)
    assert set(versions(scenario)) == set(scenario.libraries) != set()
    if scenario.known is not None:
        assert scenario.known.source
        assert not scenario.known.result.endswith(".")


def test_names_are_unique() -> None:
    """A name says which one is meant."""
    names = [scenario.name for scenario in scenarios()]
    assert sorted(set(names)) == names


def test_the_list_needs_next_to_nothing() -> None:
    """What scenarios import at their top is there without numpy and without any engine."""
    script = (
        "import sys; from bench.engines.scenario import scenarios; scenarios();"
        "print({'numpy', 'grpc', 'rich', 'locust', 'ray', 'bentoml', 'flask'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
