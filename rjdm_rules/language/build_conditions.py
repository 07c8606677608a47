"""From the grammar's rules for conditions and values to the syntax tree: one method a rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from . import syntax as s
from .diagnostics import Diagnostic, Fix, replacement
from .source import Place
from .tokens import Token

Part = Any

OPERATORS = {">=": "≥", "<=": "≤", "!=": "≠", "*": "×", "÷": "/", "-": "−"}
LONGEST_CHAIN = 100
LONGEST_ROW = 10
MOST_DIGITS = 60
HIGHEST_POWER = 60


def span(parts: Sequence[Part]) -> Place:
    """From the first to the last part that has a place."""
    placed = [part.place for part in parts if part is not None]
    return Place(placed[0].source, placed[0].start, placed[-1].end)


class ConditionBuilder:
    """Makes conditions and values bottom-up. What the grammar lets through but nobody may write goes into
    `diagnostics`."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.broken_words: set[str] = set()

    def begin(self) -> None:
        self.diagnostics, self.broken_words = [], set()

    def refuse(
        self, code: str, message: str, place: Place, help: str = "", fixes: tuple[Fix, ...] = ()
    ) -> s.Unreadable:
        self.diagnostics.append(Diagnostic(code, message, place, help, fixes=fixes))
        return s.Unreadable(place)

    def bound(self, parts: list[Part]) -> s.Expression:
        if_token, first, *rest = parts
        words, operands = rest[0::2], [first, *rest[1::2]]
        kinds = [word.type for word in words]
        place = span(parts)
        if if_token is not None and kinds == ["THEN"]:
            return s.Bound(place, "if", operands[0], operands[1])
        if if_token is None and kinds in (["EXCEPT"], ["WAIVED_IF"]):
            return s.Bound(place, "except" if kinds == ["EXCEPT"] else "waived", operands[0], operands[1])
        if if_token is not None and "THEN" not in kinds:
            return self.refuse("R104", "IF needs a THEN", place, "write `IF condition THEN what must hold`")
        if if_token is None and "THEN" in kinds:
            return self.refuse("R104", "THEN needs an IF before it", place, "write `IF condition THEN what must hold`")
        return self.refuse(
            "R104",
            f"{mixed_words(kinds)} without parentheses",
            place,
            "put parentheses round the part that belongs together: " + exception_readings(operands, words, kinds),
        )

    def connected(self, parts: list[Part]) -> s.Expression:
        operands, words = parts[0::2], parts[1::2]
        kinds = {word.type for word in words}
        place = span(parts)
        if len(kinds) > 1:
            return self.refuse(
                "R103",
                "AND and OR are mixed without parentheses, and readers split on what that means",
                place,
                "write " + mixture_readings(operands, words),
                mixture_fixes(operands, words),
            )
        return s.Group(place, "all" if kinds == {"AND"} else "any", 0, tuple(operands), infix=True)

    def negated(self, parts: list[Part]) -> s.Expression:
        if isinstance(parts[1], s.Unreadable):
            return parts[1]
        if nested(parts[1], s.Not) >= LONGEST_ROW:
            return self.refuse("R107", f"more than {LONGEST_ROW} NOT in a row", span(parts), "two of them cancel out")
        return s.Not(span(parts), parts[1])

    def comparison(self, parts: list[Part]) -> s.Expression:
        if len(parts) > 3:
            return self._chained(parts)
        left, operator, right = parts
        return s.Comparison(span(parts), canonical(operator.text), left, right)

    def _chained(self, parts: list[Part]) -> s.Expression:
        """`18 ≤ age ≤ 75`."""
        operands, signs = parts[0::2], [canonical(sign.text) for sign in parts[1::2]]
        help = "for a range write `x BETWEEN low AND high` (both ends belong to it)"
        fixes: tuple[Fix, ...] = ()
        if signs in (["≤", "≤"], ["≥", "≥"]):
            low, high = (operands[0], operands[2]) if signs[0] == "≤" else (operands[2], operands[0])
            form = f"{operands[1].place.text} BETWEEN {low.place.text} AND {high.place.text}"
            help, fixes = f"write `{form}`; both ends belong to it", (replacement(span(parts), form),)
        return self.refuse("R104", "a comparison has two sides", span(parts), help, fixes)

    def between(self, parts: list[Part]) -> s.Expression:
        subject, _, low, _, high = parts
        return s.Between(span(parts), subject, low, high)

    def is_option(self, parts: list[Part]) -> s.Expression:
        subject, _, negated, option = parts
        return s.IsOption(span(parts), subject, negated is not None, self.name([option]))

    def is_known(self, parts: list[Part]) -> s.Expression:
        return s.IsKnown(span(parts), parts[0], parts[2] is not None)

    def in_options(self, parts: list[Part]) -> s.Expression:
        subject, negated, _, *options, _ = parts
        return s.InOptions(span(parts), subject, negated is not None, tuple(self.name([option]) for option in options))

    def includes(self, parts: list[Part]) -> s.Expression:
        return s.Includes(span(parts), parts[0], self.name(parts[2:]))

    def windowed(self, parts: list[Part]) -> s.Expression:
        return s.Windowed(span(parts), parts[0], parts[1])

    def window_within(self, parts: list[Part]) -> s.Window:
        _, length, direction, anchor = parts
        return s.Window(span(parts), "within", direction.text.lower(), length, anchor)

    def window_length(self, parts: list[Part]) -> s.Window:
        word, length, direction, anchor = parts
        kind = {"AT_LEAST": "at least", "LESS_THAN": "less than", "MORE_THAN": "more than"}[word.type]
        return s.Window(span(parts), kind, direction.text.lower(), length, anchor)

    def window_side(self, parts: list[Part]) -> s.Window:
        direction, anchor = parts
        return s.Window(span(parts), "side", direction.text.lower(), None, anchor)

    def arithmetic(self, parts: list[Part]) -> s.Expression:
        left, operator, right = parts
        place = span(parts)
        if chain_length(left) + 2 > LONGEST_CHAIN:
            return self.refuse("R107", f"more than {LONGEST_CHAIN} terms in one calculation", place)
        return s.Arithmetic(place, canonical(operator.text), left, right)

    def negative(self, parts: list[Part]) -> s.Expression:
        if isinstance(parts[1], s.Unreadable):
            return parts[1]
        if nested(parts[1], s.Negative) >= LONGEST_ROW:
            return self.refuse("R107", f"more than {LONGEST_ROW} minus signs in a row", span(parts), "two cancel out")
        return s.Negative(span(parts), parts[1])

    def date_literal(self, parts: list[Token]) -> s.Expression:
        return s.DateLiteral(parts[0].place, self.date(parts[0]))

    def date(self, token: Token) -> str:
        """The text of a date, in the one form that everybody reads alike; refused in another."""
        text = token.text
        match = re.fullmatch(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})", text)
        if match:
            form = f"{match.group(1)}-{int(match.group(2)):02d}-{int(match.group(3)):02d}"
            if form != text:
                fixes: tuple[Fix, ...] = (replacement(token.place, form, certain=True),)
                self.refuse("R118", f"`{text}`: a date is written year-month-day, as in `2026-03-02`", token.place,
                            f"write `{form}`", fixes)  # fmt: skip
            return form
        match = re.fullmatch(r"(\d{1,2})[-./](\d{1,2})[-./](\d{4})", text)
        if match is None:
            return text
        one, two, year = int(match.group(1)), int(match.group(2)), match.group(3)
        orders = dict.fromkeys(
            f"{year}-{month:02d}-{day:02d}" for day, month in ((one, two), (two, one)) if month <= 12
        )
        forms = [*orders]
        if not forms:
            return self._no_date(token)
        fixes = tuple(replacement(token.place, form, certain=len(orders) == 1) for form in forms)
        what = "is written year-month-day" if len(orders) == 1 else "does not say which is the day and which the month"
        self.refuse("R118", f"`{text}` {what}", token.place, "write " + " or ".join(f"`{f}`" for f in forms), fixes)
        return forms[0]

    def _no_date(self, token: Token) -> str:
        self.refuse(
            "R118", f"`{token.text}` is no date", token.place, "a date is written year-month-day, as in `2026-03-02`"
        )
        return "2000-01-01"

    def name(self, parts: Sequence[Token]) -> s.Name:
        return s.Name(parts[0].place, parts[0].text)

    def mark(self, parts: list[Token]) -> s.Mark:
        return s.Mark(parts[0].place, bare_mark(parts[0].text), mark_style(parts[0].text))

    def mark_range(self, parts: list[Token]) -> s.MarkRange:
        return s.MarkRange(span(parts), self.mark(parts[:1]), self.mark(parts[1:]))

    def limit_of(self, parts: list[Part]) -> s.Expression:
        return s.LimitOf(span(parts), parts[0].text, parts[2])

    def attribute_of(self, parts: list[Part]) -> s.Expression:
        if isinstance(parts[2], s.AttributeOf):
            return self.refuse(
                "R104", "OF OF: an attribute has no attributes", span(parts), "write `grade OF LATEST(event)`"
            )
        return s.AttributeOf(span(parts), self.name(parts[:1]), parts[2])

    def call(self, parts: list[Part]) -> s.Expression:
        return s.Call(span(parts[:1] + parts[2:]), self.name(parts[:1]), parts[1])

    def where(self, parts: list[Part]) -> s.Expression:
        return s.Where(span(parts), self.name(parts[:1]), parts[2])

    def group(self, parts: list[Part]) -> s.Expression:
        word, elements, end = parts
        return s.Group(span([word, end]), word.text.lower(), 0, elements)

    def count_group(self, parts: list[Part]) -> s.Expression:
        word, count, _, elements, end = parts
        kind = {"AT_LEAST": "at least", "AT_MOST": "at most", "EXACTLY": "exactly"}[word.type]
        number = self.number([count, None])
        if number.value.denominator != 1:
            return self.refuse("R104", f"{number.text} is not a whole number", number.place)
        return s.Group(span([word, end]), kind, whole(number), elements)

    def function(self, parts: list[Part]) -> s.Expression:
        word, elements, end = parts
        return s.Function(span([word, end]), re.sub(" +", " ", word.text).lower(), elements)

    def elapsed(self, parts: list[Part]) -> s.Expression:
        unit, _, start, _, end = parts
        return s.Elapsed(span(parts), unit.text.lower(), start, end)

    def parenthesised(self, parts: list[Part]) -> Part:
        return parts[0]

    def elements(self, parts: list[Part]) -> tuple[s.Expression, ...]:
        return tuple(parts)

    def number(self, parts: Sequence[Part]) -> s.Number:
        token, unit = parts
        value = self._exact(token)
        place = span([token, unit])
        return s.Number(place, value, unit.text if unit else None, unit.place if unit else None, token.text)

    def signed(self, parts: list[Part]) -> s.Number:
        minus, token = parts
        value = self._exact(token)
        sign = "−" if minus is not None else ""
        return s.Number(span(parts), -value if sign else value, None, None, sign + token.text)

    def _exact(self, token: Token) -> Fraction:
        text = token.text
        if re.match(r"\d+,\d+", text) and not re.match(r"\d{1,3}(?:,\d{3})+(?!\d)", text):
            form = text.replace(",", ".", 1)
            fixes = [replacement(token.place, form)]
            help = f"write `{form}`"
            before = token.place.source.text[: token.place.start].rpartition("\n")[2]
            if before.count("(") > before.count(")") or "|" in before:  # a list may stand here
                both = text.replace(",", ", ", 1)
                fixes.append(replacement(token.place, both, title="write a space: two values"))
                help += f"; two values are `{both}`"
            self.refuse("R112", f"`{text}` has a decimal comma", token.place, help, tuple(fixes))
            text = form
        elif "," in text:
            form = text.replace(",", "")
            message = f"{text} has a thousands comma, which could be read as a list or a decimal"
            self.refuse("R108", message, token.place, f"write `{form}`", (replacement(token.place, form),))
            text = text.replace(",", "")
        digits, _, power = text.replace(" ", "").replace("−", "-").replace("*", "×").rpartition("10^")
        mantissa = digits.rstrip("×") if power != text else text
        if "10^" not in text:
            mantissa, power = text, "0"
        if len(mantissa) > MOST_DIGITS or len(power) > 4 or abs(int(power)) > HIGHEST_POWER:
            self.refuse("R108", "this number is longer than any measurement", token.place)
            return Fraction(0)
        return Fraction(mantissa or 1) * Fraction(10) ** int(power)


def canonical(operator: str) -> str:
    return OPERATORS.get(operator, operator)


def bare_mark(text: str) -> str:
    """`①`, `(1)`, `[1]`, `1.` and `1)` are all `1`."""
    if "①" <= text <= "⑳":
        return str(ord(text) - ord("①") + 1)
    return text.strip("()[].").strip()


def mark_style(text: str) -> str:
    if "①" <= text[0] <= "⑳" or text[0] == "[":
        return "circled"
    return "parenthesised"


def whole(number: s.Number) -> int:
    return int(number.value)


def chain_length(expression: Part) -> int:
    length = 0
    while isinstance(expression, s.Arithmetic):
        length, expression = length + 1, expression.left
    return length


def nested(expression: Part, kind: type[s.Not] | type[s.Negative]) -> int:
    depth = 0
    while isinstance(expression, kind):
        depth, expression = depth + 1, expression.operand
    return depth


def mixture_readings(operands: Sequence[Part], words: Sequence[Token]) -> str:
    """The two ways to read a mixture such as `a AND b OR c`: the one word binds first, or the other."""
    pieces = [shortened(operand.place.text) for operand in operands]
    names = [re.sub(" +", " ", word.text) for word in words]
    kinds = list(dict.fromkeys(names))
    if len(kinds) < 2:  # EXCEPT twice: from the left, or from the right
        return f"`({pieces[0]} {names[0]} {pieces[1]}) …` or `{pieces[0]} {names[0]} ({pieces[1]} …)`"
    if len(pieces) > 6 or len(kinds) > 2:
        return f"`(… {kinds[0]} …) {kinds[1]} …` or `… {kinds[0]} (… {kinds[1]} …)`"
    return " or ".join(f"`{bound_first(pieces, names, kind)}`" for kind in kinds)


def mixture_fixes(operands: Sequence[Part], words: Sequence[Token]) -> tuple[Fix, ...]:
    """The two ways to put parentheses into a mixture of AND and OR."""
    place = span(operands)
    names = [word.text for word in words]
    pieces = [operand.place.text for operand in operands]
    if "#" in place.text or "\n" in place.text or len(pieces) > 6:
        return ()
    return tuple(
        replacement(place, bound_first(pieces, names, kind), title=f"put parentheses round what {kind} joins")
        for kind in dict.fromkeys(names)
    )


def mixed_words(kinds: Sequence[str]) -> str:
    """Which of EXCEPT, WAIVED IF and IF … THEN are mixed, or stand twice."""
    named = {"EXCEPT": "EXCEPT", "WAIVED_IF": "WAIVED IF", "THEN": "IF … THEN"}
    words = [named[kind] for kind in dict.fromkeys(kinds)]
    if len(words) == 1:
        return f"{words[0]} stands {'twice' if len(kinds) == 2 else 'several times'}"
    return f"{', '.join(words[:-1])} and {words[-1]} are mixed"


def exception_readings(operands: Sequence[Part], words: Sequence[Token], kinds: Sequence[str]) -> str:
    """The ways to read EXCEPT, WAIVED IF and THEN in one condition."""
    if kinds[0] == "THEN" and len(kinds) == 2:  # an IF stands for itself, so there is one way only
        first, second, third = (shortened(operand.place.text) for operand in operands)
        return f"`IF {first} THEN ({second} {re.sub(' +', ' ', words[1].text)} {third})`"
    if "THEN" in kinds:
        return "`IF … THEN (… EXCEPT …)`"
    return mixture_readings(operands, words)


def bound_first(pieces: Sequence[str], names: Sequence[str], first: str) -> str:
    """The mixture with parentheses round what stands between the words `first`."""
    runs = [[pieces[0]]]
    between = []
    for name, piece in zip(names, pieces[1:], strict=True):
        if name == first:
            runs[-1].append(piece)
        else:
            between.append(name)
            runs.append([piece])
    shown = [f"({f' {first} '.join(run)})" if len(run) > 1 else run[0] for run in runs]
    return shown[0] + "".join(f" {name} {run}" for name, run in zip(between, shown[1:], strict=True))


def shortened(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 40 else flat[:37] + "…"
