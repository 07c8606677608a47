"""Where a name is used in all files that can see it, and what changes when it gets another one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..assets import asset
from ..language.parser import parse
from ..language.source import Place
from ..language.vocabulary import KEYWORDS
from ..protocol.libraries import UnreadableFile, read_source
from ..protocol.scope import NUMBERED, RESERVED
from .analysis import Analysis
from .occurrences import Names, Occurrence, Symbol

NAME = re.compile(r"[^\W\d]\w*")
RENAMED = ("name", "option", "attribute", "criterion", "example", "part")
MOST_FILES = 200


class CannotRename(Exception):
    """Why a name stays as it is; the message is for the person."""


def everywhere(symbol: Symbol, analysis: Analysis) -> list[Occurrence]:
    """All occurrences of a name: in this file, in those that it uses, and in those beside it that use the same."""
    found = [each for each in analysis.occurrences if each.symbol == symbol]
    home = analysis.declaration(symbol)
    for library in analysis.libraries:
        found += [each for each in Names(library).all() if each.symbol == symbol]
    if home is not None and home.source.name != analysis.source.name:
        found += _beside(symbol, Path(home.source.name), analysis)
    return found


def _beside(symbol: Symbol, library: Path, analysis: Analysis) -> Iterator[Occurrence]:
    """The uses in other files of the library's folder that use it."""
    seen = {analysis.source.name, *(file.place.source.name for file in analysis.libraries)}
    for path in sorted(library.parent.glob("*.rules"))[:MOST_FILES]:
        if str(path) in seen:
            continue
        try:
            file, _ = parse(read_source(path))
        except UnreadableFile:
            continue
        if any(use.name.name == library.stem for use in file.uses):
            declared, _ = parse(read_source(library))
            yield from (each for each in Names(file, (declared,)).all() if each.symbol == symbol)


def renamed(occurrence: Occurrence, new: str, analysis: Analysis) -> list[tuple[Place, str]]:
    """The places to change, each with its new text. Raises CannotRename."""
    symbol = occurrence.symbol
    may_be_renamed(symbol, analysis)
    _may_be_called(symbol, new, analysis)
    old = symbol.name.rpartition(".")[2] if symbol.kind in ("option", "attribute") else symbol.name
    if symbol.kind == "criterion":
        named = analysis.names.scope.criteria_by_id[symbol.name].syntax.name
        if named is None:
            raise CannotRename("this criterion has no name; write one behind its marker")
        old = named.name
    places = [each.place for each in everywhere(symbol, analysis)]
    return [(place, new) for place in places if place.text == old]


def may_be_renamed(symbol: Symbol, analysis: Analysis) -> None:
    """Raises CannotRename, whatever the new name would be."""
    if symbol.kind not in RENAMED:
        raise CannotRename("this is no name of a rules file")
    home = analysis.declaration(symbol)
    if home is None:
        raise CannotRename("it is not known where this is declared")
    if Path(home.source.name).resolve().is_relative_to(Path(asset("rules")).resolve()):
        raise CannotRename(
            f"this is declared in the bundled library {Path(home.source.name).stem}, which stays as it is"
        )


def _may_be_called(symbol: Symbol, new: str, analysis: Analysis) -> None:
    if not NAME.fullmatch(new):
        raise CannotRename(f"`{new}` is no name: a name has letters, digits and _, and begins with a letter")
    if new in KEYWORDS or new in RESERVED or NUMBERED.fullmatch(new):
        raise CannotRename(f"`{new}` has a meaning of its own")
    if symbol.kind in ("option", "attribute"):
        owner = symbol.name.rpartition(".")[0]
        family = analysis.names.options if symbol.kind == "option" else analysis.names.attributes
        taken = new in family.get(owner, ())
    else:
        criteria = {name for _, name in analysis.names.scope.criteria_by_name}
        taken = new in analysis.names.plain or new in criteria
    if taken:
        raise CannotRename(f"the name `{new}` is taken")
