"""Types of data in words."""

from __future__ import annotations

from ..protocol.model import Definition, Item
from ..protocol.types import Number as NumberType
from ..protocol.types import OneOf, Truth, in_words
from ..words.phrases import Words
from ..words.tables import span_words


def definition_kind(definition: Definition, words: Words) -> str:
    """The type of a definition: `one of: low, high`, `number in mL/min`."""
    kinds, kind = words.terms["kinds"], definition.type
    match kind:
        case OneOf():
            options = [words.option_words(definition.expression, each) for each in kind.options]
            return str(kinds["one_of"]).format(options=_list(options, words))
        case Truth():
            return str(kinds["condition"])
        case NumberType(unit=unit):
            named = unit.text not in ("", "1")
            return str(kinds["quantity"]).format(unit=words.unit(unit.text)) if named else str(kinds["number"])
    return str(kinds.get(type(kind).__name__.lower(), in_words(kind)))


def item_kind(item: Item, words: Words) -> str:
    """The type of an item: `number in U/L, with ULN`, `one of: female, male`."""
    kinds = words.terms["kinds"]
    limits = kinds["with_limits"].format(limits=kinds["and"].join(item.limits)) if item.limits else ""
    by = kinds["by"].format(who=kinds["people"].get(item.by, item.by)) if item.by else ""
    match item.kind:
        case "truth":
            return f"{kinds['truth']}{by}"
        case "quantity":
            return str(kinds["quantity"]).format(unit=words.unit(item.unit.text) if item.unit else "") + limits
        case "one of" | "several of":
            options = _list([words.option(option) for option in item.options], words)
            return str(kinds["one_of" if item.kind == "one of" else "several_of"]).format(options=options)
        case "event":
            return _event_kind(item, words)
        case "count":
            span = f" {span_words(item.span.low, item.span.high, words)}" if item.span else ""
            return f"{kinds['count']}{span}{limits}"
    return f"{kinds[item.kind]}{limits}"


def _event_kind(item: Item, words: Words) -> str:
    kinds = words.terms["kinds"]
    if not item.repeated:
        return str(kinds["course" if item.course else "event"])
    unit = item.attributes[0].unit
    named = unit is not None and unit.text
    return kinds["repeated_in"].format(unit=words.unit(unit.text)) if unit and named else str(kinds["repeated"])


def _list(options: list[str], words: Words) -> str:
    return str(words.terms["kinds"]["list"]).join(options)
