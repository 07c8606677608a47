"""Slips that are told by the words on the line: what people write in other languages, forms and documents, and what
it is here. The rows stand in `grammar/phrases.toml`; they are read with the first line that cannot be."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache

from ..assets import asset
from ..units.unit import is_unit
from .diagnostics import Fix, replacement
from .misfits import Misfit, Said, shortened
from .source import Place

SECTIONS = {"criteria": "inclusion exclusion part", "conditions": "inclusion exclusion part define data"}
LONGEST_LINE = 400  # what people slip in is shorter, and a pattern on a long line may take its time
PARTS = {
    "<name>": r"\b[^\W\d]\w*",
    "<date>": r"\d{4}-\d{2}(?:-\d{2})?",
    "<type>": r"(?:yes/no|date|time|event|count|number|(?:one|several) of\b[^\"]*|(?:repeated )?in \S+)",
}


@dataclass(frozen=True)
class Phrase:
    """One row; the head of the file says what each field is."""

    sections: frozenset[str]
    say: re.Pattern[str]
    message: str
    code: str
    write: str | None
    certain: bool
    help: str
    unit: str
    before_not: re.Pattern[str] | None

    def fits(self, found: re.Match[str]) -> bool:
        line, start = found.string, found.start("at")
        if line.count('"', 0, start) % 2:  # inside a text
            return False
        if self.before_not is not None and self.before_not.search(line[:start]):
            return False
        return not self.unit or is_unit(self.unit.format_map(found.groupdict()).translate(SUPERSCRIPTS))


_PART = re.compile(r"(?<!\?P)<(?:name|date|type)>")  # not the name of a group
SUPERSCRIPTS = str.maketrans("²³", "23")


@cache
def phrases() -> tuple[Phrase, ...]:
    rows = tomllib.loads(asset("grammar", "phrases.toml").read_text(encoding="utf-8"))["phrase"]
    return tuple(
        Phrase(
            frozenset(
                "" if name == "start" else name
                for word in each.get("in", "").split()
                for name in SECTIONS.get(word, word).split()
            ),
            re.compile(_PART.sub(lambda part: PARTS[part.group()], each["say"])),
            each["message"],
            each.get("code", "R110"),
            each.get("write"),
            each.get("certain", False),
            each.get("help", ""),
            each.get("unit", ""),
            re.compile(each["before_not"]) if "before_not" in each else None,
        )
        for each in rows
    )


def phrase(m: Misfit) -> Said | None:
    """The first row that fits the line where it cannot be read."""
    here = (m.place.start if m.missing else m.start) - m.line_start
    line = m.line
    if here < 0:  # what is missing belongs to a line above
        source = m.place.source
        number = m.place.line
        line, here = source.line(number), m.place.start - source.line_starts[number - 1]
    for each in phrases() if len(line) <= LONGEST_LINE else ():
        if each.sections and m.section not in each.sections:
            continue
        for found in each.say.finditer(line):
            if found.start() <= here <= found.end() + 1 and each.fits(found):
                return _said(each, found, m, m.place.start - here if m.missing else m.line_start)
    return None


def _said(each: Phrase, found: re.Match[str], m: Misfit, line_start: int) -> Said:
    held = {name: (value or "").strip() if name == "at" else value or "" for name, value in found.groupdict().items()}
    place = Place(m.place.source, line_start + found.start("at"), line_start + found.end("at"))
    form = each.write.format_map(held) if each.write is not None else None
    fixes: tuple[Fix, ...] = ()
    if form is not None:
        fixes = (replacement(place, form, each.certain, "" if form.strip() else "take it out"),)
    help = each.help.format_map(held) or (f"write `{shortened(form.strip())}`" if form and form.strip() else "")
    start = place.start + len(place.text) - len(place.text.lstrip())
    shown = Place(place.source, start, max(start + 1, place.end))
    return Said(each.code, each.message.format_map(held), help, fixes, shown)
