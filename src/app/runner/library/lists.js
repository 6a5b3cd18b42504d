// Lists of values, by a member's name ("customer.city") or a function of an item.
const picker = (where, by) => {
  if (by === undefined) return (item) => item;
  if (typeof by === "function") return (item, i) => by(item, i);
  const path = textOf(where, "by (a member's name or a function)", by).split(".");
  return (item) => read(item, path);
};
const keyText = (value) => {
  if (value === undefined) return "undefined";
  if (isDate(value)) return value.toISO();
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
};
/// What makes two values one: equal JSON, and the number 1 is not the text "1".
const identity = (value) => {
  if (typeof value === "object" && value !== null) return "o" + JSON.stringify(sorted(value));
  return typeof value + ":" + String(value);
};
const sorted = (value) => {
  if (isDate(value) || typeof value !== "object" || value === null) return value;
  if (isArray(value)) return value.map(sorted);
  return Object.fromEntries(keys(value).sort().map((name) => [name, sorted(value[name])]));
};
const put = (object, name, value) =>
  defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
const numbersIn = (where, list, by) => {
  const pick = picker(where, by);
  const out = [];
  listOf(where, "list", list).forEach((item, i) => {
    const value = pick(item, i);
    if (value === undefined || value === null) return;
    out.push(numberOf(where, `item ${i}`, value));
  });
  return out;
};

/// null and undefined last, numbers before texts, texts as a dictionary has them.
const rank = (value) => {
  if (value === undefined || value === null) return 5;
  if (typeof value === "number" || typeof value === "bigint") return 1;
  if (typeof value === "boolean") return 0;
  if (typeof value === "string") return 2;
  if (isDate(value) || value instanceof Date) return 3;
  return 4;
};
/// What is compared of a value: its rank, then weights of a text, or the value itself.
const sortKey = (value, weigh) => {
  const place = rank(value);
  return [place, place === 2 ? weigh(value) : place === 4 ? weigh(keyText(value)) : place === 5 ? 0 : value];
};
const compareKeys = ([leftRank, left], [rightRank, right], levels) => {
  if (leftRank !== rightRank) return leftRank - rightRank;
  if (leftRank === 2 || leftRank === 4) return compareWeights(left, right, levels);
  return left < right ? -1 : left > right ? 1 : 0;
};

globals.lists = {
  unique(list, by) {
    const where = "lists.unique";
    const pick = picker(where, by);
    const seen = new Set();
    return listOf(where, "list", list).filter((item, i) => {
      const key = identity(pick(item, i));
      return !seen.has(key) && seen.add(key);
    });
  },
  groupBy(list, by) {
    const where = "lists.groupBy";
    const pick = picker(where, by);
    const out = {};
    listOf(where, "list", list).forEach((item, i) => {
      const key = keyText(pick(item, i));
      if (!Object.hasOwn(out, key)) put(out, key, []);
      out[key].push(item);
    });
    return out;
  },
  indexBy(list, by) {
    const where = "lists.indexBy";
    const pick = picker(where, by);
    const out = {};
    listOf(where, "list", list).forEach((item, i) => put(out, keyText(pick(item, i)), item));
    return out;
  },
  countBy(list, by) {
    const groups = globals.lists.groupBy(list, by);
    for (const name of keys(groups)) put(groups, name, groups[name].length);
    return groups;
  },
  chunk(list, size) {
    const where = "lists.chunk";
    listOf(where, "list", list);
    wholeOf(where, "size", size, 1, 10000000);
    const out = [];
    for (let i = 0; i < list.length; i += size) out.push(list.slice(i, i + size));
    return out;
  },
  sum(list, by) { return numbersIn("lists.sum", list, by).reduce((a, b) => a + b, 0); },
  average(list, by) {
    const numbers = numbersIn("lists.average", list, by);
    return numbers.length ? numbers.reduce((a, b) => a + b, 0) / numbers.length : null;
  },
  min(list, by) { return numbersIn("lists.min", list, by).reduce((a, b) => (a === null || b < a ? b : a), null); },
  max(list, by) { return numbersIn("lists.max", list, by).reduce((a, b) => (a === null || b > a ? b : a), null); },
  sortBy(list, by, options) {
    const where = "lists.sortBy";
    const { descending = false, ...rest } = optionsOf(where, options, ["descending", ...compareOptions]);
    const { weigh, levels } = collator(where, rest);
    const picks = (isArray(by) ? by : [by]).map((one) => picker(where, one));
    const rows = listOf(where, "list", list).map((item, i) => [picks.map((pick) => sortKey(pick(item, i), weigh)), item]);
    const sign = descending ? -1 : 1;
    rows.sort(([a], [b]) => {
      for (let i = 0; i < picks.length; i++) {
        const result = compareKeys(a[i], b[i], levels);
        if (result) return a[i][0] === 5 || b[i][0] === 5 ? result : sign * result;
      }
      return 0;
    });
    return rows.map(([, item]) => item);
  },
  join(left, right, by) {
    const where = "lists.join";
    const pick = picker(where, by);
    const byKey = new Map();
    for (const item of listOf(where, "the second list", right)) {
      const key = identity(pick(item));
      if (!byKey.has(key)) byKey.set(key, item);
    }
    return listOf(where, "the first list", left).map((item) => ({ ...item, ...byKey.get(identity(pick(item))) }));
  },
  difference(left, right, by) {
    const where = "lists.difference";
    const pick = picker(where, by);
    const there = new Set(listOf(where, "the second list", right).map((item) => identity(pick(item))));
    return listOf(where, "the first list", left).filter((item) => !there.has(identity(pick(item))));
  },
};
