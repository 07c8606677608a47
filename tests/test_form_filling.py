"""The screening form filled in, in a real Chromium: what is entered is recorded as it is meant, and judged as `rjdm evaluate` does."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from browsing import chromium, clicked, emptied, expected, in_a_browser, settled
from making import Maker
from running import run
from written import VALUES

from rjdm_rules import Protocol, loads

DATA = Path(__file__).parent / "data"


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
