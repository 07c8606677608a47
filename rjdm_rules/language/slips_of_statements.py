"""Slips of whole statements: markers, sentences, types, options, sections."""

from __future__ import annotations

import re

from ..units.unit import is_unit
from .diagnostics import Fix, near_names, replacement
from .diagnostics import meant as meant_words
from .misfits import Misfit, Said, shortened
from .source import Place
from .vocabulary import CIRCLED, KEYWORDS, SECTION_WORDS, TYPE_TERMINALS

TYPES = {
    "yes/no": ("boolean", "bool", "yesno", "yes-no", "y/n", "yes", "true", "flag", "logical", "binary", "checkbox"),
    "count": ("integer", "int", "whole"),
    "number": ("float", "decimal", "numeric", "real", "double", "score"),
    "one of a, b": ("text", "string", "enum", "choice", "option", "category", "categorical", "select", "radio"),
    "several of a, b": ("list", "set", "multiple", "multi", "checkboxes"),
    "time": ("datetime", "timestamp", "date/time", "date-time"),
    "in %": ("percent", "percentage", "%"),
    "repeated in UNIT": ("measurements", "series"),
}  # fmt: skip
WHOLE_TYPES = ("yes/no", "number", "count", "date", "time", "event", "one of", "several of", "in %")
ALSO_CALLED = {"definitions": "define", "definition": "define", "examples": "example", "reading": "readings",
               "parts": "part", "tables": "table", "dictionary": "data"}  # fmt: skip
BULLETS = "•·‣◦▪●○*+–—"
_MARKER = re.compile(
    rf"""\s*(?:(?P<bullet>[{BULLETS}])
          | (?P<level>\d{{1,3}}(?:\.\d{{1,3}})+)[.)]?
          | \(?(?P<number>\d{{1,3}})(?:\s*:|\s+[).]|\)\s*[.:]|\.(?=\S)|(?=\s))
          | \(?(?P<letter>[A-Z]|[IVX]{{2,5}})[.)](?=\s)
          | (?P<circled>[{CIRCLED}])\s*[.:)]
          )\s*(?=(?:[^\W\d]\w*\s*)?(?:"|$))""",
    re.VERBOSE,
)


def marker(m: Misfit) -> Said | None:
    """Bullets, and numbers of other styles, where a criterion begins."""
    found = _MARKER.match(m.line)
    if not found or m.section not in ("inclusion", "exclusion", "part") or m.start - m.line_start > found.end() + 40:
        return None
    kind = found.lastgroup or ""
    start = m.line_start + found.start(kind) - (found.group()[found.start(kind) - 1 : found.start(kind)] == "(")
    written = m.place.source.text[start : m.line_start + found.end()].rstrip()
    place = Place(m.place.source, start, start + len(written))
    if kind == "level":
        help = "number each level by itself, as in `(3)` with ①, ② below it"
        return Said("R117", f"`{written}` is no marker", help, (), place)
    held = found.group(kind)
    form = {"bullet": "-", "circled": held, "number": f"({held})", "letter": f"({held.lower()})"}[kind]
    gap = "" if m.place.source.text[place.end : place.end + 1] == " " else " "
    help = f"write `{form}`" + (" and a name" if kind == "bullet" else "")
    return Said("R117", f"`{written}` is no marker", help, (replacement(place, form + gap, certain=True),), place)


def dash_without_name(m: Misfit) -> Said | None:
    if m.last is None or m.last.type != "MINUS" or not m.text.startswith('"') or m.before.strip() not in ("-", "−"):
        return None
    words = re.findall(r"[A-Za-z]+", m.text)
    name = words[0].lower() if words else "part"
    fixes = (Fix(f"name it `{name}`", ((m.at(0, 0), f"{name} "),)),)
    return Said(
        "R117",
        "an item with `-` needs a name, by which others can refer to it",
        f"write `- {name} {shortened(m.text)}`",
        fixes,
    )


def condition_beside_sentence(m: Misfit) -> Said | None:
    """`(1) "Adult" age ≥ 18 years`."""
    if m.last is None or m.last.type != "STRING" or not m.same_line or '"' in m.rest:
        return None
    if not re.match(r"\s*(?:[①-⑳]|[(\[]?\w{1,4}[)\].]|-)\s", m.before) or not re.match(r"[\w(]", m.rest):
        return None
    indent = len(m.before) - len(m.before.lstrip()) + 4
    gap = len(m.before) - len(m.before.rstrip())
    fix = Fix("move it to a line of its own", ((m.at(-gap, gap), "\n" + " " * indent),), certain=True)
    return Said(
        "R114",
        "the condition stands below its sentence, not beside it",
        "move it to the next line, and indent it",
        (fix,),
    )


def sentence_without_quotes(m: Misfit) -> Said | None:
    """`(1) Age over 18`."""
    match = re.match(r"(\s*(?:[①-⑳]|[(\[]?\w{1,4}[)\].]|-)\s+)([^\"]*)$", m.line)
    if not match or not ({"STRING"} & m.expected) or len(match.group(2).split()) < 2 or m.last is None:
        return None
    word = match.group(2).split()[0]
    if word.lower() in ("and", "or", "except", "waived"):
        start = m.line_start + match.start(2)
        place = Place(m.place.source, start, start + len(word))
        fixes = (replacement(place, word.upper(), certain=True),)
        message = f"`{word}`: words of logic are written in capitals"
        return Said("R110", message, f"write `{word.upper()}`", fixes, place)
    start = m.line_start + match.start(2)
    place = Place(m.place.source, start, start + len(match.group(2)))
    fixes = (replacement(place, f'"{match.group(2)}"', title="put it in quotes"),)
    return Said("R109", "a sentence stands in quotes", f'write "{shortened(match.group(2))}"', fixes, place)


def hyphen_in_name(m: Misfit) -> Said | None:
    if m.last is None or m.last.type != "NAME" or not re.match(r"-\w", m.rest) or m.before[-1:] == " ":
        return None
    match = re.match(r"(?:-\w+)+", m.rest)
    if match is None or not ({"STRING", "EQUAL", "_NL"} & m.expected) or "COMPARE" in m.expected:
        return None
    place = Place(m.place.source, m.last.place.start, m.start + match.end())
    form = place.text.replace("-", "_")
    fixes = (replacement(place, form, certain=True),)
    return Said(
        "R208", f"`{place.text}`: a name has no hyphen, which would be a minus", f"write `{form}`", fixes, place
    )


# ---- types ---------------------------------------------------------------------------------------------------------


def missing_type(m: Misfit) -> Said | None:
    """`weight "weight"`, with nothing behind the label."""
    if m.last is None or m.last.type not in ("STRING", "NAME"):
        return None
    ends = m.missing or m.token.type in ("_NL", "$END", "_DEDENT", "_INDENT")
    if not ends or not (m.expected >= TYPE_TERMINALS or (m.section == "data" and "_INDENT" in m.expected)):
        return None
    help = "add one: `yes/no`, `in UNIT`, `count`, `one of a, b`, `several of a, b`, `date`, `event`, …"
    return Said("R115", f"behind {shortened(m.last.text)} the type is missing", help)


def foreign_type(m: Misfit) -> Said | None:
    """`boolean`, `Yes/No`, `One of`, `kg`."""
    if not m.expected >= TYPE_TERMINALS or m.last is None or m.last.type not in ("STRING", "NAME"):
        return None
    word = re.match(r"yes ?/ ?no\b|(?:one|several) of\b|[^\s,\"]+", m.rest, re.IGNORECASE)
    if word is None:
        return None
    said, place = word.group(), m.at(0, word.end())
    if said.lower() == "in":
        return Said("R115", "behind `in` the unit is missing", "write it as in `in mg/dL`", (), place)
    pair = re.fullmatch(r"([A-Za-z]\w*)/([A-Za-z]\w*)", said)
    if pair and not is_unit(said):
        form = f"one of {pair.group(1)}, {pair.group(2)}"
        return Said("R115", f"`{said}` is no type", f"write `{form}`", (replacement(place, form),), place)
    meant = _type_meant(said)
    if meant:
        what = "is no type" if meant != said.lower() else "is written in small letters"
        fixes = (replacement(place, meant, certain=True),) if meant in WHOLE_TYPES else ()
        return Said("R115", f"`{said}` {what}", f"write `{meant}`", fixes, place)
    if is_unit(said):
        fixes = (Fix(f"write `in {said}`", ((m.at(0, 0), "in "),), certain=True),)
        message = f"`{said}` is a unit; the type of a quantity is `in {said}`"
        return Said("R115", message, f"write `in {said}`", fixes, place)
    near = near_names(said, WHOLE_TYPES)
    help = meant_words(near) or "write `yes/no`, `in UNIT`, `count`, `one of a, b`, `date`, `event`, …"
    return Said("R115", f"`{shortened(said)}` is no type", help, tuple(replacement(place, n) for n in near), place)


def _type_meant(said: str) -> str:
    plain = re.sub(r"\s*/\s*", "/", said.lower())
    if plain in WHOLE_TYPES and plain != said:
        return plain
    for meant, others in TYPES.items():
        if plain in others or plain.removesuffix("s") in others:
            return meant
    return ""


# ---- options -------------------------------------------------------------------------------------------------------


def _among_options(m: Misfit) -> bool:
    head = re.match(r".*?\b(?:one|several) of\b", m.line)
    return head is not None and head.end() <= m.start - m.line_start + 1


def options_in_parentheses(m: Misfit) -> Said | None:
    """`one of (a, b)`."""
    if m.text != "(" or not _among_options(m) or not m.before.rstrip().endswith(" of"):
        return None
    inner = re.match(r"\(([^()]*)\)", m.rest)
    fixes = (replacement(m.at(0, inner.end()), inner.group(1).strip(), certain=True),) if inner else ()
    word = "several of" if re.search(r"several of\s*$", m.before) else "one of"
    return Said("R116", "options stand without parentheses", f"write `{word} a, b`", fixes)


def option_in_quotes(m: Misfit) -> Said | None:
    """`one of "a", "b"`, and `sex IS "female"`."""
    behind_is = m.last is not None and m.last.type in ("IS", "NOT", "INCLUDES")
    behind_is = behind_is or (m.opened is not None and re.search(r"\bIN\s*\([^()]*$", m.before) is not None)
    if not m.text.startswith('"') or "NAME" not in m.expected or not (behind_is or _among_options(m)):
        return None
    if "STRING" in m.expected:
        return None
    text = m.text.strip('"')
    name = "_".join(re.findall(r"[a-z0-9]+", text.lower())) or "a"
    name = name if name[0].isalpha() else f"option_{name}"
    form = name if behind_is or name == text else f"{name} {m.text}"
    help = f"write `{form}`" + ("" if behind_is else "; a text behind it is its label")
    return Said("R116", "an option is a name, without quotes", help, (replacement(m.token.place, form, name == text),))


def options_apart(m: Misfit) -> Said | None:
    """`one of a | b`, `one of a or b`."""
    sign = re.match(r"\s*(?:\||/|;|or\b)\s*", m.rest, re.IGNORECASE)
    if not sign or not _among_options(m):
        return None
    gap = len(m.before) - len(m.before.rstrip())
    fixes = (replacement(m.at(-gap, gap + sign.end()), ", ", certain=True),)
    return Said("R116", "options are separated by commas", "write `,`", fixes)


def options_without_comma(m: Misfit) -> Said | None:
    """`one of a b`."""
    if m.token.type not in ("NAME", "?") or "COMMA" not in m.expected or not _among_options(m):
        return None
    if not re.match(r"\w", m.text):
        return _option_with_signs(m)
    if m.last is None or m.last.type != "NAME" or not m.same_line:
        return None
    words = f"{m.last.text}_{m.text}"
    both = Place(m.place.source, m.last.place.start, m.token.place.end)
    comma = Place(m.place.source, m.last.place.end, m.last.place.end)
    fixes = (replacement(comma, ",", title="write a comma between them"), replacement(both, words))
    message = f"between `{m.last.text}` and `{m.text}` a comma is missing"
    return Said("R116", message, f"write a comma, or `{words}` where it is one option", fixes)


def _option_with_signs(m: Misfit) -> Said | None:
    """`one of Non-smoker, HER2+`."""
    if m.last is None or m.last.type != "NAME" or m.last.place.end != m.start:
        return None
    rest = re.match(r"[^\s,;\"]+", m.rest)
    if rest is None:
        return None
    place = Place(m.place.source, m.last.place.start, m.start + rest.end())
    name = re.sub(r"\W+", "_", place.text.replace("+", "_positive")).strip("_")
    form = f'{name} "{place.text}"'
    help = f"write `{form}`: the name, and the text as its label"
    return Said("R116", f"`{place.text}` is no name, which has letters, digits and `_` only", help,
                (replacement(place, form),), place)  # fmt: skip


def option_is_a_number(m: Misfit) -> Said | None:
    """`one of 1, 2`."""
    if m.token.type not in ("?", "NUMBER") or not m.text[:1].isdigit() or not _among_options(m):
        return None
    form = f"grade_{m.text}"
    help = f"write `{form}` with a label; a number with an order is a `count` with a `range`"
    return Said("R116", f"`{m.text}` is no option, which is a name", help)


def comma_above(m: Misfit) -> Said | None:
    """The line above ends with a comma, and this one was meant to begin anew."""
    text = m.place.source.text[: m.line_start].rstrip("\r\n")
    above = re.search(r",[ ]*(?:#[^\n\"]*)?$", text)
    if not above or m.opened or m.last is None or m.last.place.start < m.line_start - len(text):
        return None
    first = m.line_start + len(m.line) - len(m.line.lstrip())
    if m.start - first > 40:
        return None
    place = Place(m.place.source, above.start(), above.start() + 1)
    fixes = (replacement(place, ""),)
    return Said("R111", "the line above ends with a comma, so that this line goes on from it", "take the comma out",
                fixes, place)  # fmt: skip


def word_as_name(m: Misfit) -> Said | None:
    """`NONE "…" yes/no`, `2nd_line "…" yes/no` where something is declared."""
    if m.before.strip() or m.section not in ("data", "define", "readings") or "NAME" not in m.expected:
        return None
    word = re.match(r"[\w%+-]+", m.rest)
    if word is None or not re.match(r"[\w%+-]+\s+(?:\"|in\b|yes/no|one of|event)", m.rest):
        return None
    if word.group()[0].isdigit():
        return Said("R208", f"`{word.group()}`: a name begins with a letter", "put a letter or a word before it")
    if word.group() in KEYWORDS:
        fixes = (replacement(m.at(0, word.end()), word.group().lower()),)
        return Said("R208", f"`{word.group()}` is a word of logic and names nothing", "choose another name", fixes)
    return None


# ---- sections that are missing -------------------------------------------------------------------------------------

_ITEM = re.compile(
    r"\s*[A-Za-z_]\w*\s+\"[^\"]*\"\s+(?:yes/no|in |one of|several of|date|time|event|count|number|repeated)"
)
_READING = re.compile(r"(\s*)[A-Za-z_]\w*\s+\"[^\"]*\"(?:\s+zh\s+\"[^\"]*\")?(\s+)(?=one of\b)")
_CRITERION = re.compile(r"\s*(?:[①-⑳]|\(?\w{1,3}[).])\s+(?:\w+\s+)?\"")


def section_missing(m: Misfit) -> Said | None:
    """Items without `data` above them, criteria without `inclusion`; and both at the left edge of the page."""
    indented = m.line[:1] == " "
    if m.section == "example" and "GIVEN" in m.expected and re.match(r"\s+[^\W\d]\w* *=", m.line):
        help = "write `given` on a line of its own above the values"
        return Said("R111", "these are values, but the line `given` is missing above them", help, once=True)
    reading = _READING.match(m.line) if m.section == "readings" else None
    if reading:
        below = "\n" + " " * (len(reading.group(1)) + 4)
        place = m.on_line(reading.start(2), reading.end(2))
        mend = Fix("write them on the line below", ((place, below),), certain=True)
        help = "write `one of …` on the line below, indented"
        return Said("R111", "the options of a reading stand on a line of their own", help, (mend,))
    if _ITEM.match(m.line) and m.section not in ("data", "define", "table"):
        what, word = "data items", "data"
    elif _CRITERION.match(m.line) and m.section not in ("inclusion", "exclusion", "part"):
        what, word = "criteria", "inclusion"
    elif not indented and (_ITEM.match(m.line) or _CRITERION.match(m.line)) and {"DATA", "INCLUSION"} <= m.expected:
        message = f"what belongs to `{m.section}` stands at the left edge"
        return Said("R111", message, f"indent it below `{m.section}`, by two spaces", once=True)
    else:
        return None
    start = m.on_line(len(m.line) - len(m.line.lstrip()), len(m.line))
    fixes = (Fix(f"write `{word}` above", ((m.on_line(0, 0), f"{word}\n"),)),) if indented else ()
    other = "`inclusion` or `exclusion`" if word == "inclusion" else f"`{word}`"
    message = f"these are {what}, but the line {other} is missing above them"
    return Said("R111", message, f"write {other} on a line of its own, at the left edge", fixes, start, once=True)


# ---- sections ------------------------------------------------------------------------------------------------------


def section_misspelt(m: Misfit) -> Said | None:
    """`Inclusion Criteria:`, `exclusoin`, `INCLUSION`."""
    if m.before.strip() or not m.token.column_one or not {"DATA", "INCLUSION"} <= m.expected:
        return None
    whole = re.match(r"([A-Za-z]+)(?:\s+(?:criteria|criterion|dictionary|items))?\s*:?\s*$", m.rest, re.IGNORECASE)
    word = whole.group(1).lower() if whole else ""
    meant = ALSO_CALLED.get(word, word)
    if meant in SECTION_WORDS:
        fixes: tuple[Fix, ...] = (replacement(m.at(0, len(m.rest)), meant, certain=True),)
        return Said("R111", f"`{m.rest}` is written `{meant}`", f"write `{meant}`", fixes)
    first = re.match(r"\S+", m.rest)
    text = first.group() if first else m.text
    place = m.at(0, len(text))
    near = near_names(text.lower().rstrip(":"), SECTION_WORDS)
    help = meant_words(near) or "a file is made of: " + ", ".join(SECTION_WORDS)
    fixes = tuple(replacement(place, each) for each in near)
    return Said("R111", f"`{shortened(text)}` is no part of a rules file", help, fixes, place)


def head_without_id(m: Misfit) -> Said | None:
    """`protocol "Title"`."""
    if m.last is None or m.last.type not in ("PROTOCOL", "LIBRARY") or not m.text.startswith('"'):
        return None
    help = f"write a short name before it, as in `{m.last.text} TRIAL-1 {shortened(m.text)}`"
    return Said("R111", f"the {m.last.text} has no identifier", help)
