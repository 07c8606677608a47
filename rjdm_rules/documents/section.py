"""The eligibility section as Markdown and HTML, through the templates in `render/`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..assets import asset
from ..graph.build import RuleGraph
from ..words.phrases import Phrase
from .content import content_of
from .marks import Mark

TEMPLATES = {"markdown": "section.md.j2", "html": "section.html.j2"}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]#|~$])")


def render_section(
    graph: RuleGraph,
    format: str = "markdown",
    readings: Mapping[str, str] | None = None,
    marks: Mapping[str, Mark] | None = None,
) -> str:
    """The whole eligibility section. `format` is `markdown` or `html`; readings left out are as the protocol chose;
    `marks` (in HTML only) stand beside the criteria, by their ids.

    Raises ValueError for another format.
    """
    if format not in TEMPLATES:
        raise ValueError(f"there is no format `{format}`; write markdown or html")
    protocol = graph.protocol
    taken = {name: (readings or {}).get(name, reading.chosen) for name, reading in protocol.readings.items()}
    template = _environment(format == "html").get_template(TEMPLATES[format])
    style = asset("render", "section.css").read_text(encoding="utf-8") if format == "html" else ""
    text = template.render(content=content_of(graph, taken), style=Markup(style), marks=marks or {})
    return text if format == "html" else re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


@cache
def _environment(html: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(asset("render")),
        undefined=StrictUndefined,
        autoescape=html,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["md"] = markdown_text
    environment.filters["in_cell"] = phrase_in_cell
    environment.filters["capital"] = capital
    environment.filters["breakable"] = breakable
    return environment


def markdown_text(text: str) -> str:
    """A text as it stands, with nothing in it taken for Markdown or HTML."""
    plain = " ".join(str(text).split())
    escaped = _MARKDOWN.sub(r"\\\1", plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    return re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", re.sub(r"^([-+])", r"\\\1", escaped))


def phrase_in_cell(phrase: Phrase, depth: int = 0) -> str:
    """A phrase with its parts as lines of one table cell."""
    text = markdown_text(phrase.text)
    lines = [text if depth == 0 else "&nbsp;" * (4 * (depth - 1)) + ("• " if depth % 2 else "◦ ") + text]
    lines += [phrase_in_cell(part, depth + 1) for part in phrase.parts]
    return "<br>".join(lines)


def breakable(name: str) -> Markup:
    """A name that may be broken behind its underscores."""
    return Markup("_<wbr>").join(name.split("_"))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]
