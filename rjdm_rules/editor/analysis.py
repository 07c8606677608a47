"""What an editor knows of an open file: its findings, its tokens and statements, its names; and the last state of it
in which it could be used, so that half a line does not take away what is known of the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..graph.build import RuleGraph, build_graph
from ..language import syntax as s
from ..language.diagnostics import Diagnostic
from ..language.lines import Outline, outline
from ..language.parser import parse
from ..language.source import Place, Source
from ..loading import with_examples
from ..protocol.check import checked
from ..protocol.libraries import used_files
from ..protocol.model import Protocol
from ..protocol.scope import Findings
from ..words.phrases import Words
from .occurrences import Names, Occurrence, Symbol


@dataclass(frozen=True)
class Known:
    """A protocol, perhaps with gaps where the file has errors, and its words."""

    protocol: Protocol

    @cached_property
    def words(self) -> Words:
        return Words(self.protocol)


@dataclass(frozen=True)
class Usable(Known):
    """A checked protocol with its graph."""

    @cached_property
    def graph(self) -> RuleGraph:
        return build_graph(self.protocol)


@dataclass(frozen=True)
class Analysis:
    """One state of an open file. `read` is its text as it was read, to which places refer: ordinary signs for foreign
    ones, spaces for tabs. `usable` is the protocol of this state, or of the last one that had no errors; `known` what
    is known of this state in spite of its errors."""

    source: Source
    folder: Path | None
    file: s.File
    diagnostics: tuple[Diagnostic, ...]
    usable: Usable | None
    known: Known | None

    @property
    def read(self) -> Source:
        return self.file.tokens[0].place.source if self.file.tokens else self.source

    @cached_property
    def libraries(self) -> tuple[s.File, ...]:
        return tuple(used_files(self.file, self.folder, Findings()))

    @cached_property
    def outline(self) -> Outline:
        return outline(self.read, self.file.tokens)

    @cached_property
    def names(self) -> Names:
        return Names(self.file, self.libraries)

    @cached_property
    def occurrences(self) -> list[Occurrence]:
        return self.names.all()

    def at(self, offset: int) -> Occurrence | None:
        """The name that stands at an offset, or ends there."""
        touching = [each for each in self.occurrences if each.place.start <= offset <= each.place.end]
        return min(
            touching, key=lambda each: (each.place.end == offset, each.place.end - each.place.start), default=None
        )

    def declaration(self, symbol: Symbol) -> Place | None:
        """Where a name is declared: here, or in a library."""
        for occurrences in (self.occurrences, *(Names(each).all() for each in self.libraries)):
            for each in occurrences:
                if each.declares and each.symbol == symbol:
                    return each.place
        if symbol.kind == "library":
            library = next((f for f in self.libraries if Path(f.place.source.name).stem == symbol.name), None)
            return Place(library.place.source, 0, 0) if library else None
        return None


def section_of(text: str) -> str:
    """The word that opened the section in which a text breaks off."""
    heads = re.findall(r"^([a-z]+)\b", text, re.MULTILINE)
    return heads[-1] if heads else ""


def analysed(source: Source, folder: Path | None, before: Analysis | None = None) -> Analysis:
    """The analysis of a text. Never raises for a text, however broken."""
    file, syntax_errors = parse(source)
    result = checked(file, syntax_errors, folder)
    result = with_examples(result)
    usable = Usable(result.protocol) if result.protocol is not None else before.usable if before else None
    known = Known(result.known) if result.known is not None else None
    return Analysis(source, folder, file, tuple(result.diagnostics), usable, known)
