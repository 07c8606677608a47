"""What may be written where the cursor stands: items, options, units that fit, markers, sections, types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..language.slips_of_statements import WHOLE_TYPES
from ..language.source import line_start
from ..language.vocabulary import CIRCLED, SECTION_WORDS
from ..protocol.libraries import bundled_libraries
from ..protocol.model import Item
from ..units.unit import Unit, UnitError, conversion, read_unit
from .analysis import Analysis, section_of

_UNITS = (
    "% years months weeks days hours kg g mg ug cm mm m kg/m2 mg/kg/d mg/d mg/dL g/dL g/L mg/L ug/L mmol/L umol/L U/L "
    "[IU]/mL [IU]/L 10*9/L 10*6/L /min mmHg °C mL/min mL/min/1.73m2 points cells/kg"
)
_WORDS = (
    "AND|OR|NOT|ANY(|ALL(|NONE(|AT LEAST 2 OF (|EXCEPT|WAIVED IF|IF|THEN|BETWEEN|IS|IN (|INCLUDES|COUNT(|LATEST("
    "|EARLIEST(|MAX(|MIN(|MEAN(|WHERE (|WITHIN|BEFORE|AFTER|AT LEAST|LESS THAN|MORE THAN|YEARS FROM|MONTHS FROM"
    "|DAYS FROM|ULN|LLN|FIRST KNOWN OF ("
)
COMMON_UNITS, LOGIC = tuple(_UNITS.split()), tuple(_WORDS.split("|"))
ITEM_LINES = ("otherwise", "range", "code", "molar mass", "ask", "note")


@dataclass(frozen=True)
class Completion:
    """`kind` as for symbols, besides keyword and unit; `detail` says what it is."""

    text: str
    kind: str
    detail: str = ""


def completions(offset: int, text: str, analysis: Analysis) -> list[Completion]:
    """What fits at an offset of the text, the likeliest first. The analysis may be of an earlier state of the text."""
    start = line_start(text, offset)
    before = text[start:offset]
    if before.count('"') % 2 or "#" in before:
        return []
    if not before.strip() or re.fullmatch(r"[a-z]*", before):
        found = list(_at_line_start(before, text[:start], analysis))
    else:
        found = list(_on_line(before, section_of(text[:start]), analysis))
    first: dict[str, Completion] = {}
    for each in found:
        first.setdefault(each.text, each)
    return list(first.values())


def _at_line_start(before: str, above: str, analysis: Analysis) -> Iterator[Completion]:
    """`above` is the text up to the line."""
    if not before.startswith(" "):
        yield from (Completion(word, "keyword", "section") for word in SECTION_WORDS)
        if not before:
            return
    section = section_of(above)
    if section in ("inclusion", "exclusion", "part"):
        yield from _markers(len(before), above)
        yield from _values(analysis)
    elif section == "data":
        yield from (Completion(word, "keyword", "line of an item") for word in ITEM_LINES)
    elif section == "example":
        yield from (Completion(word, "keyword") for word in ("given", "expect", "expect deciding", "expect reasons"))
        yield from (Completion(f"{name} = ", "name", item.label.text) for name, item in _items(analysis).items())
    elif section == "readings":
        yield from (Completion(word, "keyword") for word in ("one of", "chosen", "because"))


def _markers(indent: int, above: str) -> Iterator[Completion]:
    """The marker that follows the last one of the same indentation."""
    lines = [line for line in above.splitlines() if re.match(rf" {{{indent}}}(?:\(\w+\)|[{CIRCLED}]) ", line)]
    last = lines[-1].strip().split()[0] if lines else ""
    if last in CIRCLED[:-1] and last:
        yield Completion(f'{CIRCLED[CIRCLED.index(last) + 1]} "', "keyword", "next criterion")
    elif re.fullmatch(r"\(\d+\)", last):
        yield Completion(f'({int(last[1:-1]) + 1}) "', "keyword", "next criterion")
    elif re.fullmatch(r"\([a-y]\)", last):
        yield Completion(f'({chr(ord(last[1]) + 1)}) "', "keyword", "next criterion")
    elif indent <= 4:
        yield Completion('(1) "', "keyword", "first criterion")
    else:
        yield Completion('① "', "keyword", "first part")


def _on_line(before: str, section: str, analysis: Analysis) -> Iterator[Completion]:
    if re.match(r"use \w*$", before):
        yield from (Completion(name, "library") for name in bundled_libraries())
    elif re.search(r"\bchosen \w*$", before):
        yield from (Completion(o, "option") for options in analysis.names.options.values() for o in options)
    elif match := re.search(r"(\w+)\s+(?:IS(?: NOT)?|INCLUDES)\s+\w*$|(\w+)\s+IN\s*\([^()]*$", before):
        yield from _options(match.group(1) or match.group(2), analysis)
    elif re.search(r"^\s+\w+ = (?:\S+, )*\w*$", before) and section == "example":
        yield from _options(before.split()[0], analysis)
        yield from (Completion(word, "keyword") for word in ("yes", "no", "unknown", "none"))
    elif re.search(r"\bexpect \w*$", before):
        yield from (
            Completion(word, "keyword") for word in ("eligible", "ineligible", "undetermined", "deciding", "reasons")
        )
        yield from (Completion(id, "criterion") for id in analysis.names.scope.criteria_by_id)
    elif section == "data" and (re.search(r"\bin [^\s\"]*$", before) or re.search(r"molar mass [\d.]+ \S*$", before)):
        yield from (Completion(unit, "unit") for unit in (("g/mol",) if "molar" in before else COMMON_UNITS))
    elif section == "data" and re.search(r"\"\s+\S*$", before):
        yield from (Completion(word, "keyword", "type") for word in (*WHOLE_TYPES, "in", "repeated in"))
    elif match := re.search(r"(\w+)\s*(?:[≥≤<>=≠]=?|BETWEEN|AND)\s*[\d.]+ ?\S*$", before):
        yield from _units(match.group(1), analysis)
    elif section in ("inclusion", "exclusion", "part", "define", "data"):
        yield from _values(analysis)
        yield from (Completion(word, "keyword") for word in LOGIC)


def _values(analysis: Analysis) -> Iterator[Completion]:
    for file in (analysis.file, *analysis.libraries):
        for item in file.items:
            yield Completion(item.name.name, "name", item.label.text if item.label else "")
        for definition in file.definitions:
            yield Completion(definition.name.name, "name", definition.label.text)
        for table in file.tables:
            yield Completion(f"{table.name.name}(", "name", table.label.text)
        for reading in file.readings:
            yield Completion(reading.name.name, "name", reading.label.text)
    for (part, name), named in analysis.names.scope.criteria_by_name.items():
        sentence = named.syntax.sentence
        yield Completion(f"{part}.{name}" if part else name, "criterion", sentence.text if sentence else "")


def _options(owner: str, analysis: Analysis) -> Iterator[Completion]:
    for file in (analysis.file, *analysis.libraries):
        held = {item.name.name: item.type.options for item in file.items}
        held |= {reading.name.name: reading.options for reading in file.readings}
        for option in held.get(owner, ()):
            yield Completion(option.name, "option", option.label.text if option.label else "")


def _units(name: str, analysis: Analysis) -> Iterator[Completion]:
    """The unit that an item is declared in, then others that convert to it."""
    item = _items(analysis).get(name)
    if item is None or item.unit is None or item.unit.plain:
        return
    yield Completion(item.unit.text, "unit", "as declared")
    if item.limits:
        yield from (Completion(f"× {limit}", "unit", "its limit of normal") for limit in item.limits)
    yield from (Completion(unit, "unit") for unit in COMMON_UNITS if _converts(unit, item.unit, item))


def _converts(text: str, unit: Unit, item: Item) -> bool:
    try:
        return text != unit.text and conversion(read_unit(text), unit, item.molar_mass) is not None
    except UnitError:
        return False


def _items(analysis: Analysis) -> dict[str, Item]:
    states = [each.protocol.items for each in (analysis.usable, analysis.known) if each]
    return {name: item for items in states for name, item in items.items()}
