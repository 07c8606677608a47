"""The ladder form of a condition, as engineers draw it: what must all hold stands in series, alternatives in parallel.

The places are computed here, since no layout program draws series and parallel branches; Graphviz then only writes the
picture (its layout `nop2` keeps given places), so that all formats come the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

from graphviz import Digraph

from ..protocol import expressions as x
from ..protocol.settling import settled
from ..words.pieces import flattened
from .boxes import INK, PLAIN, Boxes, Look, centred, look_of, signed
from .lettering import SIZE, lines_of, text_width
from .pen import Pen
from .sheet import Sheet

CONTACT_ROOM = 122.0
LINE_HEIGHT = 13.5
GAP, BRANCH_GAP, BUS = 16.0, 9.0, 11.0  # between contacts in series; between branches; from a branch to its bus
TURN = 19.0  # between two lines of one series
WIDEST = 470.0  # a series that is wider goes on in a further line
DEEPEST = 5


@dataclass(frozen=True)
class Contact:
    """One condition about facts, or one criterion: a box in the wire. `tag` is a word above it (`waived if`)."""

    text: str
    look: Look
    link: str = ""
    tag: str = ""

    @property
    def lines(self) -> list[str]:
        return lines_of(signed(self.text, self.look), CONTACT_ROOM)


@dataclass(frozen=True)
class Series:
    parts: tuple[Element, ...]


@dataclass(frozen=True)
class Parallel:
    """Alternatives. With `gate`, as many of them as it says must carry (`at least 2 of 5`)."""

    parts: tuple[Element, ...]
    gate: str = ""
    look: Look = PLAIN


@dataclass(frozen=True)
class Frame:
    """A named condition, drawn with what it is made of."""

    title: str
    inside: Element


Element = Contact | Series | Parallel | Frame


@dataclass(frozen=True)
class Placed:
    """An element with its place: size, and how far below its top the wire comes in and goes out."""

    element: Element
    width: float
    height: float
    enter: float
    leave: float
    parts: tuple[tuple[float, float, Placed], ...] = ()  # each with its place inside: x, y from the top
    turns: tuple[float, ...] = ()  # of a series in several lines: how far down the wire runs back


# ---- which elements ------------------------------------------------------------------------------------------------


def ladder_of(node: x.Expression, boxes: Boxes, depth: int = 0, tag: str = "") -> Element:
    """A settled condition as series and parallel branches."""
    match node:
        case x.Group(kind="all" | "any" as kind) if node.style != "between":
            parts = tuple(ladder_of(each, boxes, depth + 1) for each in flattened(node).conditions)
            return Series(parts) if kind == "all" else Parallel(parts)
        case x.Group(kind="none") if node.style != "between":
            return Series(tuple(_turned(each, boxes, depth + 1) for each in node.conditions))
        case x.Group() if node.style != "between":
            parts = tuple(ladder_of(each, boxes, depth + 1) for each in node.conditions)
            return Parallel(parts, signed(boxes.head(node), boxes.look(node)), boxes.look(node))
        case x.Except(condition=condition, exception=exception):
            return Series((ladder_of(condition, boxes, depth + 1), _turned(exception, boxes, depth + 1)))
        case x.WaivedIf(condition=condition, waiver=waiver):
            other = ladder_of(waiver, boxes, depth + 1, boxes.word("drawn_waived"))
            return Parallel((ladder_of(condition, boxes, depth + 1), other))
        case x.IfThen(condition=condition, consequence=consequence):
            exempt = _turned(condition, boxes, depth + 1, boxes.word("drawn_not_applicable"))
            return Parallel((ladder_of(consequence, boxes, depth + 1), exempt))
        case x.CriterionTruth(criterion=id):
            criterion = boxes.protocol.criterion(id)
            said = boxes.words.title(criterion) if criterion else id
            return Contact(said, boxes.look(node), boxes.link(id), tag)
        case x.Not(condition=x.CriterionTruth() as inner):
            return Contact(_turned_words(inner, node, boxes), boxes.look(node), tag=tag)
        case x.DefinedValue(name=name) if name not in boxes.expanded and depth <= DEEPEST:
            boxes.expanded.add(name)
            definition = boxes.protocol.definitions[name]
            inside = ladder_of(settled(definition.expression, boxes.words.readings), boxes, depth + 1)
            return inside if isinstance(inside, Contact) else Frame(boxes.words.said(definition.label), inside)
    return Contact(boxes.words.leaf(node), boxes.look(node), tag=tag)


def _turned(node: x.Expression, boxes: Boxes, depth: int, tag: str = "") -> Element:
    """A condition turned round."""
    turned = settled(x.Not(node), boxes.words.readings)
    if isinstance(turned, x.Not) and isinstance(turned.condition, x.CriterionTruth | x.DefinedValue):
        return Contact(_turned_words(turned.condition, turned, boxes), boxes.look(turned), tag=tag)
    element = ladder_of(turned, boxes, depth, tag)
    if tag and not isinstance(element, Contact):
        return Frame(tag, element)
    return element


def _turned_words(inner: x.Expression, turned: x.Expression, boxes: Boxes) -> str:
    """What a turned condition says: a criterion with its sentence, not by its number alone."""
    criterion = boxes.protocol.criterion(inner.criterion) if isinstance(inner, x.CriterionTruth) else None
    return f"{boxes.word('drawn_not')} {boxes.words.title(criterion)}" if criterion else boxes.words.leaf(turned)


# ---- where they stand ----------------------------------------------------------------------------------------------


def placed(element: Element, room: float = WIDEST) -> Placed:
    """An element with all its places; `room` is how wide a series may become before it goes on below."""
    match element:
        case Contact():
            width = max(text_width(line) for line in element.lines) + 14
            height = len(element.lines) * LINE_HEIGHT + 9
            top = 12.0 if element.tag else 0.0
            if element.tag:
                width = max(width, text_width(element.tag, 9) + 4)
            return Placed(element, width, height + top, top + height / 2, top + height / 2)
        case Series(parts=parts):
            return _in_series(element, [placed(each, room) for each in parts], room)
        case Parallel(parts=parts):
            return _in_parallel(element, [placed(each, room - 2 * BUS) for each in parts])
        case Frame(title=title, inside=inside):
            held = placed(inside, room - 16)
            top = 18.0
            width = max(held.width + 16, text_width(title, 9, True) + 12)
            return Placed(
                element, width, held.height + top + 7, held.enter + top, held.leave + top, ((8.0, top, held),)
            )


def _in_series(element: Element, parts: list[Placed], room: float) -> Placed:
    """Parts one behind the other, their wires at one height; lines of them where the room ends."""
    lines: list[list[Placed]] = [[]]
    used = 0.0
    for part in parts:
        if lines[-1] and used + GAP + part.width > room:
            lines.append([])
            used = 0.0
        used += part.width + (GAP if lines[-1] else 0)
        lines[-1].append(part)
    found: list[tuple[float, float, Placed]] = []
    turns: list[float] = []
    top = widest = leave = enter = 0.0
    for number, line in enumerate(lines):
        wire = top + max(part.enter for part in line)
        across = 0.0 if number == 0 else GAP
        bottom = wire
        height = wire
        for part in line:
            found.append((across, height - part.enter, part))
            bottom = max(bottom, height - part.enter + part.height)
            height += part.leave - part.enter
            across += part.width + GAP
        enter = wire if number == 0 else enter
        leave = height
        widest = max(widest, across - GAP)
        turns.append(bottom + TURN / 2)
        top = bottom + TURN
    width = widest + (GAP if len(lines) > 1 else 0)
    return Placed(element, width, top - TURN, enter, leave, tuple(found), tuple(turns[:-1]))


def _in_parallel(element: Parallel, parts: list[Placed]) -> Placed:
    """Parts one below the other between two vertical wires."""
    found = []
    top = 0.0
    widest = max(part.width for part in parts)
    for part in parts:
        found.append((BUS, top, part))
        top += part.height + BRANCH_GAP
    height = top - BRANCH_GAP
    gate = text_width(element.gate, 10, True) + 26 if element.gate else 0.0
    width = widest + 2 * BUS + gate
    first = parts[0]
    leave = height / 2 if element.gate else first.leave
    return Placed(element, width, height, first.enter, leave, tuple(found))


# ---- the picture ---------------------------------------------------------------------------------------------------


def _draw(held: Placed, left: float, top: float, pen: Pen) -> None:
    element = held.element
    if isinstance(element, Contact):
        _contact(held, element, left, top, pen)
        return
    if isinstance(element, Frame):
        pen.box(left, top, held.width, held.height, "", look_of(""), style="dotted")
        pen.text(left + 6, top + 3, element.title, 9, True)
        across, down, inner = held.parts[0]
        pen.wire((left, top + held.enter), (left + across, top + held.enter))
        pen.wire((left + across + inner.width, top + held.leave), (left + held.width, top + held.leave))
    elif isinstance(element, Parallel):
        _buses(held, element, left, top, pen)
    else:
        _series_wires(held, left, top, pen)
    for across, down, inner in held.parts:
        _draw(inner, left + across, top + down, pen)


def _contact(held: Placed, contact: Contact, left: float, top: float, pen: Pen) -> None:
    above = 12.0 if contact.tag else 0.0
    body, _, _ = centred(signed(contact.text, contact.look), CONTACT_ROOM)
    pen.box(left, top + above, held.width, box := held.height - above, body, contact.look, contact.link)
    if contact.tag:
        pen.text(left + 1, top, contact.tag, 9)
    middle = top + held.enter
    for side in (left, left + held.width):  # the two plates of a contact
        pen.wire((side, middle - min(11, box / 2)), (side, middle + min(11, box / 2)), penwidth="2.6", color=INK)


def _series_wires(held: Placed, left: float, top: float, pen: Pen) -> None:
    turns = iter(held.turns)
    for (across, down, part), (next_across, next_down, following) in zip(held.parts, held.parts[1:], strict=False):
        start = (left + across + part.width, top + down + part.leave)
        end = (left + next_across, top + next_down + following.enter)
        if next_across > across:
            pen.wire(start, end)
            continue
        turn = top + next(turns)
        right = left + held.width
        pen.wire(start, (right, start[1]), (right, turn), (left, turn), (left, end[1]), end)
    across, down, last = held.parts[-1]
    pen.wire((left + across + last.width, top + down + last.leave), (left + held.width, top + held.leave))


def _buses(held: Placed, element: Parallel, left: float, top: float, pen: Pen) -> None:
    gate = text_width(element.gate, 10, True) + 26 if element.gate else 0.0
    right = left + held.width - gate
    enters = [top + down + part.enter for _, down, part in held.parts]
    leaves = [top + down + part.leave for _, down, part in held.parts]
    for (across, _, part), enter, leave in zip(held.parts, enters, leaves, strict=True):
        pen.wire((left, enter), (left + across, enter))
        pen.wire((left + across + part.width, leave), (right, leave))
    pen.wire((left, enters[0]), (left, enters[-1]))
    if not element.gate:
        pen.wire((right, leaves[0]), (right, leaves[-1]))
        return
    high, low = min(leaves[0], top + held.leave) - 4, max(leaves[-1], top + held.leave) + 4
    pen.wire((right, high), (right, low), penwidth="2.6", color=INK)
    words, _, _ = centred(element.gate, 10_000, 10, True)
    pen.wire((right, top + held.leave), (right + 7, top + held.leave))
    pen.box(right + 7, top + held.leave - 11, gate - 14, 22, words, element.look, style="filled,rounded")
    pen.wire((right + gate - 7, top + held.leave), (right + gate, top + held.leave))


def ladder_diagram(sheet: Sheet, id: str) -> Digraph:
    """The ladder of one criterion or child, between two rails. Raises UnknownCriterion."""
    criterion = sheet.criterion(id)
    excludes = criterion.id in sheet.protocol.excluding
    boxes = sheet.boxes(excludes)
    drawing = sheet.canvas(f"ladder {criterion.id}")
    drawing.attr(layout="nop2")
    pen = Pen(drawing)
    title = sheet.words.title(criterion)
    top = 0.0
    for line in lines_of(title, WIDEST, SIZE, True):
        pen.text(0, top, line, SIZE, True, INK)
        top += LINE_HEIGHT
    top += 14
    if criterion.condition is None:
        return drawing
    held = placed(ladder_of(settled(criterion.condition, sheet.readings), boxes))
    _draw(held, 26, top, pen)
    enter, leave, end = top + held.enter, top + held.leave, 26 + held.width
    low, high = top - 8, top + held.height + 8
    pen.wire((6, low), (6, high), penwidth="3", color=INK)
    pen.wire((6, enter), (26, enter))
    _rail(pen, boxes, x.CriterionTruth(criterion.id), end, leave, low, high)
    return drawing


def _rail(pen: Pen, boxes: Boxes, whole: x.Expression, end: float, leave: float, low: float, high: float) -> None:
    """The outcome, which without a patient is that of a wire that carries, and the right rail."""
    outcome = boxes.outcome(whole) or "met"
    ends = boxes.words.terms["drawn_ends_of_exclusion" if boxes.excludes else "drawn_ends"]
    shown = look_of(outcome, boxes.excludes)
    body, width, lines = centred(signed(ends[outcome.replace(" ", "_")], shown), 90, SIZE, True)
    wide = width + 14
    pen.wire((end, leave), (end + 18, leave))
    tall = lines * LINE_HEIGHT + 10
    pen.box(end + 18, leave - tall / 2, wide, tall, body, shown, style="filled,rounded")
    pen.wire((end + 18 + wide, leave), (end + 36 + wide, leave))
    pen.wire((end + 36 + wide, min(low, leave - 10)), (end + 36 + wide, high), penwidth="3", color=INK)
