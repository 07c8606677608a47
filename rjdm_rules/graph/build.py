"""From a checked protocol to its rule graph: a directed graph in networkx in which each condition stands once.

Nodes are texts: `verdict`, `inclusion`, `criterion:I3`, `definition:x`, `item:lvef`, `reading:x`, `table:x` (in a part
`donor.verdict` and so on), and `#12` for a condition or value without a name. An edge leads from what is decided to
what it needs; it carries `position` (the how-manieth operand) and `place` (where in the file it was written). Two
uses of one operand are two edges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import networkx as nx

from ..language.source import Place
from ..protocol import expressions as x
from ..protocol.model import Block, Part, Protocol
from ..protocol.settling import settled
from ..protocol.terms import walk

DEEP = 120


def block_node(part: str | None, kind: str) -> str:
    return f"{part}.{kind}" if part else kind


def verdict_node(part: str | None) -> str:
    return f"{part}.verdict" if part else "verdict"


@dataclass(frozen=True)
class RuleGraph:
    """The rule graph of one protocol. `network` must not be changed."""

    protocol: Protocol
    network: nx.MultiDiGraph
    known: Mapping[tuple[Any, ...], str] = field(repr=False)

    def operands(self, node: str) -> list[str]:
        """What a node needs, in the order in which it was written."""
        edges = sorted(self.network.out_edges(node, data="position"), key=lambda edge: edge[2])
        return [target for _, target, _ in edges]

    def expression(self, node: str) -> x.Expression | None:
        found: x.Expression | None = self.network.nodes[node].get("expression")
        return found

    def kind(self, node: str) -> str:
        """verdict, block, criterion, definition, item, reading, table, or the class of an expression."""
        kind: str = self.network.nodes[node]["kind"]
        return kind

    def scoped(self, node: str) -> bool:
        """Whether a node has a value only for one occurrence at hand (it stands inside WHERE)."""
        return bool(self.network.nodes[node].get("scoped"))

    def places(self, user: str, needed: str) -> list[Place]:
        """Where in the file `user` refers to `needed`."""
        data = self.network.get_edge_data(user, needed) or {}
        return [edge["place"] for edge in data.values() if edge["place"] is not None]

    @cached_property
    def order(self) -> list[str]:
        """All nodes, each behind those that it needs."""
        return list(reversed(list(nx.lexicographical_topological_sort(self.network))))

    @cached_property
    def depth(self) -> int:
        """How many nodes the longest chain has in which each needs the next."""
        depth: dict[str, int] = {}
        for node in self.order:
            depth[node] = 1 + max((depth[each] for each in self.network.successors(node)), default=0)
        return max(depth.values(), default=0)

    @property
    def deep(self) -> bool:
        """Whether names build on names in chains so long that they must be settled in order, one by one."""
        return self.depth > DEEP

    def needed_by(self, node: str) -> set[str]:
        """Everything that depends on a node, directly or not."""
        found: set[str] = nx.ancestors(self.network, node)
        return found

    def needs(self, node: str) -> set[str]:
        """Everything that a node depends on, directly or not."""
        found: set[str] = nx.descendants(self.network, node)
        return found

    def items_of(self, node: str) -> list[str]:
        """The data items behind a node, in the order of the file."""
        below = self.needs(node) | {node}
        return [name for name in self.protocol.items if f"item:{name}" in below]

    def criteria_using(self, item: str, readings: Mapping[str, str] | None = None) -> list[str]:
        """The ids of the criteria and children that depend on a data item, in the order of the file; with `readings`,
        those that do so when the readings are taken in this way."""
        chosen = tuple(sorted(readings.items())) if readings else ()
        if chosen not in self._using:
            self._using[chosen] = self._gathered(
                settled_network(self.protocol, dict(chosen)) if chosen else self.network
            )
        return list(self._using[chosen].get(f"item:{item}", ()))

    @cached_property
    def _using(self) -> dict[tuple[tuple[str, str], ...], dict[str, list[str]]]:
        return {}

    def _gathered(self, network: nx.DiGraph) -> dict[str, list[str]]:
        """For each item the criteria that depend on it, gathered in one pass: the sets of items grow from below."""
        items: dict[str, int] = {}
        numbers: dict[str, int] = {}
        for node in nx.topological_sort(network.reverse(copy=False)):
            held = 1 << numbers.setdefault(node, len(numbers)) if node.startswith("item:") else 0
            for needed in network.successors(node):
                held |= items[needed]
            items[node] = held
        found: dict[str, list[str]] = {}
        names = list(numbers)
        for criterion in self.protocol.criteria():
            held = items.get(f"criterion:{criterion.id}", 0)
            while held:
                low = held & -held
                found.setdefault(names[low.bit_length() - 1], []).append(criterion.id)
                held ^= low
        return found

    def uses(self, node: str) -> int:
        """How often a node is referred to."""
        return int(self.network.in_degree(node))


def build_graph(protocol: Protocol) -> RuleGraph:
    return _Build(protocol).run()


class GraphNodes:
    """Finds the node of an expression in a graph that is already built."""

    def __init__(self, graph: RuleGraph) -> None:
        self._build = _Build(graph.protocol)
        self._build.known = dict(graph.known)
        self._build.network = nx.MultiDiGraph(graph.network)
        self._there = set(graph.network)

    def name_of(self, expression: x.Expression) -> str | None:
        name = self._build.node(expression)
        return name if name in self._there else None


class _Build:
    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.network = nx.MultiDiGraph()
        self.known: dict[tuple[Any, ...], str] = {}

    def run(self) -> RuleGraph:
        protocol = self.protocol
        for reading in protocol.readings.values():
            self.network.add_node(f"reading:{reading.name}", kind="reading", place=reading.place)
        for table in protocol.tables.values():
            self.network.add_node(f"table:{table.name}", kind="table", place=table.place)
        for item in protocol.items.values():
            self.network.add_node(f"item:{item.name}", kind="item", place=item.place)
        for definition in protocol.definitions.values():
            self.network.add_node(f"definition:{definition.name}", kind="definition", place=definition.place)
        for criterion in protocol.criteria():
            self.network.add_node(f"criterion:{criterion.id}", kind="criterion", place=criterion.place)
        for item in protocol.items.values():
            if item.otherwise is not None:
                self.link(f"item:{item.name}", item.otherwise, 0)
        for definition in protocol.definitions.values():
            self.link(f"definition:{definition.name}", definition.expression, 0)
        for criterion in protocol.criteria():
            if criterion.condition is not None:
                self.link(f"criterion:{criterion.id}", criterion.condition, 0)
        for part in protocol.parts:
            self.part(part)
        return RuleGraph(protocol, nx.freeze(self.network), self.known)

    def part(self, part: Part) -> None:
        verdict = verdict_node(part.name)
        self.network.add_node(verdict, kind="verdict", place=None)
        for position, block in enumerate(part.blocks):
            node = block_node(part.name, block.kind)
            self.block(node, block)
            self.network.add_edge(verdict, node, position=position, place=block.place)

    def block(self, node: str, block: Block) -> None:
        self.network.add_node(node, kind="block", place=block.place)
        self.link(node, block.formula, 0)

    def link(self, user: str, needed: x.Expression, position: int) -> None:
        self.network.add_edge(user, self.node(needed), position=position, place=needed.place)

    def node(self, expression: x.Expression) -> str:
        """The node of an expression; equal expressions get the same one."""
        match expression:
            case x.ItemValue(item=name) | x.Selected(event=name, where=None, window=None):
                return f"item:{name}"
            case x.DefinedValue(name=name):
                return f"definition:{name}"
            case x.CriterionTruth(criterion=name):
                return f"criterion:{name}"
            case x.ReadingValue(reading=name):
                return f"reading:{name}"
        operands = x.parts(expression)
        below = [self.node(operand) for operand in operands]
        key = (type(expression), *_own_values(expression), tuple(below))
        if key in self.known:
            return self.known[key]
        name = f"#{len(self.known) + 1}"
        self.known[key] = name
        where = expression.where if isinstance(expression, x.Selected) else None
        scoped = isinstance(expression, x.AttributeValue) or any(
            self.network.nodes[each].get("scoped") for each, operand in zip(below, operands, strict=True)
            if operand is not where
        )  # fmt: skip
        self.network.add_node(
            name, kind=type(expression).__name__, expression=expression, scoped=scoped, place=expression.place
        )
        for position, (each, operand) in enumerate(zip(below, operands, strict=True)):
            self.network.add_edge(name, each, position=position, place=operand.place)
        position = len(below)
        if isinstance(expression, x.Selected):
            self.network.add_edge(name, f"item:{expression.event}", position=position, place=expression.place)
        if isinstance(expression, x.Lookup):
            self.network.add_edge(name, f"table:{expression.table}", position=position, place=expression.place)
        return name


def _own_values(expression: x.Expression | x.Window | x.Length) -> tuple[Any, ...]:
    """What a node says apart from its operands."""
    found: list[Any] = []
    for each in fields(expression):
        value = getattr(expression, each.name)
        if each.name == "place" or isinstance(value, x.OPERANDS):
            found.append(None)
        elif isinstance(value, x.Window | x.CalendarLength | x.ComputedLength):
            found.append((type(value), *_own_values(value)))
        elif isinstance(value, tuple) and value and isinstance(value[0], x.OPERANDS):
            found.append(len(value))
        else:
            found.append(value)
    return tuple(found)


def settled_network(protocol: Protocol, readings: Mapping[str, str]) -> nx.DiGraph:
    """What each criterion, definition and item refers to by name, where the readings are taken in this way."""
    network = nx.DiGraph()
    named: list[tuple[str, x.Expression | None]] = []
    named += [(f"criterion:{each.id}", each.condition) for each in protocol.criteria()]
    named += [(f"definition:{name}", each.expression) for name, each in protocol.definitions.items()]
    named += [(f"item:{name}", each.otherwise) for name, each in protocol.items.items()]
    for name, expression in named:
        network.add_node(name)
        for each in walk(settled(expression, readings)) if expression is not None else ():
            match each:
                case x.ItemValue(item=item) | x.Selected(event=item) | x.AttributeValue(event=item):
                    network.add_edge(name, f"item:{item}")
                case x.DefinedValue(name=definition):
                    network.add_edge(name, f"definition:{definition}")
                case x.CriterionTruth(criterion=id):
                    network.add_edge(name, f"criterion:{id}")
    return network
