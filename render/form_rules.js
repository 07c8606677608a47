// The rules of a protocol, run for one patient: each kind of expression as the reference evaluator of rjdm-rules
// takes it (rjdm_rules/evaluation/reference.py), on the numbered nodes that rjdm_rules/forms/program.py writes.

function prepared(program) { // exact numbers in place of their texts, once
  const numbers = ["value", "factor", "offset"];
  const unit = (held) => { held.factor = exactText(held.factor); held.offset = exactText(held.offset); };
  const item = (held) => {
    if (held.span) held.span = held.span.map(exactText);
    if (held.molar !== null) held.molar = exactText(held.molar);
    if (held.unit) unit(held.unit);
    held.attributes.forEach(item);
  };
  Object.values(program.items).forEach(item);
  for (const node of program.nodes) {
    for (const name of numbers) {
      if (typeof node[name] === "string" && (node.k === "Constant" || node.k === "Converted")) {
        node[name] = exactText(node[name]);
      }
    }
  }
  for (const table of Object.values(program.tables)) {
    table.inputs = table.inputs.map((span) => span && span.map(exactText));
    for (const row of table.rows) {
      for (const cell of row.cells.flat()) {
        if (cell.low !== null) cell.low = exactText(cell.low);
        if (cell.high !== null) cell.high = exactText(cell.high);
      }
      row.results = row.results.map((each, i) => table.outputs[i].kind === "number" ? exactText(each) : each);
    }
  }
  return program;
}

const unknownOf = (kind) => ["quantity", "number", "count"].includes(kind) ? new Measured(UNKNOWN)
  : kind === "date" || kind === "time" ? UNKNOWN : null;
function isKnown(value) {
  if (value instanceof Measured) return value.recorded;
  if (value instanceof Bounds) return value.low !== Infinity ? value.high !== Infinity : true;
  if (value instanceof Options && !value.chosen) return value.names.size === 1;
  return value !== null;
}
const boundsOf = (value) => value instanceof Measured ? value.value : value;
const span = (values) => new Bounds(least(values.map((e) => e.low)), greatest(values.map((e) => e.high)));
const sameBounds = (a, b) => compare(a.low, b.low) === 0 && compare(a.high, b.high) === 0;
function sameNumbers(a, b) {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => name in b && compare(a[name], b[name]) === 0);
}
function same(a, b) {
  if (a instanceof Options && b instanceof Options) {
    return a.names.size === b.names.size && [...a.names].every((name) => b.names.has(name));
  }
  if (a instanceof Bounds && b instanceof Bounds) return sameBounds(a, b);
  if (a instanceof Measured && b instanceof Measured) {
    return sameBounds(a.value, b.value) && sameNumbers(a.limits, b.limits) && sameNumbers(a.multiples, b.multiples);
  }
  return a === b;
}
function agreed(values, unknown) {
  const first = values[0];
  if (values.every((each) => same(each, first))) return first;
  if (values.every((each) => each instanceof Options)) return new Options(values.flatMap((each) => [...each.names]));
  if (values.every((each) => each instanceof Bounds)) return span(values);
  if (values.every((each) => each instanceof Measured && sameBounds(each.value, first.value))) {
    const shared = (name) => Object.fromEntries(Object.entries(first[name]).filter(([key, limit]) =>
      values.every((each) => key in each[name] && compare(each[name][key], limit) === 0)));
    return new Measured(first.value, shared("limits"), shared("multiples"));
  }
  return unknown;
}
function meanBounds(certain, possible) {
  const extreme = (fixed, optional, sign) => {
    let total = fixed.reduce(plus), count = fixed.length;
    for (const each of optional) {
      const next = over(plus(total, each), count + 1);
      if (compare(next, over(total, count)) * sign < 0) { total = plus(total, each); count++; }
    }
    return over(total, count);
  };
  const ordered = (name, sign) => possible.map((each) => each[name]).sort((a, b) => compare(a, b) * sign);
  return new Bounds(extreme(certain.map((e) => e.low), ordered("low", 1), 1),
    extreme(certain.map((e) => e.high), ordered("high", -1), -1));
}
function elapsed(unit, start, end, infinite) {
  if (endless(start) || endless(end)) return infinite;
  if (unit === "days") return end - start;
  return completed(unit === "years" ? 12 : 1, start, end);
}

function inside(cell, value) {
  const above = cell.low === null || compare(value, cell.low) > (cell.lowInside ? -1 : 0);
  return above && (cell.high === null || compare(value, cell.high) < (cell.highInside ? 1 : 0));
}
function mayMatch(alternatives, argument) {
  const value = boundsOf(argument);
  return alternatives.some((cell) => {
    if (cell.options === null && cell.low === null && cell.high === null) return true;
    if (cell.options !== null) {
      if (value === null) return true;
      const names = typeof value === "boolean" ? new Set([value ? "yes" : "no"]) : value.names;
      return cell.options.some((option) => names.has(option));
    }
    if (value.exact && !endless(value.low)) return inside(cell, value.low);
    const reaches = cell.low === null || compare(value.high, cell.low) > (cell.lowInside ? -1 : 0);
    return reaches && (cell.high === null || compare(value.low, cell.high) < (cell.highInside ? 1 : 0));
  });
}
function lookedUp(table, column, given) {
  const result = table.outputs.findIndex((each) => each.name === column), { kind } = table.outputs[result];
  const unknown = kind === "number" ? UNKNOWN : null;
  const inDomain = given.every((argument, i) => {
    const bounds = boundsOf(argument), limits = table.inputs[i];
    return !(bounds instanceof Bounds) || !limits ||
      (compare(limits[0], bounds.low) <= 0 && compare(bounds.high, limits[1]) <= 0);
  });
  const found = table.rows.filter((row) => row.cells.every((cell, i) => mayMatch(cell, given[i])))
    .map((row) => row.results[result]);
  if (!found.length || !inDomain) return unknown;
  if (kind === "options") return new Options(found);
  if (kind === "number") return found.every((each) => compare(each, found[0]) === 0) ? known(found[0]) : unknown;
  return found.every((each) => each === found[0]) ? found[0] : unknown;
}

class Rules {
  // `base` are the rules for facts that differ only in what the nodes `touched` rest on.
  constructor(program, facts, base = null, touched = null) {
    this.program = program;
    this.facts = facts;
    this.base = base;
    this.touched = touched;
    this.values = new Map();
    this.named = new Map();
    this.messages = base ? base.messages.slice() : [];
    this.lacking = new Map();
    program.order.forEach((node) => this.settle(node));
  }
  settle(node) {
    const [kind, name] = [node.slice(0, node.indexOf(":")), node.slice(node.indexOf(":") + 1)];
    if (kind === "item") this.item(name);
    else if (kind === "definition") this.defined(name);
    else if (kind === "criterion") this.criterion(name);
  }
  node(number) { return this.program.nodes[number]; }

  value(number, occurrence = null) {
    const node = this.node(number);
    if (occurrence !== null) return this[node.k](node, occurrence);
    if (this.base && !this.touched.has(number)) return this.base.value(number);
    if (!this.values.has(number)) this.values.set(number, this[node.k](node, null));
    return this.values.get(number);
  }
  bounds(number, occurrence) { return boundsOf(this.value(number, occurrence)); }
  once(key, make) {
    if (!this.named.has(key)) this.named.set(key, make());
    return this.named.get(key);
  }
  item(name) {
    return this.once("item:" + name, () => {
      const item = this.program.items[name];
      const held = Object.hasOwn(this.facts, name) ? this.facts[name] : null;
      if (held !== null && (!(held instanceof Measured) || held.recorded)) return held;
      if (item.otherwise === null) return held !== null ? held : unknownOf(item.kind);
      let other = this.value(item.otherwise);
      const outside = (bounds) => compare(bounds.high, item.span[0]) < 0 || compare(bounds.low, item.span[1]) > 0;
      if (item.span && other instanceof Bounds && outside(other)) {
        this.messages.push(["outside", name]);
        other = UNKNOWN;
      }
      return item.unit && other instanceof Bounds ? new Measured(other, held ? held.limits : {}) : other;
    });
  }
  defined(name) { return this.once("definition:" + name, () => this.value(this.program.definitions[name])); }
  criterion(id) {
    return this.once("criterion:" + id, () => {
      const { condition } = this.program.criteria[id];
      return condition === null ? true : this.value(condition);
    });
  }

  // ---- conditions

  truths(node, o) { return node.p.map((each) => this.value(each, o)); }
  Always(node) { return node.value; }
  Not(node, o) { return not(this.value(node.condition, o)); }
  Group(node, o) {
    const truths = this.truths(node, o);
    switch (node.kind) {
      case "all": return all(truths);
      case "any": return any(truths);
      case "none": return not(any(truths));
      case "at least": return atLeast(node.count, truths);
      case "at most": return atMost(node.count, truths);
      default: return all([atLeast(node.count, truths), atMost(node.count, truths)]);
    }
  }
  Except(node, o) { return all([this.value(node.condition, o), not(this.value(node.exception, o))]); }
  WaivedIf(node, o) { return any(this.truths(node, o)); }
  IfThen(node, o) { return any([not(this.value(node.condition, o)), this.value(node.consequence, o)]); }
  Compare(node, o) { return compared(node.operator, this.bounds(node.left, o), this.bounds(node.right, o)); }
  IsOneOf(node, o) {
    const possible = this.value(node.subject, o);
    if (possible === null) return null;
    const fitting = [...possible.names].filter((name) => node.options.includes(name)).length;
    return fitting === possible.names.size ? true : fitting ? null : false;
  }
  Includes(node, o) {
    const held = this.value(node.subject, o);
    return held === null ? null : held.names.has(node.option);
  }
  IsKnown(node, o) { return isKnown(this.value(node.subject, o)); }
  Occurs(node, o) {
    const fitting = this.selection(this.node(node.occurrences), o);
    return fitting === null ? null : any(fitting.map(([, truth]) => truth));
  }
  InWindow(node, o) {
    const date = this.bounds(node.date, o);
    return date.unknown ? null : this.fits(date, date, node.window, o);
  }
  CriterionTruth(node) { return this.criterion(node.criterion); }

  // ---- occurrences

  selection(node, outer) { // each occurrence with whether it fits; null where nothing is recorded
    const occurrences = this.item(node.event);
    if (node.where !== null && this.node(node.where).k === "Always" && !this.node(node.where).value) return [];
    if (occurrences === null) return null;
    return occurrences.map((each) => [each, all([
      each.happened,
      node.where === null ? true : this.value(node.where, each),
      node.window === null ? true : this.fits(each.start, each.end, node.window, outer),
    ])]);
  }
  fits(start, end, window, o) {
    const anchor = this.bounds(window.anchor, o);
    if (window.kind === "between") return betweenDays(start, end, anchor, this.bounds(window.end, o));
    const [months, units] = this.length(window.length, o);
    return fitsWindow(start, end, anchor, window.kind, window.direction, months, units);
  }
  length(length, o) {
    if (length === null) return [0, known(0)];
    if (length.k === "CalendarLength") return [length.months, known(length.days || length.seconds)];
    const duration = this.duration(length.duration, o);
    if (compare(duration.low, 0) < 0) {
      if (!duration.unknown) this.messages.push(["negative", null]);
      return [0, new Bounds(0, Infinity)];
    }
    return [0, duration];
  }
  duration(number, o) {
    const node = this.node(number);
    if (node.k === "Converted" && this.node(node.value).k === "Extreme" && node.offset === 0) {
      return this.duration(node.value, o).moved((end) => times(end, node.factor));
    }
    if (node.k === "Extreme" && (node.kind === "max" || node.values.every((each) => this.neverNegative(each)))) {
      const parts = node.values.map((each) => this.duration(each, o));
      const pick = node.kind === "max" ? greatest : least;
      return new Bounds(pick(parts.map((each) => each.low)), pick(parts.map((each) => each.high)));
    }
    const found = this.bounds(number, o);
    return found.unknown && this.neverNegative(number) ? new Bounds(0, Infinity) : found;
  }
  neverNegative(number) {
    const node = this.node(number);
    switch (node.k) {
      case "Constant": return compare(node.value, 0) >= 0;
      case "ItemValue": {
        const limits = this.program.items[node.item].span;
        return limits !== null && compare(limits[0], 0) >= 0;
      }
      case "Converted": return compare(node.factor, 0) > 0 && node.offset === 0 && this.neverNegative(node.value);
      case "Arithmetic":
        return node.operator !== "−" && this.neverNegative(node.left) && this.neverNegative(node.right);
      case "Extreme": return node.values.every((each) => this.neverNegative(each));
      default: return false;
    }
  }
  Selected(node, o) {
    const fitting = this.selection(node, o);
    return fitting && fitting.filter(([, truth]) => truth !== false).map(([each, truth]) => ({ ...each, happened: truth }));
  }
  NoOptions() { return new Options([], true); }
  NoOccurrences() { return []; }
  Pick(node, o) {
    const fitting = this.selection(this.node(node.occurrences), o) || [];
    const certain = fitting.filter(([, truth]) => truth === true).map(([each]) => each);
    if (!certain.length) return null;
    const possible = fitting.filter(([, truth]) => truth !== false).map(([each]) => each);
    if (node.kind === "latest") {
      const bar = greatest(certain.map((each) => each.start.low));
      return possible.filter((each) => compare(each.start.high, bar) >= 0);
    }
    const bar = least(certain.map((each) => each.start.high));
    return possible.filter((each) => compare(each.start.low, bar) <= 0);
  }
  AttributeOf(node, o) {
    const pick = this.node(node.occurrence), { event } = this.node(pick.occurrences);
    const candidates = this.value(node.occurrence, o);
    if (candidates === null) return this.unknownAttribute(event, node.attribute);
    if (node.attribute === "date") return this.pickedDate(pick, candidates, o);
    const values = candidates.map((each) => this.attribute(event, node.attribute, each));
    return node.attribute === "until" ? span(values) : agreed(values, this.unknownAttribute(event, node.attribute));
  }
  pickedDate(pick, candidates, o) {
    const certain = (this.selection(this.node(pick.occurrences), o) || []).filter(([, truth]) => truth === true);
    const sure = certain.map(([each]) => each.start), maybe = candidates.map((each) => each.start);
    return pick.kind === "latest"
      ? new Bounds(greatest(sure.map((e) => e.low)), greatest(maybe.map((e) => e.high)))
      : new Bounds(least(maybe.map((e) => e.low)), least(sure.map((e) => e.high)));
  }
  attribute(event, name, occurrence) {
    if (name === "date") return occurrence.start;
    if (name === "until") {
      return new Bounds(greatest([occurrence.start.low, occurrence.end.low]), occurrence.end.high);
    }
    const held = occurrence.attributes[name];
    return held === undefined ? this.unknownAttribute(event, name) : held;
  }
  unknownAttribute(event, name) {
    if (name === "date" || name === "until") return UNKNOWN;
    const declared = this.program.items[event].attributes.find((each) => each.name === name);
    return unknownOf(declared ? declared.kind : "");
  }
  AttributeValue(node, o) { return this.attribute(node.event, node.attribute, o); }
  Aggregate(node, o) {
    const { event } = this.node(node.occurrences), certain = [], possible = [];
    for (const [each, truth] of this.selection(this.node(node.occurrences), o) || []) {
      if (truth === false) continue;
      const bounds = boundsOf(this.attribute(event, node.attribute, each));
      if (bounds.unknown) return UNKNOWN;
      (truth ? certain : possible).push(bounds);
    }
    if (!certain.length) return UNKNOWN;
    if (node.kind === "mean") return meanBounds(certain, possible);
    const pick = node.kind === "max" ? greatest : least;
    const low = pick(certain.map((each) => each.low)), high = pick(certain.map((each) => each.high));
    return new Bounds(node.kind === "max" ? low : least([low, ...possible.map((each) => each.low)]),
      node.kind === "min" ? high : greatest([high, ...possible.map((each) => each.high)]));
  }

  // ---- values

  ItemValue(node) { return this.item(node.item); }
  ReadingValue(node) { return new Options([this.program.readings[node.reading]]); }
  DefinedValue(node) { return this.defined(node.name); }
  Constant(node) { return known(node.value); }
  DateConstant(node) { return known(node.day); }
  OptionConstant(node) { return new Options([node.option]); }
  Converted(node, o) {
    return this.bounds(node.value, o).moved((end) => plus(times(end, node.factor), node.offset));
  }
  Arithmetic(node, o) {
    const left = this.bounds(node.left, o), right = this.bounds(node.right, o);
    if (node.operator === "/" && right.exact && right.low === 0) this.messages.push(["division", null]);
    const found = calculated(node.operator, left, right);
    if (!beyond(found.low) && !beyond(found.high)) return found;
    this.messages.push(["long", null]);
    return UNKNOWN;
  }
  Extreme(node, o) {
    const values = node.values.map((each) => this.bounds(each, o));
    if (values.some((each) => each.unknown)) return UNKNOWN;
    const pick = node.kind === "max" ? greatest : least;
    return new Bounds(pick(values.map((each) => each.low)), pick(values.map((each) => each.high)));
  }
  FirstKnown(node, o) {
    const values = node.values.map((each) => this.value(each, o));
    const found = values.find(isKnown);
    return found === undefined ? values[values.length - 1] : found;
  }
  Lookup(node, o) { return lookedUp(this.program.tables[node.table], node.column, this.truths(node, o)); }
  CountTrue(node, o) { return new Bounds(...counted(this.truths(node, o))); }
  CountOptions(node, o) {
    const held = this.value(node.subject, o);
    return held === null ? UNKNOWN : known(held.names.size);
  }
  CountOccurrences(node, o) {
    const fitting = this.selection(this.node(node.occurrences), o);
    if (fitting === null) return UNKNOWN;
    const [certain, possible] = counted(fitting.map(([, truth]) => truth));
    return new Bounds(certain, fitting.some(([each, truth]) => each.more && truth !== false) ? Infinity : possible);
  }
  LimitValue(node, o) {
    const held = this.value(node.subject, o);
    return held instanceof Measured && node.limit in held.limits ? known(held.limits[node.limit]) : UNKNOWN;
  }
  TimesLimit(node, o) {
    const held = this.value(node.subject, o);
    return held instanceof Measured ? held.multiple(node.limit) : UNKNOWN;
  }
  Elapsed(node, o) {
    const start = this.bounds(node.start, o), end = this.bounds(node.end, o);
    if (start.unknown || end.unknown) return UNKNOWN;
    return new Bounds(elapsed(node.unit, start.high, end.low, -Infinity), elapsed(node.unit, start.low, end.high, Infinity));
  }
  DayOf(node, o) { return this.bounds(node.time, o).moved((end) => Math.floor(end / SECONDS_A_DAY)); }
  MomentsOf(node, o) {
    const day = this.bounds(node.date, o);
    return new Bounds(day.low === -Infinity ? day.low : day.low * SECONDS_A_DAY,
      day.high === Infinity ? day.high : day.high * SECONDS_A_DAY + SECONDS_A_DAY - 1);
  }
  Shifted(node, o) {
    const date = this.bounds(node.date, o), [months, units] = this.length(node.length, o);
    if (date.unknown || units.high === Infinity) return UNKNOWN;
    const [low, high] = node.sign > 0 ? [units.low, units.high] : [units.high, units.low];
    const clock = node.length.k === "ComputedLength" ? node.length.clock : node.length.seconds > 0;
    const move = node.moment && !clock ? movedMoment : moved;
    const found = new Bounds(move(date.low, node.sign, months, low), move(date.high, node.sign, months, high));
    return inCalendar(found, node.moment) ? found : UNKNOWN;
  }

  // ---- what comes of it

  outcome(id) {
    const { condition, asked } = this.program.criteria[id];
    if (condition === null || (asked !== null && this.value(asked) === false)) return "not applicable";
    return { true: "met", false: "not met", null: "unknown" }[this.criterion(id)];
  }
  verdict(part) {
    const truth = (kind, without) => {
      const block = part.blocks.find((each) => each.kind === kind);
      return block ? this.value(block.formula) : without;
    };
    const included = truth("inclusion", true), excluded = truth("exclusion", false);
    if (included === false || excluded === true) return "ineligible";
    return included === true && excluded === false ? "eligible" : "undetermined";
  }
}
