"""The questions of a protocol: with which criterion each is asked, and how it is answered on paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..graph.build import RuleGraph
from ..protocol import expressions as x
from ..protocol.model import Criterion, Item
from ..units.unit import Unit, conversion, read_unit
from ..words.phrases import Words
from ..words.tables import span_words

FARTHEST = 1000  # how many times another unit may be as large or as small: nobody gives an age in seconds
COMMON_UNITS = (
    "years", "months", "weeks", "days", "h", "min", "s", "kg", "g", "mg", "ug", "ng", "pg", "m", "cm", "mm", "L", "mL",
    "mol/L", "mmol/L", "umol/L", "nmol/L", "pmol/L", "g/L", "g/dL", "mg/dL", "mg/L", "ug/dL", "ug/L", "ug/mL", "ng/mL",
    "ng/L", "pg/mL", "U/L", "ukat/L", "[IU]/L", "[IU]/mL", "m[IU]/mL", "m[IU]/L", "10*9/L", "10*6/L", "10*3/uL", "/uL",
    "10*12/L", "mm[Hg]", "kPa", "°C", "°F", "mL/min", "mL/s", "mL/min/1.73m2", "mg/kg/d", "g/kg/d", "mg/d", "g/d", "%",
    "mmol/mol", "mg/mmol", "mg/g", "kg/m2", "/min", "cm/s", "m/s", "ms", "points",
)  # fmt: skip


@dataclass(frozen=True)
class Blank:
    """A line to write on: what belongs there, and the unit that follows."""

    label: str
    unit: str = ""


@dataclass(frozen=True)
class Question:
    """A question on paper: boxes to tick (`choices`), and `lines` lines with blanks to fill in."""

    name: str
    label: str
    ask: str
    hint: str
    choices: tuple[str, ...]
    blanks: tuple[Blank, ...]
    lines: int


def questions_of(graph: RuleGraph, readings: Mapping[str, str]) -> dict[str, list[str]]:
    """The items to ask for with each criterion under these readings: those that no earlier one has asked for, with
    children first, so that a question stands with the part that it belongs to."""
    protocol = graph.protocol
    items: dict[str, list[str]] = {}
    for name in protocol.items:
        for id in graph.criteria_using(name, readings):
            items.setdefault(id, []).append(name)
    placed: set[str] = set()
    found: dict[str, list[str]] = {each.id: [] for each in protocol.criteria()}

    def place(criterion: Criterion) -> None:
        for child in criterion.children:
            place(child)
        found[criterion.id] = [name for name in items.get(criterion.id, ()) if name not in placed]
        placed.update(found[criterion.id])

    for part in protocol.parts:
        for block in part.blocks:
            for criterion in block.criteria:
                place(criterion)
    return found


def asked_elsewhere(graph: RuleGraph, readings: Mapping[str, str]) -> list[str]:
    """The items that no criterion uses under these readings."""
    placed = {name for names in questions_of(graph, readings).values() for name in names}
    return [name for name in graph.protocol.items if name not in placed]


def on_paper(graph: RuleGraph, words: Words) -> Mapping[str, tuple[Question, ...]]:
    """The questions of each criterion as they are answered on paper; those that no criterion uses under an empty id."""
    items = graph.protocol.items
    found = {
        id: tuple(question(items[name], words) for name in names)
        for id, names in questions_of(graph, words.readings).items()
    }
    return found | {"": tuple(question(items[name], words) for name in asked_elsewhere(graph, words.readings))}


def question(item: Item, words: Words) -> Question:
    terms = words.terms["form"]
    choices: tuple[str, ...] = ()
    blanks: tuple[Blank, ...] = ()
    lines = 1
    match item.kind:
        case "truth":
            choices = (terms["yes"], terms["no"])
        case "one of" | "several of":
            choices = tuple(words.option(option) for option in item.options)
            choices += (terms["none_of_these"],) if item.kind == "several of" else ()
        case "event":
            states = terms["measuring" if item.repeated else "happening"]
            choices = (states["never"], states["listed"])
            blanks, lines = _occurrence(item, words), 3
        case _:
            blanks = _blanks(item, words)
    return Question(
        item.name,
        words.said(item.label),
        words.said(item.ask) if item.ask else words.said(item.label),
        hint(item, words),
        choices,
        blanks,
        lines,
    )


def hint(item: Item, words: Words) -> str:
    """The range of a number, and what an item counts as where it is left open."""
    unit = words.unit(item.unit.text) if item.unit else ""
    parts = [f"{span_words(item.span.low, item.span.high, words)} {unit}".strip()] if item.span else []
    parts += [left_open(item, words)] if item.otherwise is not None else []
    return " · ".join([*parts, *(words.said(note) for note in item.notes)])


def left_open(item: Item, words: Words) -> str:
    """What an item with an `otherwise` counts as where no answer is given."""
    terms = words.terms["form"]
    if item.otherwise is None or not is_plain(item.otherwise):
        return str(terms["derived"])
    return str(terms["counts_as"].format(value=words.value(item.otherwise)))


def is_plain(otherwise: x.Expression) -> bool:
    """Whether an `otherwise` is one value, and not worked out from other items."""
    return isinstance(otherwise, x.Always | x.NoOptions | x.NoOccurrences | x.Constant | x.OptionConstant)


def _blanks(item: Item, words: Words, label: str = "") -> tuple[Blank, ...]:
    """What is written down of a number or a date."""
    terms = words.terms["form"]
    unit = words.unit(item.unit.text) if item.unit else ""
    if item.kind in ("date", "time"):
        return (Blank(label or terms[item.kind], terms[f"{item.kind}_hint"]),)
    limits = tuple(Blank(terms[limit.lower()], unit) for limit in item.limits)
    return (Blank(label or terms["value"], unit), *limits)


def _occurrence(item: Item, words: Words) -> tuple[Blank, ...]:
    terms = words.terms["form"]
    found = [Blank(terms["from" if item.course else "date"], f"☐ {terms['undated']}")]
    found += [Blank(terms["until"], f"☐ {terms['ongoing']}")] if item.course else []
    for attribute in item.attributes:
        label = words.said(attribute.label)
        if attribute.options:
            options = "/".join(words.option(option) for option in attribute.options)
            found.append(Blank(label, f"({options})"))
        elif attribute.kind == "truth":
            found.append(Blank(label, f"({terms['yes']}/{terms['no']})"))
        else:
            found += _blanks(attribute, words, label)
    return tuple(found)


def units_for(item: Item) -> list[str]:
    """The declared unit, and the usual ones that a value may be given in as well."""
    if item.unit is None or item.unit.plain or not item.unit.text:
        return []
    declared, seen = item.unit, {_size(item.unit)}
    found = [item.unit.text]
    for text in COMMON_UNITS:
        unit = read_unit(text)
        factors = conversion(unit, declared, item.molar_mass)
        if factors is None or _size(unit) in seen:
            continue
        if declared.offset or 1 <= max(factors[0], 1 / factors[0]) <= FARTHEST:
            seen.add(_size(unit))
            found.append(text)
    return found


def _size(unit: Unit) -> tuple[Any, ...]:
    return (unit.dimension, unit.factor, unit.offset)
