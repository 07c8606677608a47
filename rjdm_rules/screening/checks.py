"""What of an item's tidy columns cannot be used, as columns: for engines in which nothing is made tidy beforehand."""

from __future__ import annotations

from fractions import Fraction

from ..protocol.model import Item
from ..units.unit import conversion, read_unit
from ..values.calendar import FIRST_YEAR, LAST_YEAR, SECONDS_A_DAY, days_of
from .columns import PATIENTS, Column
from .kinds import MEASURED
from .ratios import least_at
from .shape import ItemShape
from .tidy_numbers import FARTHEST, NEAREST
from .translate import RuleTranslation
from .translation import ONGOING, Days

FIRST_DAY, LAST_DAY = days_of(str(FIRST_YEAR))[0], days_of(str(LAST_YEAR))[1]


class Checks:
    """For each item whether the reader of records has to look at a patient's value."""

    def __init__(self, translation: RuleTranslation) -> None:
        self.t, self.b = translation, translation.b

    def odd(self, name: str) -> Column:
        item, shape = self.t.protocol.items[name], self.t.shape.items[name]
        return self.b.surely(self._odd(item, shape, PATIENTS))

    def _odd(self, item: Item, shape: ItemShape, frame: str) -> Column:
        if item.kind in MEASURED:
            return self._measured(item, shape, frame)
        if item.kind == "one of":
            return self.b.negation(self.b.among(self.b.source(item.name, "text", frame), item.option_names))
        if item.kind in ("date", "time"):
            moments = item.kind == "time"
            days = self.t.dates(item.name, shape, "moment" if moments else "day", frame)
            return self._outside(days, moments)
        if item.kind == "several of":
            return self.b.strays(self.b.source(item.name, "set", frame), item.option_names)
        if item.kind == "event":
            return self._event(item, shape)
        return self.b.false

    def _measured(self, item: Item, shape: ItemShape, frame: str) -> Column:
        b, value = self.b, self.b.source(item.name, "number", frame)
        declared = item.unit.text if item.unit else ""
        rows = []
        for unit in shape.units:
            factors = conversion(read_unit(unit), item.unit, item.molar_mass) if item.unit else None
            if factors is not None:
                rows.append(
                    (
                        b.among(b.source(f"{item.name} unit", "text", frame), (unit,)),
                        self._inside(item, value, *factors),
                    )
                )
        inside = b.case(rows, self._inside(item, value))
        near_zero = b.conjunction((b.less(b.size(value), b.number(NEAREST)), b.negation(b.equal(value, b.number(0)))))
        parts = [b.negation(inside), near_zero]
        if shape.unit_column:
            written = b.source(f"{item.name} unit", "text", frame)
            parts.append(b.negation(b.among(written, (declared, *shape.units))))
        if item.kind == "count":
            parts.append(b.negation(b.equal(b.scaled(value, 0), value)))
        for limit in sorted(shape.limits):
            held = b.source(f"{item.name} {limit}", "number", frame)
            fine = b.conjunction((b.at_most(b.number(NEAREST), held), b.less(held, b.number(FARTHEST))))
            parts.append(b.negation(fine))
        if len(shape.limits) == 2:
            low, high = (b.source(f"{item.name} {limit}", "number", frame) for limit in ("LLN", "ULN"))
            parts.append(b.less(high, low))
        return b.disjunction(b.surely(each) for each in parts)

    def _inside(
        self, item: Item, value: Column, factor: Fraction = Fraction(1), offset: Fraction = Fraction(0)
    ) -> Column:
        low, over = -FARTHEST, FARTHEST
        if item.span:
            low = least_at((item.span.low - offset) / factor, True)
            over = least_at((item.span.high - offset) / factor, False)
        if item.kind == "count":
            low = max(low, 0.0)
        return self.b.conjunction((self.b.at_most(self.b.number(low), value), self.b.less(value, self.b.number(over))))

    def _outside(self, days: Days, moments: bool = False) -> Column:
        first, last = self.b.literal(FIRST_DAY, "day"), self.b.literal(LAST_DAY, "day")
        if moments:
            first = self.b.literal(FIRST_DAY * SECONDS_A_DAY, "moment")
            last = self.b.literal((LAST_DAY + 1) * SECONDS_A_DAY - 1, "moment")
        return self.b.disjunction((self.b.less(days.low, first), self.b.less(last, days.high)))

    def _event(self, item: Item, shape: ItemShape) -> Column:
        b, parts = self.b, []
        for attribute in item.attributes:
            held = shape.attributes.get(attribute.name)
            if held is not None:
                parts.append(b.surely(self._odd(attribute, held, item.name)))
        start = self.t.attribute_days(item.name, "date")
        parts.append(b.surely(self._outside(start)))
        if "until" in shape.attributes:
            end = self.t.dates("until", shape.attributes["until"], "day", item.name)
            running = b.equal(end.low, b.literal(ONGOING, "day"))
            outside = b.conjunction((self._outside(end), b.negation(running)))
            parts += [b.surely(outside), b.surely(b.less(end.high, start.low))]
        return b.gathered("any", b.disjunction(parts), item.name)
