"""What a fleet needs for its traffic, and how much traffic each resource of a node allows."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .records import Cost, Measured

FRAME = 1538 / 1448
"""Bytes on the wire for each byte of TCP: Ethernet frames of 1500 bytes, headers, gaps."""
HEAD = 250
"""Bytes of the headers of a request, and of a reply."""
FULL = 0.7
"""The share of cores, network and memory that is used at the stated traffic: the rest is for peaks,
for a node that is down, and for what else runs there."""
WAIT = 2.0
"""Times as long as its own work a request is under way, as it waits for others."""

PORTS = 28_232
"""Connections from one address to one port of another: the ports that Linux gives out."""


class Node(NamedTuple):
    """A machine, the model on it, and what is in front of all machines.

    Attributes
    ----------
    requests
        a second, that arrive at each node.
    model_s
        seconds of a core of the model for each request.
    model_bytes
        memory of the model in each worker.
    cores, network, memory
        of a node: bit/s in each direction, and bytes.
    clients
        connections that are open to each node.
    balancer
        bit/s that one load balancer passes on, in each direction.
    """

    requests: float
    model_s: float
    model_bytes: float
    cores: int
    network: float
    memory: float
    clients: int
    balancer: float


class Need(NamedTuple):
    """What all nodes of a fleet need together; the network in its busier direction."""

    requests: float
    cores: float
    network: float
    memory: float
    balancers: int


def wire_bits(cost: Cost) -> float:
    """Return the bits of a request or of its reply on the wire, whichever are more."""
    return (max(cost.bytes_in, cost.bytes_out) + HEAD) * FRAME * 8


def cores(cost: Cost, node: Node) -> float:
    """Return the cores of a node that its traffic needs."""
    return node.requests * (cost.core_s + node.model_s) / FULL


def memory(measured: Measured, cost: Cost, node: Node) -> float:
    """Return the memory of a node: a worker for each core, connections, requests under way."""
    workers = ceil(cores(cost, node))
    under_way = node.requests * (cost.core_s + node.model_s) * WAIT
    connected = node.clients * measured.connection_bytes
    return (
        workers * (measured.worker_bytes + node.model_bytes)
        + connected
        + under_way * cost.flight_bytes
    )


def need(measured: Measured, cost: Cost, node: Node, nodes: int) -> Need:
    """Return what a fleet needs."""
    network = nodes * node.requests * wire_bits(cost)
    return Need(
        nodes * node.requests,
        nodes * cores(cost, node),
        network,
        nodes * memory(measured, cost, node),
        ceil(network / (node.balancer * FULL)),
    )


def allowed(measured: Measured, cost: Cost, node: Node) -> dict[str, float]:
    """Return the requests a second at which each resource of one node is used up."""
    by_core = node.cores * FULL / (cost.core_s + node.model_s)
    free = node.memory * FULL - node.clients * measured.connection_bytes
    second = cost.core_s + node.model_s
    worker = measured.worker_bytes + node.model_bytes
    for_each = second / FULL * worker + second * WAIT * cost.flight_bytes
    return {
        "cores": by_core,
        "network": node.network * FULL / wire_bits(cost),
        "memory": max(0.0, free) / for_each,
    }


def first(measured: Measured, cost: Cost, node: Node) -> tuple[str, float]:
    """Return the resource of a node that is used up first, and at how many requests a second."""
    found = allowed(measured, cost, node)
    name = min(found, key=lambda each: found[each])
    return name, found[name]


def turning_model(cost: Cost, node: Node) -> float:
    """Return the seconds of a model with which cores and network are used up at once."""
    return node.cores * wire_bits(cost) / node.network - cost.core_s


def nodes_of_a_balancer(cost: Cost, node: Node) -> int:
    """Return how many nodes one load balancer has traffic for."""
    return int(node.balancer * FULL / (node.requests * wire_bits(cost)))
