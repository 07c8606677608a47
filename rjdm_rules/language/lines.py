"""Statements as they stand in the text: each with its depth, its tokens, and the comments around and inside it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from .source import TEXT_OR_COMMENT, Place, Source, line_start
from .tokens import Token

LAYOUT = ("_NL", "_INDENT", "_DEDENT")


@dataclass(frozen=True)
class Comment:
    """`# …` up to the end of its line; `alone` on that line, or behind something."""

    place: Place
    alone: bool

    @property
    def text(self) -> str:
        return self.place.text.rstrip()

    @property
    def indent(self) -> int:
        return self.place.column - 1


@dataclass
class Statement:
    """A statement with what belongs to it. `above` are the comments on lines of their own before it, `inside` those
    between its tokens (with the number of tokens before each), `behind` the one at its end."""

    depth: int
    tokens: list[Token]
    above: list[Comment] = field(default_factory=list)
    inside: list[tuple[int, Comment]] = field(default_factory=list)
    behind: Comment | None = None

    @property
    def start(self) -> int:
        return self.tokens[0].place.start

    @property
    def end(self) -> int:
        return self.tokens[-1].place.end

    @property
    def broken(self) -> bool:
        return self.tokens[0].type == "BROKEN"


@dataclass
class Outline:
    """All statements of a file in order, and the comments behind the last one."""

    source: Source
    statements: list[Statement]
    last: list[Comment]

    def extent(self, number: int) -> tuple[int, int]:
        """From the start of a statement to the end of what is indented below it."""
        first = self.statements[number]
        end = first.end
        for statement in self.statements[number + 1 :]:
            if statement.depth <= first.depth:
                break
            end = statement.end
        return first.start, end


def comments_of(source: Source) -> list[Comment]:
    """Every comment of a text, in order."""
    text = source.text
    found = []
    for match in TEXT_OR_COMMENT.finditer(text):
        if match.group(1):
            alone = not text[line_start(text, match.start()) : match.start()].strip()
            found.append(Comment(Place(source, match.start(), match.end()), alone))
    return found


def outline(source: Source, tokens: Sequence[Token]) -> Outline:
    """The statements of a text with their comments, from the tokens that the parser read."""
    found = Outline(source, statements_of(tokens), [])
    starts = [statement.start for statement in found.statements]
    for comment in comments_of(source):
        _attach(comment, found, bisect_right(starts, comment.place.start) - 1)
    return found


def statements_of(tokens: Sequence[Token]) -> list[Statement]:
    found: list[Statement] = []
    depth = 0
    held: list[Token] = []
    for token in tokens:
        if token.type not in LAYOUT:
            held.append(token)
        if held and (token.type == "_NL" or token.type == "BROKEN"):
            found.append(Statement(depth, held))
            held = []
        depth += {"_INDENT": 1, "_DEDENT": -1}.get(token.type, 0)
    return [*found, Statement(depth, held)] if held else found


def _attach(comment: Comment, found: Outline, number: int) -> None:
    """`number` is the statement that begins before the comment (−1: none)."""
    statements, place = found.statements, comment.place
    if number >= 0 and place.start < statements[number].end:
        if statements[number].broken:
            return  # its text is kept as it stands
        before = sum(token.place.start < place.start for token in statements[number].tokens)
        statements[number].inside.append((before, comment))
    elif number >= 0 and not comment.alone:
        statements[number].behind = comment
    elif number + 1 < len(statements):
        statements[number + 1].above.append(comment)
    else:
        found.last.append(comment)
