"""Numbers, units, dates and lengths of time."""

from __future__ import annotations

import re
from fractions import Fraction

from ..language import syntax as s
from ..language.diagnostics import Fix, replacement
from ..language.source import Place
from ..units.unit import PLAIN, Unit, UnitError, conversion, is_unit, multiplied, read_unit
from ..values.calendar import days_of
from . import expressions as x
from . import types as t
from .numbers import number_text
from .scope import unit_at
from .terms import DAYS, ELAPSED_UNITS, SECONDS, constant_value, long_unit, quoted, walk
from .typed import Context, Typed
from .typed_names import NameChecker

LARGEST = 10**100


class NumberChecker(NameChecker):
    """Quantities in their units, calculations, dates, lengths, limits of normal."""

    def _unit_given(self, a: t.Number, b: t.Number, place: Place) -> bool:
        if b.literal and a.unit.text not in ("", "1"):
            plain = re.fullmatch(r"[\d.]+", place.text)
            form = f"{place.text} {a.unit.text}"
            self.findings.error(
                "R402",
                f"{quoted(place)} has no unit, and a number in {a.unit.text} belongs here",
                place,
                f"write `{form}`" if plain else f"give its numbers their unit, {a.unit.text}",
                fixes=(replacement(place, form),) if plain else (),
            )
            return False
        return True

    def _calendar_meant(self, first: Typed, second: Typed, place: Place) -> None:
        if (
            isinstance(first.node, x.Elapsed)
            and isinstance(second.node, x.Constant)
            and isinstance(first.type, t.Number)
        ):
            unit, counted = second.node.unit, first.type.unit
            if unit.dimension == DAYS.dimension and long_unit(unit) is not long_unit(counted):
                self.findings.warning(
                    "R505",
                    f"{number_text(second.node.value)} {unit.text} against completed {counted.text}: as if every month "
                    "had 30.4375 days",
                    place,
                    "for calendar time write a window, as in `date AT LEAST 3 months BEFORE screening`; or compare in "
                    + (unit.text if long_unit(unit) else counted.text),
                )

    def in_unit(self, typed: Typed, unit: Unit, place: Place, beside: Typed | None = None) -> Typed | None:
        """The same quantity in `unit`, exactly; `beside` is what it is compared with."""
        assert isinstance(typed.type, t.Number)
        source = typed.type.unit
        if source.dimension == unit.dimension and source.factor == unit.factor and source.offset == unit.offset:
            return typed
        molar = self.molar_mass(typed.node) or (self.molar_mass(beside.node) if beside else None) or self.substance
        factors = conversion(source, unit, molar)
        if factors is None:
            shown, wanted = source.text or "a bare number", unit.text or "a bare number"
            help = ""
            fixes: tuple[Fix, ...] = ()
            if "eq" in source.text.lower() and conversion(unit, read_unit("mol/L"), None) is not None:
                help = "1 mEq of an ion with one charge, such as Na+, K+ or Cl−, is 1 mmol: write mmol/L"
            elif unit.text and (source.text in ("", "1")):
                help = f"write a number in {unit.text}"
            elif unit.offset and source.text in ("C", "F") and place.text.endswith(source.text):
                help = f"write °{source.text}: {source.text} alone is another unit"
                letter = Place(place.source, place.end - 1, place.end)
                fixes = (replacement(letter, f"°{source.text}", certain=True),)
            elif conversion(source, unit, Fraction(1)):
                help = "give the one item that this is about its `molar mass`, so that mass and amount compare"
            self.findings.error("R403", f"{shown} cannot be converted to {wanted}", place, help, fixes=fixes)
            return None
        node = x.Converted(typed.node, factors[0], factors[1], unit, place=typed.node.place)
        return Typed(node, t.Number(unit))

    def molar_mass(self, node: x.Expression) -> Fraction | None:
        """The molar mass of the substance that a value speaks of; None where there is none, or more than one."""
        found: set[Fraction] = set()
        seen: set[str] = set()
        stack = [node]
        while stack:
            each = stack.pop()
            mass: Fraction | None = None
            match each:
                case x.ItemValue(item=name):
                    mass = self.scope.items[name].molar_mass
                case x.AttributeOf(attribute=attribute, occurrence=x.Pick(occurrences=x.Selected(event=event))):
                    mass = self._attribute_molar_mass(event, attribute)
                case x.Aggregate(attribute=attribute, occurrences=x.Selected(event=event)):
                    mass = self._attribute_molar_mass(event, attribute)
                case x.AttributeValue(event=event, attribute=attribute):
                    mass = self._attribute_molar_mass(event, attribute)
                case x.DefinedValue(name=name) if name in self.scope.definitions and name not in seen:
                    seen.add(name)
                    stack.append(self.scope.definitions[name].expression)
            found |= {mass} if mass is not None else set()
            if not isinstance(each, x.AttributeOf | x.Aggregate):
                stack.extend(x.parts(each))
        return found.pop() if len(found) == 1 else None

    def _attribute_molar_mass(self, event: str, attribute: str) -> Fraction | None:
        item = self.scope.items[event]
        declared = item.attribute(attribute)
        return (declared.molar_mass if declared else None) or item.molar_mass

    def _number(self, node: s.Number, context: Context) -> Typed | None:
        unit = self.unit(node.unit, node.unit_place or node.place) if node.unit else PLAIN
        if unit is None:
            return None
        constant = x.Constant(node.value, unit, place=node.place)
        return Typed(constant, t.Number(unit, literal=node.unit is None))

    def unit(self, text: str, place: Place) -> Unit | None:
        held = None if is_unit(text) else self._number_called(text)
        if held:
            fixes = (replacement(place, f"× {held}"),)
            self.findings.error("R401", f"`{text}` is no unit, but a name: what is multiplied has its ×", place,
                                f"write `× {held}`", fixes=fixes)  # fmt: skip
            return None
        return unit_at(text, place, self.findings)

    def _number_called(self, text: str) -> str | None:
        """The number that a word behind a figure means: `5 half-lives` of `half_life`."""
        name = re.sub(r"\W", "_", text)
        for each in (name, name.removesuffix("s"), name.replace("lives", "life")):
            item = self.scope.items.get(each)
            if isinstance(item.type if item else self.scope.definition_types.get(each), t.Number):
                return each
        return None

    def _dateliteral(self, node: s.DateLiteral, context: Context) -> Typed | None:
        if "T" in node.text:
            self.findings.error(
                "R501",
                "a condition cannot hold a time of day",
                node.place,
                "compare with a date, or with a `time` item",
            )
            return None
        try:
            low, high = days_of(node.text)
        except ValueError as error:
            self.findings.error("R501", f"{node.text}: {error}", node.place)
            return None
        if low != high:
            self.findings.error("R501", f"{node.text} is not a full date", node.place, "write year, month and day")
            return None
        return Typed(x.DateConstant(low, place=node.place), t.Date())

    def _negative(self, node: s.Negative, context: Context) -> Typed | None:
        typed = self.typed(node.operand, context.inner())
        if not typed:
            return None
        if not isinstance(typed.type, t.Number):
            self.findings.error("R306", f"{t.in_words(typed.type)} has no negative", node.place)
            return None
        if isinstance(typed.node, x.Constant):
            return Typed(x.Constant(-typed.node.value, typed.node.unit, place=node.place), typed.type)
        zero = x.Constant(Fraction(0), typed.type.unit, place=node.place)
        return Typed(x.Arithmetic("−", zero, typed.node, typed.type.unit, place=node.place), typed.type)

    def _arithmetic(self, node: s.Arithmetic, context: Context) -> Typed | None:
        if node.operator == "−" and self._hyphen(node):
            return None
        left, right = self.typed(node.left, context.inner()), self.typed(node.right, context.inner())
        if not left or not right:
            return None
        if isinstance(left.type, t.Date | t.Time) and node.operator in ("+", "−"):
            return self._date_arithmetic(node, left, right)
        if not isinstance(left.type, t.Number) or not isinstance(right.type, t.Number):
            wrong = right.type if isinstance(left.type, t.Number) else left.type
            self.findings.error("R306", f"`{node.operator}` needs numbers; this is {t.in_words(wrong)}", node.place)
            return None
        a, b = left.type, right.type
        if a.unit.offset or b.unit.offset:
            self.findings.error("R404", "temperatures in °C or °F can be compared, not calculated with", node.place)
            return None
        if node.operator in ("+", "−"):
            if a.literal and not b.literal:
                given = self._unit_given(b, a, node.left.place)
                return self._sum(node.operator, left, right, node.place) if given else None
            if not self._unit_given(a, b, node.right.place):
                return None
            same = self.in_unit(right, a.unit, node.right.place, left)
            return self._sum(node.operator, left, same, node.place) if same else None
        try:
            unit = multiplied(a.unit, b.unit, 1 if node.operator == "×" else -1)
        except UnitError as error:
            self.findings.error("R107", str(error), node.place, error.help)
            return None
        node_ = x.Arithmetic(node.operator, left.node, right.node, unit, place=node.place)
        literal = a.literal and b.literal
        folded = constant_value(node_)
        if folded is not None and max(abs(folded.numerator), folded.denominator) > LARGEST:
            self.findings.error("R108", "this comes to a number that nobody measures", node.place)
            return None
        if literal and folded is not None:
            return Typed(x.Constant(folded, PLAIN, place=node.place), t.Number(PLAIN, literal=True))
        if node.operator == "/" and isinstance(right.node, x.LimitValue) and right.node.subject == left.node:
            return Typed(x.TimesLimit(right.node.limit, left.node, place=node.place), t.Number(PLAIN))
        return Typed(node_, t.Number(unit))

    def _hyphen(self, node: s.Arithmetic) -> bool:
        """Reports `gc-dose` where `gc_dose` is meant, and `②-⑤` where `②..⑤` is."""
        text, place = node.place.text, node.place
        if isinstance(node.left, s.Mark) and isinstance(node.right, s.Mark):
            form = f"{node.left.place.text}..{node.right.place.text}"
            fixes = (replacement(place, form, certain=True),)
            self.findings.error(
                "R203", "a range of criteria is written with `..`", place, f"write `{form}`", fixes=fixes
            )
            return True
        joined = re.sub("[-−]", "_", text)
        if " " in text or not isinstance(node.right, s.Name) or joined not in set(self.scope.names()):
            return False
        fixes = (replacement(place, joined, certain=True),)
        message = f"`{text}` is a difference here; a name has no hyphen"
        self.findings.error("R201", message, place, f"did you mean `{joined}`?", fixes=fixes)
        return True

    def _sum(self, operator: str, left: Typed, right: Typed, place: Place) -> Typed:
        assert isinstance(left.type, t.Number) and isinstance(right.type, t.Number)
        literal = left.type.literal and right.type.literal
        node = x.Arithmetic(operator, left.node, right.node, left.type.unit, place=place)
        return Typed(node, t.Number(left.type.unit, literal))

    def _date_arithmetic(self, node: s.Arithmetic, left: Typed, right: Typed) -> Typed | None:
        if not isinstance(right.type, t.Number):
            self.findings.error(
                "R306",
                "two dates have no sum"
                if node.operator == "+" and isinstance(right.type, t.Date | t.Time)
                else f"{t.in_words(right.type)} is no length of time to move a date by",
                node.place,
                "for the time between dates write `DAYS FROM a TO b` (or YEARS, MONTHS)"
                if isinstance(right.type, t.Date | t.Time)
                else "a length of time is written `28 days`",
            )
            return None
        length = self.length(node.right, right, isinstance(left.type, t.Time))
        if not length:
            return None
        sign = 1 if node.operator == "+" else -1
        moment = isinstance(left.type, t.Time)
        return Typed(x.Shifted(left.node, sign, length, moment, place=node.place), left.type)

    def length(self, written: s.Expression, typed: Typed, moments: bool) -> x.Length | None:
        """A stretch of time: on the calendar where it is a plain length, else computed in days."""
        place = written.place
        if not isinstance(typed.type, t.Number) or typed.type.unit.dimension != DAYS.dimension:
            number = isinstance(written, s.Number) and written.unit is None
            help = f"write `{place.text} months` or `{place.text} days`" if number else "a length is such as `3 months`"
            self.findings.error(
                "R502", f"{quoted(place)} is {t.in_words(typed.type)}, not a length of time", place, help
            )
            return None
        if not isinstance(typed.node, x.Constant):
            return self._computed_length(typed, moments, place)
        value, unit = typed.node.value, typed.node.unit
        text = f"{number_text(value)} {unit.text}"
        seconds = value * unit.factor
        if value < 0:
            self.findings.error("R502", f"a length of time cannot be negative: {text}", place)
            return None
        if unit.factor in (ELAPSED_UNITS["years"].factor, ELAPSED_UNITS["months"].factor):
            months = value * (12 if unit.factor == ELAPSED_UNITS["years"].factor else 1)
            if months > 12000:
                self.findings.error("R502", f"{text} is longer than 1000 years", place)
                return None
            if months.denominator != 1:
                self.findings.error("R502", f"{text} is no whole number of months", place, "write whole months or days")
                return None
            return x.CalendarLength(int(months), 0, 0, text, place=place)
        days = seconds / DAYS.factor
        if unit.factor >= DAYS.factor and days.denominator == 1 and days < 400000:
            return x.CalendarLength(0, int(days), 0, text, place=place)
        if moments and seconds.denominator == 1 and days < 400000:
            return x.CalendarLength(0, 0, int(seconds), text, place=place)
        if unit.factor < DAYS.factor:
            self.findings.error(
                "R503", f"{text}: a date has no time of day", place, "write days, or declare the item as `time`"
            )
        else:
            self.findings.error("R502", f"{text} is no whole number of days", place, "write whole days")
        return None

    def _computed_length(self, typed: Typed, moments: bool, place: Place) -> x.Length | None:
        """In days; beside a time of day, where hours or shorter units take part, in seconds."""
        if any(isinstance(node, x.Constant) and long_unit(node.unit) for node in walk(typed.node)):
            self.findings.warning(
                "R505",
                "a computed length counts months as 30.4375 days and years as 365.25 days",
                place,
                "write the length in days, or a plain window such as `WITHIN 3 months BEFORE …`",
            )
        clock = moments and any(unit.factor < DAYS.factor for unit in self._durations(typed.node))
        duration = self.in_unit(typed, SECONDS if clock else DAYS, place)
        return x.ComputedLength(duration.node, clock, place=place) if duration else None

    def _durations(self, node: x.Expression) -> list[Unit]:
        """The units of time that take part in a calculation."""
        found: list[Unit] = []
        for each in walk(node):
            item = self.scope.items.get(each.item) if isinstance(each, x.ItemValue) else None
            unit = each.unit if isinstance(each, x.Constant) else item.unit if item else None
            found += [unit] if unit and unit.dimension == DAYS.dimension else []
        return found

    def _elapsed(self, node: s.Elapsed, context: Context) -> Typed | None:
        start = self.day(node.start, context)
        end = self.day(node.end, context)
        if not start or not end:
            return None
        return Typed(x.Elapsed(node.unit, start, end, place=node.place), t.Number(ELAPSED_UNITS[node.unit]))

    def day(self, node: s.Expression, context: Context) -> x.Expression | None:
        typed = self.typed(node, context.inner())
        if not typed:
            return None
        if isinstance(typed.type, t.Time):
            return x.DayOf(typed.node, place=node.place)
        if isinstance(typed.type, t.Date):
            return typed.node
        self._not_a_date(typed.type, node.place)
        return None

    def _not_a_date(self, kind: t.Type, place: Place) -> None:
        help = ""
        if isinstance(kind, t.Occurrences):
            help = f"write `date OF LATEST({kind.event})` or `date OF EARLIEST({kind.event})`"
        self.findings.error("R504", f"{quoted(place)} is {t.in_words(kind)}; a date belongs here", place, help)

    def _limitof(self, node: s.LimitOf, context: Context) -> Typed | None:
        subject = self.typed(node.subject, context.inner()) if node.subject else context.own
        if node.subject and not subject:
            return None
        if not subject or isinstance(subject.node, x.Constant):
            self.findings.error(
                "R405",
                f"{node.limit} of what? Alone it stands for the limit of the other side of a comparison",
                node.place,
                f"write `ast > 3 × {node.limit}`, or `{node.limit} OF ast`",
            )
            return None
        declared = self._limits_of(subject.node)
        shown = quoted(node.subject.place) if node.subject else quoted(subject.node.place or node.place)
        if isinstance(subject.node, x.Extreme):
            names = [each.place.text for each in subject.node.values if each.place]
            within = " AND ".join(f"{name} ≤ 3 × {node.limit}" for name in names)
            beyond = " OR ".join(f"{name} > 3 × {node.limit}" for name in names)
            message = f"each measurement has its own {node.limit}; the {subject.node.kind} of several has none"
            self.findings.error(
                "R405", message, node.place, f"for all within write `{within}`, for one beyond `{beyond}`"
            )
            return None
        if isinstance(subject.node, x.Aggregate) and isinstance(subject.node.occurrences, x.Selected):
            event = subject.node.occurrences.event
            self.findings.error(
                "R405", f"each measurement has its own {node.limit}; the {subject.node.kind} of several has none",
                node.place, f"write `NOT {event} WHERE (value > 3 × {node.limit})`; `{event}` is declared with it",
            )  # fmt: skip
            return None
        if declared is None or node.limit not in declared:
            self.findings.error(
                "R405",
                f"{shown} comes without a {node.limit}",
                node.place,
                f"declare it `with {node.limit}`" if declared is not None else "only a measured item has limits",
            )
            return None
        assert isinstance(subject.type, t.Number)
        return Typed(x.LimitValue(node.limit, subject.node, place=node.place), t.Number(subject.type.unit))

    def _limits_of(self, node: x.Expression) -> tuple[str, ...] | None:
        match node:
            case x.ItemValue(item=name):
                item = self.scope.items[name]
                return item.limits if item.kind in ("quantity", "number", "count") else None
            case x.AttributeValue(event=event, attribute=attribute):
                declared = self.scope.items[event].attribute(attribute)
                return declared.limits if declared else None
            case x.AttributeOf(attribute=attribute, occurrence=x.Pick(occurrences=x.Selected(event=event))):
                declared = self.scope.items[event].attribute(attribute)
                return declared.limits if declared else None
        return None
