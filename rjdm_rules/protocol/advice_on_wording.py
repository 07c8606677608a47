"""Advice on wording: what a sentence says against what its condition holds."""

from __future__ import annotations

import re

from ..language.diagnostics import WARNING, Diagnostic, replacement
from ..language.source import Source
from . import expressions as x
from .figures import COUNTED, Figures, figures_in, figures_in_names
from .model import Criterion, Protocol
from .scope import Advice, Findings
from .terms import walk

IMPLIED = frozenset(("0",))  # "no hospital stay" says it without a figure
_LENGTH = re.compile(r"(?<![\d.])\b(\d+|[a-z]+)[\s-]+(month|year)s?\b", re.IGNORECASE)
_HALF = re.compile(r"\bhalf[ -](?:a )?year\b", re.IGNORECASE)
ONE = ("a", "one", "last", "past", "previous")


def sentences_and_conditions(protocol: Protocol, findings: Findings, source: Source) -> None:
    """Numbers in a sentence that are not in its condition, or the other way round; windows in days for months."""
    figures = Figures(protocol)
    for part in protocol.parts:
        for block in part.blocks:
            for criterion in block.criteria:
                _figures_agree(criterion, figures, findings)


def _figures_agree(criterion: Criterion, figures: Figures, findings: Findings) -> set[str]:
    """The figures of a criterion's condition and of those below it."""
    below: set[str] = set()
    for child in criterion.children:
        below |= _figures_agree(child, figures, findings)
    if criterion.condition is None:
        return below
    own, labelled = figures.of(criterion.condition)
    if criterion.sentence is not None:
        explained = _windows_in_days(criterion, figures.protocol, findings)
        said = figures_in(criterion.sentence.text) - explained
        own -= explained
        help = "bring sentence and condition into line"
        extra = sorted(said - own - labelled - below - figures_in_names(criterion.sentence.text))
        one = {"1"} if re.search(r"\bone\b", criterion.sentence.text, re.IGNORECASE) else set()
        missing = sorted(each for each in own - said - IMPLIED - one if not _in_part(each, said))
        if extra:
            rest = f", its condition {_listed(missing)}" if missing else ", which its condition does not"
            message = f"the sentence of {criterion.id} says {_listed(extra)}{rest}"
            hops = (("the condition", criterion.condition.place),) if missing and criterion.condition.place else ()
            findings.warning("R902", message, criterion.sentence.place, help, hops)
        elif missing:
            message = f"the condition of {criterion.id} holds {_listed(missing)}, which its sentence does not say"
            findings.warning("R902", message, criterion.condition.place or criterion.place, help)
    return below | own | labelled


def _in_part(figure: str, said: set[str]) -> bool:
    """Whether a date is said by its year or month."""
    return "-" in figure and not said.isdisjoint((figure[:4], figure[:7]))


def _listed(figures: list[str]) -> str:
    return figures[0] if len(figures) == 1 else ", ".join(figures[:-1]) + " and " + figures[-1]


def _windows_in_days(criterion: Criterion, protocol: Protocol, findings: Findings) -> set[str]:
    """Windows of days or weeks where the sentence says months or years; the figures that are thereby spoken of."""
    assert criterion.sentence is not None
    said = calendar_lengths(criterion.sentence.text)
    spoken: set[str] = set()
    conditions = [criterion.condition] if criterion.condition is not None and said else []
    for node in [each for condition in conditions for each in _with_definitions(condition, protocol)]:
        window = node.window if isinstance(node, x.Selected | x.InWindow) else None
        length = window.length if window else None
        if not isinstance(length, x.CalendarLength) or length.months or not length.days or length.place is None:
            continue
        for text, months in said.items():
            if not 28 * months <= length.days <= 31 * months + 1:
                continue
            spoken |= figures_in(text)
            if figures_in(length.text) - figures_in(criterion.sentence.text):
                message = f"the sentence of {criterion.id} says {text}, and the window counts {length.text}"
                help = f"write `{text}`, which goes by the calendar: the same day of the month, {text} before or after"
                fixes = (replacement(length.place, text),)
                findings.all.append(Diagnostic("R905", message, length.place, help, WARNING, fixes=fixes))
                spoken |= figures_in(length.text)
    return spoken


def _with_definitions(condition: x.Expression, protocol: Protocol) -> list[x.Expression]:
    """A condition and all below it, and below the definitions that it names."""
    found = walk(condition)
    for node in list(found):
        if isinstance(node, x.DefinedValue):
            found += walk(protocol.definitions[node.name].expression)
    return found


def calendar_lengths(sentence: str) -> dict[str, int]:
    """The lengths in months and years that a sentence speaks of, as the language writes them, in months."""
    found = {"6 months": 6} if _HALF.search(sentence) else {}
    for number, unit in _LENGTH.findall(_HALF.sub(" ", sentence)):
        figure = COUNTED.get(number.lower(), "1" if number.lower() in ONE else number)
        if figure.isdigit() and 0 < int(figure) < 1000:
            plural = "" if figure == "1" else "s"
            found[f"{figure} {unit.lower()}{plural}"] = int(figure) * (12 if unit.lower() == "year" else 1)
    return found


CHECKS: tuple[Advice, ...] = (sentences_and_conditions,)
