"""Templates and what they can do with a text: the filters, and the environments for HTML and Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from urllib.parse import quote

from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from ..theme import Theme
from ..words.phrases import Phrase
from ..words.pieces import capital, without_direction
from .content import Row

LONGEST_UNBROKEN = 40  # signs
_MARKDOWN = re.compile(r"([\\`*_{}\[\]#|~$])")


@cache
def environment(theme: Theme, escaped: bool) -> Environment:
    """The environment of a theme; `escaped` for HTML."""
    found = theme.environment(escaped)
    found.filters["md"] = markdown_text
    found.filters["in_cell"] = phrase_in_cell
    found.filters["capital"] = capital
    found.filters["breakable"] = breakable
    found.filters["inline"] = inline
    found.filters["unbroken"] = unbroken
    found.filters["css_string"] = css_string
    found.filters["path"] = quote
    found.globals["children"] = children
    found.finalize = plain
    return found


def plain(value: object) -> object:
    """Text without signs that turn its direction, as the last step before it is written."""
    if isinstance(value, Markup):
        return Markup(without_direction(value))
    return without_direction(value) if isinstance(value, str) else value


def markdown_text(text: str) -> str:
    """A text as it stands, with nothing in it taken for Markdown or HTML."""
    plain = " ".join(str(text).split())
    escaped = _MARKDOWN.sub(r"\\\1", plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    return re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", re.sub(r"^([-+])", r"\\\1", escaped))


def phrase_in_cell(phrase: Phrase, depth: int = 0) -> str:
    """A phrase with its parts as lines of one table cell."""
    text = markdown_text(phrase.text)
    lines = [text if depth == 0 else "&nbsp;" * (4 * (depth - 1)) + ("• " if depth % 2 else "◦ ") + text]
    lines += [phrase_in_cell(part, depth + 1) for part in phrase.parts]
    return "<br>".join(lines)


@pass_context
def inline(context: Context, phrase: Phrase) -> str:
    """A phrase on one line, with the signs of the document's language."""
    return phrase.inline(tuple(context["content"].terms["inline_signs"]))


def children(rows: Sequence[Row], row: Row) -> list[Row]:
    """The rows that stand below one, down to the next of its depth."""
    found: list[Row] = []
    for each in rows[list(rows).index(row) + 1 :]:
        if each.depth <= row.depth:
            break
        found.append(each)
    return found


def breakable(name: str) -> Markup:
    """A name that may be broken behind its underscores, and behind a point before a word."""
    return Markup("<wbr>").join(re.split(r"(?<=_)|(?<=\.)(?=[^\d.])", name))


def unbroken(text: str) -> str:
    """A text that stays on one line, if it is not too long for one."""
    return text.replace(" ", "\u00a0") if len(text) <= LONGEST_UNBROKEN else text


def css_string(text: str) -> Markup:
    """A text as a string of a style sheet, whatever signs are in it."""
    return Markup('"' + "".join(f"\\{ord(sign):x} " for sign in without_direction(text)) + '"')
