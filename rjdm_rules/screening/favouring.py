"""What the rules favour of each item, so that made-up people are mostly on that side."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product

from ..evaluation.facts import Measured
from ..evaluation.layout import threshold
from ..evaluation.reference import Reference
from ..graph.build import RuleGraph, block_node
from ..graph.links import links_of
from ..protocol import expressions as x
from ..protocol.terms import all_conditions, constant_value, items_behind, walk
from ..values.bounds import known
from .kinds import MEASURED

MOST_FREE, SHARES = 3, (0.02, 0.1, 0.3, 0.5, 0.8)  # of the range of an item that only calculations use


@dataclass
class Wish:
    """What the rules make of one item: thresholds of its values (and of its multiples of a limit) with the sides that
    are favourable, options that are and are not, windows of its events, and thresholds of their attributes."""

    truth: bool | None = None
    thresholds: list[tuple[str, Fraction, bool]] = field(default_factory=list)  # operator, value, whether to hold
    multiples: list[tuple[str, str, Fraction, bool]] = field(default_factory=list)  # and of which limit
    good: set[str] = field(default_factory=set)
    bad: set[str] = field(default_factory=set)
    count: int = 0
    event: bool | None = None
    windows: list[tuple[x.Window, bool]] = field(default_factory=list)
    attributes: dict[str, list[tuple[str, Fraction, bool]]] = field(default_factory=dict)


class Favoured:
    """`wishes` by item, and in `centers` the usual values of items that only calculations use."""

    def __init__(self, graph: RuleGraph) -> None:
        self.graph, self.protocol = graph, graph.protocol
        self.wishes = {name: Wish() for name in self.protocol.items}
        self._gather()
        self.centers = self._centers()

    def _gather(self) -> None:
        self.asked_if = {
            each.subject
            for condition in all_conditions(self.protocol)
            for node in walk(condition)
            if isinstance(node, x.IfThen)
            for each in walk(node.condition)
            if isinstance(each, x.IsOneOf)
        }
        for leaf, wanted in self._wanted().items():
            expression = self.graph.expression(leaf)
            if expression is None:
                self.wishes[leaf.partition(":")[2]].truth = wanted
            else:
                self._take(expression, wanted)
        for definition in self.protocol.definitions.values():
            self._below(definition.expression)

    def _wanted(self) -> dict[str, bool]:
        """For each condition about facts the truth that makes for an eligible patient."""
        links = links_of(self.graph)
        found: dict[str, bool] = {}
        stack = [
            (block_node(part.name, block.kind), block.kind == "inclusion")
            for part in self.protocol.parts
            for block in part.blocks
        ]
        seen: set[tuple[str, bool]] = set()
        while stack:
            node, value = stack.pop()
            if (node, value) in seen:
                continue
            seen.add((node, value))
            if node in links.leaves:
                found.setdefault(node, value)
            for each, ways in links.below.get(node, ()):
                stack += [(each, value if way else not value) for way in ways]
        return found

    def _take(self, node: x.Expression, wanted: bool) -> None:
        held = threshold(node)
        match node:
            case x.Compare() if held is not None and self.protocol.items[held[0]].kind in MEASURED:
                item, form, operator, value = held
                if form == "code":
                    self.wishes[item].thresholds.append((operator, value, wanted))
                else:
                    self.wishes[item].multiples.append((operator, form.removeprefix("times "), value, wanted))
            case x.Compare(left=x.CountOptions(subject=x.ItemValue(item=name)), right=right):
                self.wishes[name].count = int(constant_value(right) or 1) if wanted else 0
            case x.Compare(
                left=x.AttributeOf(attribute=name, occurrence=x.Pick(occurrences=x.Selected() as of))
                | x.Aggregate(attribute=name, occurrences=x.Selected() as of)
            ):
                self._happened(of, True)
                mark = constant_value(node.right)
                if mark is not None:
                    self.wishes[of.event].attributes.setdefault(name, []).append((node.operator, mark, wanted))
            case x.Compare(operator=operator, left=x.CountOccurrences(occurrences=x.Selected() as of)):
                self._happened(of, (operator in ("≥", ">")) == wanted)
            case x.IsOneOf(subject=subject) if subject in self.asked_if and not wanted:
                return  # of whom a criterion speaks is nothing against those of whom it does not
            case x.IsOneOf(subject=x.ItemValue(item=name), options=options):
                (self.wishes[name].good if wanted else self.wishes[name].bad).update(options)
            case x.Includes(subject=x.ItemValue(item=name), option=option):
                (self.wishes[name].good if wanted else self.wishes[name].bad).add(option)
            case x.Occurs(occurrences=x.Selected() as of):
                self._happened(of, wanted)
                self._below(node)
            case x.InWindow(date=x.ItemValue(item=name), window=window):
                self.wishes[name].windows.append((window, wanted))
            case _:
                self._below(node)

    def _happened(self, held: x.Selected, wanted: bool) -> None:
        self.wishes[held.event].event = wanted
        self.wishes[held.event].windows += [(held.window, wanted)] if held.window else []

    def _below(self, node: x.Expression) -> None:
        """Conditions inside counts and calculations, of which either outcome may be wanted: they are wanted true."""
        for each in walk(node):
            if each is node:
                continue
            match each:
                case x.Compare() | x.IsOneOf() | x.Includes():
                    self._take(each, True)
                case x.ItemValue(item=name) if self.protocol.items[name].kind == "truth":
                    self.wishes[name].truth = self.wishes[name].truth is not False

    def _centers(self) -> dict[str, float]:
        """Usual values of items that only calculations use, so that these come out favourably."""
        found: dict[str, float] = {}
        for leaf, wanted in self._wanted().items():
            expression = self.graph.expression(leaf)
            if isinstance(expression, x.Compare):
                names = [name for name in sorted(self._behind(expression)) if self._free(name)]
                if 0 < len(names) <= MOST_FREE:
                    found.update(self._tried(expression, wanted, names))
        return found

    def _behind(self, node: x.Expression) -> set[str]:
        found = items_behind(node, self.protocol)
        others = (self.protocol.items[name].otherwise for name in found)
        return found.union(*(items_behind(each, self.protocol) for each in others if each is not None))

    def _free(self, name: str) -> bool:
        """Whether no condition says what is favourable of a measured item."""
        item, wish = self.protocol.items[name], self.wishes[name]
        measured = item.kind in MEASURED and item.span is not None and item.otherwise is None
        return measured and not wish.thresholds and not wish.multiples

    def _tried(self, compare: x.Compare, wanted: bool, names: list[str]) -> dict[str, float]:
        """The values, as near as possible to the middle of their ranges, with which a comparison is as wanted."""
        readings = {name: each.chosen for name, each in self.protocol.readings.items()}
        for shares in sorted(product(SHARES, repeat=len(names)), key=lambda each: sum(abs(s - 0.5) for s in each)):
            values = {name: self._share(name, share) for name, share in zip(names, shares, strict=True)}
            facts = {name: Measured(known(Fraction(repr(value)))) for name, value in values.items()}
            if Reference(self.protocol, facts, readings).truth(compare) is wanted:
                return values
        return {}

    def _share(self, name: str, share: float) -> float:
        span = self.protocol.items[name].span
        assert span is not None
        return round(float(span.low) + share * float(span.high - span.low), 2)
