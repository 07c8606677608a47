"""The report of a screening: its text, what it is made of, and how a real Chromium shows it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from browsing import chromium, in_a_browser, seriously_wrong

from rjdm_rules import Protocol, load, loads
from rjdm_rules.screening.synthesizing import Synthesizer

ASKED: dict[str, Any] = {
    "what_if": ["lvef ≥ 50 %", "without I5"],
    "curves": ["lvef ≥ 50 to 60 %", "age ≥ 3 to 9 years"],
    "by": ["sex", "age: 6, 12"],
}
PARTS = """protocol P "A gift"
data
  n "a number" in mg/dL
  b "a very long name of a thing that a patient has, which does not fit on a line of a narrow page" yes/no
part donor "Donor"
  inclusion
    (1) "The number is high"
        n ≥ 1 mg/dL
part host "Host"
  inclusion
    (1) "The number is higher"
        n ≥ 5 mg/dL
  exclusion
    (1) "The thing"
        b
"""


def report(rules: Protocol, people: Any, **asked: Any) -> tuple[str, dict[str, Any]]:
    screening = rules.screen(people, allow_extra=True, **asked)
    screening.frame()
    return screening.report(), screening.summary()


def text(page: str) -> str:
    """What one reads of a page, without its style."""
    plain = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    return " ".join(plain.split())


@pytest.fixture(scope="module")
def rjdm() -> tuple[str, dict[str, Any]]:
    rules = load("rjdm_cart")
    return report(rules, Synthesizer(rules.graph, 4).block(0, 3000), **ASKED)


def test_the_figures_are_those_of_the_summary(rjdm: tuple[str, dict[str, Any]]) -> None:
    page, summary = rjdm
    read = text(page)
    for word, count in summary["verdicts"].items():
        assert f"{count:,} {word} {100 * count / 3000:.1f} %" in read
    for step in summary["funnel"]:
        row = re.search(rf"{step['remaining'] - step['unknown']:,} pass so far {step['criterion']} .*? {step['excluded']:,} excluded", read)  # fmt: skip
        assert row, step
    for id, counts in summary["criteria"].items():
        assert re.search(rf'id="{re.escape(id)}".*?>{counts["met"]:,}<.*?>{counts["unknown"]:,}<', page), id
    for each in summary["look_ups"]:
        assert f"{each['settles']:,} settled" in read
    for what_if in summary["what_if"]:
        for change in what_if["changes"]:
            assert f"{change['patients']:,} {change['from']} → {change['to']}" in read
    for grouping in summary["groups"]:
        for group in grouping["groups"]:
            shares = " ".join(f"{100 * group['verdicts'][word] / group['patients']:.1f} %" for word in ("eligible", "undetermined", "ineligible"))  # fmt: skip
            assert f"{group['group']} {group['patients']:,} {shares}" in read
    assert "● I1 Aged 5 years or older" in read


def test_a_page_of_its_own_that_names_no_patient(rjdm: tuple[str, dict[str, Any]]) -> None:
    page, _ = rjdm
    assert "<script" not in page
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"|url\(|@import', page) == []
    ids = Synthesizer(load("rjdm_cart").graph, 4).block(0, 3000)["id"].to_list()
    assert [
        each for each in ids if re.search(rf"\b{re.escape(str(each))}\b", text(page)) and not str(each).isdigit()
    ] == []


def test_lines_of_a_curve_are_where_their_figures_are(rjdm: tuple[str, dict[str, Any]]) -> None:
    page, summary = rjdm
    plots = page.split("<figure")[1:]
    for plot, curve in zip(plots, summary["curves"], strict=True):
        sure, may = (
            [tuple(map(float, pair.split(","))) for pair in found.split()]
            for found in (re.search(rf'class="{look}" points="([^"]*)"', plot)[1] for look in ("sure", "may"))  # type: ignore[index]
        )
        ticks = re.findall(r'<text x="70" y="([\d.]+)"[^>]*>([\d,]+)<', plot)
        (low, zero), (high, top) = ((float(y) - 4, int(count.replace(",", ""))) for y, count in (ticks[0], ticks[-1]))
        for (_, y), (_, y2), point in zip(sure, may, curve["points"], strict=True):
            held = point["verdicts"]
            for place, count in ((y, held["eligible"]), (y2, held["eligible"] + held["undetermined"])):
                assert place == pytest.approx(low + (high - low) * (count - zero) / (top - zero), abs=0.1)
        assert [x for x, _ in sure] == sorted({x for x, _ in sure})


def test_parts_stand_by_themselves() -> None:
    people = pl.DataFrame({"id": ["1", "2", "3"], "n": [2.0, 7.0, None], "b": [False, None, True], "site": ["x", "<b>y", None]})  # fmt: skip
    page, _ = report(loads(PARTS), people, by=["site"], curves=["n ≥ 4 to 8 mg/dL"], what_if=["n ≥ 2 mg/dL"])
    read = text(page)
    assert "Donor 2 eligible 66.7 % 1 undetermined 33.3 % 0 ineligible" in read
    assert "Host 0 eligible 0.0 % 1 undetermined 33.3 % 2 ineligible" in read
    assert "&lt;b&gt;y" in page and "<b>y" not in page
    assert "Host: n ≥ 4 to 8 mg/dL as a table" in read
    assert "3 screened" in read


@pytest.mark.parametrize("count", [1, 2])
def test_nothing_to_say_is_left_out(count: int) -> None:
    rules = loads('protocol T "t"\ndata\n  n "n" in mg/dL\ninclusion\n  (1) "n"\n      n ≥ 1 mg/dL\n')
    page, _ = report(rules, pl.DataFrame({"id": [f"p{n}" for n in range(count)], "n": [2.0] * count}))
    read = text(page)
    assert f"{count} patient{'s'[: count - 1]} " in read
    assert "Why patients are ineligible" not in read
    assert "What to look up next" not in read
    assert "Every item of the protocol has a column" in read


def test_what_the_data_lacks_is_said() -> None:
    people = pl.DataFrame({"id": ["1", "2"], "n": [2.0, 900.0]})
    rules = loads(PARTS.replace("in mg/dL\n  b", "in mg/dL\n      range 0..100\n  b"))
    page, _ = report(rules, people, bad_values="unknown")
    read = text(page)
    assert "The data cannot decide this criterion for anyone: host.E1" in read
    assert "1 item is not in this data" in read
    assert "Values that could not be used" in read and "n : 1" in read


def test_criteria_that_speak_of_each_other_have_no_flow() -> None:
    rules = loads(
        'protocol T "t"\ndata\n  n "n" in mg/dL\ninclusion\n  (1) "one"\n      n ≥ 1 mg/dL\n'
        '  (2) "two"\n      I1 AND n ≥ 2 mg/dL\n'
    )
    page, summary = report(rules, pl.DataFrame({"id": ["1"], "n": [1.5]}))
    assert summary["funnel"] is None
    assert "Flow of patients" not in page


# ---- in a browser

OVERLAPPING = """
const wrong = [];
for (const svg of document.querySelectorAll("svg")) {
  const boxes = [...svg.querySelectorAll("text")].map((each) => [each.getBoundingClientRect(), each.textContent]);
  const outer = svg.getBoundingClientRect();
  boxes.forEach(([a, one], n) => {
    if (a.left < outer.left - 1 || a.right > outer.right + 1 || a.bottom > outer.bottom + 1) wrong.push("outside: " + one);
    for (const [b, other] of boxes.slice(n + 1))
      if (a.left < b.right && b.left < a.right && a.top < b.bottom - 1 && b.top < a.bottom - 1) wrong.push(one + " / " + other);
  });
}
for (const each of document.querySelectorAll(".box, .value, td, dt, h1, h2, h3")) {
  if (each.scrollWidth > each.clientWidth + 2 && getComputedStyle(each).display !== "inline") wrong.push("cut: " + each.textContent.slice(0, 60));
}
return wrong;
"""


@in_a_browser
def test_the_page_in_a_browser(rjdm: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    people = pl.DataFrame({"id": ["1", "2", "3"], "n": [2.0, 7.0, None], "b": [False, None, True], "site": ["x", "W" * 90, None]})  # fmt: skip
    parts, _ = report(loads(PARTS), people, by=["site"], curves=["n ≥ 4 to 8 mg/dL"], what_if=["n ≥ 2 mg/dL"])
    for name, page in (("rjdm", rjdm[0]), ("parts", parts)):
        (tmp_path / f"{name}.html").write_text(page, encoding="utf-8")
    with chromium() as driver:
        for name in ("rjdm", "parts"):
            for width in (1300, 700, 360):
                driver.execute_cdp_cmd(
                    "Emulation.setDeviceMetricsOverride",
                    {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
                )
                driver.get((tmp_path / f"{name}.html").as_uri())
                driver.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
                assert driver.execute_script("return document.documentElement.scrollWidth") <= width, (name, width)
                assert driver.execute_script(OVERLAPPING) == [], (name, width)
            for look in ("light", "dark"):
                features = [{"name": "prefers-color-scheme", "value": look}]
                driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
                assert seriously_wrong(driver) == []
            requested = driver.execute_script(
                "return performance.getEntriesByType('resource').map((each) => each.name)"
            )
            assert requested == []
        assert driver.get_log("browser") == []
