"""The commands about forms to fill in."""

from __future__ import annotations

from pathlib import Path

import click

from .file_commands import DATE, LANGUAGE, PAGE_OR_WORD, PAPER, THEME, themed
from .shared import FILE, READING, Examples, evaluator_for, refuse, usable, with_criteria, written


@click.command(
    cls=Examples,
    examples=(
        "rjdm form rjdm_cart -o form.html",
        "rjdm form rjdm_cart -o form.html --language zh",
        "rjdm form rjdm_cart -o checklist.docx",
        "rjdm form rjdm_cart -o checklist.html --blank",
    ),
)
@FILE
@click.option("-o", "--output", required=True, metavar="OUT", help="The form to write: .html, or .docx for paper.")
@click.option("--blank", is_flag=True, help="A blank checklist to fill in by hand, as .html too.")
@LANGUAGE
@PAPER
@DATE
@THEME
@READING
def form(
    file: str,
    output: str,
    blank: bool,
    language: str,
    paper: str,
    date: str,
    theme_folder: str | None,
    readings: tuple[str, ...],
) -> None:
    """Write a screening form, or a blank checklist for paper.

    The form is one page that works without a network. The rules run in it: it checks what is entered, asks the most
    telling question next, and shows verdict and reasons. What it saves, `rjdm evaluate` reads.
    """
    from ..documents.word import CannotWriteWord
    from ..publishing.publish import Order
    from ..theme import ThemeError

    suffix = Path(output).suffix.lower()
    if suffix not in PAGE_OR_WORD:
        refuse(f"{output}: write a name that ends with .html or .docx")
    protocol = with_criteria(usable(file))
    evaluator = evaluator_for(protocol, readings)
    on_paper = blank or PAGE_OR_WORD[suffix] == "word"
    if date and not on_paper:
        refuse("--date is printed on a checklist; a form is dated by who fills it in")
    try:
        theme = themed(theme_folder)
        if on_paper:
            order = Order("checklist", PAGE_OR_WORD[suffix], language, theme, paper, date)
            data = protocol.document(order, evaluator.readings).data
        else:
            data = protocol.form(language, evaluator.readings, theme).encode("utf-8")
    except (CannotWriteWord, ThemeError, ValueError) as error:
        refuse(str(error))
    written(output, data)
