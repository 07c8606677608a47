"""The layout of statements, each kind with its columns: data items, attributes, tables, texts, lists, conditions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .condition_layout import STEP, ConditionLayout, Line, filled, remarks_of, split_at, split_commas, together
from .lines import Comment, Statement
from .spelling import NARROWEST, WIDTH, inline, joined, padded, width, wrapped
from .tokens import Token
from .vocabulary import SECTION_WORDS

EXPECTED = ("DECIDING", "REASONS")
SECTIONS = frozenset(word.upper() for word in SECTION_WORDS)
WIDEST_NAME, WIDEST_LABEL, DOSE_WORD = 28, 56, 6


@dataclass
class Block:
    """A statement with those below it, and where it is put. `type_tokens` is the type of a data item that stands on a
    line of its own, `columns` how wide its parts are to be."""

    statement: Statement
    indent: int
    parent: Block | None = None
    children: list[Block] = field(default_factory=list)
    type_tokens: list[Token] = field(default_factory=list)
    columns: tuple[int, ...] = ()

    @property
    def tokens(self) -> list[Token]:
        return self.statement.tokens

    @property
    def first(self) -> str:
        return self.tokens[0].type

    @property
    def section(self) -> str:
        """The type of the word that opened the section."""
        block = self
        while block.parent is not None and block.first not in ("INCLUSION", "EXCLUSION"):
            block = block.parent
        return block.first


@dataclass
class Parts:
    """A statement cut at its text: what stands before, the pieces of the text, of the second language, the rest."""

    head: list[Token]
    text: list[Token]
    zh: list[Token]
    rest: list[Token]


def cut(tokens: Sequence[Token]) -> Parts:
    start = next((number for number, token in enumerate(tokens) if token.type == "STRING"), len(tokens))
    end = _end_of_text(tokens, start)
    zh: list[Token] = []
    if end < len(tokens) and tokens[end].type == "ZH":
        after = _end_of_text(tokens, end + 1)
        zh, end_of_zh = [*tokens[end + 1 : after]], after
    else:
        end_of_zh = end
    return Parts([*tokens[:start]], [*tokens[start:end]], zh, [*tokens[end_of_zh:]])


def _end_of_text(tokens: Sequence[Token], start: int) -> int:
    end = start
    while end < len(tokens) and tokens[end].type == "STRING":
        end += 1
    return end


def text_lines(head: str, parts: Parts, indent: int, following: int = 0) -> list[Line]:
    """`head`, then the text, broken below its beginning where it is too wide, then the rest of the statement."""
    rest = (" " if parts.rest else "") + inline(parts.rest)
    column = following or indent + width(head) + 1
    if WIDTH - column < NARROWEST:
        column = indent + STEP
    room = 0 if parts.zh else width(rest)
    pieces = wrapped(joined(parts.text), indent + width(head) + 1, column, room)
    lines = [Line(indent, f"{head} {pieces[0]}".strip()), *(Line(column, piece) for piece in pieces[1:])]
    if parts.zh:
        used = lines[-1].indent + width(lines[-1].text)
        more = wrapped(joined(parts.zh), column, column, width(rest))
        lines[-1].text += " zh"
        if len(more) == 1 and used + 4 + width(more[0] + rest) <= WIDTH:
            lines[-1].text += f" {more[0]}"
        else:
            lines += [Line(column, piece) for piece in more]
    lines[-1].text += rest
    return lines


# ---- kinds of statements -------------------------------------------------------------------------------------------


def plain(block: Block) -> list[Line]:
    """Words, and a text where there is one: `(1) adult "Adult"`, `note "…"`, `example one "One" like two`."""
    parts = cut(block.tokens)
    head = inline(parts.head)
    if block.columns:
        first = inline(parts.head[:1])
        head = padded(first, block.columns[0]) + inline(parts.head)[len(first) :]
    if is_criterion(block.tokens) and block.first == "MINUS":
        head = f"- {inline(parts.head[1:])}"
    return text_lines(head, parts, block.indent) if parts.text else [Line(block.indent, head)]


def listed(block: Block) -> list[Line]:
    """Words, then things between commas, as many on a line as fit: options, doses, values of an example."""
    calls = block.section != "EXAMPLE"
    tokens = block.tokens
    opens = (n for n, token in enumerate(tokens) if token.text in ("of", "=", "doses") or token.type in EXPECTED)
    start = next(opens, 0) + 1
    head = inline(tokens[:start])
    if block.columns:
        head = padded(head, block.columns[0])
    pieces = [inline(item, calls) for item, _ in split_commas(tokens[start:])]
    return filled(pieces, head, block.indent, block.indent, block.indent + STEP)


def item(block: Block) -> list[Line]:
    """A data item or attribute: name, label and type, each in its column; the type below where the line is too wide."""
    parts = cut(block.tokens)
    kind = parts.rest or block.type_tokens
    if block.tokens[1].type != "STRING":  # an attribute without a label (its options may have some)
        name, *kind = block.tokens
        return _with_type([Line(block.indent, inline([name]))], kind, block.indent, 0)
    name_width, label_width = block.columns or (0, 0)
    head = padded(inline(parts.head), name_width)
    lines = text_lines(head, Parts(parts.head, parts.text, parts.zh, []), block.indent)
    column = block.indent + name_width + 1 + label_width if len(lines) == 1 else 0
    return _with_type(lines, kind, block.indent, column)


def _with_type(lines: list[Line], kind: Sequence[Token], indent: int, column: int) -> list[Line]:
    text, last = inline(kind), lines[-1]
    start = max(last.indent + width(last.text), column) + 1
    if start + width(text) <= WIDTH:
        last.text = padded(last.text, column - last.indent) + " " + text
        return lines
    words = 2 if kind[0].type in ("ONE", "SEVERAL") else len(kind)
    pieces = [inline(each) for each, _ in split_commas(kind[words:])]
    below = indent + STEP
    return [*lines, *filled(pieces, inline(kind[:words]), below, below, below + STEP)]


def condition(block: Block) -> list[Line]:
    """A formula; IF and THEN each begin a line."""
    layout = ConditionLayout(remarks_of(block.tokens, block.statement.inside))
    lines: list[Line] = []
    for number, segment in enumerate(split_at(block.tokens, ("THEN",))):
        lines += layout.own_lines(segment[0], block.indent) if number else []
        lines += layout.lay(segment, block.indent, block.indent, block.indent)
    return lines


def otherwise(block: Block) -> list[Line]:
    word, *rest = block.tokens
    inside = [(number - 1, comment) for number, comment in block.statement.inside if number > 1]
    layout = ConditionLayout(remarks_of(rest, inside))
    lines = layout.lay(rest, block.indent + 10, block.indent, block.indent + STEP)
    lines[0].text = f"{word.text} {lines[0].text}"
    lines[0].comment = together([c.text for n, c in block.statement.inside if n <= 1], lines[0].comment)
    return lines


def definition(block: Block) -> list[Line]:
    """`name "label" [type] = condition`, the condition below where the line is too wide."""
    tokens = block.tokens
    equal = next(number for number, token in enumerate(tokens) if token.type == "EQUAL" or token.text == "=")
    head, rest = tokens[:equal], tokens[equal + 1 :]
    inside = [(number - equal - 1, comment) for number, comment in block.statement.inside if number > equal + 1]
    early = [comment.text for number, comment in block.statement.inside if number <= equal + 1]
    lines = text_lines(inline(cut(head).head), cut(head), block.indent)
    lines[0].comment = together(early)
    layout = ConditionLayout(remarks_of(rest, inside))
    start = lines[-1].indent + width(lines[-1].text) + 3
    if not inside and not early and start + width(inline(rest)) <= WIDTH:
        lines[-1].text += f" = {inline(rest)}"
        return lines
    below = block.indent + STEP
    found = layout.lay(rest, below + 2, below, below + 2)
    found[0].text = f"= {found[0].text}"
    return [*lines, *found]


def row(block: Block) -> list[Line]:
    """A line of a table, its cells as wide as the widest of their column."""
    cells = cells_of(block.tokens)
    columns = block.columns or tuple(width(cell) for cell in cells)
    shown = [padded(cell, columns[n] if n < len(columns) else 0) for n, cell in enumerate(cells)]
    return [Line(block.indent, "| " + " | ".join(shown) + " |")]


def cells_of(tokens: Sequence[Token]) -> list[str]:
    cells: list[list[Token]] = []
    for token in tokens:
        if token.type == "VBAR":
            cells.append([])
        else:
            cells[-1].append(token)
    return [inline(cell) for cell in cells[:-1]]


def broken(block: Block) -> list[Line]:
    raise ValueError("a statement that could not be read has no layout")


def kind_of(block: Block) -> Callable[[Block], list[Line]]:
    """How a statement is laid out."""
    first, section, tokens = block.first, block.section, block.tokens
    if first == "VBAR":
        return row
    if block.parent is None or first in SECTIONS:
        return plain
    if section == "DATA" and first == "NAME":
        return item
    if first == "OTHERWISE" or (section == "DATA" and tokens[0].text == "otherwise"):
        return otherwise
    if section == "DEFINE" and first == "NAME":
        return definition
    if section in ("INCLUSION", "EXCLUSION"):
        return plain if is_criterion(tokens) or first == "NOTE" or tokens[0].text == "source" else condition
    values = section == "EXAMPLE" and len(tokens) > 1 and tokens[1].text == "="
    several = first == "ONE" or tokens[0].text == "doses" or (len(tokens) > 1 and tokens[1].type in EXPECTED)
    return listed if values or several else plain


def is_criterion(tokens: Sequence[Token]) -> bool:
    """Whether a statement begins a criterion, and is no formula."""
    kinds = [token.type for token in tokens[:3]]
    if kinds[0] in ("MARK", "PRINTED_MARK"):
        return len(kinds) > 1 and kinds[1] in ("NAME", "STRING")
    return kinds == ["MINUS", "NAME", "STRING"]


def inside_comments(block: Block) -> list[Comment]:
    """Comments inside a statement whose layout has no place of its own for them."""
    own = kind_of(block) in (condition, otherwise, definition)
    return [] if own else [comment for _, comment in block.statement.inside]
