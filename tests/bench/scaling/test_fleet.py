"""What a fleet needs, against arithmetic by hand."""

from __future__ import annotations

import pytest

from bench.scaling import fleet
from bench.scaling.fleet import Node
from bench.scaling.records import Cost, Measured

# With headers, 181,000 bytes of TCP: 125 frames of 1,448 bytes, which are 1,538 on the wire.
COST = Cost("REST", "json/ndarray", 0.004, 181_000 - fleet.HEAD, 1000, 2_000_000)
MEASURED = Measured(10_000, 100_000_000, 10_000, [COST], {}, "")
NODE = Node(
    requests=700,
    model_s=0.006,
    model_bytes=400e6,
    cores=28,
    network=10e9,
    memory=100e9,
    clients=1000,
    balancer=100e9,
)
BITS = 125 * 1538 * 8


def test_need() -> None:
    """Of cores by the work 70 % is used; memory is of workers, connections and requests."""
    assert fleet.wire_bits(COST) == pytest.approx(BITS)
    found = fleet.need(MEASURED, COST, NODE, 100)
    assert found.requests == 70_000
    assert found.cores == pytest.approx(1000)  # 700 x 10 ms / 0.7 each
    assert found.network == pytest.approx(70_000 * BITS)  # 107.66 Gbit/s
    assert found.balancers == 2  # of 70 Gbit/s
    # 10 workers of 500 MB, 1,000 connections of 10 kB, 14 requests of 2 MB.
    assert found.memory == pytest.approx(100 * (5e9 + 10e6 + 28e6))


def test_the_busier_direction_counts() -> None:
    """A reply that is larger than its request decides."""
    turned = COST._replace(bytes_in=COST.bytes_out, bytes_out=COST.bytes_in)
    assert fleet.wire_bits(turned) == fleet.wire_bits(COST)


def test_what_breaks_first() -> None:
    """At the requests/s of each resource just 70 % of it is used; the least breaks first."""
    found = fleet.allowed(MEASURED, COST, NODE)
    assert found["cores"] == pytest.approx(28 * 0.7 / 0.010)
    assert found["network"] == pytest.approx(7e9 / BITS)
    at_memory = NODE._replace(requests=found["memory"])
    used = fleet.memory(MEASURED, COST, at_memory) / NODE.memory
    assert used == pytest.approx(0.7, rel=0.01)  # workers are whole
    assert fleet.first(MEASURED, COST, NODE) == ("cores", found["cores"])
    turn = fleet.turning_model(COST, NODE)
    for seconds, name in ((turn - 1e-4, "network"), (turn + 1e-4, "cores")):
        assert fleet.first(MEASURED, COST, NODE._replace(model_s=seconds, memory=1e15))[0] == name


def test_a_balancer() -> None:
    """It has traffic for as many nodes as fit into 70 % of it."""
    nodes = fleet.nodes_of_a_balancer(COST, NODE)
    assert nodes == 65  # 70 Gbit/s / (700 x 1.538 Mbit)
    assert fleet.need(MEASURED, COST, NODE, nodes).balancers == 1
    assert fleet.need(MEASURED, COST, NODE, nodes + 1).balancers == 2
