"""What kind of value a checked expression has."""

from __future__ import annotations

from ..protocol import expressions as x
from ..protocol import types as t
from ..protocol.model import Protocol

MEASURED = ("quantity", "number", "count")
_FIXED: dict[type, str] = {
    **dict.fromkeys(x.CONDITIONS, "truth"),
    **dict.fromkeys(
        (x.Constant, x.Converted, x.Arithmetic, x.CountTrue, x.CountOptions, x.CountOccurrences, x.LimitValue,
         x.TimesLimit, x.Elapsed, x.Aggregate),
        "number",
    ),
    x.ReadingValue: "option",
    x.OptionConstant: "option",
    x.NoOptions: "set",
    x.DateConstant: "day",
    x.DayOf: "day",
    x.MomentsOf: "moment",
    x.Selected: "event",
    x.NoOccurrences: "event",
    x.Pick: "occurrence",
}  # fmt: skip
_ITEMS = {
    "truth": "truth", **dict.fromkeys(MEASURED, "number"), "one of": "option", "several of": "set", "date": "day",
    "time": "moment", "event": "event",
}  # fmt: skip
_TYPES: dict[type, str] = {
    t.Truth: "truth", t.Number: "number", t.OneOf: "option", t.SeveralOf: "set", t.Date: "day", t.Time: "moment",
    t.Occurrences: "event", t.Occurrence: "occurrence",
}  # fmt: skip


def kind_of(node: x.Expression, protocol: Protocol) -> str:
    """truth, number, option, set, day, moment, event or occurrence."""
    match node:
        case x.ItemValue(item=name):
            return _ITEMS[protocol.items[name].kind]
        case x.DefinedValue(name=name):
            return _TYPES[type(protocol.definitions[name].type)]
        case x.Lookup(table=name, column=column):
            table = protocol.tables[name]
            output = table.outputs[table.result_index(column)]
            return {"options": "option"}.get(output.kind, output.kind)
        case x.FirstKnown(values=values) | x.Extreme(values=values):
            return kind_of(values[0], protocol)
        case x.Shifted(moment=moment):
            return "moment" if moment else "day"
        case x.AttributeOf(attribute=name, occurrence=x.Pick(occurrences=x.Selected(event=event))):
            return attribute_kind(event, name, protocol)
        case x.AttributeValue(event=event, attribute=name):
            return attribute_kind(event, name, protocol)
    return _FIXED[type(node)]


def attribute_kind(event: str, name: str, protocol: Protocol) -> str:
    """The same of an event's attribute, `date` and `until` among them."""
    if name in ("date", "until"):
        return "day"
    declared = protocol.items[event].attribute(name)
    assert declared is not None, (event, name)
    return _ITEMS[declared.kind]
