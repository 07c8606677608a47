"""Whether two pieces of syntax say the same, wherever they stand and however they are spelt."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass

from . import syntax as s
from .diagnostics import Diagnostic
from .source import Place
from .spelling import marker
from .tokens import Token

SPELLING = {s.Number: ("text",), s.File: ("tokens",)}  # what tells only how something was written


def same(a: object, b: object) -> bool:
    """Whether two declarations, or whole files, say the same."""
    return meaning(a) == meaning(b)


def meaning(node: object) -> object:
    """What a piece of syntax says, in a form that can be compared: without places and spellings."""
    if isinstance(node, Place | Diagnostic | Token):
        return None
    if isinstance(node, tuple):
        return tuple(meaning(each) for each in node)
    if isinstance(node, s.Criterion):
        held = ("Criterion", "-" if node.label is None else marker(node.marker), node.name, node.sentence, node.body)
        return tuple(meaning(each) for each in held)
    if isinstance(node, s.GivenValue) and isinstance(node.value, str):
        value = re.sub(r" ?[×*] ?(?=10\^)", "×", node.value).replace("^−", "^-")
        return ("GivenValue", value, meaning(node.fields))
    if is_dataclass(node) and not isinstance(node, type):
        skipped = ("place", *SPELLING.get(type(node), ()))
        names = [each.name for each in fields(node) if each.name not in skipped]
        return (type(node).__name__, *(meaning(getattr(node, name)) for name in names))
    return node
