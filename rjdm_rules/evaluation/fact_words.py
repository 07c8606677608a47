"""What the record says about a condition, in words: value, unit, limit and date."""

from __future__ import annotations

from fractions import Fraction

from ..logic.kleene import Truth, negation
from ..protocol import expressions as x
from ..protocol.model import Item
from ..protocol.numbers import number_text
from ..protocol.terms import opposite
from ..values.bounds import INFINITY, Bounds
from ..values.calendar import days_text, moment_text
from ..values.windows import Extent, stretch
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


class FactWords:
    """Words for the facts of one patient."""

    def __init__(self, words: Words, reference: Reference) -> None:
        self.words, self.reference = words, reference
        self.protocol = words.protocol

    def leaf(self, node: x.Expression, truth: Truth) -> str:
        """A condition about facts, with the facts behind its truth."""
        match node:
            case x.Compare():
                return self._compare(node)
            case x.Group(style="between"):
                return self._between(node, "between")
            case x.Not(condition=x.Group(style="between") as group):
                return self._between(group, "not between")
            case x.Always():
                return f"settled by the reading taken: {self._yes_no(truth)}"
            case x.ItemValue(item=name):
                return f"{self.words.label(name)}: {self._yes_no(truth)}{self.derived(node)}"
            case x.IsOneOf(subject=subject, options=options):
                return self._options(subject, options, "" if truth is True else "looked for")
            case x.Not(condition=x.IsOneOf(subject=subject, options=options)):
                return self._options(subject, options, "" if truth is True else "may not be")
            case x.Includes(subject=subject, option=option):
                wanted = self.words.option_words(subject, option)
                held = self.value(subject)
                return f"{self.words.value(subject)}: {held}" + (
                    "" if truth is None else f" ({wanted}: {self._yes_no(truth)})"
                )
            case x.Occurs(occurrences=x.Selected() as selected):
                return self._occurs(selected, truth)
            case x.InWindow(date=date, window=window):
                held = self.value(date)
                outside = "not " if window.kind == "within" else "not in the window: "
                sign = "" if truth else outside if truth is False else "asked: "
                return f"{self.words.value(date)} {held}, {sign}{self._window(window)}"
            case x.IsKnown(subject=subject):
                return f"{self.words.value(subject)} is {'known' if truth else 'not known'}"
        return f"{self.words.leaf(node)}: {self._yes_no(truth)}"

    def opposite(self, node: x.Expression, truth: Truth) -> str:
        """A condition about facts under NOT; `truth` is its own."""
        match node:
            case x.Compare():
                return self._compare(opposite(node))
            case x.IsOneOf() | x.Group(style="between"):
                return self.leaf(x.Not(node), negation(truth))
            case x.ItemValue():
                return self.leaf(node, truth) + ("" if truth is False else ", asked: no")
        return self.leaf(node, truth)

    @staticmethod
    def _yes_no(truth: Truth) -> str:
        return NOT_RECORDED if truth is None else "yes" if truth else "no"

    # ---- comparisons

    def _compare(self, node: x.Compare) -> str:
        """`AST 5.1 × ULN (204 U/L, ULN 40 U/L), limit ≤ 3 × ULN`."""
        constant = self._is_constant(node.right)
        other = "" if constant else f" ({self.value(node.right, self._unit(node.left))})"
        if self.words.is_date(node.left):
            return f"{self._measured(node)}, asked: {self.words.asked_date(node)}{other}"
        wanted = self.words.times_limit(node) if isinstance(node.left, x.TimesLimit) else self.words.value(node.right)
        word = "limit " if constant and node.operator in "≥≤<>" else "asked: "
        return f"{self._measured(node)}, {word}{node.operator} {wanted}{other}"

    def _between(self, node: x.Group, asked: str) -> str:
        low, high = node.conditions
        assert isinstance(low, x.Compare) and isinstance(high, x.Compare)
        limits = tuple(each.left for each in (low, high) if isinstance(each.left, x.TimesLimit))
        held = self._between_limits(limits) if limits else ""
        known = next((end for end in (low, high) if end.left in limits and self.reference.bounds(end.left).exact), low)
        return f"{held or self._measured(known)}, asked: {asked} {' and '.join(self.words.ends(node))}"

    def _between_limits(self, limits: tuple[x.TimesLimit, ...]) -> str:
        """`potassium 5.3 mmol/L (LLN 3.5 mmol/L, ULN 5.1 mmol/L)`, with the limits that are missing; empty where only a
        multiple is known."""
        subject = limits[0].subject
        measured, unit = self.reference.value(subject), self._unit(subject)
        if not isinstance(measured, Measured) or measured.value.unknown:
            return ""
        known = [(each.limit, measured.limits[each.limit]) for each in limits if each.limit in measured.limits]
        shown = ", ".join(f"{name} {self._as_written(measured, limit, unit)}" for name, limit in known)
        missing = " and ".join(f"its {each.limit}" for each in limits if each.limit not in measured.limits)
        text = f"{self.words.value(subject)} {self.measured_text(measured, unit)}"
        return text + (f" ({shown})" if shown else "") + (f" without {missing}" if missing else "")

    def _measured(self, node: x.Compare) -> str:
        """The left side of a comparison with its value for this patient."""
        left = node.left
        match left:
            case x.TimesLimit():
                return self._multiple(left)
            case x.CountOptions(subject=subject):
                held = self.reference.value(subject)
                number = f" ({len(held)})" if isinstance(held, frozenset) and held else ""
                return f"{self.words.value(subject)}: {self.value(subject)}{number}"
            case x.CountTrue(conditions=conditions):
                parts = "; ".join(self.words.text(each) for each in conditions)
                return f"{self.value(left)} of {len(conditions)} hold ({parts})"
            case x.Elapsed(unit=unit, start=start, end=end):
                ends = [f"{self.words.the(each)} ({self.value(each)})" for each in (start, end)]
                held, one = self.value(left), unit.removesuffix("s")
                if self.reference.bounds(left).unknown:
                    return f"{self.words.say.completed(unit)} from {ends[0]} to {ends[1]}: {held}"
                held = held.replace(f" {one}", f" {self.words.say.completed(one)}")
                return f"{held} from {ends[0]} to {ends[1]}"
            case x.CountOccurrences(occurrences=occurrences):
                return self._number_of(occurrences, self.value(left))
        return f"{self.words.value(left)} {self._beside(left, node.right)}{self.derived(left)}"

    def _number_of(self, occurrences: x.Expression, number: str) -> str:
        """`2 occurrences of infection within 3 months before the date of screening`."""
        one = "measurement" if self.words.is_measured(occurrences) else "occurrence"
        what = f"of {self.words.value(occurrences)}"
        if number == NOT_RECORDED:
            return f"{one}s {what}: {number}"
        return f"{number} {one if number in ('1', 'at least 1') else one + 's'} {what}"

    def _beside(self, left: x.Expression, right: x.Expression) -> str:
        """A value as it is compared, in the unit of a limit that is written in another one too."""
        held = self.reference.value(left)
        bounds = held.value if isinstance(held, Measured) else held
        if (
            isinstance(right, x.Converted)
            and isinstance(right.value, x.Constant)
            and isinstance(bounds, Bounds)
            and bounds.exact
        ):
            amount = quantity_text((Fraction(bounds.low) - right.offset) / right.factor, right.value.unit.text)
            named = isinstance(left, x.ItemValue | x.DefinedValue) and self._unit(left) not in ("", "1")
            equal = "" if amount.startswith("≈") else "= "
            return f"{self.value(left)} ({equal}{amount})" if named else amount
        if isinstance(right, x.Constant) and not isinstance(left, x.ItemValue | x.DefinedValue):
            return self._shown(self._value(left, right.unit.text), left)
        return self.value(left)

    def _is_constant(self, node: x.Expression) -> bool:
        inner = node.value if isinstance(node, x.Converted) else node
        return isinstance(inner, x.Constant | x.DateConstant)

    def _multiple(self, node: x.TimesLimit) -> str:
        """`AST 5.1 × ULN (204 U/L, ULN 40 U/L)`, or what is missing of it."""
        label = self.words.value(node.subject)
        measured = self.reference.value(node.subject)
        multiple = self.reference.bounds(node)
        unit = self._unit(node.subject)
        assert isinstance(measured, Measured)
        limit = measured.limits.get(node.limit)
        if multiple.exact:
            text = f"{label} {number_text(Fraction(multiple.low))} × {node.limit}"
            if limit is not None and measured.value.exact:
                value = self._as_written(measured, Fraction(measured.value.low), unit)
                text += f" ({value}, {node.limit} {self._as_written(measured, limit, unit)})"
            return text
        if measured.value.unknown:
            return f"{label} {NOT_RECORDED}"
        return f"{label} {self.measured_text(measured, unit)} without its {node.limit}"

    def measured_text(self, measured: Measured, unit: str) -> str:
        """A measurement as the record gave it, and in the declared unit where that is another one."""
        if measured.written and measured.value.exact:
            shown = self._as_written(measured, Fraction(measured.value.low), unit)
            return f"{shown} (= {quantity_text(Fraction(measured.value.low), unit)})"
        return self.bounds_text(measured.value, unit)

    @staticmethod
    def _as_written(measured: Measured, amount: Fraction, unit: str) -> str:
        if not measured.written:
            return quantity_text(amount, unit)
        written, factor, offset = measured.written
        return quantity_text((amount - offset) / factor, written)

    def _options(self, subject: x.Expression, options: tuple[str, ...], asked: str) -> str:
        text = f"{self.words.value(subject)}: {self.value(subject)}{self.derived(subject)}"
        if asked:
            text += f", {asked}: {' or '.join(self.words.option_words(subject, option) for option in options)}"
        return text

    # ---- occurrences

    def _occurs(self, selected: x.Selected, truth: Truth) -> str:
        label = self.words.label(selected.event)
        fitting = self.reference.selection(selected)
        asked = self.words.selection(selected.where, self._window(selected.window) if selected.window else "")
        around = f" {asked}" if asked else ""
        if fitting is None:
            return f"{label}{around}: {NOT_RECORDED}"
        if not fitting:
            assumed = " (not recorded, so taken)" if selected.event not in self.reference.facts else ""
            return f"{label}: none{assumed}"
        shown = [each for each, held in fitting if held is truth] or [each for each, _ in fitting]
        dates = self._listed([self.occurrence(selected.event, each) for each in shown])
        where = {True: "", False: "not ", None: "perhaps "}[truth]
        return f"{label} {dates}:{' ' + where.strip() if where else ''}{around}" if around else f"{label} {dates}"

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

    def _window(self, window: x.Window) -> str:
        """The window in words, with its days where the anchor is known: `within 6 months before … (from … to …)`."""
        words = self.words.window(window)
        anchor = self.reference.bounds(window.anchor)
        if anchor.unknown:
            return f"{words} ({self.words.value(window.anchor)} {NOT_RECORDED})"
        show = moment_text if window.moments else days_text
        if window.kind == "between":
            assert window.end is not None
            end = self.reference.bounds(window.end)
            return f"{words} ({show(anchor.low, anchor.high)} to {show(end.low, end.high)})"
        months, units = self.reference.length(window.length, None)
        if not anchor.exact or not units.exact:
            lacking = self._lacking(window.length.duration) if isinstance(window.length, x.ComputedLength) else []
            without = f"; {', '.join(lacking)} {NOT_RECORDED}" if lacking else ""
            return f"{words} ({show(anchor.low, anchor.high)}{without})"
        edges = stretch(window.kind, window.direction, Extent(months, units.low))
        low = edges.low(anchor.low) if edges.low else None
        high = edges.high(anchor.low) if edges.high else None
        if low is None:
            return f"{words} (up to {show(high, high)})" if high is not None else words
        if high is None:
            return f"{words} (from {show(low, low)})"
        return f"{words} ({show(low, low)} to {show(high, high)})"

    def _lacking(self, node: x.Expression) -> list[str]:
        """The facts of a calculation that are not there."""
        if isinstance(node, x.ItemValue | x.DefinedValue):
            return [self.words.value(node)] if self.reference.bounds(node).unknown else []
        return [name for part in x.parts(node) for name in self._lacking(part)]

    # ---- values

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
