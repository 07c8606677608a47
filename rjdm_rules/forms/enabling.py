"""Which questions matter only after another answer.

A question is left out where a given answer settles whatever it could have a say in: every way from it up to the
outcome of a criterion leads through a condition that this answer alone decides. The decision is made in three-valued
logic with everything else unknown, so that it holds whatever else is answered (Kleene's logic is monotone); what is
not monotone (IS KNOWN, FIRST KNOWN OF, and items that follow from others where they are not recorded) counts as
unknown. Outcomes of children and “not applicable” count as outcomes, too.

Alternatives are not left out: one cause for exclusion found does not make the others not worth recording. Only what
hangs on the answer is: the parts of ALL, what stands behind EXCEPT, what an IF asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..evaluation.facts import Measured, Occurrence
from ..evaluation.partial import unknown_of
from ..evaluation.records import read_value
from ..evaluation.reference import Reference
from ..graph.build import GraphNodes, RuleGraph
from ..graph.links import is_condition
from ..logic.kleene import Truth
from ..protocol import expressions as x
from ..protocol.model import Item
from ..values.bounds import UNKNOWN, Bounds


@dataclass(frozen=True)
class Closing:
    """An answer that closes a question: to which item, and how it stands in a record (`False`, an option, `none`)."""

    item: str
    answer: bool | str


class Cautious(Reference):
    """The reference evaluator for what is certain whatever else comes to be known."""

    def value(self, node: x.Expression, occurrence: Occurrence | None = None) -> Any:
        if isinstance(node, x.IsKnown):
            return None
        found = super().value(node, occurrence)
        if isinstance(node, x.FirstKnown):
            if isinstance(found, Measured):
                return Measured()
            return UNKNOWN if isinstance(found, Bounds) else None
        return found

    def _item(self, name: str) -> Any:
        item = self.protocol.items[name]
        if item.otherwise is not None and name not in self.facts:
            return unknown_of(item.kind)
        return super()._item(name)


def closings(graph: RuleGraph, readings: Mapping[str, str], order: list[str]) -> dict[str, tuple[Closing, ...]]:
    """For each item the answers to items before it in `order` that each close its question."""
    finder = _Finder(graph, readings)
    place = {name: at for at, name in enumerate(order)}
    found: dict[str, list[Closing]] = {name: [] for name in order}
    for name in order:
        for answer in answers_of(graph.protocol.items[name]):
            for closed in finder.closed_by(name, answer):
                if place.get(closed, -1) > place[name]:
                    found[closed].append(Closing(name, answer))
    return {name: tuple(closing) for name, closing in found.items()}


def answers_of(item: Item) -> tuple[bool | str, ...]:
    """The answers of an item that can close a question: those that can be told apart one by one."""
    if item.kind == "truth":
        return (True, False)
    if item.kind == "one of":
        return item.option_names
    return ("none",) if item.kind == "event" else ()


class _Finder:
    def __init__(self, graph: RuleGraph, readings: Mapping[str, str]) -> None:
        self.graph, self.readings = graph, readings
        self.conditions = {node for node in graph.network if is_condition(graph, node) and not graph.scoped(node)}
        self.anyway = Cautious(graph.protocol, {}, readings)
        if graph.deep:
            self.anyway.run(graph)
        names = GraphNodes(graph)
        ifs = [each.condition for each in graph.protocol.criteria() if isinstance(each.condition, x.IfThen)]
        self.asked = {names.name_of(each.condition) for each in ifs}  # they make an outcome “not applicable”

    def closed_by(self, name: str, answer: bool | str) -> Iterator[str]:
        """The items whose questions an answer closes."""
        protocol = self.graph.protocol
        facts = {name: read_value(protocol.items[name], answer)}
        reference = Cautious(protocol, facts, self.readings)
        if self.graph.deep:
            reference.run(self.graph)
        above = self._above(f"item:{name}") & self.conditions
        decided = {
            node: truth
            for node in above
            if (truth := self._truth(reference, node)) is not None and self._truth(self.anyway, node) is None
        }
        below: set[str] = set()
        for node in decided:
            below |= {each for each in self.graph.needs(node) if each.startswith("item:")}
        for each in sorted(below - {f"item:{name}"}):
            if self._closed(each, decided):
                yield each.removeprefix("item:")

    def _above(self, item: str) -> set[str]:
        """What depends on an item, up to the criteria: they are outcomes, so that no way leads on from them."""
        stack, seen = [item], set[str]()
        while stack:
            for user in self.graph.network.predecessors(stack.pop()):
                if user not in seen:
                    seen.add(user)
                    if self.graph.kind(user) != "criterion":
                        stack.append(user)
        return seen

    def _closed(self, item: str, decided: Mapping[str, Truth]) -> bool:
        """Whether every way up from an item ends at a condition that is decided because the item hangs on it."""
        stack, seen = [item], {item}
        while stack:
            for user in self.graph.network.predecessors(stack.pop()):
                if user in seen:
                    continue
                seen.add(user)
                if user in decided:
                    if self._alternative(user, decided[user]):
                        return False
                    continue
                if user in self.asked or self.graph.kind(user) in ("criterion", "block", "verdict"):
                    return False
                stack.append(user)
        return True

    def _alternative(self, node: str, truth: Truth) -> bool:
        """Whether a condition is decided because one of several alternatives holds (or by a count of them)."""
        match self.graph.expression(node):
            case x.Group(kind=kind):
                return {"all": truth is True, "any": truth is True, "none": truth is False}.get(kind, True)
            case x.WaivedIf():
                return truth is True
            case x.Compare() | x.Lookup():
                return True
        return False

    def _truth(self, reference: Reference, node: str) -> Truth:
        kind, _, name = node.partition(":")
        if kind == "item":
            held: Truth = reference.item(name)
            return held
        if kind == "definition":
            truth: Truth = reference.defined(name)
            return truth
        if kind == "criterion":
            return reference.criterion(name)
        expression = self.graph.expression(node)
        return reference.truth(expression) if expression is not None else None
