"""What the documents of a protocol say, arranged for the templates: plain frozen data, every text unescaped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..graph.build import RuleGraph
from ..language.syntax import Text
from ..protocol import expressions as x
from ..protocol.model import Block, Criterion, Escalation, Item, Part, Scheme, Table, TableColumn
from ..theme import BUNDLED, Theme
from ..words.phrases import Phrase, Words
from ..words.pieces import capital, criterion_marker, criterion_sentence
from ..words.tables import cell_words, result_words, span_words
from .abbreviations import abbreviations_of
from .fingerprint import fingerprint_of
from .kinds import definition_kind, item_kind

FIRST_CHAPTER = 5  # eligibility is section 5 of a protocol after the ICH M11 template


@dataclass(frozen=True)
class Row:
    """One criterion or child: printed marker, sentence, exact condition (None for a remark). `numbering` says how its
    marker counts: decimal, circled, letter, roman or none, and `number` which one it is; `formula` that it is made of
    the children below it, `conditional` that it may be not applicable."""

    id: str
    marker: str
    depth: int
    numbering: str
    number: int
    sentence: str
    condition: Phrase | None
    formula: bool
    conditional: bool
    notes: tuple[str, ...]
    sources: tuple[str, ...]
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Section:
    """Inclusion or exclusion. Without a written `formula` all, or none, of the criteria must hold."""

    kind: str
    title: str
    anchor: str
    formula: Phrase | None
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class PartContent:
    name: str | None
    title: str
    anchor: str
    sections: tuple[Section, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A table: header and rows of texts; the last `results` columns are results."""

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    results: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DefinitionContent:
    name: str
    label: str
    kind: str
    phrase: Phrase
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ReadingContent:
    name: str
    label: str
    taken: str
    passed: tuple[str, ...]
    because: str


@dataclass(frozen=True)
class ItemContent:
    name: str
    label: str
    kind: str
    unit: str
    range: str
    options: tuple[tuple[str, str], ...]
    codes: tuple[str, ...]
    ask: str
    otherwise: str
    notes: tuple[str, ...]
    attributes: tuple[str, ...]
    criteria: tuple[str, ...]


@dataclass(frozen=True)
class EscalationContent:
    name: str
    title: str
    anchor: str
    facts: tuple[tuple[str, str], ...]
    schemes: tuple[Grid, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Chapter:
    """A heading: what it stands over (`of` is its content), its number as in `5.2`, its place in a page."""

    kind: str
    number: str
    level: int
    title: str
    anchor: str
    of: Any = None


@dataclass(frozen=True)
class Content:
    """A protocol as documents show it, in one language. `remarks` are notes of criteria by their ids, `fingerprint`
    identifies the rules files that it was made from."""

    id: str
    title: str
    language: str
    terms: Mapping[str, Any]
    attributes: tuple[tuple[str, str], ...]
    parts: tuple[PartContent, ...]
    definitions: tuple[DefinitionContent, ...]
    tables: tuple[Grid, ...]
    readings: tuple[ReadingContent, ...]
    escalations: tuple[EscalationContent, ...]
    items: tuple[ItemContent, ...]
    remarks: tuple[tuple[str, str], ...]
    sources: tuple[tuple[str, str], ...]
    abbreviations: tuple[tuple[str, str], ...]
    fingerprint: str

    @cached_property
    def chapters(self) -> tuple[Chapter, ...]:
        """The headings in their order; what a protocol does not have is left out."""
        titles = self.terms["headings"]
        plan: list[tuple[str, int, str, str, Any]] = []
        plan += [("population", 2, titles["description"], "population", None)] if self.parts else []
        for part in self.parts:
            if part.name:
                plan.append(("part", 2, part.title, part.anchor, part))
            plan += [("criteria", 3 if part.name else 2, each.title, each.anchor, each) for each in part.sections]
        has = {
            "definitions": self.definitions or self.tables,
            "readings": self.readings or self.remarks,
            "data": self.items,
            "abbreviations": self.abbreviations,
            "sources": self.sources,
        }
        plan += [("definitions", 2, titles["definitions"], "definitions", None)] if has["definitions"] else []
        plan += [("escalation", 2, each.title, each.anchor, each) for each in self.escalations]
        plan += [(name, 2, titles[name], name, None) for name, held in has.items() if held and name != "definitions"]
        found = [Chapter("trial", str(FIRST_CHAPTER), 1, titles["trial"], "trial")] if self.parts else []
        before = f"{FIRST_CHAPTER}." if self.parts else ""  # a library is no section of a protocol
        second = third = 0
        for kind, level, title, anchor, of in plan:
            second, third = (second + 1, 0) if level == 2 else (second, third + 1)
            number = f"{before}{second}" + (f".{third}" if level == 3 else "")
            found.append(Chapter(kind, number, level, capital(title), anchor, of))
        return tuple(found)

    def rows(self) -> tuple[Row, ...]:
        """Every criterion and child, in the order of the file."""
        return tuple(row for part in self.parts for section in part.sections for row in section.rows)


def content_of(graph: RuleGraph, readings: Mapping[str, str], language: str = "en", theme: Theme = BUNDLED) -> Content:
    """The content of the documents under a choice of readings, in English (`en`) or Simplified Chinese (`zh`)."""
    return Arranging(graph, Words(graph.protocol, readings, language, theme)).content()


class Arranging:
    """Arranges one protocol for the templates, in the language of the words."""

    def __init__(self, graph: RuleGraph, words: Words) -> None:
        self.graph, self.protocol, self.words, self.terms = graph, graph.protocol, words, words.terms
        self.items_of: dict[str, list[str]] = {}  # of each criterion, in the order of the file
        for name in self.protocol.items:
            for id in graph.criteria_using(name, words.readings):
                self.items_of.setdefault(id, []).append(name)

    def content(self) -> Content:
        protocol, words = self.protocol, self.words
        parts = tuple(self.part(part) for part in protocol.parts)
        definitions = tuple(
            DefinitionContent(
                each.name,
                words.said(each.label),
                definition_kind(each, words),
                words.condition(each.expression),
                self.texts(each.notes),
            )
            for each in protocol.definitions.values()
        )
        tables = tuple(self.table(table) for table in protocol.tables.values())
        readings = tuple(self.reading(name, chosen) for name, chosen in words.readings.items())
        escalations = tuple(self.escalation(each, number) for number, each in enumerate(protocol.escalations, 1))
        sources = tuple((each.id, words.said(source)) for each in protocol.criteria() for source in each.sources)
        remarks = tuple((each.id, words.said(note)) for each in protocol.criteria() for note in each.notes)
        abbreviations = abbreviations_of(protocol, words)
        items = tuple(self.item(item) for item in protocol.items.values())
        names = self.terms["attributes"]
        return Content(
            protocol.id,
            words.said(protocol.title),
            str(self.terms["language"]),
            self.terms,
            tuple(
                (names.get(name, name[:1].upper() + name[1:].replace("_", " ")), words.said(text))
                for name, text in protocol.attributes.items()
            ),
            parts,
            definitions,
            tables,
            readings,
            escalations,
            items,
            remarks,
            sources,
            abbreviations,
            fingerprint_of(protocol),
        )

    def texts(self, texts: tuple[Text, ...]) -> tuple[str, ...]:
        return tuple(self.words.said(text) for text in texts)

    # ---- criteria

    def part(self, part: Part) -> PartContent:
        sections = tuple(self.section(block, part) for block in part.blocks)
        title = self.words.said(part.title) if part.title else (part.name or "").replace("_", " ")
        return PartContent(part.name, title, f"part-{part.name or 'all'}", sections, self.texts(part.notes))

    def section(self, block: Block, part: Part) -> Section:
        title = str(self.terms["headings"][block.kind])
        rows: list[Row] = []
        for criterion in block.criteria:
            rows += self.rows(criterion, 0)
        formula = self.words.condition(block.formula) if block.formula_written else None
        anchor = f"{part.name}-{block.kind}" if part.name else block.kind
        label = f"{title}: {self.words.said(block.label)}" if block.label else title
        return Section(block.kind, label, anchor, formula, tuple(rows), self.texts(block.notes))

    def rows(self, criterion: Criterion, depth: int) -> list[Row]:
        condition = self.words.condition(criterion.condition) if criterion.condition is not None else None
        if criterion.children and not criterion.formula_written and depth == 0:
            condition = Phrase(str(self.words.say.parts_below(len(criterion.children)))) if condition else None
        row = Row(
            criterion.id,
            "–" if criterion.marker in "-−" else criterion_marker(criterion),
            depth,
            *numbering_of(criterion_marker(criterion) if criterion.marker not in "-−" else ""),
            criterion_sentence(criterion, self.words.language),
            condition,
            bool(criterion.children),
            isinstance(criterion.condition, x.IfThen),
            self.texts(criterion.notes),
            self.texts(criterion.sources),
            tuple((name, self.words.label(name)) for name in self.items_of.get(criterion.id, ())),
        )
        found = [row]
        for child in criterion.children:
            found += self.rows(child, depth + 1)
        return found

    def reading(self, name: str, chosen: str) -> ReadingContent:
        reading, words = self.protocol.readings[name], self.words
        taken = next(words.option(option) for option in reading.options if option.name == chosen)
        passed = tuple(words.option(option) for option in reading.options if option.name != chosen)
        because = words.said(reading.because) if reading.because and reading.chosen == chosen else ""
        return ReadingContent(name, words.said(reading.label), taken, passed, because)

    def item(self, item: Item) -> ItemContent:
        words = self.words
        span = item.attributes[0].span if item.repeated else item.span
        return ItemContent(
            item.name,
            words.said(item.label),
            item_kind(item, words),
            words.unit(item.unit.text) if item.unit else "",
            span_words(span.low, span.high, words) if span and item.kind != "count" else "",  # a count tells its own
            tuple((option.name, words.option(option)) for option in item.options),
            tuple(f"{system} {code}" for system, code in item.codes),
            words.said(item.ask) if item.ask else "",
            words.value(item.otherwise) if item.otherwise is not None else "",
            self.texts(item.notes),
            tuple(f"{words.said(each.label)} ({item_kind(each, words)})" for each in item.attributes),
            tuple(self.graph.criteria_using(item.name, words.readings)),
        )

    # ---- tables

    def table(self, table: Table) -> Grid:
        header = tuple(self.column(column) for column in (*table.inputs, *table.outputs))
        rows = tuple(
            (
                *(cell_words(c, self.words, i) for c, i in zip(row.cells, table.inputs, strict=True)),
                *(result_words(v, self.words, o) for v, o in zip(row.results, table.outputs, strict=True)),
            )
            for row in table.rows
        )
        title = self.words.said(table.label)
        return Grid(table.name, title, header, rows, len(table.outputs), self.texts(table.notes))

    def column(self, column: TableColumn) -> str:
        unit = f" ({self.words.unit(column.unit.text)})" if column.unit and column.unit.text else ""
        return str(self.terms["columns"].get(column.name, column.name.replace("_", " "))) + unit

    def escalation(self, node: Escalation, number: int) -> EscalationContent:
        terms, words = self.terms, self.words
        doses = ", ".join(words.quantity(dose.value, dose.unit.text) for dose in node.doses)
        facts = [(terms["dose_levels"], doses)]
        if node.cohort is not None:
            facts.append((terms["cohort"], str(node.cohort)))
        if node.most is not None:
            facts.append((terms["most_at_level"], str(node.most)))
        schemes = tuple(self.scheme(scheme) for scheme in node.schemes)
        sources = tuple(terms["source_is"].format(source=words.said(source)) for source in node.sources)
        notes = self.texts(node.notes) + sources
        return EscalationContent(
            node.name, words.said(node.label), f"escalation-{number}", tuple(facts), schemes, notes
        )

    def scheme(self, scheme: Scheme) -> Grid:
        inputs, results = self.terms["drawn_inputs"], self.terms["columns"]
        header = (
            *(inputs.get(name, name.replace("_", " ")) for name in scheme.inputs),
            results.get(scheme.result, scheme.result.replace("_", " ")),
        )
        rows = tuple(
            (*(cell_words(cell, self.words) for cell in row.cells), result_words(row.results[0], self.words))
            for row in scheme.rows
        )
        title = self.words.said(scheme.label) if scheme.label else scheme.name.replace("_", " ")
        return Grid(scheme.name, title, header, rows, 1)


def numbering_of(marker: str) -> tuple[str, int]:
    """How a printed marker counts, and which number it is: `(2)` decimal, `③` circled, `(b)` letter, `(iv)` roman."""
    if marker and "①" <= marker[0] <= "⑳":
        return "circled", ord(marker[0]) - ord("①") + 1
    bare = marker.strip("()")
    if bare.isdigit():
        return "decimal", int(bare)
    if len(bare) > 1 or bare in ("i", "v", "x"):
        number = _roman(bare)
        return ("roman", number) if number else ("none", 0)
    return ("letter", ord(bare) - ord("a") + 1) if bare and "a" <= bare <= "z" else ("none", 0)


def _roman(text: str) -> int:
    worth = {"i": 1, "v": 5, "x": 10}
    if not text or set(text) - set(worth):
        return 0
    values = [worth[sign] for sign in text]
    return sum(-one if one < other else one for one, other in zip(values, [*values[1:], 0], strict=True))
