"""The tables: what a request costs, what fleets need, and what breaks first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import figures
from ..screen import Row, Table
from . import fleet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..screen import Screen
    from .fleet import Node
    from .records import Cost, Measured


def show(measured: Measured, node: Node, nodes: Sequence[int], screen: Screen) -> None:
    """Write all tables, and the sentences below them."""
    screen.table(costs(measured, node))
    screen.table(needs(measured, node, nodes))
    screen.table(limits(measured, node))
    screen.heading("What breaks first?")
    for text in first_to_break(measured, node, nodes):
        screen.line(text)


def costs(measured: Measured, node: Node) -> Table:
    """Return what was measured of one request, and the share of the format beside the model."""
    made = Table(
        f"A request of {measured.values:,} doubles, and its reply of as many",
        ("request", "reply", "core", "of all", "in flight"),
        note="core: of the server, without the model. of all: its share, with the model's"
        f" {figures.duration(node.model_s)}. in flight: memory while it is under way. A worker at"
        f" rest: {figures.size(measured.worker_bytes)}, and {figures.size(node.model_bytes)} of"
        f" model; a connection: {figures.size(measured.connection_bytes)}.",
    )
    for cost in measured.costs:
        share = cost.core_s / (cost.core_s + node.model_s)
        cells = (
            figures.size(cost.bytes_in),
            figures.size(cost.bytes_out),
            figures.duration(cost.core_s),
            figures.percent(share),
            figures.size(cost.flight_bytes),
        )
        made.rows.append(Row(_name(cost), cells))
    return made


def needs(measured: Measured, node: Node, nodes: Sequence[int]) -> Table:
    """Return what fleets need."""
    made = Table(
        f"What nodes need for {node.requests:,.0f} requests/s each",
        ("cores", "network", "memory", "balancers"),
        note=f"All nodes together, {figures.percent(fleet.FULL)} used. network: in the busier"
        f" direction. balancers: of {_rate(node.balancer)}.",
    )
    for count in nodes:
        total = f"{count * node.requests:,.0f} requests/s"
        made.rows.append(Row(f"{figures.counted(count, 'node')}, {total}", style="group"))
        for cost in measured.costs:
            found = fleet.need(measured, cost, node, count)
            cells = (
                _number(found.cores),
                _rate(found.network),
                _size(found.memory),
                f"{found.balancers:,}",
            )
            made.rows.append(Row(_name(cost), cells))
    return made


def limits(measured: Measured, node: Node) -> Table:
    """Return the requests a second at which each resource is used up."""
    made = Table(
        "What one node bears, and one load balancer",
        ("cores", "network", "memory", "first", "turns at", "balancer"),
        note=f"Requests/s at which {figures.percent(fleet.FULL)} of it are used: {node.cores}"
        f" cores, {_rate(node.network)}, {_size(node.memory)}, {node.clients:,} connections."
        " first: what breaks first. turns at: with a model that is quicker, the network breaks"
        f" before the cores. balancer: the nodes that one of {_rate(node.balancer)} has traffic"
        " for.",
    )
    for cost in measured.costs:
        found = fleet.allowed(measured, cost, node)
        turn = fleet.turning_model(cost, node)
        cells = (
            *(f"{_number(found[name])}" for name in ("cores", "network", "memory")),
            fleet.first(measured, cost, node)[0],
            figures.duration(turn) if turn > 0 else "never",
            f"{fleet.nodes_of_a_balancer(cost, node):,}",
        )
        made.rows.append(Row(_name(cost), cells))
    return made


def first_to_break(measured: Measured, node: Node, nodes: Sequence[int]) -> Iterator[str]:
    """Yield sentences: the resource that is used up first, and the number."""
    found: dict[str, list[tuple[float, str]]] = {}
    for cost in measured.costs:
        name, most = fleet.first(measured, cost, node)
        found.setdefault(name, []).append((most, _name(cost)))
    for name, each in found.items():
        text = f"The {name} of a node: {_range(each)} requests/s."
        if min(each)[0] < node.requests:
            text += f" {node.requests:,.0f} arrive."
        yield text
    borne = [(float(fleet.nodes_of_a_balancer(cost, node)), _name(cost)) for cost in measured.costs]
    yield f"A load balancer: {_range(borne)} nodes."
    held = node.clients * measured.connection_bytes
    yield (
        f"Connections: {node.clients:,} take {figures.size(held)} of a node. One balancer opens at"
        f" most {fleet.PORTS:,} to a port of a node, and {max(nodes):,} nodes have"
        f" {max(nodes) * node.clients:,}."
    )


def _range(found: Sequence[tuple[float, str]]) -> str:
    low, high = min(found), max(found)
    text = f"{low[0]:,.0f} ({low[1]})"
    return text if low == high else f"{text} to {high[0]:,.0f} ({high[1]})"


def _name(cost: Cost) -> str:
    return f"{cost.transport} {cost.form}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else figures.three_digits(value)


def _rate(bits: float) -> str:
    for unit, scale in (("Tbit/s", 1e12), ("Gbit/s", 1e9), ("Mbit/s", 1e6)):
        if bits >= scale:
            return f"{figures.three_digits(bits / scale)} {unit}"
    return f"{bits / 1e3:.0f} kbit/s"


def _size(count: float) -> str:
    return f"{figures.three_digits(count / 1e12)} TB" if count >= 1e12 else figures.size(count)
