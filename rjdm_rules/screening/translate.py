"""From the rule graph to columns: conditions, outcomes and verdicts.

The translation says of every row what the reference evaluator says, or that the row is doubtful: a number too long for
floating point, or a condition that has no form in columns and might matter. Doubtful rows are left to the evaluator for
one patient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..protocol import expressions as x
from ..protocol.model import Cell, Criterion, Part, Table, TableColumn
from ..protocol.terms import items_behind
from ..testing.subjects import scoped
from .columns import Column, walk
from .ratios import Amount
from .translate_occurrences import OccurrenceTranslation
from .translation import Days, NotColumnar

SHALLOW = 40  # of a rule graph, in which names need not be settled in order


@dataclass(frozen=True)
class Translated:
    """Columns of the patients: a verdict for each part, the outcome and the truth of each criterion and child, and
    whether the row is doubtful. `left` are the conditions that have no form in columns."""

    verdicts: Mapping[str | None, Column]
    outcomes: Mapping[str, Column]
    truths: Mapping[str, Column]
    doubtful: Column
    left: tuple[x.Expression, ...]


class ConditionTranslation(OccurrenceTranslation):
    """One short method for each kind of condition."""

    def truth(self, node: x.Expression) -> Column:
        return self.once("truth", node, self._truth)

    def _truth(self, node: x.Expression) -> Column:
        try:
            return self._condition(node)
        except NotColumnar:
            if scoped(node):
                raise
            return self._leave(node)

    def _leave(self, node: x.Expression) -> Column:
        """A condition without a form in columns: what it is where nothing is recorded of its items, and other rows are
        doubtful."""
        self.left.append(node)
        names = self._items_behind(node)
        self.left_doubts += [self._something(name) for name in sorted(names) if self.shape.has(name)]
        return self.b.literal(self.nothing.truth(node), "truth")

    def _items_behind(self, node: x.Expression) -> set[str]:
        """Every item behind an expression, through definitions, criteria and `otherwise`."""
        found: set[str] = set()
        seen: set[str] = set()
        stack = [node]
        while stack:
            each = stack.pop()
            for name in items_behind(each, self.protocol) - found:
                found.add(name)
                otherwise = self.protocol.items[name].otherwise
                stack += [otherwise] if otherwise is not None else []
            for criterion in criteria_in(each, self.protocol.definitions) - seen:
                seen.add(criterion)
                held = self.protocol.criterion(criterion)
                stack += [held.condition] if held and held.condition is not None else []
        return found

    def _something(self, name: str) -> Column:
        """Whether anything is recorded of an item."""
        item, shape = self.protocol.items[name], self.shape.items[name]
        if item.kind == "event":
            return self.b.known(self.b.source(f"{name} recorded", "truth"))
        if item.kind in ("date", "time"):
            return self.b.known(self.dates(name, shape, "moment" if item.kind == "time" else "day").high)
        types = {"truth": "truth", "one of": "text", "several of": "set"}
        parts = [self.b.known(self.b.source(name, types.get(item.kind, "number")))]
        parts += [self.b.known(self.b.source(f"{name} {limit}", "number")) for limit in sorted(shape.limits)]
        return self.b.disjunction(parts)

    def _condition(self, node: x.Expression) -> Column:
        b = self.b
        match node:
            case x.Always(value=value):
                return b.literal(value, "truth")
            case x.Not(condition=condition):
                return b.negation(self.truth(condition))
            case x.Group():
                return self._group(node)
            case x.Except(condition=condition, exception=exception):
                return b.conjunction((self.truth(condition), b.negation(self.truth(exception))))
            case x.WaivedIf(condition=condition, waiver=waiver):
                return b.disjunction((self.truth(condition), self.truth(waiver)))
            case x.IfThen(condition=condition, consequence=consequence):
                return b.disjunction((b.negation(self.truth(condition)), self.truth(consequence)))
            case x.Compare():
                return self._compare(node)
            case x.IsOneOf(subject=subject, options=options):
                return self.one_of(subject, options)
            case x.Includes(subject=subject, option=option):
                return self._includes(subject, option)
            case x.IsKnown(subject=subject):
                return self.known(subject)
            case x.Occurs(occurrences=occurrences):
                return self.occurs(occurrences)
            case x.InWindow(date=date, window=window):
                days = self.days(date)
                unknown = b.negation(b.disjunction((b.known(days.low), b.known(days.high))))
                return b.case([(unknown, b.unknown)], self.in_window(days, days, window))
        return self._truth_value(node)

    def _truth_value(self, node: x.Expression) -> Column:
        match node:
            case x.CriterionTruth(criterion=id):
                return self.criterion(id)
            case x.DefinedValue(name=name):
                return self.truth(self.protocol.definitions[name].expression)
            case x.ItemValue(item=name):
                item = self.protocol.items[name]
                held = self.b.source(name, "truth") if self.shape.has(name) else self.b.unknown
                return held if item.otherwise is None else self.b.coalesce(held, self.truth(item.otherwise))
            case x.AttributeValue(event=event, attribute=attribute):
                return self.attribute_truth(event, attribute)
            case x.AttributeOf():
                return self.picked_truth(node)
            case x.FirstKnown(values=values):
                return self.b.coalesce(*(self.truth(each) for each in values))
            case x.Lookup(table=name):
                return self._truth_lookup(node, self.protocol.tables[name])
        raise NotColumnar(type(node).__name__)

    def criterion(self, id: str) -> Column:
        criterion = self.protocol.criterion(id)
        assert criterion is not None
        return self.b.true if criterion.condition is None else self.truth(criterion.condition)

    def _group(self, node: x.Group) -> Column:
        truths = [self.truth(each) for each in node.conditions]
        match node.kind:
            case "all":
                return self.b.conjunction(truths)
            case "any":
                return self.b.disjunction(truths)
            case "none":
                return self.b.negation(self.b.disjunction(truths))
            case "at least":
                return self._at_least(node.count, truths)
            case "at most":
                return self.b.negation(self._at_least(node.count + 1, truths))
        return self.b.conjunction(
            (self._at_least(node.count, truths), self.b.negation(self._at_least(node.count + 1, truths)))
        )

    def _at_least(self, n: int, truths: list[Column]) -> Column:
        """True when n are true; false when fewer than n are true or unknown; else unknown."""
        certain = self.b.at_most(self.b.number(n), self.b.tally(truths))
        if all(self.b.known(each).says(True) for each in truths):
            return certain
        false = self.b.tally(self.b.negation(each) for each in truths)
        return self.b.three(certain, self.b.at_most(self.b.number(len(truths) - n + 1), false))

    # ---- comparisons

    def _compare(self, node: x.Compare) -> Column:
        if self.kind(node.left) not in ("day", "moment"):
            return self._compare_numbers(node)
        left, right = self.days(node.left), self.days(node.right)
        found = self._compare_days(node.operator, left, right)
        run = [self.runs(left), self.runs(right)]
        doubts = [self.b.conjunction((run[0], self.open(right))), self.b.conjunction((run[1], self.open(left)))]
        return self.doubted(found, self.b.disjunction([*doubts, self.b.conjunction(run)]))

    def _compare_days(self, operator: str, left: Days, right: Days) -> Column:
        b = self.b
        if operator in (">", "≥"):
            left, right, operator = right, left, {">": "<", "≥": "≤"}[operator]
        if left.exact and right.exact:
            test = {"<": b.less, "≤": b.at_most}.get(operator, b.equal)(left.low, right.low)
            return b.negation(test) if operator == "≠" else test
        if operator == "<":
            return b.three(b.less(left.high, right.low), b.at_most(right.high, left.low))
        if operator == "≤":
            return b.three(b.at_most(left.high, right.low), b.less(right.high, left.low))
        pairs = [b.equal(left.low, right.low), b.equal(left.low, left.high), b.equal(right.low, right.high)]
        apart = b.disjunction((b.less(left.high, right.low), b.less(right.high, left.low)))
        return b.three(b.conjunction(pairs), apart) if operator == "=" else b.three(apart, b.conjunction(pairs))

    # ---- options

    def one_of(self, node: x.Expression, options: tuple[str, ...]) -> Column:
        """Whether a value is certainly one of some options, or certainly none of them."""
        match node:
            case x.OptionConstant(option=option):
                return self.b.literal(option in options, "truth")
            case x.ReadingValue(reading=reading):
                return self.b.literal(self.readings[reading] in options, "truth")
            case x.DefinedValue(name=name):
                return self.one_of(self.protocol.definitions[name].expression, options)
            case x.ItemValue(item=name):
                item = self.protocol.items[name]
                held = self.b.among(self.b.source(name, "text"), options) if self.shape.has(name) else self.b.unknown
                return held if item.otherwise is None else self.b.coalesce(held, self.one_of(item.otherwise, options))
            case x.Lookup(table=name):
                return self._option_lookup(node, self.protocol.tables[name], options)
            case x.FirstKnown(values=values):
                rows = [(self.known(each), self.one_of(each, options)) for each in values[:-1]]
                return self.b.case(rows, self.one_of(values[-1], options))
            case x.AttributeValue(event=event, attribute=attribute):
                return self.attribute_option(event, attribute, options)
            case x.AttributeOf():
                return self.picked_option(node, options)
        raise NotColumnar(type(node).__name__)

    def _includes(self, node: x.Expression, option: str) -> Column:
        match node:
            case x.DefinedValue(name=name):
                return self._includes(self.protocol.definitions[name].expression, option)
            case x.NoOptions():
                return self.b.false
            case x.ItemValue(item=name):
                held = self.b.has(self.b.source(name, "set"), option) if self.shape.has(name) else self.b.unknown
                otherwise = self.protocol.items[name].otherwise
                return held if otherwise is None else self.b.coalesce(held, self._includes(otherwise, option))
        raise NotColumnar(type(node).__name__)

    def how_many(self, node: x.Expression) -> Column:
        match node:
            case x.DefinedValue(name=name):
                return self.how_many(self.protocol.definitions[name].expression)
            case x.NoOptions():
                return self.b.number(0)
            case x.ItemValue(item=name):
                nothing = self.b.literal(None, "number")
                held = self.b.how_many(self.b.source(name, "set")) if self.shape.has(name) else nothing
                otherwise = self.protocol.items[name].otherwise
                return held if otherwise is None else self.b.coalesce(held, self.how_many(otherwise))
        raise NotColumnar(type(node).__name__)

    # ---- tables

    def matching(self, node: x.Lookup, table: Table) -> list[tuple[Column, Any]]:
        """Each row that may match, with its result; none where an argument may lie outside the table."""
        result = table.result_index(node.column)
        inside = self.b.conjunction(
            self._in_domain(argument, column) for argument, column in zip(node.arguments, table.inputs, strict=True)
        )
        found = []
        for row in table.rows:
            cells = zip(row.cells, node.arguments, strict=True)
            may = [self._may_match(cell, argument) for cell, argument in cells]
            found.append((self.b.conjunction([inside, *may]), row.results[result]))
        return found

    def _in_domain(self, argument: x.Expression, column: TableColumn) -> Column:
        if column.span is None or self.kind(argument) != "number":
            return self.b.true
        amount = self.number(argument)
        low = self.r.at_most(self.r.constant(column.span.low), amount.low)
        return self.b.surely(self.b.conjunction((low, self.r.at_most(amount.high, self.r.constant(column.span.high)))))

    def _may_match(self, cell: tuple[Cell, ...], argument: x.Expression) -> Column:
        if any(each.anything for each in cell):
            return self.b.true
        kind = self.kind(argument)
        if kind == "number":
            amount = self.number(argument)
            return self.b.disjunction(self._number_may(each, amount) for each in cell)
        options = tuple(option for each in cell for option in each.options or ())
        if kind == "truth":
            truth = self.truth(argument)
            either = [truth] if "yes" in options else []
            return self.b.possibly(
                self.b.disjunction([*either, *([self.b.negation(truth)] if "no" in options else [])])
            )
        return self.b.possibly(self.one_of(argument, options))

    def _number_may(self, cell: Cell, amount: Amount) -> Column:
        parts = []
        if cell.low is not None:
            test = self.r.at_most if cell.low_inside else self.r.less
            parts.append(self.b.possibly(test(self.r.constant(cell.low), amount.high)))
        if cell.high is not None:
            test = self.r.at_most if cell.high_inside else self.r.less
            parts.append(self.b.possibly(test(amount.low, self.r.constant(cell.high))))
        return self.b.conjunction(parts)

    def _decided(self, rows: Iterable[tuple[Column, Any]], wanted: Callable[[Any], bool]) -> Column:
        held = list(rows)
        fits = self.b.disjunction(matches for matches, result in held if wanted(result))
        fails = self.b.disjunction(matches for matches, result in held if not wanted(result))
        sure = self.b.conjunction((fits, self.b.negation(fails)))
        return self.b.three(sure, self.b.conjunction((fails, self.b.negation(fits))))

    def _option_lookup(self, node: x.Lookup, table: Table, options: tuple[str, ...]) -> Column:
        return self._decided(self.matching(node, table), lambda result: result in options)

    def _truth_lookup(self, node: x.Lookup, table: Table) -> Column:
        return self._decided(self.matching(node, table), lambda result: result is True)

    # ---- what is known

    def known(self, node: x.Expression) -> Column:
        """IS KNOWN: true or false; a value known in part counts as known."""
        match node:
            case x.DefinedValue(name=name):
                return self.known(self.protocol.definitions[name].expression)
            case x.Selected():
                return self.b.surely(self.selection(node).recorded)
            case x.AttributeOf():
                return self.known_pick(node)
            case x.FirstKnown(values=values):
                return self.b.disjunction(self.known(each) for each in values)
            case x.ItemValue(item=name) if self.protocol.items[name].kind == "event":
                return self.b.surely(self._recorded(name))
        match self.kind(node):
            case "truth":
                return self.b.known(self.truth(node))
            case "number":
                return self.r.known(self.number(node).high)
            case "day" | "moment":
                return self.known_days(self.days(node))
            case "set":
                return self.b.known(self.how_many(node))
            case "option":
                each = (self.one_of(node, (option,)) for option in self._options_of(node))
                return self.b.disjunction(self.b.surely(one) for one in each)
        raise NotColumnar(type(node).__name__)

    def _options_of(self, node: x.Expression) -> tuple[str, ...]:
        match node:
            case x.ItemValue(item=name):
                return self.protocol.items[name].option_names
            case x.AttributeValue(event=event, attribute=attribute):
                return self.attribute_of(event, attribute)[0].option_names
            case x.Lookup(table=name, column=column):
                table = self.protocol.tables[name]
                return tuple(dict.fromkeys(str(row.results[table.result_index(column)]) for row in table.rows))
            case x.OptionConstant(option=option):
                return (option,)
            case x.ReadingValue(reading=reading):
                return (self.readings[reading],)
        raise NotColumnar(type(node).__name__)


class RuleTranslation(ConditionTranslation):
    """The whole protocol."""

    def translated(self) -> Translated:
        for node in self.graph.order:  # what is far below first, so that no translation goes deep
            what, _, name = node.partition(":")
            if what == "criterion":
                self.criterion(name)
            elif what == "definition" and self.graph.depth > SHALLOW:
                self._settle(self.protocol.definitions[name].expression)
            elif what == "item" and self.graph.depth > SHALLOW:
                self._settle(self.protocol.items[name].otherwise)
        criteria = list(self.protocol.criteria())
        truths = {each.id: self.criterion(each.id) for each in criteria}
        outcomes = {each.id: self._outcome(each) for each in criteria}
        verdicts = {part.name: self._verdict(part) for part in self.protocol.parts}
        doubtful = self.doubtful([*verdicts.values(), *outcomes.values()])
        return Translated(verdicts, outcomes, truths, doubtful, tuple(self.left))

    def _settle(self, node: x.Expression | None) -> None:
        """Translates what names stand for, where others will ask for it."""
        if node is None:
            return
        make = {"truth": self.truth, "number": self.number, "day": self.days, "moment": self.days}
        try:
            make.get(self.kind(node), lambda _: None)(node)
        except NotColumnar:
            return  # said again where it is used

    def doubtful(self, roots: Iterable[Column], known: Iterable[Column] = ()) -> Column:
        """Whether anything that the roots are made of is not exact in a row, apart from what is known already."""
        told = {column.number for column in walk(known)}
        found: dict[int, Column] = {}
        waiting = [column for column in walk(roots) if column.number not in told]
        while waiting:
            column = waiting.pop()
            doubt = self.r.doubts.get(column.number)
            if doubt is not None and column.number not in found:
                found[column.number] = doubt
                waiting += [each for each in walk([doubt]) if each.number not in told]
        doubts = [*found.values(), *(() if told else self.left_doubts)]
        rows = [each if not each.frame else self.b.gathered("any", each, each.frame) for each in doubts]
        return self.b.surely(self.b.disjunction(rows))

    def _outcome(self, criterion: Criterion) -> Column:
        if criterion.condition is None:
            return self.b.literal("not applicable", "outcome")
        truth = self.criterion(criterion.id)
        rows = [(truth, "met"), (self.b.negation(truth), "not met")]
        if isinstance(criterion.condition, x.IfThen):
            rows.insert(0, (self.b.negation(self.truth(criterion.condition.condition)), "not applicable"))
        held = [(condition, self.b.literal(word, "outcome")) for condition, word in rows]
        return self.b.case(held, self.b.literal("unknown", "outcome"))

    def fine(self, part: Part) -> Column:
        """Whether a patient is eligible for a part: true, false, or unknown."""
        included = self.truth(part.inclusion.formula) if part.inclusion else self.b.true
        excluded = self.truth(part.exclusion.formula) if part.exclusion else self.b.false
        return self.b.conjunction((included, self.b.negation(excluded)))

    def _verdict(self, part: Part) -> Column:
        fine = self.fine(part)
        rows = [(fine, "eligible"), (self.b.negation(fine), "ineligible")]
        held = [(condition, self.b.literal(word, "verdict")) for condition, word in rows]
        return self.b.case(held, self.b.literal("undetermined", "verdict"))


def criteria_in(node: x.Expression, definitions: Mapping[str, Any]) -> set[str]:
    """The criteria that an expression names, through definitions."""
    found: set[str] = set()
    seen: set[str] = set()
    stack: list[x.Expression] = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, x.CriterionTruth):
            found.add(each.criterion)
        elif isinstance(each, x.DefinedValue) and each.name not in seen:
            seen.add(each.name)
            stack.append(definitions[each.name].expression)
        stack += x.parts(each)
    return found
