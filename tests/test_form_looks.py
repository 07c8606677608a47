"""Pages as a real Chromium shows them: within their width, open to all, and true to their record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from browsing import chromium, emptied, in_a_browser, seriously_wrong, settled
from making import Maker
from running import run
from written import VALUES

from rjdm_rules import load, loads

DATA = Path(__file__).parent / "data"


@in_a_browser
def test_axe_finds_nothing_serious(page: Any, cases: list[dict[str, Any]]) -> None:
    emptied(page)
    for record in ({}, {**cases[5], "age": 4}):
        page.execute_script("rjdm.load(arguments[0])", json.dumps(record))
        page.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        settled(page)
        assert seriously_wrong(page) == []


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
    assert run(name, str(rules), *more, "-o", str(made)).exit_code == 0
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
