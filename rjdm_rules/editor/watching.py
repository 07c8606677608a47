"""Checking, testing and rendering a file each time it is saved, with a page that shows the last state.

The page is served on this machine only (127.0.0.1), to nobody who came by another host name, and holds no script but
the one that reloads it.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ..documents.section import render_section
from ..language.diagnostics import Diagnostic
from ..loading import Protocol, check
from ..protocol.libraries import UnreadableFile
from ..testing.report import Report, failure_lines, marks_of, report_of, summary_lines

HOST = "127.0.0.1"
EVERY = 0.3  # seconds between two looks at the files
LONGEST_WAIT = 25.0  # seconds that a page waits for a change before it asks again
STYLE = """
.watch { border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; margin: 0 0 1.5rem; }
.watch.bad { border-color: var(--exclude); } .watch h2 { margin: 0 0 .4rem; font-size: 1.05rem; }
.watch pre { overflow-x: auto; font-size: .82rem; margin: .4rem 0; white-space: pre-wrap; }
"""
SCRIPT = """
(async () => {
  const key = "scroll:" + location.pathname;
  scrollTo(0, +sessionStorage.getItem(key) || 0);
  addEventListener("scroll", () => sessionStorage.setItem(key, scrollY));
  for (;;) {
    try {
      const answer = await fetch("/state?" + STATE);
      if (await answer.text() !== STATE) return location.reload();
    } catch { await new Promise((done) => setTimeout(done, 1000)); }
  }
})();
"""


@dataclass(frozen=True)
class State:
    """What one look at the file gave. `page` is None where there is nothing to render (yet)."""

    findings: tuple[Diagnostic, ...]
    report: Report | None
    page: str | None
    problem: str = ""

    @property
    def errors(self) -> int:
        return sum(each.severity == "error" for each in self.findings)

    @property
    def good(self) -> bool:
        return not self.problem and not self.errors and not (self.report and self.report.failed)


def state_of(name: str, before: State | None = None) -> State:
    """Checks, tests and renders a file. Where it cannot be used, the page of the state before is kept."""
    kept = before.page if before else None
    try:
        checked = check(name)
    except UnreadableFile as error:
        return State((), None, kept, str(error))
    findings = tuple(checked.diagnostics)
    if checked.protocol is None:
        return State(findings, None, kept)
    protocol = Protocol(checked.protocol, findings)
    if protocol.model.kind == "library":
        return State(findings, None, render_section(protocol.graph, "html"))
    report = report_of(name, protocol.evaluator())
    return State(findings, report, render_section(protocol.graph, "html", None, marks_of(report.coverage)))


def page_of(name: str, state: State, number: int, nonce: str) -> str:
    """The page of a state: what was found, then the document."""
    page = (
        state.page or "<!DOCTYPE html><html lang='en'><head><title>rjdm</title></head><body><main></main></body></html>"
    )
    banner = f'<section class="watch{"" if state.good else " bad"}" aria-live="polite">{_banner(name, state)}</section>'
    script = f"<script nonce='{nonce}'>const STATE = '{number}';{SCRIPT}</script>"
    page = page.replace("</head>", f"<style>{STYLE}</style></head>", 1)
    page = page.replace("<body>", f"<body>{banner}", 1)
    return page.replace("</body>", f"{script}</body>", 1)


def _banner(name: str, state: State) -> str:
    warnings = sum(each.severity == "warning" for each in state.findings)
    said = state.problem or f"{name}: {_number(state.errors, 'error')}, {_number(warnings, 'warning')}"
    parts = [f"<h2>{escape(said)}</h2>"]
    shown = [each for each in state.findings if each.severity != "remark"][:20]
    parts += [f"<pre>{escape(each.as_text())}</pre>" for each in shown]
    if state.errors and state.page:
        parts.append("<p>Below is the last state without errors.</p>")
    if state.report is not None:
        failed = state.report.failed
        fared = f"{len(failed)} not" if failed else "all"
        runs = f"{_number(len(state.report.runs), 'example')}, {fared} as expected"
        lines = [line for run in failed[:5] for line in failure_lines(run)]
        parts.append(
            f"<p>{escape(runs)}</p><pre>{escape(chr(10).join([*lines, *summary_lines(state.report.coverage)]))}</pre>"
        )
    return "".join(parts)


def _number(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


@dataclass
class Watch:
    """A file under watch, and the server of its page. `said` is called with each new state."""

    name: str
    path: Path
    said: Callable[[State], None]
    port: int = 0
    state: State = field(init=False)
    number: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self.server = ThreadingHTTPServer((HOST, self.port), _handler(self))
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}/"

    def run(self) -> None:
        """Serves and looks until it is interrupted."""
        seen = self.stamps()  # before the first look, so that a save during it is not missed
        self.state = state_of(self.name)
        self.said(self.state)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        try:
            while True:
                time.sleep(EVERY)
                now = self.stamps()
                if now != seen:
                    seen = now
                    self.renew()
        finally:
            self.server.shutdown()
            self.server.server_close()

    def stamps(self) -> tuple[tuple[str, int, int], ...]:
        """When the file and its neighbours, which it may use, were changed."""
        found = []
        for path in sorted({self.path, *self.path.parent.glob("*.rules")}):
            try:
                status = path.stat()
            except OSError:
                continue
            found.append((path.name, status.st_mtime_ns, status.st_size))
        return tuple(found)

    def renew(self) -> None:
        state = state_of(self.name, self.state)
        with self._changed:
            self.state = state
            self.number += 1
            self._changed.notify_all()
        self.said(state)

    def wait(self, number: int) -> int:
        """The number of the present state, as soon as it is another one than `number`, or after a while."""
        with self._changed:
            self._changed.wait_for(lambda: self.number != number, LONGEST_WAIT)
            return self.number


def _handler(watch: Watch) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host = (self.headers.get("Host") or "").rpartition(":")[0]
            if host not in (HOST, "localhost"):
                self.answer(403, "text/plain", "This page is for this machine only.", "")
            elif self.path == "/":
                nonce = secrets.token_urlsafe(16)
                self.answer(200, "text/html", page_of(watch.name, watch.state, watch.number, nonce), nonce)
            elif self.path.startswith("/state?") and self.path[7:].isdigit():
                self.answer(200, "text/plain", str(watch.wait(int(self.path[7:]))), "")
            else:
                self.answer(404, "text/plain", "There is one page here: /", "")

        def answer(self, status: int, kind: str, text: str, nonce: str) -> None:
            data = text.encode("utf-8")
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Cache-Control", "no-store")
            self.send_header(
                "Content-Security-Policy",
                f"default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; connect-src 'self'",
            )
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *arguments: object) -> None:
            """Requests are no news."""

    return Handler
