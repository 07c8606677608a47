"""Logic and comparisons."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from ..language import syntax as s
from ..language.diagnostics import Fix, listed, replacement
from ..language.sameness import meaning
from ..language.source import Place
from ..units.unit import PLAIN
from . import expressions as x
from . import said_once
from . import types as t
from .numbers import number_text
from .terms import LARGEST_CONDITION, constant_value, own_limit, quoted
from .typed import Context, Typed
from .typed_windows import WindowChecker

TRUTHS = {"yes": True, "true": True, "no": False, "false": False}
COUNTED = ("at least", "at most", "exactly")
FLIPPED = {"<": ">", ">": "<", "≤": "≥", "≥": "≤", "=": "=", "≠": "≠"}


class ConditionChecker(WindowChecker):
    """AND, OR, groups, EXCEPT, WAIVED IF, IF … THEN; comparisons and options."""

    def expected(self, node: s.Expression, wanted: t.Type, context: Context) -> x.Expression | None:
        """An expression of a given type: options may stand by their bare names, numbers are converted."""
        if isinstance(node, s.Name):
            if isinstance(wanted, t.OneOf) and node.name in wanted.options and node.name not in self.scope.items:
                return x.OptionConstant(node.name, place=node.place)
            if isinstance(wanted, t.Occurrences) and node.name in ("none", "no"):
                return x.NoOccurrences(wanted.event, place=node.place)
            if isinstance(wanted, t.SeveralOf) and node.name == "none" and "none" not in wanted.options:
                return x.NoOptions(place=node.place)
            if isinstance(wanted, t.Date | t.Time) and node.name in ("none", "no", "never"):
                help = "declare it as `event`: only that can be recorded as never"
                self.findings.error("R301", f"a date cannot be `{node.name}`", node.place, help)
                return None
        if isinstance(wanted, t.Truth):
            return self.condition(node, context)
        typed = self.typed(node, context)
        if typed is None:
            return None
        if isinstance(wanted, t.Number) and isinstance(typed.type, t.Number):
            if not self._unit_given(wanted, typed.type, node.place):
                return None
            found = self.in_unit(typed, wanted.unit, node.place)
            return found.node if found else None
        same = type(wanted) is type(typed.type)
        if same and isinstance(wanted, t.OneOf) and isinstance(typed.type, t.OneOf):
            missing = [option for option in typed.type.options if option not in wanted.options]
            if missing:
                message = f"{quoted(node.place)} may be `{missing[0]}`; here may stand {listed(wanted.options)}"
                help = f"add `{missing[0]}` to them, or take it from the options of what stands here"
                self.findings.error("R304", message, node.place, help)
                return None
        events = isinstance(wanted, t.Occurrences) and isinstance(typed.type, t.Occurrences)
        if events and not self._same_attributes(wanted.event, typed.type.event, node.place):  # type: ignore[union-attr]
            return None
        if not same:
            message = f"this is {t.in_words(typed.type)}; {t.in_words(wanted)} belongs here"
            self.findings.error("R301", message, node.place)
            return None
        return typed.node

    def _same_attributes(self, one: str, other: str, place: Place) -> bool:
        """Whether the occurrences of one event may stand for those of another."""
        wanted, held = self.scope.items[one], self.scope.items[other]
        for attribute in held.attributes:
            mine = wanted.attribute(attribute.name)
            if mine and mine.span and attribute.span and not _within(attribute.span, mine.span):
                self.findings.error(
                    "R304", f"`{attribute.name}` of `{other}` goes from {number_text(attribute.span.low)} to "
                    f"{number_text(attribute.span.high)}, that of `{one}` from {number_text(mine.span.low)} to "
                    f"{number_text(mine.span.high)}", place, "give both events the same range",
                )  # fmt: skip
                return False
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

    def _not(self, node: s.Not, context: Context) -> Typed | None:
        inner = self.condition(node.operand, context.inner())
        return Typed(x.Not(inner, place=node.place), t.Truth()) if inner else None

    def _group(self, node: s.Group, context: Context) -> Typed | None:
        inside = context if node.kind == "all" else context.inner()
        found = self.conditions(node.elements, inside)
        if found is None:
            return None
        most = len(found)
        lowest, highest = {"at least": (1, most), "at most": (0, most - 1)}.get(node.kind, (0, most))
        if node.kind in ("at least", "at most", "exactly") and not lowest <= node.count <= highest:
            self.findings.error(
                "R305",
                f"{node.kind.upper()} {node.count} OF {most} conditions is settled whatever the patient's data",
                node.place,
                f"the count goes from {lowest} to {highest}",
            )
            return None
        if node.kind in COUNTED:
            self._twice(node)
        if not node.infix:
            self._joined_in_list(node)
        style = "infix" if node.infix else "list"
        return Typed(x.Group(node.kind, node.count, tuple(found), style, place=node.place), t.Truth())

    def _twice(self, node: s.Group) -> None:
        """Warns of a part that stands twice where parts are counted: it counts twice."""
        seen: set[object] = set()
        for element in node.elements:
            said = meaning(element)
            if said in seen:
                message = f"{quoted(element.place)} stands twice in this list, and counts twice"
                self.findings.warning("R920", message, element.place, "take one of the two out")
                return
            seen.add(said)

    def _joined_in_list(self, node: s.Group) -> None:
        """Warns of `ANY(a, b AND c)`, where prose would have meant three parts: the list holds names only."""
        for element in node.elements:
            before = element.place.source.text[: element.place.start].rstrip()
            own = element is node.elements[0] and not before.endswith("((")  # the parenthesis of the list itself
            if not isinstance(element, s.Group) or not element.infix or (before.endswith("(") and not own):
                continue
            parts = [*element.elements, *(each for each in node.elements if each is not element)]
            if all(isinstance(each, s.Name | s.Mark | s.MarkRange) for each in parts):
                word = "AND" if element.kind == "all" else "OR"
                shown = " ".join(element.place.text.split())
                self.findings.warning(
                    "R919", f"{quoted(element.place)} is one part of this list", element.place,
                    f"write a comma in place of {word} for several parts; `({shown})` where they are one",
                )  # fmt: skip

    def conditions(self, elements: tuple[s.Expression, ...], context: Context) -> list[x.Expression] | None:
        found: list[x.Expression] = []
        shared = said_once.among(elements, self.scope)
        whole = not shared
        for number, element in enumerate(elements):
            if number in shared:
                continue
            if len(found) > LARGEST_CONDITION:
                break  # it is refused for its size
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
                "write `condition AND …`, with what excludes, as in `sex IS female AND pregnancy`",
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

    def _comparison(self, node: s.Comparison, context: Context) -> Typed | None:
        if said_once.before_the_sign(node, self.scope):
            return None
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
            self._compared_option(operator, left, right.name, first.type.options, place)
            return None
        never = isinstance(right, s.Name) and right.name.lower() in ("none", "never")
        if first and never and isinstance(first.type, t.Occurrences | t.SeveralOf):
            shown = left.place.text
            asked = f"NOT {shown}" if isinstance(first.type, t.Occurrences) else f"COUNT({shown}) = 0"
            form = asked if operator != "≠" else shown if asked.startswith("NOT") else f"COUNT({shown}) ≥ 1"
            message = f"{quoted(right.place)} is asked for otherwise"
            self.findings.error("R303", message, place, f"write `{form}`", fixes=(replacement(place, form),))
            return None
        if first and isinstance(first.type, t.Truth) and isinstance(right, s.Name) and right.name.lower() in TRUTHS:
            help, fixes = truth_written(left.place.text, TRUTHS[right.name.lower()] is (operator != "≠"), place)
            message = f"a yes/no fact is not compared with `{operator}`: it is a condition by itself"
            self.findings.error("R303", message, place, help, fixes=fixes)
            return None
        second = self.typed(right, replace(context, own=first)) if first or not own_limit(right) else None
        if not first or not second:
            return None
        multiple = self._as_multiple(first, second.node)
        if multiple:
            return x.Compare(operator, *multiple, place=place)
        return self.related(operator, first, second, left, right, place)

    def _compared_option(
        self, operator: str, left: s.Expression, option: str, options: tuple[str, ...], place: Place
    ) -> None:
        """`sex = female`, and `stage ≥ II`, which asks for an order that options do not have."""
        if operator in ("=", "≠"):
            form = f"{left.place.text} {'IS NOT' if operator == '≠' else 'IS'} {option}"
            fixes: tuple[Fix, ...] = (replacement(place, form, certain=True),)
            message = f"options are compared with IS, not with `{operator}`"
            self.findings.error("R303", message, place, f"write `{form}`", fixes=fixes)
            return
        at = options.index(option)
        held = {"≥": options[at:], ">": options[at + 1 :], "≤": options[: at + 1], "<": options[:at]}[operator]
        form = f"{left.place.text} IN ({', '.join(held)})"
        fixes = (replacement(place, form),) if held else ()
        help = f"name those that count, as in `{form}`" if held else "name those that count with `IN (…)`"
        self.findings.error("R303", f"options have no order, which `{operator}` asks for", place, help, fixes=fixes)

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
            constant = isinstance(first.node, x.Constant) and not isinstance(second.node, x.Constant)
            if constant or (a.literal and not b.literal):
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
        message = f"{t.in_words(a)} and {t.in_words(b)} cannot be compared with `{operator}`"
        self.findings.error("R303", message, place, comparison_help(a, b, operator, left, right))
        return None

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
                self._report_backwards(node)
                return None
            return Typed(x.Group("all", 0, (low, high), "between", place=node.place), t.Truth())
        if isinstance(subject.type, t.Occurrences) and isinstance(node.low, s.Number):
            event, span = subject.type.event, f"{node.low.place.text} AND {node.high.place.text}"
            message = f"`{event}` may have several values; which of them is meant?"
            help = f"write `value OF LATEST({event}) BETWEEN {span}`, or `MEAN(value OF {event} WITHIN …)`"
            self.findings.error("R303", message, node.place, help)
            return None
        if isinstance(subject.type, t.Date | t.Time | t.Occurrences):
            if self._backwards(node):
                return None
            window = self._span_window(node, subject, inner)
            return self._in_window(subject, window, node.place) if window else None
        self.findings.error("R303", f"BETWEEN needs a number or a date, not {t.in_words(subject.type)}", node.place)
        return None

    def _backwards(self, node: s.Between) -> bool:
        """Reports two dates of a BETWEEN that stand the wrong way round."""
        if not isinstance(node.low, s.DateLiteral) or not isinstance(node.high, s.DateLiteral):
            return False
        if node.low.text <= node.high.text:
            return False
        self._report_backwards(node)
        return True

    def _report_backwards(self, node: s.Between) -> None:
        low, high = node.low.place, node.high.place
        swap = Fix("swap its ends", ((low, high.text), (high, low.text)))
        help = f"write `BETWEEN {high.text} AND {low.text}`"
        self.findings.error("R210", "this range runs backwards", node.place, help, fixes=(swap,))

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
            shown, asked = subject.place.text, options[0].name
            help = {
                t.Truth: f"write `{shown}` or `NOT {shown}`",
                t.SeveralOf: f"write `{shown} INCLUDES {asked}`",
                t.Number: f"compare it, as in `{shown} ≥ …`",
                t.Occurrences: f"write `{shown}` (it happened) or `NOT {shown}`",
            }.get(type(typed.type), "")
            if isinstance(typed.type, t.SeveralOf) and asked == "none" and asked not in typed.type.options:
                help = f"write `COUNT({shown}) = 0`"
            fixes: tuple[Fix, ...] = ()
            if isinstance(typed.type, t.Truth) and plain and asked.lower() in TRUTHS:
                help, fixes = truth_written(shown, TRUTHS[asked.lower()] is not negated, place)
            elif isinstance(typed.type, t.SeveralOf) and plain and asked in typed.type.options:
                form = f"NOT ({shown} INCLUDES {asked})" if negated else f"{shown} INCLUDES {asked}"
                help, fixes = f"write `{form}`", (replacement(place, form),)
            self.findings.error(
                "R303", f"{quoted(subject.place)} is {t.in_words(typed.type)}, not an option", place, help, fixes=fixes
            )
            return None
        known = frozenset(typed.type.options)
        wrong = [option for option in options if option.name not in known]
        for option in wrong:
            self._no_option(option, typed.type.options, subject.place)
        if wrong:
            return None
        node: x.Expression = x.IsOneOf(
            typed.node, tuple(dict.fromkeys(option.name for option in options)), plain, place=place
        )
        return Typed(x.Not(node, place=place) if negated else node, t.Truth())

    def _no_option(self, option: s.Name, options: tuple[str, ...], subject: Place) -> None:
        near, fixes = self.scope.suggest(option.name, option.place, options)
        help = near or "its options are " + listed(options)
        self.findings.error(
            "R204", f"`{option.name}` is no option of {quoted(subject)}", option.place, help, fixes=fixes
        )

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
        if node.option.name not in typed.type.options:
            self._no_option(node.option, typed.type.options, node.subject.place)
            return None
        return Typed(x.Includes(typed.node, node.option.name, place=node.place), t.Truth())

    def _isknown(self, node: s.IsKnown, context: Context) -> Typed | None:
        typed = self.typed(node.subject, context.inner())
        if not typed:
            return None
        known: x.Expression = x.IsKnown(typed.node, place=node.place)
        return Typed(x.Not(known, place=node.place) if node.negated else known, t.Truth())


def truth_written(subject: str, holds: bool, place: Place) -> tuple[str, tuple[Fix, ...]]:
    """How a yes/no fact is asked for: by its name alone, or under NOT."""
    form = subject if holds else f"NOT {subject}"
    return f"write `{form}`", (replacement(place, form, certain=True),)


def _within(inner: t.Span, outer: t.Span) -> bool:
    return outer.low <= inner.low and inner.high <= outer.high


def comparison_help(a: t.Type, b: t.Type, operator: str, left: s.Expression, right: s.Expression) -> str:
    """A way out where two things that do not compare are compared."""
    one, other = left.place.text, right.place.text
    match a, b:
        case t.Truth(), t.Truth():
            return f"write `({one} AND {other}) OR (NOT {one} AND NOT {other})` where both are to be alike"
        case t.Occurrences(event=event), t.Date():
            return f"write `{event} BEFORE {other}`, or `date OF LATEST({event}) {operator} {other}`"
        case t.Occurrences(event=event), t.Number():
            return f"`{event}` may have several values: write `value OF LATEST({event}) {operator} {other}`"
        case t.Occurrence(), t.Number():
            return f"write `value OF {one} {operator} {other}`"
        case t.Date(), t.Number():
            return "a date is written year-month-day, as in `2026-03-02`"
        case t.Date() | t.Time(), t.Date() | t.Time():
            return "a time and a date compare by a window, as in `… WITHIN 1 day BEFORE …`"
    return ""
