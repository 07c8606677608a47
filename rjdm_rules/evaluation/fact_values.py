"""What the record holds, in words: values with their units, dates, occurrences, and what a calculated value comes
from."""

from __future__ import annotations

from fractions import Fraction

from ..protocol import expressions as x
from ..protocol.model import Item
from ..protocol.numbers import number_text
from ..values.bounds import INFINITY, Bounds
from ..values.calendar import days_text, moment_text
from ..words.phrases import Words
from ..words.pieces import quantity_text
from .facts import Measured, Occurrence
from .partial import is_known
from .reference import Reference

NOT_RECORDED = "not recorded"
UNTOLD = (NOT_RECORDED, "date unknown", "time unknown")
NONE_COUNTS = " (none that counts)"
MOST_SHOWN = 4
MOST_INPUTS = 6


class FactValues:
    """The values of one patient in words."""

    def __init__(self, words: Words, reference: Reference) -> None:
        self.words, self.reference = words, reference
        self.protocol = words.protocol

    def value(self, node: x.Expression, unit: str = "") -> str:
        """The value of an expression for this patient, in its own unit or the one given."""
        return self._shown(self._value(node, self._unit(node) or unit), node)

    def _shown(self, shown: str, node: x.Expression) -> str:
        if shown in UNTOLD and not isinstance(node, x.ItemValue) and self.derived(node) not in ("", NONE_COUNTS):
            return "cannot be told"
        return NOT_RECORDED if shown in UNTOLD else shown

    def _value(self, node: x.Expression, unit: str) -> str:
        held = self.reference.value(node)
        if held is None:
            return NOT_RECORDED
        if isinstance(held, frozenset):
            kind = self._item(node)
            if kind is not None and kind.kind == "several of":
                names = [option.words for option in kind.options if option.name in held]
                return ", ".join(names) if names else "none"
            if kind is not None and len(held) > 1 and held >= set(kind.option_names):
                return NOT_RECORDED
            return " or ".join(self.words.option_words(node, option) for option in self._ordered(node, held))
        if isinstance(held, bool):
            return "yes" if held else "no"
        if isinstance(held, tuple):
            return f"{len(held)} occurrences"
        if self.words.is_date(node):
            return self._date(node, held)
        bounds = held.value if isinstance(held, Measured) else held
        if isinstance(held, Measured) and bounds.unknown and held.times:
            limit, times = next(iter(held.times.items()))
            return f"{number_text(times)} × {limit}, without its value"
        if isinstance(held, Measured):
            return self.measured_text(held, unit)
        return self.bounds_text(bounds, unit)

    def _date(self, node: x.Expression, bounds: Bounds) -> str:
        return (moment_text if self.words.is_moment(node) else days_text)(bounds.low, bounds.high)

    def _ordered(self, node: x.Expression, held: frozenset[str]) -> list[str]:
        item = self._item(node)
        order = item.option_names if item else tuple(sorted(held))
        return [option for option in order if option in held] or sorted(held)

    def _item(self, node: x.Expression) -> Item | None:
        return self.protocol.items[node.item] if isinstance(node, x.ItemValue) else None

    def _unit(self, node: x.Expression) -> str:
        """The unit of a value, as its declaration writes it; empty where it has none of its own."""
        items, attribute = self.protocol.items, None
        match node:
            case x.ItemValue(item=name) | x.LimitValue(subject=x.ItemValue(item=name)):
                unit = items[name].unit
                return unit.text if unit else ""
            case x.DefinedValue(name=name):
                kind = self.protocol.definitions[name].type
                return getattr(getattr(kind, "unit", None), "text", "")
            case x.Elapsed(unit=unit_name):
                return unit_name
            case x.Converted(unit=unit) | x.Arithmetic(unit=unit) | x.Constant(unit=unit):
                return unit.text
            case x.Extreme(values=values) | x.FirstKnown(values=values):
                return self._unit(values[0])
            case x.Lookup():
                table = self.protocol.tables[node.table]
                unit = table.outputs[table.result_index(node.column)].unit
                return unit.text if unit else ""
            case x.Aggregate(attribute=name, occurrences=x.Selected(event=event)):
                attribute = items[event].attribute(name)
            case x.AttributeOf(attribute=name, occurrence=x.Pick(occurrences=x.Selected(event=event))):
                attribute = items[event].attribute(name)
        return attribute.unit.text if attribute and attribute.unit else ""

    def bounds_text(self, bounds: Bounds, unit: str) -> str:
        if bounds.unknown:
            return NOT_RECORDED
        if bounds.exact:
            return quantity_text(Fraction(bounds.low), unit)
        low, high = bounds.low, bounds.high
        if low == -INFINITY:
            return f"at most {quantity_text(Fraction(high), unit)}"
        if high == INFINITY:
            return f"at least {quantity_text(Fraction(low), unit)}"
        return f"{number_text(Fraction(low))} to {quantity_text(Fraction(high), unit)}"

    def held(self, item: Item, value: object) -> str:
        """A recorded fact of an item or attribute."""
        unit = item.unit.text if item.unit else ""
        if isinstance(value, Measured):
            if value.value.unknown and value.times:
                limit, times = next(iter(value.times.items()))
                return f"{number_text(times)} × {limit}"
            return self.measured_text(value, unit)
        if isinstance(value, frozenset):
            return ", ".join(option.words for option in item.options if option.name in value) or "none"
        if isinstance(value, Bounds):
            return (moment_text if item.kind == "time" else days_text)(value.low, value.high)
        if isinstance(value, tuple):
            return self._listed([self.occurrence(item.name, each) for each in value]) or "none"
        return "yes" if value else "no"

    def recorded(self, item: Item, value: object) -> str:
        """A recorded fact with the limits of normal that came with it: `120 U/L (ULN 40 U/L)`."""
        text = self.held(item, value)
        if not isinstance(value, Measured) or not value.limits:
            return text
        unit = item.unit.text if item.unit else ""
        limits = ", ".join(f"{name} {self._as_written(value, limit, unit)}" for name, limit in value.limits.items())
        return f"{text} ({limits})"

    def derived(self, node: x.Expression) -> str:
        """What a calculated value comes from: ` (from height 132 cm, serum creatinine 0.5 mg/dL)`."""
        match node:
            case x.ItemValue(item=name):
                item = self.protocol.items[name]
                held = self.reference.facts.get(name)
                recorded = held.recorded if isinstance(held, Measured) else held is not None
                if recorded or item.otherwise is None:
                    return ""
                source = item.otherwise
            case x.DefinedValue(name=name):
                source = self.protocol.definitions[name].expression
            case x.AttributeOf(attribute="date" | "until"):
                return "" if is_known(self.reference.value(node)) else NONE_COUNTS
            case x.AttributeOf(occurrence=x.Pick(occurrences=selected) as pick):
                found = self.reference.value(pick)
                return self._those([self._day(each) for each in found or ()], selected)
            case x.Aggregate(occurrences=x.Selected(event=event) as selected):
                fitting = self.reference.selection(selected) or []
                return self._those(
                    [self.occurrence(event, each) for each, held in fitting if held is not False], selected
                )
            case x.Elapsed() | x.Arithmetic() | x.Lookup():
                source = node
            case _:
                return ""
        there: list[str] = []
        missing: list[str] = []
        for name in self._inputs(source):
            held = self.reference.item(name)
            if not is_known(held):
                missing.append(self.words.label(name))
            else:
                there.append(f"{self.words.label(name)} {self.held(self.protocol.items[name], held)}")
        if not there:
            return " (not recorded, so taken)" if not missing and isinstance(node, x.ItemValue) else ""
        said = "from " + ", ".join(there[:MOST_INPUTS]) + (", …" if len(there) > MOST_INPUTS else "")
        if missing:
            said += f"; without {', '.join(missing[:MOST_INPUTS])}"
        return f" ({said})"

    def _those(self, texts: list[str], selected: x.Expression) -> str:
        """The occurrences that a value is taken from."""
        if texts:
            return f" ({self._listed(texts)})"
        return "" if self.reference.selection(selected) is None else NONE_COUNTS

    def _inputs(self, node: x.Expression) -> list[str]:
        """The items behind a calculation, in the order in which it names them."""
        found: dict[str, None] = {}
        seen: set[int] = set()
        stack = [node]
        while stack:
            each = stack.pop()
            if id(each) in seen:
                continue
            seen.add(id(each))
            match each:
                case x.ItemValue(item=name) | x.Selected(event=name):
                    found[name] = None
                case x.DefinedValue(name=name):
                    stack.append(self.protocol.definitions[name].expression)
            stack.extend(reversed(x.parts(each)))
        return list(found)

    # ---- measurements and occurrences

    def measured_text(self, measured: Measured, unit: str) -> str:
        """A measurement as the record gave it, and in the declared unit where that is another one."""
        if measured.written and measured.value.exact:
            shown = self._as_written(measured, Fraction(measured.value.low), unit)
            declared = quantity_text(Fraction(measured.value.low), unit)
            return f"{shown} ({declared})" if declared.startswith("≈") else f"{shown} (= {declared})"
        return self.bounds_text(measured.value, unit)

    @staticmethod
    def _as_written(measured: Measured, amount: Fraction, unit: str) -> str:
        if not measured.written:
            return quantity_text(amount, unit)
        written, factor, offset = measured.written
        return quantity_text((amount - offset) / factor, written)

    def occurrence(self, event: str, occurrence: Occurrence) -> str:
        """`2026-02-25 (grade 3)`, `since 2026-02-25, ongoing`, `1.2 mg/dL on 2026-02-25`."""
        text = self._day(occurrence)
        item = self.protocol.items[event]
        if item.repeated:
            value = occurrence.attributes.get("value")
            return f"{self.held(item.attributes[0], value) if value is not None else 'value unknown'} on {text}"
        untold = occurrence.start.unknown and not occurrence.ongoing and occurrence.end.high == INFINITY
        if item.course and not untold:
            if occurrence.ongoing:
                text = f"since {text}, ongoing"
            elif occurrence.end.high == INFINITY:
                text = f"from {text}, end {NOT_RECORDED}"
            else:
                text = f"{text} to {days_text(occurrence.end.low, occurrence.end.high)}"
        details = []
        for attribute in item.attributes:
            held = occurrence.attributes.get(attribute.name)
            if held is not None:
                colon = ":" if attribute.kind == "truth" else ""
                details.append(f"{attribute.label.text}{colon} {self.held(attribute, held)}")
        return f"{text} ({', '.join(details)})" if details else text

    def _day(self, occurrence: Occurrence) -> str:
        return days_text(occurrence.start.low, occurrence.start.high)

    def _listed(self, texts: list[str]) -> str:
        more = f" and {len(texts) - MOST_SHOWN} more" if len(texts) > MOST_SHOWN else ""
        return ", ".join(texts[:MOST_SHOWN]) + more
