// Why a verdict is as it is: what would settle it, what stands behind a condition, and what is best asked next.

class Why {
  constructor(program) {
    this.program = program;
    this.behind = new Map(); // node: the items behind it, through definitions
    this.users = null;
  }
  node(number) { return this.program.nodes[number]; }

  // ---- the structure of the rules

  // The conditions that a condition is made of; null for one that speaks of facts itself.
  below(number) {
    const node = this.node(number);
    switch (node.k) {
      case "DefinedValue": return [this.program.definitions[node.name]];
      case "CriterionTruth": {
        const { condition } = this.program.criteria[node.criterion];
        return condition === null ? null : [condition];
      }
      case "Group": return node.style === "between" ? null : node.p;
      case "Not": case "Except": case "WaivedIf": case "IfThen": case "FirstKnown": return node.p;
      default: return null;
    }
  }
  // The nodes that a node needs, those of names and of the fields of windows too.
  needed(number) {
    const node = this.node(number), found = node.p.slice();
    const item = node.k === "ItemValue" ? node.item
      : node.k === "Selected" || node.k === "AttributeValue" || node.k === "NoOccurrences" ? node.event : null;
    if (item !== null && this.program.items[item].otherwise !== null) found.push(this.program.items[item].otherwise);
    if (node.k === "DefinedValue") found.push(this.program.definitions[node.name]);
    if (node.k === "CriterionTruth") {
      const { condition } = this.program.criteria[node.criterion];
      if (condition !== null) found.push(condition);
    }
    return found;
  }
  itemsBehind(number) {
    if (!this.behind.has(number)) {
      const found = new Set(), seen = new Set(), stack = [number];
      while (stack.length) {
        const each = stack.pop();
        if (seen.has(each)) continue;
        seen.add(each);
        const node = this.node(each);
        if (node.k === "ItemValue") found.add(node.item);
        if (node.k === "Selected" || node.k === "AttributeValue") found.add(node.event);
        if (node.k === "DefinedValue") stack.push(this.program.definitions[node.name]);
        stack.push(...node.p);
      }
      this.behind.set(number, found);
    }
    return this.behind.get(number);
  }
  // All nodes whose value may change with an item.
  touched(item) {
    if (!this.users) this.users = this.usersOfAll();
    const found = new Set(), stack = [...(this.users.items.get(item) || [])];
    while (stack.length) {
      const each = stack.pop();
      if (found.has(each)) continue;
      found.add(each);
      stack.push(...(this.users.nodes.get(each) || []));
    }
    return found;
  }
  usersOfAll() {
    const nodes = new Map(), items = new Map();
    const add = (map, key, user) => map.has(key) ? map.get(key).push(user) : map.set(key, [user]);
    this.program.nodes.forEach((node, number) => {
      for (const each of this.needed(number)) add(nodes, each, number);
      if (node.k === "ItemValue") add(items, node.item, number);
      if (node.k === "Selected" || node.k === "AttributeValue") add(items, node.event, number);
    });
    return { nodes, items };
  }

  // ---- the facts that would settle an undetermined verdict

  deciding(rules) {
    const found = new Set();
    for (const node of this.program.order) { // what long chains rest on comes first, so that no look-up goes deep
      if (node.startsWith("definition:")) this.insufficientDefinition(rules, node.slice("definition:".length));
    }
    for (const part of this.program.parts) {
      if (rules.verdict(part) !== "undetermined") continue;
      for (const leaf of this.unknownLeaves(rules, part.blocks.map((block) => block.formula))) {
        const node = this.node(leaf);
        if (node.k === "ItemValue") found.add(node.item);
        else for (const item of this.insufficientBelow(rules, leaf)) found.add(item);
      }
    }
    return found;
  }
  unknownLeaves(rules, roots) {
    const found = [], seen = new Set(), stack = roots.filter((root) => rules.value(root) === null);
    while (stack.length) {
      const each = stack.pop();
      if (seen.has(each)) continue;
      seen.add(each);
      const under = this.below(each);
      if (under === null) found.push(each);
      else stack.push(...under.filter((one) => rules.value(one) === null));
    }
    return found;
  }

  // Conditions that hold a root in a truth, each with the truth in which it does; with `unknownToo` also those that,
  // being unknown, keep it from the opposite.
  holding(rules, roots, unknownToo) {
    const found = new Map(), stack = roots.slice();
    while (stack.length) {
      const [number, value] = stack.pop(), held = rules.value(number);
      if (found.has(number) || !(held === value || (unknownToo && held === null))) continue;
      found.set(number, value);
      (this.below(number) || []).forEach((each, at) => {
        for (const way of this.ways(number, at)) stack.push([each, way ? value : !value]);
      });
    }
    return found;
  }
  // How an operand pulls on a condition: the same way, the other way, or both.
  ways(number, at) {
    const node = this.node(number);
    if (node.k === "Not" || (node.k === "Except" && at === 1) || (node.k === "IfThen" && at === 0)) return [false];
    if (node.k !== "Group") return [true];
    return node.kind === "exactly" ? [true, false] : [node.kind !== "none" && node.kind !== "at most"];
  }
  // The criteria that fail or are unknown and are linked to the verdict, in each part those that fail first.
  against(rules) {
    const found = [];
    for (const part of this.program.parts) {
      if (rules.verdict(part) === "eligible") continue;
      const roots = part.blocks.map((block) => [block.formula, block.kind === "exclusion"]);
      const held = this.holding(rules, roots, true), named = new Set();
      for (const number of held.keys()) if (this.node(number).k === "CriterionTruth") named.add(this.node(number).criterion);
      const ids = part.blocks.flatMap((block) => block.criteria).filter((id) => named.has(id));
      found.push(...ids.filter((id) => rules.criterion(id) !== null), ...ids.filter((id) => rules.criterion(id) === null));
    }
    return found;
  }

  insufficientBelow(rules, number) {
    const found = this.insufficientParts(rules, this.node(number).p, null);
    return found.size ? found : this.itemsBehind(number);
  }
  insufficientParts(rules, parts, o) {
    const found = new Set();
    for (const part of parts) for (const item of this.insufficient(rules, part, o)) found.add(item);
    return found;
  }
  insufficient(rules, number, o) {
    const node = this.node(number), none = new Set();
    const settled = () => enough(rules.value(number, o));
    switch (node.k) {
      case "ItemValue": return enough(rules.item(node.item)) ? none : new Set([node.item]);
      case "DefinedValue": return this.insufficientDefinition(rules, node.name);
      case "CriterionTruth": {
        const { condition } = this.program.criteria[node.criterion];
        if (rules.criterion(node.criterion) !== null || condition === null) return none;
        return this.insufficient(rules, condition, null);
      }
      case "TimesLimit": case "LimitValue": return settled() ? none : this.itemsBehind(node.subject);
      case "AttributeValue": return settled() ? none : new Set([node.event]);
      case "Selected": return this.insufficientSelection(rules, node, o);
      case "IsKnown": return none;
      default: {
        if (settled()) return none;
        const found = this.insufficientParts(rules, node.p, o);
        if (found.size) return found;
        const event = this.pickedEvent(node);
        return event !== null ? new Set([event]) : this.itemsBehind(number);
      }
    }
  }
  insufficientDefinition(rules, name) {
    if (!rules.lacking.has(name)) {
      const known = enough(rules.defined(name));
      rules.lacking.set(name, known ? new Set() : this.insufficient(rules, this.program.definitions[name], null));
    }
    return rules.lacking.get(name);
  }
  pickedEvent(node) {
    if (node.k === "Aggregate" || node.k === "Pick") return this.node(node.occurrences).event;
    return node.k === "AttributeOf" ? this.node(this.node(node.occurrence).occurrences).event : null;
  }
  insufficientSelection(rules, node, outer) {
    const fitting = rules.selection(node, outer), { where, window } = node;
    if (fitting === null) {
      return new Set([node.event, ...(window ? this.insufficient(rules, window.anchor, outer) : [])]);
    }
    const found = new Set(), add = (items) => items.forEach((item) => found.add(item));
    for (const [occurrence, truth] of fitting) {
      if (truth !== null) continue;
      if (where !== null && rules.value(where, occurrence) === null) {
        const items = this.insufficient(rules, where, occurrence);
        add(items.size ? items : new Set([node.event]));
      }
      if (window && rules.fits(occurrence.start, occurrence.end, window, outer) === null) {
        if (!(occurrence.start.exact && occurrence.end.exact)) found.add(node.event);
        add(this.insufficientParts(rules, window.p, outer));
      }
    }
    return found;
  }

  // ---- the next question

  // How much the answer to an item would settle: the number of open criteria that it leaves decided, on average over
  // its telling values; a verdict of ineligible settles all that are open.
  worth(rules, item, values, open) {
    const touched = this.touched(item);
    const reached = open.filter((id) => touched.has(this.program.criteria[id].condition));
    let sum = 0;
    for (const value of values) {
      const facts = Object.assign(Object.create(null), rules.facts, { [item]: value });
      const then = new Rules(this.program, facts, rules, touched);
      const lost = this.program.parts.every((part) => then.verdict(part) === "ineligible");
      sum += lost ? open.length : reached.filter((id) => then.criterion(id) !== null).length;
    }
    return values.length ? sum / values.length : 0;
  }
}

function enough(value) {
  if (value instanceof Measured) return value.value.exact;
  if (value instanceof Bounds) return value.exact;
  if (value instanceof Options) return value.chosen || value.names.size === 1;
  return value !== null;
}
