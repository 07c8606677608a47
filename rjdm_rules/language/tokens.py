"""From text to tokens: the grammar's terminals, tried where the parser can take them; indentation; lines that run on.

A word such as `data` or `none` is a keyword only where the grammar expects it there, so that an option may be called
`none`. Which terminals there are and how they look stands in `grammar/rules.lark`; here is only the order of trying.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lark.lexer import Lexer, PatternStr, TerminalDef

from .diagnostics import Diagnostic
from .source import Place, Source, line_start

LINE_END = re.compile(r"(?:[ ]*(?:#[^\n\r]*)?(?:\r\n?|\n|\Z))+[ ]*")
RUNS_ON = re.compile(r"(?:AND|OR|EXCEPT|WAIVED|THEN)\b|=|\"")
WORD = re.compile(r"[^\W\d]\w*")
FOUND = re.compile(r"\"[^\"\n]*\"?|[\w.]+|.", re.DOTALL)
SPACES = re.compile(r" *")
DEEPEST_PARENTHESES = 60
DEEPEST_INDENTATION = 40


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text with its terminal's name."""

    type: str
    text: str
    place: Place

    @property
    def column_one(self) -> bool:
        return self.place.column == 1


class Terminals(Lexer):
    """The grammar's terminals as Lark hands them over, arranged for trying. (The tokens are made by `Tokens`.)"""

    __future_interface__ = 2

    def __init__(self, lexer_conf: object) -> None:
        terminals: Iterable[TerminalDef] = lexer_conf.terminals  # type: ignore[attr-defined]
        self.literals: dict[str, str] = {}
        self.patterns: dict[str, re.Pattern[str]] = {}
        self.priority: dict[str, int] = {}
        self._sources: dict[str, str] = {}
        for terminal in terminals:
            if isinstance(terminal.pattern, PatternStr):
                self.literals[terminal.name] = terminal.pattern.value
            else:
                self._sources[terminal.name] = terminal.pattern.to_regexp()
            self.priority[terminal.name] = terminal.priority
        self._arranged: dict[int, tuple[list[tuple[str, re.Pattern[str]]], dict[str, str], dict[str, str]]] = {}

    def lex(self, lexer_state: object, parser_state: object) -> Iterator[Any]:
        raise NotImplementedError("tokens are made by language.tokens.Tokens")

    def pattern(self, name: str) -> re.Pattern[str]:
        if name not in self.patterns:
            self.patterns[name] = re.compile(self._sources[name])
        return self.patterns[name]

    def arranged(
        self, state: int, accepts: Mapping[str, object]
    ) -> tuple[list[tuple[str, re.Pattern[str]]], dict[str, str], dict[str, str]]:
        """For a parser state: patterns that go before words, keywords, and all else that may stand there."""
        if state not in self._arranged:
            named = [name for name in accepts if name in self._sources and not name.startswith("_")]
            named.sort(key=lambda name: -self.priority[name])
            words: dict[str, str] = {}
            signs: dict[str, str] = {}
            for name in accepts:
                literal = self.literals.get(name)
                if literal:
                    (words if literal[0].isalpha() else signs)[literal] = name
            self._arranged[state] = ([(name, self.pattern(name)) for name in named], words, signs)
        return self._arranged[state]


class LayoutError(Exception):
    """A line or parenthesis that cannot be: `message` and `help` for the person, at `place`."""

    def __init__(self, code: str, message: str, place: Place, help: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.place, self.help = code, message, place, help


class Tokens:
    """Reads a source token by token; `next_token` is told what the parser can take."""

    def __init__(self, source: Source, terminals: Terminals) -> None:
        self.source, self.text, self.terminals = source, source.text, terminals
        self.position = 0
        self.indents = [0]
        self.open: list[Place] = []
        self.pending: list[Token] = []
        self.last_type = ""
        self.line_indent = 0
        self.misfits: list[Diagnostic] = []
        self._misfits: set[tuple[int, int]] = set()
        start = LINE_END.match(self.text)
        if start and start.end() > start.start():  # comments and blank lines before anything else
            self.position = start.end()
        first = line_start(self.text, self.position)
        self.line_indent = self.position - first

    def place(self, start: int, end: int) -> Place:
        return Place(self.source, start, end)

    def next_token(self, state: int, accepts: Mapping[str, object]) -> Token:
        """The next token, `$END` at the end; a token of type `?` where nothing fits. Raises LayoutError."""
        if self.pending:
            return self.pending.pop(0)
        token = self._content(state, accepts)
        if token is None:
            return self.next_token(state, accepts) if self.pending else self._end()
        self.last_type = token.type
        if token.type == "LPAR":
            if len(self.open) >= DEEPEST_PARENTHESES:
                raise LayoutError(
                    "R107",
                    f"parentheses are nested more than {DEEPEST_PARENTHESES} deep",
                    token.place,
                    "give parts of the condition a name with `define`",
                )
            self.open.append(token.place)
        elif token.type == "RPAR" and self.open:
            self.open.pop()
        return token

    def _end(self) -> Token:
        end = len(self.text)
        here = self.place(end, end)
        if len(self.indents) > 1:
            self.indents.pop()
            return Token("_DEDENT", "", here)
        return Token("$END", "", here)

    def _content(self, state: int, accepts: Mapping[str, object]) -> Token | None:
        text = self.text
        while True:
            self.position = SPACES.match(text, self.position).end()  # type: ignore[union-attr]
            if self.position >= len(text):
                if self.last_type not in ("", "_NL"):
                    self._line_end(len(text), len(text))
                return None
            if text[self.position] not in "\r\n#":
                break
            match = LINE_END.match(text, self.position)
            assert match is not None
            start, self.position = self.position, match.end()
            if self._runs_on(match.end()):
                continue
            self._line_end(start, match.end())
            return None
        patterns, words, signs = self.terminals.arranged(state, accepts)
        position = self.position
        word = WORD.match(text, position)
        keyword = words.get(word.group()) if word else None
        if "yes/no" in words and text.startswith("yes/no", position):
            return self._take(words["yes/no"], position + 6)
        for name, pattern in patterns:
            if keyword and self.terminals.priority[name] < 1:
                break
            match = pattern.match(text, position)
            if match and match.end() > position:
                return self._take(name, match.end())
        if keyword and word:
            return self._take(keyword, word.end())
        for length in (2, 1):
            sign = text[position : position + length]
            if sign in signs:
                return self._take(signs[sign], position + len(sign))
        found = FOUND.match(text, position)
        assert found is not None
        return Token("?", found.group(), self.place(position, found.end()))

    def _take(self, name: str, end: int) -> Token:
        start, self.position = self.position, end
        return Token(name, self.text[start:end], self.place(start, end))

    def _runs_on(self, end: int) -> bool:
        if end >= len(self.text):
            return False
        if self.open:
            indent = end - line_start(self.text, end)
            if indent < self.line_indent and self.text[end] != ")":
                raise LayoutError(
                    "R106",
                    "this parenthesis is not closed before the next statement",
                    self.open[-1],
                    "add `)`; inside parentheses a line may not stand further left than the one that began",
                )
            return True
        return self.last_type == "COMMA" or RUNS_ON.match(self.text, end) is not None

    def _line_end(self, start: int, end: int) -> None:
        """Puts the line end and the change of indentation behind it into `pending`."""
        self.last_type = "_NL"
        if end >= len(self.text) and self.open:
            raise LayoutError("R106", "this parenthesis is not closed", self.open[-1], "add `)`")
        self.pending.append(Token("_NL", "", self.place(start, start)))
        if end >= len(self.text):
            return
        first = line_start(self.text, end)
        indent = self.line_indent = end - first
        here = self.place(end, end + 1)
        if indent > self.indents[-1]:
            if len(self.indents) > DEEPEST_INDENTATION:
                raise LayoutError("R107", f"lines are nested more than {DEEPEST_INDENTATION} deep", here)
            self.indents.append(indent)
            self.pending.append(Token("_INDENT", "", here))
            return
        while indent < self.indents[-1]:
            if indent > self.indents[-2]:  # between two levels: taken for the deeper one
                self._misfit(indent, here)
                return
            self.indents.pop()
            self.pending.append(Token("_DEDENT", "", here))

    def _misfit(self, indent: int, here: Place) -> None:
        if (indent, self.indents[-1]) in self._misfits:
            return
        self._misfits.add((indent, self.indents[-1]))
        self.misfits.append(
            Diagnostic(
                "R105",
                f"this line is indented by {indent} spaces, which fits no line above it",
                here,
                f"indent it as far as the lines it belongs with: {self.indents[-2]} or {self.indents[-1]} spaces",
            )
        )
