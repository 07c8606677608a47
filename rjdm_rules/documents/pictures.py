"""Pictures as the templates see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Figure:
    """A picture: `page` as an element of an HTML page, `svg` as a file of its own, `source` as DOT, size in points, and
    what it shows in words (`alt`) for those who cannot see it. `name` is fit for a file."""

    name: str
    caption: str
    alt: str
    svg: str
    source: str
    page: Markup
    width: float
    height: float


class Pictures(Mapping[str, tuple[Figure, ...]]):
    """The pictures of a document by what they show: `overview`, `map`, `decision:I3`, `ladder:I3`,
    `escalation:NAME:SCHEME`. What was not drawn is empty, so that a template need not ask."""

    def __init__(self, figures: Mapping[str, tuple[Figure, ...]] | None = None) -> None:
        self._figures = dict(figures or {})

    def __getitem__(self, key: str) -> tuple[Figure, ...]:
        return self._figures.get(key, ())

    def __iter__(self) -> Iterator[str]:
        return iter(self._figures)

    def __len__(self) -> int:
        return len(self._figures)

    @property
    def overview(self) -> tuple[Figure, ...]:
        return self["overview"]

    @property
    def map(self) -> tuple[Figure, ...]:
        return self["map"]

    def all(self) -> tuple[Figure, ...]:
        return tuple(figure for figures in self._figures.values() for figure in figures)
