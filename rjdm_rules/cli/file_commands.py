"""The commands about what comes of a rules file: render, draw and data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .printing import counted, note, steps
from .shared import (
    FILE,
    READING,
    Examples,
    evaluator_for,
    one_patient,
    refuse,
    usable,
    with_criteria,
    written,
)

if TYPE_CHECKING:
    from ..theme import Theme


LANGUAGE = click.option(
    "--language", type=click.Choice(["en", "zh"]), default="en", help="English, or Simplified Chinese."
)
THEME = click.option("--theme", "theme_folder", metavar="DIR", help="A folder with your house's templates and styles.")
PAPER = click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", help="The paper of a Word file.")
DATE = click.option("--date", metavar="YYYY-MM-DD", default="", help="The date to print on it.")
PAGE_OR_WORD = {".html": "html", ".htm": "html", ".docx": "word"}
CAPTURES = {
    "text": (".txt", ".md"),
    "json-schema": (".json",),
    "csv": (".csv",),
    "xlsx": (".xlsx",),
    "fhir": (".json",),
    "html": (".html", ".htm"),
}
FORMATS = {**PAGE_OR_WORD, ".md": "markdown"}


@click.command(
    cls=Examples,
    examples=(
        "rjdm render rjdm_cart -o criteria.html",
        "rjdm render rjdm_cart -o review.docx --document side-by-side --paper letter",
        "rjdm render my_trial.rules -o criteria.docx --date 2026-03-02 --theme our_house",
        "rjdm render rjdm_cart -o criteria.html --language zh",
    ),
)
@FILE
@click.option("-o", "--output", required=True, metavar="OUT", help="The document to write: .html, .docx or .md.")
@click.option(
    "--document",
    type=click.Choice(["section", "side-by-side"]),
    default="section",
    help="The protocol section, or each criterion beside its exact condition, diagrams and examples.",
)
@LANGUAGE
@PAPER
@DATE
@THEME
@READING
def render(
    file: str,
    output: str,
    document: str,
    language: str,
    paper: str,
    date: str,
    theme_folder: str | None,
    readings: tuple[str, ...],
) -> None:
    """Write the criteria as a document.

    The protocol section holds the criteria with exact conditions, definitions, tables, dose escalation, readings, the
    data dictionary, abbreviations and sources, and diagrams. Markdown has its pictures in a folder beside it.
    """
    from ..diagrams.render import CannotDraw
    from ..documents.word import CannotWriteWord
    from ..publishing.publish import Order
    from ..theme import ThemeError

    suffix = Path(output).suffix.lower()
    if suffix not in FORMATS:
        refuse(f"{output}: write a name that ends with .html, .docx or .md")
    protocol = usable(file)
    evaluator = evaluator_for(protocol, readings)
    beside = f"{Path(output).stem}_pictures"
    try:
        order = Order(document, FORMATS[suffix], language, themed(theme_folder), paper, date)
        done = protocol.document(order, evaluator.readings, pictures_folder=beside, progress=steps("diagrams"))
    except (CannotDraw, CannotWriteWord, ThemeError, ValueError) as error:
        refuse(str(error))
    for name, data in done.beside.items():
        written(str(Path(output).parent / beside / name), data, quiet=True)
    written(output, done.data)
    if done.beside:
        note(f"and {counted(len(done.beside), 'picture')} in {Path(output).parent / beside}")


def themed(folder: str | None) -> Theme:
    """The look of a folder, or the bundled one. Raises ThemeError."""
    from ..theme import BUNDLED, Theme

    return Theme(Path(folder)) if folder else BUNDLED


@click.command(
    cls=Examples,
    examples=(
        "rjdm draw rjdm_cart -o overview.svg",
        "rjdm draw rjdm_cart I5 -o organs.png",
        "rjdm draw rjdm_cart I5 -o organs.svg --form ladder",
        "rjdm draw rjdm_cart -o data.svg --form map",
        "rjdm draw rjdm_cart I5 -o organs.svg --patient patient.json",
    ),
)
@FILE
@click.argument("criterion", required=False)
@click.option("-o", "--output", required=True, metavar="OUT", help="The picture to write: .svg, .png, .pdf or .dot.")
@click.option(
    "--form",
    type=click.Choice(["decision", "ladder", "overview", "map", "escalation"]),
    help="What to draw of a criterion (decision, ladder) or of the protocol (overview, map, escalation).",
)
@click.option("--patient", "patient_file", metavar="FILE", help="Colour the diagram by this patient's outcomes.")
@click.option("--id", "wanted", help="The id of that patient, in a file of several.")
@click.option("--direction", type=click.Choice(["TB", "LR"]), help="An overview: top to bottom, or left to right.")
@LANGUAGE
@THEME
@READING
def draw(
    file: str,
    criterion: str | None,
    output: str,
    form: str | None,
    patient_file: str | None,
    wanted: str | None,
    direction: str | None,
    language: str,
    theme_folder: str | None,
    readings: tuple[str, ...],
) -> None:
    """Draw the whole protocol, or one criterion.

    CRITERION is a number such as I3, I3.1 or E8 (with --form escalation, the name of a scheme or of an escalation);
    without it, the overview is drawn. A ladder shows what must all hold in series, and alternatives in parallel; a map,
    which data feed which criteria.
    """
    from ..diagrams.render import FORMATS, CannotDraw
    from ..diagrams.sheet import UnknownCriterion
    from ..evaluation.problems import RecordError
    from ..theme import ThemeError

    suffix = Path(output).suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        refuse(f"{output}: write a name that ends with " + ", ".join(f".{each}" for each in FORMATS))
    protocol = with_criteria(usable(file))
    evaluator = evaluator_for(protocol, readings)
    if wanted and not patient_file:
        refuse("--id picks a patient from a file; name the file with --patient FILE")
    record = one_patient(patient_file, protocol, wanted, "--id").record if patient_file else None
    try:
        theme = themed(theme_folder)
        data = protocol.draw(criterion, record, suffix, evaluator.readings, direction, form, language, theme)
    except (CannotDraw, UnknownCriterion, RecordError, ThemeError, ValueError) as error:
        refuse(str(error))
    written(output, data)


@click.command(
    cls=Examples,
    examples=(
        "rjdm data rjdm_cart",
        "rjdm data rjdm_cart --format csv > patients.csv",
        "rjdm data rjdm_cart --format json-schema",
        "rjdm data rjdm_cart -o patients.xlsx",
        "rjdm data rjdm_cart -o dictionary.html --language zh",
        "rjdm data rjdm_cart --format fhir -o questionnaire.json",
    ),
)
@FILE
@click.option(
    "--format",
    "form",
    type=click.Choice([*CAPTURES]),
    help="Text, JSON Schema, an empty table (csv, xlsx), a FHIR Questionnaire (fhir), or a page (html).",
)
@click.option("-o", "--output", metavar="OUT", help="The file to write; without it, standard output.")
@LANGUAGE
@THEME
@READING
def data(
    file: str,
    form: str | None,
    output: str | None,
    language: str,
    theme_folder: str | None,
    readings: tuple[str, ...],
) -> None:
    """The data dictionary: every fact a record may hold.

    As text; as JSON Schema; as an empty table to fill in (.csv, or .xlsx with drop-downs, which `rjdm evaluate` reads);
    as a FHIR R5 Questionnaire; as an annotated page. The name of OUT says the format where --format does not.
    """
    from ..forms.capture import captured
    from ..forms.excel import NoExcel
    from ..theme import ThemeError

    kind = captured_as(form, output)
    if kind in ("text", "json-schema", "csv") and (language != "en" or theme_folder):
        refuse(f"--language and --theme are for .html, .xlsx and fhir; {kind} is as the rules file has it")
    protocol = usable(file)
    if kind in ("fhir", "xlsx"):
        with_criteria(protocol)
    evaluator = evaluator_for(protocol, readings)
    try:
        made = captured(evaluator, kind, language, themed(theme_folder))
    except (NoExcel, ThemeError, ValueError) as error:
        refuse(str(error))
    if output is not None:
        written(output, made)
    else:
        click.echo(made.decode("utf-8"), nl=False)


def captured_as(form: str | None, output: str | None) -> str:
    """The format that is asked for; ends the command where the name of the file says another one."""
    suffix = Path(output).suffix.lower() if output is not None else ""
    if form is None:
        named = {suffixes[0]: kind for kind, suffixes in reversed(CAPTURES.items())} | {".htm": "html", ".md": "text"}
        if output is not None and suffix not in named:
            refuse(f"{output}: write a name that ends with .xlsx, .html, .csv, .json or .txt")
        return named[suffix] if output is not None else "text"
    if output is not None and suffix not in CAPTURES[form]:
        refuse(f"{output}: {form} is written to a file that ends with {' or '.join(CAPTURES[form])}")
    if output is None and form == "xlsx":
        refuse("an Excel file is not printed; say where to write it with -o patients.xlsx")
    return form
