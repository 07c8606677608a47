"""The documents of a protocol as HTML and Markdown, through the templates in `render/`."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ..graph.build import RuleGraph
from ..theme import BUNDLED, LOGOS, Theme, ThemeError, told
from .content import Content, content_of
from .marks import Mark
from .pictures import Pictures
from .templates import environment

DOCUMENTS = {
    "section": "section",
    "side-by-side": "side_by_side",
    "checklist": "checklist",
    "patient": "patient",
    "dictionary": "dictionary",
    "screening": "screening",
}
SUFFIXES = {"html": "html", "markdown": "md", "word": "docx"}
STYLES = ("page.css",)
FILLED = ("page.css", "filled.css")  # for what is filled in or about a patient
STYLED = {"screening": ("page.css", "screening.css"), **dict.fromkeys(("checklist", "patient", "dictionary"), FILLED)}
MOST_LOGO = 2_000_000


def render_section(
    graph: RuleGraph,
    format: str = "markdown",
    readings: Mapping[str, str] | None = None,
    marks: Mapping[str, Mark] | None = None,
) -> str:
    """The eligibility section without diagrams. `format` is `markdown` or `html`; readings left out are as the protocol
    chose; `marks` (in HTML only) stand beside the criteria, by their ids. Raises ValueError for another format."""
    protocol = graph.protocol
    taken = {name: (readings or {}).get(name, reading.chosen) for name, reading in protocol.readings.items()}
    return render_document("section", format, content_of(graph, taken), marks=marks or {})


def render_document(
    document: str,
    format: str,
    content: Content,
    pictures: Pictures | None = None,
    theme: Theme = BUNDLED,
    date: str = "",
    **more: Any,
) -> str:
    """A document as the text of its format (`word` gives the HTML that the Word file is made from).

    Raises ValueError for an unknown document or format, ThemeError for a theme whose files fail.
    """
    if document not in DOCUMENTS:
        raise ValueError(f"there is no document `{document}`; write {' or '.join(DOCUMENTS)}")
    if format not in SUFFIXES:
        raise ValueError(f"there is no format `{format}`; write {', '.join(SUFFIXES)}")
    name = f"{DOCUMENTS[document]}.{SUFFIXES[format]}.j2"
    values: dict[str, Any] = {"marks": {}, "examples": {}, "questions": {}, "report": None, "screened": {}, **more}
    values |= {"content": content, "pictures": pictures or Pictures(), "date": date, "t": content.terms}
    if format == "html":
        styles = STYLED.get(document, STYLES)
        values |= {"style": Markup("\n".join(map(theme.text, styles))), "logo": logo_of(theme)}
    escaped = format != "markdown"
    text = str(told(theme, lambda: environment(theme, escaped).get_template(name).render(**values)))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def logo_of(theme: Theme) -> Markup:
    """The house's logo as an element of a page; empty without one. An SVG stands in an `img`, where no script runs."""
    path = next((found for name in LOGOS if (found := theme.path(name))), None)
    if path is None:
        return Markup("")
    return Markup('<img src="data:{};base64,{}" alt="">').format(*logo_data(path))


def logo_data(path: Path) -> tuple[str, str]:
    """Media type and base64 of a logo. Raises ThemeError for one that is no picture or too large."""
    data = path.read_bytes()
    if len(data) > MOST_LOGO:
        raise ThemeError(f"{path}: a logo of more than {MOST_LOGO // 1_000_000} MB")
    vector = path.suffix == ".svg"
    if not (b"<svg" in data[:2000] if vector else data.startswith(b"\x89PNG")):
        raise ThemeError(f"{path}: this is no {'SVG' if vector else 'PNG'} picture")
    return ("image/svg+xml" if vector else "image/png"), base64.b64encode(data).decode("ascii")
