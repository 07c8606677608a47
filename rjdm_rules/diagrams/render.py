"""Layout: with the system's Graphviz where there is one, else with the one that comes with the package."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from graphviz import Digraph

from .lettering import is_wide
from .raster import png_of

FORMATS = ("svg", "png", "pdf", "dot")
LONGEST_LAYOUT = 120  # seconds
AT_ONCE = 25  # pictures that one run of the layout program makes
_PLAIN_SIGNS = {ord("✓"): "[+]", ord("✗"): "[x]", ord("–"): "-"} | {ord("①") + n: f"[{n + 1}]" for n in range(20)}


class CannotDraw(RuntimeError):
    """A format that this machine cannot make; the message says what would help."""


def system_dot() -> str | None:
    return shutil.which("dot")


def own_dot() -> str | None:
    """The layout program of the package graphviz-pure."""
    beside = Path(sys.executable).parent / ("graphviz-pure.exe" if sys.platform == "win32" else "graphviz-pure")
    return str(beside) if beside.is_file() else shutil.which("graphviz-pure")


def drawn(drawing: Digraph, format: str) -> bytes:
    """The diagram as svg, png, pdf or dot. Raises CannotDraw, ValueError for another format."""
    if format not in FORMATS:
        raise ValueError(f"there is no format `{format}`; write {', '.join(FORMATS)}")
    source = str(drawing.source)
    if format == "dot":
        return source.encode()
    if format == "png" and system_dot() is None:
        return png_of(next(drawn_svgs([drawing]))) or own_png(source)
    return _laid_out(source, format)


def own_png(source: str) -> bytes:
    """PNG with the picture font that comes along, which has no signs such as ① and no Chinese. Raises CannotDraw."""
    if any(is_wide(sign) for sign in source):
        help = "install the package resvg-py and a Chinese font, or write .svg"
        raise CannotDraw(f"this machine has no way to letter a PNG in Chinese; {help}")
    return _laid_out(source.translate(_PLAIN_SIGNS), "png")


def drawn_svgs(drawings: Iterable[Digraph]) -> Iterator[str]:
    """Many diagrams as svg in their order, each beginning with `<svg`; one run makes several of them, and never both
    placed and unplaced ones: the layout program then takes the one for the other."""
    waiting = [str(drawing.source) for drawing in drawings]
    start = 0
    while start < len(waiting):
        end = start
        while end < len(waiting) and end - start < AT_ONCE and _placed(waiting[end]) is _placed(waiting[start]):
            end += 1
        chunk = waiting[start:end]
        found = _laid_out("\n".join(chunk), "svg").decode("utf-8").split("<?xml ")[1:]
        if len(found) != len(chunk):
            raise CannotDraw(f"the layout gave {len(found)} of {len(chunk)} pictures")
        yield from (each[each.index("<svg") :].strip() for each in found)
        start = end


def _placed(source: str) -> bool:
    """Whether a drawing brings its places with it."""
    return "layout=nop2" in source[:2000]


def _laid_out(source: str, format: str) -> bytes:
    """What the layout program makes of DOT."""
    program = system_dot()
    if program is None:
        program = own_dot()
        if program is None:
            raise CannotDraw("no Graphviz was found; install the package graphviz-pure, or write .dot")
        if format == "pdf":
            raise CannotDraw("PDF needs the system's Graphviz (its program `dot`); write .svg or .png instead")
    command = [program, f"-T{format}", *(["-Gdpi=150"] if format == "png" else [])]
    try:
        run = subprocess.run(command, input=source.encode(), capture_output=True, timeout=LONGEST_LAYOUT, check=False)
    except subprocess.TimeoutExpired:
        raise CannotDraw("the layout takes too long; draw single criteria instead") from None
    if run.returncode or not run.stdout:
        said = run.stderr.decode(errors="replace").strip().splitlines()
        raise CannotDraw(f"the layout failed: {said[-1] if said else 'no message'}")
    return bytes(run.stdout)
