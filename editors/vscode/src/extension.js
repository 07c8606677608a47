"use strict";

// What the extension does beyond colours and snippets: it starts `rjdm language-server`, shows the preview, and runs the
// examples of a file. Everything about the language is the server's.

const path = require("path");
const vscode = require("vscode");
const { CloseAction, ErrorAction, LanguageClient, State } = require("vscode-languageclient/node");
const { commandLine, found } = require("./command");
const { Preview } = require("./preview");

const LANGUAGE = "rjdm-rules";
const SETTINGS = "Open the settings";
const OUTPUT = "Show the output";

/** @type {LanguageClient | undefined} */
let client;
/** @type {vscode.OutputChannel} */
let output;
/** @type {Preview} */
let preview;
/** One start or stop at a time: a setting may change while the server is still starting. */
let turn = Promise.resolve();

/** @param {vscode.ExtensionContext} context */
function activate(context) {
  output = vscode.window.createOutputChannel("RJDM rules");
  preview = new Preview(LANGUAGE, askForPreview);
  context.subscriptions.push(
    output,
    preview,
    vscode.commands.registerCommand("rjdm.restart", restart),
    vscode.commands.registerCommand("rjdm.preview", () => preview.show(vscode.window.activeTextEditor)),
    vscode.commands.registerCommand("rjdm.test", runExamples),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("rjdm.command") || change.affectsConfiguration("rjdm.arguments")) {
        restart();
      }
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
  );
  if (vscode.workspace.isTrusted) {
    restart();
  }
}

function deactivate() {
  return queued(stop);
}

function restart() {
  return queued(async () => {
    await stop();
    await start();
  });
}

/** @param {() => Promise<void>} step */
function queued(step) {
  turn = turn.then(step, step);
  return turn;
}

async function start() {
  if (!vscode.workspace.isTrusted) {
    return;
  }
  const { command, before, folder } = commandLine();
  if (!found(command)) {
    commandMissing(command);
    return;
  }
  const server = { command, args: [...before, "language-server"], options: { cwd: folder } };
  let started = false;
  const starting = new LanguageClient("rjdm", "RJDM rules", server, {
    documentSelector: [
      { scheme: "file", language: LANGUAGE },
      { scheme: "untitled", language: LANGUAGE },
    ],
    outputChannel: output,
    // A server that was there and crashed is started again. One that never came up would only fail again, and is told
    // of below, once.
    initializationFailedHandler: () => false,
    errorHandler: {
      error: (error, message, count) =>
        started ? usual.error(error, message, count) : { action: ErrorAction.Continue, handled: true },
      closed: () => (started ? usual.closed() : { action: CloseAction.DoNotRestart, handled: true }),
    },
  });
  const usual = starting.createDefaultErrorHandler();
  client = starting;
  try {
    await starting.start();
    started = true;
    preview.later();
  } catch (error) {
    output.appendLine(String(error));
    client = undefined;
    const line = [command, ...server.args].join(" ");
    offer(`The language server did not start: ${line}`, OUTPUT, SETTINGS);
  }
}

async function stop() {
  const stopping = client;
  client = undefined;
  if (stopping && stopping.state === State.Running) {
    await stopping.stop(2000).catch((error) => output.appendLine(String(error)));
  }
}

/** @param {string} command */
function commandMissing(command) {
  offer(
    `The command “${command}” is not found, so rules files are coloured but not checked. ` +
      "Install rjdm-rules[editor], or say in the settings where the command is.",
    SETTINGS,
  );
}

/** Tells what is wrong, with buttons that lead out of it; nobody waits for an answer.
 * @param {string} message
 * @param {...string} ways */
function offer(message, ...ways) {
  vscode.window.showErrorMessage(message, ...ways).then((way) => {
    if (way === SETTINGS) {
      vscode.commands.executeCommand("workbench.action.openSettings", "rjdm.command");
    } else if (way === OUTPUT) {
      output.show();
    }
  });
}

/** The page for a place of a document; undefined where the server is not there or cannot tell.
 * @param {vscode.TextDocument} document
 * @param {vscode.Position} position
 * @returns {Promise<string | undefined>} */
async function askForPreview(document, position) {
  if (!client || client.state !== State.Running) {
    return undefined;
  }
  const uri = client.code2ProtocolConverter.asUri(document.uri);
  try {
    const place = { uri, line: position.line, character: position.character };
    const answer = await client.sendRequest("rjdm/preview", place);
    return answer ? answer.html : undefined;
  } catch (error) {
    output.appendLine(String(error));
    return undefined;
  }
}

/** Runs `rjdm test` on the file in a terminal: as a task, so that no shell has to be known or quoted for. */
async function runExamples() {
  const editor = vscode.window.activeTextEditor;
  if (!editor || editor.document.languageId !== LANGUAGE) {
    vscode.window.showInformationMessage("Open a rules file first: its examples are run.");
    return;
  }
  const document = editor.document;
  const saved = document.isUntitled || document.isDirty ? await vscode.workspace.save(document.uri) : document.uri;
  if (!saved) {
    return;
  }
  const { command, before, folder } = commandLine(saved);
  if (!found(command)) {
    commandMissing(command);
    return;
  }
  const file = saved.fsPath;
  const words = [...before, "test", file];
  const execution = new vscode.ProcessExecution(command, words, { cwd: folder || path.dirname(file) });
  const kind = { type: "process", task: "rjdm test" };
  const task = new vscode.Task(kind, vscode.TaskScope.Workspace, "the examples", "RJDM", execution, []);
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, clear: true, echo: false, focus: false };
  await vscode.tasks.executeTask(task);
}

module.exports = { activate, deactivate };
