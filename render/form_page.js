// The page: answers come in, the rules run, and what follows is shown.

const LARGEST_FILE = 5000000, MOST_ROWS = 300; // bytes; occurrences of one event
const PAUSE = 450; // milliseconds after which a problem in what is typed is told
const SIGNS = new Map([[true, "✓"], [false, "✗"], [null, "?"]]);
const VERDICT_SIGNS = { eligible: "✓", ineligible: "✗", undetermined: "?" };
const OUTCOME_SIGNS = { met: "✓", "not met": "✗", unknown: "?", "not applicable": "–" };

function start() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const program = prepared(data.program), { page } = data, t = page.terms;
  for (const item of Object.values(program.items)) for (const each of item.attributes) each.of = item.name;
  const records = new Records(program), why = new Why(program), fields = new Fields(program, page, records);
  const excluding = new Set(page.excluding), names = Object.keys(program.items);
  const answers = new Map(names.map((name) => [name, answer(program.items[name], fields.fresh(program.items[name].kind))]));
  const telling = new Map(names.map((name) => [name, page.telling[name].map((value) => records.value(program.items[name], value))]));
  const tops = program.parts.flatMap((part) => part.blocks.flatMap((block) => block.criteria))
    .filter((id) => program.criteria[id].condition !== null);
  const at = (id) => document.getElementById(id);
  const places = new Map(); // item: what shows it
  const skipped = new Set();
  let rules, asked = null, timer = null, saved = true;

  function answer(item, raw) {
    const unfinished = fields.unfinished(item, raw);
    if (unfinished) return { raw, value: undefined, fact: undefined, problem: unfinished };
    const value = fields.recorded(item, raw);
    if (value === undefined) return { raw, value, fact: undefined, problem: null };
    let fact;
    const problem = records.attempt(() => { fact = records.value(item, value); });
    return { raw, value, fact, problem };
  }

  // ---- questions

  function place(name, host, showLabel) {
    const item = program.items[name], words = page.items[name], problem = element("p", { class: "problem", id: fields.id() });
    const hint = element("p", { class: "hint", id: fields.id() }, hintOf(item, words));
    const field = fields.field(item, (raw) => take(name, raw, field));
    const set = element("fieldset", { class: "question", "aria-describedby": `${hint.id} ${problem.id}` },
      element("legend", {}, words.ask), hint, field.element, problem);
    set.addEventListener("focusout", (event) => {
      if (waiting.has(name) && !set.contains(event.relatedTarget)) tell(name, true);
    });
    host.replaceChildren(set);
    const shown = { field, problem, set };
    places.set(name, [...(places.get(name) || []), shown]);
    reflect(name, shown, null);
    return shown;
  }
  function hintOf(item, words) {
    const parts = [words.label === words.ask ? "" : words.label];
    if (["quantity", "number", "count"].includes(item.kind)) {
      if (words.range) parts.push(`${words.range} ${words.unit}`.trim());
      else if (words.unit) parts.push(words.unit);
    }
    parts.push(words.open);
    return [...parts, ...words.notes].filter(Boolean).join(" · ");
  }
  function reflect(name, { field, problem, set }, from) {
    const held = answers.get(name);
    if (field !== from) field.show(held.raw);
    set.classList.toggle("answered", held.fact !== undefined);
    if (!held.problem || from === null) tell(name, false);
    else if (held.problem.what === "empty_row") waiting.set(name, 0); // told when the question is left
    else later(name); // not while one is still typing
  }
  const waiting = new Map();
  function later(name) {
    clearTimeout(waiting.get(name));
    waiting.set(name, setTimeout(() => tell(name, true), PAUSE));
  }
  // Shows what is wrong with an answer, at every place where it is asked for, and says it once.
  function tell(name, aloud) {
    clearTimeout(waiting.get(name));
    waiting.delete(name);
    const held = answers.get(name), text = held.problem ? fields.problem(program.items[name], held.problem) : "";
    for (const { field, problem, set } of places.get(name) || []) {
      put(problem, text);
      set.classList.toggle("wrong", held.problem !== null);
      field.mark(held.problem);
    }
    if (aloud) aloudAfter(text, 0);
  }
  // For those who listen: problems and verdicts, one after the other and not at every key.
  let speech = null;
  function aloudAfter(text, pause) {
    clearTimeout(speech);
    speech = setTimeout(() => put(at("spoken"), text), pause);
  }
  function take(name, raw, from) {
    answers.set(name, answer(program.items[name], raw));
    skipped.delete(name);
    for (const shown of places.get(name) || []) reflect(name, shown, from);
    saved = false;
    showSkip();
    update(name === asked);
  }

  // ---- what follows from the answers

  function facts() {
    const found = Object.create(null);
    for (const [name, held] of answers) if (held.fact !== undefined) found[name] = held.fact;
    return found;
  }
  function verdicts() { return program.parts.map((part) => [part.name, rules.verdict(part)]); }
  function update(stay) {
    rules = new Rules(program, facts());
    showVerdict();
    showCriteria();
    clearTimeout(timer);
    timer = setTimeout(() => { showMissing(); if (!stay) askNext(); }, 60);
  }
  function put(node, text) { if (node.textContent !== text) node.textContent = text; }

  const saidOf = (part, verdict) => `${part ? page.parts[part] + ": " : ""}${VERDICT_SIGNS[verdict]} ${page.verdicts[verdict]}`;
  function showVerdict() {
    const found = verdicts(), worst = ["ineligible", "undetermined", "eligible"].find((each) => found.some(([, verdict]) => verdict === each));
    const decided = tops.filter((id) => rules.criterion(id) !== null).length;
    const recorded = [...answers.values()].filter((held) => held.fact !== undefined).length;
    const told = found.map(([part, verdict]) => [verdict, saidOf(part, verdict)]);
    document.body.dataset.verdict = worst;
    if (at("verdict").textContent !== told.map(([, text]) => text).join("")) { // said only where it changes
      at("verdict").replaceChildren(...told.map(([verdict, text]) => element("span", { "data-verdict": verdict }, text)));
      aloudAfter(told.map(([, text]) => text).join(t.list), 2 * PAUSE);
    }
    put(at("progress"), filled(t.progress, { decided, criteria: tops.length, recorded, items: names.length }));
    const noted = new Set(rules.messages.map(([what, item]) => filled(t.messages[what], { item: item ? page.items[item].label : "" })));
    put(at("messages"), [...noted].join(" "));
  }
  const outcomeText = (id, outcome) => `${OUTCOME_SIGNS[outcome]} ${page.terms.outcomes[outcome]}`;
  // Whether an outcome speaks for the patient's taking part, against it, or leaves it open.
  function look(id, outcome) {
    if (outcome === "unknown") return "open";
    return outcome === "not applicable" || (outcome === "met") !== excluding.has(id) ? "for" : "against";
  }
  const chips = new Map(), trees = new Map();
  function showCriteria() {
    for (const [id, chip] of chips) {
      const outcome = rules.outcome(id);
      put(chip, outcomeText(id, outcome));
      chip.dataset.look = look(id, outcome);
    }
    for (const [id, details] of trees) if (details.open) showTree(id, details);
    showReasons();
  }
  function showTree(id, details) {
    const list = element("ul", { class: "tree" }, line(page.criteria[id].tree));
    details.querySelector(".tree").replaceWith(list);
  }
  // Whether something is known of a value that follows from others.
  function told(value) {
    if (value instanceof Options) return value.chosen || value.names.size === 1;
    return value !== null && !(boundsOf(value) instanceof Bounds && boundsOf(value).unknown);
  }
  // What is known of an item: the answer, or what follows from others.
  function held(name) {
    const item = program.items[name], { raw, fact } = answers.get(name);
    if (fact === undefined && item.otherwise !== null && told(rules.item(name))) {
      return filled(page.items[name].assumed ? t.assumed : t.calculated, { value: fields.toldValue(item, rules.item(name)) });
    }
    return fields.told(item, raw);
  }
  // The answers behind a line; a label that the line names is not said again.
  function toldOf(node, most) {
    const items = node.i || [];
    const told = items.slice(0, most).map((name) => {
      const { label } = page.items[name], value = held(name);
      return items.length === 1 && node.t.includes(label) ? value : `${label}: ${value}`;
    });
    return told.join("; ") + (items.length > most ? "; …" : "");
  }
  function line(node) {
    const truth = rules.value(node.n);
    const told = toldOf(node, 4);
    const behind = told ? element("span", { class: "held" }, ` (${told})`) : null;
    return element("li", { "data-truth": String(truth) },
      element("span", { class: "sign", role: "img", "aria-label": t.signs[String(truth)] }, SIGNS.get(truth)), " ", node.t, behind,
      node.b ? element("ul", {}, ...node.b.map(line)) : null);
  }

  // ---- reasons

  function tellingLines(node, truth) { // the lines that carry an outcome: those below that have its sign
    if (!node.b) return [node];
    const same = node.b.filter((each) => rules.value(each.n) === truth);
    const turned = node.b.filter((each) => rules.value(each.n) === not(truth));
    return (same.length ? same : truth !== null && turned.length ? turned : node.b)
      .flatMap((each) => tellingLines(each, rules.value(each.n)));
  }
  function linesOf(id) {
    const { tree, parts } = page.criteria[id], truth = rules.criterion(id);
    const found = [];
    for (const each of tellingLines(tree, truth)) {
      const node = program.nodes[each.n];
      if (node.k === "CriterionTruth" && parts.includes(node.criterion)) found.push(...linesOf(node.criterion));
      else found.push(each);
    }
    return found;
  }
  function reasonOf(id) {
    const outcome = rules.outcome(id), seen = new Set();
    for (const each of linesOf(id)) {
      const told = toldOf(each, 3);
      seen.add(`${SIGNS.get(rules.value(each.n))} ${each.t}${told ? ` (${told})` : ""}`);
    }
    const lines = [...seen], shown = lines.slice(0, 3).join("; ") + (lines.length > 3 ? filled(t.and_more, { number: lines.length - 3 }) : "");
    return { outcome, text: `${page.criteria[id].sentence || id}: ${page.terms.outcomes[outcome]} – ${shown}` };
  }
  // The criteria that stand against the verdict: those that fail, then those that are unknown.
  function reasons() {
    const found = why.against(rules);
    return {
      failing: found.filter((id) => rules.criterion(id) !== null),
      open: found.filter((id) => rules.criterion(id) === null),
    };
  }
  function showReasons() {
    const { failing, open } = reasons();
    const made = failing.map((id) => element("li", {}, element("a", { href: `#${id}` }, id), ` ${reasonOf(id).text}`));
    at("reasons").replaceChildren(...made);
    at("reasons-none").hidden = made.length > 0;
    put(at("open-count"), open.length ? filled(t.open_criteria, { list: open.slice(0, 12).join(", ") + (open.length > 12 ? ", …" : "") }) : "");
  }

  // ---- what is missing, and what to ask next

  function deciding() { return why.deciding(rules); }
  // An item with an `otherwise` is asked for itself and by what it follows from.
  function candidates() {
    const found = new Set();
    const add = (name) => {
      if (found.has(name)) return;
      found.add(name);
      const { otherwise } = program.items[name];
      if (otherwise !== null) for (const each of why.itemsBehind(otherwise)) if (answers.get(each).fact === undefined) add(each);
    };
    deciding().forEach(add);
    return names.filter((name) => found.has(name));
  }
  function ranked() {
    const open = tops.filter((id) => rules.criterion(id) === null);
    return candidates().map((name) => [name, why.worth(rules, name, telling.get(name), open)])
      .sort((a, b) => skipped.has(a[0]) - skipped.has(b[0]) || b[1] - a[1]);
  }
  let order = [];
  function showMissing() {
    order = ranked();
    const shown = order.slice(0, 30).map(([name]) => {
      const link = element("a", { href: `#q-${name}` }, page.items[name].label);
      link.addEventListener("click", (event) => { event.preventDefault(); go(name); });
      const partly = answers.get(name).fact !== undefined ? ` ${t.not_enough}` : "";
      return element("li", {}, link, partly);
    });
    if (order.length > 30) shown.push(element("li", {}, filled(t.and_others, { number: order.length - 30 })));
    at("missing").replaceChildren(...shown);
    at("missing-none").hidden = order.length > 0;
    const wrong = names.filter((name) => answers.get(name).problem);
    const links = wrong.map((name) => {
      const link = element("a", { href: `#q-${name}` }, page.items[name].label);
      link.addEventListener("click", (event) => { event.preventDefault(); go(name); });
      return element("li", {}, link);
    });
    at("wrong").replaceChildren(...links);
    at("wrong-part").hidden = !links.length;
  }
  function go(name) {
    const shown = (places.get(name) || []).find((each) => at("questions").contains(each.set));
    if (!shown) return;
    shown.set.scrollIntoView({ block: "center" });
    shown.field.focus();
  }
  // What is entered is not "not known": the button is there only while nothing is.
  function showSkip() {
    const held = asked === null ? null : answers.get(asked);
    at("skip").hidden = held !== null && (held.value !== undefined || held.problem !== null);
  }
  const inNext = () => places.get(asked).find((each) => at("next-field").contains(each.set));
  function askNext(focus = false) {
    const next = order.find(([name]) => !skipped.has(name));
    const name = next ? next[0] : null;
    if (name !== asked) {
      if (asked !== null) places.set(asked, places.get(asked).filter((each) => !at("next-field").contains(each.set)));
      asked = name;
      if (name === null) at("next-field").replaceChildren();
      else place(name, at("next-field"));
    }
    showSkip();
    at("next-done").hidden = name !== null;
    at("next-buttons").hidden = name === null;
    at("again").hidden = name !== null || !order.length;
    put(at("next-done"), order.length ? filled(t.put_off, { number: order.length })
      : filled(t.all_asked, { verdict: verdicts().map(([part, verdict]) => saidOf(part, verdict)).join(t.list) }));
    if (focus && name === null) at("next-done").focus();
    if (focus && name !== null) inNext().field.focus();
  }

  // ---- the result

  const idOf = () => at("patient").value.replace(CONTROL, "").trim();
  function record() {
    const found = Object.create(null);
    const id = idOf();
    if (id) found.id = id;
    for (const [name, held] of answers) if (held.fact !== undefined) found[name] = held.value;
    return found;
  }
  function result() {
    const found = verdicts();
    return {
      protocol: program.protocol, version: program.version, patient: idOf() || "#1",
      ...(found.length === 1 && found[0][0] === null ? { verdict: found[0][1] }
        : { verdicts: Object.fromEntries(found) }),
      readings: program.readings,
      criteria: Object.fromEntries(Object.keys(program.criteria).map((id) => [id, rules.outcome(id)])),
      deciding_facts: [...deciding()].sort(),
      reasons: why.against(rules).map((id) => ({ criterion: id, text: reasonOf(id).text + "." })),
      record: record(),
    };
  }
  function say(text) { at("said").textContent = text; }
  function save() {
    if (names.some((name) => answers.get(name).problem)) { say(t.mend_first); return; }
    const text = JSON.stringify(result(), null, 2) + "\n";
    const link = element("a", { href: URL.createObjectURL(new Blob([text], { type: "application/json" })) });
    const id = (idOf() || "patient").replace(/[^\p{L}\p{N}_-]+/gu, "_");
    link.download = `${program.protocol}-${[...id].slice(0, 40).join("")}.json`; // no file system takes a name of any length
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    saved = true;
    say(filled(t.saved, { name: link.download }));
  }
  // The text of a file; null where it is not in UTF-8.
  async function textOf(file) {
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    } catch (error) {
      return null;
    }
  }
  // Takes in a record, or a result that holds one. Returns what is wrong with it, or nothing.
  function load(text) {
    if (text === null) return t.no_utf8;
    let given, remarks = () => "";
    try {
      given = parsedJson(text);
    } catch (error) {
      return error instanceof Problem ? filled(t.problems[error.what], error.words) : t.no_json;
    }
    if (Array.isArray(given) && given.length > 1) return filled(t.many_records, { number: given.length });
    if (Array.isArray(given) && given.length === 1) [given] = given;
    if (isObject(given) && isObject(given.record) && !Object.hasOwn(program.items, "record")) {
      if (given.protocol !== program.protocol) return filled(t.other_protocol, { protocol: shown(given.protocol) });
      remarks = differences(given);
      given = given.record;
    }
    if (isObject(given) && Object.values(given).some((each) => Array.isArray(each) && each.length > MOST_ROWS)) {
      return filled(t.too_many_rows, { number: MOST_ROWS });
    }
    const read = records.read(given);
    if (read.problems.length) {
      return read.problems.map((each) => each.item && Object.hasOwn(page.items, each.item)
        ? `${page.items[each.item].label}: ${fields.problem(program.items[each.item], each)}`
        : filled(t.problems[each.what], each.words)).join(" ");
    }
    for (const name of names) {
      const item = program.items[name], held = Object.hasOwn(given, name) && given[name] !== null ? given[name] : undefined;
      answers.set(name, answer(item, held === undefined ? fields.fresh(item.kind) : fields.raw(item, held)));
      for (const shown of places.get(name) || []) reflect(name, shown, null);
    }
    named(typeof given.id === "string" ? given.id : given.id instanceof Literal ? given.id.text : given.id ? String(given.id) : "");
    skipped.clear();
    saved = true;
    update(false);
    noted = remarks();
    return "";
  }
  // The patient's id, which stands on each printed page.
  function named(id) {
    if (at("patient").value !== id) at("patient").value = id;
    const text = [...(id.trim() ? `${t.patient_id}: ${id.trim()}` : "")].map((sign) => `\\${sign.codePointAt(0).toString(16)} `).join("");
    at("printed-id").textContent = `@page { @top-right { content: "${text}"; } }`;
  }
  let noted = "";
  // What a saved result says otherwise than this page: its version, its readings, its verdict.
  function differences(given) {
    const text = (value) => value === undefined ? "" : value instanceof Literal ? value.text : JSON.stringify(value);
    return () => {
      const found = result(), other = [];
      if (text(given.version) !== text(found.version)) other.push(filled(t.other_version, { version: text(given.version) }));
      if (given.readings !== undefined && text(given.readings) !== text(found.readings)) other.push(t.other_readings);
      const before = given.verdict === undefined ? given.verdicts : given.verdict;
      const now = found.verdict === undefined ? found.verdicts : found.verdict;
      if (before !== undefined && text(before) !== text(now)) other.push(t.other_verdict);
      return other.join(" ");
    };
  }

  // ---- putting the page together

  for (const host of document.querySelectorAll("[data-item]")) place(host.dataset.item, host);
  for (const chip of document.querySelectorAll("[data-outcome]")) chips.set(chip.dataset.outcome, chip);
  for (const details of document.querySelectorAll("details[data-tree]")) {
    const id = details.dataset.tree;
    trees.set(id, details);
    details.append(element("ul", { class: "tree" }));
    details.addEventListener("toggle", () => { if (details.open) showTree(id, details); });
  }
  at("skip").addEventListener("click", () => { skipped.add(asked); showMissing(); askNext(true); });
  at("again").addEventListener("click", () => { skipped.clear(); showMissing(); askNext(true); });
  at("next").addEventListener("click", () => {
    if (answers.get(asked).problem) { // first mended, or emptied
      tell(asked, true);
      inNext().field.focus();
      return;
    }
    clearTimeout(timer);
    if (answers.get(asked).fact === undefined) skipped.add(asked);
    showMissing();
    askNext(true);
  });
  at("next-form").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT" || asked === null) return;
    event.preventDefault();
    event.target.dispatchEvent(new Event("change", { bubbles: true })); // as if the field had been left
    if (!answers.get(asked).raw.list || !answers.get(asked).raw.list.length) at("next").click(); // entries have more fields
  });
  at("save").addEventListener("click", save);
  at("open").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (file && (saved || window.confirm(t.open_ask))) {
      const problem = file.size > LARGEST_FILE ? t.too_large : load(await textOf(file));
      say(problem || [filled(t.opened, { name: file.name }), noted].join(" ").trim());
    }
    event.target.value = ""; // so that the same file can be chosen again
  });
  at("print").addEventListener("click", () => {
    for (const [id, details] of trees) if (rules.outcome(id) !== "unknown") { details.open = true; showTree(id, details); }
    window.print();
  });
  at("clear").addEventListener("click", () => {
    if (saved || window.confirm(t.clear_ask)) { load("{}"); say(t.cleared); }
  });
  at("patient").addEventListener("input", () => { saved = false; named(at("patient").value); });
  // The bar that stays in view covers nothing that one is led to.
  new ResizeObserver(() => {
    document.documentElement.style.scrollPaddingTop = `${at("bar").offsetHeight + 12}px`;
  }).observe(at("bar"));
  window.addEventListener("beforeunload", (event) => { if (!saved) event.preventDefault(); });
  rules = new Rules(program, facts());
  showVerdict();
  showCriteria();
  showMissing();
  askNext();
  document.body.classList.add("ready");

  // For those who drive the page from outside: the same functions as the buttons call.
  window.rjdm = {
    load, record, result,
    evaluate(text) {
      const read = records.read(parsedJson(text));
      if (read.problems.length) return { problems: read.problems.map((each) => [each.item, each.what]) };
      const found = new Rules(program, read.facts);
      return {
        verdicts: program.parts.map((part) => found.verdict(part)),
        criteria: Object.fromEntries(Object.keys(program.criteria).map((id) => [id, found.outcome(id)])),
        deciding: [...why.deciding(found)].sort(),
      };
    },
    order: () => ranked(),
  };
}
document.addEventListener("DOMContentLoaded", start);
