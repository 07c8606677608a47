"""What the documents of a protocol say, arranged for the templates: plain frozen data, every text unescaped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ..graph.build import RuleGraph
from ..protocol.model import Block, Cell, Criterion, Escalation, Item, Part, Protocol, Scheme, Table, TableColumn
from ..protocol.numbers import number_text
from ..protocol.types import OneOf, Type
from ..words.phrases import Phrase, Words
from ..words.pieces import criterion_marker, unit_words


@dataclass(frozen=True)
class Row:
    """One criterion or child: printed marker, sentence, exact condition (None for a remark)."""

    id: str
    marker: str
    depth: int
    sentence: str
    zh: str | None
    condition: Phrase | None
    formula: bool
    notes: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Section:
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
    zh: str | None
    kind: str
    unit: str
    range: str
    codes: tuple[str, ...]
    ask: str
    otherwise: str
    notes: tuple[str, ...]
    attributes: tuple[str, ...]
    criteria: tuple[str, ...]


@dataclass(frozen=True)
class EscalationContent:
    title: str
    facts: tuple[tuple[str, str], ...]
    schemes: tuple[Grid, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Content:
    id: str
    title: str
    zh: str | None
    attributes: tuple[tuple[str, str], ...]
    parts: tuple[PartContent, ...]
    definitions: tuple[DefinitionContent, ...]
    tables: tuple[Grid, ...]
    readings: tuple[ReadingContent, ...]
    escalations: tuple[EscalationContent, ...]
    items: tuple[ItemContent, ...]
    sources: tuple[tuple[str, str], ...]


def content_of(graph: RuleGraph, readings: Mapping[str, str]) -> Content:
    """The content of the eligibility section under a choice of readings."""
    protocol = graph.protocol
    words = Words(protocol, readings)
    return Content(
        protocol.id,
        protocol.title.text,
        protocol.title.zh,
        tuple((name, text.text) for name, text in protocol.attributes.items()),
        tuple(_part(part, words) for part in protocol.parts),
        tuple(
            DefinitionContent(
                each.name, each.label.text, type_words(each.type), words.condition(each.expression), _texts(each.notes)
            )
            for each in protocol.definitions.values()
        ),
        tuple(_table(table) for table in protocol.tables.values()),
        tuple(_reading(protocol, name, chosen) for name, chosen in readings.items()),
        tuple(_escalation(each) for each in protocol.escalations),
        tuple(_item(item, graph, words) for item in protocol.items.values()),
        tuple((criterion.id, source.text) for criterion in protocol.criteria() for source in criterion.sources),
    )


def _texts(texts: tuple[object, ...]) -> tuple[str, ...]:
    return tuple(str(text) for text in texts)


def _part(part: Part, words: Words) -> PartContent:
    sections = tuple(_section(block, part, words) for block in part.blocks)
    return PartContent(part.name, part.title.text if part.title else "", sections, _texts(part.notes))


def _section(block: Block, part: Part, words: Words) -> Section:
    title = "Inclusion criteria" if block.kind == "inclusion" else "Exclusion criteria"
    rows: list[Row] = []
    for criterion in block.criteria:
        rows += _rows(criterion, 0, words)
    formula = words.condition(block.formula) if block.formula_written else None
    anchor = f"{part.name}-{block.kind}" if part.name else block.kind
    label = f"{title}: {block.label.text}" if block.label else title
    return Section(block.kind, label, anchor, formula, tuple(rows), _texts(block.notes))


def _rows(criterion: Criterion, depth: int, words: Words) -> list[Row]:
    condition = words.condition(criterion.condition) if criterion.condition is not None else None
    if criterion.children and not criterion.formula_written and depth == 0:
        condition = Phrase(str(words.say.parts_below(len(criterion.children)))) if condition else None
    row = Row(
        criterion.id,
        "–" if criterion.marker in "-−" else criterion_marker(criterion),
        depth,
        criterion.sentence.text if criterion.sentence else (criterion.name or "").replace("_", " "),
        criterion.sentence.zh if criterion.sentence else None,
        condition,
        bool(criterion.children),
        _texts(criterion.notes),
        _texts(criterion.sources),
    )
    found = [row]
    for child in criterion.children:
        found += _rows(child, depth + 1, words)
    return found


def _reading(protocol: Protocol, name: str, chosen: str) -> ReadingContent:
    reading = protocol.readings[name]
    taken = next(option.words for option in reading.options if option.name == chosen)
    passed = tuple(option.words for option in reading.options if option.name != chosen)
    because = reading.because.text if reading.because and reading.chosen == chosen else ""
    return ReadingContent(name, reading.label.text, taken, passed, because)


def type_words(kind: Type) -> str:
    from ..protocol.types import in_words

    if isinstance(kind, OneOf):
        return "one of " + ", ".join(option.replace("_", " ") for option in kind.options)
    return in_words(kind)


def _item(item: Item, graph: RuleGraph, words: Words) -> ItemContent:
    span = item.attributes[0].span if item.repeated else item.span
    low_high = f"{number_text(span.low)} to {number_text(span.high)}" if span else ""
    return ItemContent(
        item.name,
        item.label.text,
        item.label.zh,
        item_kind(item),
        unit_words(item.unit.text) if item.unit else "",
        low_high,
        tuple(f"{system} {code}" for system, code in item.codes),
        item.ask.text if item.ask else "",
        words.value(item.otherwise) if item.otherwise is not None else "",
        _texts(item.notes),
        tuple(f"{each.label.text} ({item_kind(each)})" for each in item.attributes),
        tuple(graph.criteria_using(item.name)),
    )


def item_kind(item: Item) -> str:
    """The type of an item in words."""
    limits = f", with {' and '.join(item.limits)}" if item.limits else ""
    by = f", by {item.by}" if item.by else ""
    match item.kind:
        case "truth":
            return f"yes or no{by}"
        case "quantity":
            return f"number in {unit_words(item.unit.text) if item.unit else ''}{limits}"
        case "one of":
            return "one of: " + ", ".join(option.words for option in item.options)
        case "several of":
            return "any of: " + ", ".join(option.words for option in item.options)
        case "event":
            if item.repeated:
                unit = item.attributes[0].unit
                return f"repeated measurements, in {unit_words(unit.text)}" if unit else "repeated measurements"
            return "event with beginning and end" if item.course else "event"
        case "count":
            return f"count{' ' + _span_words(item) if item.span else ''}{limits}"
    return item.kind + limits


def _span_words(item: Item) -> str:
    assert item.span is not None
    return f"from {number_text(item.span.low)} to {number_text(item.span.high)}"


# ---- tables --------------------------------------------------------------------------------------------------------


def _table(table: Table) -> Grid:
    columns = (*table.inputs, *table.outputs)
    header = tuple(_column(column) for column in columns)
    rows = tuple(
        (
            *map(_cell, row.cells),
            *(_result(value) for value in row.results),
        )
        for row in table.rows
    )
    return Grid(table.name, table.label.text, header, rows, len(table.outputs), _texts(table.notes))


def _column(column: TableColumn) -> str:
    unit = f" ({unit_words(column.unit.text)})" if column.unit and column.unit.text else ""
    return column.name.replace("_", " ") + unit


def _cell(cell: tuple[Cell, ...]) -> str:
    return " or ".join(_alternative(each) for each in cell)


def _alternative(cell: Cell) -> str:
    if cell.anything:
        return "any"
    if cell.options is not None:
        return ", ".join(option.replace("_", " ") for option in cell.options)
    if cell.low is not None and cell.high is not None:
        return (
            number_text(cell.low) if cell.low == cell.high else f"{number_text(cell.low)} to {number_text(cell.high)}"
        )
    if cell.low is not None:
        return f"{'≥' if cell.low_inside else '>'} {number_text(cell.low)}"
    assert cell.high is not None
    return f"{'≤' if cell.high_inside else '<'} {number_text(cell.high)}"


def _result(value: Fraction | str | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number_text(value) if isinstance(value, Fraction) else value.replace("_", " ")


def _escalation(node: Escalation) -> EscalationContent:
    facts = [("Dose levels", ", ".join(dose.text for dose in node.doses))]
    if node.cohort is not None:
        facts.append(("Patients in a cohort", str(node.cohort)))
    if node.most is not None:
        facts.append(("Most patients at a level", str(node.most)))
    schemes = tuple(_scheme(scheme) for scheme in node.schemes)
    sources = tuple(f"Source: {source.text}" for source in node.sources)
    return EscalationContent(node.label.text, tuple(facts), schemes, _texts(node.notes) + sources)


def _scheme(scheme: Scheme) -> Grid:
    header = (*(name.replace("_", " ").replace("dlt", "DLT") for name in scheme.inputs), scheme.result)
    rows = tuple((*(_cell(cell) for cell in row.cells), _result(row.results[0])) for row in scheme.rows)
    label = scheme.label.text if scheme.label else scheme.name.replace("_", " ")
    return Grid(scheme.name, label, header, rows, 1)
