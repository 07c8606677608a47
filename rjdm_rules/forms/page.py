"""The screening form: one page that works without a network, in which the rules themselves run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from itertools import islice
from typing import Any

from markupsafe import Markup

from ..assets import asset
from ..documents.content import content_of
from ..documents.kinds import item_kind
from ..documents.questions import asked_elsewhere, is_plain, left_open, questions_of, units_for
from ..documents.section import logo_of
from ..documents.templates import environment
from ..evaluation.problems import ValueProblem
from ..evaluation.records import read_value
from ..evaluation.reference import Reference
from ..evaluation.results import Evaluator
from ..protocol import expressions as x
from ..protocol.model import Criterion, Item
from ..testing.candidates import Candidates
from ..theme import BUNDLED, Theme, told
from ..words.phrases import Words
from ..words.pieces import without_direction
from ..words.tables import span_words
from .program import Nodes, program_of
from .reasons import Trees

Json = dict[str, Any]
SCRIPTS = ("numbers", "time", "records", "rules", "why", "fields", "page")
STYLES = ("page.css", "form.css")
MOST_TELLING, MOST_CONDITIONS = 6, 3


def form_page(evaluator: Evaluator, language: str = "en", theme: Theme = BUNDLED) -> str:
    """The form of a protocol under the readings of the evaluator, as the text of an HTML page that loads nothing.

    Its policy lets no script run but its own, and nothing leave the page. Raises ThemeError, and ValueError for a
    library.
    """
    if not evaluator.protocol.parts:
        raise ValueError(f"{evaluator.protocol.id} is a library; it has no criteria to screen by")
    words = Words(evaluator.protocol, evaluator.readings, language, theme)
    content = content_of(evaluator.graph, evaluator.readings, language, theme)
    nodes = Nodes()
    page = page_data(evaluator, words, nodes)
    program = program_of(evaluator.graph, evaluator.readings, nodes)
    style = "\n".join(theme.text(name) for name in STYLES)
    script = "(() => {\n" + program_text() + "})();"
    values = {
        "content": content,
        "t": content.terms,
        "date": "",
        "logo": logo_of(theme),
        "style": Markup(style),
        "script": Markup(script),
        "policy": policy_of(script),
        "questions": {
            id: asked(names, words) for id, names in questions_of(evaluator.graph, evaluator.readings).items()
        },
        "others": asked(asked_elsewhere(evaluator.graph, evaluator.readings), words),
        "data": embedded({"program": program, "page": page}),
    }
    text = told(theme, lambda: environment(theme, True).get_template("form.html.j2").render(**values))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def program_text(scripts: tuple[str, ...] = SCRIPTS) -> str:
    """The scripts of the page, one behind the other. They are a program, so that a theme cannot bring its own."""
    return "".join(asset("render", f"form_{name}.js").read_text(encoding="utf-8") for name in scripts)


def policy_of(script: str) -> str:
    """The policy of the page: nothing is fetched, sent or run but its own script."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "form-action 'none'; base-uri 'none'"
    )


def embedded(data: Json) -> Markup:
    """Data as JSON that may stand in a script element whatever it holds."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def plain(value: Any) -> Any:
    """The same data, its texts without signs that turn the direction of writing."""
    if isinstance(value, str):
        return without_direction(value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


# ---- what the page says


def page_data(evaluator: Evaluator, words: Words, nodes: Nodes) -> Json:
    """Words of items and criteria, and telling values of each item."""
    protocol, terms = evaluator.protocol, words.terms
    trees = Trees(words, nodes)
    nothing = Reference(protocol, {}, evaluator.readings).run(evaluator.graph)  # of a patient of whom nothing is known
    return {
        "terms": plain({**terms["form"], "outcomes": terms["outcomes"], "typed_units": terms["typed_units"]}),
        "verdicts": terms["drawn_verdicts"],
        "span": terms["span"],
        "parts": {
            each.name: plain(words.said(each.title) if each.title else each.name)
            for each in protocol.parts
            if each.name
        },
        "items": {name: plain(item_words(each, words)) for name, each in protocol.items.items()},
        "criteria": {each.id: plain(criterion_words(each, words, trees)) for each in protocol.criteria()},
        "excluding": sorted(protocol.excluding),
        "telling": {name: telling_values(evaluator, name, nothing) for name in protocol.items},
    }


def asked(names: list[str], words: Words) -> list[Json]:
    """The places of some questions: the name of each item, and what stands there until the page is put together."""
    return [{"name": name, "label": words.label(name)} for name in names]


def item_words(item: Item, words: Words) -> Json:
    span = item.span
    return {
        "label": words.said(item.label),
        "ask": words.said(item.ask) if item.ask else words.said(item.label),
        "kind": item_kind(item, words),
        "unit": words.unit(item.unit.text) if item.unit else "",
        "units": [[text, words.unit(text)] for text in units_for(item)],
        "range": span_words(span.low, span.high, words) if span else "",
        "options": [[option.name, words.option(option)] for option in item.options],
        "notes": [words.said(note) for note in item.notes],
        "open": left_open(item, words) if item.otherwise is not None else "",
        "assumed": item.otherwise is not None and is_plain(item.otherwise),
        "attributes": {each.name: item_words(each, words) for each in item.attributes},
    }


def criterion_words(criterion: Criterion, words: Words, trees: Trees) -> Json:
    sentence = criterion.sentence
    return {
        "title": words.title(criterion),
        "sentence": words.said(sentence) if sentence else "",
        "tree": None if criterion.condition is None else trees.tree(criterion.condition),
        "parts": [child.id for child in criterion.children],
    }


# ---- which answers tell


def telling_values(evaluator: Evaluator, name: str, reference: Reference) -> list[Any]:
    """A few answers to a question that make a difference somewhere: options, values at and beside thresholds."""
    item, protocol = evaluator.protocol.items[name], evaluator.protocol
    found: list[Any] = []
    for condition in conditions_about(evaluator, name):
        values = (each for each in Candidates(protocol, condition, {}, reference).of(item) if each is not None)
        for value in islice(values, MOST_TELLING):
            if value not in found and accepted(item, value):
                found.append(value)
    return found[: MOST_TELLING * 2]


def conditions_about(evaluator: Evaluator, name: str) -> list[x.Expression]:
    """Conditions of a few criteria that use an item."""
    ids = evaluator.graph.criteria_using(name, evaluator.readings)
    found = [evaluator.protocol.criterion(id) for id in ids]
    conditions = [each.condition for each in found if each is not None and each.condition is not None]
    if evaluator.graph.deep:  # in chains so long nothing is worked back from a threshold
        return [x.Always(True)]
    return conditions[:MOST_CONDITIONS]


def accepted(item: Item, value: Any) -> bool:
    try:
        read_value(item, value)
    except ValueProblem:
        return False
    return True
