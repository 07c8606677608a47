"""A protocol to begin with."""

from __future__ import annotations

import re

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..assets import asset
from ..language.formatting import formatted
from ..language.source import Source


def starter(name: str, title: str) -> str:
    """The text of a new rules file, commented, in the canonical layout."""
    environment = Environment(loader=FileSystemLoader(asset("render")), undefined=StrictUndefined, autoescape=False)
    identity = re.sub(r"[^A-Z0-9]+", "-", name.upper()).strip("-")
    text = environment.get_template("starter.rules.j2").render(id=identity, title=title)
    return formatted(Source(f"{name}.rules", text + "\n"))


def title_of(name: str) -> str:
    """`my_trial` as a title: “My trial”."""
    words = re.sub(r"[_-]+", " ", name).strip()
    return words[:1].upper() + words[1:]
