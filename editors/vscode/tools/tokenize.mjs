// Prints what the TextMate grammar makes of a text on standard input: a line of JSON for each line of the text, a list of
// [start, end, innermost scope]. For the tests; it needs `npm ci`.

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const textmate = require("vscode-textmate");
const oniguruma = require("vscode-oniguruma");
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");

const wasm = fs.readFileSync(path.join(path.dirname(require.resolve("vscode-oniguruma")), "onig.wasm"));
await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
const registry = new textmate.Registry({
  onigLib: Promise.resolve({
    createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
    createOnigString: (text) => new oniguruma.OnigString(text),
  }),
  loadGrammar: async () => {
    const file = path.join(root, "syntaxes", "rules.tmLanguage.json");
    return textmate.parseRawGrammar(fs.readFileSync(file, "utf8"), file);
  },
});
const grammar = await registry.loadGrammar("source.rjdm-rules");
let stack = textmate.INITIAL;
const lines = [];
for (const line of fs.readFileSync(0, "utf8").split("\n")) {
  const result = grammar.tokenizeLine(line, stack);
  stack = result.ruleStack;
  lines.push(JSON.stringify(result.tokens.map((each) => [each.startIndex, each.endIndex, each.scopes.at(-1)])));
}
process.stdout.write(lines.join("\n"));
