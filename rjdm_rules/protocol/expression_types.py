"""From written to checked expressions: each name, type and unit is settled, or refused with a way out.

Every method returns the checked expression with its type, or None after it has reported an error; a None among the
operands makes a None without a further report.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from ..language import syntax as s
from ..language.source import Place
from ..units.unit import PLAIN, Unit, UnitError, conversion, multiplied, read_unit
from ..values.calendar import days_of
from . import expressions as x
from . import types as t
from .model import Item
from .numbers import number_text
from .scope import NamedCriterion, Scope

FLIPPED = {"<": ">", ">": "<", "≤": "≥", "≥": "≤", "=": "=", "≠": "≠"}
DAYS = read_unit("d")
ELAPSED_UNITS = {"years": read_unit("years"), "months": read_unit("months"), "days": read_unit("days")}


@dataclass(frozen=True, slots=True)
class Typed:
    node: x.Expression
    type: t.Type


@dataclass(frozen=True, slots=True)
class Context:
    """Where an expression stands. `event` is set inside WHERE; `own` is the other side of a comparison, for a bare
    ULN; `may_if` says whether IF … THEN may stand here; `criterion` is the one whose formula this is."""

    event: Item | None = None
    own: Typed | None = None
    may_if: bool = False
    criterion: NamedCriterion | None = None
    block: tuple[str | None, str] | None = None
    exclusion: bool = False

    def inner(self) -> Context:
        return replace(self, may_if=False)


class ExpressionChecker:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.findings = scope.findings

    # ---- entry points

    def condition(self, node: s.Expression, context: Context) -> x.Expression | None:
        """A condition; an event alone means that it occurred at least once."""
        typed = self.typed(node, context)
        return self.as_condition(typed, node.place) if typed else None

    def readable(self, node: x.Expression | None, place: Place) -> x.Expression | None:
        """The same, unless it is larger than anybody could read (then it is reported)."""
        if node is not None and too_large(node):
            self.findings.error(
                "R107", f"this condition has more than {LARGEST_CONDITION:,} parts", place, "give parts of it a name"
            )
            return None
        return node

    def as_condition(self, typed: Typed, place: Place) -> x.Expression | None:
        if isinstance(typed.type, t.Truth):
            return typed.node
        if isinstance(typed.type, t.Occurrences):
            return x.Occurs(typed.node, place=place)
        help = {
            t.Number: "compare it, as in `… ≥ 5`",
            t.OneOf: "write `… IS option` or `… IN (a, b)`",
            t.SeveralOf: "write `… INCLUDES option` or `COUNT(…) ≥ 1`",
            t.Date: "write a window, as in `… WITHIN 3 months BEFORE screening`",
        }.get(type(typed.type), "")
        self.findings.error("R301", f"{quoted(place)} is {t.in_words(typed.type)}, not a condition", place, help)
        return None

    def expected(self, node: s.Expression, wanted: t.Type, context: Context) -> x.Expression | None:
        """An expression of a given type: options may stand by their bare names, numbers are converted."""
        if isinstance(node, s.Name):
            if isinstance(wanted, t.OneOf) and node.name in wanted.options and node.name not in self.scope.items:
                return x.OptionConstant(node.name, place=node.place)
            if isinstance(wanted, t.Occurrences) and node.name in ("none", "no"):
                return x.NoOccurrences(wanted.event, place=node.place)
        if isinstance(wanted, t.Truth):
            return self.condition(node, context)
        typed = self.typed(node, context)
        if typed is None:
            return None
        if isinstance(wanted, t.Number) and isinstance(typed.type, t.Number):
            found = self.in_unit(typed, wanted.unit, node.place)
            return found.node if found else None
        same = type(wanted) is type(typed.type)
        if same and isinstance(wanted, t.OneOf) and isinstance(typed.type, t.OneOf):
            missing = [option for option in typed.type.options if option not in wanted.options]
            if missing:
                self.findings.error(
                    "R304", f"this may be `{missing[0]}`, which is not among {', '.join(wanted.options)}", node.place
                )
                return None
        events = isinstance(wanted, t.Occurrences) and isinstance(typed.type, t.Occurrences)
        if events and not self._same_attributes(wanted.event, typed.type.event, node.place):  # type: ignore[union-attr]
            return None
        if not same:
            self.findings.error(
                "R301", f"this is {t.in_words(typed.type)}; here stands {t.in_words(wanted)}", node.place
            )
            return None
        return typed.node

    def _same_attributes(self, one: str, other: str, place: Place) -> bool:
        """Whether the occurrences of one event may stand for those of another."""
        wanted, held = self.scope.items[one], self.scope.items[other]
        for attribute in held.attributes:
            mine = wanted.attribute(attribute.name)
            if mine and (mine.type, mine.limits, mine.molar_mass) != (
                attribute.type,
                attribute.limits,
                attribute.molar_mass,
            ):
                self.findings.error(
                    "R304", f"`{attribute.name}` of `{other}` is {t.in_words(attribute.type)}, that of `{one}` "
                    f"{t.in_words(mine.type)}", place, "give both events the same attributes",
                )  # fmt: skip
                return False
        if wanted.course and not held.course:
            self.findings.error("R304", f"`{one}` has an end, `{other}` has none", place)
            return False
        return True

    def typed(self, node: s.Expression, context: Context) -> Typed | None:
        method = getattr(self, "_" + type(node).__name__.lower())
        typed: Typed | None = method(node, context)
        return typed

    # ---- names

    def _unreadable(self, node: s.Unreadable, context: Context) -> None:
        return None

    def _name(self, node: s.Name, context: Context) -> Typed | None:
        name, place, scope = node.name, node.place, self.scope
        if context.event:
            attribute = self._attribute_type(context.event, name)
            if attribute:
                return Typed(x.AttributeValue(context.event.name, name, place=place), attribute)
        if name in scope.items:
            item = scope.items[name]
            if item.kind == "event":
                return Typed(x.Selected(name, None, None, place=place), t.Occurrences(name))
            return Typed(x.ItemValue(name, place=place), item.type)
        if name in scope.definition_types:
            return Typed(x.DefinedValue(name, place=place), scope.definition_types[name])
        if name in scope.readings:
            reading = scope.readings[name]
            return Typed(x.ReadingValue(name, place=place), t.OneOf(tuple(option.name for option in reading.options)))
        criterion = self._criterion_named(name, context)
        if criterion:
            return self._criterion_truth(criterion, place)
        if name in ("yes", "no"):
            return Typed(x.Always(name == "yes", place=place), t.Truth())
        if name in scope.tables:
            self.findings.error("R302", f"`{name}` is a table", place, f"look something up in it: `{name}(…)`")
            return None
        attributes = [each.name for each in context.event.attributes] if context.event else []
        scope.unknown_name(name, place, also=[*attributes, *scope.criteria_by_id])
        return None

    def _criterion_truth(self, criterion: NamedCriterion, place: Place) -> Typed | None:
        if criterion.only_notes:
            self.findings.error(
                "R709",
                f"{place.text} holds only a note and has no effect, so it cannot stand in a formula",
                place,
                "leave it out, or give it a condition",
            )
            return None
        return Typed(x.CriterionTruth(criterion.id, place=place), t.Truth())

    def _criterion_named(self, name: str, context: Context) -> NamedCriterion | None:
        scope = self.scope
        part = context.block[0] if context.block else None
        if (part, name) in scope.criteria_by_name:
            return scope.criteria_by_name[part, name]
        if "." in name:
            head, _, rest = name.partition(".")
            if (head, rest) in scope.criteria_by_name:
                return scope.criteria_by_name[head, rest]
        if part and f"{part}.{name}" in scope.criteria_by_id:
            return scope.criteria_by_id[f"{part}.{name}"]
        return scope.criteria_by_id.get(name)

    def _mark(self, node: s.Mark, context: Context) -> Typed | None:
        found = self.marked(node, context)
        if found:
            return self._criterion_truth(found, node.place)
        inside = s.Name(node.place, node.label)
        if node.style == "parenthesised" and not node.label.isdigit() and self._is_name(node.label, context):
            return self._name(inside, context)
        self._no_such_mark(node, context)
        return None

    def _is_name(self, name: str, context: Context) -> bool:
        return self.scope.is_name(name) or bool(context.event and context.event.attribute(name))

    def marked(self, node: s.Mark, context: Context) -> NamedCriterion | None:
        """The criterion that a marker means: among the children here, else among those of the levels above."""
        for level in self._levels(context):
            for candidate in level:
                if candidate.key == (node.style, node.label):
                    return candidate
        return None

    def _levels(self, context: Context) -> list[tuple[NamedCriterion, ...]]:
        levels = []
        criterion = context.criterion
        while criterion:
            levels.append(criterion.children)
            criterion = criterion.parent
        if context.block and context.block in self.scope.blocks:
            levels.append(self.scope.blocks[context.block])
        return levels

    def _no_such_mark(self, node: s.Mark, context: Context) -> None:
        if node.label in self.scope.broken:
            return
        level = next((level for level in self._levels(context) if level), ())
        there = ", ".join(each.syntax.marker for each in level[:20])
        help = f"here are {there}" if there else "a marker refers to a criterion of this block or below this criterion"
        self.findings.error("R202", f"there is no criterion {node.place.text} here", node.place, help)

    def mark_range(self, node: s.MarkRange, context: Context) -> list[x.Expression] | None:
        """The criteria from one marker to another, in the order of the file."""
        first, last = self.marked(node.first, context), self.marked(node.last, context)
        for mark, found in ((node.first, first), (node.last, last)):
            if not found:
                self._no_such_mark(mark, context)
        if not first or not last:
            return None
        level = next(level for level in self._levels(context) if any(each is first for each in level))
        positions = [index for index, each in enumerate(level) if each is first or each is last]
        if not any(each is last for each in level):
            self.findings.error("R203", "the ends of this range stand at different levels", node.place)
            return None
        start, end = level.index(first), level.index(last)
        if start > end:
            self.findings.error(
                "R203",
                f"the range {node.place.text} runs backwards",
                node.place,
                f"write {node.last.place.text}..{node.first.place.text}",
            )
            return None
        inside = level[positions[0] : positions[-1] + 1]
        return [x.CriterionTruth(each.id, place=node.place) for each in inside if not each.only_notes]

    def _markrange(self, node: s.MarkRange, context: Context) -> None:
        self.findings.error(
            "R203", "a range of criteria stands inside ANY(…), ALL(…), NONE(…) or AT LEAST n OF (…)", node.place
        )

    # ---- logic

    def _not(self, node: s.Not, context: Context) -> Typed | None:
        inner = self.condition(node.operand, context.inner())
        return Typed(x.Not(inner, place=node.place), t.Truth()) if inner else None

    def _group(self, node: s.Group, context: Context) -> Typed | None:
        inside = context if node.kind == "all" else context.inner()
        found = self.conditions(node.elements, inside)
        if found is None:
            return None
        most = len(found)
        if node.kind in ("at least", "at most", "exactly") and (
            node.count > most or (node.kind == "at least" and node.count < 1)
        ):
            self.findings.error(
                "R305",
                f"{node.kind.upper()} {node.count} OF {most} conditions is settled whatever the patient's data",
                node.place,
                f"the count goes from 1 to {most}",
            )
            return None
        style = "infix" if node.infix else "list"
        return Typed(x.Group(node.kind, node.count, tuple(found), style, place=node.place), t.Truth())

    def conditions(self, elements: tuple[s.Expression, ...], context: Context) -> list[x.Expression] | None:
        found: list[x.Expression] = []
        whole = True
        for element in elements:
            if isinstance(element, s.MarkRange):
                several = self.mark_range(element, context)
                whole = whole and several is not None
                found += several or []
            else:
                one = self.condition(element, context)
                whole = whole and one is not None
                found += [one] if one else []
        return found if whole else None

    def _bound(self, node: s.Bound, context: Context) -> Typed | None:
        if node.kind == "if" and context.exclusion:
            self.findings.error(
                "R702",
                "IF … THEN may not stand in an exclusion: where IF does not apply, the patient would be excluded",
                node.place,
                "write `condition AND NOT …`",
            )
            return None
        if node.kind == "if" and not context.may_if:
            self.findings.error(
                "R702",
                "IF … THEN may stand only as a whole inclusion criterion or directly under ALL",
                node.place,
                "give it a criterion of its own",
            )
            return None
        left = self.condition(node.left, context.inner())
        right = self.condition(node.right, context.inner())
        if not left or not right:
            return None
        if node.kind == "if":
            return Typed(x.IfThen(left, right, place=node.place), t.Truth())
        if node.kind == "except":
            return Typed(x.Except(left, right, place=node.place), t.Truth())
        return Typed(x.WaivedIf(left, right, place=node.place), t.Truth())

    # ---- comparisons

    def _comparison(self, node: s.Comparison, context: Context) -> Typed | None:
        compared = self.compared(node.operator, node.left, node.right, node.place, context.inner())
        return Typed(compared, t.Truth()) if compared else None

    def compared(
        self, operator: str, left: s.Expression, right: s.Expression, place: Place, context: Context
    ) -> x.Expression | None:
        if own_limit(left) and not own_limit(right):
            left, right, operator = right, left, FLIPPED[operator]
        return self.compared_with(operator, self.typed(left, context), left, right, place, context)

    def compared_with(
        self,
        operator: str,
        first: Typed | None,
        left: s.Expression,
        right: s.Expression,
        place: Place,
        context: Context,
    ) -> x.Expression | None:
        """A comparison whose left side is checked already."""
        if first and isinstance(first.type, t.OneOf) and isinstance(right, s.Name) and right.name in first.type.options:
            self.findings.error(
                "R303", f"options are compared with IS, not with `{operator}`", place,
                f"write `{left.place.text} IS {right.name}`",
            )  # fmt: skip
            return None
        second = self.typed(right, replace(context, own=first)) if first or not own_limit(right) else None
        if not first or not second:
            return None
        multiple = self._as_multiple(first, second.node)
        if multiple:
            return x.Compare(operator, *multiple, place=place)
        return self.related(operator, first, second, left, right, place)

    def _as_multiple(self, first: Typed, second: x.Expression) -> tuple[x.Expression, x.Expression] | None:
        """`x ≤ 3.0 × ULN` as x's multiple of its ULN against 3.0."""
        if isinstance(second, x.LimitValue) and second.subject == first.node:
            one = x.Constant(Fraction(1), PLAIN, place=second.place)
            return x.TimesLimit(second.limit, first.node, place=first.node.place), one
        if isinstance(second, x.Arithmetic) and second.operator == "×":
            for limit, factor in ((second.left, second.right), (second.right, second.left)):
                if (
                    isinstance(limit, x.LimitValue)
                    and limit.subject == first.node
                    and isinstance(factor, x.Constant)
                    and factor.unit.plain
                ):
                    return x.TimesLimit(limit.limit, first.node, place=first.node.place), factor
        return None

    def related(
        self, operator: str, first: Typed, second: Typed, left: s.Expression, right: s.Expression, place: Place
    ) -> x.Expression | None:
        a, b = first.type, second.type
        if isinstance(a, t.Number) and isinstance(b, t.Number):
            if isinstance(first.node, x.Constant) and not isinstance(second.node, x.Constant):
                return self.related(FLIPPED[operator], second, first, right, left, place)
            if not self._unit_given(a, b, right.place):
                return None
            same = self.in_unit(second, a.unit, right.place, first)
            if same is None:
                return None
            self._calendar_meant(first, second, right.place)
            return x.Compare(operator, first.node, same.node, place=place)
        if isinstance(a, t.Date | t.Time) and type(a) is type(b):
            return x.Compare(operator, first.node, second.node, place=place)
        if isinstance(a, t.OneOf):
            self.findings.error(
                "R303", f"options are compared with IS, not with `{operator}`", place, f"write `{left.place.text} IS …`"
            )
            return None
        shown = left.place.text
        help = ""
        if isinstance(a, t.Truth) and isinstance(right, s.Name) and right.name in ("yes", "no"):
            help = f"write `{shown}`" if right.name == "yes" else f"write `NOT {shown}`"
        self.findings.error(
            "R303", f"{t.in_words(a)} and {t.in_words(b)} cannot be compared with `{operator}`", place, help
        )
        return None

    def _unit_given(self, a: t.Number, b: t.Number, place: Place) -> bool:
        if b.literal and a.unit.text not in ("", "1"):
            self.findings.error(
                "R402",
                f"`{place.text}` has no unit, and what it is compared with is in {a.unit.text}",
                place,
                f"write `{place.text} {a.unit.text}`",
            )
            return False
        return True

    def _calendar_meant(self, first: Typed, second: Typed, place: Place) -> None:
        if isinstance(first.node, x.Elapsed) and isinstance(second.node, x.Constant):
            unit = second.node.unit
            if unit.dimension == DAYS.dimension and long_unit(unit) and unit.factor != first_factor(first):
                self.findings.warning(
                    "R505",
                    f"{number_text(second.node.value)} {unit.text} is converted by 1 month = 30.4375 days",
                    place,
                    "for calendar time write a window, as in `date WITHIN 3 months BEFORE screening`",
                )

    def in_unit(self, typed: Typed, unit: Unit, place: Place, beside: Typed | None = None) -> Typed | None:
        """The same quantity in `unit`, exactly."""
        assert isinstance(typed.type, t.Number)
        source = typed.type.unit
        if source.dimension == unit.dimension and source.factor == unit.factor and source.offset == unit.offset:
            return typed
        molar = self.molar_mass(typed.node) or (self.molar_mass(beside.node) if beside else None)
        factors = conversion(source, unit, molar)
        if factors is None:
            shown, wanted = source.text or "a bare number", unit.text or "a bare number"
            help = ""
            if unit.text and (source.text in ("", "1")):
                help = f"write a number in {unit.text}"
            elif conversion(source, unit, Fraction(1)):
                help = "give the item its `molar mass` so that mass and amount of substance compare"
            self.findings.error("R403", f"{shown} cannot be converted to {wanted}", place, help)
            return None
        node = x.Converted(typed.node, factors[0], factors[1], unit, place=typed.node.place)
        return Typed(node, t.Number(unit))

    def molar_mass(self, node: x.Expression) -> Fraction | None:
        match node:
            case x.ItemValue(item=name):
                return self.scope.items[name].molar_mass
            case x.LimitValue(subject=subject):
                return self.molar_mass(subject)
            case x.AttributeOf(attribute=attribute, occurrence=x.Pick(occurrences=x.Selected(event=event))):
                return self._attribute_molar_mass(event, attribute)
            case x.Aggregate(attribute=attribute, occurrences=x.Selected(event=event)):
                return self._attribute_molar_mass(event, attribute)
            case x.AttributeValue(event=event, attribute=attribute):
                return self._attribute_molar_mass(event, attribute)
        return None

    def _attribute_molar_mass(self, event: str, attribute: str) -> Fraction | None:
        item = self.scope.items[event]
        declared = item.attribute(attribute)
        return (declared.molar_mass if declared else None) or item.molar_mass

    def _between(self, node: s.Between, context: Context) -> Typed | None:
        inner = context.inner()
        subject = self.typed(node.subject, inner)
        if not subject:
            self.typed(node.low, inner) if not own_limit(node.low) else None
            return None
        if isinstance(subject.type, t.Number):
            low = self.compared_with("≥", subject, node.subject, node.low, node.place, inner)
            high = self.compared_with("≤", subject, node.subject, node.high, node.place, inner)
            if not isinstance(low, x.Compare) or not isinstance(high, x.Compare):
                return None
            ends = constant_value(low.right), constant_value(high.right)
            if ends[0] is not None and ends[1] is not None and ends[0] > ends[1] and type(low.left) is type(high.left):
                self.findings.error(
                    "R210", "this range runs backwards", node.place,
                    f"write `BETWEEN {node.high.place.text} AND {node.low.place.text}`",
                )  # fmt: skip
                return None
            return Typed(x.Group("all", 0, (low, high), "between", place=node.place), t.Truth())
        if isinstance(subject.type, t.Date | t.Time | t.Occurrences):
            window = self._span_window(node, subject, inner)
            return self._in_window(subject, window, node.place) if window else None
        self.findings.error("R303", f"BETWEEN needs a number or a date, not {t.in_words(subject.type)}", node.place)
        return None

    def _isoption(self, node: s.IsOption, context: Context) -> Typed | None:
        return self._is_one_of(node.subject, (node.option,), node.negated, True, node.place, context)

    def _inoptions(self, node: s.InOptions, context: Context) -> Typed | None:
        return self._is_one_of(node.subject, node.options, node.negated, False, node.place, context)

    def _is_one_of(
        self,
        subject: s.Expression,
        options: tuple[s.Name, ...],
        negated: bool,
        plain: bool,
        place: Place,
        context: Context,
    ) -> Typed | None:
        typed = self.typed(subject, context.inner())
        if not typed:
            return None
        if not isinstance(typed.type, t.OneOf):
            shown = subject.place.text
            help = {
                t.Truth: f"write `{shown}` or `NOT {shown}`",
                t.SeveralOf: f"write `{shown} INCLUDES {options[0].name}`",
                t.Number: f"compare it, as in `{shown} ≥ …`",
            }.get(type(typed.type), "")
            self.findings.error(
                "R303", f"{quoted(subject.place)} is {t.in_words(typed.type)}, not an option", place, help
            )
            return None
        whole = [self._is_option(option, typed.type.options, subject.place) for option in options]
        if not all(whole):
            return None
        node: x.Expression = x.IsOneOf(
            typed.node, tuple(dict.fromkeys(option.name for option in options)), plain, place=place
        )
        return Typed(x.Not(node, place=place) if negated else node, t.Truth())

    def _is_option(self, option: s.Name, options: tuple[str, ...], subject: Place) -> bool:
        if option.name in options:
            return True
        help = self.scope.suggest(option.name, options) or "its options are " + ", ".join(options)
        self.findings.error("R204", f"`{option.name}` is no option of {quoted(subject)}", option.place, help)
        return False

    def _includes(self, node: s.Includes, context: Context) -> Typed | None:
        typed = self.typed(node.subject, context.inner())
        if not typed:
            return None
        if not isinstance(typed.type, t.SeveralOf):
            self.findings.error(
                "R303",
                f"INCLUDES needs a `several of` item; {quoted(node.subject.place)} is {t.in_words(typed.type)}",
                node.place,
            )
            return None
        if not self._is_option(node.option, typed.type.options, node.subject.place):
            return None
        return Typed(x.Includes(typed.node, node.option.name, place=node.place), t.Truth())

    def _isknown(self, node: s.IsKnown, context: Context) -> Typed | None:
        typed = self.typed(node.subject, context.inner())
        if not typed:
            return None
        known: x.Expression = x.IsKnown(typed.node, place=node.place)
        return Typed(x.Not(known, place=node.place) if node.negated else known, t.Truth())

    # ---- numbers and dates

    def _number(self, node: s.Number, context: Context) -> Typed | None:
        unit = self.unit(node.unit, node.unit_place or node.place) if node.unit else PLAIN
        if unit is None:
            return None
        constant = x.Constant(node.value, unit, place=node.place)
        return Typed(constant, t.Number(unit, literal=node.unit is None))

    def unit(self, text: str, place: Place) -> Unit | None:
        try:
            return read_unit(text)
        except UnitError as error:
            self.findings.error("R401", str(error), place, error.help)
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
                self._unit_given(b, a, node.left.place)
                return None if b.unit.text else self._sum(node.operator, left, right, node.place)
            if not self._unit_given(a, b, node.right.place):
                return None
            same = self.in_unit(right, a.unit, node.right.place, left)
            return self._sum(node.operator, left, same, node.place) if same else None
        unit = multiplied(a.unit, b.unit, 1 if node.operator == "×" else -1)
        node_ = x.Arithmetic(node.operator, left.node, right.node, unit, place=node.place)
        literal = a.literal and b.literal
        folded = constant_value(node_)
        if literal and folded is not None:
            return Typed(x.Constant(folded, PLAIN, place=node.place), t.Number(PLAIN, literal=True))
        if node.operator == "/" and isinstance(right.node, x.LimitValue) and right.node.subject == left.node:
            return Typed(x.TimesLimit(right.node.limit, left.node, place=node.place), t.Number(PLAIN))
        return Typed(node_, t.Number(unit))

    def _sum(self, operator: str, left: Typed, right: Typed, place: Place) -> Typed:
        assert isinstance(left.type, t.Number) and isinstance(right.type, t.Number)
        literal = left.type.literal and right.type.literal
        node = x.Arithmetic(operator, left.node, right.node, left.type.unit, place=place)
        return Typed(node, t.Number(left.type.unit, literal))

    def _date_arithmetic(self, node: s.Arithmetic, left: Typed, right: Typed) -> Typed | None:
        if not isinstance(right.type, t.Number):
            self.findings.error(
                "R306",
                f"{t.in_words(right.type)} cannot be taken from a date"
                if node.operator == "−"
                else "two dates have no sum",
                node.place,
                "for the time between dates write `DAYS FROM a TO b` (or YEARS, MONTHS)",
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
            self.findings.error(
                "R502", f"{quoted(place)} is {t.in_words(typed.type)}, not a length of time", place, "write `3 months`"
            )
            return None
        if not isinstance(typed.node, x.Constant):
            return self._computed_length(typed, place)
        value, unit = typed.node.value, typed.node.unit
        text = f"{number_text(value)} {unit.text}"
        seconds = value * unit.factor
        if value < 0:
            self.findings.error("R502", f"a length of time cannot be negative: {text}", place)
            return None
        if unit.factor in (ELAPSED_UNITS["years"].factor, ELAPSED_UNITS["months"].factor):
            months = value * (12 if unit.factor == ELAPSED_UNITS["years"].factor else 1)
            if months.denominator != 1 or months > 12000:
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

    def _computed_length(self, typed: Typed, place: Place) -> x.Length | None:
        if any(isinstance(node, x.Constant) and long_unit(node.unit) for node in walk(typed.node)):
            self.findings.warning(
                "R505",
                "a computed length counts months as 30.4375 days and years as 365.25 days",
                place,
                "write the length in days, or a plain window such as `WITHIN 3 months BEFORE …`",
            )
        days = self.in_unit(typed, DAYS, place)
        return x.ComputedLength(days.node, place=place) if days else None

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
        if isinstance(subject.node, x.Aggregate) and isinstance(subject.node.occurrences, x.Selected):
            event = subject.node.occurrences.event
            self.findings.error(
                "R405", f"each measurement has its own {node.limit}; the {subject.node.kind} of several has none",
                node.place, f"write `{event} WHERE (value > 2 × {node.limit})`",
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

    # ---- occurrences and windows

    def _where(self, node: s.Where, context: Context) -> Typed | None:
        item = self.scope.items.get(node.event.name)
        if item is None or item.kind != "event":
            if item is None and node.event.name not in self.scope.definition_types:
                self.scope.unknown_name(node.event.name, node.event.place)
            else:
                self.findings.error("R307", f"WHERE follows an event; `{node.event.name}` is none", node.event.place)
            return None
        condition = self.condition(node.condition, replace(context.inner(), event=item))
        if not condition:
            return None
        return Typed(x.Selected(item.name, condition, None, place=node.place), t.Occurrences(item.name))

    def _windowed(self, node: s.Windowed, context: Context) -> Typed | None:
        subject = node.subject
        if isinstance(subject, s.Group) and not subject.infix:
            return self._shared_window(node, subject, context.inner())
        typed = self.typed(subject, context.inner())
        if not typed:
            return None
        if not isinstance(typed.type, t.Occurrences | t.Date | t.Time):
            help = "declare it as `event` or `date`" if isinstance(typed.type, t.Truth) else ""
            self.findings.error(
                "R504", f"{quoted(subject.place)} is {t.in_words(typed.type)}; a window needs an event or a date",
                subject.place, help,
            )  # fmt: skip
            return None
        window = self._window(node.window, typed, context.inner())
        return self._in_window(typed, window, node.place) if window else None

    def _shared_window(self, node: s.Windowed, subject: s.Group, context: Context) -> Typed | None:
        """`ANY(a, b, c) WITHIN …`: one window for all."""
        windows: dict[bool, x.Window | None] = {}
        found: list[x.Expression] = []
        whole = True
        for element in subject.elements:
            typed = self.typed(element, context) if not isinstance(element, s.MarkRange) else None
            if typed is None or not isinstance(typed.type, t.Occurrences | t.Date | t.Time):
                if typed is not None or isinstance(element, s.MarkRange):
                    self.findings.error(
                        "R504", f"{quoted(element.place)} is no event and no date; a window needs one", element.place
                    )
                whole = False
                continue
            clock = isinstance(typed.type, t.Time)
            if clock not in windows:
                windows[clock] = self._window(node.window, typed, context)
            window = windows[clock]
            inside = self._in_window(typed, window, element.place) if window else None
            condition = self.as_condition(inside, element.place) if inside else None
            whole = whole and condition is not None
            found += [condition] if condition is not None else []
        if not whole:
            return None
        return Typed(x.Group(subject.kind, subject.count, tuple(found), "list", place=node.place), t.Truth())

    def _in_window(self, typed: Typed, window: x.Window, place: Place) -> Typed | None:
        if isinstance(typed.type, t.Occurrences):
            if not isinstance(typed.node, x.Selected) or typed.node.window:
                self.findings.error("R506", "these occurrences have a window already", place, "combine two with AND")
                return None
            return Typed(replace(typed.node, window=window, place=place), typed.type)
        date = typed.node
        if isinstance(typed.type, t.Time) and not window.moments:
            date = x.DayOf(date, place=date.place)
        return Typed(x.InWindow(date, window, place=place), t.Truth())

    def _window(self, node: s.Window, subject: Typed, context: Context) -> x.Window | None:
        anchor = self.typed(node.anchor, context)
        clock = isinstance(subject.type, t.Time)
        length: x.Length | None = None
        if node.length is not None:
            typed = self.typed(node.length, context)
            length = self.length(node.length, typed, clock) if typed else None
            if length is None:
                return None
        if not anchor:
            return None
        moments = clock and (
            length.seconds > 0
            if isinstance(length, x.CalendarLength)
            else length is None and isinstance(anchor.type, t.Time)
        )
        anchor_node = self._anchor(anchor, moments, node.anchor.place)
        if not anchor_node:
            return None
        return x.Window(node.kind, node.direction, length, anchor_node, None, moments, place=node.place)

    def _anchor(self, anchor: Typed, moments: bool, place: Place) -> x.Expression | None:
        if not isinstance(anchor.type, t.Date | t.Time):
            self._not_a_date(anchor.type, place)
            return None
        if moments and isinstance(anchor.type, t.Date):
            return x.MomentsOf(anchor.node, place=place)
        if not moments and isinstance(anchor.type, t.Time):
            return x.DayOf(anchor.node, place=place)
        return anchor.node

    def _span_window(self, node: s.Between, subject: Typed, context: Context) -> x.Window | None:
        low, high = self.typed(node.low, context), self.typed(node.high, context)
        if not low or not high:
            return None
        moments = all(isinstance(each.type, t.Time) for each in (subject, low, high))
        start = self._anchor(low, moments, node.low.place)
        end = self._anchor(high, moments, node.high.place)
        if not start or not end:
            return None
        return x.Window("between", "", None, start, end, moments, place=node.place)

    def _attribute_type(self, event: Item, name: str) -> t.Type | None:
        if name == "date" or (name == "until" and event.course):
            return t.Date()
        attribute = event.attribute(name)
        return attribute.type if attribute else None

    def _attributeof(self, node: s.AttributeOf, context: Context) -> Typed | None:
        if isinstance(node.subject, s.Call):
            return self._lookup(node.subject, context, node.attribute)
        typed = self.typed(node.subject, context.inner())
        if not typed:
            return None
        if isinstance(typed.type, t.Occurrences):
            name = typed.type.event
            self.findings.error(
                "R308",
                f"`{name}` may have several occurrences; which one's {node.attribute.name} is meant?",
                node.place,
                f"write `{node.attribute.name} OF LATEST({name})`, or `MAX({node.attribute.name} OF {name})`",
            )
            return None
        if not isinstance(typed.type, t.Occurrence):
            self.findings.error("R308", f"OF needs an event; this is {t.in_words(typed.type)}", node.subject.place)
            return None
        kind = self._attribute(node.attribute, typed.type.event)
        return Typed(x.AttributeOf(node.attribute.name, typed.node, place=node.place), kind) if kind else None

    def _attribute(self, name: s.Name, event: str) -> t.Type | None:
        item = self.scope.items[event]
        kind = self._attribute_type(item, name.name)
        if kind is None:
            known = ["date", *(["until"] if item.course else []), *(each.name for each in item.attributes)]
            help = self.scope.suggest(name.name, known) or "it has " + ", ".join(known)
            self.findings.error("R205", f"`{event}` has no attribute `{name.name}`", name.place, help)
        return kind

    # ---- functions and tables

    def _function(self, node: s.Function, context: Context) -> Typed | None:
        inner = context.inner()
        if node.function == "count":
            return self._count(node, inner)
        if node.function in ("latest", "earliest"):
            return self._pick(node, inner)
        if node.function == "first known of":
            return self._first_known(node, inner)
        return self._extreme(node, inner)

    def _count(self, node: s.Function, context: Context) -> Typed | None:
        number = t.Number(PLAIN)
        if len(node.arguments) == 1 and not isinstance(node.arguments[0], s.MarkRange):
            typed = self.typed(node.arguments[0], context)
            if not typed:
                return None
            if isinstance(typed.type, t.SeveralOf):
                return Typed(x.CountOptions(typed.node, place=node.place), number)
            if isinstance(typed.type, t.Occurrences):
                return Typed(x.CountOccurrences(typed.node, place=node.place), number)
            if not isinstance(typed.type, t.Truth):
                self.findings.error(
                    "R308", f"COUNT counts options, occurrences or conditions, not {t.in_words(typed.type)}", node.place
                )
                return None
            return Typed(x.CountTrue((typed.node,), place=node.place), number)
        found = self.conditions(node.arguments, context)
        return Typed(x.CountTrue(tuple(found), place=node.place), number) if found else None

    def _pick(self, node: s.Function, context: Context) -> Typed | None:
        word = node.function.upper()
        if len(node.arguments) != 1:
            self.findings.error("R308", f"{word} takes one event", node.place)
            return None
        typed = self.typed(node.arguments[0], context)
        if not typed:
            return None
        if not isinstance(typed.type, t.Occurrences):
            self.findings.error("R308", f"{word} needs an event, not {t.in_words(typed.type)}", node.place)
            return None
        return Typed(x.Pick(node.function, typed.node, place=node.place), t.Occurrence(typed.type.event))

    def _extreme(self, node: s.Function, context: Context) -> Typed | None:
        if len(node.arguments) == 1:
            return self._aggregate(node, node.arguments[0], context)
        if node.function == "mean":
            self.findings.error("R308", "MEAN is taken over occurrences", node.place, "write `MEAN(value OF event)`")
            return None
        same = self._of_one_type(node.arguments, context, ("numbers or dates", t.Number, t.Date, t.Time))
        if not same:
            return None
        values, kind = same
        return Typed(x.Extreme(node.function, values, place=node.place), kind)

    def _first_known(self, node: s.Function, context: Context) -> Typed | None:
        same = self._of_one_type(node.arguments, context, None)
        if not same:
            return None
        if isinstance(same[1], t.Occurrences | t.Occurrence):
            self.findings.error(
                "R308", "FIRST KNOWN OF takes facts with one value, not events", node.place,
                "take an attribute, as in `date OF LATEST(event)`",
            )  # fmt: skip
            return None
        return Typed(x.FirstKnown(same[0], place=node.place), same[1])

    def _of_one_type(
        self, arguments: tuple[s.Expression, ...], context: Context, only: tuple[object, ...] | None
    ) -> tuple[tuple[x.Expression, ...], t.Type] | None:
        """Arguments of one type, numbers in the unit of the first that has one."""
        found = [self.typed(argument, context) for argument in arguments]
        typed = [each for each in found if each]
        if len(typed) != len(found):
            return None
        first = next((each for each in typed if not (isinstance(each.type, t.Number) and each.type.literal)), typed[0])
        values: list[x.Expression] = []
        for each, argument in zip(typed, arguments, strict=True):
            if type(each.type) is not type(first.type) or (only and not isinstance(each.type, only[1:])):  # type: ignore[arg-type]
                wanted = only[0] if only else t.in_words(first.type)
                self.findings.error(
                    "R309", f"{quoted(argument.place)} is {t.in_words(each.type)}, not {wanted}", argument.place
                )
                return None
            if isinstance(first.type, t.Number) and isinstance(each.type, t.Number):
                if not self._unit_given(first.type, each.type, argument.place):
                    return None
                same = self.in_unit(each, first.type.unit, argument.place, first)
                if not same:
                    return None
                values.append(same.node)
            else:
                values.append(each.node)
        kind = t.Number(first.type.unit) if isinstance(first.type, t.Number) else first.type
        return tuple(values), kind

    def _aggregate(self, node: s.Function, argument: s.Expression, context: Context) -> Typed | None:
        """`MAX(value OF e WITHIN …)`: the window belongs to the occurrences."""
        windowed: s.Windowed | s.Between | None = None
        place = argument.place
        if isinstance(argument, s.Windowed | s.Between) and isinstance(argument.subject, s.AttributeOf):
            windowed = argument
            argument = argument.subject
        if not isinstance(argument, s.AttributeOf):
            word = node.function.upper()
            self.findings.error(
                "R308", f"{word} takes several values, or an attribute of an event", node.place,
                f"write `{word}(a, b)` or `{word}(value OF event)`",
            )  # fmt: skip
            return None
        subject: s.Expression = argument.subject
        if windowed is not None:
            subject = replace(windowed, subject=argument.subject)
        typed = self.typed(subject, context)
        if not typed:
            return None
        if not isinstance(typed.type, t.Occurrences):
            self.findings.error("R308", f"OF needs an event here, not {t.in_words(typed.type)}", subject.place)
            return None
        kind = self._attribute(argument.attribute, typed.type.event)
        if kind is None:
            return None
        if not isinstance(kind, t.Number | t.Date) or (node.function == "mean" and not isinstance(kind, t.Number)):
            self.findings.error(
                "R308",
                f"{node.function.upper()} needs numbers; `{argument.attribute.name}` is {t.in_words(kind)}",
                place,
            )
            return None
        result = x.Aggregate(node.function, argument.attribute.name, typed.node, place=node.place)
        return Typed(result, t.Number(kind.unit) if isinstance(kind, t.Number) else kind)

    def _call(self, node: s.Call, context: Context) -> Typed | None:
        return self._lookup(node, context, None)

    def _lookup(self, node: s.Call, context: Context, column: s.Name | None) -> Typed | None:
        table = self.scope.tables.get(node.table.name)
        if table is None:
            for argument in node.arguments:
                self.typed(argument, context.inner())
            if node.table.name in self.scope.items or node.table.name in self.scope.definition_types:
                self.findings.error("R302", f"`{node.table.name}` is not a table", node.table.place)
            else:
                self.scope.unknown_name(node.table.name, node.table.place, also=self.scope.tables)
            return None
        if len(node.arguments) != len(table.inputs):
            names = ", ".join(each.name for each in table.inputs)
            self.findings.error(
                "R310",
                f"`{table.name}` takes {len(table.inputs)} ({names}), here are {len(node.arguments)}",
                node.place,
            )
            return None
        output = self._output(table, column, node)
        arguments = [self._argument(a, each, context) for a, each in zip(node.arguments, table.inputs, strict=True)]
        if output is None or any(argument is None for argument in arguments):
            return None
        kind: t.Type = (
            t.Truth()
            if output.kind == "truth"
            else t.OneOf(output.options)
            if output.kind == "options"
            else t.Number(output.unit or PLAIN)
        )
        found = tuple(argument for argument in arguments if argument)
        return Typed(x.Lookup(table.name, output.name, found, place=node.place), kind)

    def _output(self, table: object, column: s.Name | None, node: s.Call):  # type: ignore[no-untyped-def]
        outputs = table.outputs  # type: ignore[attr-defined]
        names = [each.name for each in outputs]
        if column is None and len(outputs) == 1:
            return outputs[0]
        found = next((each for each in outputs if column and each.name == column.name), None)
        if found is None:
            place = column.place if column else node.place
            what = f"no result column `{column.name}`" if column else "several results"
            self.findings.error(
                "R310", f"`{node.table.name}` has {what}", place, f"write `{names[0]} OF {node.table.name}(…)`; it has "
                + ", ".join(names),
            )  # fmt: skip
        return found

    def _argument(self, node: s.Expression, column: object, context: Context) -> x.Expression | None:
        kind = column.kind  # type: ignore[attr-defined]
        if kind == "truth":
            return self.condition(node, context.inner())
        if kind == "options":
            return self.expected(node, t.OneOf(column.options), context.inner())  # type: ignore[attr-defined]
        typed = self.typed(node, context.inner())
        if not typed:
            return None
        if not isinstance(typed.type, t.Number):
            name = column.name  # type: ignore[attr-defined]
            self.findings.error("R309", f"the column `{name}` needs a number, not {t.in_words(typed.type)}", node.place)
            return None
        unit = column.unit or PLAIN  # type: ignore[attr-defined]
        if not self._unit_given(t.Number(unit), typed.type, node.place):
            return None
        same = self.in_unit(typed, unit, node.place)
        return same.node if same else None


# ---- small pieces --------------------------------------------------------------------------------------------------


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


def first_factor(typed: Typed) -> Fraction:
    return typed.type.unit.factor if isinstance(typed.type, t.Number) else Fraction(0)


def walk(node: x.Expression) -> list[x.Expression]:
    """A node and all below it."""
    found, stack = [], [node]
    while stack:
        each = stack.pop()
        found.append(each)
        stack.extend(x.parts(each))
    return found


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
