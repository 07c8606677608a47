// From a patient record, as in JSON, to facts. What does not fit is refused by item and value, not guessed.
//
// Facts: true or false, Bounds (dates), Measured, Options, or an array of occurrences {start, end, attributes,
// happened, more}. Absent is unknown. A problem names a text of the page's words and what stands in it.

class Problem extends Error {
  constructor(what, words = {}) { super(what); this.what = what; this.words = words; this.place = []; }
}
function within(place, read) { // reads a part of a value: a problem in it tells where it is
  try {
    return read();
  } catch (problem) {
    if (problem instanceof Problem) problem.place.unshift(place);
    throw problem;
  }
}
class Measured {
  constructor(value, limits = {}, multiples = {}) {
    this.value = value;
    this.limits = limits;
    this.multiples = multiples;
  }
  get recorded() { return !this.value.unknown || Object.keys(this.multiples).length > 0; }
  multiple(limit) {
    if (limit in this.multiples) return known(this.multiples[limit]);
    if (!(limit in this.limits) || this.value.unknown) return UNKNOWN;
    return this.value.moved((end) => over(end, this.limits[limit]));
  }
}
class Options { // those of which one holds as far as is known, or (`chosen`) a set of those that all hold
  constructor(names, chosen = false) { this.names = new Set(names); this.chosen = chosen; }
}

const LIMITS = { uln: "ULN", lln: "LLN" };
// 10⁹, as powers of ten are printed, as 10^9.
const plainPowers = (text) => text.replace(/(?<![\d.])10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})/g,
  (all, power) => "10^" + [...power].map((sign) => "-+0123456789"["⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(sign)]).join(""));
const QUANTITY = /^\s*([+\-−]?\d+(?:\.\d+)?(?:[eE][+\-]?\d{1,3})?)(?:\s*[×x*]\s*10\^([+\-−]?\d{1,2}))?\s*(.*?)\s*$/s;
const MULTIPLE = /^[×x*X]?\s*(ULN|LLN)$/i;
const HIGHEST = { n: 10n ** 60n, d: 1n }, LOWEST = { n: 1n, d: 10n ** 60n };
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const shown = (value) => {
  const text = value instanceof Literal ? value.text : typeof value === "string" ? `"${value}"` : JSON.stringify(value) || String(value);
  const seen = text.replace(UNSEEN, (sign) => `\\u${sign.codePointAt(0).toString(16).padStart(4, "0")}`);
  return seen.length <= 60 ? seen : seen.slice(0, 57) + "…";
};

// A number of a JSON text as it was written, so that nothing of it is lost.
class Literal {
  constructor(text) { this.text = text; }
  toJSON() { return Number(this.text); } // as a message shows one inside another value
}
// Blanks as the rules take them, around a text; a byte order mark is none.
const strip = (text) => text.replace(/^(?:[^\S\ufeff]|[\x1c-\x1f\x85])+|(?:[^\S\ufeff]|[\x1c-\x1f\x85])+$/g, "");
// Signs that are not seen: those that control something, and (in messages) those that turn the text behind them too.
const CONTROL = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu, UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
// JSON without loss: numbers as they are written, and a key given twice is refused. Throws SyntaxError, and Problem.
function parsedJson(text) {
  const token = /\s*(?:([{}[\]:,])|("(?:[^"\\\x00-\x1f]|\\.)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null))/y;
  let found;
  const next = () => {
    found = token.exec(text);
    if (!found) throw new SyntaxError("not JSON");
    return found;
  };
  const wanted = (sign) => { if (next()[1] !== sign) throw new SyntaxError("not JSON"); };
  const value = (depth) => {
    if (depth > 60) throw new SyntaxError("nested too deeply");
    const [, sign, string, number, word] = found;
    if (string !== undefined) return JSON.parse(string);
    if (number !== undefined) return new Literal(number);
    if (word !== undefined) return JSON.parse(word);
    if (sign === "[") return list(depth);
    if (sign === "{") return object(depth);
    throw new SyntaxError("not JSON");
  };
  const list = (depth) => {
    const all = [];
    if (next()[1] === "]") return all;
    for (;;) {
      all.push(value(depth + 1));
      if (next()[1] === "]") return all;
      if (found[1] !== ",") throw new SyntaxError("not JSON");
      next();
    }
  };
  const object = (depth) => {
    const all = {};
    if (next()[1] === "}") return all;
    for (;;) {
      if (found[2] === undefined) throw new SyntaxError("not JSON");
      const key = JSON.parse(found[2]);
      if (Object.hasOwn(all, key)) throw new Problem("twice", { value: shown(key) });
      wanted(":");
      next();
      Object.defineProperty(all, key, { value: value(depth + 1), enumerable: true }); // whatever the key is called
      if (next()[1] === "}") return all;
      if (found[1] !== ",") throw new SyntaxError("not JSON");
      next();
    }
  };
  next();
  const whole = value(0);
  if (text.slice(token.lastIndex).trim()) throw new SyntaxError("not JSON");
  return whole;
}
function exactValue(value) {
  if (typeof value !== "number" && typeof value !== "string" && !(value instanceof Literal)) {
    throw new Problem("no_number", { value: shown(value) });
  }
  const text = value instanceof Literal ? value.text : strip(String(value)).replace("−", "-");
  const match = /^[+-]?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$/.exec(text);
  if (!match || !(match[1] || match[2])) throw new Problem("no_number", { value: shown(value) });
  const digits = (match[1] + (match[2] || "")).replace(/^0+/, "");
  if (!digits) return 0;
  const first = digits.length - (match[2] || "").length + Number(match[3] || 0) - 1;
  if (Math.abs(first) > 60 || digits.length > 60) throw new Problem("too_long", { value: shown(value) });
  return decimal(text);
}

class Records {
  constructor(program) {
    this.items = program.items;
    this.units = new Units(program.units);
  }

  // {facts, problems: [{item, what, words}]} of a record.
  read(record) {
    if (!isObject(record) || record instanceof Literal) return { facts: {}, problems: [{ item: null, what: "no_record", words: {} }] };
    const facts = Object.create(null), problems = [];
    for (const [name, value] of Object.entries(record)) {
      if (name === "id") {
        const plain = (typeof value === "string" && !value.match(CONTROL)) || Number.isInteger(value) ||
          (value instanceof Literal && /^-?\d{1,60}$/.test(value.text));
        if (value !== null && !plain) problems.push({ item: "id", what: "no_id", words: { value: shown(value) } });
        continue;
      }
      if (!Object.hasOwn(this.items, name)) {
        problems.push({ item: name, what: "no_item", words: { value: shown(name) } });
      } else if (value !== null) {
        const problem = this.attempt(() => { facts[name] = this.value(this.items[name], value); });
        if (problem) problems.push({ item: name, ...problem });
      }
    }
    return { facts, problems };
  }
  attempt(read) { // null, or {what, words, place} of the problem
    try {
      read();
      return null;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      return { what: problem.what, words: problem.words, place: problem.place };
    }
  }

  value(item, value) {
    switch (item.kind) {
      case "truth": return this.truth(value);
      case "one of": return new Options([this.option(item, value)]);
      case "several of":
        if (!Array.isArray(value)) throw new Problem("no_list", { value: shown(value) });
        return new Options(value.map((each) => this.option(item, each)), true);
      case "date": return this.date(value);
      case "time": return this.time(value);
      case "event": return this.occurrences(item, value);
      default: return this.measured(item, value);
    }
  }
  truth(value) {
    if (typeof value === "boolean") return value;
    const word = typeof value === "string" ? strip(value).toLowerCase() : "";
    if (word === "yes" || word === "true") return true;
    if (word === "no" || word === "false") return false;
    throw new Problem("no_truth", { value: shown(value) });
  }
  option(item, value) {
    if (typeof value === "string" && item.options.includes(value)) return value;
    throw new Problem("no_option", { value: shown(value), options: item.options.join(", ") });
  }

  // ---- measured values

  measured(item, value) {
    if (isObject(value) && !(value instanceof Literal)) return this.parts(item, value);
    const [number, unit, multiple] = this.written(item, value);
    if (multiple) {
      this.declares(item, multiple);
      return new Measured(UNKNOWN, {}, { [multiple]: number });
    }
    return new Measured(known(this.accepted(item, this.declared(item, number, unit), value)));
  }
  parts(item, value) {
    for (const key of Object.keys(value)) {
      if (!["value", "unit", "uln", "lln"].includes(key)) throw new Problem("no_part", { value: shown(key) });
    }
    const given = (key) => value[key] !== null && value[key] !== undefined;
    if (given("unit") && typeof value.unit !== "string") throw new Problem("no_unit", { value: shown(value.unit) });
    const [number, written, multiple] = given("value") ? this.written(item, value.value) : [null, null, null];
    if (written !== null && given("unit") && !this.sameUnit(written, value.unit)) {
      throw new Problem("two_units", { value: written, other: value.unit });
    }
    const unit = written !== null ? written : given("unit") ? value.unit : null;
    const limits = {};
    for (const [key, limit] of Object.entries(LIMITS)) {
      if (!given(key)) continue;
      this.declares(item, limit);
      const [amount, own, times] = this.written(item, value[key]);
      if (times) throw new Problem("no_limit", { value: shown(value[key]) });
      limits[limit] = this.declared(item, amount, own === null ? unit : own);
      if (compare(limits[limit], 0) <= 0) throw new Problem("limit_zero", { limit, value: shown(value[key]) });
    }
    if ("ULN" in limits && "LLN" in limits && compare(limits.LLN, limits.ULN) > 0) throw new Problem("limits_turned");
    if (number === null) return new Measured(UNKNOWN, limits);
    if (multiple) {
      this.declares(item, multiple);
      if (!(multiple in limits)) return new Measured(UNKNOWN, limits, { [multiple]: number });
      return new Measured(known(this.accepted(item, times(number, limits[multiple]), value.value)), limits);
    }
    return new Measured(known(this.accepted(item, this.declared(item, number, unit), value.value)), limits);
  }
  declares(item, limit) {
    if (!item.limits.includes(limit)) throw new Problem("limit_undeclared", { limit });
  }
  // [number, unit as written or null, limit of which it is a multiple or null]
  written(item, value) {
    if (typeof value !== "string") {
      if (Array.isArray(value) || (isObject(value) && !(value instanceof Literal))) {
        throw new Problem("list_for_one", { value: shown(value) });
      }
      return [exactValue(value), null, null];
    }
    const match = QUANTITY.exec(plainPowers(value));
    if (!match) throw new Problem(/^\s*[<>≤≥~≈]/.test(value) ? "bound" : "no_number", { value: shown(value) });
    const power = decimal("1e" + (match[2] || "0").replace("−", "-"));
    const number = times(exactValue(match[1].replace("−", "-")), power);
    const amount = compare(number, 0) < 0 ? negative(number) : number;
    if (number !== 0 && !(compare(LOWEST, amount) < 0 && compare(amount, HIGHEST) < 0)) {
      throw new Problem("too_long", { value: shown(value) });
    }
    const rest = match[3];
    if (!rest) return [number, null, null];
    const multiple = MULTIPLE.exec(rest);
    if (multiple) return [number, null, multiple[1].toUpperCase()];
    if (rest === "." || ",'".includes(rest[0]) || (/\d/.test(rest[0]) && !/^10[*^]/.test(rest))) {
      throw new Problem("decimal_sign", { value: shown(value) });
    }
    if (rest.includes("(") && /\(\D*\d[^()]*\)$/.test(rest)) throw new Problem("holds_more", { value: shown(value) });
    return [number, rest, null];
  }
  unit(text) {
    const unit = this.units.unit(plainPowers(text));
    if (!unit) throw new Problem("unit_unknown", { value: shown(text).slice(1, -1), unit: text });
    return unit;
  }
  sameUnit(a, b) {
    const [one, other] = [this.unit(a), this.unit(b)];
    return one.text === other.text && sameDimension(one.dimension, other.dimension) &&
      compare(one.factor, other.factor) === 0 && compare(one.offset, other.offset) === 0;
  }
  declared(item, number, unit) {
    if (unit === null) return number;
    const written = item.unit.text ? this.unit(unit) : this.units.unit(plainPowers(unit));
    const factors = written && this.units.conversion(written, item.unit, item.molar);
    if (!factors || (plainUnit(item.unit) && !plainUnit(written))) {
      throw new Problem(item.unit.text ? "unit_wrong" : "unit_none", { value: shown(unit).slice(1, -1), unit: item.unit.text });
    }
    return plus(times(number, factors[0]), factors[1]);
  }
  accepted(item, number, value) {
    if (item.kind === "count" && (typeof number !== "number" || number < 0)) {
      throw new Problem("no_count", { value: shown(value) });
    }
    if (item.span && (compare(number, item.span[0]) < 0 || compare(number, item.span[1]) > 0)) {
      throw new Problem("out_of_range", { value: shown(value), item: item.name });
    }
    return number;
  }

  // ---- dates and occurrences

  date(value) { return new Bounds(...this.days(value)); }
  days(value) {
    if (typeof value !== "string") throw new Problem("date_form", { value: shown(value) });
    const days = daysOf(strip(value));
    if (typeof days === "string") throw new Problem(days, { value: shown(value) });
    return days;
  }
  time(value) {
    const seconds = typeof value === "string" ? secondsOf(strip(value)) : "time_form";
    if (typeof seconds === "string") throw new Problem(seconds, { value: shown(value) });
    return new Bounds(...seconds);
  }
  occurrences(item, value) {
    if (Array.isArray(value)) {
      if (value.length > 10000) throw new Problem("too_many", { value: String(value.length) });
      return value.map((each, at) => {
        if (each === "yes" && value.length > 1) throw new Problem("yes_alone");
        return value.length > 1 ? within(at + 1, () => this.occurrence(item, each)) : this.occurrence(item, each);
      });
    }
    if (value === "none" || value === "no") return [];
    return [this.occurrence(item, value)];
  }
  occurrence(item, value) {
    if (value === "yes") return { ...this.course(item, {}), more: true };
    if (isObject(value) && !(value instanceof Literal) && Object.keys(value).length) return this.course(item, value);
    if (typeof value !== "string" || !/^\s*\d/.test(value)) throw new Problem("date_form", { value: shown(value) });
    if (item.repeated && !/^\d{4}(?:-|$)/.test(strip(value))) throw new Problem("no_day", { value: shown(value) });
    return this.course(item, { date: value });
  }
  course(item, value) {
    const attribute = (name) => item.attributes.find((each) => each.name === name);
    const own = ["value", "unit", "uln", "lln"], hasValue = attribute("value"), attributes = Object.create(null);
    const given = (key) => value[key] !== null && value[key] !== undefined;
    for (const [key, held] of Object.entries(value)) {
      if (key === "date" || key === "until" || (hasValue && own.includes(key))) continue;
      if (!attribute(key)) throw new Problem("no_attribute", { value: shown(key) });
      if (held !== null) attributes[key] = within(key, () => this.value(attribute(key), held));
    }
    const measured = Object.fromEntries(own.filter(given).map((key) => [key, value[key]]));
    if (hasValue && Object.keys(measured).length) {
      const plain = Object.keys(measured).length === 1 && "value" in measured;
      attributes.value = within("value", () => this.value(hasValue, plain ? measured.value : measured));
    }
    const start = given("date") ? this.date(value.date) : UNKNOWN;
    return { start, end: this.end(item, value, start), attributes, happened: true, more: false };
  }
  end(item, value, start) {
    if (!item.course) {
      if ("until" in value) throw new Problem("no_end");
      return start;
    }
    if (value.until === null || value.until === undefined) return new Bounds(start.low, Infinity);
    if (value.until === "ongoing") return new Bounds(Infinity, Infinity);
    const [low, high] = this.days(value.until);
    if (high < start.low) throw new Problem("ends_before", { value: shown(value.until) });
    return new Bounds(Math.max(low, start.low), high);
  }
}
