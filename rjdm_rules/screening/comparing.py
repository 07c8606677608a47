"""Conditions that are asked for beside those of the rules, read as the rules would read them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from ..language.source import Source
from ..protocol import expressions as x
from ..protocol.check import check_source
from ..protocol.model import Protocol
from .matching import PopulationError

NAME = "asked_beside_the_rules"


def plain(value: Fraction) -> str:
    """A decimal as rules hold it. Raises PopulationError for more than 15 digits."""
    text = f"{value.numerator / value.denominator:.15g}"
    if Fraction(text) != value:
        raise PopulationError(f"{text}… has too many digits; write fewer")
    return f"{Decimal(text):f}"


def conditions(protocol: Protocol, texts: Sequence[str], what: str) -> list[x.Expression]:
    """Conditions as the rules would have them, names and units checked with theirs. Raises PopulationError, which
    begins with `what`."""
    source = next(iter(protocol.criteria())).place.source
    folder = Path(source.name).parent  # where its libraries are
    more = [
        f'  {NAME}_{number} "what is asked" yes/no\n      = {" ".join(text.split())}\n'
        for number, text in enumerate(texts)
    ]
    checked = check_source(Source(source.name, source.text.rstrip() + "\n\ndefine\n" + "".join(more)), folder)
    if checked.protocol is None:
        error = next(each for each in checked.diagnostics if each.severity == "error")
        raise PopulationError(f"{what}: {error.message}" + (f"; {error.help}" if error.help else ""))
    return [checked.protocol.definitions[f"{NAME}_{number}"].expression for number in range(len(texts))]


def comparisons(protocol: Protocol, texts: Sequence[str], what: str) -> list[x.Compare]:
    """The same of comparisons only."""
    found = [compared_in(each) for each in conditions(protocol, texts, what)]
    held = [each for each in found if isinstance(each, x.Compare)]
    if len(held) < len(found):
        raise PopulationError(f"{what}: write a comparison, such as `lvef ≥ 50 %`")
    return held


def compared_in(condition: x.Expression) -> x.Expression:
    """What is compared in the WHERE of an event that stands for its attribute: `stroke WHERE (grade ≥ 3)`."""
    match condition:
        case x.Occurs(occurrences=x.Selected(where=x.Compare() as comparison, window=None)):
            return comparison
    return condition
