"""How responsive the screening form is: the RJDM protocol, and a generated one of 300 criteria and 1,201 items.

    python benchmarks/form.py

Needs Chromium with its driver, and Selenium (`pip install 'rjdm-rules[test]'`). Yardstick in the same run: one frame
of a screen at 60 Hz (16.7 ms). Measured are one answer with all that follows from it at once (fields, verdict,
outcomes, reasons), and ranking the questions that are left, which waits until typing stops.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from documents import large

from rjdm_rules import load, loads
from rjdm_rules.loading import Protocol

FRAME = 1000 / 60
READY = "const t = performance.getEntriesByType('navigation')[0]; return t.domContentLoadedEventEnd - t.startTime"
ANSWER = """
const inputs = [...document.querySelectorAll('main input[type=radio]')].filter((each) => each.value !== '');
const times = [];
for (let i = 0; i < 40; i++) {
  const input = inputs[(i * 37) % inputs.length], start = performance.now();
  input.click();
  times.push(performance.now() - start);
}
times.sort((a, b) => a - b);
return [times[20], times[39]];
"""
RANK = "const start = performance.now(); rjdm.order(); return performance.now() - start"


def browser(folder: str) -> Any:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium") or shutil.which("google-chrome"))
    for switch in ("headless=new", "no-sandbox", "disable-gpu", f"user-data-dir={folder}/profile"):
        options.add_argument(f"--{switch}")
    return webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))


def measured(name: str, protocol: Protocol) -> None:
    start = time.perf_counter()
    html = protocol.form()
    made = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "form.html"
        file.write_text(html, encoding="utf-8")
        driver = browser(folder)
        try:
            driver.get(file.as_uri())
            ready, ranked = driver.execute_script(READY), driver.execute_script(RANK)
            median, worst = driver.execute_script(ANSWER)
        finally:
            driver.quit()
    print(f"{name}: made in {made:.2f} s, {len(html) / 1e6:.2f} MB")
    rows = (("ready", ready), ("one answer, median", median), ("one answer, worst", worst), ("ranking", ranked))
    for what, taken in rows:
        print(f"  {what:<20} {taken:8.1f} ms  {taken / FRAME:6.1f} frames")


if __name__ == "__main__":
    measured("rjdm_cart", load("rjdm_cart"))
    measured("300 criteria", loads(large(300)))
