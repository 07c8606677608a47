"""The pictures of a document."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
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


def pictures_of(
    document: str,
    content: Content,
    sheet: Sheet,
    progress: Progress = lambda done, of: None,
    unfavourable: Collection[str] = (),
    begin: Callable[[Figure], None] = lambda figure: None,
) -> Pictures:
    """What a document shows; a checklist shows none, the report of a patient the criteria that are `unfavourable`.
    `progress` hears how many of how many pictures are drawn, `begin` gets each as soon as it is. Raises CannotDraw."""
    wanted = sorted(_wanted(document, content, sheet, unfavourable), key=lambda each: each.key.startswith("ladder"))
    figures = []
    for done, (each, svg) in enumerate(zip(wanted, drawn_svgs(each.drawing for each in wanted), strict=True), 1):
        page = Markup(for_page(svg, each.alt))
        figure = Figure(each.name, each.caption, each.alt, svg, str(each.drawing.source), page, *size_of(svg))
        figures.append((each.key, figure))
        begin(figure)
        progress(done, len(wanted))
    return Pictures(
        {key: tuple(figure for _, figure in group) for key, group in groupby(figures, lambda each: each[0])}
    )


def _wanted(document: str, content: Content, sheet: Sheet, unfavourable: Collection[str]) -> Iterable[Wanted]:
    terms = content.terms
    if document == "checklist":
        return
    if sheet.protocol.parts:
        alt = f"{terms['overview_title']}: {terms['eligible_when']}"
        yield Wanted("overview", "overview", terms["overview_title"], alt, overview_diagram(sheet))
    if document == "side-by-side":
        yield from _of_criteria(content, sheet)
        return
    if document == "patient":
        rows = [row for row in content.rows() if row.id in unfavourable and _several(row.id, sheet)]
        yield from (_decision(row.id, content, sheet) for row in rows)
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
        if sheet.criterion(row.id).condition is None:
            continue
        yield _decision(row.id, content, sheet)
        if _several(row.id, sheet):
            caption = content.terms["ladder_of"].format(id=row.id)
            alt = f"{caption}: {_said(row.id, sheet)}"
            yield Wanted(f"ladder:{row.id}", f"{row.id}-ladder", caption, alt, ladder_diagram(sheet, row.id))


def _decision(id: str, content: Content, sheet: Sheet) -> Wanted:
    caption = content.terms["decision_of"].format(id=id)
    alt = f"{caption}: {_said(id, sheet)}"
    return Wanted(f"decision:{id}", f"{id}-decision", caption, alt, criterion_diagram(sheet, id))


def _said(id: str, sheet: Sheet) -> str:
    condition = sheet.criterion(id).condition
    return sheet.words.text(condition) if condition is not None else ""


def _several(id: str, sheet: Sheet) -> bool:
    """Whether a criterion has more than one condition to look at."""
    condition = sheet.criterion(id).condition
    return condition is not None and branches(settled(condition, sheet.readings), sheet)


def branches(node: x.Expression, sheet: Sheet) -> bool:
    """Whether a condition is made of several."""
    if isinstance(node, x.DefinedValue):
        return branches(settled(sheet.protocol.definitions[node.name].expression, sheet.readings), sheet)
    return isinstance(node, x.Except | x.WaivedIf | x.IfThen) or (isinstance(node, x.Group) and node.style != "between")
