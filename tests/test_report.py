"""The report of one patient and the blank checklist: what they say, and that a patient's data is nowhere else."""

from __future__ import annotations

import io
import json
import re
import tempfile
import zipfile
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from running import run

from rjdm_rules import Protocol, load, loads
from rjdm_rules.documents.questions import on_paper, questions_of
from rjdm_rules.evaluation.problems import RecordError
from rjdm_rules.publishing.publish import Order
from rjdm_rules.words.phrases import Words

DATA = Path(__file__).parent / "data"


def texts(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<style>.*?</style>", "", html))).split())


def word_texts(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        document = file.read("word/document.xml").decode()
    return " ".join(unescape(re.sub(r"<[^>]+>", "", re.sub(r"</w:p>", "\n", document))).split())


# ---- the report


@pytest.mark.parametrize("number", [0, 7, 12, 24, 38, 57])
def test_the_report_says_what_the_evaluation_says(rjdm: Protocol, cases: list[dict[str, Any]], number: int) -> None:
    record = {name: value for name, value in cases[number].items() if name not in ("lvef", "hbsag")}
    html = rjdm.report(record).decode()
    result = rjdm.evaluate(record)
    for id, outcome in result.criteria.items():
        article = re.search(rf'(?s)<article class="judged [^"]*" id="{re.escape(id)}">.*?</article>', html)
        assert article is not None
        assert re.search(rf'<span class="chip \w+">. {outcome}</span>', article.group()), (id, outcome)
    assert f"{result.verdict}</strong>" in html
    found = re.findall(r'<li><span class="box" aria-hidden="true">☐</span> <strong>(.*?)</strong>', html)
    labels = {rjdm.model.items[name].label.text for name in result.deciding_facts}
    assert {label.lower() for label in map(unescape, found)} == {label.lower() for label in labels}
    for _, text in result.reasons:
        assert text in texts(html)
    explained = rjdm.explain(record)
    for line in explained.criterion("I5.liver").lines()[1:]:  # type: ignore[union-attr]
        assert line.strip()[2:] in texts(html)


def test_every_recorded_fact_is_in_the_report_once(rjdm: Protocol, cases: list[dict[str, Any]]) -> None:
    record = cases[7]
    table = texts(rjdm.report(record).decode().split('id="recorded"')[1])
    for name in record:
        if name != "id":
            label = rjdm.model.items[name].label.text
            assert label[:1].upper() + label[1:] in table
    assert "AST 0.3 µkat/L (= 18 U/L) (ULN 0.1 µkat/L)" in table  # as it was written, with its limit
    assert "ALT 1.2 × ULN" in table


def test_only_what_speaks_against_is_drawn(rjdm: Protocol, cases: list[dict[str, Any]]) -> None:
    html = rjdm.report({**cases[7], "lvef": "40 %"}).decode()
    assert html.count("<svg") == 2 + html.count("Decision diagram of I3.5</figcaption>") + html.count(
        "Decision diagram of I4</figcaption>"
    ) + html.count("Decision diagram of I5.cardiac</figcaption>")
    assert "Decision diagram of I5</figcaption>" in html and "Decision diagram of E8</figcaption>" not in html


def test_the_word_report_holds_the_same_words(rjdm: Protocol, cases: list[dict[str, Any]]) -> None:
    record = {name: value for name, value in cases[24].items() if name != "lvef"}
    data = rjdm.report(record, Order("patient", "word", date="2026-03-02"))
    text = word_texts(data)
    result = rjdm.evaluate(record)
    assert f"Patient {result.patient}" in text and "2026-03-02" in text and "Signatures" in text
    for _, reason in result.reasons:
        assert reason in text
    for name in result.deciding_facts:
        label = rjdm.model.items[name].label.text
        assert f"☐ {label[:1].upper() + label[1:]}" in text
    assert data == rjdm.report(record, Order("patient", "word", date="2026-03-02"))
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert f"Patient {result.patient}" in file.read("word/header1.xml").decode()  # on every page to sign
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        about = file.read("docProps/core.xml").decode() + file.read("docProps/app.xml").decode()
    assert result.patient not in about


PATIENT = "P-secret-9"


def test_a_patients_data_is_nowhere_but_in_the_report(
    cases: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All temporary files are kept, and looked through; neither output nor messages name the patient."""
    kept = tmp_path / "kept"
    kept.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(kept))
    monkeypatch.setattr(tempfile.TemporaryDirectory, "cleanup", lambda self: None)
    monkeypatch.setattr(tempfile.TemporaryDirectory, "__exit__", lambda self, *what: None)
    monkeypatch.chdir(tmp_path)
    record = tmp_path / "record.json"
    record.write_text(json.dumps({**cases[12], "id": PATIENT}), encoding="utf-8")
    for name in ("report.html", "report.docx"):
        done = run("explain", "rjdm_cart", str(record), "-o", name)
        assert done.exit_code == 0 and PATIENT not in done.output
    for path in [*kept.rglob("*"), *tmp_path.glob("*")]:
        if path.is_file() and path.name not in ("record.json", "report.html", "report.docx"):
            data = path.read_bytes()
            assert PATIENT.encode() not in data
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as file:
                    assert not any(PATIENT.encode() in file.read(each) for each in file.namelist())
    assert PATIENT in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_what_a_record_holds_is_text(rjdm: Protocol, cases: list[dict[str, Any]]) -> None:
    id = '<script>alert("x")</script>{{7*7}}\u202e"=1+1'
    html = rjdm.report({**cases[12], "id": id}).decode()
    assert "<script" not in html and "{{7*7}}" in unescape(html) and "\u202e" not in html
    assert "{{7*7}}" in word_texts(rjdm.report({**cases[12], "id": id}, Order("patient", "word")))


def test_a_bad_record_has_no_report(rjdm: Protocol) -> None:
    with pytest.raises(RecordError, match="age"):
        rjdm.report({"age": "old"})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "report.pdf"], "write a name that ends with .html or .docx"),
        (["I5", "-o", "report.html"], "is about all criteria"),
        (["-o", "report.html", "--format", "json"], "is about all criteria"),
        (["--date", "2026-03-02"], "say where to write it with -o report.html"),
        (["-o", "report.html", "--date", "tomorrow"], "is not a date"),
        (["-o", "report.html", "--theme", "nowhere"], "there is no such folder"),
    ],
)
def test_what_explain_refuses(arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("patient.json").write_text('{"id": "P1", "age": 4}', encoding="utf-8")
    done = run("explain", "rjdm_cart", "patient.json", *arguments)
    assert done.exit_code == 2 and said in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["patient.json"]


def test_a_bad_record_is_told_and_nothing_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("patient.json").write_text('{"id": "P1", "age": "old"}', encoding="utf-8")
    done = run("explain", "rjdm_cart", "patient.json", "-o", "report.html")
    assert done.exit_code == 2 and 'age: "old" is not a number' in done.output
    assert not Path("report.html").exists()


LIMITS = """protocol L "l"
data
  ast "AST" in U/L with ULN
  ggt "GGT" in ukat/L
  visit "visit" time
inclusion
  (1) "AST"
      ast ≤ 3 × ULN
  (2) "GGT"
      ggt ≤ 1.5 ukat/L
  (3) "Before"
      visit BEFORE 2026-03-02
"""


def test_a_limit_that_is_missing_is_to_be_looked_up() -> None:
    html = loads(LIMITS).report({"id": "P1", "ast": 50, "ggt": "50 U/L"}).decode()
    assert "recorded so far: 50 U/L, ULN not recorded" in texts(html)
    assert "50 U/L (≈0.8333 µkat/L)" in texts(html) and "= ≈" not in html


def test_the_id_stands_on_each_printed_page() -> None:
    html = loads(LIMITS).report({"id": 'P "1"</style>王'}).decode()
    told = re.search(r'@top-right \{ content: "([^"]*)"; \}', html)
    assert told is not None
    assert "".join(chr(int(code, 16)) for code in told[1].split("\\")[1:]) == 'Patient P "1"</style>王'
    data = load("rjdm_cart").document(Order("checklist", "word")).data
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert "Patient id: ____" in file.read("word/header1.xml").decode()


# ---- the checklist


def test_a_criterion_that_may_not_apply_has_a_box_for_it(rjdm: Protocol) -> None:
    html = rjdm.document(Order("checklist")).data.decode()
    assert html.count("☐ not applicable") == 1 and "☐ not applicable" in html[html.index('<span class="id">I6<') :]
    assert "① and [② or ③ or ④ or ⑤]" in texts(html)  # how the parts of a criterion hang together


def test_a_question_on_paper_is_not_cut_at_the_end_of_a_page(rjdm: Protocol) -> None:
    with zipfile.ZipFile(io.BytesIO(rjdm.document(Order("checklist", "word")).data)) as file:
        document, styles = (file.read(f"word/{name}.xml").decode() for name in ("document", "styles"))
    rows = re.findall(r"(?s)<w:tr>.*?</w:tr>", document)
    assert len(rows) > 100 and all("<w:cantSplit/>" in row for row in rows)
    assert "tblHeader" not in styles  # only rows that are heads repeat


def test_each_item_is_asked_for_once(rjdm: Protocol) -> None:
    asked = [name for names in questions_of(rjdm.graph, rjdm.evaluator().readings).values() for name in names]
    assert len(asked) == len(set(asked))
    paper = on_paper(rjdm.graph, Words(rjdm.model))
    assert sorted(question.name for questions in paper.values() for question in questions) == sorted(rjdm.model.items)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_checklist_has_every_criterion_and_question(rjdm: Protocol, language: str) -> None:
    words = Words(rjdm.model, None, language)
    html = texts(rjdm.document(Order("checklist", "html", language)).data.decode())
    word = word_texts(rjdm.document(Order("checklist", "word", language)).data)
    for criterion in rjdm.model.criteria():
        assert criterion.sentence is not None
        assert words.said(criterion.sentence) in html and words.said(criterion.sentence) in word
    for item in rjdm.model.items.values():
        ask = words.said(item.ask) if item.ask else words.said(item.label)
        ask = ask[:1].upper() + ask[1:]
        assert ask in html and ask in word
        for option in item.options:
            assert f"☐ {words.option(option)}" in html and f"☐ {words.option(option)}" in word


def test_the_checklist_is_the_same_every_time_and_text_stays_text() -> None:
    hostile = load(DATA / "hostile.rules")
    for form in ("html", "word"):
        data = hostile.document(Order("checklist", form)).data
        assert data == hostile.document(Order("checklist", form)).data
    html = hostile.document(Order("checklist")).data.decode()
    assert "<script" not in html and not re.search("[\u202a-\u202e\u2066-\u2069]", html)
    with pytest.raises(ValueError, match="html or word"):
        Order("checklist", "markdown")


def test_form_writes_the_checklist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("form", "rjdm_cart", "-o", "list.docx", "--date", "2026-03-02").exit_code == 0
    assert "2026-03-02" in word_texts(Path("list.docx").read_bytes())
    assert run("form", "rjdm_cart", "-o", "list.html", "--blank").exit_code == 0
    assert "Screening checklist" in Path("list.html").read_text(encoding="utf-8")
