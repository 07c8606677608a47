"""Conditions in words, made from the logic so that they cannot drift from it.

The wording stands in `render/words.en.j2`, one macro for each kind of condition; here is only how phrases nest.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..protocol import expressions as x
from ..protocol.numbers import number_text
from ..protocol.settling import settled
from ..protocol.terms import opposite
from .pieces import flattened
from .values import ValueWords

LONGEST_INLINE = 90


@dataclass(frozen=True)
class Phrase:
    """A phrase: a text, or a head with parts below it (as in a list)."""

    text: str
    parts: tuple[Phrase, ...] = ()
    node: x.Expression | None = field(default=None, compare=False)

    def inline(self, signs: tuple[str, str, str, str] = (" ", "; ", "(", ")")) -> str:
        """The phrase on one line; `signs` are what stands behind a head, between parts, and around a part of parts."""
        if not self.parts:
            return self.text
        behind, between, opening, closing = signs
        parts = (part.inline(signs) for part in self.parts)
        told = (
            f"{opening}{said}{closing}" if part.parts else said for part, said in zip(self.parts, parts, strict=True)
        )
        return f"{self.text}{behind}" + between.join(told)


class Words(ValueWords):
    """Words for the expressions of one protocol under one choice of readings."""

    # ---- conditions

    def condition(self, node: x.Expression) -> Phrase:
        """A condition as a phrase, readings settled."""
        found: Phrase = self._once("condition", node, lambda: self.phrase(settled(node, self.readings)))
        return found

    def text(self, node: x.Expression) -> str:
        return self.inline(self.condition(node))

    def inline(self, phrase: Phrase) -> str:
        """A phrase on one line, with the signs of the language."""
        return phrase.inline(tuple(self.terms["inline_signs"]))

    def phrase(self, node: x.Expression) -> Phrase:
        """A settled condition as a phrase."""
        found: Phrase = self._once("phrase", node, lambda: self._phrase(node))
        return found if self.language == "en" else replace(found, text=self.spaced(found.text))

    def _phrase(self, node: x.Expression) -> Phrase:
        match node:
            case x.Group() if node.style != "between":
                return self._group(node)
            case x.Not(condition=x.Group() as group) if group.style != "between":
                return replace(self._group(group, negated=True), node=node)
            case x.Compare(left=x.CountTrue(conditions=conditions), operator=operator, right=right):
                head = str(self.say.count_true_head(operator, self.number(right), len(conditions)))
                return Phrase(head, tuple(self.condition(each) for each in conditions), node)
            case x.Except() | x.WaivedIf() | x.IfThen():
                return self._bound(node)
        return Phrase(self.leaf(node), node=node)

    def _group(self, node: x.Group, negated: bool = False) -> Phrase:
        node = flattened(node)
        n, say = len(node.conditions), self.say
        short = "" if negated else self._short_group(node)
        if short:
            return Phrase(short, node=node)
        head = {"all": say.all_head, "any": say.any_head, "none": say.none_head}.get(node.kind)
        text = head(n) if head else say.count_head(node.kind, node.count, n, negated)
        return Phrase(str(text), tuple(self.phrase(each) for each in node.conditions), node)

    def _short_group(self, node: x.Group) -> str:
        """`a and b`, `a or b`, where the parts are short and plain; empty where a list reads better."""
        if node.kind not in ("all", "any") or len(node.conditions) > 5:
            return ""
        say = self.say.all_of if node.kind == "all" else self.say.any_of
        parts = [self.phrase(each) for each in node.conditions]
        if any(part.parts or isinstance(part.node, x.Group | x.Except | x.WaivedIf | x.IfThen) for part in parts):
            return self._formula(node)
        text = str(say([part.text for part in parts]))
        if any(_windowed(part.node) for part in parts) or len({isinstance(part.node, x.Not) for part in parts}) > 1:
            return ""  # a window, or a "no", would seem to hold for all of them
        ambiguous = any(mark in part.text for part in parts for mark in self.terms["ambiguous"])
        return "" if ambiguous or len(text) > LONGEST_INLINE else text

    def _formula(self, node: x.Group) -> str:
        """`① and [② or ③]`, for a formula of nothing but criteria."""
        texts = []
        for each in node.conditions:
            if isinstance(each, x.CriterionTruth):
                texts.append(self.leaf(each))
                continue
            inner = isinstance(each, x.Group) and each.kind in ("all", "any") and self._formula(each)
            if not inner:
                return ""
            texts.append(f"[{inner}]")
        return f" {self.say.conjunction(node.kind)} ".join(texts)

    def _between(self, node: x.Group, negated: bool) -> str:
        low = node.conditions[0]
        assert isinstance(low, x.Compare)
        subject = self.the(low.left) if self.is_date(low.left) else self._sides(low)[0]
        return str(self.say.between(subject, *self.ends(node), negated))

    def ends(self, node: x.Group) -> tuple[str, str]:
        """Both ends of a BETWEEN; a unit follows with the second."""
        low, high = node.conditions
        assert isinstance(low, x.Compare) and isinstance(high, x.Compare)
        if self.is_date(low.left):
            return self.the(low.right), self.the(high.right)
        first, last = self._sides(low)[1], self._sides(high)[1]
        match low.right, high.right:
            case x.Constant(unit=unit), x.Constant(unit=other) if unit.text and unit.text == other.text:
                first = number_text(low.right.value)  # a multiple of a limit has no unit
        return first, last

    def _bound(self, node: x.Except | x.WaivedIf | x.IfThen) -> Phrase:
        say = self.say
        first, second = (self.phrase(each) for each in x.parts(node))
        if isinstance(node, x.IfThen):
            whom, exempt = self.patients(node.condition), self.exempt(node.condition)
            asked = str(say.for_patients(*whom)) if whom else str(say.in_case(self.inline(first)))
            if second.parts:
                return Phrase(str(say.if_head(asked, second.text, exempt)), second.parts, node)
            if isinstance(second.node, x.Except | x.WaivedIf):
                return Phrase(str(say.if_head(asked, say.following(), exempt)), (second,), node)
            return Phrase(str(say.if_then(asked, second.text, exempt)), node=node)
        excepted = isinstance(node, x.Except)
        nested = any(isinstance(each.node, x.Except | x.WaivedIf | x.IfThen) for each in (first, second))
        if not first.parts and not nested:
            single = say.exception if excepted else say.waived
            return Phrase(str(single(first.text, second.text, self._is_noun(second))), second.parts, node)
        names = ("condition", "exception" if excepted else "waiver")
        head = str(say.exception_head() if excepted else say.waived_head())
        named = zip(names, (first, second), strict=True)
        return Phrase(head, tuple(Phrase(str(say.part(name, each.text)), each.parts) for name, each in named), node)

    def patients(self, condition: x.Expression) -> tuple[list[str], list[str]] | None:
        """Whom an IF is about, where that can be said of patients: which they are (female), what they have."""
        groups = [self._group_of(each) for each in _all_of(condition)]
        if any(group is None or group[0] == "without" for group in groups):
            return None
        named = [group for group in groups if group]
        return [words for kind, words in named if kind == "are"], [words for kind, words in named if kind == "with"]

    def exempt(self, condition: x.Expression) -> str:
        """Whom an IF leaves out, each part of it turned round: `male patients`; empty where it cannot be said so."""
        found = []
        for each in _all_of(condition):
            turned = self._group_of(x.Not(each))
            if turned is None:
                return ""
            found.append(str(getattr(self.say, f"patients_{turned[0]}")(turned[1])))
        return str(self.say.conjoined(found))

    def _group_of(self, node: x.Expression, negated: bool = False) -> tuple[str, str] | None:
        """A condition as a group of patients: `are` an option of a sex, `with` a fact, `without` it."""
        match node:
            case x.Not(condition=inner):
                return self._group_of(inner, not negated)
            case x.ItemValue() | x.DefinedValue():
                return "without" if negated else "with", self.value(node)
            case x.IsOneOf(subject=x.ItemValue(item=name) as subject, options=options) if name in ("sex", "gender"):
                named = self.protocol.items[name].option_names
                wanted = [each for each in named if (each in options) is not negated]
                words = [self.option_words(subject, each) for each in wanted]
                return ("are", str(self.say.disjoined(words))) if words else None
        return None

    def _is_noun(self, phrase: Phrase) -> bool:
        """Whether a phrase is the name of a fact, and not a clause."""
        node = phrase.node.condition if isinstance(phrase.node, x.Not) else phrase.node
        named = isinstance(node, x.ItemValue | x.DefinedValue | x.Occurs) and not phrase.parts
        return named and not phrase.text.startswith("the ")

    # ---- leaves

    def leaf(self, node: x.Expression, negated: bool = False) -> str:
        """A condition about facts, as one phrase."""
        return self.spaced(self._leaf(node, negated))

    def _leaf(self, node: x.Expression, negated: bool) -> str:
        say = self.say
        match node:
            case x.Not(condition=inner):
                return self.leaf(inner, not negated)
            case x.Always(value=value):
                return str(say.always(value is not negated))
            case x.ItemValue(item=name):
                return str(say.fact(self.label(name), negated))
            case x.DefinedValue(name=name):
                return str(say.fact(self.said(self.protocol.definitions[name].label), negated))
            case x.AttributeValue(event=event, attribute=attribute):
                return str(say.attribute_fact(self.attribute_label(event, attribute), negated))
            case x.CriterionTruth(criterion=id):
                return str(say.criterion(self.marker(id), negated))
            case x.Compare():
                return self._compare(opposite(node) if negated else node)
            case x.Group(style="between"):
                return self._between(node, negated)
            case x.IsOneOf(subject=subject, options=options):
                words = [self.option_words(subject, option) for option in options]
                return str(say.is_option(self.value(subject), words, negated))
            case x.Includes(subject=subject, option=option):
                return str(say.includes(self.value(subject), self.option_words(subject, option), negated))
            case x.IsKnown(subject=subject):
                return str(say.known(self.value(subject), negated))
            case x.Occurs(occurrences=occurrences):
                return str(say.occurs(self.value(occurrences), negated))
            case x.InWindow(date=date, window=window):
                return str(say.in_window(self.the(date), self.window(window), negated))
        text = self.inline(self.phrase(node)) if isinstance(node, x.CONDITIONS) else self.value(node)
        return str(say.negation(text)) if negated else text

    def _sides(self, node: x.Compare) -> tuple[str, str]:
        """Both sides of a comparison in words; a multiple of ULN reads `AST` against `3 × ULN`."""
        if isinstance(node.left, x.TimesLimit):
            return self.value(node.left.subject), str(self.say.times_limit(self.value(node.right), node.left.limit))
        return self.value(node.left), self.value(node.right)

    def _compare(self, node: x.Compare) -> str:
        left, right = self._sides(node)
        say, operator, number = self.say, node.operator, self.number(node.right)
        match node.left:
            case x.CountOptions(subject=subject):
                return str(say.options_counted(operator, number, self.value(subject)))
            case x.CountOccurrences(occurrences=occurrences):
                measured = self.is_measured(occurrences)
                return str(say.occurrences_counted(operator, number, self.value(occurrences), measured))
            case x.Elapsed(unit=unit, start=start, end=end):
                return str(say.elapsed_compared(operator, number, unit, self.the(start), self.the(end)))
        if self.is_date(node.left):
            return str(say.on_date(self.the(node.left), self.asked_date(node)))
        return str(say.compared(operator, left, right))

    def where(self, node: x.Expression) -> str:
        """What WHERE asks of an occurrence: `with grade at least 3`, `where kind is viral`."""
        condition = settled(node, self.readings)
        plain = condition.condition if isinstance(condition, x.Not) else condition
        if isinstance(plain, x.Compare) and isinstance(plain.left, x.AttributeValue) and not self.is_date(plain.left):
            compared = opposite(plain) if isinstance(condition, x.Not) else plain
            left, right = self._sides(compared)
            measured = self.protocol.items[plain.left.event].repeated and plain.left.attribute == "value"
            return str(self.say.with_attribute(compared.operator, "" if measured else left, right))
        return str(self.say.where(self.inline(self.phrase(condition))))

    def times_limit(self, node: x.Compare) -> str:
        """`3 × ULN`, or `ULN`, for the right side of a comparison with a limit."""
        assert isinstance(node.left, x.TimesLimit)
        limit = node.left.limit
        found: str = self._once(
            "limit", node, lambda: str(self.say.times_limit(self.value(node.right), limit)).removeprefix("the ")
        )
        return found


def _windowed(node: x.Expression | None) -> bool:
    """Whether the words of a condition about facts end with a window of time."""
    inner = node.condition if isinstance(node, x.Not) else node
    if isinstance(inner, x.Occurs):
        return isinstance(inner.occurrences, x.Selected) and inner.occurrences.window is not None
    return isinstance(inner, x.InWindow)


def _all_of(node: x.Expression) -> tuple[x.Expression, ...]:
    """The conditions that hold together."""
    return flattened(node).conditions if isinstance(node, x.Group) and node.kind == "all" else (node,)
