"""The layout of conditions: on one line where they fit, else broken at the loosest words, then inside parentheses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .lines import Comment
from .spelling import WIDTH, inline, spelt, width
from .tokens import Token

LOOSE = ("EXCEPT", "WAIVED_IF", "THEN")
CONNECTORS = ("AND", "OR")
STEP = 4


@dataclass
class Line:
    """One line of a layout, without its indentation, and the comment at its end."""

    indent: int
    text: str
    comment: str = ""


@dataclass
class Remarks:
    """Comments between the tokens of a statement: `before` and `behind` a token, by its start."""

    before: Mapping[int, Sequence[str]] = field(default_factory=dict)
    behind: Mapping[int, Sequence[str]] = field(default_factory=dict)

    def inside(self, tokens: Sequence[Token]) -> list[str]:
        """The comments between the first and the last of some tokens."""
        found: list[str] = []
        for number, token in enumerate(tokens):
            found += self.before.get(token.place.start, ()) if number else ()
            found += self.behind.get(token.place.start, ()) if number < len(tokens) - 1 else ()
        return found

    def after(self, token: Token) -> list[str]:
        return [*self.behind.get(token.place.start, ())]


def remarks_of(tokens: Sequence[Token], inside: Sequence[tuple[int, Comment]]) -> Remarks:
    before: dict[int, list[str]] = {}
    behind: dict[int, list[str]] = {}
    for number, comment in inside:
        last = tokens[number - 1]
        if comment.alone:
            before.setdefault(tokens[number].place.start, []).append(comment.text)
        else:
            behind.setdefault(last.place.start, []).append(comment.text)
    return Remarks(before, behind)


@dataclass
class ConditionLayout:
    """Lays out the tokens of one condition."""

    remarks: Remarks

    def lay(self, tokens: Sequence[Token], first: int, base: int, join: int) -> list[Line]:
        """The lines of a condition that begins in column `first` of a line indented by `base`; further lines at this
        level are indented by `join`. The first line holds the text only."""
        flat = inline(tokens)
        if not self.remarks.inside(tokens) and first + width(flat) <= WIDTH:
            return [Line(base, flat, together(self.remarks.after(tokens[-1])))]
        for words in (LOOSE, CONNECTORS):
            segments = split_at(tokens, words)
            if len(segments) > 1:
                return self._chain(segments, first, base, join)
        if tokens[0].type in ("IF", *LOOSE, *CONNECTORS) and len(tokens) > 1:
            return self._behind_word(tokens, first, base)
        return self._in_parentheses(tokens, first, base) or self._whole(tokens, base)

    def _chain(self, segments: list[Sequence[Token]], first: int, base: int, join: int) -> list[Line]:
        lines: list[Line] = []
        for number, segment in enumerate(segments):
            lines += self.own_lines(segment[0], join) if number else []
            column, indent = (first, base) if number == 0 else (join, join)
            lines += self.lay(segment, column, indent, indent + STEP)
        return lines

    def _behind_word(self, tokens: Sequence[Token], first: int, base: int) -> list[Line]:
        """A segment that begins with its word, as in `AND ANY(…)`: the word, then the rest laid out."""
        word = spelt(tokens[0]) + " "
        rest = self.lay(tokens[1:], first + width(word), base, base + STEP)
        comment = together(self.remarks.inside(tokens[:2]), rest[0].comment)
        return [Line(rest[0].indent, word + rest[0].text, comment), *rest[1:]]

    def _in_parentheses(self, tokens: Sequence[Token], first: int, base: int) -> list[Line]:
        """Broken inside the widest parentheses; empty where there are none."""
        spans = [each for each in parentheses(tokens) if each[1] - each[0] > 1]
        if not spans:
            return []
        commented = [each for each in spans if self.remarks.inside(tokens[each[0] : each[1] + 1])]
        start, end = max(commented or spans, key=lambda each: width(inline(tokens[each[0] : each[1] + 1])))
        head, tail = tokens[: start + 1], tokens[end:]
        items = split_commas(tokens[start + 1 : end])
        column = base + STEP
        if all(len(item) == 1 for item, _ in items) and (start, end) not in commented:
            lines = filled([inline(item) for item, _ in items], inline(head), first, base, column)
            lines[0].comment = together(self.remarks.inside(head))
        else:
            lines = [Line(base, inline(head), together(self.remarks.inside(head), *self.remarks.after(head[-1])))]
            for number, (item, comma) in enumerate(items):
                lines += self._item(item, comma, column, number < len(items) - 1)
        return self._closed(lines, tail, column)

    def _item(self, item: Sequence[Token], comma: Token | None, column: int, more: bool) -> list[Line]:
        lines = [*self.own_lines(item[0], column), *self.lay(item, column + more, column, column + STEP)]
        last = lines[-1]
        last.text += "," if more else ""
        if comma:
            before = self.remarks.before.get(comma.place.start, ())
            last.comment = together([last.comment, *before, *self.remarks.after(comma)])
        return lines

    def _closed(self, lines: list[Line], tail: Sequence[Token], column: int) -> list[Line]:
        """The lines with `)` and what stands behind it."""
        rest, held = inline(tail), self.own_lines(tail[0], column)
        comment = together(self.remarks.inside(tail), *self.remarks.after(tail[-1]))
        if held or lines[-1].comment:
            return [*lines, *held, Line(column, rest, comment)]
        lines[-1].text += rest
        lines[-1].comment = comment
        return lines

    def _whole(self, tokens: Sequence[Token], base: int) -> list[Line]:
        """What has no place to break: on one line, with all its comments at the end."""
        comment = together(self.remarks.inside(tokens), *self.remarks.after(tokens[-1]))
        return [Line(base, inline(tokens), comment)]

    def own_lines(self, token: Token, column: int) -> list[Line]:
        return [Line(column, "", text) for text in self.remarks.before.get(token.place.start, ())]


def together(comments: Sequence[str], *more: str) -> str:
    """Several comments as one."""
    return " ".join(text for text in (*comments, *more) if text)


def filled(pieces: Sequence[str], head: str, first: int, base: int, column: int) -> list[Line]:
    """Pieces with commas between them, as many on a line as fit; the first line begins with `head`."""
    lines = [Line(base, head)]
    used = first + width(head)
    opened = head.endswith("(") or not head
    for number, piece in enumerate(pieces):
        text = piece + ("," if number < len(pieces) - 1 else "")
        space = "" if opened else " "
        if not opened and used + width(space + text) + (number == len(pieces) - 1) > WIDTH:
            lines.append(Line(column, ""))
            used, space = column, ""
        lines[-1].text += space + text
        used += width(space + text)
        opened = False
    return lines


def split_at(tokens: Sequence[Token], words: Sequence[str]) -> list[Sequence[Token]]:
    """Segments that each begin with one of the words (the first may not), outside parentheses; the AND of BETWEEN
    joins nothing."""
    found: list[Sequence[Token]] = []
    depth = start = 0
    between = False
    for number, token in enumerate(tokens):
        depth += {"LPAR": 1, "RPAR": -1}.get(token.type, 0)
        if depth == 0 and token.type == "BETWEEN":
            between = True
        elif depth == 0 and between and token.type == "AND":
            between = False
        elif depth == 0 and number > start and token.type in words:
            found.append(tokens[start:number])
            start = number
    return [*found, tokens[start:]]


def parentheses(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Where the outermost parentheses open and close."""
    found, depth, start = [], 0, 0
    for number, token in enumerate(tokens):
        if token.type == "LPAR":
            depth += 1
            start = number if depth == 1 else start
        elif token.type == "RPAR":
            depth -= 1
            if depth == 0:
                found.append((start, number))
    return found


def split_commas(tokens: Sequence[Token]) -> list[tuple[Sequence[Token], Token | None]]:
    """The items between commas outside parentheses, each with the comma behind it."""
    found: list[tuple[Sequence[Token], Token | None]] = []
    depth = start = 0
    for number, token in enumerate(tokens):
        depth += {"LPAR": 1, "RPAR": -1}.get(token.type, 0)
        if depth == 0 and token.type == "COMMA":
            found.append((tokens[start:number], token))
            start = number + 1
    return [*found, (tokens[start:], None)] if start < len(tokens) else found
