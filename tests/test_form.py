"""The screening form: its script says what the reference evaluator says, the page is whole, `rjdm form` makes it."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import quickjs
from browsing import Engine
from making import Maker
from running import run
from written import VALUES, WRITTEN

from rjdm_rules import Protocol, load, loads
from rjdm_rules.forms.page import policy_of
from rjdm_rules.theme import Theme, ThemeError

DATA = Path(__file__).parent / "data"


# ---- the script says what the evaluator says


@pytest.mark.parametrize("exception", ["all_tests", "transaminases_only"])
def test_the_script_agrees_on_the_bundled_patients(rjdm: Protocol, cases: list[dict[str, Any]], exception: str) -> None:
    engine = Engine(rjdm, {"liver_exception": exception})
    for record in cases:
        assert engine.evaluated(record) == engine.expected(record), record


@pytest.mark.parametrize("seed", range(4000, 4120))
def test_the_script_agrees_on_random_protocols(seed: int) -> None:
    """Partial dates, units, limits, courses, windows, tables, counts: whatever the language has."""
    maker = Maker(seed)
    text = maker.text()
    engine = Engine(loads(text), {"way": maker.pick("left", "right")})
    for _ in range(10):
        record = maker.record()
        assert engine.evaluated(record) == engine.expected(record), (text, record)


@pytest.mark.parametrize("kind", ["number", "yes/no"])
def test_long_chains_of_definitions(kind: str) -> None:
    step = "{} + 1" if kind == "number" else "{} AND b"
    lines = [f'  d{n} "step {n}" = {step.format("a" if n == 0 else f"d{n - 1}")}' for n in range(1200)]
    last = "d1199 > 5" if kind == "number" else "d1199"
    text = f'protocol D "d"\ndata\n  a "a" {kind}\n  b "b" yes/no\ndefine\n' + "\n".join(lines)
    protocol = loads(f'{text}\ninclusion\n  (1) "c"\n      {last}\n')
    engine = Engine(protocol)
    for record in ({}, {"a": 1 if kind == "number" else True}, {"a": 1 if kind == "number" else True, "b": True}):
        assert engine.evaluated(record) == engine.expected(record)
    assert protocol.form()


PARTS = """protocol TWO "Donor and recipient"
data
  age_donor "age of the donor" in years
  age "age" in years
  visit "time of the visit" time
  dose "time of the dose" time
part donor "Donor"
  inclusion
    (1) "Adult"
        age_donor ≥ 18 years
part recipient "Recipient"
  inclusion
    (1) "Adult"
        age ≥ 18 years
    (2) "Dosed within 6 hours before the visit"
        dose WITHIN 6 h BEFORE visit
    (3) "Only a remark"
        note "nothing to do"
"""


def test_the_script_knows_parts_times_and_remarks() -> None:
    engine = Engine(loads(PARTS))
    for dose in ("2026-03-02T08:00", "2026-03-02T07:59", "2026-03-02", "2026-03", None):
        for age in (17, "216 months", None):
            record = {"age_donor": 20, "age": age, "visit": "2026-03-02T14:00", "dose": dose}
            assert engine.evaluated(record) == engine.expected(record), record
    assert engine.evaluated({"age_donor": 17})["verdicts"] == ["ineligible", "undetermined"]


def test_the_script_takes_and_refuses_what_a_record_may_hold() -> None:
    engine = Engine(loads(VALUES))
    rows = [(name, value) for name, values in WRITTEN.items() for value in values]
    assert len(rows) > 150
    refused = 0
    for name, value in rows:
        found, wanted = engine.evaluated({name: value}), engine.expected({name: value})
        assert found == wanted, (name, value)
        refused += "problems" in wanted
    assert 50 < refused < len(rows) - 50
    for record in (
        {"wieght": 3},
        {"id": ["x"]},
        {"id": 7},
        {"id": 1.5},
        {"id": {"a": 1}},
        {"id": None},
        {"id": "A\u200eB"},
        {"id": "A\tB"},
        {"id": "A\x1b[31mB"},
        {"id": "A\u2028B"},
        5,
        1e70,
        [],
        "x",
        None,
        {"__proto__": 1},
        {"constructor": 1},
    ):
        assert engine.evaluated(record) == engine.expected(record), record


def test_json_is_read_without_loss() -> None:
    """A long decimal is read as it was written; what JSON does not allow, or says twice, is refused."""
    engine = Engine(loads(VALUES))
    evaluated = engine.context.get("evaluated")
    assert json.loads(evaluated('{"ratio": 0.49999999999999999999999999999}'))["criteria"]["I1"] == "not met"
    assert json.loads(evaluated(' {"ratio" : 5e-1 , "id":"\\u00e4", "set": [ ] }\n'))["criteria"]["I1"] == "not met"
    refused = [
        '{"ratio": 01}',
        '{"a": 1,}',
        "[1 2]",
        '{"a" 1}',
        "{'a': 1}",
        "NaN",
        '"a',
        "",
        "{}{}",
        "[" * 80 + "]" * 80,
        '{"id": "\t"}',
        '{"ratio": 1, "ratio": 2}',
    ]
    for text in refused:
        with pytest.raises(quickjs.JSException):
            evaluated(text)


# ---- the page


class Seen(HTMLParser):
    """The elements of a page, and the texts of its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id" and value]


def seen(html: str) -> Seen:
    found = Seen()
    found.feed(html)
    return found


def test_the_page_is_whole_in_itself(rjdm: Protocol) -> None:
    html = rjdm.form()
    page = seen(html)
    assert page.tags.count("script") == 2 and "link" not in page.tags and "iframe" not in page.tags
    assert not [each for each in page.attributes if each[1] in ("src", "href") and not str(each[2]).startswith("#")]
    assert "default-src 'none'" in unescape(html) and "form-action 'none'" in unescape(html)
    script = html[html.rindex("<script>") + 8 : html.rindex("</script>")]
    assert policy_of(script) in unescape(html)  # the one script that may run
    assert len(set(page.ids)) == len(page.ids)
    asked = [value for _, name, value in page.attributes if name == "data-item"]
    assert sorted(asked) == sorted(rjdm.model.items)  # each question once
    links = {value for tag, name, value in page.attributes if (tag, name) == ("a", "href")}
    assert {str(link)[1:] for link in links} <= set(page.ids)


def test_the_page_is_the_same_every_time(rjdm: Protocol) -> None:
    assert rjdm.form() == load("rjdm_cart").form()


def test_a_question_stands_with_the_part_that_it_belongs_to(rjdm: Protocol) -> None:
    html = rjdm.form()
    section = html[html.index('id="I5.liver"') : html.index('id="I5.lung"')]
    assert set(re.findall(r'data-item="(\w+)"', section)) == {"ast", "alt", "bilirubin", "liver_due_to_disease"}


def test_whatever_a_rules_file_says_is_text_in_the_page() -> None:
    html = load(DATA / "hostile.rules").form()
    page = seen(html)
    assert page.tags.count("script") == 2 and "img" not in page.tags
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    data = html[html.index('id="data">') + 10 : html.index("</script>")]
    assert "<" not in data and json.loads(data)["program"]["protocol"]
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", html)


def test_both_languages_say_the_same_things() -> None:
    english, chinese = (Theme().terms(language)["form"] for language in ("en", "zh"))

    def keys(table: Any, path: str = "") -> list[str]:
        if not isinstance(table, dict):
            return [f"{path} {sorted(re.findall('{[a-z]+}', table))}"]
        return [found for name, value in table.items() for found in keys(value, f"{path}.{name}")]

    assert keys(english) == keys(chinese)


def test_a_house_gives_the_page_its_look_but_no_program(rjdm: Protocol, tmp_path: Path) -> None:
    (tmp_path / "form.css").write_text("body { color: teal; }", encoding="utf-8")
    (tmp_path / "form_page.js").write_text("alert(1)", encoding="utf-8")
    html = rjdm.form(theme=Theme(tmp_path))
    assert "color: teal" in html and "alert(1)" not in html
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "form.html.j2").write_text("{{ content.nothing.here }}", encoding="utf-8")
    with pytest.raises(ThemeError, match=r"form\.html\.j2"):
        rjdm.form(theme=Theme(broken))


def test_a_library_has_no_form() -> None:
    with pytest.raises(ValueError, match="library"):
        load("organ_function").form()


# ---- the command, and what a form saves


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rjdm_cart", "-o", "form.pdf"], "write a name that ends with .html or .docx"),
        (["organ_function", "-o", "form.html"], "library"),
        (["rjdm_cart", "-o", "form.html", "--date", "2026-03-02"], "--date is printed on a checklist"),
        (["rjdm_cart", "-o", "form.html", "--reading", "x=y"], "there is no reading `x`"),
        (["rjdm_cart", "-o", "form.docx", "--date", "soon"], "is not a date"),
    ],
)
def test_what_the_command_refuses(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("form", *arguments)
    assert done.exit_code == 2 and said in done.output
    assert not list(tmp_path.iterdir())


def test_evaluate_reads_what_a_form_saves(rjdm: Protocol, tmp_path: Path) -> None:
    saved = {
        "protocol": "RJDM-CART",
        "version": "1.0",
        "patient": "P1",
        "verdict": "ineligible",
        "record": {"id": "P1", "age": 4},
    }
    file = tmp_path / "P1.json"
    file.write_text(json.dumps(saved), encoding="utf-8")
    done = run("evaluate", "rjdm_cart", str(file), "--format", "json")
    assert done.exit_code == 0 and json.loads(done.stdout)[0]["patient"] == "P1"
    assert "saved result" not in done.output  # nothing differs
    file.write_text(json.dumps({**saved, "verdict": "eligible"}), encoding="utf-8")
    assert (
        "of the saved result: it says eligible, which is not so by these rules"
        in run("evaluate", "rjdm_cart", str(file)).output
    )
    file.write_text(
        json.dumps({**saved, "version": "0.9", "readings": {"hepatitis_b": "surface_antigen_alone"}}), encoding="utf-8"
    )
    for done in (
        run("evaluate", "rjdm_cart", str(file)),
        run("explain", "rjdm_cart", str(file)),
        run("explain", "rjdm_cart", str(file), "-o", str(tmp_path / "r.html")),
    ):
        assert "it was saved under version 0.9" in done.output and "under other readings" in done.output
    file.write_text(json.dumps({**saved, "protocol": "OTHER"}), encoding="utf-8")
    done = run("evaluate", "rjdm_cart", str(file))
    assert done.exit_code == 2 and "a result of protocol OTHER" in done.output
