"""Figures as PNG, for programs that show no SVG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from ..diagrams.page import size_of
from ..diagrams.raster import png_of
from ..diagrams.render import own_png
from ..documents.pictures import Figure
from ..documents.word import Page

PRINTED = 0.82  # of their size on a screen: letters of 9 points beside those of the text
DOTS = 110  # per inch of paper
FEW, AT_ONCE = 30, 8  # pictures that are worth starting further processes, and giving them more to do


class Rasters:
    """The figures of a Word file in their size on its page, and as PNG. Where they are many, further processes make
    them while this one goes on; so it is used in a `with`, at the end of which nothing goes on."""

    def __init__(self, page: Page) -> None:
        self.figures: dict[str, Figure] = {}
        self.page = page
        self._pool: Any = None
        self._waiting: list[Figure] = []
        self._begun: dict[str, Future[dict[str, bytes]]] = {}

    def add(self, figure: Figure) -> None:
        """Takes in a figure, and begins with those that wait when they are enough. Its PNG may never be asked for."""
        fitted = self.figures[figure.name] = _fitted(figure, self.page)
        self._waiting.append(fitted)
        if len(self._waiting) < (AT_ONCE if self._pool else FEW):
            return
        self._pool = self._pool or _processes()
        if self._pool is None:
            return
        begun = self._pool.submit(rasters_of, self._waiting)
        self._begun |= {each.name: begun for each in self._waiting}
        self._waiting = []

    def of(self, figures: Mapping[str, Figure]) -> dict[str, bytes]:
        """The PNG of each figure. Raises CannotDraw where this machine has no font for one."""
        rest = rasters_of([figure for name, figure in figures.items() if name not in self._begun])
        return {name: rest[name] if name in rest else self._begun[name].result()[name] for name in figures}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(kill_workers=True)


def _processes() -> Any:
    """Further processes, one for each core, that do not run the script of whoever asks for a document, as those of the
    standard library do on most systems. None where there is but one core to use, or the extra `word` in part."""
    try:
        from loky import ProcessPoolExecutor, cpu_count
        from loky.backend import get_context
    except ImportError:
        return None
    return ProcessPoolExecutor(cores, context=get_context("loky")) if (cores := cpu_count()) > 1 else None


def _fitted(figure: Figure, page: Page) -> Figure:
    """A figure no larger than the place it has: beside words on a page on its side, or alone between the margins."""
    beside = page.landscape and figure.name.endswith("-decision")
    room = page.text_width / 20 * (0.58 if beside else 1) - (14 if beside else 0)
    height = page.size[1] / 20 - 190
    scale = min(PRINTED, room / figure.width, height / figure.height)
    return replace(figure, width=round(figure.width * scale, 2), height=round(figure.height * scale, 2))


def rasters_of(figures: Iterable[Figure]) -> dict[str, bytes]:
    """Figures as PNG, as fine as their sizes on the page ask. Raises CannotDraw where no font here has their signs."""
    return {
        each.name: png_of(each.svg, DOTS * each.width / size_of(each.svg)[0]) or own_png(each.source)
        for each in figures
    }
