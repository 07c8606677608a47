"""Small questions about written and checked expressions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from ..language import syntax as s
from ..language.source import Place
from ..units.unit import Unit, read_unit
from . import expressions as x
from .model import Protocol

DAYS = read_unit("d")
SECONDS = read_unit("s")
ELAPSED_UNITS = {"years": read_unit("years"), "months": read_unit("months"), "days": read_unit("days")}


def quoted(place: Place) -> str:
    text = " ".join(place.text.split())
    return f"`{text if len(text) <= 50 else text[:47] + '…'}`"


LARGEST_CONDITION = 20_000


def too_large(node: x.Expression) -> bool:
    """Whether a condition has more parts than anybody could read (parts that are used twice count twice)."""
    count, stack = 0, [node]
    while stack and count <= LARGEST_CONDITION:
        count += 1
        stack.extend(x.parts(stack.pop()))
    return count > LARGEST_CONDITION


def own_limit(node: s.Expression) -> bool:
    """Whether a bare `ULN` or `LLN` stands in this side of a comparison."""
    stack: list[s.Expression] = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, s.LimitOf) and each.subject is None:
            return True
        if isinstance(each, s.Arithmetic):
            stack += [each.left, each.right]
        elif isinstance(each, s.Negative):
            stack.append(each.operand)
    return False


def long_unit(unit: Unit) -> bool:
    """Months and years, whose length depends on the calendar."""
    return unit.factor in (ELAPSED_UNITS["years"].factor, ELAPSED_UNITS["months"].factor)


def walk(node: x.Expression) -> list[x.Expression]:
    """A node and all below it; what is used twice comes once."""
    found: dict[int, x.Expression] = {}
    stack = [node]
    while stack:
        each = stack.pop()
        if id(each) not in found:
            found[id(each)] = each
            stack.extend(x.parts(each))
    return list(found.values())


def items_behind(node: x.Expression, protocol: Protocol) -> set[str]:
    """Every item behind an expression, through definitions."""
    found: set[str] = set()
    seen: set[str] = set()
    stack = [node]
    while stack:
        for each in walk(stack.pop()):
            match each:
                case x.ItemValue(item=name) | x.Selected(event=name) | x.AttributeValue(event=name):
                    found.add(name)
                case x.DefinedValue(name=name) if name not in seen:
                    seen.add(name)
                    stack.append(protocol.definitions[name].expression)
    return found


def all_conditions(protocol: Protocol) -> Iterator[x.Expression]:
    """The formulas and conditions of a protocol, and the expressions of definitions and `otherwise`."""
    for part in protocol.parts:
        for block in part.blocks:
            yield block.formula
    for criterion in protocol.criteria():
        if criterion.condition is not None:
            yield criterion.condition
    for definition in protocol.definitions.values():
        yield definition.expression
    for item in protocol.items.values():
        if item.otherwise is not None:
            yield item.otherwise


OPPOSITE = {"≥": "<", "<": "≥", ">": "≤", "≤": ">", "=": "≠", "≠": "="}


def opposite(node: x.Compare) -> x.Compare:
    """The comparison that is true where this one is false, false where it is true, and unknown alike."""
    return replace(node, operator=OPPOSITE[node.operator])


def constant_value(node: x.Expression) -> Fraction | None:
    """The value of an expression of constants, in its unit; None where it is not constant or divides by zero."""
    match node:
        case x.Constant(value=value):
            return value
        case x.Converted(value=inner, factor=factor, offset=offset):
            value_ = constant_value(inner)
            return None if value_ is None else value_ * factor + offset
        case x.Arithmetic(operator=operator, left=left, right=right):
            a, b = constant_value(left), constant_value(right)
            if a is None or b is None or (operator == "/" and b == 0):
                return None
            return a + b if operator == "+" else a - b if operator == "−" else a * b if operator == "×" else a / b
    return None
