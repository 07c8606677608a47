"""`rjdm new` and `rjdm watch`: the first minutes of a writer."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from rjdm_rules import load
from rjdm_rules.cli.commands import rjdm
from rjdm_rules.editor.watching import State, Watch, page_of, state_of


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(rjdm, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


# ---- new -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["my_trial", "my-trial.rules", "Prüfung2"])
def test_a_starter_is_whole(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = run("new", name, "--title", "A trial of “this” & <that>")
    path = f"{name.removesuffix('.rules')}.rules"
    assert code == 0 and path in said
    protocol = load(path)
    assert protocol.findings == () and protocol.model.title.text == "A trial of “this” & <that>"
    assert run("test", path)[0] == 0
    assert run("format", "--check", path)[0] == 0


def test_nothing_is_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.rules").write_text("precious", encoding="utf-8")
    code, said = run("new", "mine")
    assert code == 2 and "not written over" in said and Path("mine.rules").read_text() == "precious"


@pytest.mark.parametrize(
    "words", [["../2nd"], ["2nd"], ["a b"], ["ok", "--title", 'a "quote"'], ["ok", "--title", "two\nlines"]]
)
def test_names_and_titles_that_cannot_be(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("new", *words)[0] == 2
    assert not list(tmp_path.iterdir())


# ---- watch ---------------------------------------------------------------------------------------------------------

GOOD = 'protocol W "Watched"\ndata\n  a "asthma" yes/no\ninclusion\n  (1) "Asthma"\n      a\nexample e "E"\n  given\n      a = yes\n  expect eligible\n'


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[Path, Watch, list[State]]]:
    """A file under watch in a thread, as the command does it."""
    path = tmp_path / "w.rules"
    path.write_text(GOOD, encoding="utf-8")
    states: list[State] = []
    watch = Watch(str(path), path, states.append)
    watch.state = state_of(str(path))
    threading.Thread(target=watch.server.serve_forever, daemon=True).start()
    yield path, watch, states
    watch.server.shutdown()
    watch.server.server_close()


def asked(watch: Watch, path: str, host: str | None = None) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", watch.port, timeout=30)
    connection.request("GET", path, headers={"Host": host or f"127.0.0.1:{watch.port}"})
    answer = connection.getresponse()
    return answer.status, answer.read().decode("utf-8"), answer.headers["Content-Security-Policy"] or ""


def test_the_page_follows_the_file(watched: tuple[Path, Watch, list[State]]) -> None:
    path, watch, states = watched
    status, page, policy = asked(watch, "/")
    assert status == 200 and "no errors" in page and "Asthma" in page and "1 example, all as expected" in page
    nonce = re.search(r"<script nonce='([\w-]+)'>", page)
    assert nonce and f"'nonce-{nonce.group(1)}'" in policy and "default-src 'none'" in policy
    path.write_text(GOOD.replace("      a\nexample", "      a AND\nexample"), encoding="utf-8")
    watch.renew()
    _, page, _ = asked(watch, "/")
    assert "1 error" in page and "Below is the last state without errors" in page and "Asthma" in page
    path.write_text(GOOD.replace("expect eligible", "expect ineligible"), encoding="utf-8")
    watch.renew()
    assert "1 not as expected" in asked(watch, "/")[1]
    path.unlink()
    watch.renew()
    assert states[-1].problem and "cannot be read" in asked(watch, "/")[1]


def test_the_page_hears_of_a_change_at_once(watched: tuple[Path, Watch, list[State]]) -> None:
    _, watch, _ = watched
    assert asked(watch, "/state?7")[1] == "0"
    threading.Timer(0.2, watch.renew).start()
    start = time.monotonic()
    assert asked(watch, "/state?0")[1] == "1"
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("path", "host", "status"), [("/", "evil.example:80", 403), ("/x", None, 404), ("/state?x", None, 404)]
)
def test_who_is_not_answered(
    watched: tuple[Path, Watch, list[State]], path: str, host: str | None, status: int
) -> None:
    assert asked(watched[1], path, host)[0] == status


def test_what_a_file_holds_is_text_on_the_page(tmp_path: Path) -> None:
    path = tmp_path / "w.rules"
    path.write_text(
        GOOD.replace("Watched", "<script>alert(1)</script>").replace("      a\nex", "      <b>\nex"), encoding="utf-8"
    )
    page = page_of("<i>.rules", state_of(str(path)), 0, "n")
    assert "<script>alert" not in page and "<b>" not in page and "<i>" not in page


def test_the_command_notices_a_save_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    path = tmp_path / "w.rules"
    path.write_text(GOOD, encoding="utf-8")
    command = [sys.executable, "-u", "-m", "rjdm_rules", "watch", str(path)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where the tests run behind a `&`
    )
    assert process.stdout is not None and process.stderr is not None
    try:
        assert "http://127.0.0.1:" in process.stderr.readline()
        assert "0 errors" in process.stdout.readline()
        path.write_text(GOOD.replace("      a\nexample", "      b\nexample"), encoding="utf-8")
        said = ""
        while "1 error" not in said and (line := process.stdout.readline()):
            said += line
        assert "`b` is not declared" in said and "1 error" in said
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()


BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")


@pytest.mark.skipif(not BROWSER, reason="no Chromium on this machine")
def test_the_page_in_a_browser(watched: tuple[Path, Watch, list[State]], tmp_path: Path) -> None:
    """The page's own script runs under its policy, and nothing else is complained of."""
    _, watch, _ = watched
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr",
        "--timeout=3000", "--dump-dom", watch.address,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "Inclusion criteria" in done.stdout
    assert "Refused to" not in done.stderr and "Uncaught" not in done.stderr
