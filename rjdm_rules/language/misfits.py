"""A token that does not fit, with what stands around it: what the messages about syntax are made from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from .diagnostics import Fix
from .source import Place, line_start
from .tokens import Token


@dataclass(frozen=True)
class Said:
    """What to say of a misfit: code, message, help; `place` where it is not the token's own."""

    code: str
    message: str
    help: str = ""
    fixes: tuple[Fix, ...] = ()
    place: Place | None = None
    once: bool = False  # said of the first such line only


@dataclass(frozen=True)
class Misfit:
    """`expected` are the terminals that would fit; `opened` the innermost open parenthesis; `last` the token before;
    `place` where the statement broke off (behind `last` where something is missing); `section` the word that opened
    the section."""

    token: Token
    expected: frozenset[str]
    place: Place
    opened: Place | None
    last: Token | None
    section: str = ""

    @property
    def text(self) -> str:
        return self.token.text

    @cached_property
    def start(self) -> int:
        return self.token.place.start

    @cached_property
    def line_start(self) -> int:
        return line_start(self.token.place.source.text, self.start)

    @cached_property
    def before(self) -> str:
        """The line up to the token."""
        return self.token.place.source.text[self.line_start : self.start]

    @cached_property
    def rest(self) -> str:
        """The line from the token on, without a comment and spaces at its end."""
        text = self.token.place.source.text
        end = re.compile(r"[\r\n]|\Z").search(text, self.start)
        assert end is not None
        return re.sub(r"\s+#[^\"]*$", "", text[self.start : end.start()]).rstrip()

    @cached_property
    def line(self) -> str:
        """The line without a comment and spaces at its end."""
        return self.before + self.rest

    def on_line(self, start: int, end: int) -> Place:
        """A stretch of the line."""
        return Place(self.token.place.source, self.line_start + start, self.line_start + end)

    @property
    def missing(self) -> bool:
        """Whether something is missing at the end of a statement."""
        return self.last is not None and self.place.start == self.place.end == self.last.place.end

    @property
    def same_line(self) -> bool:
        return self.last is not None and self.last.place.line == self.token.place.line

    def at(self, start: int, length: int) -> Place:
        """A stretch of the text, `start` counted from the token."""
        return Place(self.token.place.source, self.start + start, self.start + start + length)

    def around(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """What a pattern matches on the line, as far as it reaches the place where the token begins."""
        here = self.start - self.line_start
        return (found for found in pattern.finditer(self.line) if found.start() <= here <= found.end())


def shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "…"
