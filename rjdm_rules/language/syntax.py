"""The syntax tree of a rules file: what was written, each node with its place. Nothing is resolved yet."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .source import Place
from .tokens import Token


@dataclass(frozen=True, eq=False, repr=False)
class Node:
    place: Place


# ---- conditions and values -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Number(Node):
    """`55 %`: the exact value, the unit as written (or none), and how the number was written."""

    value: Fraction
    unit: str | None
    unit_place: Place | None
    text: str


@dataclass(frozen=True, eq=False, repr=False)
class DateLiteral(Node):
    text: str


@dataclass(frozen=True, eq=False, repr=False)
class Name(Node):
    name: str


@dataclass(frozen=True, eq=False, repr=False)
class Mark(Node):
    """A reference to a criterion by its marker; `label` is the bare number or letter (`①` and `(1)` are `1`)."""

    label: str
    style: str


@dataclass(frozen=True, eq=False, repr=False)
class MarkRange(Node):
    first: Mark
    last: Mark


@dataclass(frozen=True, eq=False, repr=False)
class LimitOf(Node):
    """`ULN` or `LLN`, of the other side of the comparison (`subject` None) or of a named item."""

    limit: str
    subject: Expression | None


@dataclass(frozen=True, eq=False, repr=False)
class AttributeOf(Node):
    attribute: Name
    subject: Expression


@dataclass(frozen=True, eq=False, repr=False)
class Call(Node):
    table: Name
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Function(Node):
    """`COUNT`, `MAX`, `MIN`, `MEAN`, `LATEST`, `EARLIEST` or `FIRST KNOWN OF` with what stands in its parentheses."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Elapsed(Node):
    """`YEARS FROM a TO b`: completed years, months or days."""

    unit: str
    start: Expression
    end: Expression


@dataclass(frozen=True, eq=False, repr=False)
class Arithmetic(Node):
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, eq=False, repr=False)
class Negative(Node):
    operand: Expression


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Node):
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, eq=False, repr=False)
class Between(Node):
    """`x BETWEEN a AND b`, for numbers and for dates."""

    subject: Expression
    low: Expression
    high: Expression


@dataclass(frozen=True, eq=False, repr=False)
class IsOption(Node):
    subject: Expression
    negated: bool
    option: Name


@dataclass(frozen=True, eq=False, repr=False)
class IsKnown(Node):
    subject: Expression
    negated: bool


@dataclass(frozen=True, eq=False, repr=False)
class InOptions(Node):
    subject: Expression
    negated: bool
    options: tuple[Name, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Includes(Node):
    subject: Expression
    option: Name


@dataclass(frozen=True, eq=False, repr=False)
class Where(Node):
    event: Name
    condition: Expression


@dataclass(frozen=True, eq=False, repr=False)
class Window(Node):
    """A stretch of time beside an anchor. `kind`: within, at least, less than, more than, side.
    `direction`: before, after, of (both sides). `length` is None for `BEFORE d` and `AFTER d`."""

    kind: str
    direction: str
    length: Expression | None
    anchor: Expression


@dataclass(frozen=True, eq=False, repr=False)
class Windowed(Node):
    subject: Expression
    window: Window


@dataclass(frozen=True, eq=False, repr=False)
class Not(Node):
    operand: Expression


@dataclass(frozen=True, eq=False, repr=False)
class Group(Node):
    """`ANY(…)`, `ALL(…)`, `NONE(…)`, `AT LEAST n OF (…)` and the like, and `a AND b`, `a OR b` (`infix`)."""

    kind: str
    count: int
    elements: tuple[Expression, ...]
    infix: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class Bound(Node):
    """`A EXCEPT B`, `A WAIVED IF B` (kind `except`, `waived`), `IF A THEN B` (kind `if`)."""

    kind: str
    left: Expression
    right: Expression


@dataclass(frozen=True, eq=False, repr=False)
class Unreadable(Node):
    """Stands where an error was reported already, so that checking goes on without a second one."""


Expression = (
    Number
    | DateLiteral
    | Name
    | Mark
    | MarkRange
    | LimitOf
    | AttributeOf
    | Call
    | Function
    | Elapsed
    | Arithmetic
    | Negative
    | Comparison
    | Between
    | IsOption
    | IsKnown
    | InOptions
    | Includes
    | Where
    | Windowed
    | Not
    | Group
    | Bound
    | Unreadable
)


# ---- declarations --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Text(Node):
    """A label, sentence or note, with its second language where one is given."""

    text: str
    zh: str | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, eq=False, repr=False)
class Head(Node):
    """`protocol ID "title"` or `library ID "title"` with its attributes."""

    kind: str
    id: str
    title: Text
    attributes: tuple[tuple[Name, Text], ...]


@dataclass(frozen=True, eq=False, repr=False)
class Use(Node):
    name: Name


@dataclass(frozen=True, eq=False, repr=False)
class Option(Node):
    name: str
    label: Text | None


@dataclass(frozen=True, eq=False, repr=False)
class Reading(Node):
    name: Name
    label: Text
    options: tuple[Option, ...]
    chosen: Name | None
    because: Text | None


@dataclass(frozen=True, eq=False, repr=False)
class TypeExpression(Node):
    """A type as written. `kind`: truth, quantity, number, count, one of, several of, date, time, event, course,
    repeated, grade."""

    kind: str
    unit: str | None = None
    unit_place: Place | None = None
    options: tuple[Option, ...] = ()
    limits: tuple[str, ...] = ()
    by: str | None = None
    low: Fraction | None = None
    high: Fraction | None = None


@dataclass(frozen=True, eq=False, repr=False)
class ItemLine(Node):
    """One indented line below a data item: `otherwise`, `range`, `code`, `molar mass`, `ask`, `note`."""

    kind: str
    expression: Expression | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    text: Text | None = None
    code: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Item(Node):
    name: Name
    label: Text | None
    type: TypeExpression
    lines: tuple[ItemLine, ...]
    attributes: tuple[Item, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Definition(Node):
    name: Name
    label: Text
    type: TypeExpression | None
    expression: Expression
    notes: tuple[Text, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Column(Node):
    name: Name
    type: TypeExpression | None
    result: bool


@dataclass(frozen=True, eq=False, repr=False)
class CellPart(Node):
    """A value (`low` only), a range `low..high`, or a comparison (`operator` and `low`)."""

    low: Expression
    high: Expression | None = None
    operator: str | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Row(Node):
    cells: tuple[tuple[CellPart, ...], ...]


@dataclass(frozen=True, eq=False, repr=False)
class Table(Node):
    name: Name
    label: Text
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[Text, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Criterion(Node):
    """`label` is the bare marker (`1`, `a`) or None for a `-` item; `marker` the marker as written."""

    marker: str
    label: str | None
    name: Name | None
    sentence: Text | None
    body: CriterionBody


@dataclass(frozen=True, eq=False, repr=False)
class CriterionBody:
    formulas: tuple[Expression, ...]
    children: tuple[Criterion, ...]
    notes: tuple[Text, ...]
    sources: tuple[Text, ...]
    broken: bool


@dataclass(frozen=True, eq=False, repr=False)
class Block(Node):
    """`inclusion` or `exclusion`."""

    kind: str
    label: Text | None
    body: CriterionBody


@dataclass(frozen=True, eq=False, repr=False)
class Part(Node):
    name: Name
    title: Text
    blocks: tuple[Block, ...]
    notes: tuple[Text, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Scheme(Node):
    name: Name
    label: Text | None
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Escalation(Node):
    name: Name
    label: Text
    doses: tuple[Number, ...]
    counts: tuple[tuple[str, int, Place], ...]
    schemes: tuple[Scheme, ...]
    notes: tuple[Text, ...]
    sources: tuple[Text, ...]


@dataclass(frozen=True, eq=False, repr=False)
class GivenValue(Node):
    """A value in an example, and what stands beside it: attributes, limits of normal, the end of a course."""

    value: object
    fields: tuple[tuple[str, object, Place], ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Given(Node):
    name: Name
    values: tuple[GivenValue, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Expectation(Node):
    subject: Name | None
    outcome: str


@dataclass(frozen=True, eq=False, repr=False)
class ExpectedFacts(Node):
    """`expect deciding lvef, egfr`: the facts that would settle an undetermined verdict, all of them."""

    names: tuple[Name, ...]


@dataclass(frozen=True, eq=False, repr=False)
class ExpectedReasons(Node):
    """`expect reasons I5 "LVEF", E7`: the criteria that the result gives as reasons, all of them, each with words that
    its reason holds."""

    reasons: tuple[tuple[Name, Text | None], ...]


@dataclass(frozen=True, eq=False, repr=False)
class Example(Node):
    name: Name
    label: Text
    like: Name | None
    given: tuple[Given, ...]
    expectations: tuple[Expectation, ...]
    notes: tuple[Text, ...]
    facts: tuple[ExpectedFacts, ...] = ()
    reasons: tuple[ExpectedReasons, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Broken(Node):
    """A statement that could not be read."""


@dataclass(frozen=True, eq=False, repr=False)
class File:
    """A whole file. `broken` holds names and markers in statements that could not be read, so that nobody complains
    that they are missing; `incomplete` says whether there were any errors of syntax. `tokens` is what was read, in
    order, with a token BROKEN for each statement that could not be."""

    place: Place
    head: Head | None
    uses: tuple[Use, ...] = ()
    readings: tuple[Reading, ...] = ()
    items: tuple[Item, ...] = ()
    definitions: tuple[Definition, ...] = ()
    tables: tuple[Table, ...] = ()
    blocks: tuple[Block, ...] = ()
    parts: tuple[Part, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    examples: tuple[Example, ...] = ()
    broken: frozenset[str] = frozenset()
    incomplete: bool = False
    more_heads: tuple[Head, ...] = ()
    tokens: tuple[Token, ...] = ()
