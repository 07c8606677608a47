// The fields of a question. What stands in them (`raw`) is one thing, the value that a record holds another.
//
// raw: yes/no and one of: "" or the answer; several of: null or a list; date, time and numbers: a text, or
// {value, unit, uln, lln} of texts, `typed` where the unit came from the text; event: {state: "", "never", "happened" or "listed", list: [{date, until, …}]}.

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
// Full-width signs of East Asian keyboards as the plain ones that they stand for.
const plainSigns = (text) => text.replace(/[\uff01-\uff5e]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0))
  .replace(/\u3000/g, " ").trim();
// A day or a time as a record writes it: 2026-3-2, 2026/3/2, 20260302, 2026年3月2日 and 2026-03-02 9:30 are as good.
function plainDate(text) {
  const plain = plainSigns(text).replace(/^((?:1[89]|2[012])\d{2})(\d{2})(\d{2})$/, "$1-$2-$3")
    .replace(/^(\d{4})\s*[年/]\s*(\d{1,2})(?:\s*[月/]\s*(?:(\d{1,2})\s*日?)?)?(?=$|[T ])/,
      (all, year, month, day) => [year, month, day].filter(Boolean).join("-"))
    .replace(/^(\d{4})年$/, "$1");
  const match = /^(\d{4})-(\d{1,2})(?:-(\d{1,2})(?:[T ]\s*(\d{1,2}):(\d{2})(:\d{2})?)?)?$/.exec(plain);
  if (!match) return plain;
  const [, year, month, day, hour, minute, second] = match;
  return year + "-" + padded(month, 2) + (day ? "-" + padded(day, 2) : "") + (hour ? `T${padded(hour, 2)}:${minute}${second || ""}` : "");
}
function mark(input, wrong) {
  if (wrong) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}
const filled = (text, words) => text.replace(/\{(\w+)\}/g, (all, name) => name in words ? words[name] : all);

class Fields {
  constructor(program, page, records) {
    this.program = program;
    this.page = page;
    this.records = records;
    this.t = page.terms;
    this.count = 0;
  }
  fresh(kind) { return kind === "several of" ? null : kind === "event" ? { state: "", list: [] } : this.blank(kind); }
  blank(kind) { return ["quantity", "number", "count"].includes(kind) ? { value: "", unit: "", uln: "", lln: "", typed: false } : ""; }

  // ---- from what stands in the fields to a record, and back

  recorded(item, raw) { // undefined where nothing is said
    switch (item.kind) {
      case "truth": return raw === "" ? undefined : raw === "yes";
      case "one of": return raw === "" ? undefined : raw;
      case "several of": return raw === null ? undefined : raw;
      case "date": case "time": return plainDate(raw) || undefined;
      case "event":
        if (raw.state === "" || (raw.state === "listed" && !raw.list.length)) return undefined;
        if (raw.state !== "listed") return raw.state === "never" ? "none" : "yes";
        return raw.list.map((each) => this.occurrence(item, each));
      default: return this.measured(item, raw);
    }
  }
  // What cannot be recorded as it stands: an occurrence of which nothing is said; a limit of normal beside a value that
  // is just being typed with another unit, in which case nobody knows which unit it has.
  unfinished(item, raw) {
    if (item.kind === "event") {
      if (raw.state !== "listed") return null;
      const at = raw.list.findIndex((each) => this.says(item, each) === "");
      if (at >= 0) return { what: "empty_row", words: {}, place: raw.list.length > 1 ? [at + 1] : [] };
      for (const each of raw.list) {
        for (const one of item.attributes) {
          const inner = this.unfinished(one, each.attributes[one.name]);
          if (inner) return { ...inner, place: [one.name] };
        }
      }
      return null;
    }
    if (raw === null || typeof raw !== "object" || Array.isArray(raw) || !typedUnit(raw.value)) return null;
    return raw.uln.trim() || raw.lln.trim() ? { what: "unit_of_limit", words: { value: shown(raw.value) }, place: [] } : null;
  }
  // What is said of an occurrence, as one text; empty where nothing is.
  says(item, raw) {
    const held = item.attributes.filter((each) => this.recorded(each, raw.attributes[each.name]) !== undefined);
    return plainSigns(raw.date) + plainSigns(raw.until) + (raw.ongoing ? "ongoing" : "") + (raw.undated ? "undated" : "") + held.map((each) => each.name).join("");
  }
  measured(item, raw) {
    const [value, uln, lln] = [raw.value, raw.uln, raw.lln].map((text) => this.plainMeasure(item, text));
    const listed = raw.unit && item.unit && raw.unit !== item.unit.text ? raw.unit : null;
    const unit = typedUnit(value) ? null : listed; // one that is typed counts, and the list follows it
    if (!value && !uln && !lln) return undefined;
    if (!uln && !lln && unit === null) return numeral(value);
    const found = {};
    if (value) found.value = numeral(value);
    if (unit !== null) found.unit = unit;
    if (uln) found.uln = numeral(uln);
    if (lln) found.lln = numeral(lln);
    return found;
  }
  // A number with its unit, the unit as a record writes it where it was typed in the words of the page: 45 岁.
  plainMeasure(item, text) {
    const plain = plainSigns(text);
    if (!typedUnit(plain)) return plain;
    const { number, unit } = split(plain);
    const listed = this.words(item).units.find(([, word]) => word === unit);
    const meant = listed ? listed[0] : this.t.typed_units[unit] || unit;
    return this.records.units.unit(plainPowers(meant)) ? `${number} ${meant}` : plain; // what is no unit stays as typed
  }
  occurrence(item, raw) {
    const found = Object.create(null); // an attribute may be called as it likes
    found.date = plainDate(raw.date) || null;
    if (item.course && (raw.ongoing || raw.until.trim())) found.until = raw.ongoing ? "ongoing" : plainDate(raw.until);
    for (const attribute of item.attributes) {
      const held = this.recorded(attribute, raw.attributes[attribute.name]);
      if (held === undefined) continue;
      if (attribute.name === "value" && isObject(held)) Object.assign(found, held);
      else found[attribute.name] = held;
    }
    return found;
  }
  raw(item, value) { // of a value that is known to be accepted
    switch (item.kind) {
      case "truth": return this.records.truth(value) ? "yes" : "no";
      case "several of": return item.options.filter((option) => value.includes(option));
      case "one of": return value;
      case "date": case "time": return value.trim();
      case "event": {
        const list = Array.isArray(value) ? value : value === "none" || value === "no" ? [] : [value];
        if (!list.length) return { state: "never", list: [] };
        if (list[0] === "yes") return { state: "happened", list: [] };
        return { state: "listed", list: list.map((each) => this.rawOccurrence(item, each)) };
      }
      default: return this.rawMeasured(item, value);
    }
  }
  rawMeasured(item, value) {
    const text = (held) => held === null || held === undefined ? "" : held instanceof Literal ? held.text : String(held);
    const parts = isObject(value) && !(value instanceof Literal) ? value : { value };
    const found = { value: text(parts.value), unit: this.listed(item, text(parts.unit)), uln: text(parts.uln), lln: text(parts.lln) };
    return this.movedUnit(item, found) || found; // "55 %" as 55 and its unit
  }
  // The value without the unit that was typed behind it, which goes into the list where it can be seen; null where
  // there is none, or one that the item is not recorded in.
  movedUnit(item, raw) {
    const plain = this.plainMeasure(item, raw.value);
    if (!typedUnit(plain)) return null;
    const { number, unit } = split(plain), made = this.records.units.unit(unit);
    if (/[×x*]/.test(number)) return null; // 1.5 × 10^9/L is best read as it stands
    if (!made || !item.unit || !this.records.units.conversion(made, item.unit, item.molar)) return null;
    return { ...raw, value: number, unit: this.listed(item, unit), typed: true };
  }
  // Reads a number as the item takes one, whatever stands in the other fields. Throws Problem.
  readable(item, text) {
    const [number, unit] = this.records.written(item, this.plainMeasure(item, text));
    if (unit !== null) this.records.declared(item, number, unit);
  }
  // A unit as the list of an item has it, where it has one of the same size: umol/L for µmol/L.
  listed(item, unit) {
    const made = unit && this.records.units.unit(plainPowers(unit));
    if (!made) return unit;
    const same = this.words(item).units.find(([name]) => name === unit) || this.words(item).units.find(([name]) => {
      const other = this.records.units.unit(name);
      return sameDimension(made.dimension, other.dimension) && compare(made.factor, other.factor) === 0 && compare(made.offset, other.offset) === 0;
    });
    return same ? same[0] : unit;
  }
  rawOccurrence(item, value) {
    const held = value === null ? {} : typeof value === "string" ? { date: value } : value, attributes = Object.create(null);
    for (const each of item.attributes) {
      const own = ["value", "unit", "uln", "lln"].filter((key) => held[key] !== null && held[key] !== undefined);
      const plain = !isObject(held.value) || held.value instanceof Literal; // limits and unit stand beside the value
      const whole = each.name === "value" && plain && (own.length > 1 || (own.length === 1 && own[0] !== "value"));
      const given = whole ? Object.fromEntries(own.map((key) => [key, held[key]])) : held[each.name];
      attributes[each.name] = given === null || given === undefined ? this.fresh(each.kind) : this.raw(each, given);
    }
    const until = held.until === "ongoing" ? "" : held.until || "";
    const row = { date: held.date || "", until, ongoing: held.until === "ongoing", undated: false, attributes };
    return { ...row, undated: this.says(item, row) === "" };
  }
  words(item) { return item.of ? this.page.items[item.of].attributes[item.name] : this.page.items[item.name]; }

  // What is wrong with a value, in words, with the part of it that is meant.
  problem(item, held) {
    const attribute = held.place.find((each) => typeof each === "string");
    const about = attribute === undefined ? this.words(item) : this.words(item).attributes[attribute];
    const words = { ...held.words, range: about.range, declared: about.unit, list: about.options.map(([, label]) => label).join(", ") };
    const place = held.place.map((each) => typeof each === "number" ? `${each}.` : `${about.label}:`);
    const near = held.what === "unit_unknown" && nearUnit(held.words.unit, about.units.map(([unit]) => unit));
    if (near) return [...place, filled(this.t.problems.unit_near, { ...words, near })].join(" ");
    const unitless = about.unit === "" && this.t.problems[`${held.what}_unitless`];
    return [...place, filled(unitless || this.t.problems[held.what], words).replace(/ +(?=[.。])/g, "")].join(" ");
  }

  // What a value says, for a line of reasons.
  told(item, raw) {
    const words = this.words(item), t = this.t;
    const named = (option) => (words.options.find(([name]) => name === option) || [option, option])[1];
    switch (item.kind) {
      case "truth": return raw === "" ? t.not_recorded : t[raw];
      case "one of": return raw === "" ? t.not_recorded : named(raw);
      case "several of": return raw === null ? t.not_recorded : raw.map(named).join(t.list) || t.none;
      case "date": case "time": return raw.trim() || t.not_recorded;
      case "event":
        if (raw.state !== "listed") return raw.state ? this.states(item)[raw.state] : t.not_recorded;
        return raw.list.map((each) => this.toldOccurrence(item, each)).join("; ") || this.states(item).never;
      default: {
        const unit = (text) => /^[\d.\s+\-−eE]+$/.test(plainSigns(text))
          ? `${plainSigns(text)} ${this.unitWords(item, raw.unit)}`.trim() : plainSigns(text);
        const limits = ["uln", "lln"].filter((key) => raw[key].trim()).map((key) => `${LIMITS[key]} ${unit(raw[key])}`);
        return (raw.value.trim() ? unit(raw.value) : t.not_recorded) + (limits.length ? ` (${limits.join(t.list)})` : "");
      }
    }
  }
  // What may be said of an event, or of a measurement that is repeated.
  states(item) {
    return item.repeated ? this.t.measuring : this.t.happening;
  }
  // A value that was not entered but follows from others.
  toldValue(item, value) {
    const words = this.words(item);
    const named = (option) => (words.options.find(([name]) => name === option) || [option, option])[1];
    if (typeof value === "boolean") return value ? this.t.yes : this.t.no;
    if (value instanceof Options) return [...value.names].map(named).join(this.t.list) || this.t.none;
    const span = (bounds, say) => {
      const [low, high] = [bounds.low, bounds.high].map((end) => endless(end) ? null : say(end));
      if (low === null || high === null) return low === null ? `≤ ${high}` : `≥ ${low}`;
      return low === high ? low : filled(this.page.span, { low, high });
    };
    if (value instanceof Measured) return `${span(value.value, numberText)} ${words.unit}`.trim();
    if (value instanceof Bounds) return span(value, item.kind === "time" ? momentText : dayText);
    return value.map((each) => each.start.unknown ? this.t.date_unknown : span(each.start, dayText)).join("; ") || this.states(item).never;
  }
  toldOccurrence(item, raw) {
    const until = raw.ongoing ? this.t.ongoing : raw.until.trim();
    const held = item.attributes.filter((each) => this.recorded(each, raw.attributes[each.name]) !== undefined)
      .map((each) => `${this.words(each).label} ${this.told(each, raw.attributes[each.name])}`);
    const inside = [...(until ? [filled(this.t.until_day, { day: until })] : []), ...held];
    return (raw.date.trim() || this.t.date_unknown) + (inside.length ? ` (${inside.join(this.t.list)})` : "");
  }
  unitWords(item, chosen) {
    const words = this.words(item), found = words.units.find(([name]) => name === chosen);
    return found ? found[1] : chosen || words.unit;
  }

  // ---- the fields themselves: {element, show(raw), focus()}; `changed` hears each new raw value

  field(item, changed) {
    switch (item.kind) {
      case "truth": return this.choice(item, [["yes", this.t.yes], ["no", this.t.no]], changed);
      case "one of": return this.choice(item, this.words(item).options, changed);
      case "several of": return this.several(item, changed);
      case "date": return this.text(item, this.t.date_hint, changed);
      case "time": return this.text(item, this.t.time_hint, changed);
      case "event": return this.event(item, changed);
      default: return this.measure(item, changed);
    }
  }
  id() { return `f${++this.count}`; }
  labelled(text, control, extra = "") {
    control.id = this.id();
    return element("label", { class: `part ${extra}`.trim(), for: control.id }, element("span", {}, text), control);
  }
  choice(item, options, changed) {
    const shown = [...options, ["", this.t.not_known]];
    if (shown.length > 9) {
      const select = element("select", {}, ...[shown.at(-1), ...options].map(([value, text]) => element("option", { value }, text)));
      select.addEventListener("change", () => changed(select.value));
      return {
        element: this.labelled(this.t.answer, select),
        show: (raw) => { select.value = raw; },
        focus: () => select.focus(),
        mark: () => {}, // no choice can be wrong
      };
    }
    const name = this.id();
    const buttons = shown.map(([value, text]) => {
      const input = element("input", { type: "radio", name, value, id: this.id() });
      input.addEventListener("change", () => changed(value));
      return [value, input, element("label", { for: input.id, class: value === "" ? "choice open" : "choice" }, input, text)];
    });
    return {
      element: element("div", { class: "choices" }, ...buttons.map(([, , label]) => label)),
      show: (raw) => buttons.forEach(([value, input]) => { input.checked = value === raw; }),
      focus: () => (buttons.find(([, input]) => input.checked) || buttons[0])[1].focus(),
      mark: () => {},
    };
  }
  several(item, changed) {
    const boxes = this.words(item).options.map(([value, text]) => [value, element("input", { type: "checkbox", value, id: this.id() }), text]);
    const none = element("input", { type: "checkbox", id: this.id() });
    const update = (ofNone) => {
      const chosen = boxes.filter(([, box]) => box.checked).map(([value]) => value);
      if (ofNone && none.checked) { boxes.forEach(([, box]) => { box.checked = false; }); changed([]); return; }
      none.checked = false;
      changed(chosen.length ? chosen : null);
    };
    boxes.forEach(([, box]) => box.addEventListener("change", () => update(false)));
    none.addEventListener("change", () => update(true));
    const labels = boxes.map(([, box, text]) => element("label", { for: box.id, class: "choice" }, box, text));
    return {
      element: element("div", { class: "choices" }, ...labels,
        element("label", { for: none.id, class: "choice open" }, none, this.t.none_of_these)),
      show: (raw) => {
        boxes.forEach(([value, box]) => { box.checked = raw !== null && raw.includes(value); });
        none.checked = raw !== null && raw.length === 0;
      },
      focus: () => boxes[0][1].focus(),
      mark: () => {},
    };
  }
  text(item, hint, changed, label = this.t[item.kind === "time" ? "time" : "date"]) {
    const input = element("input", { type: "text", autocomplete: "off", spellcheck: "false", placeholder: hint, class: item.kind === "time" ? "date time" : "date" });
    input.addEventListener("input", () => changed(input.value));
    input.addEventListener("change", () => { if (input.value !== plainDate(input.value)) changed(input.value = plainDate(input.value)); });
    return {
      element: this.labelled(label, input),
      show: (raw) => { if (input.value !== raw) input.value = raw; },
      focus: () => input.focus(),
      mark: (wrong) => mark(input, wrong),
      input,
    };
  }
  measure(item, changed) {
    const words = this.words(item), raw = this.blank(item.kind), inputs = {}, parts = [];
    const add = (key, label, extra) => {
      inputs[key] = element("input", { type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", class: extra });
      let replaced = false; // all that stood there by what is typed or pasted over it
      inputs[key].addEventListener("beforeinput", () => {
        replaced = key === "value" && inputs[key].selectionStart === 0 && inputs[key].selectionEnd === inputs[key].value.length;
      });
      inputs[key].addEventListener("input", () => {
        raw[key] = inputs[key].value;
        const gone = raw.typed && (!raw.value || replaced) && !raw.uln && !raw.lln; // the unit went with its number
        if (gone) show({ ...raw, unit: "", typed: false });
        changed({ ...raw });
      });
      parts.push(this.labelled(label, inputs[key]));
    };
    const show = (held) => {
      Object.assign(raw, held);
      for (const [key, input] of Object.entries(inputs)) {
        const value = key === "unit" ? held.unit || words.units[0][0] : held[key];
        if (key === "unit") {
          for (const option of [...input.options]) if (!words.units.some(([name]) => name === option.value)) option.remove();
          if (!words.units.some(([name]) => name === value)) input.append(element("option", { value }, value));
        }
        if (input.value !== value) input.value = value;
      }
    };
    add("value", this.t.value, "number");
    if (words.units.length > 1) {
      inputs.value.addEventListener("change", () => { // a unit that was typed goes into the list, where it can be seen
        const moved = this.movedUnit(item, raw);
        if (!moved) return;
        show(moved);
        changed({ ...raw });
      });
      inputs.unit = element("select", {}, ...words.units.map(([value, text]) => element("option", { value }, text)));
      inputs.unit.addEventListener("change", () => { Object.assign(raw, { unit: inputs.unit.value, typed: false }); changed({ ...raw }); });
      parts.push(this.labelled(this.t.unit, inputs.unit));
    } else if (words.unit) parts.push(element("span", { class: "unit" }, words.unit));
    for (const limit of item.limits) add(limit.toLowerCase(), this.t[limit.toLowerCase()], "number");
    return {
      element: element("div", { class: "parts" }, ...parts),
      show,
      focus: () => inputs.value.focus(),
      mark: (problem) => { // a limit where one is meant, or where one cannot be read
        const keys = ["value", "uln", "lln"].filter((key) => inputs[key]);
        const bad = (key) => raw[key].trim() && this.records.attempt(() => this.readable(item, raw[key])) !== null;
        const about = { limits_turned: "lln", limit_zero: problem && problem.words.limit === "LLN" ? "lln" : "uln" };
        const found = problem ? about[problem.what] || keys.find(bad) || "value" : null;
        for (const key of keys) mark(inputs[key], key === found);
      },
    };
  }
  event(item, changed) {
    let raw = this.fresh("event"), rows = [];
    const list = element("ol", { class: "occurrences" });
    const add = element("button", { type: "button", class: "small" }, this.t.add_occurrence);
    const options = ["never", "listed", "happened"].map((each) => [each, this.states(item)[each]]);
    const state = this.choice(item, options, (value) => {
      const entries = value === "listed" && !raw.list.length ? [this.freshOccurrence(item)] : raw.list;
      raw = { state: value, list: entries };
      build();
      changed(raw);
      if (value === "listed" && rows.length && pointed) rows[0].focus(); // arrow keys go on through the choices
    });
    let pointed = false;
    state.element.addEventListener("pointerdown", () => { pointed = true; });
    state.element.addEventListener("keydown", () => { pointed = false; });
    const build = () => {
      rows = raw.state === "listed" ? raw.list.map((each, at) => this.row(item, each, at, (next) => {
        raw = { ...raw, list: raw.list.map((one, i) => i === at ? next : one) };
        changed(raw);
      }, () => {
        raw = { ...raw, list: raw.list.filter((one, i) => i !== at) };
        if (!raw.list.length) raw.state = "";
        state.show(raw.state);
        build();
        changed(raw);
        (rows.length ? rows.at(-1) : state).focus();
      })) : [];
      list.replaceChildren(...rows.map((row) => row.element));
      list.hidden = add.hidden = raw.state !== "listed";
    };
    add.addEventListener("click", () => {
      raw = { ...raw, list: [...raw.list, this.freshOccurrence(item)] };
      build();
      changed(raw);
      rows.at(-1).focus();
    });
    build();
    return {
      element: element("div", { class: "event" }, state.element, list, add),
      show: (held) => {
        if (held === raw) return;
        raw = held;
        state.show(raw.state);
        build();
      },
      focus: () => rows.length ? rows[0].focus() : state.focus(),
      mark: (problem) => {
        const at = problem ? (problem.place.find((each) => typeof each === "number") || 1) - 1 : -1;
        rows.forEach((row, i) => row.mark(i === at ? problem : null));
      },
    };
  }
  freshOccurrence(item) {
    const attributes = Object.fromEntries(item.attributes.map((each) => [each.name, this.fresh(each.kind)]));
    return { date: "", until: "", ongoing: false, undated: false, attributes };
  }
  row(item, start, at, changed, remove) {
    let raw = start;
    const set = (part) => { raw = { ...raw, ...part }; changed(raw); };
    const date = this.text(item, this.t.date_hint, (value) => set({ date: value }), this.t[item.course ? "from" : "date"]);
    date.show(raw.date);
    const undated = element("input", { type: "checkbox", id: this.id() });
    undated.checked = raw.undated;
    this.instead(undated, date, raw.undated, (chosen, text) => set({ undated: chosen, date: text }));
    const fields = { date };
    const parts = [date.element, element("label", { for: undated.id, class: "choice" }, undated, this.t.undated)];
    if (item.course) {
      const until = this.text(item, this.t.date_hint, (value) => set({ until: value }), this.t.until);
      until.show(raw.until);
      const box = element("input", { type: "checkbox", id: this.id() });
      box.checked = raw.ongoing;
      this.instead(box, until, raw.ongoing, (chosen, text) => set({ ongoing: chosen, until: text }));
      fields.until = until;
      parts.push(until.element, element("label", { for: box.id, class: "choice" }, box, this.t.ongoing));
    }
    for (const attribute of item.attributes) {
      const field = this.field(attribute, (value) => set({ attributes: { ...raw.attributes, [attribute.name]: value } }));
      field.show(raw.attributes[attribute.name]);
      const words = this.words(attribute), about = [words.range, words.unit].filter(Boolean).join(" ");
      const legend = element("legend", {}, words.label + (about && words.range ? ` (${about})` : ""));
      parts.push(element("fieldset", { class: "attribute" }, legend, field.element));
      fields[`the ${attribute.name}`] = field;
    }
    const button = element("button", { type: "button", class: "small" }, this.t.remove);
    button.setAttribute("aria-label", filled(this.t.remove_occurrence, { number: at + 1 }));
    button.addEventListener("click", remove);
    return {
      element: element("li", {}, element("div", { class: "parts" }, ...parts, button)),
      focus: date.focus,
      mark: (problem) => { // the attribute that is named, or the day that cannot be read
        const inner = problem && problem.place.find((each) => typeof each === "string");
        const wrong = (text) => problem && !inner && this.records.attempt(() => this.records.date(plainDate(text))) !== null;
        for (const attribute of item.attributes) fields[`the ${attribute.name}`].mark(inner === attribute.name ? problem : null);
        const until = Boolean(problem) && !inner && (problem.what === "ends_before" || (raw.until !== "" && wrong(raw.until)));
        if (fields.until) fields.until.mark(until);
        date.mark(Boolean(problem) && !inner && !until && !raw.undated && wrong(raw.date));
      },
    };
  }
  // A box to tick in place of a date: the date that stood there comes back when the tick is taken away.
  instead(box, date, chosen, changed) {
    let kept = "";
    date.input.disabled = chosen;
    box.addEventListener("change", () => {
      if (box.checked) kept = date.input.value;
      date.input.disabled = box.checked;
      date.show(box.checked ? "" : kept);
      changed(box.checked, date.input.value);
    });
  }
}
// A number and what is written behind it, with or without a space; null where no number comes first.
function split(text) {
  const plain = plainPowers(plainSigns(text)), match = QUANTITY.exec(plain);
  return match && { number: plain.slice(0, plain.length - match[3].length).trim(), unit: match[3] };
}
// Whether a number is typed with a unit behind it (and not as a multiple of its limit).
function typedUnit(text) {
  const found = split(text);
  return found !== null && found.unit !== "" && !MULTIPLE.test(found.unit);
}
// The unit of a list that was meant by what is none: the same but for one sign, or but for signs that are no letters.
function nearUnit(written, units) {
  const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}%]/gu, "");
  const text = plain(written);
  const without = (one, other) => [...one].some((sign, i) => one.slice(0, i) + one.slice(i + 1) === other);
  const swapped = (one, other) => one.length === other.length && [...one].filter((sign, i) => sign !== other[i]).length === 1;
  const near = (unit) => unit === text || without(unit, text) || without(text, unit) || swapped(unit, text);
  return text.length > 1 && units.find((unit) => unit.length > 1 && near(plain(unit)));
}
function momentText(moment) {
  const day = Math.floor(moment / SECONDS_A_DAY), second = moment - day * SECONDS_A_DAY;
  return `${dayText(day)}T${padded(Math.floor(second / 3600), 2)}:${padded(Math.floor(second / 60) % 60, 2)}`;
}

// A number as a record holds it, where it is one that JSON keeps exactly; the text itself otherwise.
function numeral(text) {
  if (!/^[+-]?\d{1,15}(\.\d{1,15})?$/.test(text)) return text;
  return compare(decimal(String(Number(text))), decimal(text)) === 0 ? Number(text) : text;
}

// A number as people write it, rounded to four figures behind what a decimal cannot end.
function numberText(value) {
  if (typeof value === "number") return String(value).replace("-", "−");
  const text = String(Number((value.n * 1000000n) / value.d) / 1000000);
  const exact = compare(decimal(text), value) === 0;
  return (exact ? text : "≈" + String(Number(Number(text).toPrecision(4)))).replace("-", "−");
}
