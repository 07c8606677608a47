"""What data people capture with: the dictionary in every format."""

from __future__ import annotations

import csv
import io
import json

from ..documents.dictionary import csv_header, dictionary_text, json_schema
from ..evaluation.results import Evaluator
from ..theme import BUNDLED, Theme


def captured(evaluator: Evaluator, form: str, language: str = "en", theme: Theme = BUNDLED) -> bytes:
    """The data dictionary of a protocol as `text`, `json-schema`, `csv` (an empty table), `xlsx` (the same with
    drop-downs and a sheet of occurrences), `fhir` (a Questionnaire of R5) or `html`.

    Text, schema and table are in English. Raises NoExcel, ThemeError, ValueError for another format.
    """
    protocol = evaluator.protocol
    match form:
        case "text":
            return (dictionary_text(evaluator.graph) + "\n").encode("utf-8")
        case "json-schema":
            return _json(json_schema(protocol))
        case "csv":
            held = io.StringIO()
            csv.writer(held, lineterminator="\n").writerow(csv_header(protocol))
            return held.getvalue().encode("utf-8")
        case "xlsx":
            from .excel import template

            return template(evaluator, language, theme)
        case "fhir":
            from .questionnaire import questionnaire

            return _json(questionnaire(evaluator, language, theme))
        case "html":
            from ..documents.content import content_of
            from ..documents.section import render_document

            content = content_of(evaluator.graph, evaluator.readings, language, theme)
            return render_document("dictionary", "html", content, theme=theme).encode("utf-8")
    raise ValueError(f"there is no format `{form}`; write text, json-schema, csv, xlsx, fhir or html")


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode("utf-8")
