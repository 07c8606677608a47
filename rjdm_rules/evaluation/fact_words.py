"""What the record says about a condition, in words: value, unit, limit and date."""

from __future__ import annotations

from fractions import Fraction

from ..logic.kleene import Truth, negation
from ..protocol import expressions as x
from ..protocol.numbers import number_text
from ..protocol.terms import opposite
from ..values.bounds import Bounds
from ..values.calendar import days_text, moment_text
from ..values.windows import Extent, in_calendar, stretch
from ..words.pieces import quantity_text
from .fact_values import NOT_RECORDED, FactValues
from .facts import Measured


class FactWords(FactValues):
    """Words for the facts of one patient behind conditions."""

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
        low, high = (
            day if day is not None and in_calendar(Bounds(day, day), window.moments) else None
            for day in (each(anchor.low) if each else None for each in (edges.low, edges.high))
        )
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
