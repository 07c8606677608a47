"""Golden files (`pytest --renew` writes them anew; read the difference before keeping it), and the bundled patients."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import chromium

from rjdm_rules import Protocol, load

GOLDEN = Path(__file__).parent / "golden"
PATIENTS = Path(__file__).parent / "data" / "rjdm_patients.jsonl"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew", action="store_true", help="write the golden files anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with a golden file, or renews that file."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--renew"):
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{name} is missing; run pytest --renew and read it"
        assert text == path.read_text(encoding="utf-8"), f"{name} differs; look at it with pytest --renew and git diff"

    return compare


@pytest.fixture(scope="session")
def rjdm() -> Protocol:
    """The bundled protocol."""
    return load("rjdm_cart")


@pytest.fixture(scope="session")
def cases() -> list[dict[str, Any]]:
    """Patients of the bundled protocol."""
    return [json.loads(line)["record"] for line in PATIENTS.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def page(rjdm: Protocol, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The screening form of the bundled protocol, open in a Chromium, which complains of nothing until the end."""
    file = tmp_path_factory.mktemp("form") / "form.html"
    file.write_text(rjdm.form(), encoding="utf-8")
    with chromium() as driver:
        driver.get(file.as_uri())
        yield driver
        assert [each["message"] for each in driver.get_log("browser")] == []
