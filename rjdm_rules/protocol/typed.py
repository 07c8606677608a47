"""What checking an expression gives, where the expression stands, and what every part of the checker shares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from ..language import syntax as s
from ..language.source import Place
from . import expressions as x
from . import types as t
from .model import Item
from .scope import NamedCriterion, Scope
from .terms import LARGEST_CONDITION, quoted, too_large

DEEPEST = 110


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


class Checker:
    """The entry to checking: a method for each kind of written expression is found by its name."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.findings = scope.findings
        self.depth = 0
        self.substance: Fraction | None = None  # the molar mass of the item whose `otherwise` is being checked

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

    def typed(self, node: s.Expression, context: Context) -> Typed | None:
        """The checked expression with its type; None where it has errors, which are reported."""
        if self.depth >= DEEPEST:
            self.findings.error(
                "R107", f"{quoted(node.place)} is nested too deeply", node.place, "give a part a name with `define`"
            )
            return None
        method = getattr(self, "_" + type(node).__name__.lower())
        self.depth += 1
        try:
            typed: Typed | None = method(node, context)
        finally:
            self.depth -= 1
        return typed

    def _unreadable(self, node: s.Unreadable, context: Context) -> None:
        return None
