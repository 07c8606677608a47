"""The page beside the text: the criterion under the cursor with its diagram, and the whole section below it."""

from __future__ import annotations

from ..diagrams.decision import criterion_diagram
from ..diagrams.page import for_page
from ..diagrams.render import CannotDraw, drawn_svgs
from ..diagrams.sheet import Sheet
from ..documents.section import render_section
from .analysis import Analysis, Usable, section_of


def criterion_at(offset: int, analysis: Analysis) -> str | None:
    """The criterion in whose lines an offset stands, the innermost one."""
    inside = None
    for each in analysis.occurrences:
        if each.declares and each.symbol.kind == "criterion" and each.place.start <= offset:
            inside = each.symbol.name
    return inside if section_of(analysis.read.text[:offset]) in ("inclusion", "exclusion", "part") else None


def preview_html(offset: int, analysis: Analysis) -> str:
    """One page: the diagram of the criterion at hand, then the section. Of the last state that could be used; a page
    that says so where there is none."""
    if analysis.usable is None:
        return "<!DOCTYPE html><title>No preview</title><p>There is nothing to show until the file can be read.</p>"
    page = render_section(analysis.usable.graph, "html")
    criterion = criterion_at(offset, analysis)
    diagram = _diagram(criterion, analysis.usable) if criterion else ""
    return page.replace("<main>", f"<main>{diagram}", 1)


def _diagram(criterion: str, usable: Usable) -> str:
    found = usable.protocol.criterion(criterion)
    if found is None or found.condition is None:
        return ""
    try:
        sheet = Sheet(usable.graph, usable.words.readings, link=lambda id: f"#{id}")
        svg = next(drawn_svgs([criterion_diagram(sheet, criterion)]))
    except CannotDraw:
        return ""
    return f'<figure id="at-hand">{for_page(svg, usable.words.text(found.condition))}</figure>'
