"""The canonical layout of a rules file. The meaning stays, and formatting a second time changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from .condition_layout import STEP, Line, together
from .diagnostics import Diagnostic
from .lines import Comment, Statement, outline
from .parser import parse
from .sameness import same
from .source import Source
from .spelling import inline, joined, padded, width
from .statement_layout import (
    DOSE_WORD,
    WIDEST_LABEL,
    WIDEST_NAME,
    Block,
    cells_of,
    cut,
    inside_comments,
    kind_of,
)
from .vocabulary import TYPE_TERMINALS

WIDEST_RUN = 90


class CannotFormat(Exception):
    """A text with errors in how it is written: it has no layout. `diagnostics` says which errors."""

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        super().__init__("; ".join(each.message for each in diagnostics[:3]))
        self.diagnostics = diagnostics


def formatted(source: Source) -> str:
    """The text in its canonical layout. Raises CannotFormat.

    What comes out is read again and compared: a layout that would change the meaning is never handed on.
    """
    file, diagnostics = parse(source)
    if diagnostics:
        raise CannotFormat(diagnostics)
    lines = outline(source, file.tokens)
    text = "\n".join(_Layout(blocks_of(lines.statements), lines.last, source).lines()) + "\n"
    again, errors = parse(Source(source.name, text))
    if errors or not same(file, again):
        raise AssertionError(f"{source.name}: the layout would change the meaning; please report this file")
    return text


def blocks_of(statements: list[Statement]) -> list[Block]:
    """The statements with their indentation, and each data item with the type that stands below it."""
    found: list[Block] = []
    path: list[Block] = []
    for statement in statements:
        del path[statement.depth :]
        parent = path[-1] if path else None
        untyped = parent is not None and parent.section == "DATA" and parent.first == "NAME" and not parent.children
        if untyped and parent and statement.tokens[0].type in TYPE_TERMINALS and not cut(parent.tokens).rest:
            parent.type_tokens = statement.tokens
            parent.statement.above += statement.above
            parent.statement.inside += [(len(parent.tokens), comment) for _, comment in statement.inside]
            if parent.statement.behind:
                parent.statement.inside.append((len(parent.tokens), parent.statement.behind))
            parent.statement.behind = statement.behind
            continue
        step = (
            0 if parent is None else 2 if parent.parent is None or parent.first in ("INCLUSION", "EXCLUSION") else STEP
        )
        block = Block(statement, (parent.indent if parent else 0) + step, parent)
        if parent:
            parent.children.append(block)
        found.append(block)
        path.append(block)
    _align(found)
    return found


def _align(blocks: list[Block]) -> None:
    """The columns of data items, attributes and tables."""
    for block in blocks:
        below = block.children
        if block.first == "DATA":
            parts = [cut(child.tokens) for child in below]
            names = [width(inline(each.head)) for each in parts]
            labels = [width(f'"{joined(each.text)}"') for each in parts if each.text and not each.zh]
            columns = (_widest(names, WIDEST_NAME), _widest(labels, WIDEST_LABEL))
            for child in below:
                child.columns = columns
        elif block.first in ("PROTOCOL", "LIBRARY"):
            for child in below:
                child.columns = (max(width(each.tokens[0].text) for each in below),)
        elif block.first == "ESCALATION":
            for child in below:
                child.columns = (DOSE_WORD,) if child.tokens[0].text in ("doses", "cohort", "most") else ()
        rows = [child for child in below if child.first == "VBAR"]
        if rows:
            cells = [[width(cell) for cell in cells_of(each.tokens)] for each in rows]
            widest = tuple(max(each[n] for each in cells if n < len(each)) for n in range(max(map(len, cells))))
            for child in rows:
                child.columns = widest


def _widest(widths: list[int], most: int) -> int:
    return max((each for each in widths if each <= most), default=0)


class _Layout:
    """Puts the statements, comments and blank lines of a file together."""

    def __init__(self, blocks: list[Block], last: list[Comment], source: Source) -> None:
        self.blocks, self.last, self.source = blocks, last, source

    def lines(self) -> list[str]:
        found: list[Line] = []
        above: Block | None = None
        for block in self.blocks:
            indents = [self._comment_indent(comment, block, above) for comment in block.statement.above]
            own = next((n for n, indent in enumerate(indents) if indent == block.indent), len(indents))
            self._comments(found, block.statement.above[:own], indents)  # they end the block above
            self._gap(found, block, above, block.statement.above[own:])
            self._comments(found, block.statement.above[own:], indents[own:])
            if block.statement.above[own:]:
                self._blank(found, self.source.position(block.statement.start)[0])
            found += self.statement(block)
            above = block
        self._comments(found, self.last, [self._comment_indent(comment, None, above) for comment in self.last])
        return shown(found)

    def _comments(self, found: list[Line], comments: list[Comment], indents: list[int]) -> None:
        for comment, indent in zip(comments, indents, strict=False):
            self._blank(found, comment.place.line)
            found.append(Line(indent, "", comment.text))

    def statement(self, block: Block) -> list[Line]:
        laid = kind_of(block)(block)
        behind = block.statement.behind
        held = [comment.text for comment in inside_comments(block)]
        laid[-1].comment = together([laid[-1].comment, *held], behind.text if behind else "")
        return laid

    def _gap(self, found: list[Line], block: Block, above: Block | None, comments: list[Comment]) -> None:
        """A blank line between sections, and elsewhere where there was one (but not below the head of a section)."""
        if above is None:
            return
        uses = block.tokens[0].text == "use" and above.tokens[0].text == "use"
        if block.parent is None and not uses:
            found.append(Line(0, ""))
        elif block.parent is not above or block.statement.depth > 1:
            first = comments[0].place.line if comments else self.source.position(block.statement.start)[0]
            self._blank(found, first)

    def _blank(self, found: list[Line], line: int) -> None:
        """Keeps one blank line above line `line` of the text, where there was one."""
        if found and line > 1 and not self.source.line(line - 1).strip() and (found[-1].text or found[-1].comment):
            found.append(Line(0, ""))

    def _comment_indent(self, comment: Comment, block: Block | None, above: Block | None) -> int:
        """As far as the statement below; further, where it was written further and ends the block above."""
        own = block.indent if block else 0
        column = self.source.position(block.statement.start)[1] - 1 if block else 0
        level = above
        while level is not None and level.indent > own and comment.indent > column:
            if self.source.position(level.statement.start)[1] - 1 <= comment.indent:
                return level.indent
            level = level.parent
        return own


def shown(lines: list[Line]) -> list[str]:
    """The lines as text; comments behind neighbouring lines stand below each other."""
    found: list[str] = []
    for number, line in enumerate(lines):
        text = " " * line.indent + line.text
        if line.text and line.comment:
            text = padded(text.rstrip(), _comment_column(lines, number)) + f"  {line.comment}"
        found.append((text if line.text else text + line.comment).rstrip())
    return found


def _comment_column(lines: list[Line], number: int) -> int:
    """How far the text of a run of lines with comments reaches, those left out that reach very far."""
    start = end = number
    while start > 0 and _in_run(lines[start - 1], lines[number]):
        start -= 1
    while end + 1 < len(lines) and _in_run(lines[end + 1], lines[number]):
        end += 1
    reach = [line.indent + width(line.text) for line in lines[start : end + 1]]
    return max((each for each in reach if each <= WIDEST_RUN), default=0)


def _in_run(line: Line, other: Line) -> bool:
    return bool(line.text and line.comment and line.indent == other.indent)


def differences(before: str, after: str, name: str) -> Iterator[str]:
    """The lines that formatting changes, as a unified diff."""
    from difflib import unified_diff

    yield from unified_diff(
        before.splitlines(), after.splitlines(), f"{name} (as it is)", f"{name} (formatted)", lineterm=""
    )
