"""Documents of a protocol as files: HTML, Markdown and Word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..diagrams.sheet import Drawn, Sheet
from ..documents.content import Content, content_of
from ..documents.questions import on_paper
from ..documents.section import DOCUMENTS, SUFFIXES, render_document
from ..documents.word import PAPERS, Page, word_file
from ..evaluation.results import Evaluator
from ..theme import BUNDLED, LANGUAGES, Theme
from ..values.calendar import days_of
from .drawing import Progress, pictures_of
from .rasters import Rasters
from .report import report_of
from .showing import Shown, shown_by

# what is about data and needs no pictures is made elsewhere: forms.capture and screening.reporting
PUBLISHED = tuple(name for name in DOCUMENTS if name not in ("dictionary", "screening"))
MADE_AS = {"checklist": ("html", "word"), "patient": ("html", "word")}


@dataclass(frozen=True)
class Order:
    """What is asked for: the document (`section`, `side-by-side`, `checklist`, or `patient`, which is about one), its
    format (`html`, `markdown`, `word`), language (`en`, `zh`), look, paper of Word files (`a4`, `letter`) and the date
    printed on it (`2026-03-02`; none unless given, since the same protocol makes the same bytes). Raises ValueError for
    what there is not."""

    document: str = "section"
    format: str = "html"
    language: str = "en"
    theme: Theme = field(default=BUNDLED)
    paper: str = "a4"
    date: str = ""

    def __post_init__(self) -> None:
        known = {"document": PUBLISHED, "format": SUFFIXES, "language": LANGUAGES, "paper": PAPERS}
        for name, values in known.items():
            if getattr(self, name) not in values:
                raise ValueError(f"there is no {name} `{getattr(self, name)}`; write {' or '.join(values)}")
        if self.date:
            _check_day(self.date)
        if self.format not in MADE_AS.get(self.document, SUFFIXES):
            raise ValueError(f"the {self.document} is made as {' or '.join(MADE_AS[self.document])}")
        if self.document == "patient" and self.language != "en":
            raise ValueError("reports of patients are written in English")

    def title(self, content: Content) -> str:
        """How the document is called."""
        t = content.terms
        names = {"section": t["document_section"], "side-by-side": t["document_side"]}
        names |= {"checklist": t["form"]["checklist"], "patient": t["report"]["patient"]}
        return str(names[self.document])


def _check_day(text: str) -> None:
    """Raises ValueError for what is no day."""
    try:
        first, last = days_of(text)
    except ValueError as error:
        raise ValueError(f"`{text}` is not a date: {error}") from None
    if first != last:
        raise ValueError(f"`{text}` is not a date: write it as in 2026-03-02")


@dataclass(frozen=True)
class Published:
    """A finished document, and the picture files that it refers to, by their names in the folder beside it."""

    data: bytes
    beside: Mapping[str, bytes]


def publish(
    evaluator: Evaluator,
    order: Order,
    pictures_folder: str = "pictures",
    progress: Progress = lambda done, of: None,
    record: object = None,
    allow_extra: bool = False,
) -> Published:
    """A document under the readings of the evaluator. Markdown refers to pictures in `pictures_folder`; the other
    formats hold theirs. `progress` hears how many of how many pictures are drawn. The document `patient` is about
    `record`, which stays in it and goes nowhere else.

    Raises CannotDraw, CannotWriteWord, ThemeError; for a record RecordError.
    """
    graph = evaluator.graph
    content = content_of(graph, evaluator.readings, order.language, order.theme)
    inside = order.format == "html"
    link = (lambda id: f"#{id}") if inside else None
    report = report_of(evaluator, record, content, allow_extra) if order.document == "patient" else None
    whose = Drawn(report.patient, evaluator.node_truths(record, allow_extra)) if report else None
    sheet = Sheet(graph, evaluator.readings, whose, order.language, order.theme, link=link, captioned=False)
    with Rasters(Page(order.paper, order.document == "side-by-side", order.document == "section")) as rasters:
        begin = rasters.add if order.format == "word" else lambda figure: None
        pictures = pictures_of(order.document, content, sheet, progress, report.unfavourable if report else (), begin)
        more: dict[str, Any] = {"examples": _examples(order, content, evaluator), "pictures_folder": pictures_folder}
        more |= {"report": report, "questions": on_paper(graph, sheet.words) if order.document == "checklist" else {}}
        text = render_document(order.document, order.format, content, pictures, order.theme, order.date, **more)
        if order.format == "word":
            return Published(_word(text, order, content, rasters, report.patient if report else ""), {})
    beside = {f"{each.name}.svg": each.svg.encode() for each in pictures.all()} if order.format == "markdown" else {}
    return Published(text.encode("utf-8"), beside)


def _examples(order: Order, content: Content, evaluator: Evaluator) -> Mapping[str, tuple[Shown, ...]]:
    """Beside each criterion, the examples that show it. The facts are told in English, so that a Chinese document names
    the examples and their outcomes alone."""
    if order.document != "side-by-side":
        return {}
    found = shown_by(content, evaluator, order.language)
    if order.language == "en":
        return found
    return {id: tuple(replace(each, facts=()) for each in shown) for id, shown in found.items()}


def _word(text: str, order: Order, content: Content, rasters: Rasters, patient: str) -> bytes:
    subject = f"{content.terms['patient']} {patient}" if patient else ""
    if order.document == "checklist":
        subject = f"{content.terms['form']['patient_id']}: {'_' * 24}"
    shown = {name: figure for name, figure in rasters.figures.items() if f'src="{name}"' in text}
    name = order.title(content)
    return word_file(text, content, name, rasters.page, shown, rasters.of, order.theme, order.date, subject)
