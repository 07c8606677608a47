"""Where the names of a rules file stand: each declaration and each use, with what it is the name of.

Read off the syntax tree, so that a file with errors elsewhere still has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

from ..language import syntax as s
from ..language.source import Place
from ..protocol.criteria import register
from ..protocol.expression_types import ExpressionChecker
from ..protocol.scope import Findings, NamedCriterion, Scope
from ..protocol.typed import Context

_WORD = re.compile(r"\"[^\"\n]*\"?|#[^\n]*|(?P<word>[^\W\d]\w*(?:\.\w+)*)")


@dataclass(frozen=True)
class Symbol:
    """`kind`: name (items, definitions, tables, readings share their names), criterion (`name` is its id), option
    (`item.option`), attribute (`event.attribute`), example, part, library."""

    kind: str
    name: str


@dataclass(frozen=True)
class Occurrence:
    symbol: Symbol
    place: Place
    declares: bool = False


@dataclass(frozen=True)
class Inside:
    """Where an expression stands: the event of WHERE, the criterion whose formula it is."""

    event: str | None = None
    context: Context = Context()  # noqa: RUF009 (frozen)


class Names:
    """The occurrences of one file. `declared` are items of other files whose options and attributes are known too."""

    def __init__(self, file: s.File, libraries: tuple[s.File, ...] = ()) -> None:
        self.file = file
        every = (*libraries, file)
        self.options = {i.name.name: {o.name for o in i.type.options} for f in every for i in f.items}
        self.options |= {r.name.name: {o.name for o in r.options} for f in every for r in f.readings}
        self.attributes = {i.name.name: {a.name.name for a in i.attributes} for f in every for i in f.items}
        self.plain: set[str] = set()
        for f in every:
            self.plain |= {each.name.name for each in f.items} | {each.name.name for each in f.definitions}
            self.plain |= {each.name.name for each in f.tables} | {each.name.name for each in f.readings}
        self.scope = Scope(Findings())
        register(file, self.scope)
        self.checker = ExpressionChecker(self.scope)

    def all(self) -> list[Occurrence]:
        found = list(self._found())
        return sorted(found, key=lambda each: (each.place.start, each.place.end))

    def _found(self) -> Iterator[Occurrence]:
        yield from self._declarations()
        for criterion in self.scope.criteria_by_id.values():
            yield from self._criterion(criterion)
        for (part, kind), body in self.scope.bodies.items():
            for formula in body.formulas:
                yield from self._uses(formula, Inside(context=Context(block=(part, kind))))
        for example in self.file.examples:
            yield from self._example(example)
        for token in self.file.tokens:
            if token.type == "BROKEN":
                yield from self._in_broken(token.place)

    # ---- statements that cannot be read

    def _in_broken(self, place: Place) -> Iterator[Occurrence]:
        """The names that stand in a statement that cannot be read: it is still about them, and renaming one must not
        leave it behind."""
        owners: list[str] = []
        for found in _WORD.finditer(place.text):
            word = found.group("word")
            if not word:
                continue
            here = Place(place.source, place.start + found.start(), place.start + found.end())
            named = self.scope.criteria_by_name.get((None, word)) or self.scope.criteria_by_id.get(word)
            owner = next((each for each in reversed(owners) if word in self.options.get(each, ())), None)
            if owner and word not in self.plain:
                yield Occurrence(Symbol("option", f"{owner}.{word}"), here)
            elif word in self.plain:
                yield Occurrence(Symbol("name", word), here)
                owners.append(word)
            elif named:
                yield Occurrence(Symbol("criterion", named.id), here)

    # ---- declarations

    def _declarations(self) -> Iterator[Occurrence]:
        file = self.file
        for use in file.uses:
            yield Occurrence(Symbol("library", use.name.name), use.name.place)
        for reading in file.readings:
            yield from self._declared(reading.name)
            yield from self._declared_options(reading.name.name, reading.options)
            if reading.chosen:
                yield Occurrence(Symbol("option", f"{reading.name.name}.{reading.chosen.name}"), reading.chosen.place)
        for item in file.items:
            yield from self._item(item)
        for definition in file.definitions:
            yield from self._declared(definition.name)
            yield from self._uses(definition.expression, Inside())
        for table in file.tables:
            yield from self._declared(table.name)
        for part in file.parts:
            yield Occurrence(Symbol("part", part.name.name), part.name.place, True)

    def _declared(self, name: s.Name) -> Iterator[Occurrence]:
        yield Occurrence(Symbol("name", name.name), name.place, True)

    def _declared_options(self, owner: str, options: tuple[s.Option, ...]) -> Iterator[Occurrence]:
        for option in options:
            yield Occurrence(Symbol("option", f"{owner}.{option.name}"), option.place, True)

    def _item(self, item: s.Item, event: str | None = None) -> Iterator[Occurrence]:
        name = item.name.name
        if event:
            yield Occurrence(Symbol("attribute", f"{event}.{name}"), item.name.place, True)
        else:
            yield from self._declared(item.name)
            yield from self._declared_options(name, item.type.options)
        for line in item.lines:
            if line.expression is not None and line.kind == "otherwise":
                if isinstance(line.expression, s.Name) and line.expression.name in self.options.get(name, ()):
                    yield self._option(name, line.expression)
                else:
                    yield from self._uses(line.expression, Inside())
        for attribute in item.attributes:
            yield from self._item(attribute, name)

    def _criterion(self, named: NamedCriterion) -> Iterator[Occurrence]:
        node = named.syntax
        place = (
            node.name.place
            if node.name
            else Place(node.place.source, node.place.start, node.place.start + len(node.marker))
        )
        yield Occurrence(Symbol("criterion", named.id), place, True)
        context = Context(criterion=named, block=(named.part, named.kind))
        for formula in node.body.formulas:
            yield from self._uses(formula, Inside(context=context))

    def _example(self, example: s.Example) -> Iterator[Occurrence]:
        yield Occurrence(Symbol("example", example.name.name), example.name.place, True)
        if example.like:
            yield Occurrence(Symbol("example", example.like.name), example.like.place)
        for given in example.given:
            yield Occurrence(Symbol("name", given.name.name), given.name.place)
            for value in given.values:
                if isinstance(value.value, str) and value.value in self.options.get(given.name.name, ()):
                    yield Occurrence(Symbol("option", f"{given.name.name}.{value.value}"), value.place)
        names = [each.subject for each in example.expectations if each.subject]
        names += [name for line in example.reasons for name, _ in line.reasons]
        for name in names:
            if name.name in self.scope.criteria_by_id:
                yield Occurrence(Symbol("criterion", name.name), name.place)
        for line in example.facts:
            for name in line.names:
                yield Occurrence(Symbol("name", name.name), name.place)

    # ---- uses in expressions

    def _option(self, owner: str, name: s.Name) -> Occurrence:
        return Occurrence(Symbol("option", f"{owner}.{name.name}"), name.place)

    def _uses(self, node: object, inside: Inside) -> Iterator[Occurrence]:
        match node:
            case s.Name():
                yield from self._name(node, inside)
            case s.Mark() as mark:
                named = self.checker.marked(mark, inside.context)
                if named:
                    yield Occurrence(Symbol("criterion", named.id), mark.place)
            case s.IsOption(subject=subject, option=option) | s.Includes(subject=subject, option=option):
                yield from self._options_of(subject, (option,), inside)
            case s.InOptions(subject=subject, options=options):
                yield from self._options_of(subject, options, inside)
            case s.AttributeOf(attribute=attribute, subject=subject):
                yield from self._attribute(attribute, subject)
                yield from self._uses(subject, inside)
            case s.Call(table=table, arguments=arguments):
                yield Occurrence(Symbol("name", table.name), table.place)
                yield from self._uses(arguments, inside)
            case s.Where(event=event, condition=condition):
                yield Occurrence(Symbol("name", event.name), event.place)
                yield from self._uses(condition, Inside(event.name, inside.context))
            case tuple():
                for each in node:
                    yield from self._uses(each, inside)
            case s.Node() if is_dataclass(node):
                for field in fields(node):
                    yield from self._uses(getattr(node, field.name), inside)

    def _name(self, node: s.Name, inside: Inside) -> Iterator[Occurrence]:
        if inside.event and node.name in self.attributes.get(inside.event, ()):
            yield Occurrence(Symbol("attribute", f"{inside.event}.{node.name}"), node.place)
            return
        part = inside.context.block[0] if inside.context.block else None
        named = self.scope.criteria_by_name.get((part, node.name)) or self.scope.criteria_by_id.get(node.name)
        if named and node.name not in self.plain:
            yield Occurrence(Symbol("criterion", named.id), node.place)
        elif node.name not in ("yes", "no"):
            yield Occurrence(Symbol("name", node.name), node.place)

    def _options_of(self, subject: s.Expression, options: tuple[s.Name, ...], inside: Inside) -> Iterator[Occurrence]:
        yield from self._uses(subject, inside)
        if isinstance(subject, s.Name):
            yield from (self._option(subject.name, each) for each in options)

    def _attribute(self, attribute: s.Name, subject: object) -> Iterator[Occurrence]:
        """`grade OF LATEST(e)`: the event is the first name below."""
        event = next((n for n in _names(subject) if n.name in self.attributes), None)
        if event and attribute.name in self.attributes[event.name]:
            yield Occurrence(Symbol("attribute", f"{event.name}.{attribute.name}"), attribute.place)


def _names(node: object) -> Iterator[s.Name]:
    if isinstance(node, s.Name):
        yield node
    elif isinstance(node, tuple):
        for each in node:
            yield from _names(each)
    elif isinstance(node, s.Node) and is_dataclass(node):
        for field in fields(node):
            yield from _names(getattr(node, field.name))
