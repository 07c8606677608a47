"""Logic and comparisons."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from ..language import syntax as s
from ..language.diagnostics import listed
from ..language.source import Place
from ..units.unit import PLAIN
from . import expressions as x
from . import types as t
from .terms import LARGEST_CONDITION, constant_value, own_limit, quoted
from .typed import Context, Typed
from .typed_windows import WindowChecker

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
                self.findings.error(
                    "R304", f"this may be `{missing[0]}`, which is not among {listed(wanted.options)}", node.place
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
        shown = left.place.text
        help = ""
        if isinstance(a, t.Truth) and isinstance(right, s.Name) and right.name in ("yes", "no"):
            help = f"write `{shown}`" if right.name == "yes" else f"write `NOT {shown}`"
        self.findings.error(
            "R303", f"{t.in_words(a)} and {t.in_words(b)} cannot be compared with `{operator}`", place, help
        )
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
        help = self.scope.suggest(option.name, options) or "its options are " + listed(options)
        self.findings.error("R204", f"`{option.name}` is no option of {quoted(subject)}", option.place, help)

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
