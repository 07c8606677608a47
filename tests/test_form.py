"""The screening form: its script says what the reference evaluator says, and the page works for those who use it."""

from __future__ import annotations

import json
import re
import time
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import quickjs
from browsing import BROWSER, DRIVER, Engine, chromium, expected
from click.testing import CliRunner
from making import Maker
from written import VALUES, WRITTEN

from rjdm_rules import Protocol, load, loads
from rjdm_rules.cli.commands import rjdm as command
from rjdm_rules.forms.page import policy_of
from rjdm_rules.theme import Theme, ThemeError

DATA = Path(__file__).parent / "data"
in_a_browser = pytest.mark.skipif(not (BROWSER and DRIVER), reason="no Chromium with its driver on this machine")


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


def run(*arguments: str) -> Any:
    return CliRunner().invoke(command, list(arguments))


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


# ---- in a browser


@pytest.fixture(scope="module")
def page(rjdm: Protocol, tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("form") / "form.html"
    file.write_text(rjdm.form(), encoding="utf-8")
    with chromium() as driver:
        driver.get(file.as_uri())
        yield driver
        assert [each["message"] for each in driver.get_log("browser")] == []


def emptied(page: Any) -> None:
    assert page.execute_script("return rjdm.load('{}')") == ""


def clicked(page: Any, selector: str) -> None:
    """Clicks an element, brought into view first: what is far away is laid out only then."""
    from selenium.webdriver.common.by import By

    page.execute_script("document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })", selector)
    time.sleep(0.1)
    page.find_element(By.CSS_SELECTOR, selector).click()


def settled(page: Any) -> None:
    """What follows from the last answer is there."""
    time.sleep(0.2)


@in_a_browser
def test_thousands_of_patients_in_chromium(page: Any, rjdm: Protocol, cases: list[dict[str, Any]]) -> None:
    evaluator = rjdm.evaluator()
    records = [dict(record) for record in cases]
    for number, record in enumerate(cases * 5):  # the same with things left out, each time others
        names = sorted(record)
        records.append(
            {name: record[name] for at, name in enumerate(names) if (at * 7 + number * 13) % 11 > number % 5}
        )
    for start in range(0, len(records), 400):
        some = records[start : start + 400]
        found = page.execute_script("return arguments[0].map(rjdm.evaluate)", [json.dumps(record) for record in some])
        for record, got in zip(some, found, strict=True):
            wanted = expected(evaluator, record)
            wanted.pop("against", None)
            assert got == wanted, record


@in_a_browser
@pytest.mark.parametrize("seed", range(4200, 4206))
def test_random_protocols_in_chromium(page: Any, seed: int, tmp_path: Path) -> None:
    maker = Maker(seed)
    protocol = loads(maker.text())
    file = tmp_path / "form.html"
    file.write_text(protocol.form(), encoding="utf-8")
    records = [maker.record() for _ in range(150)]
    with chromium() as driver:
        driver.get(file.as_uri())
        found = driver.execute_script(
            "return arguments[0].map(rjdm.evaluate)", [json.dumps(record) for record in records]
        )
        for record, got in zip(records, found, strict=True):
            wanted = expected(protocol.evaluator(), record)
            wanted.pop("against", None)
            assert got == wanted, record
        for record in records[:40]:  # opened in the fields and saved again, a record means the same
            assert driver.execute_script("return rjdm.load(arguments[0])", json.dumps(record)) == ""
            again = json.loads(driver.execute_script("return JSON.stringify(rjdm.record())"))
            assert expected(protocol.evaluator(), again) == expected(protocol.evaluator(), record), (record, again)
        assert driver.get_log("browser") == []


@in_a_browser
def test_a_form_filled_in_by_keyboard_alone(page: Any, rjdm: Protocol) -> None:
    """The questions that come next, answered by keys, until there is nothing left to ask."""
    from selenium.webdriver.common.keys import Keys

    emptied(page)
    settled(page)
    page.execute_script("document.getElementById('patient').focus()")
    page.switch_to.active_element.send_keys("P-7")
    page.execute_script("document.querySelector('#next-field input').focus()")
    asked = []
    for _ in range(120):
        if page.execute_script("return document.getElementById('next-buttons').hidden"):
            break
        asked.append(page.execute_script("return document.querySelector('#next-field legend').textContent"))
        here = page.switch_to.active_element
        if here.get_attribute("type") == "radio":
            here.send_keys(Keys.ARROW_RIGHT)
        elif here.get_attribute("type") == "checkbox":
            here.send_keys(Keys.SPACE)
        else:
            here.send_keys("2026-03-02" if "date" in str(here.get_attribute("class")) else "1")
        settled(page)
        page.switch_to.active_element.send_keys(Keys.ENTER)
        settled(page)
    else:
        pytest.fail("the questions never come to an end")
    result = json.loads(page.execute_script("return JSON.stringify(rjdm.result())"))
    assert result["verdict"] != "undetermined" and result["patient"] == "P-7"
    assert len(asked) == len(set(asked)) < 82
    again = rjdm.evaluate(result["record"])
    assert (again.verdict, dict(again.criteria)) == (result["verdict"], result["criteria"])
    assert {criterion for criterion, _ in again.reasons} == {each["criterion"] for each in result["reasons"]}


@in_a_browser
def test_units_ranges_and_dates_are_checked_as_one_types(page: Any) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    emptied(page)

    def typed(item: str, text: str) -> str:
        field = page.find_element(By.CSS_SELECTOR, f"#q-{item} input[type=text]")
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(Keys.BACKSPACE, text)
        time.sleep(0.6)  # a problem is told when one pauses
        return str(page.find_element(By.CSS_SELECTOR, f"#q-{item} .problem").text)

    assert "outside the range 0 to 120 years" in typed("age", "130")
    assert "is no unit for it; it is recorded in years" in typed("age", "9 kg")
    assert "is not a unit" in typed("age", "9 yeers")
    assert "with a point" in typed("age", "9,5")
    assert typed("age", "108 months") == ""
    assert page.find_element(By.CSS_SELECTOR, "[data-outcome=I1]").text == "✓ met"
    assert "no such day" in typed("screening", "2026-02-30")
    assert typed("screening", "2026-02") == ""
    assert page.find_element(By.ID, "verdict").text == "? undetermined"
    typed("age", "4")
    assert page.find_element(By.ID, "verdict").text == "✗ ineligible"
    assert "I1" in page.find_element(By.ID, "reasons").text
    typed("age", "")
    assert page.find_element(By.ID, "verdict").text == "? undetermined"


@in_a_browser
def test_a_course_is_entered_and_read_back(page: Any) -> None:
    from selenium.webdriver.common.by import By

    emptied(page)
    clicked(page, "#q-acute_gvhd input[value=listed]")
    first, until, grade = page.find_elements(By.CSS_SELECTOR, "#q-acute_gvhd li input[type=text]")
    first.send_keys("2026-02-25")
    until.send_keys("2026-02-20")
    time.sleep(0.6)
    assert "it ends" in page.find_element(By.CSS_SELECTOR, "#q-acute_gvhd .problem").text.lower()
    undated, ongoing = page.find_elements(By.CSS_SELECTOR, "#q-acute_gvhd li input[type=checkbox]")
    ongoing.click()
    grade.send_keys("3")
    record = page.execute_script("return rjdm.record()")
    assert record["acute_gvhd"] == [{"date": "2026-02-25", "until": "ongoing", "grade": 3}]
    undated.click()
    assert page.execute_script("return rjdm.record()")["acute_gvhd"][0]["date"] is None
    page.execute_script("rjdm.load(arguments[0])", json.dumps(record))
    assert page.execute_script("return rjdm.record()") == record
    clicked(page, "#q-acute_gvhd li button")
    assert "acute_gvhd" not in page.execute_script("return rjdm.record()")


def typed_in(page: Any, selector: str, text: str) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    field = page.find_element(By.CSS_SELECTOR, selector)
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(Keys.BACKSPACE, text, Keys.TAB)


TYPED = [
    ("screening", "2026-3-2", "2026-03-02"),
    ("screening", "20260302", "2026-03-02"),
    ("screening", "２０２６－03", "2026-03"),
    ("screening", "2026/3/2", "2026-03-02"),
    ("screening", "2026年3月2日", "2026-03-02"),
    ("screening", "2026年3月", "2026-03"),
    ("age", "９", 9),
    ("age", "108 months", {"value": 108, "unit": "months"}),
    ("age", "108months", {"value": 108, "unit": "months"}),
    ("lvef", "55 %", 55),
    ("lvef", "55%", 55),
    ("bilirubin", "1.2 mg/dL", {"value": 1.2, "unit": "mg/dL"}),
    ("ast", "3 ×ULN", "3 ×ULN"),
    ("ast", "2 µkat/L", {"value": 2, "unit": "ukat/L"}),
    ("ast", "0.9ukat/L", {"value": 0.9, "unit": "ukat/L"}),
    ("ast", "0.1234567890123456789", "0.1234567890123456789"),
]  # fmt: skip


@in_a_browser
@pytest.mark.parametrize(("item", "text", "recorded"), TYPED)
def test_what_is_typed_is_recorded_as_it_is_meant(page: Any, item: str, text: str, recorded: Any) -> None:
    emptied(page)
    typed_in(page, f"#q-{item} input[type=text]", text)
    assert page.execute_script("return rjdm.record()")[item] == recorded


@in_a_browser
def test_a_typed_unit_counts_for_the_limit_too_and_can_be_seen(page: Any) -> None:
    """Nothing is decided while a value has one unit and its limit may have another."""
    from selenium.webdriver.common.by import By

    emptied(page)
    value, limit = page.find_elements(By.CSS_SELECTOR, "#q-ast input[type=text]")
    limit.send_keys("40")
    value.send_keys("3 ukat/L")
    assert "ast" not in page.execute_script("return rjdm.record()")
    value.send_keys(" ")
    limit.click()
    assert page.find_element(By.CSS_SELECTOR, "#q-ast select").get_attribute("value") == "ukat/L"
    assert page.execute_script("return rjdm.record()")["ast"] == {"value": 3, "unit": "ukat/L", "uln": 40}


@in_a_browser
def test_a_unit_that_was_typed_goes_with_its_number(page: Any) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select

    emptied(page)
    unit = Select(page.find_element(By.CSS_SELECTOR, "#q-age select"))
    for text, chosen, recorded in (
        ("540 months", "months", {"value": 540, "unit": "months"}),
        ("", "years", None),
        ("45", "years", 45),
        ("45 kg", "years", None),  # no unit of an age: it stays where it was typed
        ("2 weeks", "weeks", {"value": 2, "unit": "weeks"}),
        ("30 months", "months", {"value": 30, "unit": "months"}),  # one that is typed counts for more than the list
    ):
        typed_in(page, "#q-age input[type=text]", text)
        assert page.find_element(By.CSS_SELECTOR, "#q-age select").get_attribute("value") == chosen
        assert page.execute_script("return rjdm.record()").get("age") == recorded
    assert page.find_element(By.CSS_SELECTOR, "#q-age input").get_attribute("value") == "30"
    unit.select_by_value("days")
    typed_in(page, "#q-age input[type=text]", "")
    typed_in(page, "#q-age input[type=text]", "900")  # a unit that was chosen stays
    assert page.execute_script("return rjdm.record()")["age"] == {"value": 900, "unit": "days"}


@in_a_browser
@pytest.mark.parametrize(("kept", "recorded"), [("", 9), ("12", {"value": 129, "unit": "months"})])
def test_a_value_typed_over_another_does_not_take_its_unit(page: Any, kept: str, recorded: Any) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    emptied(page)
    field = page.find_element(By.CSS_SELECTOR, "#q-age input[type=text]")
    field.send_keys("120 months", Keys.TAB)
    field.click()
    if kept:
        field.send_keys(Keys.END, Keys.BACKSPACE)
    else:
        field.send_keys(Keys.CONTROL, "a")
    field.send_keys("9", Keys.TAB)
    assert page.execute_script("return rjdm.record()")["age"] == recorded


@in_a_browser
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'[{"id": "P-1", "age": 9}]', "Opened opened.json"),
        (b'[{"id": "P-1"}, {"id": "P-2"}]', "This file holds 2 records; the form takes one."),
        ('{"id": "Müller"}'.encode("latin-1"), "This file is not in UTF-8"),
        (b"5", "This is no patient record."),
    ],
)
def test_what_is_wrong_with_an_opened_file_is_told(page: Any, tmp_path: Path, content: bytes, said: str) -> None:
    from selenium.webdriver.common.by import By

    file = tmp_path / "opened.json"
    file.write_bytes(content)
    emptied(page)
    page.find_element(By.ID, "open").send_keys(str(file))
    settled(page)
    assert said in page.find_element(By.ID, "said").text
    assert page.execute_script("return rjdm.record()") == ({"id": "P-1", "age": 9} if "Opened" in said else {})


@in_a_browser
def test_units_are_taken_in_the_words_of_the_page(rjdm: Protocol, tmp_path: Path) -> None:
    file = tmp_path / "form.html"
    file.write_text(rjdm.form("zh"), encoding="utf-8")
    with chromium() as driver:
        driver.get(file.as_uri())
        for text, recorded in (("9岁", 9), ("９ 岁", 9), ("108个月", {"value": 108, "unit": "months"}), ("9 年", 9)):
            typed_in(driver, "#q-age input[type=text]", text)
            assert driver.execute_script("return rjdm.record()")["age"] == recorded


@in_a_browser
def test_the_id_on_each_printed_page_is_that_of_the_record(page: Any) -> None:
    told = "return document.getElementById('printed-id').sheet.cssRules[0].cssText"
    for id in ("P-1", 'a"; } body { display: none } \\ é 王'):
        assert page.execute_script("return rjdm.load(arguments[0])", json.dumps({"id": id})) == ""
        quoted = id.replace("\\", "\\\\").replace('"', '\\"')
        assert f'@top-right {{ content: "Patient id: {quoted}"; }}' in page.execute_script(told)
    emptied(page)
    assert 'content: ""' in page.execute_script(told)


@in_a_browser
def test_only_the_field_that_is_wrong_is_marked(page: Any) -> None:
    from selenium.webdriver.common.by import By

    def wrong(item: str) -> list[str]:
        page.execute_script("document.getElementById('patient').focus()")
        found = page.find_elements(By.CSS_SELECTOR, f"#q-{item} input[aria-invalid]")
        return [page.execute_script("return arguments[0].closest('label').textContent", each) for each in found]

    record = {"ast": {"value": 30, "uln": 40}, "acute_gvhd": [{"date": "2026-01", "grade": 1}, {"date": "2026-02"}]}
    assert page.execute_script("return rjdm.load(arguments[0])", json.dumps(record)) == ""
    value, limit = page.find_elements(By.CSS_SELECTOR, "#q-ast input[type=text]")
    limit.send_keys("x")
    assert wrong("ast") == ["ULN"]
    value.send_keys("y")
    assert wrong("ast") == ["Value"]  # the first that cannot be read
    first, second = page.find_elements(By.CSS_SELECTOR, "#q-acute_gvhd li")
    second.find_element(By.CSS_SELECTOR, "input[type=text]").send_keys("x")
    assert wrong("acute_gvhd") == ["From"]
    assert first.find_elements(By.CSS_SELECTOR, "[aria-invalid]") == []
    second.find_element(By.CSS_SELECTOR, "input[type=text]").send_keys("\b")
    second.find_elements(By.CSS_SELECTOR, "input[type=text]")[-1].send_keys("9")  # its grade
    assert wrong("acute_gvhd") == ["Value"]


@in_a_browser
def test_a_date_comes_back_when_not_known_is_taken_away(page: Any) -> None:
    from selenium.webdriver.common.by import By

    assert page.execute_script("return rjdm.load(arguments[0])", json.dumps({"acute_mi": ["2026-01-05"]})) == ""
    for held in ([{"date": None}], [{"date": "2026-01-05"}]):
        clicked(page, "#q-acute_mi li input[type=checkbox]")
        assert page.execute_script("return rjdm.record()")["acute_mi"] == held
    assert page.find_element(By.CSS_SELECTOR, "#q-acute_mi li input[type=text]").is_enabled()


@in_a_browser
def test_what_is_entered_is_not_put_off_as_unknown(page: Any) -> None:
    from selenium.webdriver.common.by import By

    emptied(page)
    settled(page)
    assert page.find_element(By.ID, "skip").is_displayed()
    page.find_element(By.CSS_SELECTOR, "#next-field input").send_keys(" ")
    page.find_element(By.CSS_SELECTOR, "#next-field input").send_keys("1")
    assert not page.find_element(By.ID, "skip").is_displayed()
    page.find_element(By.ID, "next").click()
    settled(page)
    assert page.find_element(By.ID, "skip").is_displayed()


@in_a_browser
def test_the_same_file_can_be_chosen_again_after_declining(page: Any, tmp_path: Path) -> None:
    from selenium.webdriver.common.by import By

    file = tmp_path / "saved.json"
    file.write_text('{"id": "P-9", "age": 9}', encoding="utf-8")
    emptied(page)
    typed_in(page, "#q-age input[type=text]", "4")
    page.find_element(By.ID, "open").send_keys(str(file))
    page.switch_to.alert.dismiss()
    assert page.execute_script("return rjdm.record()")["age"] == 4
    assert page.find_element(By.ID, "open").get_attribute("value") == ""
    page.find_element(By.ID, "open").send_keys(str(file))
    page.switch_to.alert.accept()
    settled(page)
    assert page.execute_script("return rjdm.record()")["age"] == 9


@in_a_browser
def test_an_empty_row_is_no_occurrence(page: Any) -> None:
    from selenium.webdriver.common.by import By

    emptied(page)
    clicked(page, "#q-acute_mi input[value=listed]")
    assert "acute_mi" not in page.execute_script("return rjdm.record()")
    page.execute_script("document.getElementById('patient').focus()")
    assert "Nothing is entered here" in page.find_element(By.CSS_SELECTOR, "#q-acute_mi .problem").text
    page.find_element(By.ID, "save").click()
    assert "cannot be read" in page.find_element(By.ID, "said").text
    clicked(page, "#q-acute_mi li input[type=checkbox]")
    assert page.execute_script("return rjdm.record()")["acute_mi"] == [{"date": None}]


@in_a_browser
def test_arrow_keys_go_through_all_choices_of_an_event(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    emptied(page)
    page.execute_script("document.querySelector('#q-acute_mi input[value=never]').focus()")
    for _ in range(2):
        page.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert page.execute_script("return rjdm.record()")["acute_mi"] == "yes"


@in_a_browser
def test_a_value_known_in_part_is_told_in_part(page: Any) -> None:
    record = {"birth_date": "2022", "screening": "2026-12-16"}
    page.execute_script("rjdm.load(arguments[0])", json.dumps(record))
    (reason,) = [each for each in page.execute_script("return rjdm.result()")["reasons"] if each["criterion"] == "I1"]
    assert "3 to 4 years, calculated" in reason["text"]


@in_a_browser
def test_a_repeated_measurement_keeps_its_unit_and_limit_when_opened_again(tmp_path: Path) -> None:
    file = tmp_path / "form.html"
    file.write_text(loads(VALUES).form(), encoding="utf-8")
    record = {
        "lab": [{"date": "2026-01-01", "value": 15, "unit": "mg/L"}, {"date": "2026-01", "value": "3 mg/dL"}],
        "fit": [{"date": None}, {"date": "2026", "load": {"value": 3, "unit": "g/L"}}],
        "creatinine": {"value": 150, "unit": "µmol/L"},
    }
    with chromium() as driver:
        driver.get(file.as_uri())
        saved = json.dumps(record)
        for _ in range(3):
            assert driver.execute_script("return rjdm.load(arguments[0])", saved) == ""
            saved = driver.execute_script("return JSON.stringify(rjdm.record())")
        again = json.loads(saved)
        assert again["lab"][0] == record["lab"][0] and again["fit"] == record["fit"]
        assert again["creatinine"] == {"value": 150, "unit": "umol/L"}
        assert driver.get_log("browser") == []


@in_a_browser
def test_the_saved_file_and_what_is_opened(
    page: Any, rjdm: Protocol, cases: list[dict[str, Any]], tmp_path: Path
) -> None:
    from selenium.webdriver.common.by import By

    file = tmp_path / "record.json"
    file.write_text(json.dumps(cases[3]), encoding="utf-8")
    emptied(page)
    page.find_element(By.ID, "open").send_keys(str(file))
    settled(page)
    assert "Opened record.json" in page.find_element(By.ID, "said").text
    page.find_element(By.ID, "save").click()
    saved = Path(page.downloads) / f"RJDM-CART-{cases[3]['id']}.json"
    for _ in range(50):
        if saved.exists():
            break
        time.sleep(0.1)
    done = run("evaluate", "rjdm_cart", str(saved), "--format", "json")
    (result,) = json.loads(done.stdout)
    wanted = rjdm.evaluate(cases[3])
    assert (result["verdict"], result["criteria"]) == (wanted.verdict, dict(wanted.criteria))
    file.write_text('{"age": "old", "wieght": 3}', encoding="utf-8")
    page.find_element(By.ID, "open").send_keys(str(file))
    settled(page)
    said = page.find_element(By.ID, "said").text
    assert "age: " in said and '"wieght" is not an item' in said
    assert page.find_element(By.ID, "patient").get_attribute("value") == cases[3]["id"]  # what was there stays


@in_a_browser
def test_axe_finds_nothing_serious(page: Any, cases: list[dict[str, Any]]) -> None:
    import axe_core_python

    script = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    emptied(page)
    for record in ({}, {**cases[5], "age": 4}):
        page.execute_script("rjdm.load(arguments[0])", json.dumps(record))
        page.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        settled(page)
        page.execute_script(script)
        found = page.execute_async_script(
            "const done = arguments[0]; axe.run().then((r) => done(r.violations.map((v) => [v.id, v.impact, v.nodes[0].html])))"
        )
        assert [each for each in found if each[1] in ("serious", "critical", "moderate")] == []


MISPLACED = """
const wrong = [];
for (const question of document.querySelectorAll(".question")) {
  question.scrollIntoView();
  const outer = question.getBoundingClientRect(), head = question.querySelector("legend").getBoundingClientRect();
  for (const part of question.querySelectorAll("input, select, label, button")) {
    const box = part.getBoundingClientRect();
    if (!box.width || part.closest("[hidden]")) continue;
    const inside = box.left >= outer.left - 1 && box.right <= outer.right + 1 && box.bottom <= outer.bottom + 3;
    if (!inside || box.top < head.bottom - 3) wrong.push(question.id + ": " + part.outerHTML.slice(0, 120));
  }
  const rows = [...question.querySelectorAll(":scope > .choices > *")].map((each) => each.getBoundingClientRect().top);
  if (arguments[0] && rows.length > 1 && rows.length < 4 && rows[0] !== rows.at(-1)) wrong.push(question.id + ": choices one below the other");
}
return wrong;
"""


@in_a_browser
@pytest.mark.parametrize(("width", "wide"), [(1200, True), (390, False)])
@pytest.mark.parametrize("text", [VALUES, None])
def test_every_field_lies_within_its_question(text: str | None, width: int, wide: bool, tmp_path: Path) -> None:
    file = tmp_path / "form.html"
    protocol = loads(text) if text else load("rjdm_cart")
    file.write_text(protocol.form(), encoding="utf-8")
    record = (
        {"fit": [{"date": "2026", "grade": 3}], "stay": [{"date": "2026-01", "until": None}]}
        if text
        else {"acute_gvhd": []}
    )
    with chromium() as driver:
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": not wide},
        )
        driver.get(file.as_uri())
        assert driver.execute_script("return rjdm.load(arguments[0])", json.dumps(record)) == ""
        settled(driver)
        assert driver.execute_script("return document.querySelectorAll('.question').length") > 10
        assert driver.execute_script(MISPLACED, wide) == []


LONG = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 5
LONG_WORDS = f"""protocol LONG "{LONG}"
  source "https://example.org/{LONG}"
data
  {LONG.lower()[:60]} "{LONG}" yes/no
      ask "{LONG}?"
      note "{LONG}"
  ast "b{LONG}" in U/L with ULN
      range 1..300
  choice "c{LONG}" one of {LONG[:60]} "{LONG}", other "other"
  fit "e{LONG}" event
      grade 0..4
define
  d{LONG.lower()[:50]} "d{LONG}" yes/no
      = ast ≤ 3 × ULN
inclusion
  (1) "{LONG}"
      ANY({LONG.lower()[:60]}, d{LONG.lower()[:50]})
  (2) "{LONG} {LONG}"
      choice IS other OR fit WHERE (grade > 2)
"""
BESIDE = """
const seen = [...document.body.querySelectorAll("*")].filter((each) => !each.closest(".wide, svg, .wide *"));
return seen.filter((each) => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((each) => each.outerHTML.slice(0, 80));
"""


@in_a_browser
@pytest.mark.parametrize(
    "arguments",
    [
        ["form"],
        ["form", "--blank"],
        ["render"],
        ["render", "--document", "side-by-side"],
        ["data"],
        ["explain", "{patient}"],
    ],
    ids=" ".join,
)
def test_very_long_words_stay_on_the_page(arguments: list[str], tmp_path: Path) -> None:
    """On a phone's width nothing but a picture or a table, which scroll by themselves, is wider than the page."""
    rules, patient, made = tmp_path / "long.rules", tmp_path / "patient.json", tmp_path / "made.html"
    rules.write_text(LONG_WORDS, encoding="utf-8")
    record = {"id": LONG, "ast": {"value": 3, "uln": 40}, "fit": [{"date": "2026-01", "grade": 3}]}
    patient.write_text(json.dumps(record), encoding="utf-8")
    name, *more = (each.format(patient=patient) for each in arguments)
    run(name, str(rules), *more, "-o", str(made))
    with chromium() as driver:
        screen = {"width": 390, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        driver.get(made.as_uri())
        assert driver.execute_script(BESIDE) == []
        page = "document.documentElement"
        assert driver.execute_script(f"return {page}.scrollWidth <= {page}.clientWidth")


@in_a_browser
def test_hostile_words_stay_words(tmp_path: Path) -> None:
    file = tmp_path / "form.html"
    file.write_text(load(DATA / "hostile.rules").form(), encoding="utf-8")
    with chromium() as driver:
        driver.get(file.as_uri())
        driver.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        settled(driver)
        assert (
            driver.execute_script("return document.querySelectorAll('main script, main img, aside script').length") == 0
        )
        assert "<script>" in driver.execute_script("return document.body.innerText")
        assert driver.get_log("browser") == []


RANDOM_HANDS = """
const [seed, actions] = arguments;
let state = seed;
const random = (n) => { state = (state * 1103515245 + 12345) % 2147483648; return Math.floor(state / 65536) % n; };
const texts = ["", "1", "2.5", "0.3", "40", "2026-03-02", "2026-02", "2025", "3 ×ULN", "12 mg/L", "abc", "0,5", "2026-03-02T10:30", "−3", "5 g"];
for (let i = 0; i < actions; i++) {
  const all = [...document.querySelectorAll('main input, main select, main .small')].filter((each) => !each.disabled && !each.closest('[hidden]'));
  const one = all[random(all.length)];
  if (one.tagName === 'SELECT') { one.selectedIndex = random(one.options.length); one.dispatchEvent(new Event('change')); }
  else if (one.type === 'text') { one.value = texts[random(texts.length)]; one.dispatchEvent(new Event('input')); }
  else one.click();
}
const chips = Object.fromEntries([...document.querySelectorAll('[data-outcome]')].map((each) => [each.dataset.outcome, each.textContent.slice(2)]));
return [JSON.stringify(rjdm.record()), chips, document.getElementById('verdict').textContent];
"""


@in_a_browser
@pytest.mark.parametrize("seed", range(4300, 4304))
def test_what_the_page_shows_is_what_its_record_means(seed: int, tmp_path: Path) -> None:
    """Random hands on a random form: whatever stands in the fields, the outcomes shown are those of the record."""
    maker = Maker(seed)
    protocol = loads(maker.text())
    file = tmp_path / "form.html"
    file.write_text(protocol.form(), encoding="utf-8")
    with chromium() as driver:
        driver.get(file.as_uri())
        for step in range(60):
            text, shown, verdict = driver.execute_script(RANDOM_HANDS, seed * 1000 + step, 7)
            result = protocol.evaluate(json.loads(text))
            assert shown == dict(result.criteria), text
            assert verdict.endswith(result.verdict), text
        assert driver.get_log("browser") == []
