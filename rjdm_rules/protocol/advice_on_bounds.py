"""Advice on bounds: thresholds outside an item's range, criteria that follow from others or contradict them.

What every eligible patient must satisfy is taken apart into facts about one subject each (`age ≥ 18 years`, `sex IS
female`), as far as AND, the criteria of an inclusion, and the negation of OR and of exclusions lead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ..language.source import Place, Source
from . import expressions as x
from . import types as t
from .model import Part, Protocol
from .numbers import number_text
from .scope import Advice, Findings
from .terms import OPPOSITE, all_conditions, constant_value, quoted, walk

MOST_COMPARED = 50  # facts about one subject


@dataclass(frozen=True)
class Stretch:
    """Numbers from `low` to `high` (None: without end); the ends belong to it or not."""

    low: Fraction | None = None
    high: Fraction | None = None
    low_in: bool = True
    high_in: bool = True

    def inside(self, other: Stretch) -> bool:
        return not _below(self.low, self.low_in, other.low, other.low_in) and not _above(
            self.high, self.high_in, other.high, other.high_in
        )

    def meets(self, other: Stretch) -> bool:
        """Whether they have a number in common."""
        return self._reaches(other) and other._reaches(self)

    def _reaches(self, other: Stretch) -> bool:
        if self.high is None or other.low is None or self.high > other.low:
            return True
        return self.high == other.low and self.high_in and other.low_in


def _below(a: Fraction | None, a_in: bool, b: Fraction | None, b_in: bool) -> bool:
    """Whether a lower end reaches further down than another."""
    if b is None:
        return False
    return a is None or a < b or (a == b and a_in and not b_in)


def _above(a: Fraction | None, a_in: bool, b: Fraction | None, b_in: bool) -> bool:
    if b is None:
        return False
    return a is None or a > b or (a == b and a_in and not b_in)


def stretch(operator: str, value: Fraction) -> Stretch | None:
    """The numbers that stand in a relation to a value; None for ≠, which is no stretch."""
    return {
        "≥": Stretch(low=value),
        ">": Stretch(low=value, low_in=False),
        "≤": Stretch(high=value),
        "<": Stretch(high=value, high_in=False),
        "=": Stretch(value, value),
    }.get(operator)


# ---- thresholds outside a range ------------------------------------------------------------------------------------


def thresholds_outside(protocol: Protocol, findings: Findings, source: Source) -> None:
    """A comparison that the item's own range settles for everybody."""
    seen: set[int] = set()
    for condition in all_conditions(protocol):
        for node in walk(condition):
            if id(node) in seen:
                continue
            if isinstance(node, x.Group) and node.style == "between":
                seen |= {id(half) for half in node.conditions}
                _between_outside(node, protocol, findings)
            elif isinstance(node, x.Compare):
                _comparison_outside(node, protocol, findings)
            seen.add(id(node))


def _comparison_outside(node: x.Compare, protocol: Protocol, findings: Findings) -> None:
    span, value = _span_of(node.left, protocol), constant_value(node.right)
    if span is None or value is None or node.place is None:
        return
    whole, asked = Stretch(span.low, span.high), stretch(node.operator, value)
    if asked is None:  # ≠
        said = "always" if not span.low <= value <= span.high else None
    else:
        said = "always" if whole.inside(asked) else None if whole.meets(asked) else "never"
    if said:
        message = f"{quoted(node.place)} is {said} true: {_range_words(node.left, span, protocol)}"
        findings.warning("R909", message, node.place, "look at the threshold, its unit, and the range")


def _between_outside(node: x.Group, protocol: Protocol, findings: Findings) -> None:
    """BETWEEN as a whole: an end that lies outside the range is never reached."""
    low, high = node.conditions
    assert isinstance(low, x.Compare) and isinstance(high, x.Compare)
    span, least, most = _span_of(low.left, protocol), constant_value(low.right), constant_value(high.right)
    if span is None or least is None or most is None or node.place is None:
        return
    never = not Stretch(least, most).meets(Stretch(span.low, span.high))
    ends = (("lower", low, least < span.low), ("upper", high, most > span.high))
    outside = [(which, half) for which, half, beyond in ends if beyond]
    if never:
        message = f"{quoted(node.place)} is never true: {_range_words(low.left, span, protocol)}"
        findings.warning("R909", message, node.place, "look at its ends, their unit, and the range")
    for which, half in outside if not never else ():
        place = half.right.place or node.place
        message = f"the {which} end {quoted(place)} is never reached: {_range_words(low.left, span, protocol)}"
        findings.warning("R909", message, place, "look at the threshold, its unit, and the range")


def _range_words(node: x.Expression, span: t.Span, protocol: Protocol) -> str:
    shown = quoted(node.place) if node.place else "it"
    item = protocol.items[node.item] if isinstance(node, x.ItemValue) else None
    unit = f" {item.unit.text}" if item is not None and item.unit is not None and not item.unit.plain else ""
    return f"{shown} goes from {number_text(span.low)} to {number_text(span.high)}{unit}"


def _span_of(node: x.Expression, protocol: Protocol) -> t.Span | None:
    match node:
        case x.ItemValue(item=name):
            return protocol.items[name].span
        case x.DefinedValue(name=name):
            return _span_of(protocol.definitions[name].expression, protocol)
        case x.Extreme(values=values) | x.FirstKnown(values=values):
            spans = [_span_of(each, protocol) for each in values]
            sure = [span for span in spans if span is not None]
            whole = len(sure) == len(spans)
            return t.Span(min(s.low for s in sure), max(s.high for s in sure)) if whole else None
        case (
            x.AttributeValue(event=event, attribute=name)
            | x.AttributeOf(attribute=name, occurrence=x.Pick(occurrences=x.Selected(event=event)))
            | x.Aggregate(attribute=name, occurrences=x.Selected(event=event))
        ):
            declared = protocol.items[event].attribute(name)
            return declared.span if declared else None
        case x.CountOptions(subject=x.ItemValue(item=name)):
            return t.Span(Fraction(0), Fraction(len(protocol.items[name].options)))
        case x.CountTrue(conditions=conditions):
            return t.Span(Fraction(0), Fraction(len(conditions)))
    return None


# ---- criteria that follow from, or contradict, each other ----------------------------------------------------------


@dataclass(frozen=True)
class Fact:
    """Something that an eligible patient must satisfy: where it comes from, what it is about, what is allowed."""

    criterion: str
    subject: x.Expression
    allowed: Stretch | frozenset[str] | bool
    place: Place
    excluding: bool

    def follows_from(self, other: Fact) -> bool:
        """Whether the other fact says as much, or more."""
        match self.allowed, other.allowed:
            case Stretch() as mine, Stretch() as theirs:
                return theirs.inside(mine)
            case frozenset() as mine_, frozenset() as theirs_:
                return theirs_ <= mine_
        return self.allowed is other.allowed

    def contradicts(self, other: Fact) -> bool:
        match self.allowed, other.allowed:
            case Stretch() as mine, Stretch() as theirs:
                return not theirs.meets(mine)
            case frozenset() as mine_, frozenset() as theirs_:
                return not theirs_ & mine_
        return self.allowed is not other.allowed

    @property
    def words(self) -> str:
        return f"{quoted(self.place)} in {self.criterion}"


def criteria_that_follow(protocol: Protocol, findings: Findings, source: Source) -> None:
    for part in protocol.parts:
        by_subject: dict[x.Expression, list[Fact]] = {}
        for fact in facts_required(part, protocol):
            by_subject.setdefault(fact.subject, []).append(fact)
        for facts in by_subject.values():
            for number, later in enumerate(facts):
                _compare_with(later, facts[: min(number, MOST_COMPARED)], findings)
        _windows_inside(by_subject, findings)


def _compare_with(later: Fact, earlier: list[Fact], findings: Findings) -> None:
    """Says of a fact at most one thing: that it contradicts an earlier one, or that one follows from the other."""
    opposed = next((other for other in earlier if later.contradicts(other)), None)
    if opposed is not None:
        _report_contradiction(later, opposed, findings)
        return
    for other in earlier:
        new, old = (later, other) if later.follows_from(other) else (other, later)
        if new.follows_from(old):
            _report_nothing_new(new, old, findings)
            return


def _report_contradiction(later: Fact, other: Fact, findings: Findings) -> None:
    if later.excluding is other.excluding:
        said = f"{later.words} contradicts {other.words}"
    else:
        out, asked = (later, other) if later.excluding else (other, later)
        said = f"{out.criterion} excludes everybody whom {asked.criterion} asks for"
    findings.warning(
        "R911",
        f"nobody can be eligible: {said}",
        later.place,
        "look at the figures, and at what is an inclusion and what an exclusion",
        ((f"the other one, in {other.criterion}", other.place),),
    )


def _report_nothing_new(new: Fact, old: Fact, findings: Findings) -> None:
    if new.excluding and not old.excluding:
        said = f"{new.criterion} excludes nobody by {quoted(new.place)}: {old.criterion} lets no such patient in"
    elif old.excluding and not new.excluding:
        said = f"{new.words} says nothing new: {old.criterion} excludes all others"
    else:
        said = f"{new.words} says nothing new: it follows from {old.words}"
    as_much = old.follows_from(new)
    hop = f"{old.criterion} {'says the same' if as_much else 'asks for more'}"
    findings.warning("R910", said, new.place, "take it out, or look at the figures", ((hop, old.place),))


def _windows_inside(by_subject: dict[x.Expression, list[Fact]], findings: Findings) -> None:
    """Events excluded within a window that are excluded within a longer one, or at any time, anyway."""
    absent = [
        facts[0] for facts in by_subject.values() if isinstance(facts[0].subject, x.Occurs) and not facts[0].allowed
    ]
    for new in absent[:MOST_COMPARED]:
        old = next((each for each in absent if each is not new and _wider(each.subject, new.subject)), None)
        if old is not None:
            _report_nothing_new(new, old, findings)


def _wider(one: x.Expression, other: x.Expression) -> bool:
    """Whether whoever has one kind of occurrence has the other too, by their windows."""
    if not isinstance(one, x.Occurs) or not isinstance(other, x.Occurs):
        return False
    a, b = one.occurrences, other.occurrences
    if not isinstance(a, x.Selected) or not isinstance(b, x.Selected) or (a.event, a.where) != (b.event, b.where):
        return False
    if a.window is None or b.window is None:
        return a.window is None and b.window is not None
    alike = (a.window.kind, a.window.direction, a.window.anchor) == (b.window.kind, b.window.direction, b.window.anchor)
    lengths = a.window.length, b.window.length
    if not alike or a.window.kind != "within" or not all(isinstance(each, x.CalendarLength) for each in lengths):
        return False
    longest = [each.months * 28 + each.days for each in lengths if isinstance(each, x.CalendarLength)]
    shortest = [each.months * 31 + each.days for each in lengths if isinstance(each, x.CalendarLength)]
    return longest[0] > shortest[1]


def facts_required(part: Part, protocol: Protocol) -> Iterator[Fact]:
    """What every eligible patient of a part satisfies, as far as it is about one subject each."""
    for block in part.blocks:
        excluding = block.kind == "exclusion"
        stack = [(block.formula, not excluding, block.kind)]
        while stack:
            node, holds, criterion = stack.pop(0)
            if isinstance(node, x.CriterionTruth):
                referred = protocol.criterion(node.criterion)
                if referred and referred.condition is not None:
                    stack.append((referred.condition, holds, node.criterion))
                continue
            if isinstance(node, x.DefinedValue) and isinstance(protocol.definitions[node.name].type, t.Truth):
                stack.append((protocol.definitions[node.name].expression, holds, criterion))
                continue
            stack += [(each, way, criterion) for each, way in _parts_required(node, holds)]
            fact = _fact(node, holds, criterion, excluding, protocol)
            if fact:
                yield fact


def _parts_required(node: x.Expression, holds: bool) -> list[tuple[x.Expression, bool]]:
    """The conditions of which each must hold (or each must fail) when this one does."""
    match node:
        case x.Not(condition=inner):
            return [(inner, not holds)]
        case x.Group(style="between"):
            return []
        case x.Group(kind="all", conditions=conditions) if holds:
            return [(each, True) for each in conditions]
        case x.Group(kind="any", conditions=conditions) if not holds:
            return [(each, False) for each in conditions]
        case x.Group(kind="none", conditions=conditions) if holds:
            return [(each, False) for each in conditions]
        case x.Except(condition=condition, exception=exception) if holds:
            return [(condition, True), (exception, False)]
        case x.WaivedIf(condition=condition, waiver=waiver) if not holds:
            return [(condition, False), (waiver, False)]
    return []


def _fact(node: x.Expression, holds: bool, criterion: str, excluding: bool, protocol: Protocol) -> Fact | None:
    if node.place is None:
        return None
    subject, allowed = _allowed(node, holds, protocol)
    return Fact(criterion, subject, allowed, node.place, excluding) if allowed is not None else None


def _allowed(
    node: x.Expression, holds: bool, protocol: Protocol
) -> tuple[x.Expression, Stretch | frozenset[str] | bool | None]:
    """What a condition is about, and what it allows."""
    match node:
        case x.Compare(operator=operator, left=left, right=right):
            value = constant_value(right)
            found = stretch(operator if holds else OPPOSITE[operator], value) if value is not None else None
            counted = isinstance(left, x.CountOptions | x.CountOccurrences | x.CountTrue)
            return left, _whole_numbers(found) if found and counted else found
        case x.Group(style="between", conditions=(x.Compare() as low, x.Compare() as high)) if holds:
            least, most = constant_value(low.right), constant_value(high.right)
            both = least is not None and most is not None and low.left == high.left
            return low.left, Stretch(least, most) if both else None
        case x.IsOneOf(subject=subject, options=options) if not isinstance(subject, x.ReadingValue):
            every = protocol.items[subject.item].option_names if isinstance(subject, x.ItemValue) else ()
            if not holds and not every:
                return subject, None
            return subject, frozenset(options) if holds else frozenset(every) - frozenset(options)
        case x.ItemValue() | x.Occurs() | x.InWindow() | x.Includes():
            return node, holds
    return node, None


def _whole_numbers(found: Stretch) -> Stretch:
    """The same for counts: more than 0 is at least 1."""
    low, high = found.low, found.high
    if low is not None and not found.low_in:
        low = Fraction(low.__floor__() + 1)
    if high is not None and not found.high_in:
        high = Fraction(high.__ceil__() - 1)
    return Stretch(low, high)


CHECKS: tuple[Advice, ...] = (thresholds_outside, criteria_that_follow)
