"""Drawing at given places: boxes, wires and texts of a picture that no layout program can arrange."""

from __future__ import annotations

from itertools import pairwise

from graphviz import Digraph

from .boxes import SOFT, Look, centred


class Pen:
    """Draws boxes and wires at given places; y counts downwards from the top."""

    def __init__(self, drawing: Digraph) -> None:
        self.drawing = drawing
        self.count = 0

    def _name(self) -> str:
        self.count += 1
        return f"n{self.count}"

    def wire(self, *points: tuple[float, float], **style: str) -> None:
        """A line through points."""
        ends = []
        for across, down in (points[0], points[-1]):
            name = self._name()
            self.drawing.node(name, label="", shape="point", style="invis", width="0.01", pos=_at(across, down))
            ends.append(name)
        path = [_at(*points[0])]
        for start, end in pairwise(points):
            path += [_at(*start), _at(*end), _at(*end)]
        self.drawing.edge(*ends, arrowhead="none", pos=" ".join(path), **style)

    def box(
        self, left: float, top: float, width: float, height: float, body: str, look: Look, link: str = "", **style: str
    ) -> None:
        """A box with lines of text (`body` is a Graphviz label's inside)."""
        href = {"href": link, "tooltip": " "} if link else {}
        self.drawing.node(
            self._name(),
            label=f"<{body}>" if body else "",
            shape="box",
            style=style.pop("style", f"filled,{look.style}"),
            fillcolor=look.fill,
            color=look.line,
            fixedsize="true",
            width=f"{width / 72:.4f}",
            height=f"{height / 72:.4f}",
            pos=_at(left + width / 2, top + height / 2),
            **href,
            **style,
        )

    def text(self, left: float, top: float, text: str, size: float, bold: bool = False, colour: str = SOFT) -> None:
        """A line of text, its upper left corner given."""
        body, width, _ = centred(text, 10_000, size, bold, colour)
        self.drawing.node(
            self._name(),
            label=f"<{body}>",
            shape="plain",
            pos=_at(left + width / 2, top + size * 0.6),
        )


def _at(across: float, down: float) -> str:
    return f"{across:.2f},{-down:.2f}"
