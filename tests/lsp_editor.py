"""An editor for tests: it opens one file in the real server and writes down what comes back."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient


class Editor:
    """A client with one open file, which types, asks and writes down what comes back."""

    def __init__(self, client: LanguageClient, path: Path) -> None:
        self.client, self.path, self.uri = client, path, path.as_uri()
        self.text, self.version = path.read_text(encoding="utf-8"), 1
        self.log: list[str] = []
        self.findings: list[lsp.Diagnostic] = []
        self.published = asyncio.Event()

    async def start(self) -> None:
        @self.client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: lsp.PublishDiagnosticsParams) -> None:
            if params.uri == self.uri and params.version in (None, self.version):
                self.findings = list(params.diagnostics)
                self.published.set()

        await self.client.start_io(sys.executable, "-m", "rjdm_rules", "language-server")
        capabilities = lsp.ClientCapabilities()
        await self.client.initialize_async(lsp.InitializeParams(capabilities, root_uri=self.path.parent.as_uri()))
        self.client.initialized(lsp.InitializedParams())
        item = lsp.TextDocumentItem(self.uri, "rjdm-rules", self.version, self.text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        await self.wait()

    async def wait(self) -> None:
        await asyncio.wait_for(self.published.wait(), 20)
        self.published.clear()

    def position(self, needle: str, behind: int = 0) -> lsp.Position:
        offset = self.text.index(needle) + behind
        before = self.text[:offset]
        return lsp.Position(before.count("\n"), len(before.rsplit("\n", 1)[-1].encode("utf-16-le")) // 2)

    async def edit(self, what: str, old: str, new: str) -> None:
        """Replaces a piece of the text, as typing would, and writes the findings down."""
        start, end = self.position(old), self.position(old, len(old))
        self.text = self.text.replace(old, new, 1)
        self.version += 1
        self.published.clear()
        change = lsp.TextDocumentContentChangePartial(lsp.Range(start, end), new)
        document = lsp.VersionedTextDocumentIdentifier(self.version, self.uri)
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [change]))
        await self.wait()
        self.log.append(f"== {what}")
        for each in self.findings:
            severity = lsp.DiagnosticSeverity(each.severity or 1).name.lower()
            first, *more = each.message.splitlines()
            place = f"{each.range.start.line + 1}:{each.range.start.character + 1}-{each.range.end.character + 1}"
            self.log += [f"{place} {severity} {each.code}: {first}", *(f"    {line}" for line in more)]
        self.log += [] if self.findings else ["no findings"]

    async def hover(self, needle: str, behind: int = 1) -> None:
        document = lsp.TextDocumentIdentifier(self.uri)
        found = await self.client.text_document_hover_async(lsp.HoverParams(document, self.position(needle, behind)))
        assert found is None or isinstance(found.contents, lsp.MarkupContent)
        shown = found.contents.value if found else "nothing"
        self.log += [f"-- hover {needle!r}", *(f"    {line}".rstrip() for line in shown.splitlines())]

    async def rename(self, needle: str, new: str) -> None:
        document = lsp.TextDocumentIdentifier(self.uri)
        try:
            found = await self.client.text_document_rename_async(
                lsp.RenameParams(document, self.position(needle, 1), new)
            )
        except Exception as error:
            self.log += [f"-- rename {needle!r} to {new}: refused: {getattr(error, 'message', error)}"]
            return
        edits = found.changes[self.uri] if found and found.changes else []
        lines = ", ".join(str(each.range.start.line + 1) for each in edits)
        self.log += [f"-- rename {needle!r} to {new}: lines {lines}"]

    async def fixes(self, apply: bool = True) -> None:
        """The quick fixes of the first finding; the preferred one is made."""
        shown = self.findings[0]
        context = lsp.CodeActionContext([shown])
        found = await self.client.text_document_code_action_async(
            lsp.CodeActionParams(lsp.TextDocumentIdentifier(self.uri), shown.range, context)
        )
        actions = [each for each in found or [] if isinstance(each, lsp.CodeAction)]
        for each in actions:
            self.log.append(f"-- fix{' (preferred)' if each.is_preferred else ''}: {each.title}")
        chosen = next((each for each in actions if each.is_preferred), actions[0] if actions else None)
        if apply and chosen and chosen.edit and chosen.edit.changes:
            for change in sorted(chosen.edit.changes[self.uri], key=lambda e: -e.range.start.line):
                start, end = self.offset(change.range.start), self.offset(change.range.end)
                old = self.text[start:end]
                await self.replace_at(start, end, change.new_text, f"made: {old!r} becomes {change.new_text!r}")

    def offset(self, at: lsp.Position) -> int:
        lines = self.text.split("\n")
        return sum(len(line) + 1 for line in lines[: at.line]) + at.character

    async def replace_at(self, start: int, end: int, new: str, what: str) -> None:
        anchor = self.text[max(0, start - 30) : min(len(self.text), end + 30)]
        shift = start - max(0, start - 30)
        assert self.text.count(anchor) == 1, "the piece is unique"
        await self.edit(what, anchor, anchor[:shift] + new + anchor[shift + end - start :])


def in_session(act: Callable[[Editor], Awaitable[None]], path: Path) -> Editor:
    """Runs a session with a server of its own."""

    async def whole() -> Editor:
        client = LanguageClient("test", "1")
        editor = Editor(client, path)
        try:
            await editor.start()
            await act(editor)
            await client.shutdown_async(None)
        finally:
            client.exit(None)
            await client.stop()
        return editor

    return asyncio.run(whole())
