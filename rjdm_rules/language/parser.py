"""From text to a syntax tree, with every error of the file.

The LALR tables come from `grammar/rules.lark`. After an error the statement in which it stands, and whatever is
indented below it, is replaced by the grammar's `BROKEN`, and reading goes on behind it.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from lark import Lark, UnexpectedToken
from lark.parsers.lalr_parser_state import ParseConf, ParserState

from ..assets import asset
from . import syntax as s
from .build import Builder
from .characters import readable
from .diagnostics import Diagnostic, in_order
from .messages import syntax_message
from .misfits import Misfit
from .slips_of_signs import close_after
from .source import Place, Source, line_start
from .tokens import LayoutError, Terminals, Token, Tokens

LARGEST_FILE = 5_000_000
_PARSING = threading.Lock()


@dataclass(frozen=True)
class _Engine:
    conf: ParseConf[int]
    terminals: Terminals
    builder: Builder


@dataclass(slots=True)
class _Snapshot:
    """Where a statement began, so that it can be given up: the parser's stacks before its first token, and how many
    tokens had been read."""

    start: int
    indents: list[int]
    states: list[int]
    values: list[Any]
    taped: int = 0


@cache
def _engine() -> _Engine:
    grammar = asset("grammar", "rules.lark").read_text(encoding="utf-8")
    builder = Builder()
    options: dict[str, Any] = {
        "parser": "lalr",
        "lexer": Terminals,
        "start": "file",
        "maybe_placeholders": True,
        "transformer": builder,
    }
    lark = None
    folder = _cache_folder()
    if folder:
        try:
            lark = Lark(grammar, cache=str(folder / "grammar.lark-tables"), **options)
        except (OSError, ValueError, KeyError, EOFError, AttributeError):
            lark = None  # an unreadable cache costs time only
    lark = lark or Lark(grammar, **options)
    state = lark.parse_interactive("").parser_state
    lexer = lark.parser.lexer
    assert isinstance(lexer, Terminals)
    return _Engine(state.parse_conf, lexer, builder)


def _cache_folder() -> Path | None:
    """The user's own cache folder, for the parser's tables; None where there is none to write to."""
    if os.environ.get("RJDM_RULES_CACHE") == "off":
        return None
    home = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else os.environ.get("XDG_CACHE_HOME")
    try:
        folder = Path(home) if home else Path.home() / ".cache"
        folder = folder / "rjdm-rules"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError):
        return None
    return folder if os.access(folder, os.W_OK) else None


def parse(source: Source) -> tuple[s.File, list[Diagnostic]]:
    """The syntax tree of a file and all its syntax errors (in order of place). Never raises for bad text."""
    refused = unreadable_text(source)
    if refused:
        return s.File(Place(source, 0, 0), None, incomplete=True), refused
    engine = _engine()
    with _PARSING:
        engine.builder.begin()
        run = _Run(source, engine)
        declarations, diagnostics = run.run()
        diagnostics += engine.builder.diagnostics
        broken = frozenset(engine.builder.broken_words)
    file = gathered(source, declarations, broken, bool(diagnostics), tuple(run.tape))
    return file, in_order(diagnostics)


def unreadable_text(source: Source) -> list[Diagnostic]:
    """Why a text is no rules file at all: empty, too large, control characters."""
    text = source.text
    start = Place(source, 0, 0)
    if not text.strip():
        return [Diagnostic("R101", "the file is empty", start, 'begin with `protocol ID "title"`')]
    if len(text) > LARGEST_FILE:
        size = f"{len(text) / 1e6:.1f} million characters; at most {LARGEST_FILE // 1_000_000} million are read"
        return [Diagnostic("R101", f"the file is too large: {size}", start, "split it with `library` and `use`")]
    control = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)
    if control:
        place = Place(source, control.start(), control.end())
        message = f"a control character (U+{ord(control.group()):04X}): this is not a text file"
        return [Diagnostic("R101", message, place)]
    return []


class _Run:
    """One reading of one source."""

    def __init__(self, source: Source, engine: _Engine) -> None:
        reading = readable(source)
        self.diagnostics = reading.diagnostics
        self.source = reading.source
        self.engine = engine
        self.tokens = Tokens(self.source, engine.terminals)
        self.state: ParserState[int] = ParserState(engine.conf, None)  # type: ignore[arg-type]
        self.snapshots: list[_Snapshot] = []
        self.new_statement = True
        self.last: Token | None = None
        self.tape: list[Token] = []
        self.section = ""

    def run(self) -> tuple[tuple[Any, ...], list[Diagnostic]]:
        states = self.engine.conf.states
        while True:
            position = self.state.state_stack[-1]
            try:
                token = self.tokens.next_token(position, states[position])
            except LayoutError as error:
                fixes = (close_after(self.last.place),) if error.code == "R106" and self.last else ()
                self.diagnostics.append(Diagnostic(error.code, error.message, error.place, error.help, fixes=fixes))
                self.give_up(self.tokens.position)
                continue
            try:
                if token.type == "$END":
                    result = self.state.feed_token(cast(Any, token), is_end=True)
                    return result, self.diagnostics + self.tokens.misfits
                self.feed(token)
            except UnexpectedToken as error:
                if token.type == "$END" and not self.snapshots:
                    return (), self.diagnostics
                self.report(token, error.expected)
                self.give_up(token.place.start, token)
                continue
            self.after(token)

    def feed(self, token: Token) -> None:
        self.state.feed_token(cast(Any, token))
        self.tape.append(token)
        if token.type.lower() == token.text and token.column_one:  # a word such as `data`
            self.section = token.text

    def after(self, token: Token) -> None:
        if token.type in ("_NL", "_INDENT", "_DEDENT"):
            self.new_statement = True
            return
        self.last = token
        if self.new_statement:
            self.new_statement = False
            depth = len(self.tokens.indents) - 1
            state = self.state
            snapshot = _Snapshot(
                token.place.start,
                self.tokens.indents[:],
                state.state_stack[:-1],
                state.value_stack[:-1],
                len(self.tape) - 1,
            )
            self.snapshots[depth:] = [snapshot]

    def report(self, token: Token, expected: Iterable[str]) -> None:
        place = token.place
        follows = self.new_statement and self.last is not None
        if follows and self.last is not None and not self.takes(self.state.state_stack, "BROKEN"):
            end = self.last.place.end  # the statement above is what is incomplete
            place = Place(self.source, end, end)
        opened = self.tokens.open[-1] if self.tokens.open else None
        fitting = frozenset(name for name in expected if self.takes(self.state.state_stack, name))
        said = syntax_message(Misfit(token, fitting or frozenset(expected), place, opened, self.last, self.section))
        where = said.place or place
        if said.once and any(each.message == said.message for each in self.diagnostics):
            return
        self.diagnostics.append(Diagnostic(said.code, said.message, where, said.help, fixes=said.fixes))

    def takes(self, states: list[int], terminal: str) -> bool:
        """Whether the parser, in these states, could take the terminal next."""
        table = self.engine.conf.states
        stack = states[:]
        while True:
            entry = table[stack[-1]].get(terminal)
            if entry is None:
                return False
            action, argument = entry
            if action.name == "Shift":
                return True
            size = len(argument.expansion)
            if size:
                del stack[-size:]
            stack.append(table[stack[-1]][argument.origin.name][1])

    def give_up(self, position: int, token: Token | None = None) -> None:
        """Replaces the broken statement by BROKEN and moves to the first line behind it."""
        layout = token is not None and token.type in ("_INDENT", "_DEDENT", "$END")
        if token is not None and not layout and self.new_statement and self.takes(self.state.state_stack, "BROKEN"):
            # this line is no statement that may stand here; what is above it is complete
            depth = len(self.tokens.indents) - 1
            here = _Snapshot(
                token.place.start,
                self.tokens.indents[:],
                self.state.state_stack[:],
                self.state.value_stack[:],
                len(self.tape),
            )
            self.snapshots[depth:] = [here]
        while self.snapshots and not self.takes(self.snapshots[-1].states, "BROKEN"):
            self.snapshots.pop()
        if self.snapshots:
            snapshot = self.snapshots[-1]
        else:
            conf = self.engine.conf
            snapshot = _Snapshot(self.tokens.position if token is None else token.place.start, [0], [], [])
            snapshot.states, snapshot.values = [conf.start_state], []
        self.state.state_stack[:] = snapshot.states
        self.state.value_stack[:] = snapshot.values
        resume = self.behind(snapshot.start)
        if token is None and self.diagnostics[-1].code == "R106":
            resume = self.balanced(resume)
        resume = max(resume, min(len(self.source.text), snapshot.start + 1))
        end = resume
        words = Token("BROKEN", self.source.text[snapshot.start : end], Place(self.source, snapshot.start, end))
        del self.tape[snapshot.taped :]
        if self.takes(self.state.state_stack, "BROKEN"):
            self.feed(words)
        tokens = self.tokens
        tokens.open.clear()
        tokens.pending.clear()
        tokens.indents = snapshot.indents[:]
        tokens.last_type = "_NL"
        self.new_statement = True
        self.last = None
        self.move_to(resume)

    def move_to(self, start: int) -> None:
        """Goes on at the first text at or behind `start`, with the dedents that lead there."""
        tokens = self.tokens
        tokens.position = start
        rest = self.source.text
        if start >= len(rest):
            return
        indent = start - line_start(rest, start)
        tokens.line_indent = indent
        here = Place(self.source, start, start)
        while indent < tokens.indents[-1]:
            tokens.indents.pop()
            tokens.pending.append(Token("_DEDENT", "", here))

    def balanced(self, position: int) -> int:
        """Past lines that only close what a broken line had opened."""
        text = self.source.text
        while position < len(text):
            end = text.find("\n", position)
            line = text[position : len(text) if end < 0 else end]
            if line.count(")") <= line.count("(") and not line.rstrip().endswith(","):
                return position
            position = self.behind(position)
        return position

    def behind(self, start: int) -> int:
        """The offset of the first line behind the statement at `start` that is not part of it."""
        text = self.source.text
        own = start - line_start(text, start)
        for match in _NEXT_LINE.finditer(text, start):
            if len(match.group(1)) <= own and not _GOES_ON.match(text, match.end()):
                return match.end()
        return len(text)


_NEXT_LINE = re.compile(r"[\r\n]([ ]*)(?=[^\s#])")
_GOES_ON = re.compile(r"(?:AND|OR|EXCEPT|WAIVED|THEN)\b|[=\")]")


def gathered(
    source: Source, declarations: tuple[Any, ...], broken: frozenset[str], incomplete: bool, tokens: tuple[Token, ...]
) -> s.File:
    """The declarations of a file sorted by kind, each kind in the order of the file."""
    flat: list[Any] = []
    for declaration in declarations:
        flat.extend(declaration if isinstance(declaration, tuple) else (declaration,))

    def of(kind: type) -> tuple[Any, ...]:
        return tuple(part for part in flat if isinstance(part, kind))

    heads = of(s.Head)
    return s.File(
        Place(source, 0, len(source.text)),
        heads[0] if heads else None,
        of(s.Use),
        of(s.Reading),
        of(s.Item),
        of(s.Definition),
        of(s.Table),
        of(s.Block),
        of(s.Part),
        of(s.Escalation),
        of(s.Example),
        broken,
        incomplete,
        heads[1:],
        tokens,
    )
