"""The page's script in QuickJS, and whole pages in a real Chromium where there is one."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import quickjs

from rjdm_rules import Protocol
from rjdm_rules.evaluation.problems import RecordError
from rjdm_rules.forms.page import program_text
from rjdm_rules.forms.program import Nodes, program_of

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
in_a_browser = pytest.mark.skipif(not (BROWSER and DRIVER), reason="no Chromium with its driver on this machine")
ASKED = """
let program, records, why;
function begin(text) {
  program = prepared(JSON.parse(text));
  records = new Records(program);
  why = new Why(program);
}
function evaluated(text) {
  const read = records.read(parsedJson(text));
  if (read.problems.length) return JSON.stringify({ problems: read.problems.map((each) => each.item) });
  const rules = new Rules(program, read.facts);
  return JSON.stringify({
    verdicts: program.parts.map((part) => rules.verdict(part)),
    criteria: Object.fromEntries(Object.keys(program.criteria).map((id) => [id, rules.outcome(id)])),
    deciding: [...why.deciding(rules)].sort(),
    against: why.against(rules),
  });
}
"""


class Engine:
    """The rules of a protocol in the script of the form."""

    def __init__(self, protocol: Protocol, readings: Mapping[str, str] | None = None) -> None:
        self.evaluator = protocol.evaluator(readings)
        self.context = quickjs.Context()
        self.context.set_max_stack_size(16 << 20)
        self.context.eval(program_text(("numbers", "time", "records", "rules", "why")) + ASKED)
        program = program_of(self.evaluator.graph, self.evaluator.readings, Nodes())
        self.context.get("begin")(json.dumps(program))

    def evaluated(self, record: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.context.get("evaluated")(json.dumps(record)))
        return found

    def expected(self, record: Any) -> dict[str, Any]:
        """What rjdm-rules says of the same record."""
        return expected(self.evaluator, record)


def expected(evaluator: Any, record: Any) -> dict[str, Any]:
    try:
        result = evaluator.evaluate(json.loads(json.dumps(record)))
    except RecordError as error:
        return {"problems": list(dict.fromkeys(problem.item for problem in error.problems))}
    return {
        "verdicts": list(result.verdicts.values()),
        "criteria": dict(result.criteria),
        "deciding": list(result.deciding_facts),
        "against": [criterion for criterion, _ in result.reasons],
    }


@contextmanager
def chromium(width: int = 1300, height: int = 1200) -> Iterator[Any]:
    """A headless Chromium under Selenium."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    with tempfile.TemporaryDirectory() as folder:
        options = webdriver.ChromeOptions()
        options.binary_location = str(BROWSER)
        switches = "headless=new no-sandbox disable-gpu no-first-run disable-background-networking disable-sync disable-component-update"
        for switch in [*switches.split(), f"window-size={width},{height}", f"user-data-dir={folder}/profile"]:
            options.add_argument(f"--{switch}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        options.add_experimental_option("prefs", {"download.default_directory": folder})
        driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
        driver.downloads = folder
        try:
            yield driver
        finally:
            driver.quit()


def emptied(page: Any) -> None:
    assert page.execute_script("return rjdm.load('{}')") == ""


def seriously_wrong(page: Any) -> list[Any]:
    """What axe-core finds against a page, but for trifles."""
    import axe_core_python

    script = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    page.execute_script(script)
    found = page.execute_async_script(
        "const done = arguments[0]; axe.run().then((r) => done(r.violations.map((v) => [v.id, v.impact, v.nodes[0].html])))"
    )
    return [each for each in found if each[1] in ("serious", "critical", "moderate")]


def clicked(page: Any, selector: str) -> None:
    """Clicks an element, brought into view first: what is far away is laid out only then."""
    from selenium.webdriver.common.by import By

    page.execute_script("document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })", selector)
    time.sleep(0.1)
    page.find_element(By.CSS_SELECTOR, selector).click()


def settled(page: Any) -> None:
    """What follows from the last answer is there."""
    time.sleep(0.2)
