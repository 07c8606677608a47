"""From the grammar's rules to the syntax tree: one method a rule, named as in `grammar/rules.lark`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar

from . import syntax as s
from .build_conditions import MOST_DIGITS, ConditionBuilder, bare_mark, canonical, span, whole
from .source import Place
from .tokens import Token

Part = Any
N = TypeVar("N")


class Builder(ConditionBuilder):
    """Makes nodes bottom-up. What the grammar lets through but nobody may write goes into `diagnostics`."""

    # ---- heads, labels

    def _head(self, kind: str, parts: list[Part]) -> s.Head:
        name, title, *attributes = parts
        pairs = tuple(pair for pair in attributes if isinstance(pair, tuple))
        return s.Head(span([name, title]), kind, name.text, title, pairs)

    def protocol(self, parts: list[Part]) -> s.Head:
        return self._head("protocol", parts)

    def library(self, parts: list[Part]) -> s.Head:
        return self._head("library", parts)

    def head_attribute(self, parts: list[Part]) -> tuple[s.Name, s.Text]:
        return self.name(parts[:1]), parts[1]

    def use(self, parts: list[Part]) -> s.Use:
        return s.Use(parts[0].place, self.name(parts))

    def string(self, parts: list[Token]) -> s.Text:
        text = " ".join(unquoted(part.text).strip() if len(parts) > 1 else unquoted(part.text) for part in parts)
        return s.Text(span(parts), text)

    def label(self, parts: list[Part]) -> s.Text:
        text, _, zh = parts
        return s.Text(text.place, text.text, zh.text if zh else None)

    def broken(self, parts: list[Token]) -> s.Broken:
        words = set(re.findall(r"[①-⑳]|[a-zA-Z_][a-zA-Z0-9_]*|\d+|[^\W\d]\w*", parts[0].text))
        words |= {name.replace("-", "_") for name in re.findall(r"\b\w+(?:-\w+)+", parts[0].text)}
        self.broken_words |= words | {bare_mark(word) for word in words if len(word) == 1}
        return s.Broken(parts[0].place)

    def _given_up(self, name: Token) -> s.Broken:
        """A declaration of which a line could not be read: nobody may complain that it is missing."""
        self.broken_words.add(name.text)
        return s.Broken(name.place)

    def file(self, parts: list[Part]) -> tuple[Part, ...]:
        return tuple(parts)

    # ---- readings

    def readings(self, parts: list[Part]) -> tuple[s.Reading, ...]:
        return of_kind(parts, s.Reading)

    def reading_declaration(self, parts: list[Part]) -> s.Reading | s.Broken:
        name, label, *lines = parts
        if any(isinstance(line, s.Broken) for line in lines):
            return self._given_up(name)
        options = next((line[1] for line in lines if isinstance(line, tuple) and line[0] == "options"), ())
        chosen = next((line[1] for line in lines if isinstance(line, tuple) and line[0] == "chosen"), None)
        because = next((line[1] for line in lines if isinstance(line, tuple) and line[0] == "because"), None)
        return s.Reading(name.place, self.name([name]), label, options, chosen, because)

    def reading_options(self, parts: list[Part]) -> tuple[str, Any]:
        return "options", parts[-1]

    def reading_chosen(self, parts: list[Part]) -> tuple[str, Any]:
        return "chosen", self.name(parts)

    def reading_because(self, parts: list[Part]) -> tuple[str, Any]:
        return "because", parts[0]

    def options(self, parts: list[Part]) -> tuple[s.Option, ...]:
        return tuple(parts)

    def option(self, parts: list[Part]) -> s.Option:
        return s.Option(parts[0].place, parts[0].text, parts[1])

    # ---- data

    def data(self, parts: list[Part]) -> tuple[s.Item, ...]:
        return of_kind(parts, s.Item)

    def item_declaration(self, parts: list[Part]) -> s.Item | s.Broken:
        name, label, kind, *lines = parts
        if any(isinstance(line, s.Broken) for line in lines):
            return self._given_up(name)
        return s.Item(name.place, self.name([name]), label, kind, of_kind(lines, s.ItemLine), of_kind(lines, s.Item))

    item_declaration_below = item_declaration

    def event_attribute(self, parts: list[Part]) -> s.Item | s.Broken:
        return self.item_declaration(parts)

    def type_truth(self, parts: list[Part]) -> s.TypeExpression:
        by = parts[2].text if parts[2] is not None else None
        return s.TypeExpression(span(parts), "truth", by=by)

    def type_quantity(self, parts: list[Part]) -> s.TypeExpression:
        return self._measured("quantity", parts)

    def type_number(self, parts: list[Part]) -> s.TypeExpression:
        return self._measured("number", parts)

    def type_count(self, parts: list[Part]) -> s.TypeExpression:
        return self._measured("count", parts)

    def type_repeated(self, parts: list[Part]) -> s.TypeExpression:
        return self._measured("repeated", parts)

    def _measured(self, kind: str, parts: list[Part]) -> s.TypeExpression:
        unit = next((part for part in parts if isinstance(part, Token) and part.type == "UNIT"), None)
        limits = tuple(part.text for part in parts if isinstance(part, Token) and part.type in ("ULN", "LLN"))
        return s.TypeExpression(
            span(parts), kind, unit=unit.text if unit else None, unit_place=unit.place if unit else None, limits=limits
        )

    def limit(self, parts: list[Token]) -> Token:
        return parts[1]

    def type_one_of(self, parts: list[Part]) -> s.TypeExpression:
        return s.TypeExpression(parts[0].place, "one of", options=parts[-1])

    def type_several_of(self, parts: list[Part]) -> s.TypeExpression:
        return s.TypeExpression(parts[0].place, "several of", options=parts[-1])

    def type_date(self, parts: list[Part]) -> s.TypeExpression:
        return s.TypeExpression(parts[0].place, "date")

    def type_time(self, parts: list[Part]) -> s.TypeExpression:
        return s.TypeExpression(parts[0].place, "time")

    def type_event(self, parts: list[Part]) -> s.TypeExpression:
        return s.TypeExpression(span(parts), "course" if parts[1] is not None else "event")

    def attribute_type(self, parts: list[Part]) -> s.TypeExpression:
        kind: s.TypeExpression = parts[0]
        return kind

    def type_grade(self, parts: list[Part]) -> s.TypeExpression:
        return s.TypeExpression(span(parts), "grade", low=parts[0].value, high=parts[1].value)

    def option_otherwise(self, parts: list[Part]) -> s.ItemLine:
        return s.ItemLine(parts[0].place, "otherwise", expression=parts[0])

    def option_range(self, parts: list[Part]) -> s.ItemLine:
        return s.ItemLine(span(parts), "range", low=parts[1].value, high=parts[2].value)

    def option_code(self, parts: list[Part]) -> s.ItemLine:
        return s.ItemLine(parts[1].place, "code", code=parts[1].text.strip())

    def option_molar_mass(self, parts: list[Part]) -> s.ItemLine:
        return s.ItemLine(span(parts), "molar mass", expression=parts[1])

    def option_ask(self, parts: list[Part]) -> s.ItemLine:
        return s.ItemLine(span(parts), "ask", text=parts[1])

    def note_line(self, parts: list[Part]) -> s.ItemLine:
        return s.ItemLine(span(parts), "note", text=parts[1])

    # ---- definitions and tables

    def definitions(self, parts: list[Part]) -> tuple[s.Definition, ...]:
        return of_kind(parts, s.Definition)

    def definition_declaration(self, parts: list[Part]) -> s.Definition:
        name, label, kind, expression, *notes = parts
        return s.Definition(name.place, self.name([name]), label, kind, expression, texts(notes, "note"))

    def table(self, parts: list[Part]) -> s.Table | s.Broken:
        _, name, label, *rest = parts
        if any(isinstance(part, s.Broken) for part in rest):
            return self._given_up(name)
        columns = next((part for part in rest if isinstance(part, tuple)), ())
        return s.Table(name.place, self.name([name]), label, columns, of_kind(rest, s.Row), texts(rest, "note"))

    def header(self, parts: list[Part]) -> tuple[s.Column, ...]:
        result = False
        columns = []
        for arrow, column in parts:
            result = result or arrow
            columns.append(s.Column(column.place, column.name, column.type, result))
        return tuple(columns)

    def head(self, parts: list[Part]) -> tuple[bool, s.Column]:
        arrow, name, kind = parts
        return arrow is not None, s.Column(name.place, self.name([name]), kind, False)

    def table_row(self, parts: list[Part]) -> s.Row:
        return s.Row(span([cell[0] for cell in parts] + [cell[-1] for cell in parts]), tuple(parts))

    def cell(self, parts: list[Part]) -> tuple[s.CellPart, ...]:
        return tuple(part if isinstance(part, s.CellPart) else s.CellPart(part.place, part) for part in parts)

    def cell_range(self, parts: list[Part]) -> s.CellPart:
        """`3..6`, and `30..<60` for numbers below 60."""
        low, sign, high = parts
        operator = canonical(sign.text) if sign is not None else None
        if operator not in (None, "<"):
            self.refuse("R603", f"`..{sign.text}` cannot stand in a cell", span(parts), "write `..` or `..<`")
        return s.CellPart(span(parts), low, high, operator)

    def cell_compare(self, parts: list[Part]) -> s.CellPart:
        return s.CellPart(span(parts), parts[1], operator=canonical(parts[0].text))

    # ---- criteria

    def criteria(self, parts: list[Part]) -> s.Block:
        kind, label, *lines = parts
        return s.Block(kind.place, kind.text, label, body_of(lines))

    def part(self, parts: list[Part]) -> s.Part:
        _, name, title, *blocks = parts
        return s.Part(name.place, self.name([name]), title, of_kind(blocks, s.Block), texts(blocks, "note"))

    def formula(self, parts: list[Part]) -> Part:
        return parts[0]

    def source_line(self, parts: list[Part]) -> s.ItemLine:
        return s.ItemLine(parts[0].place, "source", text=parts[0])

    def criterion(self, parts: list[Part]) -> s.Criterion:
        marker, name, sentence, *lines = parts
        return s.Criterion(
            span([marker, name, sentence]),
            marker.text,
            None if marker.type == "MINUS" else bare_mark(marker.text),
            self.name([name]),
            sentence,
            body_of(lines),
        )

    def criterion_unnamed(self, parts: list[Part]) -> s.Criterion:
        marker, sentence, *lines = parts
        return s.Criterion(
            span([marker, sentence]), marker.text, bare_mark(marker.text), None, sentence, body_of(lines)
        )

    # ---- dose escalation

    def escalation(self, parts: list[Part]) -> s.Escalation | s.Broken:
        _, name, label, *lines = parts
        if any(isinstance(line, s.Broken) for line in lines):
            return self._given_up(name)
        doses = next((line[1] for line in lines if isinstance(line, tuple) and line[0] == "doses"), ())
        counts = tuple(line[1:] for line in lines if isinstance(line, tuple) and line[0] == "count")
        return s.Escalation(
            name.place,
            self.name([name]),
            label,
            doses,
            counts,
            of_kind(lines, s.Scheme),
            texts(lines, "note"),
            texts(lines, "source"),
        )

    def escalation_doses(self, parts: list[Part]) -> tuple[str, Any]:
        return "doses", tuple(parts)

    def escalation_count(self, parts: list[Token]) -> tuple[str, str, int, Place]:
        count = self.number([parts[1], None])
        if count.value.denominator != 1:
            self.refuse("R104", f"{count.text} is not a whole number", count.place)
        return "count", parts[0].text, whole(count), parts[1].place

    def escalation_scheme(self, parts: list[Part]) -> s.Scheme | s.Broken:
        name, label, columns, *rows = parts
        if any(isinstance(row, s.Broken) for row in rows):
            return self._given_up(name)
        return s.Scheme(name.place, self.name([name]), label, columns, of_kind(rows, s.Row))

    # ---- examples

    def example(self, parts: list[Part]) -> s.Example:
        _, name, label, like, *lines = parts
        given = tuple(line for part in lines if isinstance(part, tuple) for line in part)
        return s.Example(
            name.place,
            self.name([name]),
            label,
            self.name([like]) if like is not None else None,
            given,
            of_kind(lines, s.Expectation),
            texts(lines, "note"),
            of_kind(lines, s.ExpectedFacts),
            of_kind(lines, s.ExpectedReasons),
        )

    def example_given(self, parts: list[Part]) -> tuple[s.Given, ...]:
        return of_kind(parts, s.Given)

    def expectation(self, parts: list[Part]) -> s.Expectation:
        subject, outcome = parts
        return s.Expectation(
            span(parts), self.name([subject]) if subject is not None else None, re.sub(" +", " ", outcome.text)
        )

    def expected_facts(self, parts: list[Token]) -> s.ExpectedFacts:
        return s.ExpectedFacts(span(parts), tuple(self.name([part]) for part in parts[1:]))

    def expected_reasons(self, parts: list[Part]) -> s.ExpectedReasons:
        return s.ExpectedReasons(parts[0].place, tuple(parts[1:]))

    def expected_reason(self, parts: list[Part]) -> tuple[s.Name, s.Text | None]:
        return self.name(parts[:1]), parts[1]

    def given_line(self, parts: list[Part]) -> s.Given:
        name, *values = parts
        return s.Given(name.place, self.name([name]), tuple(values))

    def given_number(self, parts: list[Part]) -> s.GivenValue:
        minus, number, unit = parts
        if "," in number.text:
            return s.GivenValue(span(parts), self._exact(number).numerator)
        text = ("-" if minus is not None else "") + number.text
        return s.GivenValue(span(parts), f"{text} {unit.text}" if unit is not None else _plain_number(text))

    def given_quantity(self, parts: list[Part]) -> s.GivenValue:
        value, *fields = parts
        return s.GivenValue(value.place, value.value, tuple(field for field in fields if field is not None))

    def given_multiple(self, parts: list[Part]) -> s.GivenValue:
        number, _, limit = parts
        return s.GivenValue(span(parts), f"{number.text} ×{limit.text}")

    def given_occurrence(self, parts: list[Part]) -> s.GivenValue:
        date, until, *fields = parts
        start = date.value if isinstance(date, s.GivenValue) else self.date(date)
        ends = []
        if until is not None:
            end = str(until.value) if isinstance(until, s.GivenValue) else self.date(until)
            ends.append(("until", end, until.place))
        return s.GivenValue(date.place, start, (*ends, *(field for field in fields if field is not None)))

    def given_field(self, parts: list[Part]) -> tuple[str, object, Place]:
        name, value = parts
        plain = value.value if isinstance(value, s.GivenValue) else _plain_word(value)
        return name.text.lower() if name.type in ("ULN", "LLN") else name.text, plain, name.place

    def given_word(self, parts: list[Token]) -> s.GivenValue:
        return s.GivenValue(parts[0].place, _plain_word(parts[0]))

    def given_text(self, parts: list[Token]) -> s.GivenValue:
        return s.GivenValue(parts[0].place, unquoted(parts[0].text))


# ---- small pieces --------------------------------------------------------------------------------------------------


def of_kind(parts: Sequence[Part], kind: type[N]) -> tuple[N, ...]:
    return tuple(part for part in parts if isinstance(part, kind))


def unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def texts(lines: Sequence[Part], kind: str) -> tuple[s.Text, ...]:
    return tuple(
        line.text for line in lines if isinstance(line, s.ItemLine) and line.kind == kind and line.text is not None
    )


def body_of(lines: Sequence[Part]) -> s.CriterionBody:
    formulas = tuple(line for line in lines if not isinstance(line, s.Criterion | s.ItemLine | s.Broken))
    return s.CriterionBody(
        formulas,
        of_kind(lines, s.Criterion),
        texts(lines, "note"),
        texts(lines, "source"),
        any(isinstance(line, s.Broken) for line in lines),
    )


def _plain_number(text: str) -> object:
    from decimal import Decimal

    if len(text) > MOST_DIGITS:
        return text  # the record reader refuses it
    return int(text) if re.fullmatch(r"-?\d+", text) else Decimal(text) if "^" not in text else text


def _plain_word(token: Token) -> object:
    if token.type != "NAME":
        return unquoted(token.text) if token.type == "STRING" else token.text
    return {"yes": True, "no": False, "unknown": None}.get(token.text, token.text)
