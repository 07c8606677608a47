"""How truths hang together in the rule graph: what an unknown or a failed verdict rests on.

A link from a condition to an operand is *direct* where the operand pulls the same way (the parts of ALL and ANY) and
*inverse* where it pulls the other way (under NOT, NONE, behind EXCEPT, the IF of IF … THEN).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ..logic.kleene import Truth
from ..protocol import expressions as x
from ..protocol import types as t
from .build import RuleGraph

TruthOf = Callable[[str], Truth]
DIRECT, INVERSE, EITHER = (True,), (False,), (True, False)
FOLLOWED = (*x.LOGICAL, x.FirstKnown)


def is_condition(graph: RuleGraph, node: str) -> bool:
    """Whether a node has a truth (and not a number, a date, …)."""
    name = node.partition(":")[2]
    protocol = graph.protocol
    match graph.kind(node):
        case "item":
            return protocol.items[name].kind == "truth"
        case "definition":
            return isinstance(protocol.definitions[name].type, t.Truth)
        case "criterion" | "block":
            return True
        case "reading" | "table" | "verdict":
            return False
    expression = graph.expression(node)
    match expression:
        case x.Lookup():
            table = protocol.tables[expression.table]
            return table.outputs[table.result_index(expression.column)].kind == "truth"
        case x.FirstKnown():
            return all(is_condition(graph, each) for each in graph.operands(node))
        case x.AttributeOf(attribute=name, occurrence=x.Pick(occurrences=x.Selected(event=event))):
            declared = protocol.items[event].attribute(name)
            return declared is not None and declared.kind == "truth"
    return isinstance(expression, x.CONDITIONS)


def is_leaf(graph: RuleGraph, node: str) -> bool:
    """Whether a condition speaks of facts itself, and not only of other conditions."""
    if graph.kind(node) in ("criterion", "block", "definition"):
        return not graph.operands(node)
    expression = graph.expression(node)
    return not isinstance(expression, FOLLOWED) or (isinstance(expression, x.Group) and expression.style == "between")


def links(graph: RuleGraph, node: str) -> Iterator[tuple[str, tuple[bool, ...]]]:
    """The conditions that a logical condition is made of, each with how it pulls."""
    below = graph.operands(node)
    expression = graph.expression(node)
    match expression:
        case None:
            if graph.kind(node) in ("criterion", "block", "definition"):
                yield from ((each, DIRECT) for each in below)
        case x.Not():
            yield below[0], INVERSE
        case x.Group(kind=kind):
            way = {"none": INVERSE, "at most": INVERSE, "exactly": EITHER}.get(kind, DIRECT)
            yield from ((each, way) for each in below)
        case x.Except():
            yield below[0], DIRECT
            yield below[1], INVERSE
        case x.IfThen():
            yield below[0], INVERSE
            yield below[1], DIRECT
        case x.WaivedIf() | x.FirstKnown():
            yield from ((each, DIRECT) for each in below)


@dataclass(frozen=True)
class Links:
    """The links of a whole graph, ready for walking: what each logical condition is made of, and which are leaves."""

    below: Mapping[str, tuple[tuple[str, tuple[bool, ...]], ...]]
    leaves: frozenset[str]

    def unknown_leaves(self, roots: list[str], truth: TruthOf) -> list[str]:
        """The unknown conditions about facts that are linked to the roots through unknown conditions only."""
        found: dict[str, None] = {}
        seen: set[str] = set()
        stack = [root for root in roots if truth(root) is None]
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            if node in self.leaves:
                found[node] = None
                continue
            stack.extend(each for each, _ in self.below[node] if truth(each) is None)
        return list(found)

    def holding(self, roots: list[tuple[str, bool]], truth: TruthOf, unknown_too: bool) -> dict[str, bool]:
        """Conditions that hold a root in a truth (with `unknown_too`, also those that being unknown keep it from the
        opposite), and the truth in which each does so."""
        found: dict[str, bool] = {}
        stack = list(roots)
        while stack:
            node, value = stack.pop()
            held = truth(node)
            if node in found or not (held is value or (unknown_too and held is None)):
                continue
            found[node] = value
            if node not in self.leaves:
                for each, ways in self.below[node]:
                    for way in ways:
                        stack.append((each, value if way else not value))
        return found


def negated_leaves(graph: RuleGraph, root: str, leaves: frozenset[str]) -> frozenset[str]:
    """The conditions about facts that a condition uses under NOT or NONE only."""
    plain: set[str] = set()
    negated: set[str] = set()
    stack = [(root, False)]
    seen: set[tuple[str, bool]] = set()
    while stack:
        node, under_not = stack.pop()
        if (node, under_not) in seen:
            continue
        seen.add((node, under_not))
        if node in leaves:
            (negated if under_not else plain).add(node)
            continue
        expression = graph.expression(node)
        turns = isinstance(expression, x.Not) or (isinstance(expression, x.Group) and expression.kind == "none")
        stack.extend((each, under_not is not turns) for each, _ in links(graph, node))
    return frozenset(negated - plain)


def links_of(graph: RuleGraph) -> Links:
    """The links of every condition of a graph that has a truth of its own."""
    conditions = [node for node in graph.network if is_condition(graph, node) and not graph.scoped(node)]
    leaves = frozenset(node for node in conditions if is_leaf(graph, node))
    return Links({node: tuple(links(graph, node)) for node in conditions if node not in leaves}, leaves)
