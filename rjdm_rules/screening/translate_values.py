"""Numbers of the rules as columns, with bounds where they are known in part."""

from __future__ import annotations

from fractions import Fraction
from functools import partial, reduce

from ..protocol import expressions as x
from ..protocol.model import Item, Table
from ..protocol.terms import constant_value
from ..protocol.types import Span
from .columns import PATIENTS, Column
from .kinds import MEASURED
from .ratios import EXACT, Amount, Ratio, least_at
from .shape import ItemShape
from .translation import Days, NotColumnar, Plain, Translation

MOST_OCCURRENCES, MOST_DAYS = 1e6, 4e6


class ValueTranslation(Translation):
    """One short method for each kind of number."""

    def number(self, node: x.Expression) -> Amount:
        return self.once("number", node, self._number)

    def _number(self, node: x.Expression) -> Amount:
        method = getattr(self, "_" + type(node).__name__.lower(), None)
        if method is None:
            raise NotColumnar(type(node).__name__)
        found: Amount = method(node)
        return found

    # ---- measured values

    def _itemvalue(self, node: x.ItemValue) -> Amount:
        item, shape = self.protocol.items[node.item], self.shape.items.get(node.item)
        value = self.r.unknown if shape is None else self.converted(self.plain(item, shape))
        if item.otherwise is None:
            return self.exactly(value)
        other = self._otherwise(item)
        if shape is None:
            return other
        recorded = self.b.known(value.top)
        low = self.r.case([(recorded, value)], other.low)
        return self.exactly(low) if other.exact else Amount(low, self.r.case([(recorded, value)], other.high))

    def _otherwise(self, item: Item) -> Amount:
        """What `otherwise` gives; unknown where that lies outside the item's range."""
        assert item.otherwise is not None
        other = self.number(item.otherwise)
        return self._within(other, item.span) if item.span else other

    def _within(self, amount: Amount, span: Span) -> Amount:
        below = self.r.less(amount.high, self.r.constant(span.low))
        above = self.r.less(self.r.constant(span.high), amount.low)
        outside = self.b.disjunction((below, above))
        low = self.r.case([(outside, self.r.unknown)], amount.low)
        return self.exactly(low) if amount.exact else Amount(low, self.r.case([(outside, self.r.unknown)], amount.high))

    def _attributevalue(self, node: x.AttributeValue) -> Amount:
        plain = self.attribute_plain(node.event, node.attribute)
        return self.exactly(self.r.unknown if plain is None else self.converted(plain))

    def attribute_plain(self, event: str, attribute: str) -> Plain | None:
        """A measured attribute, in the frame of its event; None where no occurrence has it."""
        declared, shape = self.attribute_of(event, attribute)
        return None if shape is None else self.plain(declared, shape, event)

    def attribute_of(self, event: str, attribute: str) -> tuple[Item, ItemShape | None]:
        declared = self.protocol.items[event].attribute(attribute)
        held = self.shape.items.get(event)
        assert declared is not None
        return declared, held.attributes.get(attribute) if held else None

    def _limitvalue(self, node: x.LimitValue) -> Amount:
        limit, plain = self._own_limit(node.subject, node.limit)
        own = self.exactly(limit) if plain is None else self._declared(limit, plain)
        if isinstance(node.subject, x.ItemValue):
            return self._limit_of_item(self.protocol.items[node.subject.item], node.limit, own)
        return own

    def _declared(self, limit: Ratio, plain: Plain) -> Amount:
        """A limit in the declared unit."""
        rows = [(condition, self.r.scaled(limit, factor), offset) for condition, factor, offset in plain.units]
        ratios = [(c, self.r.plus(ratio, self.r.constant(offset)) if offset else ratio) for c, ratio, offset in rows]
        cases = [(condition, ratio) for condition, ratio in ratios if condition is not None]
        return self.exactly(self.r.case(cases, ratios[-1][1]) if cases else ratios[-1][1])

    def _limit_of_item(self, item: Item, limit: str, own: Amount) -> Amount:
        """Where the value follows from another that is measured too, the limit is the one of that."""
        node = item.otherwise
        while isinstance(node, x.DefinedValue):
            node = self.protocol.definitions[node.name].expression
        if not isinstance(node, x.ItemValue | x.AttributeOf | x.AttributeValue | x.FirstKnown):
            return own
        other = self._limitvalue(x.LimitValue(limit, node))
        if not self.shape.has(item.name):
            return other
        recorded = self.b.known(self.b.source(item.name, "number"))
        return self.exactly(self.r.case([(recorded, own.low)], other.low))

    def _timeslimit(self, node: x.TimesLimit) -> Amount:
        """The value over its own limit; both are in one unit, so that only a unit with an offset needs converting."""
        limit, plain = self._own_limit(node.subject, node.limit)
        simple = isinstance(node.subject, x.AttributeValue) or (
            isinstance(node.subject, x.ItemValue) and self.protocol.items[node.subject.item].otherwise is None
        )
        if plain is not None and simple and all(offset == 0 for _, _, offset in plain.units):
            own = self.r.decimal(plain.column, plain.digits, plain.most, plain.positive)
            return self.exactly(self.r.over(own, limit))
        value = self.number(node.subject)
        declared = self._limitvalue(x.LimitValue(node.limit, node.subject)).low
        low = self.r.over(value.low, declared)
        return self.exactly(low) if value.exact else Amount(low, self.r.over(value.high, declared))

    def _own_limit(self, subject: x.Expression, limit: str) -> tuple[Ratio, Plain | None]:
        """A limit that came with a value, in that value's unit, and the value's column (None: in the declared unit)."""
        match subject:
            case x.ItemValue(item=name):
                item, shape = self.protocol.items[name], self.shape.items.get(name)
                if shape is None:
                    return self.r.unknown, None
                return self.limit(item, shape, limit), self.plain(item, shape)
            case x.AttributeValue(event=event, attribute=attribute):
                item, shape = self.attribute_of(event, attribute)
                if shape is None:
                    return self.r.unknown, None
                return self.limit(item, shape, limit, event), self.plain(item, shape, event)
            case x.AttributeOf():
                return self.picked_limit(subject, limit), None
        raise NotColumnar("limit")

    def picked_limit(self, node: x.AttributeOf, limit: str) -> Ratio:
        raise NotImplementedError

    # ---- constants and arithmetic

    def _definedvalue(self, node: x.DefinedValue) -> Amount:
        return self.number(self.protocol.definitions[node.name].expression)

    def _constant(self, node: x.Constant) -> Amount:
        return self.exactly(self.r.constant(node.value))

    def _converted(self, node: x.Converted) -> Amount:
        value = self.number(node.value)
        low = self._linear(value.low, node.factor, node.offset)
        return self.exactly(low) if value.exact else Amount(low, self._linear(value.high, node.factor, node.offset))

    def _linear(self, ratio: Ratio, factor: Fraction, offset: Fraction) -> Ratio:
        found = self.r.scaled(ratio, factor)
        return self.r.plus(found, self.r.constant(offset)) if offset else found

    def _arithmetic(self, node: x.Arithmetic) -> Amount:
        left, right = self.number(node.left), self.number(node.right)
        exact = left.exact and right.exact
        match node.operator:
            case "+":
                low = self.r.plus(left.low, right.low)
                return self.exactly(low) if exact else Amount(low, self.r.plus(left.high, right.high))
            case "−":
                low = self.r.plus(left.low, right.high, -1)
                return self.exactly(low) if exact else Amount(low, self.r.plus(left.high, right.low, -1))
        if not exact:
            return self._by_constant(node.operator, left, right)
        operation = self.r.times if node.operator == "×" else self.r.over
        return self.exactly(operation(left.low, right.low))

    def _by_constant(self, operator: str, left: Amount, right: Amount) -> Amount:
        """Bounds times or over a constant."""
        if operator == "×" and _fixed(left):
            left, right = right, left
        if not _fixed(right) or (operator == "/" and not right.low.factor):
            raise NotColumnar("products of uncertain numbers")
        factor = right.low.factor if operator == "×" else 1 / right.low.factor
        ends = [self.r.scaled(each, factor) for each in (left.low, left.high)]
        return Amount(*(ends if factor >= 0 else reversed(ends)))

    def _extreme(self, node: x.Extreme) -> Amount:
        values = [self.number(each) for each in node.values]
        if all(each.exact for each in values):
            return self.exactly(reduce(partial(self.r.extreme, node.kind), (each.low for each in values)))
        low, high = self.extreme_bounds(node.kind, [(each.low, each.high) for each in values])
        ends = [self.b.disjunction((self.r.known(each.low), self.r.known(each.high))) for each in values]
        some = self.b.conjunction(ends)
        return Amount(self.r.case([(some, low)], self.r.unknown), self.r.case([(some, high)], self.r.unknown))

    def extreme_bounds(self, kind: str, parts: list[tuple[Ratio, Ratio]]) -> tuple[Ratio, Ratio]:
        """The bounds of the largest (smallest) of several; an open lower end gives way to the larger, an open upper one
        to the smaller."""
        lows, highs = [low for low, _ in parts], [high for _, high in parts]
        strict, lenient = partial(self.r.extreme, kind), partial(self._lenient, kind)
        return reduce(lenient if kind == "max" else strict, lows), reduce(strict if kind == "max" else lenient, highs)

    def _lenient(self, kind: str, a: Ratio, b: Ratio) -> Ratio:
        rows = [(self.b.negation(self.r.known(a)), b), (self.b.negation(self.r.known(b)), a)]
        return self.r.case(rows, self.r.extreme(kind, a, b))

    def _firstknown(self, node: x.FirstKnown) -> Amount:
        values = [self.number(each) for each in node.values]
        tests = [self.known(each) for each in node.values[:-1]]
        low = self.r.case(list(zip(tests, (each.low for each in values), strict=False)), values[-1].low)
        if all(each.exact for each in values):
            return self.exactly(low)
        return Amount(low, self.r.case(list(zip(tests, (e.high for e in values), strict=False)), values[-1].high))

    # ---- counts, time, tables

    def _counttrue(self, node: x.CountTrue) -> Amount:
        truths = [self.truth(each) for each in node.conditions]
        most = float(len(truths))
        low = self.r.whole(self.b.tally(truths), most)
        if all(self.b.known(each).says(True) for each in truths):
            return self.exactly(low)
        not_false = self.b.minus(self.b.number(len(truths)), self.b.tally(self.b.negation(each) for each in truths))
        return Amount(low, self.r.whole(not_false, most))

    def _countoptions(self, node: x.CountOptions) -> Amount:
        return self.exactly(self.r.whole(self.how_many(node.subject), 1000.0))

    def how_many(self, node: x.Expression) -> Column:
        raise NotImplementedError

    def _elapsed(self, node: x.Elapsed) -> Amount:
        start, end = self.days(node.start), self.days(node.end)
        running = self.b.disjunction((self.runs(start), self.runs(end)))

        def between(first: Column, last: Column) -> Ratio:
            return self.r.whole(self.doubted(self.b.elapsed(node.unit, first, last), running), MOST_DAYS, False)

        low = between(start.high, end.low)
        if start.exact and end.exact:
            return self.exactly(low)
        return Amount(low, between(start.low, end.high))

    def runs(self, days: Days) -> Column:
        raise NotImplementedError

    def _lookup(self, node: x.Lookup) -> Amount:
        """A table's number: known where all rows that may match share it."""
        table = self.protocol.tables[node.table]
        direct = self._by_option(node, table)
        if direct is not None:
            return direct
        results: dict[Fraction, list[Column]] = {}
        for matches, result in self.matching(node, table):
            assert isinstance(result, Fraction)
            results.setdefault(result, []).append(matches)
        found = {value: self.b.disjunction(matches) for value, matches in results.items()}
        rows = []
        for value, may in found.items():
            others = self.b.disjunction(each for other, each in found.items() if other != value)
            sure = self.b.conjunction((may, self.b.negation(others)))
            rows.append((sure, self.r.constant(value)))
        return self.exactly(self.r.case(rows, self.r.unknown))

    def _by_option(self, node: x.Lookup, table: Table) -> Amount | None:
        """A table from one recorded option to a number: the option is known, or nothing is."""
        argument = node.arguments[0]
        named = isinstance(argument, x.ItemValue) and self.protocol.items[argument.item].otherwise is None
        if len(table.inputs) != 1 or not named or self.kind(argument) != "option":
            return None
        result = table.result_index(node.column)
        numbers: dict[Fraction, list[str]] = {}
        for row in table.rows:
            for cell in row.cells[0]:
                numbers.setdefault(row.results[result], []).extend(cell.options or ())  # type: ignore[arg-type]
        if len(numbers) < 2 or any(cell.anything for row in table.rows for cell in row.cells[0]):
            return None
        rows = [(self.one_of(argument, tuple(names)), self.r.constant(number)) for number, names in numbers.items()]
        return self.exactly(self.r.case(rows, self.r.unknown))

    def matching(self, node: x.Lookup, table: Table) -> list[tuple[Column, Fraction | str | bool]]:
        raise NotImplementedError

    # ---- comparisons

    def _compare_numbers(self, node: x.Compare) -> Column:
        direct = self._against_constant(node)
        if direct is not None:
            return direct
        return self.compared(node.operator, self.number(node.left), self.number(node.right))

    def compared(self, operator: str, a: Amount, b: Amount) -> Column:
        """A comparison of two numbers that may be known in part."""
        if operator in (">", "≥"):
            a, b, operator = b, a, {">": "<", "≥": "≤"}[operator]
        if a.exact and b.exact:
            test = {"<": self.r.less, "≤": self.r.at_most}.get(operator, self.r.equal)(a.low, b.low)
            return self.b.negation(test) if operator == "≠" else test
        if operator == "<":
            return self.b.three(self.r.less(a.high, b.low), self.r.at_most(b.high, a.low))
        if operator == "≤":
            return self.b.three(self.r.at_most(a.high, b.low), self.r.less(b.high, a.low))
        same = self.b.conjunction((self.r.equal(a.low, b.low), self._fixed_row(a), self._fixed_row(b)))
        apart = self.b.disjunction((self.r.less(a.high, b.low), self.r.less(b.high, a.low)))
        return self.b.three(same, apart) if operator == "=" else self.b.three(apart, same)

    def _fixed_row(self, a: Amount) -> Column:
        return self.b.true if a.exact else self.r.equal(a.low, a.high)

    def _against_constant(self, node: x.Compare) -> Column | None:
        """A measured column against a constant: no arithmetic, only the floating-point number where the truth turns."""
        threshold = constant_value(node.right)
        if threshold is None:
            return None
        left: x.Expression = node.left
        factor, offset = Fraction(1), Fraction(0)
        if isinstance(left, x.Converted) and left.factor > 0:
            factor, offset = left.factor, left.offset
            left = left.value
        match left:
            case x.ItemValue(item=name) if self.protocol.items[name].kind in MEASURED:
                return self._item_against(node, self.protocol.items[name], (threshold - offset) / factor)
            case x.AttributeValue(event=event, attribute=attribute):
                plain = self.attribute_plain(event, attribute)
                if plain is None:
                    return self.b.unknown
                return self.threshold(node.operator, plain, (threshold - offset) / factor)
        return None

    def _item_against(self, node: x.Compare, item: Item, threshold: Fraction) -> Column:
        shape = self.shape.items.get(item.name)
        plain = self.plain(item, shape, PATIENTS) if shape else None
        recorded = self.threshold(node.operator, plain, threshold) if plain else self.b.unknown
        if item.otherwise is None:
            return recorded
        other = self.compared(node.operator, self._otherwise(item), self.exactly(self.r.constant(threshold)))
        if plain is None:
            return other
        return self.b.case([(self.b.known(plain.column), recorded)], other)

    def threshold(self, operator: str, plain: Plain, threshold: Fraction) -> Column:
        tests: list[tuple[Column, Column]] = []
        for condition, factor, offset in plain.units:
            test = self._turning(operator, plain.column, (threshold - offset) / factor)
            if condition is None:
                return self.b.case(tests, test)
            tests.append((condition, test))
        raise AssertionError("the declared unit comes last")

    def _turning(self, operator: str, column: Column, threshold: Fraction) -> Column:
        if abs(threshold) > EXACT**15:
            raise NotColumnar("a threshold beyond all measurement")
        match operator:
            case "≥" | "<":
                reached = self.b.at_most(self.b.number(least_at(threshold, True)), column)
            case ">" | "≤":
                reached = self.b.at_most(self.b.number(least_at(threshold, False)), column)
            case _:
                number = least_at(threshold, True)
                there = Fraction(repr(number)) == threshold
                nowhere = self.b.case([(self.b.known(column), self.b.false)], self.b.unknown)
                reached = self.b.equal(column, self.b.number(number)) if there else nowhere
        return self.b.negation(reached) if operator in ("<", "≤", "≠") else reached


def _fixed(amount: Amount) -> bool:
    return amount.exact and amount.low.top.literal and amount.low.bottom.literal
