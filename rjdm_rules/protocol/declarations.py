"""From written to checked declarations: readings, data items and their attributes."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from ..language import syntax as s
from ..language.diagnostics import listed, meant, near_names, replacement
from ..language.source import Place
from ..units.unit import PLAIN, Unit, conversion, read_unit
from . import types as t
from .code_systems import known_system, wrong_code
from .model import Item, Option, Reading
from .numbers import number_text
from .scope import Findings, may_name, unit_at

ATTRIBUTE_NAMES_TAKEN = ("date", "until", "unit", "uln", "lln")
GRAMS_PER_MOLE = read_unit("g/mol")
GUESSED = ("LOINC", "ICD-10", "ATC", "SNOMED")  # systems that the shape of a code tells apart


def options_of(options: tuple[s.Option, ...], findings: Findings) -> tuple[Option, ...]:
    found: dict[str, Option] = {}
    for option in options:
        if option.name in found:
            findings.error("R206", f"the option `{option.name}` is named twice", option.place)
        found.setdefault(option.name, Option(option.name, option.label))
    return tuple(found.values())


def checked_reading(node: s.Reading, findings: Findings, origin: str) -> Reading | None:
    options = options_of(node.options, findings)
    names = [option.name for option in options]
    if len(names) < 2:
        findings.error(
            "R212", f"the reading `{node.name.name}` needs at least two options", node.place, "add `one of a, b`"
        )
        return None
    if node.chosen is None:
        findings.error(
            "R212",
            f"the reading `{node.name.name}` has none chosen",
            node.place,
            f"add `chosen` and the option that holds: {listed(names)}",
        )
        return None
    if node.chosen.name not in names:
        near = near_names(node.chosen.name, names)
        findings.error(
            "R204",
            f"`{node.chosen.name}` is no option of `{node.name.name}`",
            node.chosen.place,
            meant(near) or "its options are " + ", ".join(names),
            fixes=tuple(replacement(node.chosen.place, each) for each in near),
        )
        return None
    return Reading(node.name.name, node.label, options, node.chosen.name, node.because, node.place, origin)


def checked_item(node: s.Item, findings: Findings, origin: str, attribute: bool = False) -> Item | None:
    """A data item without its `otherwise` (which needs all names first). None after an error that leaves no type."""
    name, written = node.name.name, node.type
    if attribute and name in ATTRIBUTE_NAMES_TAKEN:
        findings.error("R208", f"`{name}` cannot name an attribute: it has a meaning of its own", node.name.place)
        return None
    if not may_name(node.name, findings):
        return None
    label = node.label or s.Text(node.name.place, name.replace("_", " "))
    base = Item(name, label, written.kind, t.Truth(), node.place, origin, by=written.by, limits=written.limits)
    item = _typed_item(base, written, node, findings)
    if item is None:
        return None
    if node.attributes and (item.kind != "event" or item.repeated):
        first = node.attributes[0]
        what = "but a repeated measurement has its value only" if item.repeated else "but only an event has attributes"
        findings.error(
            "R209",
            f"`{first.name.name}` stands below `{name}`, {what}",
            first.place,
            f"indent it as far as `{name}` (with a type of its own), or declare `{name}` as `event`",
        )
    return _with_lines(item, node, findings)


def _typed_item(base: Item, written: s.TypeExpression, node: s.Item, findings: Findings) -> Item | None:
    match written.kind:
        case "truth":
            return replace(base, type=t.Truth())
        case "quantity":
            unit = _unit(written, findings)
            return replace(base, type=t.Number(unit), unit=unit) if unit else None
        case "number" | "count":
            return replace(base, type=t.Number(PLAIN), unit=PLAIN)
        case "grade":
            span = _span(written.low, written.high, written.place, findings)
            return replace(base, kind="count", type=t.Number(PLAIN), unit=PLAIN, span=span)
        case "one of" | "several of":
            options = options_of(written.options, findings)
            names = tuple(option.name for option in options)
            kind = t.OneOf(names) if written.kind == "one of" else t.SeveralOf(names)
            return replace(base, type=kind, options=options)
        case "date":
            return replace(base, type=t.Date())
        case "time":
            return replace(base, type=t.Time())
        case "event" | "course":
            attributes = _attributes(node, findings, base.origin)
            return replace(
                base,
                kind="event",
                type=t.Occurrences(base.name),
                course=written.kind == "course",
                attributes=attributes,
            )
        case _:  # repeated: an event with one value
            value_type = replace(written, kind="quantity" if written.unit else "number")
            value = _typed_item(
                replace(base, name="value", label=node.label or base.label, kind=value_type.kind),
                value_type,
                node,
                findings,
            )
            if value is None:
                return None
            return replace(
                base, kind="event", type=t.Occurrences(base.name), repeated=True, attributes=(value,), limits=()
            )


def _attributes(node: s.Item, findings: Findings, origin: str) -> tuple[Item, ...]:
    found: dict[str, Item] = {}
    for each in node.attributes:
        item = checked_item(each, findings, origin, attribute=True)
        if item is None:
            continue
        if item.kind in ("event", "several of", "time"):
            what = {"event": "an event", "time": "a time"}.get(item.kind, "a set of options")
            findings.error("R209", f"an attribute cannot be {what}", each.place)
            continue
        if item.name in found:
            findings.error("R206", f"the attribute `{item.name}` is declared twice", each.place)
        found.setdefault(item.name, item)
    return tuple(found.values())


def _unit(written: s.TypeExpression, findings: Findings) -> Unit | None:
    assert written.unit is not None
    return unit_at(written.unit, written.unit_place or written.place, findings)


def _span(low: Fraction | None, high: Fraction | None, place: Place, findings: Findings) -> t.Span | None:
    assert low is not None and high is not None
    if low > high:
        findings.error(
            "R210",
            f"the range {number_text(low)}..{number_text(high)} runs backwards",
            place,
            f"write {number_text(high)}..{number_text(low)}",
        )
        return None
    return t.Span(low, high)


def _with_lines(item: Item, node: s.Item, findings: Findings) -> Item:
    """The item with its range, codes, molar mass, question and notes."""
    seen: set[str] = set()
    for line in node.lines:
        if line.kind in seen and line.kind not in ("code", "note"):
            findings.error("R206", f"`{line.kind}` is given twice", line.place)
            continue
        seen.add(line.kind)
        match line.kind:
            case "range":
                item = _with_range(item, line, findings)
            case "code":
                item = _with_code(item, line, findings)
            case "molar mass":
                item = _with_molar_mass(item, line, findings)
            case "ask":
                item = replace(item, ask=line.text)
            case "note" if line.text:
                item = replace(item, notes=(*item.notes, line.text))
    return item


def _with_range(item: Item, line: s.ItemLine, findings: Findings) -> Item:
    span = _span(line.low, line.high, line.place, findings)
    if item.repeated:
        value = replace(item.attributes[0], span=span)
        return replace(item, attributes=(value,))
    if item.unit is None:
        findings.error("R209", f"a range belongs to a number; `{item.name}` is {t.in_words(item.type)}", line.place)
        return item
    return replace(item, span=span)


def _with_code(item: Item, line: s.ItemLine, findings: Findings) -> Item:
    match = re.fullmatch(r"(\S+)\s+(\S.*)", line.code)
    joined = re.fullmatch(r"([A-Za-z][\w-]*):(\S+)", line.code)
    if not match and joined and "//" not in line.code:
        form = f"{joined.group(1)} {joined.group(2)}"
        fixes = (replacement(line.place, form, certain=True),)
        findings.error(
            "R211", "system and code stand apart, without a colon", line.place, f"write `{form}`", fixes=fixes
        )
        return item
    words = line.code.replace("(", " ").replace(")", " ").split()
    if len(words) == 2 and not known_system(words[0]) and known_system(words[1]):
        form = f"{words[1]} {words[0]}"
        fixes = (replacement(line.place, form, certain=True),)
        findings.error("R211", "the system stands before the code", line.place, f"write `code {form}`", fixes=fixes)
        return item
    if match and known_system(f"{match.group(1)}{match.group(2).split()[0]}") and " " in match.group(2):
        form = f"{match.group(1)}-{match.group(2)}"
        fixes = (replacement(line.place, form, certain=True),)
        findings.error("R211", "a code system is one word", line.place, f"write `code {form}`", fixes=fixes)
        return item
    if "://" in line.code:
        findings.error(
            "R211", "a code system is given by its short name", line.place, "write it as in `code LOINC 2160-0`"
        )
        return item
    if not match and not re.search(r"\d", line.code):
        findings.error("R211", f"behind `{line.code}` the code is missing", line.place, "as in `code LOINC 2160-0`")
        return item
    if not match:
        system = next((each for each in GUESSED if not wrong_code(each, line.code)), "LOINC")
        form = f"{system} {line.code}"
        fixes = (replacement(line.place, form),)
        findings.error("R211", f"`{line.code}` lacks its code system", line.place, f"write `code {form}`", fixes=fixes)
        return item
    return replace(item, codes=(*item.codes, (match.group(1), match.group(2).strip())))


def _with_molar_mass(item: Item, line: s.ItemLine, findings: Findings) -> Item:
    number = line.expression
    assert isinstance(number, s.Number)
    measured = item.attributes[0] if item.repeated else item
    if measured.kind != "quantity":
        findings.error("R209", f"a molar mass belongs to a quantity; `{item.name}` is none", line.place)
        return item
    written = unit_at(number.unit, number.unit_place or number.place, findings) if number.unit else None
    if written is None and number.unit:
        return item
    factors = conversion(written, GRAMS_PER_MOLE) if written else None
    if factors is None or number.value <= 0:
        findings.error("R403", "a molar mass is given in g/mol", line.place, f"write `molar mass {number.text} g/mol`")
        return item
    mass = number.value * factors[0]
    attributes = (replace(measured, molar_mass=mass),) if item.repeated else item.attributes
    return replace(item, molar_mass=mass, attributes=attributes)
