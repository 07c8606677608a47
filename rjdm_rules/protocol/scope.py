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
        return not body.formulas and not body.children and not body.broken


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
    blocks: dict[tuple[str | None, str], tuple[NamedCriterion, ...]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def names(self) -> Iterable[str]:
        yield from self.items
        yield from self.definition_types
        yield from self.readings
        yield from self.tables
        for part, name in self.criteria_by_name:
            yield f"{part}.{name}" if part else name

    def unknown_name(self, name: str, place: Place, also: Iterable[str] = ()) -> None:
        if name in self.broken:
            return
        near = did_you_mean(name, [*self.names(), *also])
        help = near or f"declare it under `data` or `define`, as in `{name} \"what it is\" yes/no`"
        self.findings.error("R201", f"`{name}` is not declared", place, help)
