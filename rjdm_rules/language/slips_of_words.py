"""Slips of words: those of other languages, and those of this one in lower case."""

from __future__ import annotations

import re

from .diagnostics import Fix, replacement
from .misfits import Misfit, Said
from .source import Place
from .vocabulary import KEYWORDS, SECTION_WORDS

PHRASES = {"at least": "AT LEAST", "at most": "AT MOST", "less than": "LESS THAN", "more than": "MORE THAN",
           "waived if": "WAIVED IF", "first known of": "FIRST KNOWN OF", "exactly": "EXACTLY"}  # fmt: skip
RELATIONS = (
    (r"(?:is )?(?:at least|no(?:t)? less than|not below|not under|greater than or equal to|minimum(?: of)?)\b", "≥"),
    (r"(?:is )?(?:at most|no(?:t)? more than|not above|not over|less than or equal to|up to|maximum(?: of)?)\b", "≤"),
    (r"(?:is )?(?:over|above|more than|greater than|higher than|older than|exceed(?:s|ing)?)\b", ">"),
    (r"(?:is )?(?:under|below|less than|lower than|fewer than|younger than)\b", "<"),
    (r"(?:equals?(?: to)?|is equal to|is)\b(?= *[\d.])", "="),
)


def and_or(m: Misfit) -> Said | None:
    match = re.match(r"(and ?/ ?or|AND ?/ ?OR)\b", m.rest)
    if not match or not {"AND", "OR"} & m.expected:
        return None
    place = m.at(0, match.end())
    fixes = (replacement(place, "OR", certain=True),)
    help = "OR holds for either and for both: write `OR`"
    return Said("R110", f"`{match.group()}` is no word of this language", help, fixes, place)


def unless(m: Misfit) -> Said | None:
    match = re.match(r"(unless|except for|except|other than)\b(?: when| if)?", m.rest, re.IGNORECASE)
    if not match or "EXCEPT" not in m.expected or match.group() == "EXCEPT":
        return None
    place = m.at(0, match.end())
    fixes = tuple(replacement(place, word) for word in ("EXCEPT", "WAIVED IF"))
    return Said(
        "R110",
        f"`{match.group()}` can mean two things",
        "write EXCEPT where what follows takes the patient out, WAIVED IF where it lets the patient in all the same",
        fixes,
        place,
    )


def contains(m: Misfit) -> Said | None:
    match = re.match(r"(?:contains?|includes?|has|have)\b", m.rest, re.IGNORECASE)
    if not match or "INCLUDES" not in m.expected:
        return None
    fixes = (replacement(m.at(0, match.end()), "INCLUDES", certain=True),)
    return Said(
        "R110", f"`{match.group()}` is no word of this language", "write `INCLUDES`", fixes, m.at(0, match.end())
    )


def relation_in_words(m: Misfit) -> Said | None:
    """`age over 18 years`, `lvef at least 55 %`."""
    if "COMPARE" not in m.expected:
        return None
    for pattern, sign in RELATIONS:
        match = re.match(pattern, m.rest, re.IGNORECASE)
        if match and match.group() and re.match(r"\s*(?:[\d.]|ULN|LLN)", m.rest[match.end() :]):
            length = re.match(r"\s*\d+ (?:day|week|month)s?\b", m.rest[match.end() :])  # perhaps of a window
            fixes = (replacement(m.at(0, match.end()), sign, certain=length is None),)
            return Said(
                "R110", f"`{match.group()}` is said with a sign", f"write `{sign}`", fixes, m.at(0, match.end())
            )
    return None


def joined_in_a_list(m: Misfit) -> Said | None:
    """`AT LEAST 2 OF (asthma, eczema and hay_fever)`: the last comma of a list is a word in prose."""
    word = re.match(r"(?:and|or)\b", m.rest, re.IGNORECASE)
    if word is None or m.opened is None or not {"AND", "OR"} & m.expected:
        return None
    text = m.place.source.text
    head = re.search(
        r"(?:ANY|ALL|NONE|OF|COUNT) ?$", text[m.line_start if m.opened.line == m.place.line else 0 : m.opened.start]
    )
    if head is None:
        return None
    gap = len(m.before) - len(m.before.rstrip())
    comma = replacement(m.at(-gap, gap + word.end()), ",", title="write a comma: one part more")
    both = replacement(
        m.at(0, word.end()), word.group().upper(), title=f"write {word.group().upper()}: both are one part"
    )
    help = f"write a comma for one part more, {word.group().upper()} where the two together are one part"
    return Said("R110", "the parts of a list are separated by commas", help, (comma, both), m.at(0, word.end()))


def phrase_in_lower_case(m: Misfit) -> Said | None:
    """`at least 2 of (…)`, where the token is its first or its second word."""
    text = m.place.source.text
    begins = [m.start] if m.last is None else [m.start, m.last.place.start]
    for begin in begins:
        line = text[begin:].split("\n", 1)[0]
        for phrase, meant in PHRASES.items():
            match = re.match(phrase.replace(" ", " +") + r"\b", line, re.IGNORECASE)
            if match and match.group().split() != meant.split():
                place = Place(m.place.source, begin, begin + match.end())
                of = re.match(r"( *\d+ *)(of)\b", line[match.end() :])
                edits = [(place, meant)]
                if of:
                    start = begin + match.end() + of.start(2)
                    edits.append((Place(m.place.source, start, start + 2), "OF"))
                fix = Fix(f"write `{meant}`", tuple(edits), certain=True)
                return Said(
                    "R110",
                    f"`{match.group()}`: words of logic are written in capitals",
                    f"write `{meant}`",
                    (fix,),
                    place,
                )
    return None


def lower_case(m: Misfit) -> Said | None:
    word = re.match(r"[A-Za-z]+", m.text)
    upper = word.group().upper() if word else ""
    if not word or upper not in KEYWORDS or word.group() == upper:
        return None
    if not (upper in m.expected or (upper == "NOT" and "ANY" in m.expected)):
        return None
    fixes = (replacement(m.at(0, word.end()), upper, certain=True),)
    return Said("R110", f"`{word.group()}`: words of logic are written in capitals", f"write `{upper}`", fixes)


def lower_case_before(m: Misfit) -> Said | None:
    """`not asthma`: the word before was read as a name."""
    if (
        m.last is None
        or m.last.type != "NAME"
        or not m.same_line
        or m.token.type not in ("NAME", "?", "LPAR", "NUMBER")
    ):
        return None
    upper = m.last.text.upper()
    if upper == m.last.text or upper not in ("NOT", "IF", "ANY", "ALL", "NONE", "COUNT", "MAX", "MIN", "LATEST"):
        return None
    fixes = (replacement(m.last.place, upper, certain=True),)
    return Said(
        "R110", f"`{m.last.text}`: words of logic are written in capitals", f"write `{upper}`", fixes, m.last.place
    )


def no_before(m: Misfit) -> Said | None:
    """`no consent`."""
    if (
        m.last is None
        or m.last.text.lower() not in ("no", "without")
        or m.token.type not in ("NAME", "?")
        or not m.same_line
    ):
        return None
    if "COMPARE" not in m.expected or not re.match(r"[A-Za-z_]\w*", m.text):
        return None
    fixes = (replacement(m.last.place, "NOT", certain=True),)
    return Said("R110", f"`{m.last.text}` is no word of logic", "write `NOT`", fixes, m.last.place)


_PROSE = frozenset(
    ["the", "a", "an", "of", "for", "with", "without", "to", "from", "by", "on", "at", "must", "be", "is", "are", "was",
     "has", "have", "had", "when", "while", "but", "nor", "who", "which", "that", "any", "all", "some", "no", "not",
     "only", "if", "else", "then", "than", "least", "most", "patient", "patients", "subject", "subjects", "history",
     "last", "first", "latest", "except", "unless", "during", "since", "until"]
)  # fmt: skip


def _is_foreign(word: str) -> bool:
    """A word of prose, or one in capitals that names nothing here (not a class such as III)."""
    return word.lower() in _PROSE or (
        len(word) > 1 and word.isalpha() and word.isupper() and not set(word) <= set("IVX")
    )


def two_names(m: Misfit) -> Said | None:
    """`ptest positive`, `nyha III or IV`, `secondary hypertension`."""
    if m.last is None or m.last.type != "NAME" or not m.same_line or "IS" not in m.expected:
        return None
    word = re.match(r"[A-Za-z_]\w*", m.rest)
    if word is None or word.group() in KEYWORDS:
        return None
    one, two = m.last.text, word.group()
    if one.lower() in ("either", "both"):
        gap = re.match(r" *", m.place.source.text[m.last.place.end :])
        whole = Place(m.place.source, m.last.place.start, m.last.place.end + (gap.end() if gap else 0))
        said = f"`{one}` is no word of logic: {'AND' if one.lower() == 'both' else 'OR'} says it"
        return Said("R110", said, "take it out", (replacement(whole, "", certain=True),), m.last.place)
    foreign = next((each for each in (one, two) if _is_foreign(each)), None)
    if foreign is not None:
        place = m.last.place if foreign == one else m.at(0, word.end())
        help = "words of logic are AND, OR, NOT, IF … THEN, EXCEPT and WAIVED IF"
        return Said("R110", f"`{foreign}` is no word of this language", help, (), place)
    more = re.match(r"\w+(?:\s*(?:or|/|,|OR)\s*\w+)+", m.rest)
    options = ", ".join(re.findall(r"\w+", re.sub(r"\b(?:or|OR)\b", " ", more.group()))) if more else ""
    form = f"{one} IN ({options})" if more else f"{one} IS {two}"
    place = Place(m.place.source, m.last.place.start, m.start + (more or word).end())
    joined = f"{one}_{two}"
    fixes = (replacement(place, form), *(() if more else (replacement(place, joined),)))
    help = f"write `{form}`" + ("" if more else f" where `{two}` is an option, `{joined}` where it is one name")
    return Said("R111", f"between `{one}` and `{two}` something is missing", help, fixes, place)


def options_behind_is(m: Misfit) -> Said | None:
    """`nyha IS III, IV`, `nyha IS III/IV`."""
    found = re.search(r"\b(?P<subject>\w+)\s+IS\s+(?P<negated>NOT\s+)?(?P<first>\w+)\s*$", m.before)
    more = re.match(r"(?:\s*[,/]\s*[A-Za-z_]\w*(?!\w|\s*[(<>=≥≤]))+", m.rest)
    if not found or not more or m.opened:
        return None
    options = [found.group("first"), *re.findall(r"\w+", more.group())]
    form = f"{found.group('subject')} {'NOT ' if found.group('negated') else ''}IN ({', '.join(options)})"
    place = Place(m.place.source, m.line_start + found.start(), m.start + more.end())
    return Said("R312", "several options stand in one list", f"write `{form}`", (replacement(place, form),), place)


def of_behind_any(m: Misfit) -> Said | None:
    if m.last is None or m.last.type not in ("ANY", "ALL", "NONE") or not re.match(r"of\b", m.rest, re.IGNORECASE):
        return None
    place = Place(m.place.source, m.last.place.end, m.start + 2)
    word = m.last.text
    closed = re.match(r"of\s*\(", m.rest, re.IGNORECASE) is not None
    fixes = (replacement(place, "", certain=True, title=f"write `{word}(`"),) if closed else ()
    return Said("R110", f"{word} takes no OF", f"write `{word}(…)`", fixes, m.at(0, 2))


_BEGINS_ANEW = re.compile(
    rf"[①-⑳]|\(\w{{1,4}}\)\s|\w{{1,3}}[.)]\s|[-−]\s|(?:note|source)\b|(?:{'|'.join(SECTION_WORDS)})\b"
)


def word_at_the_end(m: Misfit) -> Said | None:
    """A line that ends with AND or OR."""
    if m.last is None or m.last.type not in ("AND", "OR", "EXCEPT", "WAIVED_IF", "THEN", "NOT"):
        return None
    if not (m.missing or m.token.type in ("_NL", "_INDENT", "_DEDENT")):
        return None
    text, word = m.place.source.text, m.last.text
    gap = re.search(r"[ ]*$", text[: m.last.place.start])
    following = re.compile(r"[^\n]*\n\s*(?=[^\s#])").match(text, m.last.place.end)
    if gap is None or following is None:
        return None
    if _BEGINS_ANEW.match(text, following.end()):
        message = f"behind {word} a condition is missing"
        return Said("R111", message, f"write it, or take {word} out", (), m.last.place)
    out = Place(m.place.source, gap.start(), m.last.place.end)
    into = Place(m.place.source, following.end(), following.end())
    fix = Fix(f"begin the next line with {word}", ((out, ""), (into, f"{word} ")), certain=True)
    message = f"a line does not end with {word}: what goes on begins with it"
    return Said("R111", message, f"put {word} at the beginning of the next line", (fix,), m.last.place)


def if_without_then(m: Misfit) -> Said | None:
    if "THEN" not in m.expected or not m.missing or m.last is None:
        return None
    text = m.place.source.text
    if not re.match(r"\s*IF\b", text[text.rfind("\n", 0, m.last.place.start) + 1 :]):
        return None
    return Said("R104", "IF needs a THEN", "write `IF condition THEN what must hold`")


def no_else(m: Misfit) -> Said | None:
    if not re.match(r"else\b|otherwise\b", m.rest, re.IGNORECASE) or "THEN" not in m.before.upper():
        return None
    help = "write two conditions: `IF a THEN b`, and `IF NOT a THEN c`"
    return Said("R104", f"there is no {m.rest[:4].upper()} in this language" if m.rest[:4].upper() == "ELSE"
                else "there is no OTHERWISE behind THEN", help)  # fmt: skip


_OUTCOME = r"(not +met|not +applicable|met|unknown|eligible|ineligible|undetermined)\b"


def outcome_in_capitals(m: Misfit) -> Said | None:
    """`expect Eligible`, `expect = eligible`, `expect not eligible`."""
    found = re.search(rf"\bexpect(?P<gap>\s+)(?P<said>(?:[\w.]+\s+)?=?\s*{_OUTCOME})", m.line, re.IGNORECASE)
    if not found or not found.start() <= m.start - m.line_start <= found.end() + 1 or m.section != "example":
        return None
    place = m.on_line(found.start("said"), found.end("said"))
    if re.match(r"not\s+eligible", found.group("said"), re.IGNORECASE):
        fixes = tuple(replacement(place, word) for word in ("ineligible", "undetermined"))
        return Said(
            "R807", f"`{place.text}` may be one of two verdicts", "write `ineligible` or `undetermined`", fixes, place
        )
    form = re.sub(
        r"\s*=\s*", " ", re.sub(_OUTCOME, lambda each: each.group().lower(), found.group("said"), flags=re.I)
    ).strip()
    if form == found.group("said"):
        return None
    fixes = (replacement(place, form, certain=True),)
    return Said("R110", f"`{place.text}` is written `{form}`", f"write `{form}`", fixes, place)
