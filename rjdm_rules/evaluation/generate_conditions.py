"""Conditions in the generated functions: for each, what says that it is known to be true, and known to be false."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ..graph.build import RuleGraph
from ..graph.links import is_condition
from ..protocol import expressions as x
from ..protocol.model import Item
from ..protocol.terms import constant_value
from ..values.windows import Extent, stretch
from .generate_numbers import NotDirect, NumberWriter, Shared
from .layout import MEASURED, threshold
from .lookups import MemoLookup
from .pieces import BACKWARD, FORWARD, Both, both_of, bounds_test, code_test, joined, number_source, summed

DEEPEST = 12


class ConditionWriter(NumberWriter):
    """Writes conditions; what is used more than once goes into a variable."""

    def __init__(self, graph: RuleGraph, readings: Mapping[str, str], shared: Shared) -> None:
        super().__init__(graph, readings, shared)
        self.written: dict[str, Both] = {}
        self.possibles: dict[str, str] = {}  # variables that hold the options that may be, by node
        self.variables: dict[str, str] = {}

    def _is_condition(self, node: str) -> bool:
        return is_condition(self.graph, node)

    def _variable(self, node: str) -> str:
        return self.variables.setdefault(node, f"t{len(self.variables)}")

    def _keep(self, node: str, both: Both) -> Both:
        """Puts a condition's truth into a variable of its own."""
        variable = self._variable(node)
        self.lines.append(f"{variable} = True if {both[0]} else False if {both[1]} else None")
        self.written[node] = both_of(variable)
        return self.written[node]

    def both(self, node: str, depth: int = 0) -> Both:
        if node in self.written:
            return self.written[node]
        found = self._fresh(node, depth)
        plain = found[0].isidentifier()
        if self.graph.uses(node) > 1 and not plain:
            return self._keep(node, found)
        if depth >= DEEPEST and not plain:
            return self._keep(node, found)
        return found

    def _fresh(self, node: str, depth: int = 0) -> Both:
        kind = self.graph.kind(node)
        if kind == "item":
            return self._truth_item(node)
        if kind in ("definition", "block"):
            return self.both(self.graph.operands(node)[0], depth)
        expression = self.graph.expression(node)
        assert expression is not None, node
        if self.graph.scoped(node):
            return self._ask(node)
        try:
            method = getattr(self, "_" + type(expression).__name__.lower(), None)
            if method is None:
                raise NotDirect
            both: Both = method(node, expression, depth)
            return both
        except NotDirect:
            return self._ask(node)

    def _ask(self, node: str) -> Both:
        """Leaves a condition to the reference evaluator."""
        question = self._question(node)
        return question, f"{question} is False"

    def _question(self, node: str) -> str:
        if node not in self.asked:
            self.asked.append(node)
        return f"case.truth({self.asked.index(node)})"

    def _below(self, node: str, depth: int) -> list[Both]:
        return [self.both(each, depth + 1) for each in self.graph.operands(node)]

    def _truth_item(self, node: str) -> Both:
        item = self.protocol.items[node[5:]]
        slot = f"s{self.layout.slot(item.name, 'truth')}"
        if item.otherwise is None:
            return both_of(slot)
        other = self.both(self.graph.operands(node)[0])
        variable = self._variable(node)
        self.lines.append(
            f"{variable} = {slot} if {slot} is not None else True if {other[0]} else False if {other[1]} else None"
        )
        self.written[node] = both_of(variable)
        return self.written[node]

    def _always(self, node: str, expression: x.Always, depth: int) -> Both:
        return str(expression.value), str(not expression.value)

    def _not(self, node: str, expression: x.Not, depth: int) -> Both:
        true, false = self._below(node, depth)[0]
        return f"({false})", f"({true})"

    def _group(self, node: str, expression: x.Group, depth: int) -> Both:
        below = self._below(node, depth)
        match expression.kind:
            case "all":
                return joined("and", below, 0), joined("or", below, 1)
            case "any":
                return joined("or", below, 0), joined("and", below, 1)
            case "none":
                return joined("and", below, 1), joined("or", below, 0)
        trues, falses = summed(below, 0), summed(below, 1)
        n, most = expression.count, len(below)
        at_least = f"({trues} >= {n})", f"({falses} > {most - n})"
        at_most = f"({falses} >= {most - n})", f"({trues} > {n})"
        if expression.kind == "at least":
            return at_least
        if expression.kind == "at most":
            return at_most
        return f"({at_least[0]} and {at_most[0]})", f"({at_least[1]} or {at_most[1]})"

    def _except(self, node: str, expression: x.Except, depth: int) -> Both:
        held, exception = self._below(node, depth)
        return f"(({held[0]}) and ({exception[1]}))", f"(({held[1]}) or ({exception[0]}))"

    def _waivedif(self, node: str, expression: x.WaivedIf, depth: int) -> Both:
        held, waiver = self._below(node, depth)
        return f"(({held[0]}) or ({waiver[0]}))", f"(({held[1]}) and ({waiver[1]}))"

    def _ifthen(self, node: str, expression: x.IfThen, depth: int) -> Both:
        condition, consequence = self._below(node, depth)
        return f"(({condition[1]}) or ({consequence[0]}))", f"(({condition[0]}) and ({consequence[1]}))"

    def _includes(self, node: str, expression: x.Includes, depth: int) -> Both:
        held = self._set(expression.subject)
        option = repr(expression.option)
        return f"({held} is not None and {option} in {held})", f"({held} is not None and {option} not in {held})"

    def _set(self, subject: x.Expression) -> str:
        if not isinstance(subject, x.ItemValue) or self.protocol.items[subject.item].otherwise is not None:
            raise NotDirect
        return f"s{self.layout.slot(subject.item, 'set')}"

    def _isoneof(self, node: str, expression: x.IsOneOf, depth: int) -> Both:
        subject = expression.subject
        if isinstance(subject, x.ReadingValue):
            taken = self.readings[subject.reading] in expression.options
            return str(taken), str(not taken)
        if isinstance(subject, x.ItemValue) and self.protocol.items[subject.item].otherwise is None:
            slot = f"s{self.layout.slot(subject.item, 'option')}"
            if len(expression.options) == 1:
                option = repr(expression.options[0])
                return f"{slot} == {option}", f"({slot} != {option} and {slot} is not None)"
            options = self._constant(frozenset(expression.options))
            return f"{slot} in {options}", f"({slot} not in {options} and {slot} is not None)"
        possible = self._possible(self.graph.operands(node)[0])
        wanted = self._constant(frozenset(expression.options))
        return (
            f"({possible} is not None and {possible} <= {wanted})",
            f"({possible} is not None and not ({possible} & {wanted}))",
        )

    def _possible(self, node: str) -> str:
        """A variable that holds the options that may be, as a frozenset (None: unknown)."""
        if node in self.possibles:
            return self.possibles[node]
        kind = self.graph.kind(node)
        if kind == "item":
            item = self.protocol.items[node[5:]]
            if item.kind != "one of":
                raise NotDirect
            slot = f"s{self.layout.slot(item.name, 'option')}"
            singles = self._constant({name: frozenset((name,)) for name in item.option_names})
            if item.otherwise is None:
                value = f"{singles}[{slot}] if {slot} is not None else None"
            else:
                value = (
                    f"{singles}[{slot}] if {slot} is not None else {self._options_value(self.graph.operands(node)[0])}"
                )
        else:
            value = self._options_value(node)
        variable = f"q{len(self.possibles)}"
        self.lines.append(f"{variable} = {value}")
        self.possibles[node] = variable
        return variable

    def _options_value(self, node: str) -> str:
        kind = self.graph.kind(node)
        if kind in ("item", "definition"):
            return self._possible(node if kind == "item" else self.graph.operands(node)[0])
        expression = self.graph.expression(node)
        if isinstance(expression, x.OptionConstant):
            return self._constant(frozenset((expression.option,)))
        if isinstance(expression, x.Lookup):
            return self._memo_lookup(node, expression)
        raise NotDirect

    def _output(self, expression: x.Lookup) -> Any:
        table = self.protocol.tables[expression.table]
        return table.outputs[table.result_index(expression.column)]

    def _memo_lookup(self, node: str, expression: x.Lookup) -> str:
        """A lookup by facts of few values, each combination looked up once."""
        table = self.protocol.tables[expression.table]
        keys = []
        operands = self.graph.operands(node)[: len(expression.arguments)]
        for argument, below in zip(expression.arguments, operands, strict=True):
            if isinstance(argument, x.CountTrue):
                truths = [self.both(each) for each in self.graph.operands(below)]
                keys.append(f"({summed(truths, 0)}, {len(truths)} - ({summed(truths, 1)}))")
            elif self._is_condition(below):
                true, false = self.both(below)
                keys.append(f"(True if {true} else False if {false} else None)")
            else:
                keys.append(self._possible(below))
        lookup = self._constant(MemoLookup(table, table.result_index(expression.column)))
        return f"{lookup}[{', '.join(keys)}]" if len(keys) > 1 else f"{lookup}[({keys[0]},)]"

    # ---- comparisons

    def _compare(self, node: str, expression: x.Compare, depth: int) -> Both:
        held = threshold(expression)
        if held and self.protocol.items[held[0]].kind in MEASURED:
            item = self.protocol.items[held[0]]
            if item.otherwise is None or held[1] != "code":
                if item.otherwise is not None:
                    raise NotDirect
                return self._coded(*held)
            if not self._has_pair(f"item:{item.name}"):
                return self._coded_or_ask(node, *held)
        return self._counted(node, expression) or self._paired(node, expression)

    def _coded(self, item: str, form: str, operator: str, limit: Fraction) -> Both:
        slot = f"s{self.layout.slot(item, form)}"
        return code_test(slot, operator, int(2 * limit * self.layout.scales[item, form]))

    def _coded_or_ask(self, node: str, item: str, form: str, operator: str, limit: Fraction) -> Both:
        """The recorded value where there is one; else what `otherwise` gives is asked of the reference evaluator."""
        slot = f"s{self.layout.slot(item, form)}"
        true, false = self._coded(item, form, operator, limit)
        declared = self.protocol.items[item]
        assert declared.otherwise is not None
        other = None if declared.limits else self._elapsed(declared.otherwise, operator, limit, declared)
        question = self._question(node) if other is None else other[0]
        return (
            f"({true} if {slot} == {slot} else {question})",
            f"({false} if {slot} == {slot} else {question} is False)",
        )

    def _counted(self, node: str, expression: x.Compare) -> Both | None:
        constant = constant_value(expression.right)
        if constant is None:
            return None
        operator = expression.operator
        elapsed = self._elapsed(expression.left, operator, constant)
        if elapsed:
            return elapsed
        if isinstance(expression.left, x.CountOptions):
            held = self._set(expression.left.subject)
            true, false = FORWARD[operator], BACKWARD[operator]
            limit = number_source(constant)
            return (
                f"({held} is not None and len({held}) {true} {limit})",
                f"({held} is not None and len({held}) {false} {limit})",
            )
        if isinstance(expression.left, x.CountTrue):
            below = self.graph.operands(self.graph.operands(node)[0])
            truths = [self.both(each) for each in below]
            low, high = summed(truths, 0), f"({len(truths)} - {summed(truths, 1)})"
            return bounds_test(low, high, operator, number_source(constant))
        return None

    def _paired(self, node: str, expression: x.Compare) -> Both:
        left, right = (self.pair(each) for each in self.graph.operands(node))
        left, right = self._as_variable(left), self._as_variable(right)
        sides = [each for each in (left, right) if each not in self.fixed]
        known = " and ".join(f"{each} is not MISSING" for each in sides) or "True"
        a, b = f"{left}[0]*{right}[1]", f"{right}[0]*{left}[1]"
        true, false = FORWARD[expression.operator], BACKWARD[expression.operator]
        return f"({known} and {a} {true} {b})", f"({known} and {a} {false} {b})"

    # ---- occurrences

    def _occurs(self, node: str, expression: x.Occurs, depth: int) -> Both:
        selected = expression.occurrences
        if not isinstance(selected, x.Selected) or self.protocol.items[selected.event].otherwise is not None:
            raise NotDirect
        if isinstance(selected.where, x.Always):
            raise NotDirect
        slot = f"s{self.layout.slot(selected.event, 'event')}"
        if selected.where is None and selected.window is None:
            return f"(not not {slot})", f"{slot} is False"
        question = self._dated(selected, slot) or self._question(node)
        return f"({slot} and {question})", f"({slot} is False or ({slot} and {question} is False))"

    def _days(self, node: x.Expression) -> str | None:
        """The slot of a plain date item."""
        if not isinstance(node, x.ItemValue):
            return None
        item = self.protocol.items[node.item]
        if item.kind != "date" or item.otherwise is not None:
            return None
        return f"s{self.layout.slot(item.name, 'days')}"

    def _dated(self, selected: x.Selected, slot: str) -> str | None:
        """Occurrences without WHERE in a window of fixed length beside a date item, looked at once for each patient."""
        window = selected.window
        if selected.where is not None or window is None or window.kind == "between":
            return None
        anchor = self._days(window.anchor)
        length = window.length
        if anchor is None or isinstance(length, x.ComputedLength):
            return None
        extent = Extent(length.months, length.days or length.seconds) if length else Extent(0, 0)
        edges = self._constant(stretch(window.kind, window.direction, extent))
        return f"case.occurs({edges}, {slot}, {anchor})"

    def _elapsed(
        self, expression: x.Expression, operator: str, limit: Fraction, item: Item | None = None
    ) -> Both | None:
        """Completed years, months or days between two date items against a constant."""
        if not isinstance(expression, x.Elapsed):
            return None
        start, end = self._days(expression.start), self._days(expression.end)
        if start is None or end is None:
            return None
        constants = f"{self._constant(limit)}, {self._constant(item)}"
        question = f"case.elapsed({expression.unit!r}, {start}, {end}, {operator!r}, {constants})"
        return question, f"{question} is False"
