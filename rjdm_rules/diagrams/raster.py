"""PNG from SVG with the fonts of the machine, where the package resvg-py and a font are there.

The layout program that comes along draws PNG with a font of its own, which has no signs such as ① and no Chinese.
"""

from __future__ import annotations

import re
from functools import cache

SCREEN, PRINT = 96, 150  # dots per inch
_FAMILY = "Helvetica,sans-Serif"
_LATIN = "Liberation Sans", "Arial", "Helvetica", "Nimbus Sans", "DejaVu Sans"
_SIGNS = "DejaVu Sans", "Segoe UI Symbol", "Arial Unicode MS", "Noto Sans Symbols2", "Noto Sans CJK SC"
_CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
)
_RUN_OF_SIGNS = re.compile("[\u2070-\u209f\u2190-\u27bf]+")
_RUN_OF_CHINESE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]+")
_BETWEEN_TAGS = re.compile(r"(<text[^>]*>)([^<]*)(</text>)")


def png_of(svg: str, dots: float = PRINT) -> bytes | None:
    """The picture in `dots` per inch; None where this machine cannot letter it."""
    latin = _first_there(_LATIN, "Hamburgefons")
    if latin is None:
        return None
    signs, chinese = _first_there(_SIGNS, "①✓"), _first_there(_CHINESE, "筛选")
    if (signs is None and _RUN_OF_SIGNS.search(svg)) or (chinese is None and _RUN_OF_CHINESE.search(svg)):
        return None

    def lettered(match: re.Match[str]) -> str:
        text = _RUN_OF_SIGNS.sub(rf'<tspan font-family="{signs}">\g<0></tspan>', match.group(2))
        return match.group(1) + _RUN_OF_CHINESE.sub(rf'<tspan font-family="{chinese}">\g<0></tspan>', text) + "</text>"

    return _rendered(_BETWEEN_TAGS.sub(lettered, svg.replace(_FAMILY, latin)), dots)


@cache
def _first_there(families: tuple[str, ...], sample: str) -> str | None:
    """The first font family of the machine that can write a sample."""
    try:
        import resvg_py  # noqa: F401
    except ImportError:
        return None
    empty = _rendered(_sample(families[0], ""), SCREEN)
    return next((each for each in families if _rendered(_sample(each, sample), SCREEN) != empty), None)


def _sample(family: str, text: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="30"><text x="2" y="20" font-size="14" '
        f'font-family="{family}">{text}</text></svg>'
    )


def _rendered(svg: str, dots: float) -> bytes:
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=svg, dpi=SCREEN, zoom=dots / SCREEN, background="#ffffff"))
