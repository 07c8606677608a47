// Exact numbers, what is known of a value in part, and units of measure.
//
// A number is a JavaScript integer where that is exact, plus or minus Infinity, or {n, d} of BigInts in lowest terms.

function ratio(n, d) {
  if (d < 0n) { n = -n; d = -d; }
  let a = n < 0n ? -n : n, b = d;
  while (b) { [a, b] = [b, a % b]; }
  n /= a; d /= a;
  if (d === 1n && n <= 9007199254740991n && n >= -9007199254740991n) return Number(n);
  return { n, d };
}
const upper = (x) => typeof x === "number" ? BigInt(x) : x.n;
const lower = (x) => typeof x === "number" ? 1n : x.d;
const endless = (x) => x === Infinity || x === -Infinity;

function exactText(text) { // "3", "-1/3"
  const [n, d] = text.split("/");
  return ratio(BigInt(n), BigInt(d || "1"));
}

function decimal(text) { // "-0.25e-3", as a record or a person writes it
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text);
  const digits = match[2] + (match[3] || ""), power = Number(match[4] || 0) - (match[3] || "").length;
  const whole = BigInt(match[1] + (digits || "0"));
  return power >= 0 ? ratio(whole * 10n ** BigInt(power), 1n) : ratio(whole, 10n ** BigInt(-power));
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a < b ? -1 : a > b ? 1 : 0;
  if (endless(a)) return a < 0 ? -1 : 1;
  if (endless(b)) return b < 0 ? 1 : -1;
  const left = upper(a) * lower(b), right = upper(b) * lower(a);
  return left < right ? -1 : left > right ? 1 : 0;
}
const least = (values) => values.reduce((a, b) => compare(b, a) < 0 ? b : a);
const greatest = (values) => values.reduce((a, b) => compare(b, a) > 0 ? b : a);

function plus(a, b) {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum) || endless(a) || endless(b)) return sum;
  }
  if (endless(a)) return a;
  if (endless(b)) return b;
  return ratio(upper(a) * lower(b) + upper(b) * lower(a), lower(a) * lower(b));
}
const negative = (a) => typeof a === "number" ? (a === 0 ? 0 : -a) : { n: -a.n, d: a.d };
const minus = (a, b) => plus(a, negative(b));
function times(a, b) {
  if (typeof a === "number" && typeof b === "number") {
    const product = a * b;
    if (Number.isSafeInteger(product)) return product === 0 ? 0 : product;
  }
  if (endless(a) || endless(b)) return (compare(a, 0) < 0) === (compare(b, 0) < 0) ? Infinity : -Infinity;
  return ratio(upper(a) * upper(b), lower(a) * lower(b));
}
const over = (a, b) => ratio(upper(a) * lower(b), lower(a) * upper(b));
function floor(a) {
  if (typeof a === "number") return a;
  const whole = a.n / a.d;
  return ratio(a.n < 0n && whole * a.d !== a.n ? whole - 1n : whole, 1n);
}
const ceiling = (a) => negative(floor(negative(a)));
const towardsZero = (a) => typeof a === "number" ? a : ratio(a.n / a.d, 1n);
const LONGEST_NUMBER = 1n << 3500n;
const size = (n) => n < 0n ? -n : n;
const beyond = (a) => typeof a !== "number" && (size(a.n) >= LONGEST_NUMBER || a.d >= LONGEST_NUMBER);

// ---- truth after Kleene: true, false, null for unknown

const not = (a) => a === null ? null : !a;
function all(truths) {
  let result = true;
  for (const each of truths) {
    if (each === false) return false;
    if (each === null) result = null;
  }
  return result;
}
const any = (truths) => not(all(truths.map(not)));
function counted(truths) {
  let certain = 0, possible = 0;
  for (const each of truths) {
    if (each === true) certain++;
    if (each !== false) possible++;
  }
  return [certain, possible];
}
function atLeast(n, truths) {
  const [certain, possible] = counted(truths);
  return certain >= n ? true : possible < n ? false : null;
}
const atMost = (n, truths) => not(atLeast(n + 1, truths));

// ---- the least and the greatest that a value may be

class Bounds {
  constructor(low, high) { this.low = low; this.high = high; }
  get exact() { return compare(this.low, this.high) === 0; }
  get unknown() { return this.low === -Infinity && this.high === Infinity; }
  moved(change) {
    return new Bounds(this.low === -Infinity ? this.low : change(this.low),
      this.high === Infinity ? this.high : change(this.high));
  }
}
const UNKNOWN = new Bounds(-Infinity, Infinity);
const known = (value) => new Bounds(value, value);
const below = (a, b) => compare(a.high, b.low) < 0 ? true : compare(a.low, b.high) >= 0 ? false : null;
const notAbove = (a, b) => compare(a.high, b.low) <= 0 ? true : compare(a.low, b.high) > 0 ? false : null;
function alike(a, b) {
  if (a.exact && b.exact && compare(a.low, b.low) === 0) return true;
  return compare(a.high, b.low) < 0 || compare(b.high, a.low) < 0 ? false : null;
}
function compared(operator, a, b) {
  if (a.unknown || b.unknown) return null;
  switch (operator) {
    case "<": return below(a, b);
    case "≤": return notAbove(a, b);
    case ">": return below(b, a);
    case "≥": return notAbove(b, a);
    case "=": return alike(a, b);
    default: return not(alike(a, b));
  }
}
function calculated(operator, a, b) {
  if (a.unknown || b.unknown) return UNKNOWN;
  if (operator === "+") return new Bounds(plus(a.low, b.low), plus(a.high, b.high));
  if (operator === "−") return new Bounds(minus(a.low, b.high), minus(a.high, b.low));
  const ends = [a.low, a.high].flatMap((x) => [b.low, b.high].map((y) => [x, y]));
  if (operator === "×") {
    if (a.exact && b.exact) return known(times(a.low, b.low));
    const corners = ends.map(([x, y]) => x === 0 || y === 0 ? 0 : times(x, y));
    return new Bounds(least(corners), greatest(corners));
  }
  if (compare(b.low, 0) <= 0 && compare(b.high, 0) >= 0) return UNKNOWN;
  if (ends.flat().some(endless)) return UNKNOWN;
  const corners = ends.map(([x, y]) => over(x, y));
  return new Bounds(least(corners), greatest(corners));
}

// ---- units

class Units {
  constructor(table) { this.table = table; this.read = new Map(); }

  // The unit written as a text: {dimension, factor, offset, text}; null for one that does not exist.
  unit(text) {
    const written = text.replace(/ /g, "");
    if (!this.read.has(written)) this.read.set(written, this.made(written));
    return this.read.get(written);
  }
  made(written) {
    if (!written || written.length > 60) return null;
    const name = this.usual(written);
    if (Object.hasOwn(this.table.offsets, name)) {
      const [factor, offset] = this.table.offsets[name].map(exactText);
      return { text: written, dimension: { K: 1 }, factor, offset };
    }
    const product = this.product(name, 0);
    return product && { text: written, dimension: product[0], factor: product[1], offset: 0 };
  }
  usual(name) { return Object.hasOwn(this.table.everyday, name) ? this.table.everyday[name] : name; }

  product(text, depth) {
    const piece = /[./·]|\{[^{}]*\}|\((?:[^()]*)\)|(?:1\.73_?m[2²]|10[*^][+\-−]?\d+|\[[^\[\]]*\]|[^./·{}()\[\]])+/y;
    let dimension = {}, factor = 1, sign = 1, expected = !text.startsWith("/"), position = 0;
    while (position < text.length) {
      piece.lastIndex = position;
      const match = piece.exec(text);
      if (!match) return null;
      position = piece.lastIndex;
      let one = match[0], part;
      if (one === "/" || one === "." || one === "·") {
        if (expected) return null;
        sign = one === "/" ? -1 : 1;
        expected = true;
        continue;
      }
      if (one.startsWith("{")) {
        if (!one.includes("1.73")) { expected = false; continue; }
        one = "1.73m2";
      }
      if (one.startsWith("(")) part = depth > 3 ? null : this.product(one.slice(1, -1), depth + 1);
      else part = this.atom(one);
      if (!part) return null;
      dimension = combined(dimension, part[0], sign);
      factor = sign > 0 ? times(factor, part[1]) : over(factor, part[1]);
      sign = 1;
      expected = false;
    }
    return expected ? null : [dimension, factor];
  }
  atom(piece) {
    const ten = /^10(?:\*|\^)([+\-−]?\d{1,2})$/.exec(piece);
    if (ten) return [{}, decimal("1e" + ten[1].replace("−", "-"))];
    if (["1.73m2", "1.73_m2", "1.73m²"].includes(piece)) return this.listed("1.73m2");
    const found = this.symbol(piece);
    if (found) return found;
    const power = /^(.*?)(?:\^)?([+\-−]?\d+|⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)$/s.exec(piece);
    if (power && power[1]) {
      const base = this.symbol(power[1]);
      const exponent = Number([...power[2]].map((sign) => {
        const place = "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(sign);
        return place >= 0 ? place : sign === "⁻" || sign === "−" ? "-" : sign;
      }).join(""));
      if (base && exponent !== 0 && Math.abs(exponent) <= 9) {
        let factor = 1;
        for (let i = 0; i < Math.abs(exponent); i++) factor = times(factor, base[1]);
        const dimension = Object.fromEntries(Object.entries(base[0]).map(([name, each]) => [name, each * exponent]));
        return [dimension, exponent > 0 ? factor : over(1, factor)];
      }
    }
    return /^\d{1,9}$/.test(piece) && Number(piece) ? [{}, Number(piece)] : null;
  }
  symbol(written) {
    const symbol = this.usual(written), { units, prefixes } = this.table;
    if (Object.hasOwn(units, symbol)) return this.listed(symbol);
    if (symbol.includes("/")) return this.product(symbol, 0);
    for (const prefix of Object.keys(prefixes)) {
      const name = symbol.slice(prefix.length);
      if (symbol.startsWith(prefix) && Object.hasOwn(units, name) && units[name][2]) {
        const [dimension, factor] = this.listed(name);
        return [dimension, times(factor, decimal("1e" + prefixes[prefix]))];
      }
    }
    return null;
  }
  listed(symbol) {
    const [dimension, factor] = this.table.units[symbol];
    return [dimension, exactText(factor)];
  }

  // [a, b] with value in target = a × value in source + b; null where the dimensions differ.
  conversion(source, target, molar) {
    const amounts = (unit) => dimensionless(unit) && unit.text.includes("mol/");
    if (amounts(source) !== amounts(target) && !(plainUnit(source) || plainUnit(target))) return null;
    let scale = 1;
    if (!sameDimension(source.dimension, target.dimension)) {
      if (molar === null) return null;
      const turned = (from, to) => combined(combined(source.dimension, { [from]: 1 }, -1), { [to]: 1 }, 1);
      if (sameDimension(turned("g", "mol"), target.dimension)) scale = over(1, molar);
      else if (sameDimension(turned("mol", "g"), target.dimension)) scale = molar;
      else return null;
    }
    const factor = over(times(source.factor, scale), target.factor);
    const moved = source.offset !== 0 || target.offset !== 0;
    return [factor, moved ? over(minus(source.offset, target.offset), target.factor) : 0];
  }
}
function combined(left, right, sign) {
  const powers = { ...left };
  for (const [base, power] of Object.entries(right)) powers[base] = (powers[base] || 0) + sign * power;
  return Object.fromEntries(Object.entries(powers).filter(([, power]) => power));
}
function sameDimension(a, b) {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
const dimensionless = (unit) => Object.keys(unit.dimension).length === 0;
const plainUnit = (unit) => dimensionless(unit) && unit.factor === 1 && (unit.text === "" || unit.text === "1");
