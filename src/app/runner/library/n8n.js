// What n8n's expressions mean, for workflows that were imported from it (docs/import-n8n.md): its extension methods,
// which go by what a value is, and dates as Luxon has them. What it does to lists of items is in n8n_nodes.js.
const luxonUnits = Object.fromEntries(unitNames.flatMap((unit) => [[unit, unit], [unit.slice(0, -1), unit]]));
const shortUnits = { ms: "milliseconds", sec: "seconds", secs: "seconds", min: "minutes", mins: "minutes", hr: "hours", hrs: "hours" };
const luxonUnit = (where, word) => {
  const unit = luxonUnits[text(word).toLowerCase()] ?? shortUnits[word];
  if (unit === undefined) throw refused(where, `there is no unit ${text(word)}; there are ${unitNames.join(", ")}`);
  return unit;
};
const durationOf = (where, given) => {
  if (typeof given === "number") return { milliseconds: given };
  if (given instanceof LuxonDuration) return given.toObject();
  const out = {};
  for (const [name, count] of Object.entries(objectOf(where, "what to add", given))) {
    out[luxonUnit(where, name)] = typeof count === "string" && count.trim() !== "" ? Number(count) : count;
  }
  return out;
};

// Luxon's patterns as CLDR's: its macros stand for en-US, and its letters differ in a few places.
const luxonTokens = {
  D: "M/d/y", DD: "MMM d, y", DDD: "MMMM d, y", DDDD: "EEEE, MMMM d, y", t: "h:mm a", tt: "h:mm:ss a", T: "HH:mm", TT: "HH:mm:ss",
  f: "M/d/y, h:mm a", ff: "MMM d, y, h:mm a", F: "M/d/y, h:mm:ss a", FF: "MMM d, y, h:mm:ss a",
  ccc: "E", cccc: "EEEE", EEE: "E", EEEE: "EEEE", L: "M", LL: "MM", LLL: "MMM", LLLL: "MMMM", o: "D", ooo: "DDD", q: "Q",
  ZZ: "xxx", ZZZ: "xx", ZZZZ: "z", W: "w", WW: "ww", kkkk: "YYYY", uuu: "SSS", u: "S",
};
const luxonPlain = "y yy yyyy M MM MMM MMMM d dd H HH h hh m mm s ss S SSS a".split(" ");
const luxonZone = (zone) => zone.replace(/^([+-])0?(\d+):(\d\d)$/, (_, sign, hours, minutes) => `UTC${sign}${hours}${minutes === "00" ? "" : ":" + minutes}`);
const luxonPieces = (where, pattern) => textOf(where, "pattern", pattern).match(/'[^']*'?|([A-Za-z])\1*|[^A-Za-z']+/g) ?? [];
const luxonFormat = (date, pattern, locale) => {
  const where = "toFormat";
  let out = "";
  for (const piece of luxonPieces(where, pattern)) {
    if (piece[0] === "'") out += piece.replaceAll("'", "");
    else if (!/[A-Za-z]/.test(piece)) out += piece;
    else if (piece === "X") out += Math.floor(date.toMillis() / 1000);
    else if (piece === "x") out += date.toMillis();
    else if (piece === "E" || piece === "c") out += date.weekday;
    else if (piece === "z") out += luxonZone(date.zone);
    else if (piece === "Z") out += date.format("x").replace(/^([+-])0?(\d+?)(00)?$/, (_, sign, hours) => sign + hours);
    else if (Object.hasOwn(luxonTokens, piece) || luxonPlain.includes(piece)) {
      // Node sets a narrow space before AM in UTC, and in no other zone.
      const isNarrow = /^(?:[tfF])/.test(piece) && date.zone === "UTC";
      const known = isNarrow ? luxonTokens[piece].replace(" a", "\u202fa") : luxonTokens[piece] ?? piece;
      if (locale && !locale.startsWith("en") && /^[DtTfF]/.test(piece)) throw refused(where, `${piece} is known for English only`);
      out += known.split(/(YYYY|ww?)/).map((part) =>
        part === "YYYY" ? date.weekYear : part === "" ? "" : date.format(part, locale ? { locale } : undefined)).join("");
    } else if ("ZzGWkioqnNDtTfFEcLuy".includes(piece[0])) {
      throw refused(where, `Luxon's ${piece} is not known here: write dates.parse(text).format(pattern)`);
    } else out += piece;
  }
  return out;
};

class LuxonDuration {
  #values;
  constructor(values) { this.#values = freeze({ ...values }); }
  toObject() { return { ...this.#values }; }
  as(word) {
    const unit = luxonUnit("as", word);
    const names = keys(this.#values);
    if (names.length === 1 && names[0] === unit) return this.#values[unit];
    const size = (name) => {
      const factor = unitsOfTime[name] ?? (name === "days" ? 86400000 : name === "weeks" ? 604800000 : undefined);
      if (factor === undefined) throw refused("as", `a difference in ${name} cannot be read in ${unit}: ask diff(other, "${unit}")`);
      return factor;
    };
    return names.reduce((sum, name) => sum + this.#values[name] * size(name), 0) / size(unit);
  }
  toMillis() { return this.as("milliseconds"); }
  valueOf() { return this.toMillis(); }
  toJSON() { throw refused("a difference", "take its days or another unit, or toObject()"); }
}
for (const unit of unitNames) {
  defineProperty(LuxonDuration.prototype, unit, { get() { return this.toObject()[unit] ?? 0; } });
}

/// Luxon's DateTime over a date of ours.
class Luxon {
  #date;
  #locale;
  constructor(date, locale) { this.#date = date; this.#locale = locale; freeze(this); }
  static is = (value) => typeof value === "object" && value !== null && #date in value;
  static date = (value) => value.#date;
  #with(date) { return new Luxon(date, this.#locale); }
  plus(given) { return this.#with(this.#date.plus(durationOf("plus", given))); }
  minus(given) { return this.#with(this.#date.minus(durationOf("minus", given))); }
  startOf(unit) { return this.#with(this.#date.startOf(luxonUnit("startOf", unit))); }
  endOf(unit) { return this.#with(this.#date.endOf(luxonUnit("endOf", unit))); }
  set(fields) {
    const given = {};
    for (const [name, value] of Object.entries(objectOf("set", "what to set", fields))) given[luxonUnit("set", name).slice(0, -1)] = value;
    return this.#with(this.#date.with(given));
  }
  setZone(zone) {
    const name = text(zone);
    if (name === "local" || name === "default") throw refused("setZone", `${name} is not known here: name the zone`);
    return this.#with(this.#date.in(/^utc$/i.test(name) ? "UTC" : name.replace(/^UTC([+-]\d+)$/i, (_, by) => by[0] + by.slice(1).padStart(2, "0") + ":00")));
  }
  toUTC() { return this.#with(this.#date.in("UTC")); }
  setLocale(locale) { return new Luxon(this.#date, textOf("setLocale", "locale", locale)); }
  diff(other, units = "milliseconds") {
    // Counted from the earlier one, on its clocks.
    const given = luxonOf("diff", other).#date;
    const isLater = given > this.#date;
    const from = isLater ? this.#date : given;
    const to = (isLater ? given : this.#date).in(from.zone);
    const names = [units].flat().map((unit) => luxonUnit("diff", unit)).sort((a, b) => unitNames.indexOf(a) - unitNames.indexOf(b));
    const out = {};
    let at = from;
    names.forEach((unit, i) => {
      const count = to.diff(at, unit, { exact: i === names.length - 1 });
      out[unit] = isLater && count !== 0 ? -count : count;
      if (i < names.length - 1) at = at.plus({ [unit]: count });
    });
    return new LuxonDuration(out);
  }
  hasSame(other, unit) { return this.#date.isSame(luxonOf("hasSame", other).#date, luxonUnit("hasSame", unit).slice(0, -1)); }
  equals(other) { return Luxon.is(other) && this.#date.equals(other.#date) && this.#date.zone === other.#date.zone; }
  toFormat(pattern, { locale = this.#locale } = {}) { return luxonFormat(this.#date, pattern, locale); }
  toISO(options) {
    if (options !== undefined && keys(options).length) throw refused("toISO", "options are not known here: write toFormat(pattern)");
    return this.#date.toISO();
  }
  toISODate() { return this.#date.toISODate(); }
  toSQLDate() { return this.#date.toISODate(); }
  toISOTime() { return this.#date.toISO().slice(11); }
  toMillis() { return this.#date.toMillis(); }
  get ts() { return this.#date.toMillis(); }
  toSeconds() { return this.#date.toMillis() / 1000; }
  toUnixInteger() { return Math.floor(this.#date.toMillis() / 1000); }
  toJSDate() { return this.#date.toDate(); }
  toString() { return this.toISO(); }
  toJSON() { return this.toISO(); }
  valueOf() { return this.toMillis(); }
  [Symbol.toPrimitive](hint) { return hint === "number" ? this.toMillis() : this.toISO(); }
  get(part) {
    const name = luxonParts[part];
    if (name === undefined) throw refused("get", `there is no part ${text(part)}; there are ${keys(luxonParts).join(", ")}`);
    return this.#date[name];
  }
  get isValid() { return true; }
  get zoneName() { return luxonZone(this.#date.zone); }
  get offset() {
    const [, sign, hours, minutes] = this.#date.format("xxx").match(/([+-])(\d\d):(\d\d)/);
    return (sign === "-" ? -1 : 1) * (hours * 60 + +minutes);
  }
  get isWeekend() { return this.#date.weekday > 5; }
  get monthLong() { return this.toFormat("MMMM"); }
  get monthShort() { return this.toFormat("MMM"); }
  get weekdayLong() { return this.toFormat("EEEE"); }
  get weekdayShort() { return this.toFormat("EEE"); }
}
const luxonParts = {
  year: "year", quarter: "quarter", month: "month", day: "day", hour: "hour", minute: "minute", second: "second",
  millisecond: "millisecond", weekday: "weekday", weekNumber: "week", weekYear: "weekYear", ordinal: "dayOfYear", daysInMonth: "daysInMonth",
};
for (const part of keys(luxonParts)) defineProperty(Luxon.prototype, part, { get() { return this.get(part); } });
const luxonOf = (where, value) => {
  if (Luxon.is(value)) return value;
  if (isDate(value)) return new Luxon(value);
  if (value instanceof Date) return new Luxon(dateOf(where, "a date", value));
  throw wrong(where, "a date", "a DateTime", value);
};

// Texts without a zone are read on the workflow's clocks; a zone that they name stays theirs.
const luxonParsed = (where, value, zone, options) => new Luxon(parsed(where, text(value).trim(), { zone, ...options }));
const luxonFromText = (where, value, zone) => {
  const iso = text(value).trim().replace(/^(\d{4}-\d\d-\d\d) (?=\d)/, "$1T");
  return luxonParsed(where, iso, /T.*(?:Z|[+-]\d\d:?\d\d)$/i.test(iso) ? undefined : zone);
};
const luxonLetters = { ccc: "E", cccc: "EEEE", EEE: "E", L: "M", LL: "MM", LLL: "MMM", LLLL: "MMMM", ZZ: "xxx", ZZZ: "xx", T: "HH:mm", TT: "HH:mm:ss" };
const luxonToPattern = (pattern) => luxonPieces("fromFormat", pattern).map((piece) => luxonLetters[piece] ?? piece).join("");
const luxonClass = (zone) => freeze({
  now: () => new Luxon(placed("DateTime.now", Date.now(), zone)),
  local: (...fields) => fields.length === 0 ? new Luxon(placed("DateTime.local", Date.now(), zone))
    : new Luxon(globals.dates.of(Object.fromEntries(fields.map((value, i) => [fieldNames[i], value])), { zone })),
  utc: (...fields) => fields.length === 0 ? new Luxon(placed("DateTime.utc", Date.now()))
    : new Luxon(globals.dates.of(Object.fromEntries(fields.map((value, i) => [fieldNames[i], value])))),
  fromISO: (value, options = {}) => {
    const made = luxonParsed("DateTime.fromISO", value, options.zone ?? zone);
    return options.setZone ? made : made.setZone(options.zone ?? zone);
  },
  fromSQL: (value, options = {}) => luxonFromText("DateTime.fromSQL", value, options.zone ?? zone),
  fromFormat: (value, pattern, options = {}) => luxonParsed("DateTime.fromFormat", value, options.zone ?? zone,
    { pattern: luxonToPattern(pattern), ...(options.locale ? { locale: options.locale } : {}) }),
  fromMillis: (value, options = {}) => new Luxon(placed("DateTime.fromMillis", Math.trunc(numberOf("DateTime.fromMillis", "milliseconds", value)), options.zone ?? zone)),
  fromSeconds: (value, options = {}) => new Luxon(globals.dates.fromSeconds(value, { zone: options.zone ?? zone })),
  fromJSDate: (value, options = {}) => new Luxon(dateOf("DateTime.fromJSDate", "date", value).in(options.zone ?? zone)),
  fromObject: (fields, options = {}) => new Luxon(globals.dates.of(fields, { zone: options.zone ?? zone })),
  isDateTime: (value) => Luxon.is(value),
  min: (...dates) => dates.reduce((a, b) => (b < a ? b : a)),
  max: (...dates) => dates.reduce((a, b) => (b > a ? b : a)),
});

const equalJson = (left, right) => identity(left) === identity(right);
const distinct = (list, same = equalJson) => list.filter((item, i) => list.findIndex((other) => same(other, item)) === i);
const failed = (message) => new TypeError(message);
const numbersOnly = (name, list) => {
  if (list.some((item) => typeof item !== "number")) throw failed(`${name}(): all elements must be numbers`);
  return list;
};
const listArgument = (name, value) => {
  if (!isArray(value)) throw failed(`${name}(): expected a list`);
  return value;
};
const mergedInto = (left, right) => {
  if (!right) return left;
  if (typeof right !== "object") throw failed("merge(): expected an object");
  return { ...right, ...left };
};
const compactObject = (object) => {
  const out = {};
  for (const [name, value] of Object.entries(object)) {
    if (value === null || value === undefined || value === "nil" || value === "") continue;
    if (typeof value === "object" && keys(value).length === 0) continue;
    put(out, name, typeof value === "object" ? compactObject(value) : value);
  }
  return out;
};
const toNumberOr = (value, read, message) => {
  const number = read(value.replace(/[$€£¥₹₽₩₺₪₫₱₴₦]/gu, ""));
  if (Number.isNaN(number)) throw failed(message);
  return number;
};
const without = (object, name) => {
  const { [name]: _, ...rest } = object;
  return rest;
};
const containing = (name, match) => {
  if (typeof match !== "string" || match === "") throw failed(`${name}(): expected a text that is not empty`);
  return match;
};
const holds = (value, match) => typeof value === "string" && value.includes(match);
const nothing = () => undefined;
const formEncoded = (value) => encodeURIComponent(text(value)).replaceAll("%20", "+").replace(/[!'()~]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());

const emailPattern = /(([^<>()[\]\\.,;:\s@"]+(\.[^<>()[\]\\.,;:\s@"]+)*)|(".+"))@((\[[0-9]{1,3}(\.[0-9]{1,3}){3}\])|(([a-zA-Z\-0-9]+\.)+[a-zA-Z]{2,}))/;
const hostPattern = "(?:www\\.)?((?:(?:[-\\w]+\\.)+(?:[a-zA-Z]{2,}|xn--[a-zA-Z0-9]+)|localhost|\\d{1,3}(?:\\.\\d{1,3}){3}))(?::\\d+)?";
const urlPattern = new RegExp(`(?:https?|ftp)://${hostPattern}(?:/[^\\s?#]*)?(?:\\?[^\\s#]*)?(?:#[^\\s]*)?`, "i");
const wholeUrl = new RegExp(`^${urlPattern.source}$`, "i");
const anyDomain = new RegExp(`^(?:(?:https?|ftp)://)?(?:mailto:)?(?://)?${hostPattern}(?:/[^\\s?]*)?(?:\\?[^\\s#]*)?(?:#[^\\s]*)?$`, "i");
const wholeDomain = new RegExp(`^${hostPattern}(?:/[^\\s?]*)?(?:\\?[^\\s#]*)?(?:#[^\\s]*)?$`, "i");
const isEmail = (value) => emailPattern.test(value) && !value.includes(" ");
const n8nHash = (value, algorithm = "md5") => {
  const name = text(algorithm).toLowerCase();
  if (name === "base64") return globals.base64.encode(value);
  return globals.hash[oneOf("hash", "algorithm", name, ["md5", "sha1", "sha256", "sha384", "sha512"])](value);
};
const sentenceCase = (value) => value.replace(/[^!?.]*[!?.]?/gu, (part) => {
  const at = part.search(/\p{L}/u);
  return at < 0 ? part : part.slice(0, at) + part[at].toUpperCase() + part.slice(at + 1).toLowerCase();
});

// By what a value is; each takes the value, the call's arguments, and the workflow's zone.
const extensions = {
  string: {
    isEmpty: (v) => v === "", isNotEmpty: (v) => v !== "", length: (v) => v.length, toJsonString: (v) => JSON.stringify(v),
    hash: (v, [name]) => n8nHash(v, name), removeTags: (v) => v.replace(/<[^>]*>?/gm, ""),
    toDateTime: (v, [pattern], zone) => {
      if (["ms", "s", "us", "excel"].includes(pattern)) return extensions.number.toDateTime(Number(v), [pattern], zone);
      return pattern ? luxonClass(zone).fromFormat(v, pattern) : luxonFromText("toDateTime", v, zone);
    },
    toBoolean: (v) => v !== "" && !["false", "no", "0"].includes(v.toLowerCase()),
    toNumber: (v) => toNumberOr(v, Number, "toNumber(): this is no number"),
    toDecimalNumber: (v) => extensions.string.toFloat(v), toWholeNumber: (v) => extensions.string.toInt(v, []),
    toInt: (v, [radix]) => toNumberOr(v, (digits) => parseInt(digits, radix), "toInt(): this is no whole number"),
    toFloat: (v) => {
      if (v.includes(",")) throw failed("toFloat(): the decimal separator is a point");
      return toNumberOr(v, parseFloat, "toFloat(): this is no number");
    },
    toSentenceCase: sentenceCase,
    toSnakeCase: (v) => v.toLowerCase().replace(/[ -]/g, "_").replace(/[\u2000-\u206F\u2E00-\u2E7F\\'!"#$%&()*+,./:;<=>?@[\]^`{|}~]/g, ""),
    urlEncode: (v, [whole]) => whole ? encodeURI(v) : encodeURIComponent(v),
    urlDecode: (v, [whole]) => whole ? decodeURI(v) : decodeURIComponent(v),
    quote: (v, [mark = '"']) => mark + v.replaceAll("\\", "\\\\").replaceAll(mark, "\\" + mark) + mark,
    isEmail, isUrl: (v) => wholeUrl.test(v), isDomain: (v) => wholeDomain.test(v),
    isNumeric: (v) => !v.includes(" ") && !Number.isNaN(Number(v)) && !Number.isNaN(parseFloat(v)),
    extractEmail: (v) => emailPattern.exec(v)?.[0], extractUrl: (v) => urlPattern.exec(v)?.[0],
    extractDomain: (v) => isEmail(v) ? emailPattern.exec(v)[5] : anyDomain.exec(v)?.[1],
    extractUrlPath: (v) => {
      const match = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+([^?#\s]*)/i.exec(v);
      return match === null ? undefined : match[1] || "/";
    },
    parseJson: (v) => JSON.parse(v),
    base64Encode: (v) => globals.base64.encode(v), base64Decode: (v) => globals.base64.decode(v),
  },
  number: {
    ceil: Math.ceil, floor: (v) => Math.floor(v), abs: (v) => Math.abs(v), isInteger: (v) => Number.isInteger(v),
    round: (v, [digits = 0]) => +v.toFixed(digits), toInt: (v) => +v.toFixed(0), toFloat: (v) => v, toBoolean: (v) => v !== 0,
    isEven: (v) => wholeOf("isEven", "the number", v, -(2 ** 53), 2 ** 53) % 2 === 0,
    isOdd: (v) => Math.abs(wholeOf("isOdd", "the number", v, -(2 ** 53), 2 ** 53)) % 2 === 1,
    format: (v, [locale = "en-US", options]) => {
      if (options !== undefined) throw failed("format(): options are not known here: write numbers.format or numbers.money");
      return globals.numbers.format(v, { locale: locale.startsWith("en") ? "en" : locale });
    },
    toDateTime: (v, [unit = "ms"], zone) => {
      const at = { ms: v, s: v * 1000, us: v / 1000, excel: (v - 25569) * 86400000 }[oneOf("toDateTime", "format", unit, ["ms", "s", "us", "excel"])];
      return new Luxon(placed("toDateTime", Math.trunc(at), zone));
    },
  },
  boolean: { toBoolean: (v) => v, toInt: Number, toFloat: Number, toNumber: Number, toDateTime: nothing },
  list: {
    first: (v) => v[0], last: (v) => v[v.length - 1], isEmpty: (v) => v.length === 0, isNotEmpty: (v) => v.length > 0,
    reverse: (v) => [...v].reverse(), append: (v, more) => v.concat(more), toJsonString: (v) => JSON.stringify(v),
    unique: (v, names) => distinct(v, (a, b) => equalJson(pickedOf(a, names), pickedOf(b, names))),
    removeDuplicates: (v, names) => extensions.list.unique(v, names),
    pluck: (v, names) => names.length === 0 ? v : v.flatMap((item) => {
      if (!item || typeof item !== "object") return [];
      const found = keys(item).flatMap((name) => names.filter((wanted) => wanted === name).map(() => item[name]));
      return found.length === 0 ? [] : [found.length === 1 ? found[0] : found];
    }),
    randomItem: (v) => v[Math.floor(Math.random() * v.length)],
    sum: (v) => numbersOnly("sum", v).reduce((a, b) => a + b, 0),
    average: (v) => numbersOnly("average", v).length ? extensions.list.sum(v) / v.length : 0,
    min: (v) => Math.min(...numbersOnly("min", v)), max: (v) => Math.max(...numbersOnly("max", v)),
    compact: (v) => v.filter((item) => item !== null && item !== undefined && item !== "nil" && item !== "" &&
      !(typeof item === "object" && keys(item).length === 0)).map((item) => typeof item === "object" ? compactObject(item) : item),
    smartJoin: (v, [name, value]) => {
      if (typeof name !== "string" || typeof value !== "string" || !name || !value) throw failed('smartJoin(): expected two names, such as .smartJoin("name", "value")');
      const out = {};
      for (const item of v) if (item && typeof item === "object" && name in item && value in item) put(out, item[name], item[value]);
      return out;
    },
    chunk: (v, [size]) => {
      if (typeof size !== "number" || !(size > 0)) throw failed("chunk(): expected a number above 0, such as .chunk(5)");
      return globals.lists.chunk(v, size);
    },
    renameKeys: (v, names) => {
      if (names.length === 0 || names.length % 2) throw failed("renameKeys(): expected pairs of names");
      return v.map((item) => {
        if (typeof item !== "object" || item === null) return item;
        const out = { ...item };
        for (let i = 0; i < names.length; i += 2) {
          if (!Object.hasOwn(out, names[i])) continue;
          put(out, names[i + 1], out[names[i]]);
          delete out[names[i]];
        }
        return out;
      });
    },
    merge: (v, [others]) => {
      if (others === undefined) return v.reduce((all, item) => item && typeof item === "object" && !isArray(item) ? mergedInto(all, item) : all, {});
      listArgument("merge", others);
      const out = {};
      for (let i = 0; i < Math.max(v.length, others.length); i++) {
        if (v[i] !== undefined && typeof v[i] === "object" && typeof others[i] === "object") Object.assign(out, mergedInto(v[i], others[i]));
      }
      return out;
    },
    union: (v, [others]) => distinct([...v, ...listArgument("union", others)]),
    difference: (v, [others]) => distinct(v.filter((item) => !listArgument("difference", others).some((other) => equalJson(other, item)))),
    intersection: (v, [others]) => distinct(v.filter((item) => listArgument("intersection", others).some((other) => equalJson(other, item)))),
    toInt: nothing, toFloat: nothing, toBoolean: nothing, toDateTime: nothing,
  },
  object: {
    isEmpty: (v) => keys(v).length === 0, isNotEmpty: (v) => keys(v).length > 0, keys: (v) => keys(v), values: (v) => Object.values(v),
    hasField: (v, [name]) => name in v, removeField: (v, [name]) => name in v ? without(v, name) : v,
    removeFieldsContaining: (v, [match]) => Object.fromEntries(Object.entries(v).filter(([, value]) => !holds(value, containing("removeFieldsContaining", match)))),
    keepFieldsContaining: (v, [match]) => Object.fromEntries(Object.entries(v).filter(([, value]) => holds(value, containing("keepFieldsContaining", match)))),
    compact: compactObject, urlEncode: (v) => Object.entries(v).map((pair) => pair.map(formEncoded).join("=")).join("&"), toJsonString: (v) => JSON.stringify(v),
    toInt: nothing, toFloat: nothing, toBoolean: nothing, toDateTime: nothing,
  },
  date: {
    beginningOf: (v, [unit = "week"]) => v.startOf(unit), endOfMonth: (v) => v.endOf("month"),
    extract: (v, [part = "week"]) => part === "yearDayNumber" ? v.toUTC().ordinal : v.get(part === "week" ? "weekNumber" : text(part).replace(/s$/, "")),
    isBetween: (v, [from, to]) => {
      const [low, high] = [from, to].map((date) => (Luxon.is(date) ? date : luxonOf("isBetween", new Date(date))).toMillis()).sort((a, b) => a - b);
      return low < v.toMillis() && v.toMillis() < high;
    },
    isInLast: (v, [count = 0, unit = "minutes"]) => {
      const now = placed("isInLast", Date.now());
      return now.minus({ [luxonUnit("isInLast", unit)]: count }).toMillis() <= v.toMillis() && v.toMillis() <= now.toMillis();
    },
    isWeekend: (v) => v.weekday > 5,
    plus: (v, [count, unit]) => unit === undefined ? v.plus(count) : v.plus({ [luxonUnit("plus", unit)]: count }),
    minus: (v, [count, unit]) => unit === undefined ? v.minus(count) : v.minus({ [luxonUnit("minus", unit)]: count }),
    format: (v, [pattern, options]) => v.toFormat(pattern, options), toDateTime: (v) => v,
    diffTo: (v, [other, units = "days"], zone) => {
      const names = [units].flat();
      const difference = v.diff(typeof other === "string" ? luxonFromText("diffTo", other, zone) : luxonOf("diffTo", other), names);
      return names.length > 1 ? difference.toObject() : difference.as(names[0]);
    },
    diffToNow: (v, [units], zone) => extensions.date.diffTo(v, [luxonClass(zone).now(), units], zone),
    toInt: (v) => v.toMillis(), toFloat: (v) => v.toMillis(), toBoolean: nothing, isEmpty: () => false, isNotEmpty: () => true,
  },
};
const pickedOf = (item, names) => names.length && item && typeof item === "object" ? names.map((name) => item[name]) : item;
const extensionKind = (value) => {
  if (isArray(value)) return "list";
  if (Luxon.is(value)) return "date";
  if (value instanceof Date) return "date";
  return value !== null && ["string", "number", "boolean", "object"].includes(typeof value) ? typeof value : "";
};
const extended = (value, name, given, zone) => {
  const kind = extensionKind(value);
  const found = kind && Object.hasOwn(extensions[kind], name) ? extensions[kind][name] : undefined;
  if (found) return found(kind === "date" ? luxonOf(name, value) : value, given, zone);
  if (value !== null && value !== undefined && typeof value[name] === "function") return value[name](...given);
  if (name === "isEmpty") return !value;
  if (name === "isNotEmpty") return !!value;
  throw failed(value === null || value === undefined ? `${name} can't be used on ${text(value)}: write ?.${name}`
    : `${name}() does not apply to ${kindOf(value)}`);
};

globals.n8n = {
  /// `value.name(...given)`, where name is an extension method of n8n.
  call(value, name, given = [], zone = "UTC") { return extended(value, name, given, zone); },
  /// `value?.name(...given)`
  maybe(value, name, given = [], zone = "UTC") {
    return value === null || value === undefined ? undefined : extended(value, name, given, zone);
  },
  /// Text with `{{ }}` in it: what is absent is left out, lists are joined by commas.
  text(...parts) { return parts.join(""); },
  now(zone = "UTC") { return luxonClass(zone).now(); },
  today(zone = "UTC") { return luxonClass(zone).now().startOf("day"); },
  DateTime(zone = "UTC") { return luxonClass(zone); },
  ifEmpty(value, otherwise) {
    const isNothing = value === undefined || value === null || value === "" || (isArray(value) && value.length === 0) ||
      (typeof value === "object" && !isArray(value) && !Luxon.is(value) && keys(value).length === 0);
    return isNothing ? otherwise : value;
  },
  average(...values) { return extensions.list.average(values); },
};
