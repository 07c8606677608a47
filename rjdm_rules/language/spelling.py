"""The canonical spelling of tokens, and the spaces between them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from .build_conditions import OPERATORS, bare_mark
from .tokens import Token

WIDTH = 120
NARROWEST = 40
TIGHT_BEFORE = (")", ",", "..")
TIGHT_AFTER = ("(", "..")
CALLS = frozenset(["NAME", "ANY", "ALL", "NONE", "COUNT", "MAX", "MIN", "MEAN", "LATEST", "EARLIEST"])
VALUE_ENDS = frozenset(["NAME", "NUMBER", "UNIT", "DATE", "STRING", "RPAR", "ULN", "LLN", "MARK"])


def spelt(token: Token) -> str:
    """The token as the canonical layout writes it."""
    text = token.text
    match token.type:
        case "COMPARE" | "TIMES" | "SLASH" | "MINUS":
            return OPERATORS.get(text, text)
        case "ARROW":
            return "→"
        case "MARK" | "PRINTED_MARK":
            return marker(text)
        case "NUMBER":
            return re.sub(r" ?[×*] ?(?=10\^)", "×", text).replace("^-", "^−")
        case "CODE_TEXT":
            return text.strip()
        case "STRING":
            return text
    return re.sub(r" +", " ", text)


def marker(text: str) -> str:
    """`1.` and `1)` are written `(1)`, `[1]` is `①`."""
    if text.startswith("["):
        number = int(bare_mark(text))
        return chr(ord("①") + number - 1) if 1 <= number <= 20 else text
    return text if text[0] == "(" or "①" <= text[0] <= "⑳" else f"({bare_mark(text)})"


def width(text: str) -> int:
    """How many columns a text takes; Chinese signs take two."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(s) else 2 if unicodedata.east_asian_width(s) in "WF" else 1 for s in text)


def padded(text: str, columns: int) -> str:
    return text + " " * max(0, columns - width(text))


def gap(tokens: Sequence[Token], number: int, calls: bool) -> str:
    """What stands before a token on a line."""
    last, following = tokens[number - 1], tokens[number]
    if following.text in TIGHT_BEFORE:
        return ""
    if last.text in TIGHT_AFTER:
        return " " if last.type == "LPAR" and _like_a_marker(tokens, number) else ""
    if following.type == "LPAR" and calls and last.type in CALLS:
        return ""
    sign = last.type == "MINUS" and (number < 2 or tokens[number - 2].type not in VALUE_ENDS)
    return "" if sign else " "


def _like_a_marker(tokens: Sequence[Token], number: int) -> bool:
    """Whether parentheses around one token would, without a space, be read as the marker of a criterion."""
    called = number > 1 and tokens[number - 2].type in CALLS
    closed = number + 1 < len(tokens) and tokens[number + 1].type == "RPAR"
    return closed and not called and re.fullmatch(r"\d{1,3}|[a-z]|[ivx]{1,5}", tokens[number].text) is not None


def inline(tokens: Sequence[Token], calls: bool = True) -> str:
    """Tokens on one line. `calls` tells `table(item)` from a value with something in brackets behind it."""
    parts = [
        gap(tokens, number, calls) + spelt(token) if number else spelt(token) for number, token in enumerate(tokens)
    ]
    return "".join(parts)


# ---- texts ---------------------------------------------------------------------------------------------------------


def joined(strings: Sequence[Token]) -> str:
    """The content of one text that may be written in several pieces, still with its escapes."""
    parts = [token.text[1:-1] for token in strings]
    return parts[0] if len(parts) == 1 else " ".join(part.strip() for part in parts)


def wrapped(content: str, first: int, following: int, room: int = 0) -> list[str]:
    """A text in quotes, in several pieces where it is too wide: the first begins in column `first`, those below in
    column `following`; `room` is kept free behind the last. A text that pieces would change stays whole."""
    if first + width(content) + 2 + room <= WIDTH or content != content.strip() or "  " in content:
        return [f'"{content}"']
    lines: list[str] = []
    current, column = "", first
    for word in content.split(" "):
        trial = f"{current} {word}" if current else word
        if current and column + width(trial) + 2 > WIDTH:
            lines.append(current)
            current, column = word, following
        else:
            current = trial
    lines.append(current)
    return [f'"{line}"' for line in lines]
