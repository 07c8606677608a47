"""The names of a protocol: what each stands for, and where it was declared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..language import syntax as s
from ..language.diagnostics import ERROR, Diagnostic, did_you_mean
from ..language.source import Place
from .model import Definition, Item, Reading, Table
from .types import Type


class Findings:
    """Diagnostics as they are found; nobody reads them before the passes are through."""

    def __init__(self) -> None:
        self.all: list[Diagnostic] = []

    def error(
        self, code: str, message: str, place: Place, help: str = "", hops: tuple[tuple[str, Place], ...] = ()
    ) -> None:
        self.all.append(Diagnostic(code, message, place, help, ERROR, hops))

    def warning(self, code: str, message: str, place: Place, help: str = "") -> None:
        self.all.append(Diagnostic(code, message, place, help, "warning"))


@dataclass(frozen=True)
class NamedCriterion:
    """A criterion as others may refer to it. `siblings` is the body it stands in."""

    id: str
    syntax: s.Criterion
    kind: str
    part: str | None
    parent: NamedCriterion | None
    children: tuple[NamedCriterion, ...] = field(default=(), compare=False)

    @property
    def key(self) -> tuple[str, str] | None:
        """Style and label by which a marker refers to it."""
        return marker_key(self.syntax)

    @property
    def only_notes(self) -> bool:
        body = self.syntax.body
        return bool(body.notes) and not body.formulas and not body.children and not body.broken


def marker_key(criterion: s.Criterion) -> tuple[str, str] | None:
    if criterion.label is None:
        return None
    circled = "①" <= criterion.marker[0] <= "⑳" or criterion.marker[0] == "["
    return ("circled" if circled else "parenthesised", criterion.label)


@dataclass
class Scope:
    """Everything that can be referred to by name. A name whose declaration was wrong is in `broken`: whoever uses it
    gets no second error."""

    findings: Findings
    readings: dict[str, Reading] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    definition_types: dict[str, Type] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    criteria_by_id: dict[str, NamedCriterion] = field(default_factory=dict)
    criteria_by_name: dict[tuple[str | None, str], NamedCriterion] = field(default_factory=dict)
    markers: dict[int, dict[tuple[str, str], NamedCriterion]] = field(default_factory=dict)
    criterion_names: set[str] = field(default_factory=set)
    blocks: dict[tuple[str | None, str], tuple[NamedCriterion, ...]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    bodies: dict[tuple[str | None, str], s.CriterionBody] = field(default_factory=dict)
    misplaced: set[str] = field(default_factory=set)
    suggestions: int = 40

    def names(self) -> Iterable[str]:
        yield from self.items
        yield from self.definition_types
        yield from self.readings
        yield from self.tables
        for part, name in self.criteria_by_name:
            yield f"{part}.{name}" if part else name

    def suggest(self, word: str, known: Iterable[str]) -> str:
        """A suggestion for a misspelt word. After many there are no more: they take time, and nobody reads on."""
        self.suggestions -= 1
        return did_you_mean(word, known) if self.suggestions >= 0 else ""

    def is_name(self, name: str) -> bool:
        families = (self.items, self.definition_types, self.readings, self.tables)
        return any(name in family for family in families) or name in self.criterion_names

    def unknown_name(self, name: str, place: Place, also: Iterable[str] = ()) -> None:
        if not self.broken.isdisjoint(name.split(".")):
            return
        self.broken.add(name)  # one report for each name, however often it is used
        near = self.suggest(name, [*self.names(), *also]) if self.suggestions > 0 else ""
        help = near or f'declare it under `data` or `define`, as in `{name} "what it is" yes/no`'
        self.findings.error("R201", f"`{name}` is not declared", place, help)
