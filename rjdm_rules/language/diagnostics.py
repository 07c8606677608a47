"""What is wrong with a rules file, said in the protocol's words and at its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice

from .source import Place, quotation

ERROR, WARNING, REMARK = "error", "warning", "remark"
MOST_LISTED, MOST_SAID, MOST_COMPARED, LONGEST_SUGGESTED = 8, 100, 2000, 60


@dataclass(frozen=True)
class Fix:
    """A change to the text that mends a finding: each stretch with what to put there. It is `certain` where nothing
    else can have been meant, so that it may be made unasked."""

    title: str
    edits: tuple[tuple[Place, str], ...]
    certain: bool = False


def replacement(place: Place, text: str, certain: bool = False, title: str = "") -> Fix:
    """The fix that writes `text` at one place."""
    return Fix(title or (f"write `{text.strip()}`" if text.strip() else "take it out"), ((place, text),), certain)


@dataclass(frozen=True)
class Diagnostic:
    """One finding. `hops` are further places that belong to it, each with a remark (the steps of a cycle, say);
    `fixes` the ways to mend it that need no thought."""

    code: str
    message: str
    place: Place
    help: str = ""
    severity: str = ERROR
    hops: tuple[tuple[str, Place], ...] = ()
    fixes: tuple[Fix, ...] = ()

    def as_json(self) -> dict[str, object]:
        end_line, end_column = self.place.end_position
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "file": self.place.source.name,
            "line": self.place.line,
            "column": self.place.column,
            "end_line": end_line,
            "end_column": end_column,
            "help": self.help,
        }

    def as_text(self) -> str:
        """The finding as a person reads it: place, message, the source line underlined, a way out."""
        parts = [f"{self.place}: {self.severity} {self.code}: {self.message}"]
        parts += [f"  {line}" for line in quotation(self.place)]
        for remark, place in self.hops:
            parts.append(f"  {place}: {remark}")
            parts += [f"  {line}" for line in quotation(place)]
        if self.help:
            parts.append(f"  help: {self.help}")
        return "\n".join(parts)


class RulesError(Exception):
    """A rules file that cannot be used. `diagnostics` holds every finding, errors and warnings."""

    def __init__(self, diagnostics: Iterable[Diagnostic]):
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        left = len(self.diagnostics) - MOST_SAID
        more = [f"… and {left} more findings"] if left > 0 else []
        return "\n".join([*(finding.as_text() for finding in self.diagnostics[:MOST_SAID]), *more])


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(finding.severity == ERROR for finding in diagnostics)


def listed(names: Iterable[str]) -> str:
    """The names, or the first of them where they are many."""
    shown = list(islice(names, MOST_LISTED + 1))
    return ", ".join(shown[:MOST_LISTED]) + (", …" if len(shown) > MOST_LISTED else "")


def near_names(word: str, known: Iterable[str]) -> list[str]:
    """The one or two names that a word was probably meant to be."""
    if len(word) > LONGEST_SUGGESTED:
        return []
    names = [name for name in known if abs(len(name) - len(word)) <= max(3, len(word) // 2)]
    alike = [name for name in names if name.casefold() == word.casefold()]
    if alike or len(names) > MOST_COMPARED:
        return alike[:1]
    return get_close_matches(word, names, n=2, cutoff=0.7)


def meant(near: Iterable[str]) -> str:
    """A suggestion such as "did you mean `lvef`?", or an empty text where nothing is near."""
    names = [f"`{name}`" for name in near]
    return "did you mean " + " or ".join(names) + "?" if names else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    return meant(near_names(word, known))


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Findings by file and place, each once."""
    seen: dict[tuple[object, ...], Diagnostic] = {}
    for finding in diagnostics:
        seen.setdefault((finding.place.source.name, finding.place.start, finding.code, finding.message), finding)
    return [seen[key] for key in sorted(seen, key=lambda key: (key[0], key[1], key[2]))]
