"""Calculated numbers in the generated functions, as numerator and denominator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ..graph.build import RuleGraph
from ..protocol import expressions as x
from .layout import MEASURED, MISSING, Layout
from .lookups import option_results


class NotDirect(Exception):
    """An expression that has no direct form."""


@dataclass
class Shared:
    """What the functions of one protocol have in common: the slots of a prepared record, constants, and the
    conditions that are left to the reference evaluator."""

    layout: Layout = field(default_factory=Layout)
    constants: dict[str, Any] = field(default_factory=lambda: {"MISSING": MISSING, "Fraction": Fraction})
    asked: list[str] = field(default_factory=list)


class NumberWriter:
    """What is written so far, and the numbers in it."""

    def __init__(self, graph: RuleGraph, readings: Mapping[str, str], shared: Shared) -> None:
        self.graph, self.protocol, self.readings = graph, graph.protocol, readings
        self.layout, self.constants, self.asked = shared.layout, shared.constants, shared.asked
        self.lines: list[str] = []
        self.pairs: dict[str, str] = {}  # variables that hold numbers, by node
        self.texts: dict[str, str] = {}  # variables that hold numbers, by the text that gives them
        self.fixed: set[str] = set()  # names of constants among them
        self.pairable: dict[str, bool] = {}

    def _constant(self, value: Any) -> str:
        name = f"K{len(self.constants)}"
        self.constants[name] = value
        return name

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
            self.pairs[node] = text = self._number(text)
        return text

    def _number(self, text: str) -> str:
        """The variable that holds a calculated number."""
        if text not in self.texts:
            self.texts[text] = f"p{len(self.texts)}"
            self.lines.append(f"{self.texts[text]} = {text}")
        return self.texts[text]

    def _pair(self, node: str) -> str:
        kind = self.graph.kind(node)
        if kind == "item":
            item = self.protocol.items[node[5:]]
            slot = f"s{self.layout.slot(item.name, 'pair')}"
            if item.otherwise is None:
                return slot
            other = self._pair_inline(self.graph.operands(node)[0])
            if item.span:
                other = f"ranged({other}, {self._constant(item)}, case)"
            return f"({slot} if {slot} is not MISSING else {other})"
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
                inner = f"multiplied({self._pair_inline(below[0])}, ({factor.numerator}, {factor.denominator}), case)"
                return inner if not offset else f"added({inner}, ({offset.numerator}, {offset.denominator}), case)"
            case x.Arithmetic(operator=operator):
                left, right = self._pair_inline(below[0]), self._pair_inline(below[1])
                name = {"+": "added", "−": "subtracted", "×": "multiplied", "/": "divided"}[operator]
                return f"{name}({left}, {right}, case)"
            case x.Lookup(arguments=(x.ItemValue(item=name),)):
                table = self.protocol.tables[expression.table]
                slot = f"s{self.layout.slot(name, 'option')}"
                results = option_results(table, table.result_index(expression.column))
                return f"{self._constant(results)}.get({slot}, MISSING)"
        raise NotDirect

    def _as_variable(self, text: str) -> str:
        if text.isidentifier():
            return text
        if text.startswith("(") and text.replace(" ", "").strip("()").replace(",", "").replace("-", "").isdigit():
            name = self._constant(tuple(int(part) for part in text.strip("()").split(",")))
            self.fixed.add(name)
            return name
        return self._number(text)
