"""From the rule graph to the text of a Python function that gives verdict and outcomes.

Every condition has two expressions: one that is true when it is known to be true, one that is true when it is known
to be false. What has no direct form here (windows beside partial dates, and the like) is asked of the reference
evaluator, for that condition alone and only when it is reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ..graph.build import RuleGraph, block_node
from ..protocol import expressions as x
from ..protocol import types as t
from ..protocol.model import Table
from ..protocol.terms import constant_value
from ..values.windows import Extent, stretch
from .layout import MEASURED, MISSING, Layout, threshold

DEEPEST = 12
FORWARD = {"≥": ">=", ">": ">", "≤": "<=", "<": "<", "=": "==", "≠": "!="}
BACKWARD = {"≥": "<", ">": "<=", "≤": ">", "<": ">=", "≠": "==", "=": "!="}
Both = tuple[str, str]


class NotDirect(Exception):
    """An expression that has no direct form."""


def both_of(variable: str) -> Both:
    return variable, f"{variable} is False"


@dataclass
class Shared:
    """What the functions of one protocol have in common: the slots of a prepared record, constants, and the
    conditions that are left to the reference evaluator."""

    layout: Layout = field(default_factory=Layout)
    constants: dict[str, Any] = field(default_factory=lambda: {"MISSING": MISSING, "Fraction": Fraction})
    asked: list[str] = field(default_factory=list)


class Generator:
    """Writes one function. With `trace` it settles every condition and returns all their truths; without, it stops as
    soon as an outcome is certain."""

    def __init__(self, graph: RuleGraph, readings: Mapping[str, str], shared: Shared, trace: bool) -> None:
        self.graph, self.protocol, self.readings = graph, graph.protocol, readings
        self.layout, self.constants, self.asked, self.trace = shared.layout, shared.constants, shared.asked, trace
        self.lines: list[str] = []
        self.written: dict[str, Both] = {}
        self.pairs: dict[str, str] = {}  # variables that hold numbers, by node
        self.fixed: set[str] = set()  # names of constants among them
        self.possibles: dict[str, str] = {}  # variables that hold the options that may be, by node
        self.traced: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        self.pairable: dict[str, bool] = {}
        self.exclusions = {
            criterion.id: block.kind == "exclusion"
            for part in self.protocol.parts
            for block in part.blocks
            for top in block.criteria
            for criterion in top.walk()
        }

    # ---- the function

    def write(self) -> list[str]:
        """The lines of the function's body; slots and questions to the reference evaluator are entered on the way."""
        for node in self.graph.order:
            self.pairable[node] = self._has_pair(node)
            if node.startswith("criterion:"):
                self._criterion(node)
            elif self.trace and self._is_condition(node) and not self.graph.scoped(node):
                self._trace(node)
            elif self.graph.deep and node.startswith("definition:") and self._is_condition(node):
                self._keep(node, self._fresh(node))
        if self.trace:
            held = "".join(f"{variable}, " for variable in self.traced.values())
            return [*self.lines, f"return ({held})"]
        verdicts = "".join(self._verdict(part.name) + ", " for part in self.protocol.parts)
        outcomes = "".join(f"o{self._number(criterion.id)}, " for criterion in self.protocol.criteria())
        return [*self.lines, f"return ({verdicts}), ({outcomes})"]

    def _number(self, criterion: str) -> int:
        return list(self.exclusions).index(criterion)

    def _trace(self, node: str) -> None:
        both = self._fresh(node)
        if not both[0].isidentifier():
            both = self._keep(node, both)
        self.written[node] = both
        self.traced[node] = both[0]

    def _criterion(self, node: str) -> None:
        criterion = self.protocol.criterion(node.partition(":")[2])
        assert criterion is not None
        variable, outcome = self._variable(node), f"o{self._number(criterion.id)}"
        if criterion.condition is None:
            self.lines.append(f"{variable} = True; {outcome} = 'not applicable'")
        else:
            below = self.graph.operands(node)[0]
            true, false = self.both(below)
            steps = [(true, "True", "met"), (false, "False", "not met")]
            if self.exclusions[criterion.id]:
                steps.reverse()  # what is usual is tried first
            if isinstance(criterion.condition, x.IfThen):
                condition = self.both(self.graph.operands(below)[0])
                steps.insert(0, (condition[1], "True", "not applicable"))
            word = "if"
            for test, value, label in steps:
                self.lines.append(f"{word} {test}: {variable} = {value}; {outcome} = {label!r}")
                word = "elif"
            self.lines.append(f"else: {variable} = None; {outcome} = 'unknown'")
        self.written[node] = both_of(variable)
        self.traced[node] = variable

    def _verdict(self, part: str | None) -> str:
        held = next(each for each in self.protocol.parts if each.name == part)
        included = self.both(block_node(part, "inclusion")) if held.inclusion else ("True", "False")
        excluded = self.both(block_node(part, "exclusion")) if held.exclusion else ("False", "True")
        return (
            f"('ineligible' if ({included[1]}) or ({excluded[0]}) else "
            f"'eligible' if ({included[0]}) and ({excluded[1]}) else 'undetermined')"
        )

    # ---- conditions

    def _is_condition(self, node: str) -> bool:
        kind = self.graph.kind(node)
        if kind in ("item", "reading", "table", "verdict"):
            return kind == "item" and self.protocol.items[node[5:]].kind == "truth"
        if kind == "definition":
            return isinstance(self.protocol.definitions[node[11:]].type, t.Truth)
        if kind in ("criterion", "block"):
            return True
        expression = self.graph.expression(node)
        if isinstance(expression, x.Lookup):
            return bool(self._output(expression).kind == "truth")
        return isinstance(expression, x.CONDITIONS)

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

    def _constant(self, value: Any) -> str:
        name = f"K{len(self.constants)}"
        self.constants[name] = value
        return name

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
        other = None if declared.limits else self._elapsed(declared.otherwise, operator, limit)
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
        sides = [each for each in (left, right) if not self._is_fixed(each)]
        known = " and ".join(f"{each} is not MISSING" for each in sides) or "True"
        a, b = f"{left}[0]*{right}[1]", f"{right}[0]*{left}[1]"
        true, false = FORWARD[expression.operator], BACKWARD[expression.operator]
        return f"({known} and {a} {true} {b})", f"({known} and {a} {false} {b})"

    def _is_fixed(self, variable: str) -> bool:
        return variable in self.fixed

    def _as_variable(self, text: str) -> str:
        if text.isidentifier():
            return text
        if text.startswith("(") and text.replace(" ", "").strip("()").replace(",", "").replace("-", "").isdigit():
            name = self._constant(tuple(int(part) for part in text.strip("()").split(",")))
            self.fixed.add(name)
            return name
        variable = f"p{len(self.pairs)}"
        self.pairs[f"as variable {text}"] = variable
        self.lines.append(f"{variable} = {text}")
        return variable

    # ---- numbers as numerator and denominator

    def _has_pair(self, node: str) -> bool:
        """Whether a value can be calculated here: all of it is exact or unknown, never bounds."""
        if node in self.pairable:
            return self.pairable[node]
        kind = self.graph.kind(node)
        if kind == "item":
            item = self.protocol.items[node[5:]]
            if item.kind not in MEASURED or item.limits:
                return item.kind in MEASURED and item.otherwise is None
            return item.otherwise is None or self._has_pair(self.graph.operands(node)[0])
        if kind == "definition":
            return self._has_pair(self.graph.operands(node)[0])
        expression = self.graph.expression(node)
        match expression:
            case x.Constant():
                return True
            case x.Arithmetic() | x.Converted():
                return all(self._has_pair(each) for each in self.graph.operands(node))
            case x.Lookup(arguments=(x.ItemValue(item=name),)):
                table = self.protocol.tables[expression.table]
                item = self.protocol.items[name]
                results = {row.results[table.result_index(expression.column)] for row in table.rows}
                direct = item.kind == "one of" and item.otherwise is None and table.inputs[0].kind == "options"
                return direct and len(results) > 1  # a table of one result is known whatever is looked up
        return False

    def pair(self, node: str) -> str:
        if node in self.pairs:
            return self.pairs[node]
        if not self._has_pair(node):
            raise NotDirect
        text = self._pair(node)
        if self.graph.uses(node) > 1 and not text.isidentifier():
            variable = f"p{len(self.pairs)}"
            self.lines.append(f"{variable} = {text}")
            self.pairs[node] = text = variable
        return text

    def _pair(self, node: str) -> str:
        kind = self.graph.kind(node)
        if kind == "item":
            item = self.protocol.items[node[5:]]
            slot = f"s{self.layout.slot(item.name, 'pair')}"
            if item.otherwise is None:
                return slot
            return f"({slot} if {slot} is not MISSING else {self._pair_inline(self.graph.operands(node)[0])})"
        if kind == "definition":
            return self.pair(self.graph.operands(node)[0])
        return self._pair_inline(node)

    def _pair_inline(self, node: str) -> str:
        if self.graph.kind(node) in ("item", "definition"):
            return self.pair(node)
        expression = self.graph.expression(node)
        below = self.graph.operands(node)
        match expression:
            case x.Constant(value=value):
                return f"({value.numerator}, {value.denominator})"
            case x.Converted(factor=factor, offset=offset):
                inner = f"multiplied({self._pair_inline(below[0])}, ({factor.numerator}, {factor.denominator}))"
                return inner if not offset else f"added({inner}, ({offset.numerator}, {offset.denominator}))"
            case x.Arithmetic(operator=operator):
                left, right = self._pair_inline(below[0]), self._pair_inline(below[1])
                if operator == "/":
                    return f"divided({left}, {right}, case)"
                name = {"+": "added", "−": "subtracted", "×": "multiplied"}[operator]
                return f"{name}({left}, {right})"
            case x.Lookup(arguments=(x.ItemValue(item=name),)):
                table = self.protocol.tables[expression.table]
                slot = f"s{self.layout.slot(name, 'option')}"
                results = option_results(table, table.result_index(expression.column))
                return f"{self._constant(results)}.get({slot}, MISSING)"
        raise NotDirect

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

    def _elapsed(self, expression: x.Expression, operator: str, limit: Fraction) -> Both | None:
        """Completed years, months or days between two date items against a constant."""
        if not isinstance(expression, x.Elapsed):
            return None
        start, end = self._days(expression.start), self._days(expression.end)
        if start is None or end is None:
            return None
        question = f"case.elapsed({expression.unit!r}, {start}, {end}, {operator!r}, {self._constant(limit)})"
        return question, f"{question} is False"


# ---- pieces of the generated function ------------------------------------------------------------------------------


class MemoLookup(dict[Any, Any]):
    """A lookup in a table by arguments of few values: truths, possible options, and (certain, possible) counts."""

    def __init__(self, table: Table, result: int) -> None:
        super().__init__()
        self.table, self.result = table, result

    def __missing__(self, key: tuple[Any, ...]) -> Any:
        from ..values.bounds import Bounds
        from .reference import looked_up

        arguments = [Bounds(*each) if isinstance(each, tuple) else each for each in key]
        if len(self) > 100_000:
            self.clear()
        self[key] = found = looked_up(self.table, self.result, arguments)
        return found


def option_results(table: Table, result: int) -> dict[str, tuple[int, int]]:
    """The result for each option of a table with one input column (where rows overlap they agree)."""
    found = {}
    for row in table.rows:
        value = row.results[result]
        assert isinstance(value, Fraction)
        for cell in row.cells[0]:
            for option in table.inputs[0].options if cell.anything else cell.options or ():
                found[option] = (value.numerator, value.denominator)
    return found


def joined(word: str, below: list[Both], which: int) -> str:
    parts = list(dict.fromkeys(each[which] for each in below))
    settled = {"and": "False", "or": "True"}[word]
    idle = {"and": "True", "or": "False"}[word]
    if settled in parts:
        return settled
    parts = [part for part in parts if part != idle]
    if not parts:
        return idle
    return (
        parts[0]
        if len(parts) == 1
        else "(" + f" {word} ".join(f"({part})" if " " in part else part for part in parts) + ")"
    )


def summed(below: list[Both], which: int) -> str:
    return "(" + " + ".join(f"(not not ({each[which]}))" for each in below) + ")" if below else "0"


def code_test(variable: str, operator: str, limit: int) -> Both:
    if operator == "=":
        return f"{variable} == {limit}", f"({variable} < {limit} or {variable} > {limit})"
    if operator == "≠":
        return f"({variable} < {limit} or {variable} > {limit})", f"{variable} == {limit}"
    return f"{variable} {FORWARD[operator]} {limit}", f"{variable} {BACKWARD[operator]} {limit}"


def bounds_test(low: str, high: str, operator: str, limit: str) -> Both:
    match operator:
        case "≥" | ">":
            return f"({low} {FORWARD[operator]} {limit})", f"({high} {BACKWARD[operator]} {limit})"
        case "≤" | "<":
            return f"({high} {FORWARD[operator]} {limit})", f"({low} {BACKWARD[operator]} {limit})"
    equal = f"({low} == {limit} and {high} == {limit})", f"({high} < {limit} or {low} > {limit})"
    return equal if operator == "=" else (equal[1], equal[0])


def number_source(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"Fraction({value.numerator}, {value.denominator})"
