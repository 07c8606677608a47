"""What a verdict rests on, in columns: the facts that could settle an undetermined one, and the criteria by which a
patient is ineligible.

Both follow the links of the rule graph down from the verdict (`graph.links`). Which items keep an unknown condition
from being known is said as in `evaluation.deciding`, for every row at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..evaluation.deciding import insufficient_below
from ..graph.build import block_node
from ..graph.links import Links, links_of
from ..protocol import expressions as x
from ..protocol.model import Part
from ..protocol.terms import items_behind
from .columns import Column, NotColumnar
from .translate import RuleTranslation

Short = dict[str, Column]  # for each item: whether it keeps a value from being known


@dataclass(frozen=True)
class Rests:
    """`deciding`: for each item whether it is a deciding fact. `doubtful`: where columns cannot say. `fails`: for each
    criterion and child whether it makes the patient ineligible (in one part at least)."""

    deciding: Mapping[str, Column]
    doubtful: Column
    fails: Mapping[str, Column]


class DecidingTranslation(RuleTranslation):
    def rests(self) -> Rests:
        links = links_of(self.graph)
        deciding: dict[str, list[Column]] = {}
        doubts: list[Column] = []
        fails: dict[str, list[Column]] = {}
        for part in self.protocol.parts:
            self._deciding_of(part, links, deciding, doubts)
            for id, column in self._failing(part, links).items():
                fails.setdefault(id, []).append(column)
        return Rests(
            {name: self.b.surely(self.b.disjunction(deciding[name])) for name in sorted(deciding)},
            self.b.surely(self.b.disjunction(doubts)),
            {id: self.b.disjunction(each) for id, each in fails.items()},
        )

    # ---- down the links

    def node_truth(self, node: str) -> Column:
        """The truth of a condition of the rule graph."""
        kind, _, name = node.partition(":")
        match kind:
            case "item":
                return self.truth(self._item_condition(name))
            case "definition":
                return self.truth(self.protocol.definitions[name].expression)
            case "criterion":
                return self.criterion(name)
        expression = self.graph.expression(node)
        if expression is not None:
            return self.truth(expression)
        return self.truth(self._blocks[node])

    def _item_condition(self, name: str) -> x.Expression:
        return self.once_named("item", name, lambda: x.ItemValue(name))

    @property
    def _blocks(self) -> dict[str, x.Expression]:
        blocks = [(part, block) for part in self.protocol.parts for block in part.blocks]
        return {block_node(part.name, block.kind): block.formula for part, block in blocks}

    def _linked(self, part: Part, links: Links) -> dict[str, Column]:
        """For each condition below an undetermined verdict: whether it is unknown and linked to the verdict through
        unknown conditions only."""
        b = self.b
        undetermined = b.negation(b.known(self.fine(part)))
        above: dict[str, list[Column]] = {block_node(part.name, each.kind): [undetermined] for each in part.blocks}
        found: dict[str, Column] = {}
        for node in reversed(self.graph.order):
            if node not in above:
                continue
            unknown = b.negation(b.known(self.node_truth(node)))
            found[node] = b.conjunction((unknown, b.disjunction(above[node])))
            for each, _ in links.below.get(node, ()):
                above.setdefault(each, []).append(found[node])
        return found

    def _failing(self, part: Part, links: Links) -> dict[str, Column]:
        """For each criterion: whether it holds an ineligible verdict."""
        b = self.b
        above: dict[tuple[str, bool], list[Column]] = {}
        for block in part.blocks:
            above[block_node(part.name, block.kind), block.kind == "exclusion"] = [b.true]
        found: dict[str, list[Column]] = {}
        for node in reversed(self.graph.order):
            for value in (True, False):
                if (node, value) not in above:
                    continue
                truth = self.node_truth(node)
                held = b.conjunction(
                    (b.surely(truth if value else b.negation(truth)), b.disjunction(above[node, value]))
                )
                if node.startswith("criterion:"):
                    found.setdefault(node.partition(":")[2], []).append(held)
                for each, ways in links.below.get(node, ()):
                    for way in ways:
                        above.setdefault((each, value if way else not value), []).append(held)
        return {id: b.disjunction(each) for id, each in found.items()}

    # ---- what is not enough

    def _deciding_of(self, part: Part, links: Links, deciding: dict[str, list[Column]], doubts: list[Column]) -> None:
        linked = self._linked(part, links)
        for leaf in sorted(links.leaves & linked.keys()):
            if linked[leaf].says(False):
                continue
            for name, column in self._leaf(leaf, linked[leaf], doubts).items():
                deciding.setdefault(name, []).append(self.b.conjunction((linked[leaf], column)))

    def _leaf(self, leaf: str, linked: Column, doubts: list[Column]) -> Short:
        kind, _, name = leaf.partition(":")
        if kind == "item":
            return {name: self.b.true}
        expression = self.graph.expression(leaf)
        if expression is None:
            return {}
        try:
            return self._with_all(self._short_parts(expression), items_behind(expression, self.protocol))
        except NotColumnar:
            known = [self._something(each) for each in self._items_behind(expression) if self.shape.has(each)]
            doubts.append(self.b.conjunction((linked, self.b.disjunction(known))))
            return dict.fromkeys(insufficient_below(expression, self.nothing), self.b.true)

    def _with_all(self, found: Short, names: Iterable[str]) -> Short:
        """The same; where no item stands out, all of some do."""
        none = self.b.negation(self.b.disjunction(found.values()))
        return {**found, **{name: self.b.disjunction((none, *self._held(found, name))) for name in sorted(names)}}

    def _held(self, found: Short, name: str) -> tuple[Column, ...]:
        return (found[name],) if name in found else ()

    def _where_short(self, found: Short, condition: Column) -> Short:
        return {name: self.b.conjunction((condition, column)) for name, column in found.items()}

    def _merged(self, several: Iterable[Short]) -> Short:
        found: dict[str, list[Column]] = {}
        for each in several:
            for name, column in each.items():
                found.setdefault(name, []).append(column)
        return {name: self.b.disjunction(columns) for name, columns in found.items()}

    def short(self, node: x.Expression) -> Short:
        """Items behind a value that is not exactly known."""
        return self.once("short", node, self._short)

    def _short(self, node: x.Expression) -> Short:
        match node:
            case x.ItemValue(item=name):
                return {name: self.b.negation(self.enough(node))}
            case x.DefinedValue(name=name):
                return self.short(self.protocol.definitions[name].expression)
            case x.CriterionTruth(criterion=id):
                criterion = self.protocol.criterion(id)
                held = criterion.condition if criterion else None
                return {} if held is None else self.short(held)
            case x.TimesLimit(subject=subject) | x.LimitValue(subject=subject):
                names = items_behind(subject, self.protocol)
                return self._where_short(dict.fromkeys(names, self.b.true), self.b.negation(self.enough(node)))
            case x.AttributeValue(event=event):
                return {event: self.b.negation(self.enough(node))}
            case x.Selected():
                return self._short_selection(node)
            case x.IsKnown():
                return {}
            case (
                x.Pick(occurrences=x.Selected(event=event))
                | x.AttributeOf(occurrence=x.Pick(occurrences=x.Selected(event=event)))
                | x.Aggregate(occurrences=x.Selected(event=event))
            ):
                found = self._with_all(self._short_parts(node), {event})
                return self._where_short(found, self.b.negation(self.enough(node)))
        found = self._with_all(self._short_parts(node), items_behind(node, self.protocol))
        return self._where_short(found, self.b.negation(self.enough(node)))

    def _short_parts(self, node: x.Expression | x.Window) -> Short:
        return self._merged(self.short(part) for part in x.parts(node))

    def _short_selection(self, node: x.Selected) -> Short:
        """The event, where an occurrence of its own is not enough, and what the window and WHERE need besides."""
        b, event, window = self.b, node.event, node.window
        held = self.selection(node)
        recorded = b.surely(held.recorded)
        around = self.short(window.anchor) if window else {}
        unrecorded = self._where_short(self._merged([around, {event: b.true}]), b.negation(recorded))
        if held.fits is None:
            return {} if isinstance(node.where, x.Always) else unrecorded
        open_ = b.negation(b.known(held.fits))
        found = [unrecorded]
        if node.where is not None:
            short = self.short(node.where)
            none = b.negation(b.disjunction(short.values()))
            short = self._merged([short, {event: none}])
            unknown = b.conjunction((open_, b.negation(b.known(self.truth(node.where)))))
            found.append(self._over(short, unknown, event))
        if window is not None:
            start, end = self.attribute_days(event, "date"), self.end_of(event)
            unknown = b.conjunction((open_, b.negation(b.known(self.in_window(start, end, window)))))
            exact = b.conjunction((self._exact(start), self._exact(end)))
            found.append(self._over({event: b.negation(exact)}, unknown, event))
            found.append(self._over(self._short_parts(window), unknown, event))
        return self._merged(found)

    def _over(self, short: Short, condition: Column, event: str) -> Short:
        """What holds for one of the occurrences at least."""
        return {
            name: self.b.gathered("any", self.b.conjunction((condition, column)), event)
            for name, column in short.items()
        }

    # ---- what is enough

    def _exact(self, days: object) -> Column:
        from .translation import Days

        assert isinstance(days, Days)
        if days.exact:
            return self.b.known(days.low)
        return self.b.surely(self.b.equal(days.low, days.high))

    def enough(self, node: x.Expression) -> Column:
        """Whether a value is exactly known."""
        if isinstance(node, x.Pick):
            picked = self._candidates(node)
            return self.b.false if picked is None else picked.there
        match self.kind(node):
            case "truth":
                return self.b.known(self.truth(node))
            case "number":
                amount = self.number(node)
                return (
                    self.r.known(amount.low) if amount.exact else self.b.surely(self.r.equal(amount.low, amount.high))
                )
            case "day" | "moment":
                return self._exact(self.days(node))
        return self.known(node)
