"use strict";

// Which command to run, and whether it is there. A command that is missing is told before anything is started: the
// client's own message would not say what to do.

const fs = require("fs");
const os = require("os");
const path = require("path");
const vscode = require("vscode");

/** The command of the settings, what goes before its subcommand, and the folder to run it in.
 * @param {vscode.Uri} [uri] the file that it is for
 * @returns {{command: string, before: string[], folder: string | undefined}} */
function commandLine(uri) {
  const own = uri && vscode.workspace.getWorkspaceFolder(uri);
  const first = own || (vscode.workspace.workspaceFolders || [])[0];
  const folder = first && first.uri.scheme === "file" ? first.uri.fsPath : undefined;
  const settings = vscode.workspace.getConfiguration("rjdm", uri || (first && first.uri));
  const command = settings.get("command", "rjdm").trim() || "rjdm";
  const before = settings.get("arguments", []);
  return { command: placed(command, folder), before: before.map((each) => whole(each, folder)), folder };
}

/** A command with its whole path where it is a path: one that is relative is meant from the folder.
 * @param {string} text
 * @param {string | undefined} folder */
function placed(text, folder) {
  const command = whole(text, folder);
  return folder && /[/\\]/.test(command) ? path.resolve(folder, command) : command;
}

/** A setting with the folder and the home directory put in.
 * @param {string} text
 * @param {string | undefined} folder */
function whole(text, folder) {
  const own = text.replace(/^~(?=[/\\])/, () => os.homedir());
  return folder ? own.replace(/\$\{workspaceFolder\}/g, () => folder) : own;
}

/** Whether a command can be run: a path as it stands, a name on the PATH.
 * @param {string} command
 * @returns {boolean} */
function found(command) {
  const windows = process.platform === "win32";
  const endings = windows ? ["", ...(process.env.PATHEXT || ".EXE;.CMD;.BAT").split(";")] : [""];
  const named = !/[/\\]/.test(command);
  const folders = named ? (process.env.PATH || "").split(path.delimiter).filter(Boolean) : [""];
  return folders.some((each) => endings.some((ending) => runs(path.resolve(each, command + ending), windows)));
}

/** @param {string} file
 * @param {boolean} windows where every file may be run */
function runs(file, windows) {
  try {
    fs.accessSync(file, windows ? fs.constants.F_OK : fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

module.exports = { commandLine, found };
