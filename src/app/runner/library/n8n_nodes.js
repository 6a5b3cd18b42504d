// What n8n's nodes do to a list of items {json, paired}: for workflows that were imported from it (docs/import-n8n.md).
// `paired` says from which item of an earlier step one came, and is there where a later expression asks.
const made = (json, from) => from?.paired === undefined ? { json } : { json, paired: from.paired };
const pairedOf = (...items) => items.reduce((all, item) => item?.paired ? { ...all, ...item.paired } : all, undefined);
const itemsOf = (where, list) => listOf(where, "the items", list);
const copied = (value) => {
  if (Luxon.is(value) || isDate(value) || typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return new Date(value);
  if (isArray(value)) return value.map(copied);
  const out = {};
  for (const name of keys(value)) put(out, name, copied(value[name]));
  return out;
};

// Paths as lodash has them: a.b[0]["c d"]; a member that is called so as a whole wins.
const stepsOf = (path, object, plainNames) => {
  const name = text(path);
  if (plainNames || (typeof object === "object" && object !== null && name in object) || /^\w*$/.test(name)) return [name];
  return Array.from(name.matchAll(/[^.[\]]+|\[(?:(-?\d+(?:\.\d+)?)|(["'])((?:(?!\2)[^\\]|\\.)*?)\2)\]|(?=(?:\.|\[\])(?:\.|\[\]|$))/g),
    ([whole, number, quote, inner]) => quote ? inner.replace(/\\(\\)?/g, "$1") : number ?? whole);
};
const pathGet = (object, path, plainNames) =>
  stepsOf(path, object, plainNames).reduce((at, name) => at === undefined || at === null ? undefined : at[name], object);
const pathSet = (object, path, value, plainNames) => {
  const steps = stepsOf(path, object, plainNames);
  let at = object;
  steps.forEach((name, i) => {
    if (["__proto__", "constructor", "prototype"].includes(name)) throw refused("a name", `${name} is not allowed`);
    if (i === steps.length - 1) return put(at, name, value);
    const next = Object.hasOwn(at, name) ? at[name] : undefined;
    if (typeof next !== "object" || next === null) put(at, name, /^(?:0|[1-9]\d*)$/.test(steps[i + 1]) ? [] : {});
    at = at[name];
  });
};
const pathUnset = (object, path, plainNames) => {
  const steps = stepsOf(path, object, plainNames);
  const parent = steps.slice(0, -1).reduce((at, name) => at === undefined || at === null ? undefined : at[name], object);
  if (typeof parent === "object" && parent !== null) delete parent[steps.at(-1)];
};
const namesOf = (value) => isArray(value) ? value : text(value ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
/// Numbers and texts as lodash's `lt` compares them; undefined where neither is before the other.
const before = (left, right) => {
  if (typeof left === "string" && typeof right === "string") return left < right;
  const [a, b] = [Number(left), Number(right)];
  return Number.isNaN(a) || Number.isNaN(b) ? undefined : a < b;
};
const flatNames = (value, prefix = "") => typeof value !== "object" || value === null ? [prefix]
  : keys(value).flatMap((name) => flatNames(value[name], prefix === "" ? name : `${prefix}.${name}`));

// Values as n8n checks and converts them: `given` and what it becomes, or an error.
const described = (value) => value === null ? "'null'" : isArray(value) ? "array" : typeof value === "object" ? "object" : `'${text(value)}'`;
const parsedJson = (value) => {
  try { return JSON.parse(text(value)); } catch { return undefined; }
};
const conversions = {
  string: (v) => typeof v === "object" ? JSON.stringify(v) : text(v),
  number: (v) => Number.isNaN(Number(v)) ? undefined : Number(v),
  boolean: (v) => {
    if (typeof v === "boolean") return v;
    if (typeof v === "string" && ["true", "false"].includes(v.toLowerCase())) return v.toLowerCase() === "true";
    if (typeof v === "string" && v.trim() === "") return undefined;
    return { 0: false, 1: true }[Number(v)];
  },
  dateTime: (v, zone) => {
    if (Luxon.is(v)) return v;
    try { return v instanceof Date ? luxonOf("a date", v) : luxonFromText("a date", v, zone); } catch { return undefined; }
  },
  array: (v) => {
    const found = isArray(v) ? v : parsedJson(v) ?? parsedJson(text(v).replaceAll("'", '"'));
    return isArray(found) ? found : undefined;
  },
  object: (v) => {
    const found = typeof v === "object" ? v : parsedJson(v);
    return typeof found === "object" && found !== null && !isArray(found) ? found : undefined;
  },
};
const strictly = {
  string: (v) => typeof v === "string", number: (v) => typeof v === "number", boolean: (v) => typeof v === "boolean",
  array: isArray, object: (v) => typeof v === "object", dateTime: () => true,
};
const converted = (where, name, value, type, zone) => {
  const out = conversions[oneOf(where, `the type of ${name}`, type, keys(conversions))](value, zone);
  if (out === undefined) throw failed(`${where}: '${name}' expects a ${type} but we got ${described(value)}`);
  return out;
};

// Conditions of If, Filter and Switch since their version 2.
const conditionValue = (value, type, { strict, version = 1, zone }) => {
  if (type === "any" || value === null || value === undefined) return value;
  if (type === "boolean" && !strict) return version >= 2 ? conversions.boolean(value) ?? Boolean(value) : Boolean(value);
  if (type === "number" && Number.isNaN(value)) return value;
  const isEmpty = (typeof value === "string" && value.trim() === "") || (isArray(value) && value.length === 0);
  if (type === "number" && isEmpty && version >= 3) return null;
  if (strict && !strictly[type](value)) throw failed(`Wrong type: ${described(value)} is no ${type}`);
  return converted("condition", "the value", value, type, zone);
};
const regularExpression = (source) => {
  const match = /^\/(.*)\/([a-z]*)$/s.exec(source);
  return match ? new RegExp(match[1], match[2]) : new RegExp(source);
};
const lengthTests = {
  lengthEquals: (a, b) => a.length === b, lengthNotEquals: (a, b) => a.length !== b, lengthGt: (a, b) => a.length > b,
  lengthLt: (a, b) => a.length < b, lengthGte: (a, b) => a.length >= b, lengthLte: (a, b) => a.length <= b,
};
const includesText = (list, value, ignoreCase) => ignoreCase && typeof value === "string"
  ? list.some((item) => typeof item === "string" && item.toLowerCase() === value.toLowerCase()) : list.includes(value);
const orderTests = { equals: (a, b) => a === b, notEquals: (a, b) => a !== b, gt: (a, b) => a > b, lt: (a, b) => a < b, gte: (a, b) => a >= b, lte: (a, b) => a <= b };
const existence = { empty: (a) => a === undefined || a === null || Number.isNaN(a), notEmpty: (a) => !existence.empty(a) };
const conditionTests = {
  string: {
    empty: (a) => a === "", notEmpty: (a) => a !== "", equals: (a, b) => a === b, notEquals: (a, b) => a !== b,
    contains: (a, b) => a.includes(b), notContains: (a, b) => !a.includes(b), startsWith: (a, b) => a.startsWith(b),
    notStartsWith: (a, b) => !a.startsWith(b), endsWith: (a, b) => a.endsWith(b), notEndsWith: (a, b) => !a.endsWith(b),
    regex: (a, b) => regularExpression(b).test(a), notRegex: (a, b) => !regularExpression(b).test(a),
  },
  number: { ...existence, ...orderTests },
  boolean: { ...existence, true: (a) => a, false: (a) => !a, equals: orderTests.equals, notEquals: orderTests.notEquals },
  dateTime: { ...existence, equals: orderTests.equals, notEquals: orderTests.notEquals, after: orderTests.gt, before: orderTests.lt, afterOrEquals: orderTests.gte, beforeOrEquals: orderTests.lte },
  array: { empty: (a) => a.length === 0, notEmpty: (a) => a.length > 0, contains: (a, b, c) => includesText(a, b, c), notContains: (a, b, c) => !includesText(a, b, c), ...lengthTests },
  object: { empty: (a) => !a || keys(a).length === 0, notEmpty: (a) => !!a && keys(a).length > 0 },
};
const conditionHolds = ([left, operator, right], options) => {
  const [type, operation, rightType = type] = operator.split(":");
  const a = conditionValue(left, type, options);
  const isUnary = ["exists", "notExists", "empty", "notEmpty", "true", "false"].includes(operation);
  const b = isUnary ? undefined : conditionValue(right, rightType, options);
  if (operation === "exists") return existence.notEmpty(a);
  if (operation === "notExists") return existence.empty(a);
  const test = conditionTests[type]?.[operation];
  if (test === undefined) throw failed(`condition: ${operator} is not known`);
  const fold = (value) => options.ignoreCase && typeof value === "string" ? value.toLowerCase() : value;
  if (type === "string") return test(fold(a) ?? "", (operation.endsWith("egex") ? b : fold(b)) ?? "");
  if (type === "dateTime" && !isUnary) return Boolean(a && b) && test(a.toMillis(), b.toMillis());
  if (type === "array") return test(a ?? [], b, options.ignoreCase);
  return Boolean(test(a, b));
};
// And before it.
const oldMoment = (value) => {
  const at = Luxon.is(value) ? value.toMillis() : typeof value === "number" ? value : new Date(value).getTime();
  if (Number.isNaN(at)) throw failed(`The value "${text(value)}" is no date`);
  return at;
};
const oldTests = {
  after: (a, b) => oldMoment(a) > oldMoment(b), before: (a, b) => oldMoment(a) < oldMoment(b),
  contains: (a, b) => text(a || "").includes(text(b || "")), notContains: (a, b) => !oldTests.contains(a, b),
  endsWith: (a, b) => a.endsWith(b), notEndsWith: (a, b) => !a.endsWith(b), startsWith: (a, b) => a.startsWith(b),
  notStartsWith: (a, b) => !a.startsWith(b), equal: (a, b) => a === b, notEqual: (a, b) => a !== b,
  larger: (a, b) => (a || 0) > (b || 0), largerEqual: (a, b) => (a || 0) >= (b || 0),
  smaller: (a, b) => (a || 0) < (b || 0), smallerEqual: (a, b) => (a || 0) <= (b || 0),
  isEmpty: (a) => [undefined, null, "", NaN].includes(a) || (typeof a === "object" && keys(a).length === 0), isNotEmpty: (a) => !oldTests.isEmpty(a),
  regex: (a, b) => regularExpression(text(b ?? "")).test(text(a || "")), notRegex: (a, b) => !oldTests.regex(a, b),
};
const allOrAny = (combinator, list, test) => combinator === "or" || combinator === "any" ? list.some(test) : list.every(test);

const deepMerged = (target, source) => {
  for (const name of keys(source)) {
    const [value, there] = [source[name], Object.hasOwn(target, name) ? target[name] : undefined];
    if (typeof value === "object" && value !== null && !Luxon.is(value)) {
      const fits = typeof there === "object" && there !== null && (!isArray(value) || isArray(there));
      put(target, name, deepMerged(fits ? there : isArray(value) ? [] : {}, value));
    } else if (value !== undefined || !Object.hasOwn(target, name)) put(target, name, value);
  }
  return target;
};
const isBlank = (value) => value === undefined || value === null || value === "";
const mergedObjects = ({ mergeMode = "deepMerge", overrideEmpty = false }, ...objects) => objects.reduce((all, object) => {
  const source = overrideEmpty ? Object.fromEntries(Object.entries(object).filter(([name, value]) => !isBlank(value) || !Object.hasOwn(all, name))) : object;
  return mergeMode === "shallowMerge" ? { ...all, ...source } : deepMerged(all, copied(source));
}, {});
const suffixed = (items, suffix) => items.map((item) => ({ ...item, json: Object.fromEntries(Object.entries(item.json).map(([name, value]) => [`${name}_${suffix}`, value])) }));
const mergedItem = (options, ...items) => made(mergedObjects(options, ...items.map((item) => item?.json ?? {})), { paired: pairedOf(...items) });

const summaries = {
  append: (values) => values, count: (values) => values.length, countUnique: (values) => new Set(values).size,
  concatenate: (values, by) => values.map((value) => typeof value === "object" ? JSON.stringify(value) : text(value)).join(by),
  sum: (values) => values.reduce((a, b) => a + b, 0),
  average: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  min: (values) => values.reduce((a, b) => (a === undefined || b < a ? b : a), undefined) ?? null,
  max: (values) => values.reduce((a, b) => (a === undefined || b > a ? b : a), undefined) ?? null,
};
const summaryPrefix = { append: "appended_", average: "average_", concatenate: "concatenated_", count: "count_", countUnique: "unique_count_", max: "max_", min: "min_", sum: "sum_" };
const plainName = (name) => name.replace(/[\]["]/g, "").replace(/[ .]/g, "_");
const summarized = (items, fields, plainNames) => Object.fromEntries(fields.map(({ aggregation = "count", field, includeEmpty, separateBy = ",", customSeparator = "" }) => {
  let values = items.map((item) => pathGet(item.json, field, plainNames));
  if (aggregation === "sum" || aggregation === "average") values = values.filter((value) => typeof value === "number");
  else if (!includeEmpty || aggregation === "min" || aggregation === "max") values = values.filter((value) => !isBlank(value));
  const value = summaries[oneOf("Summarize", "the aggregation", aggregation, keys(summaries))](values, separateBy === "other" ? customSeparator : separateBy);
  return [plainName(summaryPrefix[aggregation] + field), value];
}));

/// What a Code node returned, as items.
const returnedItems = (value, input) => {
  const list = isArray(value) ? value : [value];
  if (list.some((item) => typeof item !== "object" || item === null || isArray(item))) {
    throw failed("Code doesn't return items properly: return a list of objects, one for each item");
  }
  if (list.some((item) => "binary" in item && item.binary && keys(item.binary).length)) throw failed("Code returns binary data, which is not imported");
  const isWrapped = list.some((item) => "json" in item);
  return list.map((item, i) => {
    const json = isWrapped ? item.json : item;
    if (typeof json !== "object" || json === null || isArray(json)) throw failed(`Code: item ${i} has no object as json`);
    const from = item.paired ? item : input.length === 1 ? input[0] : list.length === input.length ? input[i] : undefined;
    return made(json, from);
  });
};
const accessTo = (where, items) => {
  const list = itemsOf(where, items);
  return { all: () => list, first: () => list[0], last: () => list.at(-1), get item() { return list[0]; }, get json() { return list[0].json; } };
};

Object.assign(globals.n8n, {
  /// One item for each. An error stops, or goes on as an item (`continue`), or to an output of its own.
  each(items, make, onError) {
    const out = [], errors = [];
    itemsOf("each", items).forEach((item, i) => {
      try { out.push(made(make(item, i), item)); } catch (error) {
        if (onError === undefined) throw error;
        if (onError === "continue") out.push(made({ error: error.message }, item));
        else errors.push(made({ ...item.json, error: error.message }, item));
      }
    });
    return onError === "output" ? [out, errors] : out;
  },
  put(json, name, value) {
    const out = copied(json);
    pathSet(out, name, value);
    return out;
  },
  /// A date as Date & Time reads it: numbers by their digits, texts on UTC's clocks, or those of their own hour.
  dateOf(value, zone) {
    const own = typeof value === "string" && value.includes("+") ? `+${value.split("+")[1].slice(0, 2)}:00` : "UTC";
    const number = typeof value === "object" || value === "" ? NaN : Number(value);
    const at = Number.isNaN(number) ? undefined : Math.trunc(Number.isInteger(number) ? number : number * 1000);
    const read = () => at === undefined ? luxonFromText("Date & Time", value, "UTC")
      : new Luxon(placed("Date & Time", text(at).length < 12 ? at * 1000 : at));
    return (Luxon.is(value) ? value : read()).setZone(zone ?? (at === undefined && !Luxon.is(value) ? own : "UTC"));
  },
  get(json, path) { return pathGet(json, path); },
  shuffle(items) {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1));
      [out[i], out[j]] = [out[j], out[i]];
    }
    return out;
  },
  /// Each item goes to the outputs that `choose` names: a number, a list of them, or undefined for none.
  route(items, outputs, choose) {
    const out = Array.from({ length: outputs }, () => []);
    itemsOf("route", items).forEach((item, i) => {
      for (const to of [choose(item, i)].flat()) if (to !== undefined) out[wholeOf("Switch", "the output", Number(to), 0, outputs - 1)].push(item);
    });
    return out;
  },
  filter(items, keep) { return itemsOf("filter", items).filter((item, i) => keep(item, i)); },
  /// That an item of this step is known later as the one at this place.
  mark(id, items) { return items.map((item, i) => ({ ...item, paired: { ...item.paired, [id]: i } })); },
  always(items) { return items.length ? items : [{ json: {} }]; },

  // What a Loop Over Items hands on in the end, of what came back from each batch. Nothing at all when a batch brought
  // nothing back: then n8n does not come to its end.
  looped(batches) { return (batches ?? []).some((items) => items.length === 0) ? [] : (batches ?? []).flat(); },
  /// What reached a node over several connections. n8n would run it once for each.
  joined(lists, isEachItem, name) {
    const there = lists.filter((list) => list !== undefined && list !== null && list.length);
    if (there.length > 1 && !isEachItem) throw failed(`${name}: ${there.length} connections brought items, and n8n would run it for each: join them with a merge first`);
    return there.flat();
  },
  test(combinator, options, ...conditions) { return allOrAny(combinator, conditions, (condition) => conditionHolds(condition, options)); },
  oldTest(combinator, ...conditions) {
    return allOrAny(combinator, conditions, ([left, operation, right]) => oldTests[oneOf("condition", "the operation", operation, keys(oldTests))](left, right));
  },

  /// Set since version 3: fields are [name, type, value].
  set(json, fields, { include = "none", names, plainNames = false, ignoreErrors = false, version = 3.4, zone } = {}) {
    let out = {};
    if (include === "all" || include === "except") out = copied(json);
    if (include === "except") for (const name of namesOf(names)) pathUnset(out, name, plainNames);
    if (include === "selected") for (const name of namesOf(names)) pathSet(out, plainNames ? name : name.split(".").at(-1), copied(pathGet(json, name, plainNames)), plainNames);
    for (const [name, type, value] of fields) {
      const isNothing = value === undefined || value === null;
      let given = isNothing ? null : value;
      if (isNothing && version < 3.2 && type === "string") {
        if (version > 3 && !ignoreErrors) throw failed(`Set: '${name}' expects a string but we got ${described(value)}`);
        given = version > 3 ? null : value === null ? "null" : "undefined";
      } else if (!isNothing) {
        try { given = converted("Set", name, value, type, zone); } catch (error) {
          if (!ignoreErrors) throw error;
        }
      }
      pathSet(out, name, copied(given), plainNames);
    }
    return out;
  },
  /// Set before it: fields are [name, kind, value].
  oldSet(json, fields, { keepOnly = false, plainNames = false, version = 2 } = {}) {
    const out = keepOnly ? {} : copied(json);
    for (const [name, kind, value] of fields) {
      const isText = kind === "number" && version >= 2 && typeof value === "string" && !Number.isNaN(Number(value));
      pathSet(out, name, kind === "boolean" ? !!value : isText ? Number(value) : copied(value), plainNames);
    }
    return out;
  },
  /// Set since version 3, by JSON.
  setAll(json, given, options) {
    const fields = Object.entries(given).map(([name, value]) => [name, value]);
    const out = globals.n8n.set(json, [], options);
    for (const [name, value] of fields) pathSet(out, name, copied(value), options?.plainNames);
    return out;
  },
  parsed(value) { return typeof value === "string" ? JSON.parse(value) : value; },
  /// The JSON that a node's parameter holds, as text or already as a value.
  json(value, where) {
    const found = typeof value === "string" ? JSON.parse(value) : value;
    if (typeof found !== "object" || found === null || isArray(found)) throw failed(`${where}: the JSON is no object`);
    return found;
  },
  renameKeys(json, pairs) {
    const out = copied(json);
    for (const [from, to] of pairs) {
      const value = from === "" || to === "" || from === to ? undefined : pathGet(json, from);
      if (value === undefined) continue;
      pathSet(out, to, copied(value));
      pathUnset(out, from);
    }
    return out;
  },
  limit(items, count, keep = "firstItems") {
    if (count > items.length) return items;
    return keep === "firstItems" ? items.slice(0, count) : items.slice(items.length - count);
  },
  sort(items, fields, { plainNames = false } = {}) {
    const value = (item, name) => {
      const found = pathGet(item.json, name, plainNames);
      return typeof found === "string" ? found.toLowerCase() : found;
    };
    for (const [name, order] of fields) {
      const found = items.map((item) => value(item, name));
      if (found.every((one) => one === undefined)) throw failed(`Sort: Couldn't find the field '${name}' in the input data`);
      const differ = distinct(found);
      // Where neither is before the other, n8n's comparison contradicts itself.
      const isTie = (a, b) => a !== b && (before(a, b) === undefined || (order === "descending" && !before(a, b) && !before(b, a)));
      if (differ.length > 1 && differ.some((a) => differ.some((b) => isTie(a, b)))) {
        throw failed(`Sort: '${name}' is missing in some items or has values without an order; what n8n makes of them depends on its engine`);
      }
    }
    return [...items].sort((a, b) => {
      for (const [name, order] of fields) {
        const [left, right] = [value(a, name), value(b, name)];
        if (!equalJson(left, right)) return (before(left, right) ? -1 : before(right, left) ? 1 : 0) * (order === "descending" ? -1 : 1);
      }
      return 0;
    });
  },
  removeDuplicates(items, { names, except, plainNames = false, removeOthers = false, version = 2 } = {}) {
    if (items.length === 0) return items;
    const all = (item) => plainNames ? keys(item.json) : flatNames(item.json);
    let fields = namesOf(names);
    if (names === undefined) fields = distinct((except === undefined ? items : items.slice(0, 1)).flatMap(all)).filter((name) => !namesOf(except).includes(name));
    for (const name of fields) {
      let type;
      for (const item of items) {
        const value = pathGet(item.json, name, plainNames);
        if (value === null && version > 1) continue;
        if (value === undefined) throw failed(`Remove Duplicates: '${name}' field is missing from some input items`);
        if (type !== undefined && type !== typeof value) throw failed(`Remove Duplicates: '${name}' isn't always the same type`);
        type = typeof value;
      }
    }
    const key = (item) => fields.map((name) => pathGet(item.json, name, plainNames));
    const kept = globals.lists.unique(items, key);
    if (!removeOthers) return kept;
    return kept.map((item) => {
      const json = {};
      for (const name of fields) pathSet(json, name, pathGet(item.json, name, plainNames), plainNames);
      return made(json, item);
    });
  },
  splitOut(items, names, { include = "noOtherFields", others, destination, plainNames = false } = {}) {
    const fields = namesOf(names).map((name) => name.replace(/^\$json\./, ""));
    const targets = namesOf(destination);
    if (targets.length && targets.length !== fields.length) throw failed("Split Out: as many destination fields as fields to split out must be given");
    return items.flatMap((item) => {
      const out = [];
      fields.forEach((field, f) => {
        let list = pathGet(item.json, field, plainNames);
        list = list === undefined ? [] : typeof list !== "object" || list === null ? [list] : isArray(list) ? list : Object.values(list);
        list.forEach((element, i) => {
          out[i] ??= {};
          const isSpread = typeof element === "object" && element !== null && include === "noOtherFields" && !targets[f] && fields.length === 1;
          if (isSpread) out[i] = { ...out[i], ...element };
          else put(out[i], targets[f] ?? field, element);
        });
      });
      return out.map((json) => {
        if (include === "allOtherFields") {
          const rest = copied(item.json);
          for (const field of fields) pathUnset(rest, field, plainNames);
          return made({ ...rest, ...json }, item);
        }
        if (include === "selectedOtherFields") for (const name of namesOf(others)) put(json, name, pathGet(item.json, name, plainNames));
        return made(json, item);
      });
    });
  },
  aggregate(items, fields, { plainNames = false, mergeLists = false, keepMissing = false } = {}) {
    const json = {};
    for (const [field, name] of fields) {
      const values = [];
      for (const item of items) {
        let value = pathGet(item.json, field, plainNames);
        if (!keepMissing && isArray(value)) value = value.filter((entry) => entry !== null);
        else if (!keepMissing && (value === null || value === undefined)) continue;
        if (isArray(value) && mergeLists) values.push(...value);
        else values.push(value);
      }
      pathSet(json, name || (plainNames ? field : field.split(".").at(-1)), values, plainNames);
    }
    return [made(json, items.length === 1 ? items[0] : undefined)];
  },
  aggregateAll(items, name = "data", { only, except } = {}) {
    const names = [namesOf(only), namesOf(except)];
    const pick = (json) => Object.fromEntries(Object.entries(json).filter(([key]) => (!names[0].length || names[0].includes(key)) && !names[1].includes(key)));
    const list = items.map((item) => names[0].length || names[1].length ? pick(item.json) : item.json);
    return [made({ [name]: names[0].length || names[1].length ? list.filter((json) => keys(json).length) : list }, items.length === 1 ? items[0] : undefined)];
  },
  summarize(items, fields, { by, plainNames = false, asTexts = false, skipEmpty = false, single = false, checks = false } = {}) {
    for (const { field } of checks ? fields : []) {
      if (items.every((item) => pathGet(item.json, field, plainNames) === undefined)) throw failed(`Summarize: The field '${field}' does not exist in any items`);
    }
    const group = (some, [name, ...rest]) => {
      if (name === undefined) return single ? summarized(some, fields, plainNames) : [summarized(some, fields, plainNames)];
      const groups = new Map();
      for (const item of some) {
        let value = pathGet(item.json, name, plainNames);
        if (value && typeof value === "object") value = JSON.stringify(value);
        if (asTexts) value = text(value);
        if (skipEmpty && typeof value !== "number" && !value) continue;
        if (!groups.has(value)) groups.set(value, []);
        groups.get(value).push(item);
      }
      const made = [...groups].map(([value, members]) => [value, group(members, rest)]);
      return single ? Object.fromEntries(made) : made.flatMap(([value, rows]) => rows.map((row) => ({ ...row, [plainName(name)]: value })));
    };
    const found = group(items, namesOf(by));
    return [found].flat().map((json) => ({ json }));
  },
  append(...lists) { return lists.flatMap((list) => list ?? []); },
  combineByPosition(lists, { clash, includeUnpaired = false, ...options } = {}) {
    let inputs = lists.map((list) => list ?? []);
    const first = /^preferInput/.test(clash ?? "") ? Number(clash.slice(11)) - 1 : inputs.length - 1;
    if (clash === "addSuffix") inputs = inputs.map((list, i) => suffixed(list, i + 1));
    const count = Math[includeUnpaired ? "max" : "min"](...inputs.map((list) => list.length));
    return Array.from({ length: count }, (_, i) => mergedItem(options, ...inputs.map((list) => list[i]), inputs[first][i]));
  },
  combineAll([left, right], { clash, ...options } = {}) {
    if (!left || !right) return [];
    let [a, b] = clash === "preferInput1" ? [right, left] : [left, right];
    if (clash === "addSuffix") [a, b] = [suffixed(a, 1), suffixed(b, 2)];
    return a.flatMap((one) => b.map((other) => mergedItem(options, one, other)));
  },
  combineByFields([left, right], pairs, { join = "keepMatches", from = "both", clash, plainNames = false, firstOnly = false, ...options } = {}) {
    const [a, b] = [left ?? [], right ?? []];
    if (!a.length || !b.length) {
      const isNothing = join === "keepMatches" || (join === "enrichInput1" && !a.length) || (join === "enrichInput2" && !b.length) ||
        (join === "keepNonMatches" && ((!a.length && from === "input1") || (!b.length && from === "input2")));
      return isNothing ? [] : [...a, ...b];
    }
    const used = new Set();
    const matched = [], alone = [];
    for (const item of a) {
      const wanted = pairs.map(([name]) => pathGet(item.json, name, plainNames));
      const found = wanted.includes(undefined) ? [] : b.flatMap((other, i) => pairs.every(([, name], p) => equalJson(pathGet(other.json, name, plainNames), wanted[p])) ? [i] : []);
      const taken = firstOnly ? found.slice(0, 1) : found;
      for (const i of taken) used.add(i);
      if (!taken.length) alone.push(item);
      else matched.push([item, taken.map((i) => b[i])]);
    }
    const others = b.filter((_, i) => !used.has(i));
    const isSuffixed = clash === "addSuffix";
    const prefers = clash ?? (join === "enrichInput2" ? "preferInput1" : "preferLast");
    const both = () => matched.flatMap(([item, found]) => found.map((other) => {
      const [one, two] = isSuffixed ? [suffixed([item], 1)[0], suffixed([other], 2)[0]] : [item, other];
      return prefers === "preferInput1" ? mergedItem(options, two, one) : mergedItem(options, one, two);
    }));
    const rest = (list, suffix) => isSuffixed ? suffixed(list, suffix) : list;
    const sourced = (list, name) => list.map((item) => ({ ...item, json: { ...item.json, _source: name } }));
    if (join === "keepNonMatches") return from === "input1" ? alone : from === "input2" ? others : [...sourced(alone, "input1"), ...sourced(others, "input2")];
    if (join === "enrichInput1") return [...both(), ...rest(alone, 1)];
    if (join === "enrichInput2") return [...both(), ...rest(others, 2)];
    const kept = from === "input1" ? matched.map(([item]) => item) : from === "input2" ? b.filter((_, i) => used.has(i)) : both();
    return join === "keepEverything" ? [...kept, ...rest(alone, 1), ...rest(others, 2)] : kept;
  },

  /// What a Webhook node gives of a delivery, and Schedule Trigger of a slot.
  webhook(trigger, input) {
    return [{ json: { headers: trigger.headers ?? {}, params: {}, query: trigger.query ?? {}, body: input ?? {} } }];
  },
  /// The entries of a feed, called as rss-parser calls what they hold.
  feed(input) {
    return itemsOf("n8n.feed", input?.items ?? [input]).map((entry) => {
      const content = entry.content ?? entry.summary;
      const out = { creator: entry.author, title: entry.title, link: entry.link, pubDate: entry.published_at, content,
        contentSnippet: content === null ? null : globals.html.toText(content), guid: entry.id, id: entry.id, summary: entry.summary,
        categories: entry.categories?.length ? entry.categories : null, isoDate: entry.published_at };
      for (const name of keys(out)) if (out[name] === null || out[name] === undefined) delete out[name];
      return { json: out };
    });
  },
  form(trigger, input, names, zone = "UTC") {
    const at = trigger.received_at ? luxonClass(zone).fromISO(trigger.received_at) : luxonClass(zone).now();
    const json = Object.fromEntries(names.map((name) => [name, input?.[name] ?? null]));
    return [{ json: { ...json, submittedAt: at.toISO(), formMode: "production" } }];
  },
  schedule(trigger, zone = "UTC") {
    const at = trigger.fired_at ? luxonClass(zone).fromISO(trigger.fired_at) : luxonClass(zone).now();
    const suffix = at.day % 10 < 4 && Math.floor(at.day / 10) !== 1 ? ["th", "st", "nd", "rd"][at.day % 10] : "th";
    return [{ json: {
      timestamp: at.toFormat("yyyy-MM-dd'T'HH:mm:ss.SSSZZ"), "Readable date": at.toFormat(`MMMM d'${suffix}' yyyy, h:mm:ss `) + at.toFormat("a").toLowerCase(),
      "Readable time": at.toFormat("h:mm:ss ") + at.toFormat("a").toLowerCase(), "Day of week": at.toFormat("EEEE"), Year: at.toFormat("yyyy"),
      Month: at.toFormat("MMMM"), "Day of month": at.toFormat("dd"), Hour: at.toFormat("HH"), Minute: at.toFormat("mm"), Second: at.toFormat("ss"),
      Timezone: `${zone} (UTC${at.toFormat("ZZ")})`,
    } }];
  },
  /// The items of what an HTTP Request node got; `from` is the item that it was asked for.
  response({ status, headers, body }, from, { format = "autodetect", full = false, name = "data" } = {}) {
    const isText = format === "text" || (format === "autodetect" && typeof body === "string");
    if (typeof body === "object" && body !== null && typeof body.base64 === "string" && keys(body).length === 1) {
      throw failed("HTTP Request: the answer is a file, which is not imported");
    }
    const type = headers?.["content-type"] ?? "";
    if (format === "autodetect" && typeof body === "object" && body !== null && !type.includes("application/json")) {
      throw failed(`HTTP Request: n8n gives an answer of the type ${type} as text: say which format it has`);
    }
    const content = isText ? (typeof body === "string" ? body : JSON.stringify(body)) : typeof body === "string" ? (body === "" ? {} : JSON.parse(body)) : body ?? {};
    if (full) return [made(isText ? { [name]: content, headers, statusCode: status } : { body: content, headers, statusCode: status }, from)];
    if (isText) return [made({ [name]: content }, from)];
    return (isArray(content) ? content : [content]).map((json) => {
      if (typeof json !== "object" || json === null) throw failed("HTTP Request: the answer is a list of values that are no objects");
      return made(json, from);
    });
  },

  /// The same of a call that may have failed: the error is an item, or goes to an output of its own.
  answered({ status, output, error }, from, onError, options) {
    if (status === "success") {
      const items = globals.n8n.response(output, from, options);
      return onError === "output" ? [items, []] : items;
    }
    const item = made({ ...(onError === "output" ? from.json : {}), error: error ?? {} }, from);
    return onError === "output" ? [[], [item]] : [item];
  },

  /// What code of a Code, Function or Function Item node finds around it.
  code({ items: given, nodes = {}, zone = "UTC", names = {}, index = 0 }) {
    const items = given.map(copied);
    const found = (name) => {
      if (!Object.hasOwn(nodes, name) || nodes[name] === undefined || nodes[name] === null) throw failed(`There is no data of node '${text(name)}'`);
      return copied(nodes[name]);
    };
    const node = new Proxy({}, { get: (_, name) => accessTo(name, found(name)) });
    const item = items[index];
    return {
      $input: { all: () => items, first: () => items[0], last: () => items.at(-1), get item() { return items[index]; } },
      items, item: item?.json, $json: item?.json, $items: (name) => name === undefined ? items : found(name),
      $: (name) => accessTo(name, found(name)), $node: node, $itemIndex: index, $runIndex: 0, $now: luxonClass(zone).now(),
      $today: luxonClass(zone).now().startOf("day"), DateTime: luxonClass(zone), $workflow: names.workflow, $execution: names.execution, $prevNode: names.previous,
    };
  },
  returned(value, items) { return returnedItems(value, items); },
  returnedEach(values, items, isWhole) {
    return values.flatMap((value, i) => value === undefined || value === null ? [] : returnedItems(isWhole ? { json: value } : value, [items[i]]).slice(0, 1));
  },
});
