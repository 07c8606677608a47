"""The outline of a file in the protocol's own numbering, what can be folded, and what each token is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..language.lines import comments_of
from ..language.source import Place
from ..language.spelling import marker
from ..language.statement_layout import is_criterion
from ..language.tokens import Token
from ..language.vocabulary import TYPE_TERMINALS
from .analysis import Analysis
from .occurrences import Symbol


@dataclass
class Entry:
    """A line of the outline: `kind` section, criterion, item, definition, …; the whole stretch, and its name."""

    name: str
    detail: str
    kind: str
    whole: Place
    own: Place
    children: list[Entry] = field(default_factory=list)


def entries(analysis: Analysis) -> list[Entry]:
    """Sections with what stands in them; criteria below criteria."""
    found: list[Entry] = []
    path: list[tuple[int, Entry]] = []
    statements = analysis.outline.statements
    for number, statement in enumerate(statements):
        while path and path[-1][0] >= statement.depth:
            path.pop()
        entry = None if statement.broken else _entry(statement.tokens, statement.depth, path)
        if entry is None:
            continue
        start, end = analysis.outline.extent(number)
        entry.whole = Place(entry.own.source, start, end)
        (path[-1][1].children if path else found).append(entry)
        path.append((statement.depth, entry))
    return found


def _entry(tokens: list[Token], depth: int, path: list[tuple[int, Entry]]) -> Entry | None:
    """The outline's line for a statement; None for one that has none (a condition, a note)."""
    own = Place(tokens[0].place.source, tokens[0].place.start, tokens[-1].place.end)
    text = next((token.text[1:-1] for token in tokens if token.type == "STRING"), "")
    if depth == 0:
        named = tokens[1].text if len(tokens) > 1 and tokens[1].type in ("NAME", "PROTOCOL_ID") else ""
        return Entry(f"{tokens[0].text} {named}".strip(), text, "section", own, own)
    section = path[0][1].name.split()[0] if path else ""
    inside = path[-1][1].kind if path else ""
    if is_criterion(tokens):
        name = tokens[1].text if tokens[1].type == "NAME" else ""
        shown = marker(tokens[0].text) if tokens[0].type != "MINUS" else "–"
        return Entry(f"{shown} {text or name}", name, "criterion", own, own)
    if section == "part" and tokens[0].type in ("INCLUSION", "EXCLUSION"):
        return Entry(tokens[0].text, text, "section", own, own)
    if section in ("data", "define", "readings") and tokens[0].type == "NAME" and inside == "section":
        return Entry(tokens[0].text, text, {"data": "item", "define": "definition"}.get(section, "reading"), own, own)
    if section == "escalation" and tokens[0].text == "decide":
        return Entry(tokens[1].text, text, "definition", own, own)
    return None


def foldable(analysis: Analysis) -> Iterator[tuple[int, int]]:
    """Lines (from 1) that can be folded: each statement with those indented below it."""
    for number in range(len(analysis.outline.statements)):
        start, end = analysis.outline.extent(number)
        first, last = analysis.read.position(start)[0], analysis.read.position(end)[0]
        if last > first:
            yield first, last


_KINDS = "keyword type variable property enumMember number string comment operator class function namespace"
TOKEN_KINDS = tuple(_KINDS.split())
SIGNS = frozenset(["COMPARE", "PLUS", "MINUS", "TIMES", "SLASH", "ARROW", "EQUAL"])


def coloured(analysis: Analysis) -> list[tuple[Place, str, bool]]:
    """Every token and comment with its kind, and whether it declares what it names."""
    named = {each.place.start: each for each in analysis.occurrences}
    found: list[tuple[Place, str, bool]] = []
    for token in analysis.file.tokens:
        occurrence = named.get(token.place.start)
        if occurrence is not None and token.type in ("NAME", "MARK", "PRINTED_MARK"):
            found.append((token.place, _kind_of(occurrence.symbol, analysis), occurrence.declares))
        elif kind := _kind_of_token(token):
            found.append((token.place, kind, False))
    found += [(comment.place, "comment", False) for comment in comments_of(analysis.read)]
    return sorted(found, key=lambda each: each[0].start)


def _kind_of(symbol: Symbol, analysis: Analysis) -> str:
    if symbol.kind == "name":
        tables = {table.name.name for file in (analysis.file, *analysis.libraries) for table in file.tables}
        return "function" if symbol.name in tables else "variable"
    kinds = {"criterion": "class", "option": "enumMember", "attribute": "property", "library": "namespace"}
    return kinds.get(symbol.kind, "variable")


def _kind_of_token(token: Token) -> str:
    if token.type in ("MARK", "PRINTED_MARK"):
        return "class"
    if token.type in TYPE_TERMINALS:
        return "type"
    if token.type in SIGNS:
        return "operator"
    if token.type in ("NUMBER", "DATE", "UNIT"):
        return "number"
    if token.type in ("STRING", "CODE_TEXT"):
        return "string"
    return "keyword" if token.text[:1].isalpha() and token.type not in ("NAME", "PROTOCOL_ID", "BROKEN") else ""
