"""Layout: with the system's Graphviz where there is one, else with the one that comes with the package."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from graphviz import Digraph

FORMATS = ("svg", "png", "pdf", "dot")
LONGEST_LAYOUT = 120  # seconds
_PLAIN_SIGNS = {"✓": "[+]", "✗": "[x]", "–": "-"} | {chr(ord("①") + n): f"[{n + 1}]" for n in range(20)}


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
    source = drawing.source
    if format == "dot":
        return str(source).encode()
    program = system_dot()
    if program is None:
        program = own_dot()
        if program is None:
            raise CannotDraw("no Graphviz was found; install the package graphviz-pure, or write .dot")
        if format == "pdf":
            raise CannotDraw("PDF needs the system's Graphviz (its program `dot`); write .svg or .png instead")
        if format == "png":  # its picture font has no such signs
            source = source.translate(str.maketrans(_PLAIN_SIGNS))
    command = [program, f"-T{format}", *(["-Gdpi=150"] if format == "png" else [])]
    try:
        run = subprocess.run(command, input=source.encode(), capture_output=True, timeout=LONGEST_LAYOUT, check=False)
    except subprocess.TimeoutExpired:
        raise CannotDraw("the layout takes too long; draw single criteria instead") from None
    if run.returncode or not run.stdout:
        said = run.stderr.decode(errors="replace").strip().splitlines()
        raise CannotDraw(f"the layout failed: {said[-1] if said else 'no message'}")
    return bytes(run.stdout)
