"use strict";

// The page beside the text. It is the server's HTML as it comes, shown without any script: what a rules file says must
// never run in the editor.

const path = require("path");
const vscode = require("vscode");

const DELAY = 300;
const POLICY =
  '<meta http-equiv="Content-Security-Policy" ' +
  "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">";
const BASE = "<style>body { background: #fff; color: #1a1a1a; padding: 1em; }</style>";
const NOTHING = "<p>There is no preview: the language server does not run, or cannot read the file.</p>";
// What begins a stretch of the file with a preview of its own: a section, or a criterion by its marker.
const BEGINS =
  /^(?:[a-z]+\b|\s*(?:inclusion|exclusion)\b|\s*(?:[①-⑳]|\[\d{1,2}\]|\((?:\d{1,3}|[a-z]|[ivx]{1,5})\)|(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)](?= )|[-−](?= ))[^"]*")/;

class Preview {
  /** @param {string} language
   * @param {(document: vscode.TextDocument, position: vscode.Position) => Promise<string | undefined>} ask */
  constructor(language, ask) {
    this.language = language;
    this.ask = ask;
    /** @type {vscode.WebviewPanel | undefined} */
    this.panel = undefined;
    /** @type {vscode.TextDocument | undefined} */
    this.document = undefined;
    this.position = new vscode.Position(0, 0);
    this.at = -1;
    this.asked = 0;
    /** @type {NodeJS.Timeout | undefined} */
    this.timer = undefined;
    this.listeners = [
      vscode.workspace.onDidChangeTextDocument((change) => {
        if (change.document === this.document) {
          this.later();
        }
      }),
      vscode.window.onDidChangeTextEditorSelection((change) => this.follow(change.textEditor)),
      vscode.window.onDidChangeActiveTextEditor((editor) => this.follow(editor)),
    ];
  }

  dispose() {
    clearTimeout(this.timer);
    this.listeners.forEach((each) => each.dispose());
    if (this.panel) {
      this.panel.dispose();
    }
  }

  /** @param {vscode.TextEditor | undefined} editor */
  async show(editor) {
    if (!editor || editor.document.languageId !== this.language) {
      vscode.window.showInformationMessage("Open a rules file first: its preview stands beside it.");
      return;
    }
    if (this.panel) {
      this.panel.reveal(undefined, true);
    } else {
      const beside = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
      const options = { enableScripts: false, enableCommandUris: false, localResourceRoots: [] };
      this.panel = vscode.window.createWebviewPanel("rjdm.preview", "Preview", beside, options);
      this.panel.onDidDispose(() => {
        clearTimeout(this.timer);
        this.panel = undefined;
        this.document = undefined;
      });
    }
    this.take(editor);
    await this.refresh();
  }

  /** Shows another page when the cursor has come to another criterion, or to another rules file.
   * @param {vscode.TextEditor | undefined} editor */
  follow(editor) {
    if (!this.panel || !editor || editor.document.languageId !== this.language) {
      return;
    }
    const document = this.document;
    const at = this.at;
    this.take(editor);
    if (this.document !== document || this.at !== at) {
      this.later();
    }
  }

  /** @param {vscode.TextEditor} editor */
  take(editor) {
    this.document = editor.document;
    this.position = editor.selection.active;
    this.at = beginning((line) => editor.document.lineAt(line).text, this.position.line);
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), DELAY);
  }

  async refresh() {
    const { document, position } = this;
    if (!this.panel || !document || document.isClosed) {
      return;
    }
    this.asked += 1;
    const asked = this.asked;
    const html = await this.ask(document, position);
    if (this.panel && asked === this.asked) {
      this.panel.title = `Preview: ${path.basename(document.uri.path)}`;
      this.panel.webview.html = page(html === undefined ? NOTHING : html);
    }
  }
}

/** The line in which the criterion or section of a line begins; -1 where none does.
 * @param {(line: number) => string} text
 * @param {number} line */
function beginning(text, line) {
  let at = line;
  while (at >= 0 && !BEGINS.test(text(at))) {
    at -= 1;
  }
  return at;
}

/** The server's HTML under a policy without scripts: at the head of its own document, or of one made for a fragment.
 * @param {string} html */
function page(html) {
  const head = /<head(?:\s[^>]*)?>/i.exec(html);
  if (head) {
    const end = head.index + head[0].length;
    return html.slice(0, end) + POLICY + BASE + html.slice(end);
  }
  const body = html.replace(/^\s*<!doctype[^>]*>/i, "");
  return `<!DOCTYPE html><html><head><meta charset="utf-8">${POLICY}${BASE}</head><body>${body}</body></html>`;
}

module.exports = { Preview, beginning, page };
