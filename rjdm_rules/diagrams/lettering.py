"""How wide a text is, and where it breaks.

Layout programs without the fonts at hand guess signs such as ① or 筛 wrongly.
"""

from __future__ import annotations

import re
import unicodedata

FONT = "Helvetica"  # Arial and Liberation Sans have the same widths
SIZE = 11.0
# Widths of the signs from space to tilde, in thousandths of the size: Adobe's font metrics of Helvetica.
_ROW = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 "
    "584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 "
    "278 556 500 722 500 500 500 334 260 334 584"
)
_WIDTHS = {chr(32 + place): int(width) for place, width in enumerate(_ROW.split())}
_BOLD = 1.07  # bold letters are wider by about this much
_WIDE_SIGNS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳✓✗→—…"
_NOT_FIRST = "，。；：？！、）】》”’,.;:?!)]}%"  # a line does not begin with these
_NOT_LAST = "（【《“‘([{"
_TIED = "×%/±"  # a number stays with these, and with the unit behind it
_NUMBER = re.compile(r"(?:^|\s)[\d.,]+$")


def is_wide(sign: str) -> bool:
    """Whether a sign fills a square, as Chinese ones do; a line may break on either side of it."""
    return unicodedata.east_asian_width(sign) in "WF"


def _sign_width(sign: str) -> int:
    if sign in _WIDTHS:
        return _WIDTHS[sign]
    if is_wide(sign) or sign in _WIDE_SIGNS:
        return 1000
    if unicodedata.combining(sign) or unicodedata.category(sign) == "Cf":
        return 0
    base = unicodedata.normalize("NFD", sign)[0]
    return _WIDTHS.get(base, 667 if sign.isupper() else 584)


def text_width(text: str, size: float = SIZE, bold: bool = False) -> float:
    """The width of a text on one line, in points."""
    return sum(map(_sign_width, text)) * size / 1000 * (_BOLD if bold else 1)


def lines_of(text: str, room: float, size: float = SIZE, bold: bool = False) -> list[str]:
    """A text broken into lines of at most `room` points: at spaces, beside Chinese signs, else within a word."""
    lines, line = [], ""
    for word in _words(" ".join(text.split())):
        if text_width((line + word).rstrip(), size, bold) <= room:
            line += word
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = word.lstrip()
        while text_width(line.rstrip(), size, bold) > room and len(line) > 1:
            fits = max(1, _fitting(line, room, size, bold))
            lines.append(line[:fits])
            line = line[fits:]
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _fitting(word: str, room: float, size: float, bold: bool) -> int:
    used = 0.0
    for place, sign in enumerate(word):
        used += text_width(sign, size, bold)
        if used > room:
            return place
    return len(word)


def _words(text: str) -> list[str]:
    """The pieces between which a line may break, each with the space before it."""
    pieces: list[str] = []
    for place, sign in enumerate(text):
        last = pieces[-1][-1] if pieces else ""
        following = text[place + 1 : place + 2]
        if sign == " ":
            opens = not (_NUMBER.search(pieces[-1]) or following in _TIED or last in _TIED) if pieces else True
        else:
            opens = (is_wide(sign) or is_wide(last)) if last not in ("", " ") else False
            opens = opens and sign not in _NOT_FIRST and last not in _NOT_LAST
        if not pieces or opens:
            pieces.append(sign)
        else:
            pieces[-1] += sign
    return pieces
