"""What people read: golden documents, escaping, diagrams laid out for real."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from rjdm_rules import Protocol, loads
from rjdm_rules.diagrams import render
from rjdm_rules.diagrams.render import CannotDraw
from rjdm_rules.diagrams.sheet import UnknownCriterion

GVHD = {"screening": "2026-03-02", "acute_gvhd": [{"date": "2026-02-25", "until": "ongoing", "grade": 3}]}


def example(rjdm: Protocol, name: str) -> dict[str, object]:
    return next(dict(each.record) for each in rjdm.model.examples if each.name == name)


def test_markdown(rjdm: Protocol, golden: Callable[[str, str], None]) -> None:
    golden("rjdm_cart.md", rjdm.render("markdown"))


def test_html(rjdm: Protocol, golden: Callable[[str, str], None]) -> None:
    golden("rjdm_cart.html", rjdm.render("html"))


def test_html_is_well_formed_and_its_links_lead_somewhere(rjdm: Protocol) -> None:
    page = Page()
    page.feed(rjdm.render("html"))
    assert page.open == []
    assert page.doubled == []
    assert page.links <= page.ids
    assert "<script" not in rjdm.render("html")
    assert not re.search(r'(?:src|href)="(?!#)', rjdm.render("html"))


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.doubled: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br", "wbr", "link"):
            self.open.append(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.doubled += [value] if value in self.ids else []
                self.ids.add(value)
            if name == "href" and value:
                self.links.add(value.removeprefix("#"))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_reading_taken_shows_in_the_text(rjdm: Protocol) -> None:
    chosen, other = rjdm.render("markdown"), rjdm.render("markdown", {"liver_exception": "transaminases_only"})
    bilirubin = "total bilirubin is at most 2 × ULN"
    assert f"{bilirubin}; waived in case of" in chosen
    assert f"{bilirubin}; waived" not in other
    assert bilirubin in other


HOSTILE = '<script>alert(1)</script> {{7*7}} {% raw %} | ` * _ [x](http://e) "quoted" \\\\ & \u202e'


def hostile() -> Protocol:
    text = HOSTILE.replace("\\", "\\\\").replace('"', '\\"')
    return loads(
        f'protocol P "{text}"\n  sponsor "{text}"\ndata\n  a "{text}" yes/no\n    ask "{text}"\n    note "{text}"\n'
        f'  o "o" one of x "{text}", y\ndefine\n  d "{text}" yes/no\n    = NOT a\n'
        f'inclusion\n  (1) c "{text}"\n    d AND o IS x\n    note "{text}"\n    source "{text}"\n'
    )


def test_nothing_in_a_rules_file_is_markup() -> None:
    made = hostile()
    page = made.render("html")
    assert "<script>alert" not in page and "{{7*7}}" in page and "49" not in page
    parsed = Page()
    parsed.feed(page)
    assert parsed.open == []
    markdown = made.render("markdown")
    assert "<script>" not in markdown and r"\[x\](http" in markdown and r"\{\{7\*7\}\}" in markdown
    for criterion in (None, "I1"):
        ElementTree.fromstring(made.draw(criterion))
        assert b"<script>" not in made.draw(criterion)


# ---- diagrams ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("criterion", [None, "I3", "I5", "I6", "E1", "E7", "E8"])
def test_diagram_source(rjdm: Protocol, golden: Callable[[str, str], None], criterion: str | None) -> None:
    golden(f"rjdm_{criterion or 'overview'}.dot", rjdm.draw(criterion, format="dot").decode())


def test_diagram_of_a_patient(rjdm: Protocol, golden: Callable[[str, str], None]) -> None:
    record = example(rjdm, "raised_for_another_reason")
    golden("rjdm_I5_patient.dot", rjdm.draw("I5", record, "dot").decode())


@pytest.fixture(params=["system", "own"])
def layout(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "system" and not shutil.which("dot"):
        pytest.skip("this machine has no Graphviz of its own")
    if request.param == "own":
        monkeypatch.setattr(render, "system_dot", lambda: None)
    return str(request.param)


def test_every_criterion_is_laid_out(rjdm: Protocol, layout: str) -> None:
    record = example(rjdm, "recent_gvhd")
    for criterion in [None, "I3", "I5", "E7", "E8"]:
        drawing = ElementTree.fromstring(rjdm.draw(criterion, record))
        said = " ".join(text.strip() for text in drawing.itertext())
        assert drawing.tag.endswith("svg")
        if criterion:
            for way in ("yes", "no", "unknown", "met"):
                assert way in said
    assert rjdm.draw("I5", format="png").startswith(b"\x89PNG")


def test_units_limits_and_counts_show(rjdm: Protocol) -> None:
    assert "LVEF at least 55 %" in said_in(rjdm.draw("I5")) and "ALL of 4" in said_in(rjdm.draw("I5"))
    assert "WAIVED IF" in said_in(rjdm.draw("I5.liver")) and "at most 3 × ULN" in said_in(rjdm.draw("I5.liver"))
    assert "AT LEAST 2 of 5" in said_in(rjdm.draw("I3.5")) and "AT LEAST 2 of 5" in said_in(
        rjdm.draw("I3.5", form="ladder")
    )


def said_in(svg: bytes) -> str:
    """The words of a picture, line breaks of its boxes taken as spaces."""
    return " ".join(" ".join(ElementTree.fromstring(svg).itertext()).split())


def test_pdf_where_the_system_has_graphviz(rjdm: Protocol, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("dot"):
        assert rjdm.draw("I5", format="pdf").startswith(b"%PDF")
    monkeypatch.setattr(render, "system_dot", lambda: None)
    with pytest.raises(CannotDraw, match="PDF needs"):
        rjdm.draw("I5", format="pdf")


def test_a_criterion_that_is_not_there(rjdm: Protocol) -> None:
    with pytest.raises(UnknownCriterion, match="did you mean `I5`"):
        rjdm.draw("I55")


# ---- explanation ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["raised_for_another_reason", "recent_gvhd", "echo_missing", "raised_by_myositis"])
def test_explanation(rjdm: Protocol, golden: Callable[[str, str], None], name: str) -> None:
    explanation = rjdm.explain(example(rjdm, name))
    lines = [f"verdict: {explanation.result.verdict}", f"alone: {', '.join(explanation.alone[None])}"]
    lines += [f"deciding facts: {', '.join(explanation.result.deciding_facts)}"]
    lines += [f"reason {criterion}: {text}" for criterion, text in explanation.result.reasons]
    for tree in explanation.trees[None]:
        lines += ["", *tree.lines()]
    golden(f"explain_{name}.txt", "\n".join(lines) + "\n")


def test_the_facts_behind_an_unknown(rjdm: Protocol) -> None:
    rows = [
        ({"ast": {"value": 120, "unit": "U/L"}}, "I5.liver", "AST 120 U/L without its ULN"),
        ({"ast": {"value": 2, "unit": "ukat/L", "uln": 1}, "liver_due_to_disease": True}, "I5.liver", "AST 2 × ULN (2 µkat/L, ULN 1 µkat/L)"),
        ({"creatinine": 1, "height": "1.2 m"}, "I5.renal", "49.56 mL/min/1.73 m² (from height 1.2 m (= 120 cm), serum creatinine 1 mg/dL)"),
        ({"birth_date": "2020", "screening": "2025-06-01"}, "I1", "age 4 to 5 years (from date of birth 2020, date of screening 2025-06-01)"),
        (GVHD, "E7", "acute graft-versus-host disease since 2026-02-25, ongoing (grade 3)"),
        ({"acute_mi": "2025", "screening": "2026-03-02"}, "E5", "acute myocardial infarction 2025: perhaps within 6 months"),
        ({"sex": "male"}, "I6", "sex: male"),
    ]  # fmt: skip
    for record, criterion, words in rows:
        reason = rjdm.explain(record).criterion(criterion)
        assert reason is not None
        assert words in "\n".join(reason.lines()), reason.lines()
