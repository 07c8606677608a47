"""What is shown beside a name: label, type, unit, codes and question; the sentence and condition of a criterion."""

from __future__ import annotations

from collections.abc import Callable

from ..documents.kinds import definition_kind, item_kind
from ..protocol.model import Criterion, Item, Protocol
from ..protocol.numbers import number_text
from ..words.phrases import Phrase
from ..words.pieces import criterion_title
from .analysis import Analysis, Known
from .occurrences import Symbol


def hover_text(symbol: Symbol, analysis: Analysis) -> str:
    """What to show of a name, as Markdown; empty where nothing is known of it."""
    describe: dict[str, Callable[[str, Known], str]] = {
        "name": _name,
        "criterion": _criterion,
        "option": _option,
        "attribute": _attribute,
        "example": _example,
    }
    if symbol.kind not in describe:
        return ""
    states = (analysis.known, analysis.usable) if symbol.kind != "criterion" else (analysis.usable, analysis.known)
    text = ""
    for state in filter(None, states):
        try:
            text = text or describe[symbol.kind](symbol.name, state)
        except KeyError:  # a condition that names what the errors of the file leave undeclared
            continue
    if not text and symbol.kind == "criterion":
        syntax = analysis.names.scope.criteria_by_id[symbol.name].syntax
        text = f"**{symbol.name}** {plain(syntax.marker)} {plain(syntax.sentence.text)}" if syntax.sentence else ""
    if text and analysis.usable and symbol.kind == "name" and symbol.name in analysis.usable.protocol.items:
        used = ", ".join(analysis.usable.graph.criteria_using(symbol.name))
        text += f"\n\nUsed in {used}" if used else "\n\nUsed nowhere"
    return text


def _name(name: str, known: Known) -> str:
    protocol = known.protocol
    if name in protocol.items:
        return _item(protocol.items[name], known)
    if name in protocol.definitions:
        definition = protocol.definitions[name]
        held = phrase_text(known.words.condition(definition.expression))
        kind = plain(definition_kind(definition, known.words))
        return f"**{plain(definition.label.text)}** (definition, {kind})\n\n{held}"
    if name in protocol.readings:
        reading = protocol.readings[name]
        taken = next(option.words for option in reading.options if option.name == reading.chosen)
        because = f"\n\n{plain(reading.because.text)}" if reading.because else ""
        return f"**{plain(reading.label.text)}** (reading)\n\nTaken: {plain(taken)}{because}"
    if name in protocol.tables:
        table = protocol.tables[name]
        columns = ", ".join(each.name for each in table.inputs)
        results = ", ".join(each.name for each in table.outputs)
        return f"**{plain(table.label.text)}** (table)\n\nLooks up {plain(results)} by {plain(columns)}"
    return ""


def _item(item: Item, known: Known) -> str:
    lines = [f"**{plain(item.label.text)}** · {plain(item_kind(item, known.words))}"]
    if item.span:
        lines.append(f"Range {number_text(item.span.low)} to {number_text(item.span.high)}")
    if item.codes:
        lines.append("Code " + "; ".join(f"{system} {code}" for system, code in item.codes))
    if item.ask:
        lines.append(f"*{plain(item.ask.text)}*")
    lines += [plain(note.text) for note in item.notes]
    return "\n\n".join(lines)


def _criterion(id: str, known: Known) -> str:
    criterion = known.protocol.criterion(id)
    return criterion_text(criterion, known) if criterion else ""


def criterion_text(criterion: Criterion, known: Known) -> str:
    """Id, sentence and condition in words."""
    held = "\n\n" + phrase_text(known.words.condition(criterion.condition)) if criterion.condition is not None else ""
    return f"**{criterion.id}** {plain(criterion_title(criterion))}{held}"


def phrase_text(phrase: Phrase, depth: int = 0) -> str:
    """A condition in words, its parts as a list."""
    lines = [plain(phrase.text) if depth == 0 else f"{'  ' * (depth - 1)}- {plain(phrase.text)}"]
    lines += [phrase_text(part, depth + 1) for part in phrase.parts]
    return ("\n\n" if depth == 0 and phrase.parts else "\n").join([lines[0], "\n".join(lines[1:])]).strip()


def _option(name: str, known: Known) -> str:
    owner, _, option = name.partition(".")
    family: Protocol = known.protocol
    holder = family.items.get(owner) or family.readings.get(owner)
    found = next((each for each in holder.options if each.name == option), None) if holder else None
    return f"**{plain(found.words)}**, an option of {plain(holder.label.text)}" if found and holder else ""


def _attribute(name: str, known: Known) -> str:
    event, _, attribute = name.partition(".")
    item = known.protocol.items.get(event)
    found = item.attribute(attribute) if item else None
    return (
        f"**{plain(found.label.text)}** of {plain(item.label.text)} · {plain(item_kind(found, known.words))}"
        if found and item
        else ""
    )


def _example(name: str, known: Known) -> str:
    example = next((each for each in known.protocol.examples if each.name == name), None)
    if example is None:
        return ""
    expected = ", ".join(f"{subject} {outcome}" if subject else outcome for subject, outcome in example.expectations)
    return f"**{plain(example.label.text)}**\n\nExpected: {expected}"


def plain(text: str) -> str:
    """A text of the file as text: nothing in it is taken for Markdown or HTML."""
    escaped = text.replace("\\", "\\\\").replace("<", "&lt;")
    for sign in "`*_[]#|~":
        escaped = escaped.replace(sign, "\\" + sign)
    return escaped
