"""A diagram inside a page: without what would clash with other pictures, with a text for those who cannot see it."""

from __future__ import annotations

import re
from html import escape

_NOISE = re.compile(r"<!--.*?-->\s*|<title>.*?</title>\s*", re.DOTALL)
_IDS = re.compile(r'\s(?:id|class)="[^"]*"')
_OPENING = re.compile(r"<svg\b[^>]*>")
_SIZE = re.compile(r'width="([\d.]+)pt" height="([\d.]+)pt"')
_LINK_TITLE = re.compile(r'\sxlink:title="\s*"')


def size_of(svg: str) -> tuple[float, float]:
    """Width and height in points."""
    found = _SIZE.search(svg)
    assert found is not None
    return float(found.group(1)), float(found.group(2))


def for_page(svg: str, alt: str) -> str:
    """The picture as an element of an HTML page; `alt` says what it shows."""
    width, height = size_of(svg)
    plain = _LINK_TITLE.sub("", _IDS.sub("", _NOISE.sub("", svg)))
    box = re.search(r'viewBox="[^"]*"', plain)
    assert box is not None
    opening = (
        f'<svg class="diagram" role="img" aria-label="{escape(alt, quote=True)}" width="{width:g}pt" '
        f'height="{height:g}pt" '
        f'{box.group()} xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    return _OPENING.sub(lambda match: opening, plain, count=1).replace(' xml:space="preserve"', "")
