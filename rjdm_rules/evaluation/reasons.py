"""Why a verdict is not `eligible`: the criteria that fail or are unknown, and the facts that would settle it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..graph.build import RuleGraph, block_node
from ..graph.links import Links, TruthOf, links_of, negated_leaves
from ..logic.kleene import Truth
from ..protocol.expressions import ItemValue
from ..protocol.model import Criterion, Part
from ..words.phrases import Words
from .compiled import Case
from .deciding import deciding_facts
from .fact_words import FactWords

MOST_FACTS_IN_A_REASON = 3
REMEMBERED = 50_000
OUTCOME_WORDS = {True: "met", False: "not met", None: "unknown"}


@dataclass
class Reasons:
    """Reasons for the patients of one protocol. What was said of a condition for the same recorded values is said
    again without working it out."""

    graph: RuleGraph
    words: Words
    _said: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    _under_not: dict[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def links(self) -> Links:
        return links_of(self.graph)

    def deciding(self, part: Part, truth: TruthOf, case: Case) -> set[str]:
        """The items behind unknown conditions that are linked to the verdict through unknown conditions only."""
        roots = [block_node(part.name, block.kind) for block in part.blocks]
        found: set[str] = set()
        for leaf in self.links.unknown_leaves(roots, truth):
            found.update(
                self._once("facts", leaf, case, lambda leaf=leaf: deciding_facts(self.graph, [leaf], case.reference))  # type: ignore[misc]
            )
        return found

    def failing(self, part: Part, truth: TruthOf) -> set[str]:
        """The criteria and children that hold an ineligible verdict."""
        roots = [(block_node(part.name, block.kind), block.kind == "exclusion") for block in part.blocks]
        held = self.links.holding(roots, truth, unknown_too=False)
        return {node.partition(":")[2] for node in held if node.startswith("criterion:")}

    def reasons(self, part: Part, truth: TruthOf, case: Case) -> list[tuple[str, str]]:
        """The criteria that fail or are unknown and are linked to the verdict, each with one sentence; those that fail
        first."""
        roots = [(block_node(part.name, block.kind), block.kind == "exclusion") for block in part.blocks]
        held = self.links.holding(roots, truth, unknown_too=True)
        found = []
        for block in part.blocks:
            for criterion in block.criteria:
                node = f"criterion:{criterion.id}"
                if node in held:
                    found.append((criterion.id, self._reason(criterion, node, held[node], truth, case)))
        found.sort(key=lambda each: truth(f"criterion:{each[0]}") is None)
        return found

    def _reason(self, criterion: Criterion, node: str, value: bool, truth: TruthOf, case: Case) -> str:
        below = self.links.holding([(node, value)], truth, unknown_too=truth(node) is None)
        leaves = self._about_facts(below)
        leaves.sort(key=lambda each: (truth(each) is not truth(node), self._written_at(each, below)))
        texts = self._told(leaves, node, MOST_FACTS_IN_A_REASON, truth, case)
        left = len(leaves) - len(texts)
        shown = "; ".join(texts) + (f"; and {left} more" if left and len(texts) == MOST_FACTS_IN_A_REASON else "")
        title = criterion.sentence.text if criterion.sentence else criterion.id
        outcome = OUTCOME_WORDS[truth(node)]
        return f"{title}: {outcome} – {shown}." if shown else f"{title}: {outcome}."

    def facts(self, criterion: Criterion, most: int, truth: TruthOf, case: Case) -> list[str]:
        """The conditions that carry the outcome of a criterion, or leave it unknown, in words with the facts behind
        them: at most so many."""
        node = f"criterion:{criterion.id}"
        held = truth(node)
        if held is None:
            leaves = self.links.unknown_leaves([node], truth)
            below: Mapping[str, bool] = dict.fromkeys(self.graph.network, True)
        else:
            below = self.links.holding([(node, held)], truth, unknown_too=False)
            leaves = self._about_facts(below)
        return self._told(sorted(leaves, key=lambda each: self._written_at(each, below)), node, most, truth, case)

    def _about_facts(self, nodes: Iterable[str]) -> list[str]:
        """The conditions about facts; one about a reading says nothing of the patient."""
        return [each for each in nodes if each in self.links.leaves and self._items[each]]

    def _told(self, leaves: list[str], node: str, most: int, truth: TruthOf, case: Case) -> list[str]:
        """Conditions behind a criterion in words; two that read alike are told once."""
        negated = self._negated(node)
        said = {self._leaf(each, truth(each), each in negated, case): None for each in leaves[: most * 2]}
        return list(said)[:most]

    def _negated(self, node: str) -> frozenset[str]:
        if node not in self._under_not:
            self._under_not[node] = negated_leaves(self.graph, node, self.links.leaves)
        return self._under_not[node]

    def _leaf(self, leaf: str, truth: Truth, negated: bool, case: Case) -> str:
        """A condition, or its opposite, with the facts behind its truth."""

        def say() -> str:
            expression = self.graph.expression(leaf) or ItemValue(leaf.partition(":")[2])
            words = FactWords(self.words, case.reference)
            return words.opposite(expression, truth) if negated else words.leaf(expression, truth)

        text: str = self._once("opposite" if negated else "words", leaf, case, say)
        return text

    def _once(self, what: str, leaf: str, case: Case, make: Callable[[], Any]) -> Any:
        """The same for the same recorded values of the items behind a condition."""
        record = case.record
        values = tuple([_fixed(record.get(item)) for item in self._items[leaf]])
        key = (what, leaf, values)
        found = self._said.get(key)
        if found is None:
            found = make()
            if len(self._said) > REMEMBERED:
                self._said.clear()
            self._said[key] = found
        return found

    @cached_property
    def _items(self) -> Mapping[str, tuple[str, ...]]:
        return {leaf: tuple(self.graph.items_of(leaf)) for leaf in self.links.leaves}

    def _written_at(self, node: str, below: Mapping[str, bool]) -> int:
        """Where a condition is first referred to, among those at hand."""
        return min([start for user, start in self._references[node] if user in below], default=0)

    @cached_property
    def _references(self) -> Mapping[str, tuple[tuple[str, int], ...]]:
        """For each node, who refers to it and where in the file."""
        found: dict[str, list[tuple[str, int]]] = {node: [] for node in self.graph.network}
        for user, needed, place in self.graph.network.edges(data="place"):
            found[needed].append((user, place.start if place else 0))
        return {node: tuple(users) for node, users in found.items()}


def _fixed(value: Any) -> Any:
    """A recorded value as part of a key; its type belongs to it (True is not 1)."""
    if value.__class__ is dict or value.__class__ is list:
        return repr(value)
    return (value.__class__, value) if value.__class__ is not str else value
