"""Documents with their diagrams: what they hold, that every text in them is text, and that they are the same each time."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import loky
import pytest

from rjdm_rules import load
from rjdm_rules.diagrams.lettering import lines_of, text_width
from rjdm_rules.documents.abbreviations import abbreviations_of, long_form
from rjdm_rules.documents.content import content_of, numbering_of
from rjdm_rules.documents.word import CannotWriteWord
from rjdm_rules.loading import Protocol, loads
from rjdm_rules.publishing.publish import Order
from rjdm_rules.theme import Theme, ThemeError
from rjdm_rules.words.phrases import Words
from rjdm_rules.words.pieces import capital

DATA = Path(__file__).parent / "data"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DIABETES = """protocol SUGAR "Add-on to metformin in type 2 diabetes"
  version "2"
data
  screening "date of screening" date
  hba1c "haemoglobin A1c (HbA1c)" in %
  insulin "insulin treatment" event
inclusion
  (1) "HbA1c from 7 to 10 %"
      hba1c BETWEEN 7 % AND 10 %
exclusion
  (1) "Insulin within 3 months before screening"
      insulin WITHIN 3 months BEFORE screening
example good "In range"
  given
    screening = 2026-03-02
    hba1c = 8 %
    insulin = none
  expect eligible
"""


@pytest.fixture(scope="module")
def hostile() -> Protocol:
    return load(DATA / "hostile.rules")


def word_parts(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name).decode() for name in file.namelist() if not name.endswith(".png")}


def links_and_ids(page: str) -> tuple[set[str], list[str]]:
    return set(re.findall(r'href="#([^"]+)"', page)), re.findall(r'\sid="([^"]+)"', page)


# ---- what they hold ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("document", "language"), [("section", "zh"), ("side-by-side", "en"), ("side-by-side", "zh")])
def test_markdown_golden(rjdm: Protocol, golden: Callable[[str, str], None], document: str, language: str) -> None:
    made = rjdm.document(Order(document, "markdown", language))
    text = made.data.decode()
    golden(f"{document}.{language}.md", text)
    named = set(re.findall(r"\]\(pictures/([^)]+)\)", text))
    assert named and named <= set(made.beside)


@pytest.mark.parametrize("document", ["section", "side-by-side"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_links_lead_somewhere_and_ids_are_single(rjdm: Protocol, document: str, language: str) -> None:
    page = rjdm.document(Order(document, "html", language)).data.decode()
    links, ids = links_and_ids(page)
    assert links <= set(ids) and len(ids) == len(set(ids))
    assert page.count("<svg") == page.count('role="img"') > 5
    for row in ("I3", "I3.5", "E12"):
        assert f'id="{row}"' in page


def test_every_criterion_beside_its_condition(rjdm: Protocol) -> None:
    page = rjdm.document(Order("side-by-side", "html")).data.decode()
    for criterion in rjdm.model.criteria():
        article = page[page.index(f'<article class="side depth{criterion.id.count(".")}" id="{criterion.id}"') :]
        article = article[: article.index("</article>")]
        assert f"Decision diagram of {criterion.id}" in article
        assert "✓ met" in article and "✗ not met" in article and all(each.text in article for each in criterion.sources)


def test_word_objects(rjdm: Protocol) -> None:
    parts = word_parts(rjdm.document(Order("section", "word")).data)
    document = ElementTree.fromstring(parts["word/document.xml"])
    styles = [each.get(f"{W}val") for each in document.iter(f"{W}pStyle")]
    assert styles.count("Heading2") == 9 and "Heading1" in styles
    assert len(list(document.iter(f"{W}footnoteReference"))) == len(
        [each for each in rjdm.model.criteria() if each.sources or each.notes]
    )
    assert 'w:val="decimalEnclosedCircle"' in parts["word/numbering.xml"]
    assert 'w:val="upperRoman"' not in parts["word/numbering.xml"]
    pictures = [each.get("descr") for each in document.iter() if each.tag.endswith("}docPr")]
    assert len(pictures) >= 4 and all(pictures)
    assert sum(name.endswith(".svg") for name in parts) == len(pictures)
    assert "Page " in "".join(ElementTree.fromstring(parts["word/footer1.xml"]).itertext())
    size = next(document.iter(f"{W}pgSz"))
    assert (size.get(f"{W}w"), size.get(f"{W}h")) == ("11906", "16838")


SCRIPT = """
import multiprocessing, sys
print("run")
multiprocessing.set_start_method(sys.argv[1])
from rjdm_rules import load
from rjdm_rules.publishing.publish import Order
from rjdm_rules.publishing.rasters import Rasters
pools = []
stop = Rasters.__exit__
Rasters.__exit__ = lambda self, *raised: (pools.append(self._pool is not None), stop(self, *raised))[1]
with open(sys.argv[2], "wb") as file:
    file.write(load("rjdm_cart").document(Order("side-by-side", "word")).data)
print(pools)
"""


@pytest.mark.parametrize("start", ["spawn", "fork"] if hasattr(os, "fork") else ["spawn"])
def test_a_script_that_makes_word_files_runs_once(rjdm: Protocol, tmp_path: Path, start: str) -> None:
    """Pictures are drawn in further processes, which run nothing of the script, however the system starts them."""
    script, made = tmp_path / "script.py", tmp_path / "made.docx"
    script.write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run([sys.executable, script, start, made], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr, done.returncode) == (f"run\n[{loky.cpu_count() > 1}]\n", "", 0)
    assert made.read_bytes() == rjdm.document(Order("side-by-side", "word")).data


def test_paper_and_date(rjdm: Protocol) -> None:
    parts = word_parts(rjdm.document(Order("side-by-side", "word", paper="letter", date="2026-03-02")).data)
    assert 'w:w="15840"' in parts["word/document.xml"] and 'w:orient="landscape"' in parts["word/document.xml"]
    assert "2026-03-02" in parts["word/header1.xml"]
    for wrong in ({"paper": "a5"}, {"date": "2.3.2026"}, {"language": "de"}, {"document": "report"}, {"format": "odt"}):
        with pytest.raises(ValueError, match=r"there is no|not a date"):
            Order(**wrong)


@pytest.mark.parametrize("format", ["html", "markdown", "word"])
def test_the_same_bytes_each_time(format: str) -> None:
    first = load("rjdm_cart").document(Order("section", format))
    second = load("rjdm_cart").document(Order("section", format))
    assert first.data == second.data and first.beside == second.beside


def test_another_protocol_without_touching_a_template() -> None:
    protocol = loads(DIABETES)
    for document in ("section", "side-by-side"):
        for format in ("html", "markdown", "word"):
            data = protocol.document(Order(document, format)).data
            said = "".join(word_parts(data).values()) if format == "word" else data.decode()
            assert "haemoglobin A1c (HbA1c) is between 7 and 10 % inclusive" in said.replace("Haemo", "haemo")
            assert "insulin treatment within 3 months before screening" in said.replace("Insulin", "insulin")
            assert ">Definitions<" not in said  # there are none


def test_the_label_of_an_example_in_chinese() -> None:
    text = DIABETES.replace('example good "In range"', 'example good "In range" zh "范围之内"')
    page = loads(text).document(Order("side-by-side", language="zh")).data.decode()
    assert "范围之内" in page and "In range" not in page


# ---- text stays text -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", ["section", "side-by-side"])
def test_hostile_texts_are_text(hostile: Protocol, document: str) -> None:
    page = hostile.document(Order(document, "html")).data.decode()
    body = page[page.index("<body>") :]
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{7*7}}" in body
    tags = set(re.findall(r"<([a-zA-Z0-9]+)", body))
    assert not tags & {"script", "img", "iframe", "u", "i", "b", "h6", "object"}
    attributes = set(re.findall(r'\s([a-zA-Z:-]+)="', re.sub(r'"[^"]*"', '""', body)))
    assert not {each for each in attributes if each.startswith("on")}
    assert not re.search("[\u202a-\u202e\u200e\u200f]", page)
    for picture in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(picture)
        assert "step0 criterion" not in picture and "data map 1 H" not in picture  # a node's own name in place of \N


def test_hostile_texts_in_word(hostile: Protocol) -> None:
    for document in ("section", "side-by-side"):
        parts = word_parts(hostile.document(Order(document, "word")).data)
        for name, text in parts.items():
            if name.endswith((".xml", ".rels", ".svg")):
                ElementTree.fromstring(text)
        said = "".join(ElementTree.fromstring(parts["word/document.xml"]).itertext())
        assert "<script>alert(1)</script> {{7*7}}" in said and "49" not in said


# ---- themes --------------------------------------------------------------------------------------------------------


def test_a_theme_replaces_single_files(tmp_path: Path) -> None:
    (tmp_path / "page.css").write_text("body { color: purple }", encoding="utf-8")
    (tmp_path / "terms.en.toml").write_text('document_section = "Who may take part"\n', encoding="utf-8")
    (tmp_path / "logo.png").write_bytes(
        bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010800000000")
        + bytes.fromhex("3a7e9b550000000a4944415478da6360000000020001e527decc0000000049454e44ae426082")
    )
    protocol = loads(DIABETES)
    page = protocol.document(Order(theme=Theme(tmp_path))).data.decode()
    assert "color: purple" in page and "Who may take part" in page and "data:image/png;base64" in page
    parts = word_parts(protocol.document(Order("section", "word", theme=Theme(tmp_path))).data)
    assert "Who may take part" in parts["word/header1.xml"] and "rIdLogo" in parts["word/header1.xml"]


def test_a_house_brings_its_own_word_styles(tmp_path: Path) -> None:
    """Styles, page and header of `reference.docx` are those of the document."""
    data = loads(DIABETES).document(Order("section", "word", paper="letter")).data
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(tmp_path / "reference.docx", "w") as house:
        for name in source.namelist():
            part = source.read(name)
            if name == "word/styles.xml":
                part = part.replace(b'w:styleId="Heading1"', b'w:styleId="Heading1" w:customStyle="0"')
                part = re.sub(rb'(<w:rFonts [^>]*w:ascii=")[^"]*"', rb'\1Garamond"', part)
            house.writestr(name, part)
    parts = word_parts(loads(DIABETES).document(Order("section", "word", theme=Theme(tmp_path))).data)
    assert "Garamond" in parts["word/styles.xml"] and 'w:w="12240"' in parts["word/document.xml"]
    assert "HbA1c from 7 to 10 %" in parts["word/document.xml"]


THEMES = [
    ("section.html.j2", "{{ content.nothing }}", "section.html.j2:1"),
    ("section.html.j2", "\n{% if %}", "section.html.j2:2"),
    ("section.html.j2", "{{ ''.__class__.__mro__ }}", "unsafe"),
    ("section.html.j2", "{{ content.parts.append }}{{ content.__class__ }}", "section.html.j2:1|unsafe|no attribute"),
    ("secton.html.j2", "x", "did you mean section.html.j2"),
    ("terms.en.toml", "taken_ = 'x'", "no text `taken_`"),
    ("terms.en.toml", "taken = 3", "`taken` must be a text"),
    ("terms.en.toml", "qqqq = 'x'", "no text `qqqq`$"),
    ("terms.en.toml", "[report]\nrole_ = 'x'", "no text `report.role_`; did you mean `report.role`"),
    ("terms.en.toml", "[report]\nroles = []", "`report.roles` must be a list of texts"),
    ("terms.en.toml", "inline_signs = [' ', '; ']", "`inline_signs` must be 4 texts"),
    ("terms.en.toml", "[options]\nseen = 3", "`options.seen` must be a text"),
    ("terms.en.toml", "report = 'x'", "`report` must be a table"),
    ("section.html.j2", "{% include '/etc/passwd' %}", r"section.html.j2:1: there is no template `/etc/passwd`"),
    ("section.html.j2", "{% include '../secret' %}", r"section.html.j2:1: there is no template `../secret`"),
    ("section.html.j2", "{{ '{1}'.format('a') }}", "section.html.j2:1: IndexError"),
    ("section.html.j2", "{% include 'section.html.j2' %}", "section.html.j2:1: it includes, extends or calls itself"),
    ("words.en.j2", "{% macro nothing() %}{% endmacro %}", "words.en.j2: there is no macro `[a-z_]+`, which"),
    ("terms.en.toml", "taken = ", "terms.en.toml"),
    ("logo.png", "not a picture", "no PNG"),
]


@pytest.mark.parametrize(("name", "text", "said"), THEMES)
def test_a_theme_that_cannot_be_used(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ThemeError, match=said):
        loads(DIABETES).document(Order(theme=Theme(tmp_path)))


def test_a_reference_that_is_no_word_file_or_a_damaged_one(tmp_path: Path) -> None:
    data = loads(DIABETES).document(Order("section", "word")).data
    order, reference = Order("section", "word", theme=Theme(tmp_path)), tmp_path / "reference.docx"
    reference.write_bytes(b"no Word file")
    with pytest.raises(ThemeError, match=r"reference\.docx: this is no Word file; save it again in Word as \.docx"):
        loads(DIABETES).document(order)
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(reference, "w") as house:
        for name in source.namelist():
            house.writestr(name, b"<w:numbering" if name == "word/numbering.xml" else source.read(name))
    with pytest.raises(CannotWriteWord, match=r"could not be written: Invalid XML in word/numbering\.xml$"):
        loads(DIABETES).document(order)


def test_a_theme_says_only_the_words_that_it_changes(tmp_path: Path) -> None:
    """A table of a house has its own words and keeps the others; words for names of a protocol may be added."""
    (tmp_path / "terms.en.toml").write_text('[headings]\ndata = "Dictionary"\n[options]\nseen = "seen by us"', "utf-8")
    terms, bundled = Theme(tmp_path).terms("en"), Theme().terms("en")
    assert terms["headings"] == bundled["headings"] | {"data": "Dictionary"}
    assert terms["options"] == bundled["options"] | {"seen": "seen by us"}


def test_a_theme_links_to_nothing_outside_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "page.css").symlink_to(tmp_path / "secret")
    with pytest.raises(ThemeError, match=r"page\.css: a link to what lies outside the folder"):
        loads(DIABETES).document(Order(theme=Theme(tmp_path / "house")))


def test_a_theme_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ThemeError, match="no such folder"):
        Theme(tmp_path / "nowhere")


# ---- pieces --------------------------------------------------------------------------------------------------------

CHINESE = [
    ("I1", "年龄不低于 5 岁"),
    ("I3", "① 且 [② 或 ③ 或 ④ 或 ⑤]"),
    (
        "I6",
        "具有生育能力的女性患者：尿妊娠试验为阴性，且对避孕至回输后 1 年的同意（不适用于男性患者和不具有生育能力的患者）",
    ),
    ("E9", "活疫苗接种（筛选前 4 周内）"),
    ("E3", "以下 3 项中任意一项：严重、活动性或未控制的感染性疾病；结核感染为潜伏性或活动性；活动性病毒性肝炎"),
]


@pytest.mark.parametrize(("id", "said"), CHINESE)
def test_conditions_in_chinese(rjdm: Protocol, id: str, said: str) -> None:
    criterion = rjdm.model.criterion(id)
    assert criterion is not None and criterion.condition is not None
    assert Words(rjdm.model, language="zh").text(criterion.condition) == said


def test_abbreviations(rjdm: Protocol) -> None:
    found = dict(abbreviations_of(rjdm.model, Words(rjdm.model)))
    assert found["LVEF"] == "left ventricular ejection fraction" and found["AST"] == "aspartate aminotransferase"
    assert found["ULN"] == "upper limit of normal" and "CK" not in found


LONG_FORMS = [
    ("CNS", "leukaemia of the central nervous system", "central nervous system"),
    ("FEV1", "post-bronchodilator forced expiratory volume in one second", "forced expiratory volume in one second"),
    ("mMRC", "dyspnoea on the modified Medical Research Council scale", "modified Medical Research Council scale"),
    ("CAR-T", "prior chimeric antigen receptor T cells", "chimeric antigen receptor T cells"),
    ("HBsAg", "hepatitis B surface antigen", "hepatitis B surface antigen"),
    ("QT", "the interval from Q to T", "Q to T"),
    ("CRT", "weight before infusion", ""),
    ("LVEF", "左心室射血分数", "左心室射血分数"),
]


@pytest.mark.parametrize(("short", "before", "long"), LONG_FORMS)
def test_long_forms(short: str, before: str, long: str) -> None:
    assert long_form(short, before) == long


CAPITALS = [
    ("age of the donor", "Age of the donor"),
    ("a history of asthma", "A history of asthma"),
    ("long-term oxygen", "Long-term oxygen"),
    ("eGFR", "eGFR"),
    ("mRS before the stroke", "mRS before the stroke"),
    ("c-Met status", "c-Met status"),
    ("pH of blood", "pH of blood"),
    ("p53", "p53"),
    ("α-fetoprotein", "α-fetoprotein"),
]


@pytest.mark.parametrize(("text", "said"), CAPITALS)
def test_a_capital_in_front_changes_no_name(text: str, said: str) -> None:
    assert capital(text) == said


COLUMNS = """protocol T "t"
data
  fev "FEV1" in %
  rain "risk of rain" one of high "high (more than 2 m)", low
  wheeze "wheeze" event
      site one of left "left lung", right "right lung"
  response "response" one of cr "complete response", pr "partial response", sd "stable disease"
table gold "GOLD stage"
  | percent in % | → stage one of g1 "GOLD 1", g2 "GOLD 2", g3 |
  | ≥ 80         | g1 |
  | 50..<80      | g2 |
  | 20..<50      | g3 |
  | 5..<20       | g3 |
  | < 5          | g3 |
table outlook "outlook"
  | response | → outlook |
  | cr, pr   | low      |
  | sd       | high     |
define
  stage "stage" = gold(fev)
inclusion
  (1) "By the table"
      gold(fev) IS g2
  (2) "By a definition"
      stage IS g1
  (3) "By the latest"
      site OF LATEST(wheeze) IS left
  (4) "By another table"
      outlook(response) IS high
"""


def test_options_and_ranges_of_tables_in_words() -> None:
    """The labels are those of the column, or of the item that is looked up; never of an item that has nothing to do
    with the table. A half-open range is not told as a closed one."""
    protocol = loads(COLUMNS)
    words = Words(protocol.model)
    said = {each.id: words.text(each.condition) for each in protocol.model.criteria() if each.condition is not None}
    assert said["I1"].endswith(" is GOLD 2") and said["I2"] == "stage is GOLD 1"
    assert said["I3"] == "the site of the latest wheeze is left lung" and said["I4"].endswith(" is high")
    gold, outlook = content_of(protocol.graph, {}).tables
    assert gold.rows == (
        ("≥ 80", "GOLD 1"),
        ("≥ 50 and < 80", "GOLD 2"),
        ("≥ 20 and < 50", "g3"),
        ("≥ 5 and < 20", "g3"),
        ("< 5", "g3"),
    )
    assert outlook.rows == (("complete response or partial response", "low"), ("stable disease", "high"))


NUMBERINGS = [("(2)", "decimal", 2), ("③", "circled", 3), ("(b)", "letter", 2), ("(iv)", "roman", 4), ("", "none", 0)]


@pytest.mark.parametrize(("marker", "kind", "number"), NUMBERINGS)
def test_numbering(marker: str, kind: str, number: int) -> None:
    assert numbering_of(marker) == (kind, number)


LINES = [
    ("LVEF at least 55 % before infusion", 80, ["LVEF at least", "55 % before", "infusion"]),
    ("年龄不低于 5 岁，且同意", 66, ["年龄不低于", "5 岁，且同意"]),
    ("", 50, [""]),
]


@pytest.mark.parametrize(("text", "room", "lines"), LINES)
def test_lines(text: str, room: float, lines: list[str]) -> None:
    assert lines_of(text, room) == lines


def test_no_line_is_wider_than_its_room() -> None:
    for text in ("x" * 300, "word " * 60, "筛选" * 80, "① 2.0 × ULN of 55 % " * 10):
        for room in (40.0, 120.0, 205.0):
            lines = lines_of(text, room)
            assert all(text_width(line) <= room for line in lines)
            assert "".join(lines).replace(" ", "") == text.replace(" ", "")


CONDITIONAL = """protocol T "t"
data
  a "a" yes/no
  b "b" yes/no
  c "c" yes/no
inclusion
  (1) "first"
      IF a THEN b
  (2) "second"
      AT LEAST 2 OF (a, b, c)
exclusion
  (1) "third"
      c
"""
ENDS = [
    ({"a": True, "b": True, "c": True}, ["✓ met", "✓ met", "✓ met: excluded"]),
    ({"a": True, "b": False, "c": False}, ["✗ not met", "✗ not met", "✗ not met"]),
    ({"a": False}, ["– not applicable", "? unknown", "? unknown"]),
    (None, ["✓ met", "✓ met", "✓ met: excluded"]),
]


@pytest.mark.parametrize(("record", "said"), ENDS)
def test_the_end_of_a_ladder_is_the_outcome(record: dict[str, bool] | None, said: list[str]) -> None:
    protocol = loads(CONDITIONAL)
    for id, end in zip(("I1", "I2", "E1"), said, strict=True):
        svg = " ".join(re.findall(r"<text[^>]*>([^<]*)<", protocol.draw(id, record, form="ladder").decode()))
        assert end in svg.replace("&#45;", "-"), svg
    drawn = protocol.draw("I2", record, form="ladder").decode()
    assert ("✓ AT LEAST 2" in drawn) is (said[1] == "✓ met" and record is not None)


TURNED = """protocol N "n"
data
  a "a" yes/no
  b "b" yes/no
inclusion
  (1) "One and not the other"
      (i) AND NOT (ii)
      (i) "Has a"
          a
      (ii) "Has the other"
          b
example one "Has a only"
  given
      a = yes
      b = no
  expect I1 met
escalation first "First drug"
  doses 1 mg, 2 mg
  decide usual
      | treated | dlt | next     |
      | 3       | 0   | escalate |
      | 3       | ≥ 1 | stop     |
escalation second "Second drug"
  doses 10 mg, 20 mg
  decide usual
      | treated | dlt | next     |
      | 3       | ≤ 1 | escalate |
      | 3       | ≥ 2 | stop     |
"""


def test_a_criterion_under_not_is_told_by_its_sentence() -> None:
    protocol = loads(TURNED)
    for form in ("decision", "ladder"):
        said = " ".join(ElementTree.fromstring(protocol.draw("I1", form=form)).itertext())
        assert "(ii) Has the other" in " ".join(said.split())
    text = protocol.document(Order("side-by-side", "markdown")).data.decode()
    assert "- ✓ met: Has a only\n  - a: yes\n  - b: no" in text


def test_a_scheme_is_drawn_by_its_name_or_that_of_its_escalation() -> None:
    protocol = loads(TURNED)
    for subject, dose in (("first", "2 mg"), ("second", "20 mg"), ("first.usual", "2 mg"), ("second.usual", "20 mg")):
        assert dose in " ".join(ElementTree.fromstring(protocol.draw(subject, form="escalation")).itertext())
    for wanted, message in (("usual", "several schemes are called `usual`; name one of first.usual, second.usual"),
                            (None, "there are several escalations"), ("secnd", "did you mean `second`")):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            protocol.draw(wanted, form="escalation")


@pytest.mark.parametrize("form", ["decision", "ladder"])
@pytest.mark.parametrize("id", ["I3", "I3.5", "I5.liver", "I6", "E4", "E8"])
def test_diagrams_golden(rjdm: Protocol, golden: Callable[[str, str], None], form: str, id: str) -> None:
    if form == "ladder":
        golden(f"ladder_{id}.dot", rjdm.draw(id, form="ladder", format="dot").decode())
    assert ElementTree.fromstring(rjdm.draw(id, form=form, language="zh")).tag.endswith("svg")


def test_maps_and_schemes(rjdm: Protocol) -> None:
    said = " ".join(ElementTree.fromstring(rjdm.draw(form="map")).itertext())
    assert all(f"E{n}" in said for n in range(1, 13)) and "↑ date of screening" in said
    said = " ".join(ElementTree.fromstring(rjdm.draw("textbook", form="escalation")).itertext())
    assert "with DLT: ≥ 2" in said and "no further escalation" in said
    for subject, form, message in (
        ("textbok", "escalation", "did you mean `textbook`"),
        (None, "ladder", "name it"),
        ("I3", "map", "leave I3 out"),
        (None, "tree", "there is no form"),
    ):
        with pytest.raises(ValueError, match=message):
            rjdm.draw(subject, form=form)
