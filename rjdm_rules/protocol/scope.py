"""The names of a protocol: what each stands for, and where it was declared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..language import syntax as s
from ..language.diagnostics import ERROR, REMARK, WARNING, Diagnostic, Fix, meant, near_names, replacement
from ..language.in_words import NUMBER_WORDS
from ..language.source import Place, Source
from ..language.vocabulary import KEYWORDS
from ..units.unit import Unit, UnitError, read_unit
from .model import Definition, Item, Protocol, Reading, Table
from .types import Type


class Findings:
    """Diagnostics as they are found; nobody reads them before the passes are through."""

    def __init__(self) -> None:
        self.all: list[Diagnostic] = []

    def error(
        self,
        code: str,
        message: str,
        place: Place,
        help: str = "",
        hops: tuple[tuple[str, Place], ...] = (),
        fixes: tuple[Fix, ...] = (),
    ) -> None:
        self.all.append(Diagnostic(code, message, place, help, ERROR, hops, fixes))

    def warning(
        self, code: str, message: str, place: Place, help: str = "", hops: tuple[tuple[str, Place], ...] = ()
    ) -> None:
        """Something that is probably not meant."""
        self.all.append(Diagnostic(code, message, place, help, WARNING, hops))

    def remark(self, code: str, message: str, place: Place, help: str = "") -> None:
        """Something that would make the file better."""
        self.all.append(Diagnostic(code, message, place, help, REMARK))


Advice = Callable[[Protocol, Findings, Source], None]  # looks at one thing in the file that is checked


def unit_at(text: str, place: Place, findings: Findings) -> Unit | None:
    """The unit written at a place; reported where there is no such unit."""
    try:
        return read_unit(text)
    except UnitError as error:
        certain = text == f"{error.near}."
        fixes = (replacement(place, error.near, certain),) if error.near else ()
        findings.error("R401", str(error), place, error.help, fixes=fixes)
        return None


RESERVED = ("yes", "no", "id", "unknown")
NUMBERED = re.compile(r"[IE]\d+")  # how criteria are called
CRITERION = re.compile(r"(?:\w+\.)?[IE]\d+(?:\.\w+)*")


def may_name(name: s.Name, findings: Findings) -> bool:
    """Whether a name is free to be declared; reported where it has a meaning of its own."""
    if "." in name.name or name.name in RESERVED or NUMBERED.fullmatch(name.name):
        own = "it means a criterion" if NUMBERED.fullmatch(name.name) else "it has a meaning of its own"
        own = "a name has no dot" if "." in name.name else own
        findings.error("R208", f"`{name.name}` cannot be declared: {own}", name.place, "choose another name")
        return False
    return True


@dataclass(frozen=True)
class NamedCriterion:
    """A criterion as others may refer to it; `syntax` is how it was written."""

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
    markers: dict[int, dict[tuple[str, str], NamedCriterion]] = field(default_factory=dict)  # by the level's identity
    positions: dict[int, dict[str, int]] = field(default_factory=dict)  # by the level's identity
    criterion_names: set[str] = field(default_factory=set)
    blocks: dict[tuple[str | None, str], tuple[NamedCriterion, ...]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    bodies: dict[tuple[str | None, str], s.CriterionBody] = field(default_factory=dict)
    misplaced: set[str] = field(default_factory=set)
    misplaced_formulas: set[Place] = field(default_factory=set)
    suggestions: int = 40
    _known_homes: tuple[dict[str, list[str]], dict[str, list[Item | Reading]]] | None = None

    def names(self) -> Iterable[str]:
        yield from self.items
        yield from self.definition_types
        yield from self.readings
        yield from self.tables
        for part, name in self.criteria_by_name:
            yield f"{part}.{name}" if part else name

    def suggest(self, word: str, place: Place, known: Iterable[str]) -> tuple[str, tuple[Fix, ...]]:
        """A suggestion for a misspelt word, in words and as fixes. After many there are no more: they take time, and
        nobody reads on."""
        self.suggestions -= 1
        near = near_names(word, known) if self.suggestions >= 0 else []
        return meant(near), tuple(replacement(place, each) for each in near)

    def declared(self, name: str) -> tuple[str, Place | None] | None:
        """What a name was declared as, and where."""
        for what, family in (("data item", self.items), ("reading", self.readings), ("table", self.tables)):
            if name in family:
                return what, family[name].place
        if name in self.definition_types:
            return "definition", self.definitions[name].place if name in self.definitions else None
        return ("criterion", None) if name in self.criterion_names else None

    def is_free(self, name: s.Name) -> bool:
        """Whether a name may be declared now; reported where it may not."""
        if not may_name(name, self.findings):
            self.broken.add(name.name)
            return False
        other = self.declared(name.name)
        if other is not None:
            what, place = other
            help = "items, readings, definitions, tables and criteria share their names; choose another"
            hops = ((f"the {what}", place),) if place else ()
            self.findings.error("R206", f"the name `{name.name}` is taken by a {what}", name.place, help, hops)
        return other is None

    def unknown_name(self, name: str, place: Place, also: Iterable[str] = ()) -> None:
        if not self.broken.isdisjoint(name.split(".")):
            return
        self.broken.add(name)  # one report for each name, however often it is used
        if self._slip(name, place):
            return
        if self._belongs_elsewhere(name, place):
            return
        near, fixes = self.suggest(name, place, [*self.names(), *also]) if self.suggestions > 0 else ("", ())
        help = near or f'declare it under `data` or `define`, as in `{name} "what it is" yes/no`'
        self.findings.error("R201", f"`{name}` is not declared", place, help, fixes=fixes)

    def _homes(self) -> tuple[dict[str, list[str]], dict[str, list[Item | Reading]]]:
        """For each attribute the events that have it, for each option the items and readings. Made when the first
        unknown name is met, by which time all of them are entered."""
        if self._known_homes is None:
            attributes: dict[str, list[str]] = {}
            options: dict[str, list[Item | Reading]] = {}
            for item in self.items.values():
                for attribute in item.attributes:
                    attributes.setdefault(attribute.name, []).append(item.name)
            holders: list[Item | Reading] = [*self.items.values(), *self.readings.values()]
            for holder in holders:
                for option in holder.options:
                    options.setdefault(option.name, []).append(holder)
            self._known_homes = attributes, options
        return self._known_homes

    def _belongs_elsewhere(self, name: str, place: Place) -> bool:
        """Reports a name that is known, but not by itself: an attribute, an option, the day of today."""
        head, _, rest = name.rpartition(".")
        attributes, options = self._homes()
        events = [each for each in attributes.get(rest, ()) if head in ("", each)]
        if events:
            event = events[0]
            message = f"`{rest}` is an attribute of `{event}`, and asked for with its event"
            help = f"write `{event} WHERE ({rest} …)`, or `{rest} OF LATEST({event})`"
            self.findings.error("R201", message, place, help)
            return True
        holders = options.get(name, ())
        if holders:
            holder = holders[0].name
            several = isinstance(holders[0], Item) and holders[0].kind == "several of"
            form = f"{holder} {'INCLUDES' if several else 'IS'} {name}"
            fixes = (replacement(place, form),) if len(holders) == 1 else ()
            self.findings.error("R201", f"`{name}` is an option of `{holder}`", place, f"write `{form}`", fixes=fixes)
            return True
        if name.lower() in ("true", "false", "yes", "no"):
            form = "yes" if name.lower() in ("true", "yes") else "no"
            fixes = (replacement(place, form, certain=True),)
            self.findings.error("R201", f"`{name}` is called `{form}` here", place, f"write `{form}`", fixes=fixes)
            return True
        if name.lower() in ("today", "now"):
            help = "name a date of the record, such as `screening`: a verdict does not change from day to day"
            self.findings.error("R201", f"there is no `{name}` in this language", place, help)
            return True
        return False

    def _slip(self, name: str, place: Place) -> bool:
        """Reports a name that is no name: a word of logic in small letters, a number in words, a criterion."""
        upper = name.upper()
        if upper in KEYWORDS and name != upper:
            fixes = (replacement(place, upper, certain=True),)
            message = f"`{name}`: words of logic are written in capitals"
            self.findings.error("R110", message, place, f"write `{upper}`", fixes=fixes)
            return True
        if name.lower() in NUMBER_WORDS:
            figure = NUMBER_WORDS[name.lower()]
            fixes = (replacement(place, figure, certain=True),)
            self.findings.error(
                "R112", f"`{name}`: numbers are written in figures", place, f"write `{figure}`", fixes=fixes
            )
            return True
        if CRITERION.fullmatch(name) and not self.broken.isdisjoint(re.sub(r"^(?:\w+\.)?[IE]", "", name).split(".")):
            return True
        if CRITERION.fullmatch(name):
            there = ", ".join(list(self.criteria_by_id)[:12])
            self.findings.error("R202", f"there is no criterion {name}", place, f"there are {there}" if there else "")
            return True
        return False
