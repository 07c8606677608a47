"""The pictures of a document."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby

from graphviz import Digraph
from markupsafe import Markup

from ..diagrams.data_map import data_maps
from ..diagrams.decision import criterion_diagram
from ..diagrams.escalation import escalation_diagram
from ..diagrams.ladder import ladder_diagram
from ..diagrams.overview import overview_diagram
from ..diagrams.page import for_page, size_of
from ..diagrams.render import drawn_svgs
from ..diagrams.sheet import Sheet
from ..documents.content import Content
from ..documents.pictures import Figure, Pictures
from ..protocol import expressions as x
from ..protocol.settling import settled

TALLEST = 660.0  # points that a page of A4 has for a picture
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Wanted:
    """A picture to draw: under which key, and how it is called and described."""

    key: str
    name: str
    caption: str
    alt: str
    drawing: Digraph


def pictures_of(document: str, content: Content, sheet: Sheet, progress: Progress = lambda done, of: None) -> Pictures:
    """What a document shows; a checklist shows none. `progress` hears how many of how many pictures are drawn.
    Raises CannotDraw."""
    wanted = sorted(_wanted(document, content, sheet), key=lambda each: each.key.startswith("ladder"))
    figures = []
    for done, (each, svg) in enumerate(zip(wanted, drawn_svgs(each.drawing for each in wanted), strict=True), 1):
        page = Markup(for_page(svg, each.alt))
        figures.append(
            (each.key, Figure(each.name, each.caption, each.alt, svg, str(each.drawing.source), page, *size_of(svg)))
        )
        progress(done, len(wanted))
    return Pictures(
        {key: tuple(figure for _, figure in group) for key, group in groupby(figures, lambda each: each[0])}
    )


def _wanted(document: str, content: Content, sheet: Sheet) -> Iterable[Wanted]:
    terms = content.terms
    if document == "checklist":
        return
    if sheet.protocol.parts:
        alt = f"{terms['overview_title']}: {terms['eligible_when']}"
        yield Wanted("overview", "overview", terms["overview_title"], alt, overview_diagram(sheet))
    if document == "side-by-side":
        yield from _of_criteria(content, sheet)
        return
    for node in sheet.protocol.escalations:
        for scheme in node.schemes:
            title = sheet.words.said(scheme.label) if scheme.label else scheme.name
            caption = f"{sheet.words.said(node.label)}: {title}"
            drawing = escalation_diagram(sheet, node, scheme)
            yield Wanted(
                f"escalation:{node.name}:{scheme.name}", f"{node.name}-{scheme.name}", caption, caption, drawing
            )
    if content.rows():
        for number, drawing in enumerate(data_maps(sheet, TALLEST), 1):
            yield Wanted("map", f"map-{number}", terms["map_title"], terms["map_title"], drawing)


def _of_criteria(content: Content, sheet: Sheet) -> Iterable[Wanted]:
    """The decision diagram of every criterion, and its ladder where it has more than one condition."""
    for row in content.rows():
        criterion = sheet.criterion(row.id)
        if criterion.condition is None:
            continue
        said = sheet.words.text(criterion.condition)
        caption = content.terms["decision_of"].format(id=row.id)
        yield Wanted(
            f"decision:{row.id}", f"{row.id}-decision", caption, f"{caption}: {said}", criterion_diagram(sheet, row.id)
        )
        if branches(settled(criterion.condition, sheet.readings), sheet):
            caption = content.terms["ladder_of"].format(id=row.id)
            yield Wanted(
                f"ladder:{row.id}", f"{row.id}-ladder", caption, f"{caption}: {said}", ladder_diagram(sheet, row.id)
            )


def branches(node: x.Expression, sheet: Sheet) -> bool:
    """Whether a condition is made of several."""
    if isinstance(node, x.DefinedValue):
        return branches(settled(sheet.protocol.definitions[node.name].expression, sheet.readings), sheet)
    return isinstance(node, x.Except | x.WaivedIf | x.IfThen) or (isinstance(node, x.Group) and node.style != "between")
