"""Where each fact of a prepared record stands, and in which form the compiled rules want it.

    truth        True, False or None
    option       the option's name, or None
    set          a frozenset of options, or None
    event        the occurrences, False (never happened) or None
    days         first and last day that a date may be, or None
    code         a number, coded for comparison with the rules' thresholds; not-a-number when unknown
    times ULN    the multiple of a limit, coded likewise
    pair         a number as (numerator, denominator); the numerator is not-a-number when unknown

A code of x is 2⌊xL⌋, plus 1 where xL is no whole number, with L the common denominator of the thresholds that x is
compared with: whole numbers that compare with each threshold exactly as x does. Comparisons with not-a-number are
false in both directions, which is what unknown needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

from ..graph.build import RuleGraph
from ..protocol import expressions as x
from ..protocol.model import Item
from ..protocol.terms import constant_value

NAN = float("nan")
MISSING = (NAN, 1)
MEASURED = ("quantity", "number", "count")
Pair = tuple[float, int]
SlotKey = tuple[str, str]  # item, form


def coded_ratio(numerator: int, denominator: int, scale: int) -> int:
    whole, rest = divmod(numerator * scale, denominator)
    return 2 * whole + (1 if rest else 0)


def coded(number: Fraction, scale: int) -> int:
    return coded_ratio(number.numerator, number.denominator, scale)


@dataclass
class Layout:
    """Slots by item and form, and the scale of each coded form."""

    slots: dict[SlotKey, int] = field(default_factory=dict)
    by_item: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    scales: dict[SlotKey, int] = field(default_factory=dict)

    def slot(self, item: str, form: str) -> int:
        if (item, form) not in self.slots:
            self.by_item.setdefault(item, []).append((form, len(self.slots)))
            self.slots[item, form] = len(self.slots)
        return self.slots[item, form]

    def forms(self, item: str) -> list[tuple[str, int]]:
        """The forms in which the rules want an item, each with its slot."""
        return self.by_item.get(item, [])


def threshold(node: x.Expression) -> tuple[str, str, str, Fraction] | None:
    """`(item, form, operator, threshold)` of a comparison of an item, or its multiple of a limit, with a constant."""
    if not isinstance(node, x.Compare):
        return None
    constant = constant_value(node.right)
    if constant is None:
        return None
    match node.left:
        case x.ItemValue(item=item):
            return item, "code", node.operator, constant
        case x.TimesLimit(limit=limit, subject=x.ItemValue(item=item)):
            return item, f"times {limit}", node.operator, constant
        case x.Converted(value=x.ItemValue(item=item), factor=factor, offset=offset) if factor > 0:
            return item, "code", node.operator, (constant - offset) / factor
    return None


def scales_of(graph: RuleGraph) -> dict[SlotKey, int]:
    """The common denominator of the thresholds of each item and form."""
    found: dict[SlotKey, int] = {}
    items = graph.protocol.items
    for node in graph.network:
        expression = graph.expression(node)
        held = threshold(expression) if expression is not None else None
        if held and items[held[0]].kind in MEASURED:
            key = (held[0], held[1])
            found[key] = lcm(found.get(key, 1), held[3].denominator)
    return found


def default(form: str) -> object:
    """What a slot holds when the record says nothing."""
    return MISSING if form == "pair" else NAN if form == "code" or form.startswith("times") else None


def form_of(item: Item) -> str:
    """The form of an item that is no number."""
    return {"truth": "truth", "one of": "option", "several of": "set", "event": "event", "date": "days"}.get(
        item.kind, ""
    )
